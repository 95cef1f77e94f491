//! `over()` of bar, dot, box and pie charts: the categories and the rows of each.

use super::groups::{self, Group};
use crate::error::{Result, StataError};
use crate::ops::graphs::no_effect;
use crate::ops::graphs::text;
use crate::session::Session;
use crate::syntax::options::abbreviates;
use crate::syntax::split::{unquote, words};

/// One `over()`.
#[derive(Debug, Clone, Default)]
pub(super) struct Over {
    pub(super) variable: usize,
    pub(super) descending: bool,
    /// `sort(1)`: by the height of the first bar.
    pub(super) by_height: bool,
    pub(super) relabel: Vec<(usize, String)>,
    pub(super) angle: Option<String>,
    pub(super) size: Option<f64>,
}

/// Reads the argument of `over()`.
pub(super) fn over(session: &Session, argument: &str) -> Result<Over> {
    let (front, options) = text::suboptions(argument)?;
    let mut out = Over { variable: session.variable(front)?, ..Over::default() };
    for (name, argument) in options {
        let is = |declared: &str| abbreviates(&name, declared);
        match argument.as_deref() {
            None if is("DEScending") => out.descending = true,
            Some("1") if is("SORT") => out.by_height = true,
            Some(a) if is("RELabel") => {
                for pair in words(a).chunks(2) {
                    let [number, text] = pair else { return Err(StataError::syntax()) };
                    let number = number.parse().map_err(|_| StataError::syntax())?;
                    out.relabel.push((number, unquote(text).to_owned()));
                }
            }
            Some(a) if is("LABel") => {
                for (name, argument) in crate::syntax::options::split_options(a)? {
                    match argument {
                        Some(a) if abbreviates(&name, "ANGle") => out.angle = Some(a),
                        Some(a) if abbreviates(&name, "LABSize") => out.size = Some(text::text_size(&a)?),
                        _ if no_effect::of_label(&name) => {}
                        _ => return Err(text::suboption("label", &name)),
                    }
                }
            }
            // the distance of the groups and the line of the axis
            Some(_) if is("GAP") || is("AXis") => {}
            _ => return Err(text::suboption("over", &name)),
        }
    }
    Ok(out)
}

/// A category: its text and its rows.
#[derive(Debug, Clone)]
pub(super) struct Category {
    pub(super) text: String,
    pub(super) rows: Vec<bool>,
}

impl Category {
    /// The category in the rows of one panel.
    pub(super) fn within(&self, panel: &[bool]) -> Self {
        let rows = self.rows.iter().zip(panel).map(|(own, panel)| *own && *panel).collect();
        Self { text: self.text.clone(), rows }
    }
}

/// The categories of several `over()`s (the first varies fastest); one without any.
pub(super) fn categories(session: &Session, overs: &[Over], rows: &[bool], missing: bool) -> Vec<Category> {
    if overs.is_empty() {
        return vec![Category { text: String::new(), rows: rows.to_vec() }];
    }
    // the last over() is the outermost
    let vars: Vec<usize> = overs.iter().rev().map(|o| o.variable).collect();
    let mut found: Vec<Group> = groups::groups(session, &vars, rows, missing);
    if overs.len() == 1 && overs[0].descending && !overs[0].by_height {
        found.reverse();
    }
    let relabelled = |at: usize, group: &Group| {
        match overs {
            [only] => only.relabel.iter().find(|(n, _)| *n == at + 1).map(|(_, text)| text.clone()),
            _ => None,
        }
        .unwrap_or_else(|| group.texts.iter().rev().cloned().collect::<Vec<_>>().join("\n"))
    };
    found
        .iter()
        .enumerate()
        .map(|(at, group)| Category { text: relabelled(at, group), rows: group.mask(rows.len()) })
        .collect()
}
