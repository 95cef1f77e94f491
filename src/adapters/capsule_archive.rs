//! Opens a capsule's ZIP archive, which may come from anywhere: nothing is read before its directory was checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::domain::artifact::safe_rel_path;
use crate::domain::capsule::{MANIFEST, METADATA};
use crate::ports::capsule_archive::{CapsuleArchive, MeasuredFile};

/// Most entries of an archive.
pub(super) const MOST_ENTRIES: usize = 20_000;
/// Bounds on the unpacked size: a multiple of the archive's size, and a number of bytes added to it. Tables of numbers reach
/// 20, an archive that is made to fill disks 1,000 and more.
const MOST_RATIO: u64 = 200;
const MOST_BESIDE: u64 = 64 << 20;
/// Largest file that is read into memory.
pub(super) const MOST_READ: u64 = 512 << 20;

/// Why a file cannot be read as a capsule.
#[derive(Debug)]
pub enum Unreadable {
    /// The file cannot be opened.
    NoFile(String),
    /// The file is no archive, is unsafe, or lacks the files of a capsule.
    NoCapsule(String),
}

/// A ZIP archive whose directory is safe.
pub struct ZipCapsule {
    zip: ZipArchive<BufReader<File>>,
    /// Path → index and size, folders left out.
    files: BTreeMap<String, (usize, u64)>,
}

impl ZipCapsule {
    /// Opens an archive and checks its directory.
    ///
    /// # Errors
    /// The file cannot be opened; it is no archive; its directory names paths outside, links, a path twice, or
    /// more than an honest archive holds; it has not the files that make it a capsule.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        let shown = path.display();
        let no_file = |error: io::Error| Unreadable::NoFile(format!("{shown}: {error}"));
        let no_capsule = |reason: &str| Unreadable::NoCapsule(format!("{shown}: {reason}"));
        let file = File::open(path).map_err(no_file)?;
        let length = file.metadata().map_err(no_file)?.len();
        let mut zip = ZipArchive::new(BufReader::new(file))
            .map_err(|error| no_capsule(&format!("is no ZIP archive: {error}")))?;
        if zip.has_overlapping_entries().unwrap_or(true) {
            return Err(no_capsule("is unsafe: entries overlap"));
        }
        let files =
            directory(&mut zip, length).map_err(|reason| no_capsule(&format!("is unsafe: {reason}")))?;
        for needed in [METADATA, MANIFEST] {
            if !files.contains_key(needed) {
                return Err(no_capsule(&format!("is no capsule: it has no {needed}")));
            }
        }
        Ok(Self { zip, files })
    }

    /// Writes a file below a folder, under its path.
    ///
    /// # Errors
    /// The file does not exist, is damaged, or cannot be written.
    pub fn extract(&mut self, path: &str, to: &Path) -> Result<(), String> {
        let target = to.join(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        }
        let mut file = File::create_new(&target).map_err(|e| e.to_string())?;
        self.copy(path, &mut file)?;
        Ok(())
    }

    /// Copies a file; never more than the directory says.
    fn copy(&mut self, path: &str, to: &mut impl Write) -> Result<u64, String> {
        let (index, size) = *self.files.get(path).ok_or("is not there")?;
        let entry = self.zip.by_index(index).map_err(|e| format!("cannot be read: {e}"))?;
        let copied = io::copy(&mut entry.take(size + 1), to).map_err(|e| format!("cannot be read: {e}"))?;
        if copied == size { Ok(size) } else { Err("has another size than the archive says".to_owned()) }
    }
}

impl CapsuleArchive for ZipCapsule {
    fn paths(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        if self.files.get(path).is_some_and(|(_, size)| *size > MOST_READ) {
            return Err("is larger than is read".to_owned());
        }
        self.copy(path, &mut bytes)?;
        Ok(bytes)
    }

    fn measure(&mut self, path: &str) -> Result<MeasuredFile, String> {
        let mut hash = Hashing(Sha256::new());
        let size_bytes = self.copy(path, &mut hash)?;
        Ok(MeasuredFile { size_bytes, sha256: hex::encode(hash.0.finalize()) })
    }
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn directory(
    zip: &mut ZipArchive<BufReader<File>>,
    length: u64,
) -> Result<BTreeMap<String, (usize, u64)>, String> {
    if zip.len() > MOST_ENTRIES {
        return Err(format!("it has more than {MOST_ENTRIES} entries"));
    }
    let mut files = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut total: u64 = 0;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|e| e.to_string())?;
        let name = std::str::from_utf8(entry.name_raw()).map_err(|_| "a path is no text".to_owned())?;
        let path = name.strip_suffix('/').unwrap_or(name);
        if safe_rel_path(path).is_none() || path.contains(':') {
            return Err(format!("the path {name:?} leads outside"));
        }
        if !seen.insert(path.to_lowercase()) {
            return Err(format!("{name} is there twice"));
        }
        if entry.is_symlink() || entry.encrypted() {
            return Err(format!("{name} is a link or encrypted"));
        }
        total = total.saturating_add(entry.size());
        if name.ends_with('/') {
            continue;
        }
        files.insert(name.to_owned(), (index, entry.size()));
    }
    if total > length.saturating_mul(MOST_RATIO).saturating_add(MOST_BESIDE) {
        return Err(format!("{length} bytes would unpack to {total}"));
    }
    Ok(files)
}
