//! Groups of rows by the values of variables (`by()`, `over()`), and values as texts.

use std::collections::BTreeMap;

use crate::format;
use crate::ops::graphs::by_options::ByOptions;
use crate::session::Session;
use crate::value::is_missing;

/// A value of a row as a reader sees it: its value label, its text, or its number.
pub(super) fn value_text(session: &Session, variable: usize, row: usize) -> String {
    let v = session.frame.var(variable);
    if v.is_string() {
        return session.frame.str_at(variable, row).to_owned();
    }
    let number = session.frame.num_at(variable, row);
    match session.frame.labels_of(variable).and_then(|set| set.get(number)) {
        Some(text) => text.to_owned(),
        None => format::bare(&v.format, number),
    }
}

/// One group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Texts of its values, one per variable.
    pub(super) texts: Vec<String>,
    /// Its rows.
    pub(super) rows: Vec<usize>,
}

impl Group {
    /// The texts in one line.
    pub(super) fn text(&self) -> String {
        self.texts.join(", ")
    }

    /// Its rows as marks.
    pub(super) fn mask(&self, n: usize) -> Vec<bool> {
        let mut mask = vec![false; n];
        self.rows.iter().for_each(|&r| mask[r] = true);
        mask
    }
}

/// Order of a value: numbers by size with missing values last, texts alphabetically.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

/// Bits of a double that sort as the number does.
fn sortable(x: f64) -> i64 {
    let bits = (if x == 0.0 { 0.0 } else { x }).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The groups of the selected rows in rising order; rows with a missing value are left out unless
/// `missing`.
pub(super) fn groups(session: &Session, vars: &[usize], rows: &[bool], missing: bool) -> Vec<Group> {
    let mut found: BTreeMap<Vec<Key>, Group> = BTreeMap::new();
    for row in (0..rows.len()).filter(|&r| rows[r]) {
        let absent = |v: usize| {
            if session.frame.var(v).is_string() {
                session.frame.str_at(v, row).is_empty()
            } else {
                is_missing(session.frame.num_at(v, row))
            }
        };
        if !missing && vars.iter().any(|&v| absent(v)) {
            continue;
        }
        let key = |&v: &usize| {
            if session.frame.var(v).is_string() {
                Key::Text(session.frame.str_at(v, row).to_owned())
            } else {
                Key::Number(sortable(session.frame.num_at(v, row)))
            }
        };
        found
            .entry(vars.iter().map(key).collect())
            .or_insert_with(|| Group {
                texts: vars.iter().map(|&v| value_text(session, v, row)).collect(),
                rows: Vec::new(),
            })
            .rows
            .push(row);
    }
    found.into_values().collect()
}

/// The panels of a graph: titles and rows, one without `by()`.
pub(super) fn panels(session: &Session, by: Option<&ByOptions>, rows: &[bool]) -> Vec<(String, Vec<bool>)> {
    let n = rows.len();
    let Some(by) = by else { return vec![(String::new(), vec![true; n])] };
    let found = groups(session, &by.vars, rows, by.missing);
    let total = by.total.then(|| ("Total".to_owned(), vec![true; n]));
    found.iter().map(|group| (group.text(), group.mask(n))).chain(total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut values = [3.0, -1.0, 0.0, -2.5, 1e300, -0.0];
        values.sort_by_key(|x| sortable(*x));
        assert_eq!(values, [-2.5, -1.0, 0.0, 0.0, 3.0, 1e300]);
    }
}
