//! Blocks of margins that are compared with each other: their names, their comparisons and the tests of these.

use super::Cell;
use crate::estimation::contrast_terms::{TermSpec, level_name};
use crate::session::Session;

/// A block of margins that are compared with each other: its name, the position of each margin, its term.
pub(super) struct Block<'a> {
    pub(super) name: String,
    /// The scenario and subgroup at which its contrasts are made, behind their labels and in their names.
    pub(super) at: (String, String),
    pub(super) positions: Vec<usize>,
    pub(super) term: Option<&'a TermSpec>,
}

/// One comparison over all margins.
pub(super) struct Line {
    pub(super) label: String,
    /// Label of the test that it belongs to.
    pub(super) tested: String,
    pub(super) name: String,
    pub(super) weights: Vec<f64>,
}

/// The blocks of each name, in the order of the names.
pub(super) fn by_name<'b, 'a>(blocks: &'b [Block<'a>]) -> Vec<(&'b str, Vec<&'b Block<'a>>)> {
    let mut out: Vec<(&str, Vec<&Block<'_>>)> = Vec::new();
    for block in blocks {
        match out.iter_mut().find(|(name, _)| *name == block.name) {
            Some((_, mine)) => mine.push(block),
            None => out.push((&block.name, vec![block])),
        }
    }
    out
}

/// The first comparison at every scenario, then the second, and so on.
pub(super) fn in_turn(mut parts: Vec<std::vec::IntoIter<Line>>) -> Vec<Line> {
    let mut out = Vec::new();
    loop {
        let before = out.len();
        out.extend(parts.iter_mut().filter_map(Iterator::next));
        if out.len() == before {
            return out;
        }
    }
}

/// The name of a term whose contrasts are made at scenarios or subgroups, `a@_at`, and which of them a margin is of.
pub(super) fn placed(
    session: &Session,
    term: &TermSpec,
    cell: &Cell,
    own: &dyn Fn(&str) -> bool,
) -> (String, (String, String)) {
    let (mut name, mut label, mut column) = (term.title(), String::new(), String::new());
    let kept = cell.stripe.name.split('#').filter(|p| !own(p));
    for (level, variable) in kept.filter_map(|part| part.split_once('.')) {
        name += &format!("@{variable}");
        let text = level.parse().map_or(level.to_string(), |l| level_name(session, variable, l));
        label += &format!(" {text}");
        column += &format!("@{level}.{variable}");
    }
    if !cell.stripe.eq.is_empty() {
        name = format!("{name} {}", cell.stripe.eq);
    }
    (name, (label, column))
}

/// Levels of the margins of a block, as pairs are named by: numbers, or value labels as the table shows them.
pub(super) fn level_names(block: &Block<'_>, cells: &[Cell], labels: Option<&Session>) -> Vec<String> {
    let variables: Option<Vec<&str>> = block.term.map(|t| t.parts.iter().map(|p| p.name.as_str()).collect());
    let names = block.positions.iter().enumerate().map(|(i, p)| {
        let Some(variables) = &variables else { return (i + 1).to_string() };
        let levels: Vec<String> = cells[*p]
            .stripe
            .name
            .split('#')
            .filter_map(|part| part.split_once('.'))
            .filter(|(_, v)| variables.contains(v))
            .map(|(level, v)| match (labels, level.parse()) {
                (Some(session), Ok(number)) => level_name(session, v, number),
                _ => level.to_string(),
            })
            .collect();
        let mark = if labels.is_some() { " " } else { "#" };
        if levels.len() > 1 { format!("({})", levels.join(mark)) } else { levels.join(mark) }
    });
    names.collect()
}
