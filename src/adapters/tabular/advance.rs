//! Counts the bytes that a reader takes in, for those who wait for it. A reader process reads one upload; where several are
//! read in one process, nobody asks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

static READ: AtomicU64 = AtomicU64::new(0);
static EXPECTED: AtomicU64 = AtomicU64::new(0);

/// States how often a file of this size is read from its first to its last byte.
pub(super) fn expect(file: &File, passes: u64) {
    let bytes = file.metadata().map_or(0, |facts| facts.len());
    EXPECTED.fetch_max(bytes.saturating_mul(passes), Ordering::Relaxed);
}

/// The same for the file at `path`; nothing where there is none.
pub(super) fn expect_of(path: &Path, passes: u64) {
    if let Ok(file) = File::open(path) {
        expect(&file, passes);
    }
}

/// Counts bytes that were read.
pub(super) fn took(bytes: usize) {
    READ.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// Returns the bytes read so far and those of the whole reading; never more of the former.
pub(super) fn so_far() -> (u64, u64) {
    let expected = EXPECTED.load(Ordering::Relaxed);
    (READ.load(Ordering::Relaxed).min(expected), expected)
}

/// A file whose bytes are counted.
pub(super) struct Counted(File);

impl Counted {
    /// Opens a file that is read so many times.
    ///
    /// # Errors
    /// As [`File::open`].
    pub(super) fn open(path: &Path, passes: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        expect(&file, passes);
        Ok(Self(file))
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.read(buffer)?;
        took(bytes);
        Ok(bytes)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}
