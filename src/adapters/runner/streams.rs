//! The engine's standard output and error: pipes whose first bytes are kept in files.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};

/// One captured stream.
pub(super) struct Stream {
    pipe: Option<OwnedFd>,
    file: File,
    room: u64,
    total: u64,
}

impl Stream {
    /// Creates the file and the pipe; returns the end for the engine as well.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn open(path: &Path, keep: u64) -> io::Result<(Self, OwnedFd)> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK)?;
        Ok((Self { pipe: Some(reader), file: File::create(path)?, room: keep, total: 0 }, writer))
    }

    /// The readable end, while it is open.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// How many bytes came, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Takes what is there, at most a few buffers, so that a flood does not keep the caller.
    pub(super) fn take(&mut self) {
        let mut buffer = [0_u8; 64 * 1024];
        for _ in 0..16 {
            let Some(pipe) = &self.pipe else { return };
            match rustix::io::read(pipe, &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(n) => {
                    self.total += n as u64;
                    let kept = usize::try_from(self.room).unwrap_or(usize::MAX).min(n);
                    // A full disk must not end the supervision; what was kept so far stays.
                    let _ = self.file.write_all(&buffer[..kept]);
                    self.room -= kept as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}
