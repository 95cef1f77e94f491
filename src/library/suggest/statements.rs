//! The main statement of a question: the pattern that fits it, with the columns of its sides.

use regex::Regex;

use super::phrases::columns_of;

/// A statement as its pattern reads it; columns by position.
pub(super) struct Statement<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) outcome: Vec<usize>,
    pub(super) causes: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) moderators: Vec<usize>,
    /// Columns without sides.
    pub(super) pool: Vec<usize>,
    /// The outcome, and then what explains it.
    pub(super) in_order: Vec<usize>,
}

/// The statement of the first pattern that fits: its id, its kind, its expression.
pub(super) fn statement<'a>(patterns: &'a [(String, String, Regex)], text: &str) -> Option<Statement<'a>> {
    let mut fitting = patterns.iter().filter(|(_, _, pattern)| pattern.is_match(text));
    fitting.find_map(|(id, kind, pattern)| {
        let found = pattern.captures(text)?;
        let of = |name: &str| found.name(name).map(|m| columns_of(m.as_str())).unwrap_or_default();
        let (outcome, causes) = (of("y"), of("x"));
        // the same column on both sides is no statement
        let is_one = !causes.iter().any(|c| outcome.contains(c)) || outcome.len() + causes.len() > 2;
        is_one.then(|| Statement {
            id,
            kind,
            outcome,
            causes,
            groups: of("g"),
            moderators: of("m"),
            pool: of("p"),
            in_order: of("r"),
        })
    })
}

/// The sentences up to the last question mark, where statements follow that ask for nothing. `mark` is that of a column.
pub(super) fn asked_first<'a>(text: &'a str, mark: &Regex) -> Option<&'a str> {
    let (at, sign) = text.char_indices().rfind(|(_, c)| matches!(c, '?' | '？'))?;
    let (asked, rest) = text.split_at(at + sign.len_utf8());
    (rest.chars().any(char::is_alphabetic) && mark.is_match(asked)).then_some(asked)
}
