//! A file of allocated blocks that is given up when the volume is full, so that verdicts, cancels,
//! deletes and their audit still find room. Who may take new work is decided elsewhere, long before.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// Bytes that are kept on a volume that is large enough.
const BYTES: u64 = 32 << 20;
/// On smaller volumes the reserve is this part of the whole.
const SHARE: u64 = 64;
/// The reserve is taken only where this many times its size is free.
const ROOM: u64 = 4;

/// The reserve of a data directory. The file itself is the state, so every holder sees the same.
#[derive(Debug, Clone)]
pub struct Reserve(PathBuf);

impl Reserve {
    /// The reserve of this data directory; takes nothing yet.
    pub fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("store").join("reserve"))
    }

    /// Takes the space where it is not taken and there is plenty; true if it is held afterwards.
    ///
    /// # Errors
    /// Any I/O error; nothing is held then.
    pub fn hold(&self) -> io::Result<bool> {
        if self.0.try_exists()? {
            return Ok(true);
        }
        let dir = self.0.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let volume = statvfs(dir)?;
        let bytes = BYTES.min(volume.f_blocks * volume.f_frsize / SHARE);
        if bytes == 0 || volume.f_bavail * volume.f_frsize < bytes * ROOM {
            return Ok(false);
        }
        let temporary = self.0.with_extension("tmp");
        let allocated = File::create(&temporary)
            .and_then(|file| Ok(fallocate(&file, FallocateFlags::empty(), 0, bytes)?));
        match allocated.and_then(|()| fs::rename(&temporary, &self.0)) {
            Ok(()) => Ok(true),
            Err(error) => {
                // Half of it would be held by nobody.
                let _ = fs::remove_file(&temporary);
                Err(error)
            }
        }
    }

    /// Gives the space up; true if there was some.
    pub fn release(&self) -> bool {
        let released = fs::remove_file(&self.0).is_ok();
        if released {
            tracing::warn!(event = "SS_DISK_RESERVE_USED", "the volume is full; the reserve is given up");
        }
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_is_allocated_once_and_given_up_once() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("store")).expect("created");
        let reserve = Reserve::of(dir.path());
        assert!(!reserve.release(), "nothing is held yet");
        if !reserve.hold().expect("the volume can be used") {
            return; // a machine whose disk is full cannot show more
        }
        let file = fs::metadata(dir.path().join("store/reserve")).expect("there");
        assert!(std::os::unix::fs::MetadataExt::blocks(&file) * 512 >= file.len(), "allocated, not sparse");
        assert!(reserve.hold().expect("still held"));
        assert!(reserve.release());
        assert!(!reserve.release());
    }
}
