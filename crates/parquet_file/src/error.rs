//! Errors while a Parquet file is read; no other kind of failure is exposed.

use std::io;

/// A failure of reading a Parquet file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file failed.
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are of no Parquet file.
    #[error("not a Parquet file")]
    NotParquet,
    /// The file does not end as Parquet files do.
    #[error("the file does not end with its description; it is incomplete")]
    Incomplete,
    /// The file is encrypted.
    #[error("the Parquet file is encrypted; save it without encryption")]
    Encrypted,
    /// Something ends before what it announced.
    #[error("{0} ends early; the file is incomplete or damaged")]
    Truncated(&'static str),
    /// A field holds something that the format does not allow.
    #[error("{0}; the file is damaged")]
    Malformed(String),
    /// A compression or an encoding that is not read.
    #[error("{0} is not read; save the file with pyarrow, or with the compression zstd")]
    Unsupported(String),
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
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }
}
