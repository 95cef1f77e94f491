//! A file that is hashed while it is written.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use crate::ports::blob_store::Written;

/// A new file with the SHA-256 of what was written to it. One whose bytes are not written in their order is read
/// back at the end.
pub(super) struct HashedFile {
    file: File,
    hasher: Sha256,
    /// Bytes hashed so far; also the position, as long as the writing is in order.
    hashed: u64,
    in_order: bool,
}

impl HashedFile {
    /// Starts at the front of an empty file.
    pub(super) fn new(file: File) -> Self {
        Self { file, hasher: Sha256::new(), hashed: 0, in_order: true }
    }

    /// Returns size and hash of the whole file.
    ///
    /// # Errors
    /// I/O, where the file is read back.
    pub(super) fn finish(mut self) -> Result<Written> {
        if !self.in_order {
            self.read_back()?;
        }
        Ok(Written { size_bytes: self.hashed, sha256: hex::encode(self.hasher.finalize()) })
    }

    fn read_back(&mut self) -> Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        (self.hasher, self.hashed) = (Sha256::new(), 0);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let length = self.file.read(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            self.hasher.update(&buffer[..length]);
            self.hashed += length as u64;
        }
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let written = self.file.write(bytes)?;
        if self.in_order {
            self.hasher.update(&bytes[..written]);
            self.hashed += written as u64;
        }
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

impl Seek for HashedFile {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = self.file.seek(to)?;
        self.in_order = self.in_order && position == self.hashed;
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_file_in_whatever_order_it_was_written() {
        let expected = hex::encode(Sha256::digest(b"head, body"));
        for patched in [false, true] {
            let mut file = HashedFile::new(tempfile::tempfile().unwrap());
            if patched {
                file.write_all(b"____, body").unwrap();
                file.seek(SeekFrom::Start(0)).unwrap();
                file.write_all(b"head").unwrap();
                file.seek(SeekFrom::Start(10)).unwrap();
            } else {
                file.write_all(b"head, ").unwrap();
                assert_eq!(file.stream_position().unwrap(), 6);
                file.write_all(b"body").unwrap();
            }
            let written = file.finish().unwrap();
            assert_eq!((written.size_bytes, written.sha256.as_str()), (10, expected.as_str()));
        }
    }
}
