//! The volume of the data directory.

use std::io;
use std::path::PathBuf;

use rustix::fs::StatVfsMountFlags;

use super::Places;
use crate::adapters::reserve::Reserve;
use crate::ports::volume::Volume;

/// The volume that holds a data directory.
#[derive(Debug)]
pub struct LocalVolume {
    data_dir: PathBuf,
    places: Places,
}

impl LocalVolume {
    /// Uses a data directory that exists.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn new(data_dir: PathBuf) -> io::Result<Self> {
        let places = Places::of([data_dir.clone(), data_dir.join("tenants")])?;
        Ok(Self { data_dir, places })
    }
}

impl Volume for LocalVolume {
    fn make_room(&self) -> bool {
        Reserve::of(&self.data_dir).release()
    }

    fn free_bytes(&self) -> io::Result<(u64, u64)> {
        if let Some(reason) = self.places.lost() {
            return Err(io::Error::new(io::ErrorKind::StaleNetworkFileHandle, reason));
        }
        // the files of jobs may be on a volume of their own; the one with less room decides
        let folders = [self.data_dir.clone(), self.data_dir.join("tenants")];
        let mut least: Option<(u64, u64)> = None;
        for folder in folders.iter().filter(|folder| folder.exists()) {
            let facts = rustix::fs::statvfs(folder)?;
            if facts.f_flag.contains(StatVfsMountFlags::RDONLY) {
                return Err(io::ErrorKind::ReadOnlyFilesystem.into());
            }
            let found = (facts.f_bavail * facts.f_frsize, facts.f_blocks * facts.f_frsize);
            least = Some(least.map_or(found, |least| if found.0 < least.0 { found } else { least }));
        }
        least.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
