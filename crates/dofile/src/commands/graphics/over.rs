//! `over()` of bar, dot, box and pie charts: the categories and the rows of each.

use super::bar_stat::Stat;
use super::groups::{self, Group};
use crate::error::{Result, StataError};
use crate::ops::graphs::no_effect;
use crate::ops::graphs::text;
use crate::session::Session;
use crate::syntax::blanks::numbers_and_texts;
use crate::syntax::options::abbreviates;
use crate::syntax::split::unquote;
use crate::value::is_missing;

/// One `over()`.
#[derive(Debug, Clone, Default)]
pub(super) struct Over {
    pub(super) variable: usize,
    pub(super) descending: bool,
    /// `sort(1)`: by the height of the first bar.
    pub(super) by_height: bool,
    /// `sort((stat) varname)`: by a statistic of a variable, its mean by default.
    pub(super) by_variable: Option<(Stat, usize)>,
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
            Some(a) if is("SORT") => out.by_variable = Some(sort_key(session, a)?),
            Some(a) if is("RELabel") => {
                for pair in numbers_and_texts(a).chunks(2) {
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

/// `varname` or `(stat) varname` of `sort()`.
fn sort_key(session: &Session, argument: &str) -> Result<(Stat, usize)> {
    let argument = argument.trim();
    let (stat, name) = match argument.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((stat, name)) => (Stat::parse(stat.trim())?.0, name.trim()),
        None => (Stat::Mean, argument),
    };
    if name.chars().all(|c| c.is_ascii_digit()) {
        return Err(text::suboption("over", &format!("sort({argument})")));
    }
    Ok((stat, session.numeric_variable(name)?))
}

/// The texts of the levels of one `over()` in the order in which they are drawn, under their own texts.
fn levels(session: &Session, over: &Over, rows: &[bool], missing: bool) -> Vec<(String, String)> {
    let mut found = groups::groups(session, &[over.variable], rows, missing);
    if let Some((stat, variable)) = over.by_variable {
        let height = |group: &Group| {
            let values = group.rows.iter().map(|row| session.frame.num_at(variable, *row));
            let mut known: Vec<(f64, f64)> = values.filter(|v| !is_missing(*v)).map(|v| (v, 1.0)).collect();
            known.sort_by(|a, b| a.0.total_cmp(&b.0));
            let total = known.len() as f64;
            stat.value(&known, total)
        };
        let mut keyed: Vec<(f64, Group)> = found.into_iter().map(|group| (height(&group), group)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        found = keyed.into_iter().map(|(_, group)| group).collect();
    }
    if over.descending && !over.by_height {
        found.reverse();
    }
    let own = |at: usize| over.relabel.iter().find(|(n, _)| *n == at + 1).map(|(_, text)| text.clone());
    let text = |(at, group): (usize, &Group)| (group.text(), own(at).unwrap_or_else(|| group.text()));
    found.iter().enumerate().map(text).collect()
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
    let levels: Vec<Vec<(String, String)>> =
        overs.iter().rev().map(|over| levels(session, over, rows, missing)).collect();
    let place = |group: &Group| -> Vec<Option<usize>> {
        let at = |(text, level): (&String, &Vec<(String, String)>)| level.iter().position(|l| l.0 == *text);
        group.texts.iter().zip(&levels).map(at).collect()
    };
    found.sort_by_key(place);
    found
        .iter()
        .map(|group| {
            let text = |(at, level): (Option<usize>, &Vec<(String, String)>)| {
                at.map_or(String::new(), |at| level[at].1.clone())
            };
            let texts: Vec<String> = place(group).into_iter().zip(&levels).map(text).rev().collect();
            Category { text: texts.join("\n"), rows: group.mask(rows.len()) }
        })
        .collect()
}
