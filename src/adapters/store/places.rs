//! The files and folders that commits rely on: where one of them is lost, nothing is acknowledged any more.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::sqlite::SqliteStore;
use crate::adapters::files::{Places, create_dir_durably};

/// Notes what is there now below a data directory; makes the folders that are filled later.
///
/// # Errors
/// Any I/O error.
pub(super) fn places_of(data_dir: &Path) -> io::Result<Places> {
    for folder in ["audit", "tenants"] {
        create_dir_durably(&data_dir.join(folder))?;
    }
    let database = data_dir.join("store").join("store.sqlite3");
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", database.display()));
    Places::of([
        data_dir.to_owned(),
        data_dir.join("store"),
        data_dir.join("audit"),
        data_dir.join("tenants"),
        beside("-wal"),
        beside("-shm"),
        database,
    ])
}

impl SqliteStore {
    /// Stops the store where its files are not at their place any more, also while nothing is committed.
    pub fn check_places(&self) {
        // at its end the store takes files away itself
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some()
            && let Some(reason) = self.core().places.lost()
        {
            self.core().stop(&reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_moved_removed_or_replaced_is_named() {
        for part in ["", "store", "store/store.sqlite3", "store/store.sqlite3-wal", "audit", "tenants"] {
            let dir = tempfile::tempdir().expect("a directory");
            let data = dir.path().join("data");
            fs::create_dir_all(data.join("store")).expect("made");
            fs::write(data.join("store/store.sqlite3"), b"").expect("written");
            let places = places_of(&data).expect("noted");
            fs::write(data.join("store/store.sqlite3-wal"), b"").expect("written");
            assert_eq!(places.lost(), None, "what comes later is noted then");
            let (from, to) = (data.join(part), dir.path().join("elsewhere"));
            fs::rename(&from, &to).expect("renamed");
            let name = if part.is_empty() { "data" } else { part.rsplit('/').next().expect("a name") };
            assert!(places.lost().is_some_and(|reason| reason.contains(&format!("{name:?}"))), "{part}");
            if to.is_dir() {
                fs::create_dir_all(from).expect("made");
            } else {
                fs::copy(&to, from).expect("copied");
            }
            assert!(places.lost().is_some(), "{part}: another one of that name");
        }
    }

    #[test]
    fn a_folder_that_was_made_again_is_another_one() {
        let dir = tempfile::tempdir().expect("a directory");
        // of the same name, and often of the same inode
        for _ in 0..20 {
            let places = places_of(dir.path()).expect("noted");
            // no file system keeps times finer than its clock ticks
            std::thread::sleep(std::time::Duration::from_millis(20));
            fs::remove_dir(dir.path().join("tenants")).expect("removed");
            fs::create_dir(dir.path().join("tenants")).expect("made");
            assert!(places.lost().is_some_and(|reason| reason.contains("tenants")));
        }
    }
}
