//! The columns of `table1_mc`: groups and their total.

use super::cells::Columns;
use crate::error::{Result, StataError};
use crate::ops::groups::{grouped, level_name};
use crate::session::Session;
use crate::value::is_missing;

/// Where the total stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    None,
    Before,
    After,
}

/// A column: its heading and the ending of its names.
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) suffix: String,
}

/// Reads the groups. `rows` repeat by frequency weights; columns of a total come last in the data and are placed when shown.
pub(super) fn columns(
    s: &Session,
    by: Option<usize>,
    rows: &[usize],
    total: Total,
) -> Result<(Columns, Vec<Heading>)> {
    let overall = || Heading { title: "Total".to_string(), suffix: "T".to_string() };
    let Some(by) = by else {
        return Ok((Columns { rows: vec![rows.to_vec()], groups: 1 }, vec![overall()]));
    };
    let whole = |x: f64| x >= 0.0 && x.fract() == 0.0 && !is_missing(x);
    if !s.frame.var(by).is_string() && rows.iter().any(|r| !whole(s.frame.num_at(by, *r))) {
        return Err(StataError::new(
            498,
            "by() variable must be either (i) string, or (ii) numeric and contain only non-negative integers, whether or not a value label is attached",
        ));
    }
    let mut distinct = rows.to_vec();
    distinct.dedup();
    let mut headings = Vec::new();
    let mut out = Vec::new();
    for (k, group) in grouped(s, &[by], distinct).iter().enumerate() {
        let member = |r: &&usize| s.frame.rows_equal(&[by], group[0], **r);
        out.push(rows.iter().filter(member).copied().collect());
        let suffix = match s.frame.var(by).is_string() {
            true => (k + 1).to_string(),
            false => format!("{}", s.frame.num_at(by, group[0])),
        };
        let name = level_name(s, by, group[0]);
        let labelled = s.frame.var(by).is_string() || s.frame.labels_of(by).is_some();
        let title = if labelled { name } else { format!("{} = {name}", s.frame.var(by).name) };
        headings.push(Heading { title, suffix });
    }
    let groups = out.len();
    if total != Total::None {
        out.push(rows.to_vec());
        headings.push(overall());
    }
    Ok((Columns { rows: out, groups }, headings))
}
