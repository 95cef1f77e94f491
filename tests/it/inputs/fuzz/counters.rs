//! Figures that the processes of one kind share: a mapped file, which keeps what a process counted before its end.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::AtomicU64;

/// Figures of one kind of inputs.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Counters {
    /// The input that is read now.
    pub number: AtomicU64,
    pub taken: AtomicU64,
    pub refused: AtomicU64,
    /// Panics of readers that are not ours, which are refusals.
    pub panics: AtomicU64,
    /// Ends of the reader's process, most by the bound on memory.
    pub ends: AtomicU64,
    pub slowest_ms: AtomicU64,
}

const BYTES: usize = size_of::<Counters>();

impl Counters {
    /// Makes the figures of a folder, shared with copies of this process and with [`Counters::read`].
    pub(super) fn shared(folder: &Path) -> &'static Self {
        let path = folder.join("figures");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        let file: File = file.expect("a file");
        file.set_len(BYTES as u64).expect("a size");
        // SAFETY: a new mapping of a file that is as large as the mapping.
        let at = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), BYTES, protection, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        assert_ne!(at, libc::MAP_FAILED, "mapped");
        // SAFETY: page-aligned, zeroed, never unmapped; atomic numbers may be changed by several processes.
        unsafe { &*at.cast::<Self>() }
    }

    /// Reads the figures after the processes have ended.
    pub(super) fn read(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join("figures")).unwrap_or_default();
        let mut numbers =
            bytes.chunks_exact(8).map(|n| u64::from_ne_bytes(n.try_into().expect("eight bytes")));
        let mut next = || AtomicU64::new(numbers.next().unwrap_or(0));
        Self {
            number: next(),
            taken: next(),
            refused: next(),
            panics: next(),
            ends: next(),
            slowest_ms: next(),
        }
    }
}
