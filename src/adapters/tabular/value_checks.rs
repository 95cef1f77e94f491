//! Values of a column under a rule: which rows break it, and which values there are.

use super::convert::number_text;
use super::count::Columns;
use crate::ports::tabular::{FoundValues, ValueRule};

/// Takes the value of a column in a row; `number` counts the rows of the data from 1.
pub(super) fn take(
    found: &mut FoundValues,
    rule: ValueRule,
    columns: &Columns<'_>,
    (name, row): (&str, usize),
    number: u64,
) {
    if columns.missing(name, row) {
        return;
    }
    found.present += 1;
    let value = columns.number(name, row);
    let is_broken = match (rule, value) {
        (rule, _) if rule.takes_texts() => false,
        (_, None) => true,
        (ValueRule::NotNegative, Some(x)) => x < 0.0,
        (ValueRule::AboveZero, Some(x)) => x <= 0.0,
        (_, Some(x)) => x != 0.0 && x != 1.0,
    };
    if is_broken {
        found.broken.add(vec![number]);
    }
    found.ones += u64::from(value == Some(1.0));
    // when as many values are known as are kept, the rows of each do not matter any more
    if found.different.len() >= rule.most_kept() {
        return;
    }
    let text = value.map(number_text).or_else(|| {
        let bytes = columns.bytes(name, row)?;
        Some(format!("\"{}\"", String::from_utf8_lossy(&bytes)))
    });
    let Some(text) = text else { return };
    match found.different.iter().position(|known| *known == text) {
        Some(at) => found.rows[at] += 1,
        None => {
            found.different.push(text);
            found.rows.push(1);
        }
    }
}
