//! The data directory is its owner's. The program's umask closes what it creates; what is here closes what is there.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// What the service keeps in the data directory itself.
const OWN: [&str; 7] = ["store", "audit", "tenants", "scratch", "copies", "link.keys", "webhook.keys"];

/// Creates a folder with its parents, readable by its owner alone; a folder that is there keeps its mode.
///
/// # Errors
/// Any I/O error.
pub fn make_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Takes the rights of group and others from what an earlier release, or an open umask, left in a data directory. The
/// folder itself may be a mount of somebody else's and is left; what cannot be changed is reported by the gate.
pub fn close_to_others(data_dir: &Path) {
    for name in OWN {
        let path = data_dir.join(name);
        let Ok(facts) = fs::symlink_metadata(&path) else { continue };
        let mode = facts.permissions().mode();
        if !facts.is_symlink() && mode & 0o077 != 0 {
            let _ = fs::set_permissions(&path, Permissions::from_mode(mode & 0o700));
        }
    }
}
