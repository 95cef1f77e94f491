//! The dimensions of `table` and what its statistics are called. What is in the cells belongs to `table`.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::split::matching_paren;

/// Statistics with what they are called.
pub(super) const STATISTICS: &[(&str, &str)] = &[
    ("frequency", "Frequency"),
    ("percent", "Percent"),
    ("fvfrequency", "Factor-variable frequency"),
    ("fvpercent", "Factor-variable percent"),
    ("mean", "Mean"),
    ("sd", "Standard deviation"),
    ("variance", "Variance"),
    ("semean", "Standard error of mean"),
    ("min", "Minimum value"),
    ("max", "Maximum value"),
    ("median", "Median"),
    ("total", "Total"),
    ("sum", "Total"),
    ("count", "Number of nonmissing values"),
    ("iqr", "Interquartile range"),
    ("p1", "1st percentile"),
    ("p5", "5th percentile"),
    ("p10", "10th percentile"),
    ("p25", "25th percentile"),
    ("p50", "50th percentile"),
    ("p75", "75th percentile"),
    ("p90", "90th percentile"),
    ("p95", "95th percentile"),
    ("p99", "99th percentile"),
];

/// What a statistic is called.
pub(super) fn known_name(name: &str) -> &'static str {
    STATISTICS.iter().find(|k| k.0 == name).map_or("", |k| k.1)
}

/// Variable or statistic along a side of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dim {
    /// Levels of a variable.
    Variable(usize),
    /// Statistics.
    Result,
    /// Variables of the statistics.
    Var,
    /// A dimension of the results of commands, `command` or `colname`.
    Named(&'static str),
}

impl Dim {
    pub(super) fn variable(&self) -> Option<usize> {
        match self {
            Self::Variable(v) => Some(*v),
            Self::Result | Self::Var | Self::Named(_) => None,
        }
    }
}

/// Dimensions that the results of `command()` have.
const OF_COMMANDS: &[&str] = &["command", "colname", "coleq", "rowname", "statcmd"];

/// Dimensions in `(a b) (c)` or `a c`; rows first. Those of commands need an option `command()`.
pub(super) fn sides(s: &Session, text: &str, commands: bool) -> Result<[Vec<Dim>; 2]> {
    let mut out: Vec<Vec<Dim>> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            let inner = rest[1..close].trim();
            rest = rest[close + 1..].trim_start();
            inner
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
            let inner = &rest[..end];
            rest = rest[end..].trim_start();
            inner
        };
        let mut dims = Vec::new();
        for word in inner.split_whitespace() {
            match word {
                "result" if s.frame.find("result").is_none() => dims.push(Dim::Result),
                "var" if s.frame.find("var").is_none() => dims.push(Dim::Var),
                _ if s.frame.find(word).is_none() && OF_COMMANDS.contains(&word) && commands => {
                    dims.extend(OF_COMMANDS.iter().find(|name| **name == word).map(|name| Dim::Named(name)));
                }
                "across" if s.frame.find(word).is_none() => {
                    return Err(StataError::unsupported_option("table", &format!("({word})")));
                }
                _ => dims.push(Dim::Variable(s.variable(word)?)),
            }
        }
        out.push(dims);
    }
    if out.len() > 2 {
        return Err(StataError::unsupported_option("table", "a third group of variables"));
    }
    out.resize_with(2, Vec::new);
    let columns = out.pop().unwrap_or_default();
    let rows = out.pop().unwrap_or_default();
    let all: Vec<&Dim> = rows.iter().chain(&columns).collect();
    if all.iter().filter(|dim| dim.variable().is_some()).count() > 4 {
        return Err(StataError::unsupported_option("table", "more than four variables"));
    }
    for (k, dim) in all.iter().enumerate() {
        if all[..k].contains(dim) {
            return Err(StataError::invalid("a variable may be specified only once"));
        }
    }
    Ok([rows, columns])
}
