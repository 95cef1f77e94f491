//! Files and folders by identity. One that is removed, renamed or mounted over while the service runs leaves open files
//! behind that take every write and keep none, and hides what was stored.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Device, inode and, where the file system keeps it, the time of creation: the number of an inode that was freed is
/// given again, on ext4 often to the next file.
type Identity = (u64, u64, Option<SystemTime>);

/// One file or folder.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// As it was first seen; what has not been there yet cannot be lost.
    identity: OnceLock<Identity>,
}

/// What must stay where it is.
#[derive(Debug)]
pub struct Places(Vec<Place>);

impl Places {
    /// Notes what is there now at each of these paths; what comes later is noted when it is first seen.
    ///
    /// # Errors
    /// One of them cannot be looked at.
    pub fn of(paths: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let places = paths.into_iter().map(|path| Place { path, identity: OnceLock::new() });
        let places = Self(places.collect());
        places.lost().map_or(Ok(places), |reason| Err(io::Error::other(reason)))
    }

    /// Returns what is not at its place any more; `None` where all is. A few system calls.
    pub fn lost(&self) -> Option<String> {
        self.0.iter().find_map(Place::lost)
    }
}

impl Place {
    fn lost(&self) -> Option<String> {
        let name = || self.path.file_name().unwrap_or(self.path.as_os_str()).display().to_string();
        match fs::metadata(&self.path) {
            Ok(facts) => {
                let now = (facts.dev(), facts.ino(), facts.created().ok());
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
