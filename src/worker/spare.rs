//! A working directory made ahead: its folders and helper programs are most of what the start of an engine would wait
//! for. It is made when a run has ended, like the one of that run; a run that needs other helper programs changes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::library::render::{ADO_DIR, EMPTY_DIR};
use crate::ports::workspace::Workspace;

/// First part of the name of a working directory made ahead, in the scratch folder. A number follows: ext4 chooses the
/// place of a directory by its name, and a place where thousands of files were removed lately is slow.
const SPARE: &str = "spare-";
/// Folders of every working directory.
const FOLDERS: [&str; 3] = [ADO_DIR, EMPTY_DIR, "tmp/home"];

/// The files of the folder [`ADO_DIR`]: names and contents.
pub type Helpers = Vec<(String, Vec<u8>)>;

/// At most one working directory that no run has yet.
#[derive(Debug)]
pub struct SpareWork {
    scratch_dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The directory, where there is one.
    made: Option<Made>,
    /// The files of the last run.
    wanted: Option<Arc<Helpers>>,
    /// So many were made.
    count: u64,
}

/// A directory with its files.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    helpers: Arc<Helpers>,
}

impl SpareWork {
    /// Begins without one; removes that of an earlier process.
    pub fn new(workspace: &dyn Workspace, scratch_dir: &Path) -> Self {
        let left = workspace.list(scratch_dir).unwrap_or_default();
        for entry in left.iter().filter(|entry| entry.name.starts_with(SPARE)) {
            // what cannot be removed now is tried again by the next start
            let _ = workspace.remove_dir(&scratch_dir.join(&entry.name));
        }
        Self { scratch_dir: scratch_dir.to_owned(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // single assignments only: a panic elsewhere leaves nothing half changed
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the working directory of a run, which must not exist.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn settle(&self, workspace: &dyn Workspace, work: &Path, helpers: Helpers) -> io::Result<()> {
        let helpers = Arc::new(helpers);
        let mut state = self.state();
        state.wanted = Some(Arc::clone(&helpers));
        if let Some(made) = state.made.take() {
            if made.give(workspace, work, &helpers).is_ok() {
                return Ok(());
            }
            let _ = workspace.remove_dir(&made.path);
        }
        drop(state);
        make(workspace, work, &helpers)
    }

    /// Makes one for the next run, if there is none and a run told what it needs. Without one the next run makes its own.
    pub fn refill(&self, workspace: &dyn Workspace) {
        let mut state = self.state();
        if state.made.is_some() {
            return;
        }
        let Some(wanted) = state.wanted.clone() else { return };
        state.count += 1;
        let path = self.scratch_dir.join(format!("{SPARE}{}", state.count));
        if make(workspace, &path, &wanted).is_ok() {
            state.made = Some(Made { path, helpers: wanted });
        } else {
            let _ = workspace.remove_dir(&path);
        }
    }
}

impl Made {
    /// Changes the directory to what a run needs, and gives it its place.
    fn give(&self, workspace: &dyn Workspace, work: &Path, helpers: &Helpers) -> io::Result<()> {
        let ado = self.path.join(ADO_DIR);
        let is_other = |name: &str| !helpers.iter().any(|(other, _)| other == name);
        for (name, _) in self.helpers.iter().filter(|(name, _)| is_other(name)) {
            workspace.remove_file(&ado.join(name))?;
        }
        for (name, bytes) in helpers.iter().filter(|helper| !self.helpers.contains(helper)) {
            workspace.write(&ado.join(name), bytes)?;
        }
        workspace.rename(&self.path, work)
    }
}

fn make(workspace: &dyn Workspace, work: &Path, helpers: &Helpers) -> io::Result<()> {
    for folder in FOLDERS {
        workspace.create_dir(&work.join(folder))?;
    }
    for (name, bytes) in helpers {
        workspace.write(&work.join(ADO_DIR).join(name), bytes)?;
    }
    Ok(())
}
