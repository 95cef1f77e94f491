//! Patterns of names: wildcards and what they stand for ([D] rename group).

use crate::error::{Result, StataError};

/// A piece of a pattern.
#[derive(Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    /// `*` of old names, of new names what it stood for.
    Any,
    /// `?`
    One,
    /// `#` (no count) or `(##)` (that many digits).
    Number(Option<usize>),
    /// `=` of new names: the whole old name.
    Whole,
    /// `.` of new names: a wildcard of the old name that is left out.
    Skipped,
}

/// Pieces, each with the explicit subscript of a new name (`*[2]`).
pub(super) fn pieces(pattern: &str) -> Result<Vec<(Piece, Option<usize>)>> {
    let c: Vec<char> = pattern.chars().collect();
    let mut out: Vec<(Piece, Option<usize>)> = Vec::new();
    let mut i = 0;
    while i < c.len() {
        let piece = match c[i] {
            '*' => Piece::Any,
            '?' => Piece::One,
            '=' => Piece::Whole,
            '.' => Piece::Skipped,
            '#' => Piece::Number(None),
            '(' => {
                let digits = c[i + 1..].iter().take_while(|x| **x == '#').count();
                if digits == 0 || c.get(i + 1 + digits) != Some(&')') {
                    return Err(StataError::new(198, format!("{pattern} invalid name")));
                }
                i += digits + 1;
                Piece::Number(Some(digits))
            }
            x => {
                if let Some((Piece::Text(t), _)) = out.last_mut() {
                    t.push(x);
                } else {
                    out.push((Piece::Text(x.to_string()), None));
                }
                i += 1;
                continue;
            }
        };
        i += 1;
        let mut subscript = None;
        if c.get(i) == Some(&'[') {
            let close = c[i..].iter().position(|x| *x == ']').ok_or_else(StataError::syntax)? + i;
            let number: String = c[i + 1..close].iter().collect();
            subscript = Some(number.trim().parse().map_err(|_| StataError::syntax())?);
            i = close + 1;
        }
        out.push((piece, subscript));
    }
    Ok(out)
}

/// What the wildcards of a pattern stand for in a name: the shortest text for `*`, whole numbers for `#`.
pub(super) fn matched(pattern: &[(Piece, Option<usize>)], name: &[char]) -> Option<Vec<(Piece, String)>> {
    let Some(((piece, _), rest)) = pattern.split_first() else {
        return name.is_empty().then(Vec::new);
    };
    let take = |n: usize| -> Option<Vec<(Piece, String)>> {
        let mut all = vec![(piece.clone(), name[..n].iter().collect())];
        all.extend(matched(rest, &name[n..])?);
        Some(all)
    };
    let digits = name.iter().take_while(|x| x.is_ascii_digit()).count();
    match piece {
        Piece::Text(t) => {
            let n = t.chars().count();
            (name.len() >= n && name[..n].iter().copied().eq(t.chars()))
                .then(|| matched(rest, &name[n..]))
                .flatten()
        }
        // a number is matched whole: text before it does not end with a digit
        Piece::Any => {
            let number = matches!(rest.first(), Some((Piece::Number(_), _)));
            (0..=name.len()).find_map(|n| {
                let cuts = number && n > 0 && name[n - 1].is_ascii_digit();
                if cuts { None } else { take(n) }
            })
        }
        Piece::One => (!name.is_empty()).then(|| take(1)).flatten(),
        Piece::Number(None) => (digits > 0).then(|| take(digits)).flatten(),
        Piece::Number(Some(n)) => (digits == *n).then(|| take(*n)).flatten(),
        Piece::Whole | Piece::Skipped => None,
    }
}
