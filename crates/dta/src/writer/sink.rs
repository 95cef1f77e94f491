//! A buffered output that knows its position and can fill in bytes written earlier.

use std::io::{BufWriter, Seek, SeekFrom, Write};

use crate::error::Error;

pub(super) struct Sink<W: Write + Seek> {
    inner: BufWriter<W>,
    /// Offset of the file's start in `inner`.
    start: u64,
    position: u64,
}

impl<W: Write + Seek> Sink<W> {
    pub(super) fn new(mut inner: W) -> Result<Self, Error> {
        let start = inner.stream_position()?;
        Ok(Self { inner: BufWriter::with_capacity(256 * 1024, inner), start, position: 0 })
    }

    /// Bytes written so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.inner.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// A text padded with NUL to `width`; its length was checked before.
    pub(super) fn put_field(&mut self, text: &str, width: usize) -> Result<(), Error> {
        const ZEROS: [u8; 512] = [0; 512];
        debug_assert!(text.len() < width);
        self.put(text.as_bytes())?;
        self.put(&ZEROS[..width - text.len()])
    }

    /// Overwrites earlier bytes.
    pub(super) fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        self.inner.seek(SeekFrom::Start(self.start + at))?;
        self.inner.write_all(bytes)?;
        self.inner.seek(SeekFrom::Start(self.start + self.position))?;
        Ok(())
    }

    /// Writes out the buffer and gives the output back, positioned at the file's end.
    pub(super) fn finish(self) -> Result<W, Error> {
        self.inner.into_inner().map_err(|e| Error::Io(e.into_error()))
    }
}
