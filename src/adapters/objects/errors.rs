//! Errors of the object store as errors of the port. An answer that is no plain "no such object" is never "not found":
//! a proxy, a wrong address or a missing bucket must not look like a lost file.

use std::io;

use object_store::Error;

use crate::ports::blob_store::unavailable;

/// Longest text of an error that is taken over.
const LONGEST: usize = 300;

/// Converts an error of a request whose answer has a body: everything but `HEAD`.
pub(super) fn to_io(error: Error) -> io::Error {
    match &error {
        Error::NotFound { .. } if code(&error).as_deref() == Some("NoSuchKey") => {
            io::ErrorKind::NotFound.into()
        }
        Error::AlreadyExists { .. } => io::ErrorKind::AlreadyExists.into(),
        Error::InvalidPath { .. } => io::Error::new(io::ErrorKind::InvalidInput, "no name of an object"),
        _ => unavailable(reason(&error)),
    }
}

/// Returns the code that the store gave (`NoSuchBucket`, `SlowDown`), if it did.
pub(super) fn code(error: &Error) -> Option<String> {
    let text = error.to_string();
    let (_, rest) = text.split_once("<Code>")?;
    let code = rest.split_once("</Code>")?.0.trim();
    code.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| code.to_owned())
}

/// Says what happened, for logs: the store's code, else the innermost cause. Bodies are left out: they repeat key ids
/// and signatures.
pub(super) fn reason(error: &Error) -> String {
    if let Some(code) = code(error) {
        return code;
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    let text = text.split_once('<').map_or(text.as_str(), |(head, _)| head).trim();
    let text = text.trim_end_matches(':');
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end]).to_owned()
}
