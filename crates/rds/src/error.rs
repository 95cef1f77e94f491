//! Errors while a file of R is read; no other kind of failure is exposed.

use std::io;

/// A failure of reading a file of R.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or the spool failed.
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are of no file of R.
    #[error("not a file that R saved with saveRDS() or save()")]
    NotR,
    /// The compressed data end early or are damaged.
    #[error("the {kind} data cannot be unpacked; the file is incomplete or damaged")]
    Unpack {
        /// Name of the compression.
        kind: &'static str,
    },
    /// The data end before something that they announced.
    #[error("the file ends inside {what} (at unpacked byte {offset}); it is incomplete")]
    Truncated {
        /// The part that was being read.
        what: &'static str,
        /// Offset of the end.
        offset: u64,
    },
    /// A field holds something that the format does not allow.
    #[error("{what} (at unpacked byte {offset}); the file is damaged")]
    Malformed {
        /// The complaint.
        what: String,
        /// Offset of the problem.
        offset: u64,
    },
    /// A version of the format that is not read.
    #[error("version {0} of R's format is not read; save the file again with a current release of R")]
    Version(i32),
    /// The object is something else than a data frame.
    #[error("the file has no data frame but {0}; save a data frame: saveRDS(as.data.frame(x), \"x.rds\")")]
    NoFrame(String),
    /// Columns and rows do not fit each other.
    #[error(
        "{what} of the data frame {frame} does not have as many values as there are rows; the file is damaged"
    )]
    Rows {
        /// Name of the data frame.
        frame: String,
        /// The part.
        what: String,
    },
    /// Something above a bound of the reader.
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
