//! Options that the manuals document for a command, from the syntax diagrams of Stata 18. One that the declaration of
//! the command does not take is refused as "not supported by the open engine" instead of "not allowed".

use super::documented_rows::{self, Row};
use super::documented_series;
use crate::error::StataError;
use crate::syntax::options::abbreviates;

fn rows() -> impl Iterator<Item = &'static Row> {
    documented_rows::ROWS.iter().chain(documented_series::ROWS)
}

/// Documented options of a command, with `()` behind those that take an argument.
pub fn options_of(command: &str) -> impl Iterator<Item = &'static str> {
    rows()
        .filter(move |row| row.0 == command)
        .flat_map(|row| [row.1, row.2, row.3])
        .flat_map(str::split_whitespace)
}

/// Commands with a list.
pub fn commands() -> impl Iterator<Item = &'static str> {
    rows().map(|row| row.0)
}

/// Turns "option X not allowed" of a command into "not supported", where the manual documents the option.
pub fn refused(command: &str, error: StataError) -> StataError {
    let typed = error.message.strip_prefix("option ").and_then(|t| t.strip_suffix(" not allowed"));
    let Some(typed) = typed.filter(|_| error.code == 198) else { return error };
    let name = typed.trim_end_matches("()");
    match options_of(command).find(|o| abbreviates(name, o.trim_end_matches("()"))) {
        Some(option) => StataError::unsupported_option(command, &option.to_lowercase()),
        None => error,
    }
}
