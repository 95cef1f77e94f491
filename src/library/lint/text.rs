//! Reading of statements below commands: quotes, macros, parentheses; and what may stand nowhere in a body.

use super::{Finding, commands::FILE_FUNCTIONS};

/// Refuses characters that are not seen or look like a blank.
pub(super) fn check_characters(source: &str, findings: &mut Vec<Finding>) {
    for (i, line) in source.lines().enumerate() {
        let unseen = line.chars().find(|c| is_unseen(*c));
        if let Some(c) = unseen {
            let reason = format!("the character U+{:04X} is not seen or looks like a blank", u32::from(c));
            findings.push(Finding::new(i + 1, reason));
        }
    }
}

fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\r'))
        || matches!(c, '\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{3000}' | '\u{feff}')
        || ('\u{2000}'..='\u{200f}').contains(&c)
        || ('\u{2028}'..='\u{202f}').contains(&c)
        || ('\u{205f}'..='\u{206f}').contains(&c)
}

/// Looks for functions that touch files, functions named by macros, and places of the machine.
pub(super) fn check_functions(text: &str, add: &mut dyn FnMut(String)) {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    for function in FILE_FUNCTIONS {
        if dense.contains(function) {
            add(format!("`{function})` touches files"));
        }
    }
    for place in ["c(pwd)", "c(sysdir", "c(tmpdir)", "c(username)", "c(hostname)", "c(adopath)"] {
        if dense.contains(place) {
            add("folders and users of the machine are refused".to_owned());
        }
    }
    let chars: Vec<char> = text.chars().collect();
    let named = chars.windows(3).any(|w| w[0] != '"' && w[1] == '\'' && w[2] == '(');
    if named {
        add("a function named by a macro".to_owned());
    }
}

/// A piece of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Name, number, text, macro.
    Atom,
    Open,
    Close,
    Blank,
    Other,
}

/// Splits a text at the ends of its pieces; macros and quotes are one piece each.
fn pieces(text: &str) -> Vec<(Piece, &str)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().unwrap_or(' ');
        let (piece, length) = if rest.starts_with("`\"") {
            (Piece::Atom, balanced(rest, "`\"", "\"'"))
        } else if c == '`' {
            (Piece::Atom, balanced(rest, "`", "'"))
        } else if c == '"' {
            (Piece::Atom, rest[1..].find('"').map_or(rest.len(), |i| i + 2))
        } else if c.is_whitespace() {
            (Piece::Blank, c.len_utf8())
        } else if c.is_alphanumeric() || matches!(c, '_' | '.') {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
            (Piece::Atom, end.unwrap_or(rest.len()))
        } else {
            let piece = match c {
                '(' | '[' => Piece::Open,
                ')' | ']' => Piece::Close,
                _ => Piece::Other,
            };
            (piece, c.len_utf8())
        };
        out.push((piece, &rest[..length]));
        at += length;
    }
    out
}

/// The length of a text up to the mark that closes the one that it begins with.
fn balanced(text: &str, open: &str, close: &str) -> usize {
    let (mut at, mut depth) = (0, 0usize);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(open) {
            depth += 1;
            at += open.len();
        } else if rest.starts_with(close) {
            depth -= 1;
            at += close.len();
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// True where two operands follow each other without an operator, as in `1 shell ls`.
pub(super) fn has_adjacent_atoms(text: &str) -> bool {
    let mut ended = false;
    let mut blank = false;
    for (piece, _) in pieces(text) {
        match piece {
            Piece::Blank => blank = true,
            Piece::Atom if ended && blank => return true,
            Piece::Atom | Piece::Close => (ended, blank) = (true, false),
            Piece::Open | Piece::Other => (ended, blank) = (false, false),
        }
    }
    false
}

/// The macros of a text that stand outside quotes: names, or with a leading `:` or `=`.
pub(super) fn macros_outside_quotes(text: &str) -> Vec<String> {
    let inner = |piece: &str| piece.strip_prefix('`')?.strip_suffix('\'').map(|m| m.trim().to_owned());
    pieces(text)
        .into_iter()
        .filter(|(_, piece)| piece.starts_with('`') && !piece.starts_with("`\""))
        .filter_map(|(_, piece)| inner(piece))
        .collect()
}

/// The texts in quotes.
pub(super) fn strings(text: &str) -> Vec<&str> {
    pieces(text)
        .into_iter()
        .map(|(_, p)| p)
        .filter(|p| p.starts_with(['"']) || p.starts_with("`\""))
        .collect()
}

/// A text without the quotes around all of it.
pub(super) fn unquoted(text: &str) -> &str {
    match pieces(text).as_slice() {
        [(_, piece)] if piece.starts_with("`\"") => &piece[2..piece.len().saturating_sub(2).max(2)],
        [(_, piece)] if piece.starts_with('"') => piece.trim_matches('"'),
        _ => text,
    }
}

/// The place of the first of some characters outside quotes, macros and parentheses.
pub(super) fn top_level(text: &str, wanted: char) -> Option<usize> {
    let (mut at, mut depth) = (0usize, 0usize);
    for (piece, part) in pieces(text) {
        match piece {
            Piece::Open => depth += 1,
            Piece::Close => depth = depth.saturating_sub(1),
            Piece::Other if depth == 0 && part.starts_with(wanted) => return Some(at),
            _ => {}
        }
        at += part.len();
    }
    None
}
