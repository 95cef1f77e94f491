//! Exit codes of the program (sysexits.h where one fits).

use std::process::ExitCode;

use crate::adapters::postgres;
use crate::adapters::store::{LockError, OpenError};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it was asked for.
    Done = 0,
    /// A check or comparison failed.
    Failed = 1,
    /// The arguments cannot be read.
    Usage = 2,
    /// `EX_DATAERR`: a file is not valid.
    DataError = 65,
    /// `EX_NOINPUT`: a file cannot be opened.
    NoInput = 66,
    /// `EX_UNAVAILABLE`: a required service is unavailable.
    Unavailable = 69,
    /// `EX_SOFTWARE`.
    Internal = 70,
    /// `EX_IOERR`: a fault of the store or of a file.
    Io = 74,
    /// `EX_TEMPFAIL`: the store is owned by another process.
    Owned = 75,
    /// `EX_CONFIG`: settings, library or gate.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl From<&OpenError> for Exit {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::Lock(LockError::Held(_)) => Self::Owned,
            OpenError::Lock(_) => Self::Config,
            _ => Self::Io,
        }
    }
}

impl From<&postgres::OpenError> for Exit {
    fn from(error: &postgres::OpenError) -> Self {
        match error {
            postgres::OpenError::Lock(LockError::Held(_)) => Self::Owned,
            postgres::OpenError::Database(_) => Self::Unavailable,
            postgres::OpenError::Io(_) => Self::Io,
            _ => Self::Config,
        }
    }
}
