//! The volume of the data directory.

use std::io;
use std::path::PathBuf;

use crate::adapters::reserve::Reserve;
use crate::ports::volume::Volume;

/// The volume that holds a data directory.
#[derive(Debug, Clone)]
pub struct LocalVolume {
    data_dir: PathBuf,
}

impl LocalVolume {
    /// Uses a data directory that exists.
    pub fn new(data_dir: PathBuf) -> Self {
        Self { data_dir }
    }
}

impl Volume for LocalVolume {
    fn make_room(&self) -> bool {
        Reserve::of(&self.data_dir).release()
    }

    fn free_bytes(&self) -> io::Result<(u64, u64)> {
        let facts = rustix::fs::statvfs(&self.data_dir)?;
        Ok((facts.f_bavail * facts.f_frsize, facts.f_blocks * facts.f_frsize))
    }
}
