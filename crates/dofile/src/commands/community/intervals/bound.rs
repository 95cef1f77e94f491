//! Bounds of intervals of a key: `.`, a number, or a variable.

use crate::error::Result;
use crate::session::Session;
use crate::value::is_missing;

/// A bound of the interval.
pub(super) enum Bound {
    Open,
    /// A number that is added to the key of the row, where there is one.
    Number(f64),
    Values(Vec<f64>),
}

impl Bound {
    pub(super) fn parse(s: &Session, text: &str) -> Result<Self> {
        if text == "." {
            return Ok(Self::Open);
        }
        match text.parse() {
            Ok(x) => Ok(Self::Number(x)),
            Err(_) => Ok(Self::Values(s.frame.numeric(s.numeric_variable(text)?)?.to_vec())),
        }
    }

    /// The bound of a row, none where it is missing.
    pub(super) fn of(&self, row: usize, key: Option<f64>) -> Option<f64> {
        let bound = match self {
            Self::Open => return None,
            Self::Number(x) => key.map_or(*x, |key| if is_missing(key) { key } else { key + x }),
            Self::Values(values) => values[row],
        };
        (!is_missing(bound)).then_some(bound)
    }
}
