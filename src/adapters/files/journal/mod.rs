//! A journal of published files. The bytes of small files go into it with one synced write; the files themselves, and the
//! directories that name them, are synced together a moment later. After a loss of power the next start writes again what
//! had not arrived.
//!
//! There are two journals: one takes frames while the files of the other are synced. What lies on the disk as a sound
//! frame is always about files that are still to be synced: a journal is made void before any of its files may be
//! replaced or deleted, so that a replay brings nothing back.

mod frames;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub(super) use frames::KeptFile;
use frames::{BLOCK, Frame, Salt};
pub(in crate::adapters) use replay::replay;

use super::JobDirs;
use super::durable::{sync_dir, sync_each};

/// Most bytes of files that are kept together; larger ones are synced in their places.
pub(super) const MOST_BYTES: u64 = 1 << 20;
/// Size of a journal from which it takes nothing more until its files are synced, in bytes.
const FULL: u64 = 8 << 20;
/// How long files wait for others that are synced with them.
const PAUSE: Duration = Duration::from_secs(1);
/// Names of the journals in `store/`.
const NAMES: [&str; 2] = ["files-0.journal", "files-1.journal"];

/// The journals of a data directory that this process owns.
#[derive(Debug)]
pub(super) struct Journal {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    data_dir: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
    /// One at a time syncs files.
    settling: Mutex<()>,
}

#[derive(Debug)]
struct State {
    halves: [Half; 2],
    /// Which half takes frames.
    active: usize,
    /// Files could not be synced: nothing more is taken until they are.
    failed: bool,
    closing: bool,
}

/// One of the two journals.
#[derive(Debug)]
struct Half {
    file: Arc<File>,
    /// Where the next frame goes.
    at: u64,
    /// Salt of the head; none while the journal is void.
    salt: Option<Salt>,
    /// Frames that are being written.
    in_flight: usize,
    /// Files and directories that are to be synced.
    files: BTreeSet<PathBuf>,
    dirs: BTreeSet<PathBuf>,
}

impl Half {
    fn open(path: &Path) -> io::Result<Self> {
        let file =
            File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
        Ok(Self {
            file: Arc::new(file),
            at: BLOCK as u64,
            salt: None,
            in_flight: 0,
            files: BTreeSet::new(),
            dirs: BTreeSet::new(),
        })
    }

    fn has_below(&self, path: &Path) -> bool {
        self.files.range(path.to_owned()..).next().is_some_and(|file| file.starts_with(path))
    }
}

/// A place for a frame.
struct Reserved {
    half: usize,
    file: Arc<File>,
    at: u64,
    salt: Salt,
}

impl Journal {
    /// Opens the journals of a data directory whose lock this process has; they were replayed when it was taken.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let [first, second] = paths(data_dir);
        let is_new = !(first.exists() && second.exists());
        let shared = Arc::new(Shared {
            data_dir: data_dir.to_owned(),
            state: Mutex::new(State {
                halves: [Half::open(&first)?, Half::open(&second)?],
                active: 0,
                failed: false,
                closing: false,
            }),
            changed: Condvar::new(),
            settling: Mutex::default(),
        });
        if is_new {
            sync_dir(&data_dir.join("store"))?;
        }
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("files".to_owned()).spawn(move || worker.work())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Makes files durable that have their names already, with the directories whose entries are new. Returns false
    /// where the caller is to sync them itself: they are too large, the journal is full, or it could not be written.
    pub(super) fn keep(&self, files: &[KeptFile], dirs: &BTreeSet<PathBuf>) -> bool {
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        if bytes as u64 > MOST_BYTES {
            return false;
        }
        self.shared.keep(files, dirs).unwrap_or_else(|error| {
            tracing::warn!(event = "SS_DATA_IO_FAILED", %error, "the journal of files cannot be written");
            false
        })
    }

    /// Syncs what is waiting at a path or below it, before that is replaced or deleted.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn settle_below(&self, path: &Path) -> io::Result<()> {
        if self.shared.state().halves.iter().any(|half| half.has_below(path)) {
            self.shared.settle()?;
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.state().closing = true;
        self.shared.changed.notify_all();
        // it has nothing more to report when it panicked
        self.thread.take().into_iter().for_each(|thread| _ = thread.join());
    }
}

fn paths(data_dir: &Path) -> [PathBuf; 2] {
    NAMES.map(|name| data_dir.join("store").join(name))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // the state is consistent between any two statements
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, files: &[KeptFile], dirs: &BTreeSet<PathBuf>) -> io::Result<bool> {
        let frame = Frame::of(files)?;
        let Some(place) = self.reserve(files, dirs, frame.len())? else { return Ok(false) };
        let written = place.file.write_all_at(&frame.sealed(&place.salt), place.at);
        let written = written.and_then(|()| place.file.sync_data());
        self.state().halves[place.half].in_flight -= 1;
        self.changed.notify_all();
        written.map(|()| true)
    }

    /// Finds a place for a frame, and notes its files. They stay noted if the frame cannot be written: to sync a file
    /// once more does no harm.
    fn reserve(
        &self,
        files: &[KeptFile],
        dirs: &BTreeSet<PathBuf>,
        length: u64,
    ) -> io::Result<Option<Reserved>> {
        let mut state = self.state();
        if state.failed {
            return Ok(None);
        }
        let index = state.active;
        let half = &mut state.halves[index];
        if half.at + length > FULL {
            return Ok(None);
        }
        let salt = match half.salt {
            Some(salt) => salt,
            None => {
                // before any frame: whoever syncs a frame syncs the head too
                let salt = frames::new_salt()?;
                half.file.write_all_at(&frames::head(&salt), 0)?;
                *half.salt.insert(salt)
            }
        };
        let place = Reserved { half: index, file: Arc::clone(&half.file), at: half.at, salt };
        half.at += length;
        half.in_flight += 1;
        let job = JobDirs { data_dir: self.data_dir.clone() };
        half.files.extend(files.iter().map(|file| job.path(&file.tenant, &file.job_id, &file.rel_path)));
        half.dirs.extend(dirs.iter().cloned());
        drop(state);
        self.changed.notify_all();
        Ok(Some(place))
    }

    /// Syncs what waits, a moment after the first of it, until the journal is closed.
    fn work(&self) {
        loop {
            let mut state = self.state();
            while !state.closing && state.halves.iter().all(|half| half.files.is_empty()) {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let waited = self.changed.wait_timeout_while(state, PAUSE, |state| {
                let half = &state.halves[state.active];
                !state.closing && (state.failed || half.at < FULL / 2)
            });
            let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let (closing, failed_before) = (state.closing, state.failed);
            drop(state);
            if let Err(error) = self.settle()
                && !failed_before
            {
                tracing::error!(event = "SS_DATA_IO_FAILED", %error, "published files cannot be synced");
            }
            if closing {
                return;
            }
        }
    }

    /// Syncs all files that wait now, and makes their journals void.
    fn settle(&self) -> io::Result<()> {
        let _one = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let first = 1 - self.state().active;
        // the other half has files only where they could not be synced before
        let settled = self.settle_half(first).and_then(|()| {
            self.state().active = first;
            self.settle_half(1 - first)
        });
        self.state().failed = settled.is_err();
        settled
    }

    fn settle_half(&self, index: usize) -> io::Result<()> {
        let mut state = self.state();
        while state.halves[index].in_flight > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let half = &state.halves[index];
        if half.salt.is_none() {
            return Ok(());
        }
        let (file, files, dirs) = (Arc::clone(&half.file), half.files.clone(), half.dirs.clone());
        drop(state);
        if let Err(error) = sync_all(&files, &dirs) {
            // what a failed sync leaves is unknown, and a second one would succeed without a write: fsync(2)
            tracing::warn!(event = "SS_DATA_IO_FAILED", %error, "published files are written again");
            replay::write_again(&self.data_dir, &file)?;
        }
        void(&file)?;
        let half = &mut self.state().halves[index];
        (half.salt, half.at) = (None, BLOCK as u64);
        half.files.clear();
        half.dirs.clear();
        Ok(())
    }
}

/// Syncs files and directories; what is gone needs no sync.
fn sync_all(files: &BTreeSet<PathBuf>, dirs: &BTreeSet<PathBuf>) -> io::Result<()> {
    let files: Vec<&PathBuf> = files.iter().filter(|path| path.exists()).collect();
    let dirs = dirs.iter().filter(|path| path.exists()).cloned().collect();
    sync_each(&files, &dirs, |_, _| Ok(())).map(drop)
}

/// Takes a journal's head away, so that none of its frames counts.
fn void(file: &File) -> io::Result<()> {
    file.write_all_at(&[0; BLOCK], 0)?;
    file.sync_data()
}
