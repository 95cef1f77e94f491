//! Errors while a .dta file is read or written; no other kind of failure is exposed.

use std::io;

/// A failure of reading or writing a .dta file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The underlying file failed.
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are of no .dta release.
    #[error("not a .dta file")]
    NotDta,
    /// A `.dtas` bundle of frames (a ZIP archive).
    #[error("a .dtas bundle of frames is not supported, save each frame as .dta")]
    FrameBundle,
    /// A release that exists (or may exist) but is not read here.
    #[error("release {release} of the .dta format is not supported (supported: 113-115, 117-119)")]
    UnsupportedRelease {
        /// The number in the file.
        release: u16,
    },
    /// The file ends before something that it announced.
    #[error("the file ends inside {what} (at byte {offset})")]
    Truncated {
        /// The part that was being read.
        what: &'static str,
        /// Offset at which that part starts.
        offset: u64,
    },
    /// A field holds something that the format does not allow.
    #[error("{what} (at byte {offset})")]
    Malformed {
        /// The complaint.
        what: String,
        /// Offset of the problem.
        offset: u64,
    },
    /// Metadata above the reader's memory bound.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The part that is too large.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Something that the writer was asked to write does not fit the format.
    #[error("{what}")]
    Invalid {
        /// The complaint, with the name of the variable, label or characteristic.
        what: String,
    },
    /// A value does not fit the storage type of its variable.
    #[error("row {row} of {variable}: {what}")]
    Value {
        /// One-based row.
        row: u64,
        /// Name of the variable.
        variable: String,
        /// The complaint.
        what: String,
    },
}

impl Error {
    /// A writer's complaint about its input.
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }
}
