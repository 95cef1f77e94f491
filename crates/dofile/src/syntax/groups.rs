//! Groups in parentheses: `(y = x) (z = x), options` at the beginning of a text, `y x1 (x2 = z)` inside of a list.

use super::split::matching_paren;
use crate::error::{Result, StataError};

/// Returns what stands in the groups, without blanks around it, and the text behind them; none where a parenthesis is not closed.
pub fn leading_groups(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut rest = text.trim();
    let mut groups = Vec::new();
    while rest.starts_with('(') {
        let close = matching_paren(rest, 0)?;
        groups.push(rest[1..close].trim());
        rest = rest[close + 1..].trim_start();
    }
    Some((groups, rest))
}

/// The parts of `y x1 (x2 = z)`.
pub struct InstrumentList<'a> {
    /// What stands around the parentheses.
    pub rest: String,
    /// What is left of the equals sign.
    pub endogenous: &'a str,
    /// What is right of it.
    pub instruments: &'a str,
}

impl<'a> InstrumentList<'a> {
    /// Divides a list.
    ///
    /// # Errors
    /// r(198) where no parentheses with an equals sign are closed.
    pub fn parse(list: &'a str) -> Result<Self> {
        let bad = || {
            StataError::new(198, "invalid syntax: endogenous regressors and instruments are given as (x = z)")
        };
        let open = list.find('(').ok_or_else(bad)?;
        let close = matching_paren(list, open).ok_or_else(bad)?;
        let (endogenous, instruments) = list[open + 1..close].split_once('=').ok_or_else(bad)?;
        let rest = format!("{} {}", &list[..open], &list[close + 1..]);
        Ok(Self { rest, endogenous: endogenous.trim(), instruments: instruments.trim() })
    }
}
