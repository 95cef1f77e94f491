//! A working directory made ahead: its folders and helper programs are most of what the start of an engine would wait
//! for. It is made when a run has ended, like the one of that run; a run that needs other helper programs changes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ports::workspace::Workspace;

/// First part of the name of a working directory made ahead, in the scratch folder.
const SPARE: &str = "spare-work";
/// Folders of every working directory.
const FOLDERS: [&str; 3] = ["ado", "empty", "tmp/home"];

/// The files of the folder `ado`: names and contents.
pub(super) type Helpers = Vec<(String, Vec<u8>)>;

/// At most one working directory that no run has yet.
#[derive(Debug)]
pub(super) struct SpareWork {
    /// Where it is made.
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The files that the directory has, where there is one.
    made: Option<Arc<Helpers>>,
    /// Those of the last run.
    wanted: Option<Arc<Helpers>>,
}

impl SpareWork {
    /// Begins without one; removes that of an earlier process.
    pub(super) fn new(workspace: &dyn Workspace, scratch_dir: &Path) -> Self {
        let path = scratch_dir.join(SPARE);
        // What cannot be removed cannot be made either: runs then make their own.
        let _ = workspace.remove_dir(&path);
        Self { path, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // single assignments only: a panic elsewhere leaves nothing half changed
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the working directory of a run, which must not exist.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn settle(&self, workspace: &dyn Workspace, work: &Path, helpers: Helpers) -> io::Result<()> {
        let helpers = Arc::new(helpers);
        let mut state = self.state();
        state.wanted = Some(Arc::clone(&helpers));
        if let Some(made) = state.made.take() {
            if self.give(workspace, &made, work, &helpers).is_ok() {
                return Ok(());
            }
            let _ = workspace.remove_dir(&self.path);
        }
        drop(state);
        make(workspace, work, &helpers)
    }

    /// Changes the directory to what a run needs, and gives it its place.
    fn give(
        &self,
        workspace: &dyn Workspace,
        made: &Helpers,
        work: &Path,
        helpers: &Helpers,
    ) -> io::Result<()> {
        let ado = self.path.join("ado");
        for (name, _) in made.iter().filter(|(name, _)| !helpers.iter().any(|(other, _)| other == name)) {
            workspace.remove_file(&ado.join(name))?;
        }
        for (name, bytes) in helpers.iter().filter(|helper| !made.contains(helper)) {
            workspace.write(&ado.join(name), bytes)?;
        }
        workspace.rename(&self.path, work)
    }

    /// Makes one for the next run, if there is none and a run told what it needs. Without one the next run makes its own.
    pub(super) fn refill(&self, workspace: &dyn Workspace) {
        let mut state = self.state();
        if state.made.is_some() {
            return;
        }
        let Some(wanted) = state.wanted.clone() else { return };
        if make(workspace, &self.path, &wanted).is_ok() {
            state.made = Some(wanted);
        } else {
            let _ = workspace.remove_dir(&self.path);
        }
    }
}

fn make(workspace: &dyn Workspace, work: &Path, helpers: &Helpers) -> io::Result<()> {
    for folder in FOLDERS {
        workspace.create_dir(&work.join(folder))?;
    }
    for (name, bytes) in helpers {
        workspace.write(&work.join("ado").join(name), bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::adapters::files::LocalWorkspace;

    fn helpers(files: &[(&str, &str)]) -> Helpers {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    /// The files of a working directory's folder `ado`.
    fn files(work: &Path) -> BTreeMap<String, String> {
        let entries = fs::read_dir(work.join("ado")).expect("a folder").map(|entry| entry.expect("an entry"));
        entries
            .map(|e| {
                (e.file_name().into_string().expect("text"), fs::read_to_string(e.path()).expect("text"))
            })
            .collect()
    }

    #[test]
    fn a_run_gets_its_own_helper_programs_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = LocalWorkspace::new(folder.path().to_owned());
        let spare = SpareWork::new(&workspace, folder.path());
        spare.refill(&workspace);
        let made_ahead = folder.path().join(SPARE);
        assert!(!made_ahead.exists(), "no run told what it needs");
        let sets = [
            helpers(&[("a.ado", "1"), ("b.ado", "2")]),
            helpers(&[("a.ado", "1"), ("b.ado", "2")]),
            helpers(&[("b.ado", "changed"), ("c.ado", "3")]),
            helpers(&[]),
        ];
        for (number, wanted) in sets.into_iter().enumerate() {
            let work = folder.path().join(format!("run-{number}"));
            spare.settle(&workspace, &work, wanted.clone()).expect("made");
            let expected: BTreeMap<String, String> =
                wanted.into_iter().map(|(n, b)| (n, String::from_utf8(b).expect("text"))).collect();
            assert_eq!(files(&work), expected);
            assert!(work.join("empty").is_dir() && work.join("tmp/home").is_dir());
            assert!(!made_ahead.exists(), "it became the run's");
            spare.refill(&workspace);
            assert_eq!(files(&made_ahead), expected);
        }
    }

    #[test]
    fn a_directory_that_vanished_or_is_left_over_costs_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = LocalWorkspace::new(folder.path().to_owned());
        let made_ahead = folder.path().join(SPARE);
        fs::create_dir_all(made_ahead.join("ado")).expect("made");
        fs::write(made_ahead.join("ado/old.ado"), "of an earlier process").expect("written");
        let spare = SpareWork::new(&workspace, folder.path());
        let wanted = helpers(&[("a.ado", "1")]);
        spare.settle(&workspace, &folder.path().join("first"), wanted.clone()).expect("made");
        spare.refill(&workspace);
        fs::remove_dir_all(&made_ahead).expect("removed");
        let work = folder.path().join("second");
        spare.settle(&workspace, &work, wanted).expect("made");
        assert_eq!(files(&work), BTreeMap::from([("a.ado".to_owned(), "1".to_owned())]));
    }
}
