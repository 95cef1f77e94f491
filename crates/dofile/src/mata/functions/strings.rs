//! Functions of texts that differ from those of the do-file language in arguments or results ([M-4] String). The others
//! are element-wise functions of the do-file language.

use super::{Builtin, Run, full, pure};
use crate::expr::functions::replace_text;
use crate::format::Format;
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::operators::broadcast;
use crate::mata::value::{Text, Value};
use crate::syntax::options::parse_number;
use crate::value::{MISSING, is_missing};

pub(super) const TABLE: &[Builtin] = &[
    pure("strtoreal", 1, 1, |a| {
        Ok(Value::real(a.texts(0)?.map(|t| parse_number(t.trim()).unwrap_or(MISSING))))
    }),
    full("_strtoreal", 2, 2, |_, a| {
        // the number of texts that are no numbers is returned
        let texts = a.texts(0)?;
        let bad = texts.data().iter().filter(|t| parse_number(t.trim()).is_none() && t.trim() != ".").count();
        let numbers = texts.map(|t| parse_number(t.trim()).unwrap_or(MISSING));
        a.set(1, Value::real(numbers));
        Ok(Some(Value::count(bad)))
    }),
    pure("strofreal", 1, 2, |a| {
        let x = a.real(0)?;
        let formats = if a.len() > 1 { a.texts(1)? } else { Grid::scalar("%9.0g".into()) };
        let plain = a.len() == 1;
        let mut wrong = false;
        let out = broadcast(&x, &formats, |x, f: &Text| match Format::parse(f) {
            Some(f) if !f.is_string() => {
                let text = f.number(*x);
                if plain { text.trim().into() } else { text.as_str().into() }
            }
            _ => {
                wrong = true;
                Text::from("")
            }
        })?;
        if wrong { Err(Fault::code(3302)) } else { Ok(Value::Text(out)) }
    }),
    pure("substr", 2, 3, |a| parts(a, bytes_of)),
    pure("usubstr", 2, 3, |a| parts(a, characters_of)),
    full("_substr", 3, 3, |_, a| {
        let (target, piece, at) = (a.text(0)?, a.text(1)?, a.count(2)?);
        let mut bytes = target.as_bytes().to_vec();
        let start =
            at.checked_sub(1).filter(|s| s + piece.len() <= bytes.len()).ok_or_else(|| Fault::code(3300))?;
        bytes[start..start + piece.len()].copy_from_slice(piece.as_bytes());
        a.set(0, Value::text(String::from_utf8_lossy(&bytes)));
        Ok(None)
    }),
    pure("subinstr", 3, 4, |a| substitute(a, false)),
    pure("usubinstr", 3, 4, |a| substitute(a, false)),
    pure("subinword", 3, 4, |a| substitute(a, true)),
    pure("regexs", 0, 1, groups),
    pure("ustrregexs", 0, 1, groups),
    pure("regexm", 2, 2, matched),
    pure("ustrregexm", 2, 3, matched),
    pure("strdup", 2, 2, |a| {
        let (n, t) = if a.is_text(0) { (a.real(1)?, a.texts(0)?) } else { (a.real(0)?, a.texts(1)?) };
        let repeated = |n: f64, t: &Text| {
            let times = if is_missing(n) || n < 1.0 { 0 } else { n as usize };
            Text::from(t.repeat(times.min((1 << 24) / t.len().max(1))))
        };
        Ok(Value::Text(broadcast(&n, &t, |n, t| repeated(*n, t))?))
    }),
    pure("ascii", 1, 1, |a| Ok(Value::row(a.text(0)?.bytes().map(f64::from).collect()))),
    pure("char", 1, 1, |a| {
        let codes = a.vector(0)?;
        let byte = |x: f64| if (0.0..256.0).contains(&x) { Ok(x as u8) } else { Err(Fault::code(3300)) };
        let bytes: Vec<u8> = codes.data().iter().map(|x| byte(*x)).collect::<Run<_>>()?;
        Ok(Value::text(bytes.iter().map(|b| char::from(*b)).collect::<String>()))
    }),
];

/// Start and end of a part among `len` units; nothing where it has none.
fn span(len: usize, from: f64, count: f64) -> Option<(usize, usize)> {
    if is_missing(from) || from == 0.0 {
        return None;
    }
    let total = len as f64;
    let start = if from > 0.0 { from.trunc() - 1.0 } else { total + from.trunc() };
    let end = if is_missing(count) { total } else { (start + count.trunc()).min(total) };
    let start = start.max(0.0);
    (start < end).then_some((start as usize, end as usize))
}

fn bytes_of(t: &str, from: f64, count: f64) -> String {
    span(t.len(), from, count)
        .map_or(String::new(), |(a, b)| String::from_utf8_lossy(&t.as_bytes()[a..b]).into_owned())
}

fn characters_of(t: &str, from: f64, count: f64) -> String {
    span(t.chars().count(), from, count)
        .map_or(String::new(), |(a, b)| t.chars().skip(a).take(b - a).collect())
}

fn parts(a: &Args, part: impl Fn(&str, f64, f64) -> String) -> Run<Value> {
    let lengths = if a.len() > 2 { a.real(2)? } else { Grid::scalar(MISSING) };
    let places = broadcast(&a.real(1)?, &lengths, |from, count| (*from, *count))?;
    let out = broadcast(&a.texts(0)?, &places, |t, (from, count)| Text::from(part(t, *from, *count)))?;
    Ok(Value::Text(out))
}

/// `subinstr(s, old, new [, count])`.
fn substitute(a: &Args, words: bool) -> Run<Value> {
    let counts = if a.len() > 3 { a.real(3)? } else { Grid::scalar(MISSING) };
    let pairs = broadcast(&a.texts(1)?, &a.texts(2)?, |old, new| (old.clone(), new.clone()))?;
    let rules = broadcast(&pairs, &counts, |p: &(Text, Text), n| (p.clone(), *n))?;
    let out = broadcast(&a.texts(0)?, &rules, |t, ((old, new), n)| {
        Text::from(replace_text(t, old, new, *n, words))
    })?;
    Ok(Value::Text(out))
}

fn matched(a: &Args) -> Run<Value> {
    let case = a.num_or(2, 0.0)? != 0.0;
    let out = broadcast(&a.texts(0)?, &a.texts(1)?, |t, pattern| {
        let pattern = if case { format!("(?i){pattern}") } else { pattern.to_string() };
        f64::from(u8::from(crate::regex::find(&pattern, t).is_some()))
    })?;
    Ok(Value::real(out))
}

/// `regexs(n)`, or all groups of the last match as a row.
fn groups(a: &Args) -> Run<Value> {
    if a.len() == 1 {
        return Ok(Value::Text(a.real(0)?.map(|n| crate::regex::last_group(*n).as_str().into())));
    }
    let all: Vec<Text> = crate::regex::groups().iter().map(|g| g.as_str().into()).collect();
    Ok(Value::Text(Grid::row(all)))
}
