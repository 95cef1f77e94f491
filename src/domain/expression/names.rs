//! Names of columns around conditions: the nearest ones to a name that does not exist, and renaming within
//! the text of a condition.

use std::collections::BTreeMap;

use super::lexer::{Token, tokens};
use crate::domain::dataset::Column;

/// Returns up to five columns whose names are close to a name that does not exist, closest first.
pub(crate) fn nearest(name: &str, columns: &[Column]) -> Vec<String> {
    let wanted = name.to_lowercase();
    let as_in_file = called(name, columns).map(|c| c.name.as_str());
    let distance_to = |c: &Column| match Some(c.name.as_str()) == as_in_file {
        true => 0,
        false => distance(&wanted, &c.name.to_lowercase()),
    };
    let mut scored: Vec<(usize, usize, &str)> =
        columns.iter().enumerate().map(|(i, c)| (distance_to(c), i, c.name.as_str())).collect();
    scored.sort();
    scored.into_iter().take(5).map(|(_, _, name)| name.to_owned()).collect()
}

/// Returns the column that the file calls so and that has another name here.
pub(crate) fn called<'a>(name: &str, columns: &'a [Column]) -> Option<&'a Column> {
    let wanted = name.trim();
    let is = |c: &&Column| !wanted.is_empty() && c.original_name.trim() == wanted && c.name != wanted;
    columns.iter().find(is)
}

/// Levenshtein's distance in characters; a common beginning counts as near, the same name in other letters is nearest.
fn distance(a: &str, b: &str) -> usize {
    if a == b {
        return 0;
    }
    if !a.is_empty() && (b.starts_with(a) || a.starts_with(b)) {
        return 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Renames columns in the text of a condition; a text that is no condition comes back as it is.
pub fn rename_columns(text: &str, renamed: &BTreeMap<String, String>) -> String {
    let Ok(tokens) = tokens(text) else { return text.to_owned() };
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    for (i, placed) in tokens.iter().enumerate() {
        let Token::Name(name) = &placed.token else { continue };
        let is_call = tokens.get(i + 1).is_some_and(|t| t.token == Token::Symbol("("));
        if let Some(new) = renamed.get(name).filter(|_| !is_call) {
            out.extend(&chars[at..placed.at]);
            out.push_str(new);
            at = placed.at + name.chars().count();
        }
    }
    out.extend(&chars[at..]);
    out
}
