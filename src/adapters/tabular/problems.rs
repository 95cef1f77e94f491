//! The refusals of ingest: each with row, column and reason where it has them.

use std::io;

use crate::domain::error::{ErrorCode, Problem};

/// Text of a file in a message: at most this many characters.
const SHOWN_CHARS: usize = 60;

/// A cut copy of text out of a file.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if text.chars().count() > SHOWN_CHARS {
        out.push('…');
    }
    out
}

/// A number with its noun: `1 row`, `2 rows`.
pub(super) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Content that cannot be read as a table.
pub(super) fn parse(row: Option<u64>, column: Option<&str>, reason: &str) -> Problem {
    let place = match (row, column) {
        (Some(row), Some(column)) => format!("row {row}, column {}: ", shown(column)),
        (Some(row), None) => format!("row {row}: "),
        (None, Some(column)) => format!("column {}: ", shown(column)),
        (None, None) => String::new(),
    };
    let mut problem = Problem::new(ErrorCode::InputParseFailed, format!("{place}{reason}"));
    if let Some(row) = row {
        problem = problem.with("row", row);
    }
    if let Some(column) = column {
        problem = problem.with("column", shown(column));
    }
    problem.with("reason", reason)
}

/// Bytes that the encoding does not have.
pub(super) fn encoding(row: u64, encoding: &str) -> Problem {
    Problem::new(
        ErrorCode::InputEncodingInvalid,
        format!("row {row}: the text is not valid {encoding}; save the file as UTF-8"),
    )
    .with("row", row)
    .with("encoding", encoding)
    .with("reason", format!("not valid {encoding}"))
}

/// A NUL character in text.
pub(super) fn nul(row: u64) -> Problem {
    parse(Some(row), None, "the text contains a NUL character, so this is not a text table")
}

/// A file without rows of data.
pub(super) fn empty(reason: &str) -> Problem {
    Problem::new(ErrorCode::InputEmpty, reason).with("reason", reason)
}

/// Something above a limit.
pub(super) fn too_large(what: &str, limit: u64) -> Problem {
    Problem::new(ErrorCode::InputTooLarge, format!("{what}; the limit is {limit}"))
        .with("limit", limit)
        .with("reason", what)
}

/// A file of a kind that is not read.
pub(super) fn unsupported(reason: &str) -> Problem {
    Problem::new(ErrorCode::InputFormatUnsupported, reason).with("reason", reason)
}

/// A failure of our own files: logged here, told without details.
pub(super) fn io(what: &str, error: &io::Error) -> Problem {
    if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
        return Problem::new(ErrorCode::StorageFull, "there is no space left for the data");
    }
    if error.kind() == io::ErrorKind::ReadOnlyFilesystem {
        return Problem::new(
            ErrorCode::StoreUnavailable,
            "the data volume is read-only; nothing was changed",
        );
    }
    tracing::error!(event = "SS_INGEST_IO_FAILED", what, error = %error, "ingest could not {what}");
    Problem::internal()
}

/// A failure of the .dta reader on an upload.
pub(super) fn dta_read(error: &dta::Error) -> Problem {
    match error {
        dta::Error::Io(error) => io("read the upload", error),
        dta::Error::NotDta => parse(None, None, "the file is named .dta, but its content is not"),
        dta::Error::FrameBundle | dta::Error::UnsupportedRelease { .. } => unsupported(&error.to_string()),
        dta::Error::TooLarge { what, limit } => too_large(&format!("{what} is too large"), *limit),
        dta::Error::Value { row, variable, what } => parse(Some(*row), Some(variable), what),
        other => parse(None, None, &other.to_string()),
    }
}

/// A failure of the reader of system files on an upload.
pub(super) fn sav_read(error: &sav::Error) -> Problem {
    match error {
        sav::Error::Io(error) => io("read the upload", error),
        sav::Error::Encrypted => unsupported(&error.to_string()),
        sav::Error::TooLarge { what, limit } => too_large(&format!("{what} is too large"), *limit),
        other => parse(None, None, &other.to_string()),
    }
}

/// A failure of the reader of data sets of SAS on an upload.
pub(super) fn xport_read(error: &xport::Error) -> Problem {
    match error {
        xport::Error::Io(error) => io("read the upload", error),
        xport::Error::TooLarge { what, limit } => too_large(&format!("{what} is too large"), *limit),
        xport::Error::Place { variable } => {
            parse(None, Some(variable), "the place of its values is impossible; the file is damaged")
        }
        xport::Error::Unsupported(reason) => {
            tracing::debug!(error = %reason, "a data set of SAS could not be read");
            unsupported(&error.to_string())
        }
        xport::Error::Damaged(reason) => {
            tracing::debug!(error = %reason, "a data set of SAS could not be read");
            parse(None, None, &error.to_string())
        }
        other => parse(None, None, &other.to_string()),
    }
}

/// A failure of the reader of files of R on an upload.
pub(super) fn rds_read(error: &rds::Error) -> Problem {
    match error {
        rds::Error::Io(error) => io("read the upload", error),
        rds::Error::NoFrame(_) | rds::Error::Version(_) => unsupported(&error.to_string()),
        rds::Error::TooLarge { what, limit } => too_large(&format!("{what} is too large"), *limit),
        other => parse(None, None, &other.to_string()),
    }
}

/// A failure of the reader of Parquet files on an upload.
pub(super) fn parquet_read(error: &parquet_file::Error) -> Problem {
    match error {
        parquet_file::Error::Io(error) => io("read the upload", error),
        parquet_file::Error::Encrypted | parquet_file::Error::Unsupported(_) => {
            unsupported(&error.to_string())
        }
        parquet_file::Error::TooLarge { what, limit } => too_large(&format!("{what} is too large"), *limit),
        other => parse(None, None, &other.to_string()),
    }
}

/// A failure of the .dta writer on canonical data.
pub(super) fn dta_write(error: &dta::Error) -> Problem {
    match error {
        dta::Error::Io(error) => io("write the data", error),
        dta::Error::Value { row, variable, what } => parse(Some(*row), Some(variable), what),
        other => parse(None, None, &other.to_string()),
    }
}
