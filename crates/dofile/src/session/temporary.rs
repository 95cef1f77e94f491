//! Names of temporary files. A list of them removes its files when it goes; those of the whole process can be removed at once when
//! a signal ends it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Files of all sessions of the process.
static ALL: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn all() -> MutexGuard<'static, BTreeSet<String>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files of the process, just before it ends.
pub(crate) fn remove_all() {
    for file in std::mem::take(&mut *all()) {
        // a temporary file that was never written is no error
        let _ = std::fs::remove_file(file);
    }
}

/// Temporary files of a scope, removed when the list is dropped.
#[derive(Debug, Default)]
pub struct TemporaryFiles(Vec<String>);

impl TemporaryFiles {
    /// The path of a new file in `folder`, which is not made.
    pub fn name(&mut self, folder: &Path) -> String {
        // sessions of one process share the folder, so the number counts for all of them
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("St{:05}.{number:06x}", std::process::id())).display().to_string();
        all().insert(path.clone());
        self.0.push(path.clone());
        path
    }

    /// Whether the list has this path.
    pub fn contains(&self, path: &str) -> bool {
        self.0.iter().any(|f| f == path)
    }
}

impl Drop for TemporaryFiles {
    fn drop(&mut self) {
        for file in &self.0 {
            let _ = std::fs::remove_file(file);
            all().remove(file);
        }
    }
}
