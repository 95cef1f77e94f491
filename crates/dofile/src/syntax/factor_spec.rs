//! How factors are written: prefixes such as `ib2.` and `L2D.`, interactions, parentheses. What they expand to is in
//! `factor`.

use super::numlist;
use super::split::{matching_paren, words};
use super::varlist;
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::tsset::TsOp;

/// Which level is the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Base {
    #[default]
    Default,
    Level(i64),
    First,
    Last,
    Freq,
    Nth(usize),
    None,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Plain,
    Cont { omitted: bool },
    Factor { levels: Option<Vec<i64>>, base: Base, omitted: bool },
}

/// A factor as written, for one variable.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spec {
    pub(super) var: String,
    pub(super) ts: TsOp,
    pub(super) kind: Kind,
}

impl Spec {
    /// Reads `ib2`, `c`, `L2D`, `2`, `io(2 3)`, … before the dot; several where `L(1/3)` asks for them.
    pub(super) fn parse_prefix(prefix: &str) -> Result<Vec<Spec>> {
        let bad = || StataError::new(198, format!("{prefix}.: invalid operator"));
        let mut specs = vec![Spec { var: String::new(), ts: TsOp::default(), kind: Kind::Plain }];
        let b = prefix.as_bytes();
        let mut i = 0;
        while i < b.len() {
            let c = b[i].to_ascii_lowercase();
            i += 1;
            if c.is_ascii_digit() {
                i -= 1;
            }
            // an argument: digits or a parenthesised list
            let start = i;
            let mut arg = String::new();
            if b.get(i) == Some(&b'(') {
                let end = matching_paren(prefix, i).ok_or_else(bad)?;
                arg = prefix.get(i + 1..end).ok_or_else(bad)?.trim().to_string();
                i = end + 1;
            } else {
                while b.get(i).is_some_and(|c| c.is_ascii_digit()) {
                    i += 1;
                }
                arg.push_str(prefix.get(start..i).ok_or_else(bad)?);
            }
            let numbers = || -> Result<Vec<i64>> {
                Ok(numlist::expand(&arg).map_err(|_| bad())?.iter().map(|x| *x as i64).collect())
            };
            match c {
                b'.' => {}
                b'l' | b'f' | b'd' | b's' => {
                    let ns = if arg.is_empty() { vec![1] } else { numbers()? };
                    if ns.iter().any(|n| n.abs() > 10_000) {
                        return Err(bad());
                    }
                    specs = specs.iter().flat_map(|s| ns.iter().map(move |&n| s.with_ts(c, n))).collect();
                }
                b'c' => specs.iter_mut().for_each(|s| s.kind = Kind::Cont { omitted: false }),
                b'o' => {
                    let listed = if arg.is_empty() { None } else { Some(numbers()?) };
                    specs.iter_mut().for_each(|s| s.omit(&listed));
                }
                b'i' => {
                    let listed = if arg.is_empty() { None } else { Some(numbers()?) };
                    specs.iter_mut().for_each(|s| s.factor(listed.clone(), None));
                }
                b'b' => {
                    let base = match (arg.as_str(), b.get(i)) {
                        ("", Some(b'n')) => {
                            i += 1;
                            Base::None
                        }
                        ("", _) => Base::Level(i64::MIN),
                        ("first", _) => Base::First,
                        ("last", _) => Base::Last,
                        ("freq", _) => Base::Freq,
                        ("none", _) => Base::None,
                        (a, _) if a.starts_with('#') => Base::Nth(a[1..].trim().parse().map_err(|_| bad())?),
                        (a, _) => Base::Level(a.parse().map_err(|_| bad())?),
                    };
                    specs.iter_mut().for_each(|s| s.factor(None, Some(base)));
                }
                b'0'..=b'9' => {
                    let level: i64 = arg.parse().map_err(|_| bad())?;
                    specs.iter_mut().for_each(|s| s.factor(Some(vec![level]), None));
                }
                _ => return Err(bad()),
            }
        }
        for s in &mut specs {
            if let Kind::Factor { levels: Some(levels), base: base @ Base::Level(i64::MIN), .. } = &mut s.kind
            {
                *base = Base::Level(levels.first().copied().unwrap_or(0));
            }
        }
        Ok(specs)
    }

    pub(super) fn with_ts(&self, letter: u8, n: i64) -> Self {
        let mut s = self.clone();
        match letter {
            b'l' => s.ts.lag += n as i32,
            b'f' => s.ts.lag -= n as i32,
            b'd' => s.ts.diff += n as u32,
            _ => s.ts.seasonal = n as u32,
        }
        s
    }

    pub(super) fn omit(&mut self, listed: &Option<Vec<i64>>) {
        match &mut self.kind {
            Kind::Plain => self.kind = Kind::Cont { omitted: true },
            Kind::Cont { omitted } => *omitted = true,
            Kind::Factor { levels, omitted, .. } => {
                *omitted = true;
                if listed.is_some() {
                    levels.clone_from(listed);
                }
            }
        }
    }

    pub(super) fn factor(&mut self, listed: Option<Vec<i64>>, new_base: Option<Base>) {
        if !matches!(self.kind, Kind::Factor { .. }) {
            let omitted = matches!(self.kind, Kind::Cont { omitted: true });
            self.kind = Kind::Factor { levels: None, base: Base::Default, omitted };
        }
        if let Kind::Factor { levels, base, .. } = &mut self.kind {
            if listed.is_some() {
                *levels = listed;
            }
            if let Some(b) = new_base {
                *base = b;
            }
        }
    }
}

/// Words of a list with blanks around `#`, `-` and after operators removed.
pub(super) fn join_ranges(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for w in words(text) {
        let glue = w == "-"
            || w.starts_with('#')
            || w.starts_with('-')
            || out.last().is_some_and(|l| l.ends_with(['#', '-', '.']));
        match out.last_mut() {
            Some(last) if glue => last.push_str(w),
            _ => out.push(w.to_string()),
        }
    }
    out
}

pub(super) fn parse_term(frame: &Frame, word: &str, abbrev: bool) -> Result<Vec<Vec<Spec>>> {
    // split at # and ## outside parentheses
    let b = word.as_bytes();
    let (mut pieces, mut joins) = (Vec::new(), Vec::new());
    let (mut i, mut start, mut depth) = (0, 0, 0i32);
    while i < b.len() {
        match b[i] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'#' if depth == 0 => {
                pieces.push(&word[start..i]);
                let double = b.get(i + 1) == Some(&b'#');
                joins.push(double);
                i += usize::from(double);
                start = i + 1;
            }
            _ => {}
        }
        i += 1;
    }
    pieces.push(&word[start..]);
    if pieces.len() > 8 {
        return Err(StataError::standard(145));
    }
    let inter = pieces.len() > 1;
    let factors: Result<Vec<Vec<Vec<Spec>>>> =
        pieces.iter().map(|p| parse_factor(frame, p, abbrev, inter)).collect();
    let mut factors = factors?.into_iter();
    let mut acc = factors.next().unwrap_or_default();
    for (next, double) in factors.zip(joins) {
        let product: Vec<Vec<Spec>> =
            acc.iter().flat_map(|a| next.iter().map(move |n| [&a[..], &n[..]].concat())).collect();
        if double {
            acc.extend(next);
            acc.extend(product);
        } else {
            acc = product;
        }
    }
    for term in &mut acc {
        if term.len() > 1 {
            // factors come before continuous variables in the names of interactions
            term.sort_by_key(|s| !matches!(s.kind, Kind::Factor { .. }));
        }
    }
    Ok(acc)
}

/// One factor as written: `x`, `i.x`, `c.(x y)`, `(a b)`, to alternatives of terms.
pub(super) fn parse_factor(frame: &Frame, text: &str, abbrev: bool, inter: bool) -> Result<Vec<Vec<Spec>>> {
    let (prefix, names) = split_prefix(text);
    let names = match names.strip_prefix('(').and_then(|n| n.strip_suffix(')')) {
        Some(inner) if inner.contains(['.', '#']) => {
            let mut out = Vec::new();
            for word in join_ranges(inner) {
                let word = if prefix.is_empty() { word } else { format!("{prefix}.{word}") };
                out.extend(parse_term(frame, &word, abbrev)?);
            }
            if inter {
                out.iter_mut().flatten().for_each(factor_if_plain);
            }
            return Ok(out);
        }
        Some(inner) => inner,
        None => names,
    };
    let specs = if prefix.is_empty() {
        vec![Spec { var: String::new(), ts: TsOp::default(), kind: Kind::Plain }]
    } else {
        Spec::parse_prefix(prefix)?
    };
    let mut out = Vec::new();
    for i in varlist::resolve(frame, names, abbrev)? {
        for s in &specs {
            let mut s = Spec { var: frame.var(i).name.clone(), ..s.clone() };
            if inter {
                factor_if_plain(&mut s);
            }
            if frame.var(i).is_string() && !(matches!(s.kind, Kind::Plain) && s.ts.is_none()) {
                let text = format!("{}:  string variables may not be used as factor variables", s.var);
                return Err(StataError::new(109, text));
            }
            out.push(vec![s]);
        }
    }
    if out.is_empty() {
        return Err(StataError::syntax());
    }
    Ok(out)
}

/// Time-series operators as one, such as `L2D` for `l.ld`.
///
/// # Errors
/// r(198) for what is none.
pub(crate) fn canonical_operators(text: &str) -> Result<String> {
    let specs = Spec::parse_prefix(text)?;
    match &specs[..] {
        [one] if one.kind == Kind::Plain => Ok(one.ts.prefix()),
        _ => Err(StataError::new(198, format!("{text}: invalid time-series operator"))),
    }
}

pub(super) fn factor_if_plain(s: &mut Spec) {
    if s.kind == Kind::Plain {
        s.factor(None, None);
    }
}

/// Splits `ib(last).x` into operator and name at the last dot outside parentheses.
pub(super) fn split_prefix(text: &str) -> (&str, &str) {
    let b = text.as_bytes();
    let mut depth = 0;
    let mut dot = None;
    for (i, c) in b.iter().enumerate() {
        match c {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'.' if depth == 0 => dot = Some(i),
            _ => {}
        }
    }
    match dot {
        Some(i) => (&text[..i], &text[i + 1..]),
        None => ("", text),
    }
}
