//! Reading the files of a capsule's archive.

use serde::de::DeserializeOwned;

/// Size and hash of a file, as measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredFile {
    /// Size after unpacking, in bytes.
    pub size_bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the unpacked bytes.
    pub sha256: String,
}

/// An archive whose directory is safe: no path leads outside, and nothing unpacks to more than it states.
pub trait CapsuleArchive {
    /// Returns the paths of the files, in order.
    fn paths(&self) -> Vec<String>;

    /// Returns whether the archive has a file with this path.
    fn has(&self, path: &str) -> bool;

    /// Reads a complete file.
    ///
    /// # Errors
    /// The file does not exist, is too large, or is damaged.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String>;

    /// Reads a file for its size and hash.
    ///
    /// # Errors
    /// The file does not exist or is damaged.
    fn measure(&mut self, path: &str) -> Result<MeasuredFile, String>;
}

/// Reads a JSON document of an archive.
///
/// # Errors
/// As [`CapsuleArchive::read`]; the document does not parse.
pub fn read_json<T: DeserializeOwned>(archive: &mut dyn CapsuleArchive, path: &str) -> Result<T, String> {
    serde_json::from_slice(&archive.read(path)?).map_err(|error| format!("does not parse: {error}"))
}
