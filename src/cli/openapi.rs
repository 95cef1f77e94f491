//! `stata-service openapi`: the OpenAPI document without a running service, for generators and linters.

use super::Exit;
use crate::http::v1::openapi::document;

/// Prints the document.
#[expect(clippy::print_stdout, reason = "the output of a command")]
pub(super) fn run() -> Exit {
    println!("{:#}", document());
    Exit::Done
}
