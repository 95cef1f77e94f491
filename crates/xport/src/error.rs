//! Errors while a data set of SAS is read; no other kind of failure is exposed.

use std::io;

/// A failure of reading a data set of SAS.
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
    /// A variable of a file in SAS's own format has a place that can not be.
    #[error("the place of the values of {variable} is impossible; the file is damaged")]
    Place {
        /// Name of the variable.
        variable: String,
    },
    /// A file in SAS's own format that is no such file, incomplete or damaged; the text is the reader's.
    #[error("the data set of SAS is incomplete or damaged and cannot be read")]
    Damaged(String),
    /// A file in SAS's own format that has a form that is not read; the text is the reader's.
    #[error(
        "the data set of SAS has a form that is not read; write it to a transport file (.xpt) with the LIBNAME engine xport"
    )]
    Unsupported(String),
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
