//! Errors while a transport file is read; no other kind of failure is exposed.

use std::io;

/// A failure of reading a transport file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The underlying file failed.
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are of no transport file.
    #[error("not a SAS transport file")]
    NotXport,
    /// The file ends before something that it announced.
    #[error("the file ends inside {what} (at byte {offset}); it is incomplete")]
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
    /// A data set has another number of observations than it announces.
    #[error("the data set announces {announced} observations and has {found}; the file is damaged")]
    Observations {
        /// The number in the header.
        announced: u64,
        /// The number of whole observations.
        found: u64,
    },
    /// Metadata above the reader's memory bound.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The part that is too large.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
}

impl Error {
    pub(crate) fn malformed(what: impl Into<String>, offset: u64) -> Self {
        Self::Malformed { what: what.into(), offset }
    }
}
