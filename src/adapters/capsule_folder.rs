//! Opens a capsule that was unpacked into a folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::capsule_archive::{MOST_ENTRIES, MOST_READ, Unreadable};
use crate::domain::capsule::{MANIFEST, METADATA};
use crate::ports::capsule_archive::{CapsuleArchive, MeasuredFile};

/// Deepest folder that is read.
const DEEPEST: usize = 12;

/// The files below a folder. Links are not followed.
pub struct FolderCapsule {
    /// Path inside of the capsule → the file and its size.
    files: BTreeMap<String, (PathBuf, u64)>,
}

impl FolderCapsule {
    /// Reads the names of the files.
    ///
    /// # Errors
    /// The folder cannot be read; it holds links or more than an honest capsule; it has not the files that make it a capsule.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        let no_capsule = |reason: String| Unreadable::NoCapsule(format!("{}: {reason}", path.display()));
        let mut files = BTreeMap::new();
        read_below(path, "", 0, &mut files).map_err(no_capsule)?;
        for needed in [METADATA, MANIFEST] {
            if !files.contains_key(needed) {
                return Err(no_capsule(format!("is no capsule: it has no {needed}")));
            }
        }
        Ok(Self { files })
    }
}

fn read_below(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, (PathBuf, u64)>,
) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("has folders that are nested too deep".to_owned());
    }
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { return Err("has a name that is no text".to_owned()) };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            read_below(&entry.path(), &format!("{path}/"), depth + 1, files)?;
        } else if kind.is_file() {
            let size = entry.metadata().map_err(unreadable)?.len();
            files.insert(path, (entry.path(), size));
        } else {
            return Err(format!("{path} is a link or no file"));
        }
        if files.len() > MOST_ENTRIES {
            return Err(format!("has more than {MOST_ENTRIES} files"));
        }
    }
    Ok(())
}

impl CapsuleArchive for FolderCapsule {
    fn paths(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let (file, size) = self.files.get(path).ok_or("is not there")?;
        if *size > MOST_READ {
            return Err("is larger than is read".to_owned());
        }
        fs::read(file).map_err(|error| format!("cannot be read: {error}"))
    }

    fn measure(&mut self, path: &str) -> Result<MeasuredFile, String> {
        let (file, _) = self.files.get(path).ok_or("is not there")?;
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let mut file = File::open(file).map_err(unreadable)?;
        let (mut hash, mut size_bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 18]);
        loop {
            match file.read(&mut piece).map_err(unreadable)? {
                0 => return Ok(MeasuredFile { size_bytes, sha256: hex::encode(hash.finalize()) }),
                n => {
                    hash.update(&piece[..n]);
                    size_bytes += n as u64;
                }
            }
        }
    }
}
