//! Exit codes of the program (sysexits.h where one fits).

use std::panic::PanicHookInfo;
use std::process::ExitCode;

use crate::adapters::objects;
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
    /// The run that the command followed was cancelled.
    Cancelled = 3,
    /// A person has to decide something first.
    Open = 4,
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
    /// `EX_TEMPFAIL`: the store is owned by another process, or a service asks to wait; later it may succeed.
    Later = 75,
    /// `EX_NOPERM`: there is no credential, or it does not permit this.
    NoPermission = 77,
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
            OpenError::Lock(LockError::Held(_)) => Self::Later,
            OpenError::Lock(_) | OpenError::Moved { .. } => Self::Config,
            _ => Self::Io,
        }
    }
}

impl From<&objects::OpenError> for Exit {
    fn from(error: &objects::OpenError) -> Self {
        match error {
            objects::OpenError::Io(_) => Self::Io,
            error if error.may_pass() => Self::Unavailable,
            _ => Self::Config,
        }
    }
}

impl From<&postgres::OpenError> for Exit {
    fn from(error: &postgres::OpenError) -> Self {
        match error {
            postgres::OpenError::Lock(LockError::Held(_)) => Self::Later,
            postgres::OpenError::Database(_) => Self::Unavailable,
            postgres::OpenError::Io(_) => Self::Io,
            _ => Self::Config,
        }
    }
}

/// Ends the program without a word where its output is printed into a pipe that nobody reads any more, as with
/// `| head -1`. The exit code is that of a process which the broken pipe ended, 128 plus the signal's number.
///
/// The signal itself stays ignored: it would also end the program when a socket or a child's input is closed.
pub(super) fn end_quietly_where_nobody_reads() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        // the message of `print!` and its siblings, which have no other way to say that they could not print
        let message = info.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to") && message.contains("Broken pipe") {
            std::process::exit(128 + rustix::process::Signal::PIPE.as_raw());
        }
        report(info);
    }));
}
