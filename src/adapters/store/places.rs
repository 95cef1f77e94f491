//! The files and folders that commits rely on, by identity. A folder that is removed, renamed or mounted over while the
//! service runs leaves open files behind that take every write and keep none: then nothing is acknowledged any more.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::adapters::files::create_dir_durably;

/// Device and inode.
type Identity = (u64, u64);

/// One file or folder.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// As it was first seen; what has not been there yet cannot be lost.
    identity: OnceLock<Identity>,
}

/// What must stay where it is.
#[derive(Debug)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// Notes what is there now below a data directory; makes the folders that are filled later.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn of(data_dir: &Path) -> io::Result<Self> {
        for folder in ["audit", "tenants"] {
            create_dir_durably(&data_dir.join(folder))?;
        }
        let database = data_dir.join("store").join("store.sqlite3");
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", database.display()));
        let paths = [
            data_dir.to_owned(),
            data_dir.join("store"),
            data_dir.join("audit"),
            data_dir.join("tenants"),
            beside("-wal"),
            beside("-shm"),
            database,
        ];
        let places = Self(paths.into_iter().map(|path| Place { path, identity: OnceLock::new() }).collect());
        places.lost().map_or(Ok(places), |reason| Err(io::Error::other(reason)))
    }

    /// Returns what is not at its place any more; `None` where all is. A few system calls.
    pub(super) fn lost(&self) -> Option<String> {
        self.0.iter().find_map(Place::lost)
    }
}

impl Place {
    fn lost(&self) -> Option<String> {
        let name = || self.path.file_name().unwrap_or(self.path.as_os_str()).display().to_string();
        match fs::metadata(&self.path) {
            Ok(facts) => {
                let now = (facts.dev(), facts.ino());
                let other = *self.identity.get_or_init(|| now) != now;
                other.then(|| format!("another file or folder is in the place of {:?}", name()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.identity.get().is_none() => None,
            Err(error) => {
                Some(format!("{:?} of the data directory cannot be found: {}", name(), error.kind()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_removed_or_replaced_is_named() {
        for part in ["", "store", "store/store.sqlite3", "store/store.sqlite3-wal", "audit", "tenants"] {
            let dir = tempfile::tempdir().expect("a directory");
            let data = dir.path().join("data");
            fs::create_dir_all(data.join("store")).expect("made");
            fs::write(data.join("store/store.sqlite3"), b"").expect("written");
            let places = Places::of(&data).expect("noted");
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
}
