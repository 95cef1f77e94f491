//! Streams a capsule as a ZIP archive: one entry after the other, each file read a piece at a time and compared
//! with its hash, so that memory is bounded whatever the size of the data.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Datelike, Timelike, Utc};
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::{Capsule, Entry, Source};
use crate::ports::blob_store::BlobReader;

/// Bytes of a file that are read at once.
const PIECE: usize = 256 * 1024;
/// A piece of the archive is given out when it has about this size.
const CHUNK: usize = 64 * 1024;
/// Entries from this size on are written in the form for large files (Zip64), which every reader of today knows:
/// far below the 4 GiB that need it, so that it is seen in tests.
const LARGE: u64 = 4 << 20;
/// Of DEFLATE: the default of zlib.
const LEVEL: i64 = 6;

/// The bytes that the archive's writer has made and nobody has taken yet.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is being copied into the archive.
struct Copying {
    entry: Entry,
    file: BlobReader,
    left: u64,
    hash: Sha256,
}

/// The archive while it is made. [`CapsuleStream::next_chunk`] blocks: call it from a pool.
pub struct CapsuleStream {
    capsule: Capsule,
    sink: Sink,
    /// `None` once the archive is finished.
    zip: Option<ZipWriter<StreamWriter<Sink>>>,
    next: usize,
    copying: Option<Copying>,
}

impl CapsuleStream {
    pub(super) fn new(capsule: Capsule) -> Self {
        let sink = Sink::default();
        let zip = Some(ZipWriter::new_stream(sink.clone()));
        Self { capsule, sink, zip, next: 0, copying: None }
    }

    /// Returns the next bytes of the archive, `None` at its end.
    ///
    /// # Errors
    /// Any I/O error; a file that is not what its hash says. The archive has no end then, so that no reader
    /// takes it for whole.
    pub fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.sink.len() < CHUNK {
            if self.zip.is_none() {
                break;
            }
            self.step()?;
        }
        Ok(Some(self.sink.take()).filter(|bytes| !bytes.is_empty()))
    }

    /// Reads one piece, begins the next entry, or ends the archive.
    fn step(&mut self) -> io::Result<()> {
        if self.copying.is_some() {
            return self.copy();
        }
        let Some(entry) = self.capsule.entries.get(self.next).cloned() else {
            if let Some(zip) = self.zip.take() {
                zip.finish()?;
            }
            return Ok(());
        };
        self.next += 1;
        let options = options(self.capsule.time).large_file(entry.size_bytes >= LARGE);
        let zip = self.zip.as_mut().expect("looked at by the caller");
        match &entry.source {
            Source::Folder => zip.add_directory(entry.path.as_str(), options)?,
            Source::Bytes(bytes) => {
                zip.start_file(entry.path.as_str(), options)?;
                zip.write_all(bytes)?;
            }
            Source::File(rel_path) => {
                let job = &self.capsule.job;
                let file = self.capsule.blobs.get(&job.tenant_id, job.holder_of(rel_path), rel_path)?;
                zip.start_file(entry.path.as_str(), options)?;
                let left = entry.size_bytes;
                self.copying = Some(Copying { entry, file, left, hash: Sha256::new() });
            }
        }
        Ok(())
    }

    fn copy(&mut self) -> io::Result<()> {
        let (Some(copying), Some(zip)) = (&mut self.copying, &mut self.zip) else { return Ok(()) };
        let mut piece = vec![0; PIECE.min(usize::try_from(copying.left).unwrap_or(PIECE))];
        copying.file.read_exact(&mut piece)?;
        copying.hash.update(&piece);
        copying.left -= piece.len() as u64;
        zip.write_all(&piece)?;
        if copying.left == 0 {
            if hex::encode(copying.hash.clone().finalize()) != copying.entry.sha256 {
                tracing::error!(
                    event = "SS_ARTIFACT_DAMAGED",
                    path = copying.entry.path,
                    "a file does not match its hash; the capsule is cut off"
                );
                return Err(io::Error::other("a stored file is damaged"));
            }
            self.copying = None;
        }
        Ok(())
    }
}

/// The same for every entry and every download: nothing of the machine or the moment.
fn options(time: DateTime<Utc>) -> SimpleFileOptions {
    let part = |n: u32| u8::try_from(n).unwrap_or(0);
    let stamp = zip::DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or(1980),
        part(time.month()),
        part(time.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .unwrap_or_default();
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(stamp)
        .unix_permissions(0o644)
}
