//! Variable lists: names, abbreviations, wildcards and ranges, to positions.

use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType, is_valid_name};
use std::borrow::Cow;

/// True when a pattern with `*`, `?` or `~` matches a name.
pub fn wildcard(pattern: &str, name: &str) -> bool {
    fn go(p: &[char], n: &[char]) -> bool {
        match p.split_first() {
            None => n.is_empty(),
            Some((&('*' | '~'), rest)) => (0..=n.len()).any(|k| go(rest, &n[k..])),
            Some((&'?', rest)) => !n.is_empty() && go(rest, &n[1..]),
            Some((c, rest)) => n.first() == Some(c) && go(rest, &n[1..]),
        }
    }
    go(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

/// The list without parentheses around parts of it, `(a b) c`; a list with others stays as it is.
fn without_parentheses(list: &str) -> Cow<'_, str> {
    if !list.contains('(') {
        return Cow::Borrowed(list);
    }
    let (mut depth, mut before) = (0_i32, ' ');
    for c in list.chars() {
        match c {
            '(' if !before.is_whitespace() && before != '(' => return Cow::Borrowed(list),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Cow::Borrowed(list);
        }
        before = c;
    }
    if depth == 0 { Cow::Owned(list.replace(['(', ')'], " ")) } else { Cow::Borrowed(list) }
}

/// Splits a list into tokens, joining ranges written with blanks (`a - c`).
fn tokens(list: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut join = false;
    for word in without_parentheses(list).split_whitespace() {
        if (word == "-" || word.starts_with('-') || join)
            && let Some(last) = out.last_mut()
        {
            last.push_str(word);
            join = word.ends_with('-');
            continue;
        }
        join = word.ends_with('-');
        out.push(word.to_string());
    }
    out
}

/// Resolves a list to positions, in the order written (a name may repeat).
/// An empty list gives no positions; r(111) for what is not found.
pub fn resolve(frame: &Frame, list: &str, abbrev: bool) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for t in tokens(list) {
        if t == "_all" || t == "*" {
            out.extend(0..frame.n_vars());
        } else if t.contains(['*', '?']) || t.contains('~') {
            let before = out.len();
            out.extend((0..frame.n_vars()).filter(|&i| wildcard(&t, &frame.var(i).name)));
            if out.len() == before {
                return Err(StataError::no_variable(&t));
            }
            if t.contains('~') && out.len() > before + 1 {
                return Err(StataError::new(111, format!("{t} ambiguous abbreviation")));
            }
        } else if let Some((a, b)) = t.split_once('-') {
            let (i, j) = (frame.find_abbrev(a, abbrev)?, frame.find_abbrev(b, abbrev)?);
            if i > j {
                return Err(StataError::new(111, format!("variables out of order\n{a}-{b} not valid")));
            }
            out.extend(i..=j);
        } else if is_valid_name(&t) || frame.find(&t).is_some() {
            out.push(frame.find_abbrev(&t, abbrev)?);
        } else {
            let wrong = t.chars().find(|c| !c.is_alphanumeric() && *c != '_');
            return Err(match wrong {
                Some(_) => StataError::new(198, format!("{t} invalid name")),
                None => StataError::no_variable(&t),
            });
        }
    }
    Ok(out)
}

/// Like [`resolve`], each variable once.
pub fn resolve_unique(frame: &Frame, list: &str, abbrev: bool) -> Result<Vec<usize>> {
    let mut seen = vec![false; frame.n_vars()];
    let mut all = resolve(frame, list, abbrev)?;
    all.retain(|&i| !std::mem::replace(&mut seen[i], true));
    Ok(all)
}

/// Refuses a name that no new variable can have: not a name, r(198), or taken, r(110).
///
/// # Errors
/// As above.
pub fn check_new(frame: &Frame, name: &str) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if frame.find(name).is_some() { Err(StataError::already_defined(name)) } else { Ok(()) }
}

/// The words of a list of new variables with their types. A type belongs to the next word, or to all words in the
/// parentheses after it ([U] 11.4.2); the others have the usual one.
pub fn typed_words(list: &str, usual: StorageType) -> Result<Vec<(&str, StorageType)>> {
    let mut out = Vec::new();
    let mut ty = usual;
    let mut rest = list.trim();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('(') {
            let (names, after) =
                inner.split_once(')').ok_or_else(|| StataError::new(132, "unbalanced parentheses"))?;
            out.extend(names.split_whitespace().map(|name| (name, ty)));
            ty = usual;
            rest = after.trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
        let word = &rest[..end];
        rest = rest[end..].trim_start();
        match StorageType::parse(word) {
            Some(found) => ty = found,
            None => {
                out.push((word, ty));
                ty = usual;
            }
        }
    }
    Ok(out)
}

/// New variable names, with ranges `x1-x3`; r(110) when one exists, r(198) when one is no name.
pub fn new_names(frame: &Frame, list: &str) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for t in list.split_whitespace() {
        match t.split_once('-') {
            Some((a, b)) => {
                let digits = |s: &str| s.len() - s.trim_end_matches(|c: char| c.is_ascii_digit()).len();
                let (stem, from) = a.split_at(a.len() - digits(a));
                let to = b.strip_prefix(stem).and_then(|s| s.parse::<u32>().ok());
                match (from.parse::<u32>().ok(), to) {
                    (Some(from), Some(to)) if from <= to && to - from < 100_000 => {
                        out.extend((from..=to).map(|k| format!("{stem}{k}")));
                    }
                    _ => return Err(StataError::new(198, format!("{t} invalid varname"))),
                }
            }
            None => out.push(t.to_string()),
        }
    }
    for name in &out {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid varname")));
        }
        if frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
    }
    Ok(out)
}
