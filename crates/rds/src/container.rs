//! How the data are packed: R writes gzip, bzip2, xz, Zstandard (from release 4.5 on) or plain bytes, and recognises them by their first bytes, too.

use std::io::{self, BufReader, Read};

use crate::error::Error;

/// Memory that the dictionary of an xz file may need, in KiB. R asks for 64 MiB at most (`xz -9`).
const XZ_MEMORY: u32 = 128 << 10;
/// The largest window of Zstandard, as a power of two.
const ZSTD_WINDOW: u32 = 27;
const BUFFER: usize = 256 << 10;

/// A compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// None.
    Plain,
    /// gzip, the default of R.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// The compression by the first bytes of a file.
    pub fn of(head: &[u8]) -> Self {
        let starts = |magic: &[u8]| head.starts_with(magic);
        if starts(b"\x1f\x8b") {
            Self::Gzip
        } else if starts(b"BZh") {
            Self::Bzip2
        } else if starts(b"\xfd7zXZ\0") {
            Self::Xz
        } else if starts(b"\x28\xb5\x2f\xfd") {
            Self::Zstd
        } else {
            Self::Plain
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "Zstandard",
        }
    }
}

/// The unpacked bytes of a file.
pub(crate) struct Unpacked {
    inner: Box<dyn Read>,
    packing: Packing,
}

impl Unpacked {
    /// Finds the compression, and unpacks.
    pub(crate) fn new(mut file: impl Read + 'static) -> Result<Self, Error> {
        let mut head = [0; 6];
        let length = read_full(&mut file, &mut head)?;
        let packing = Packing::of(&head[..length]);
        let whole = BufReader::with_capacity(BUFFER, io::Cursor::new(head).take(length as u64).chain(file));
        let inner: Box<dyn Read> = match packing {
            Packing::Plain => Box::new(whole),
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
            Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(whole)),
            Packing::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(whole, true, XZ_MEMORY)),
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(whole)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Box::new(decoder)
            }
        };
        Ok(Self { inner, packing })
    }

    /// Reads some bytes; none at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            match self.inner.read(buffer) {
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.packing == Packing::Plain => return Err(Error::Io(error)),
                // what a decoder complains about, and not the disk
                Err(error) if error.raw_os_error().is_none() => {
                    return Err(Error::Unpack { kind: self.packing.name() });
                }
                Err(error) => return Err(Error::Io(error)),
            }
        }
    }
}

/// Fills a buffer as far as there are bytes.
fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
