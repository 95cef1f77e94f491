//! The name of a server among those that share a store: `<data>/node.id`, made at the first start. It belongs to the work
//! volume, since that is where the runs are that a server holds.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{machine, private_file};
use crate::domain::ids::NodeId;
use crate::ports::ids::IdSource;

/// The file's name in the data directory.
const NAME: &str = "node.id";
/// Most characters of the host's name in that of the server.
const HOST: usize = 80;

/// Returns the name of a data directory; makes it at the first start, out of the host's name and random digits. A name
/// that cannot be read is replaced.
///
/// # Errors
/// Any I/O error.
pub fn load(data_dir: &Path, ids: &dyn IdSource) -> io::Result<NodeId> {
    let path = data_dir.join(NAME);
    match fs::read_to_string(&path) {
        Ok(text) => {
            if let Ok(id) = NodeId::parse(text.trim()) {
                return Ok(id);
            }
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {}
        Err(error) => return Err(error),
    }
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let host: String = machine::hostname().chars().filter(is_allowed).take(HOST).collect();
    let id = NodeId::parse(format!("{host}-{}", hex::encode(ids.secret(4)))).map_err(io::Error::other)?;
    private_file::replace(data_dir, &path, id.as_str())?;
    Ok(id)
}

/// Names the boot of this machine together with a work volume: `<boot>/<inode of the folder>`. A copy of the folder is
/// another volume.
///
/// # Errors
/// Any I/O error.
pub fn host_of(data_dir: &Path) -> io::Result<String> {
    Ok(format!("{}/{}", machine::boot_id()?, fs::metadata(data_dir)?.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::ids::SystemIds;

    #[test]
    fn a_directory_keeps_its_name() {
        let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let id = load(one.path(), &SystemIds).expect("is made");
        assert_eq!(load(one.path(), &SystemIds).expect("is read"), id);
        assert_ne!(load(other.path(), &SystemIds).expect("is made"), id);
        fs::write(one.path().join(NAME), [0xff, 0xfe]).expect("writes");
        assert_ne!(load(one.path(), &SystemIds).expect("is replaced"), id);
        assert_ne!(host_of(one.path()).expect("is there"), host_of(other.path()).expect("is there"));
    }
}
