//! String functions. Positions of `substr` and friends count bytes, those of
//! the `u…` functions count characters (manual [FN] String functions).

use super::{Function, Imp};
use crate::format;
use crate::syntax::options::parse_number;
use crate::value::{MISSING, Value, is_missing};
use unicode_width::UnicodeWidthStr;

const fn s(name: &'static str, args: &'static str, f: super::AnyFn) -> Function {
    Function { name, args, imp: Imp::Any(f, true) }
}

const fn n(name: &'static str, args: &'static str, f: super::AnyFn) -> Function {
    Function { name, args, imp: Imp::Any(f, false) }
}

pub(super) const TABLE: &[Function] = &[
    s("char", "n", |a| text(char_of(num(a, 0)))),
    s("uchar", "n", |a| text(char::from_u32(num(a, 0) as u32).map_or(String::new(), String::from))),
    s("itrim", "s", |a| text(str(a, 0).split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "))),
    s("stritrim", "s", |a| {
        text(str(a, 0).split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "))
    }),
    s("lower", "s", |a| text(str(a, 0).to_ascii_lowercase())),
    s("strlower", "s", |a| text(str(a, 0).to_ascii_lowercase())),
    s("ustrlower", "ss?", |a| text(str(a, 0).to_lowercase())),
    s("upper", "s", |a| text(str(a, 0).to_ascii_uppercase())),
    s("strupper", "s", |a| text(str(a, 0).to_ascii_uppercase())),
    s("ustrupper", "ss?", |a| text(str(a, 0).to_uppercase())),
    s("proper", "s", |a| text(proper(str(a, 0)))),
    s("strproper", "s", |a| text(proper(str(a, 0)))),
    s("ustrtitle", "ss?", |a| text(proper(str(a, 0)))),
    s("ltrim", "s", |a| text(str(a, 0).trim_start_matches(' ').into())),
    s("strltrim", "s", |a| text(str(a, 0).trim_start_matches(' ').into())),
    s("rtrim", "s", |a| text(str(a, 0).trim_end_matches(' ').into())),
    s("strrtrim", "s", |a| text(str(a, 0).trim_end_matches(' ').into())),
    s("trim", "s", |a| text(str(a, 0).trim_matches(' ').into())),
    s("strtrim", "s", |a| text(str(a, 0).trim_matches(' ').into())),
    s("ustrtrim", "s", |a| text(str(a, 0).trim().into())),
    s("ustrltrim", "s", |a| text(str(a, 0).trim_start().into())),
    s("ustrrtrim", "s", |a| text(str(a, 0).trim_end().into())),
    s("reverse", "s", |a| text(str(a, 0).chars().rev().collect())),
    s("strreverse", "s", |a| text(str(a, 0).chars().rev().collect())),
    s("ustrreverse", "s", |a| text(str(a, 0).chars().rev().collect())),
    s("string", "ns?", |a| text(strofreal(a))),
    s("strofreal", "ns?", |a| text(strofreal(a))),
    s("substr", "snn", |a| text(substr(str(a, 0), num(a, 1), num(a, 2)))),
    s("usubstr", "snn", |a| text(usubstr(str(a, 0), num(a, 1), num(a, 2)))),
    s("subinstr", "sssn", |a| text(subinstr(str(a, 0), str(a, 1), str(a, 2), num(a, 3)))),
    s("usubinstr", "sssn", |a| text(subinstr(str(a, 0), str(a, 1), str(a, 2), num(a, 3)))),
    s("subinword", "sssn", |a| text(subinword(str(a, 0), str(a, 1), str(a, 2), num(a, 3)))),
    s("word", "sn", |a| text(word(str(a, 0), num(a, 1)))),
    s("ustrword", "sn", |a| text(word(str(a, 0), num(a, 1)))),
    s("abbrev", "sn", |a| text(abbrev(str(a, 0), num(a, 1)))),
    s("plural", "nss?", |a| text(plural(a))),
    s("strtoname", "sn?", |a| {
        text(name_of(str(a, 0).bytes().map(char::from), char::is_ascii_alphanumeric, a))
    }),
    s("ustrtoname", "sn?", |a| text(name_of(str(a, 0).chars(), |c| c.is_alphanumeric(), a))),
    s("ustrtohex", "sn?", |a| {
        text(
            str(a, 0)
                .chars()
                .skip(nth(a, 1).map_or(0, |k| k - 1))
                .take(200)
                .map(|c| {
                    if c as u32 > 0xffff {
                        format!("\\U{:08x}", c as u32)
                    } else {
                        format!("\\u{:04x}", c as u32)
                    }
                })
                .collect(),
        )
    }),
    s("tobytes", "sn?", |a| {
        let hexadecimal = a.len() > 1 && num(a, 1) != 0.0;
        let escaped = |b: u8| if hexadecimal { format!("\\x{b:02x}") } else { format!("\\d{b:03}") };
        text(str(a, 0).bytes().take(200).map(escaped).collect())
    }),
    n("length", "s", |a| Value::Num(str(a, 0).len() as f64)),
    n("strlen", "s", |a| Value::Num(str(a, 0).len() as f64)),
    n("ustrlen", "s", |a| Value::Num(str(a, 0).chars().count() as f64)),
    n("udstrlen", "s", |a| Value::Num(str(a, 0).width() as f64)),
    n("real", "s", |a| Value::Num(parse_number(str(a, 0)).unwrap_or(MISSING))),
    n("strpos", "ss", |a| {
        Value::Num(
            str(a, 0).find(str(a, 1)).filter(|_| !str(a, 1).is_empty()).map_or(0.0, |k| k as f64 + 1.0),
        )
    }),
    n("index", "ss", |a| {
        Value::Num(
            str(a, 0).find(str(a, 1)).filter(|_| !str(a, 1).is_empty()).map_or(0.0, |k| k as f64 + 1.0),
        )
    }),
    n("strrpos", "ss", |a| {
        Value::Num(
            str(a, 0).rfind(str(a, 1)).filter(|_| !str(a, 1).is_empty()).map_or(0.0, |k| k as f64 + 1.0),
        )
    }),
    n("ustrpos", "ssn?", |a| Value::Num(unicode_position(a, false))),
    n("ustrrpos", "ssn?", |a| Value::Num(unicode_position(a, true))),
    n("wordcount", "s", |a| Value::Num(str(a, 0).split_whitespace().count() as f64)),
    n("ustrwordcount", "s", |a| Value::Num(str(a, 0).split_whitespace().count() as f64)),
    n("strmatch", "ss", |a| {
        Value::Num(f64::from(u8::from(crate::syntax::varlist::wildcard(
            &str(a, 1).replace('~', "\u{1}"),
            &str(a, 0).replace('~', "\u{1}"),
        ))))
    }),
    n("isname", "s", |a| Value::Num(f64::from(u8::from(crate::frame::is_valid_name(str(a, 0)))))),
    n("regexm", "ss", |a| {
        Value::Num(f64::from(u8::from(crate::regex::find(str(a, 1), str(a, 0)).is_some())))
    }),
    n("ustrregexm", "ssn?", |a| {
        Value::Num(f64::from(u8::from(crate::regex::find(&any_case(a, 2), str(a, 0)).is_some())))
    }),
    s("regexs", "n", |a| text(crate::regex::last_group(num(a, 0)))),
    s("ustrregexs", "n", |a| text(crate::regex::last_group(num(a, 0)))),
    s("regexr", "sss", |a| text(crate::regex::replace(str(a, 1), str(a, 0), str(a, 2), false))),
    s("ustrregexrf", "sssn?", |a| text(crate::regex::replace(&any_case(a, 3), str(a, 0), str(a, 2), false))),
    s("ustrregexra", "sssn?", |a| text(crate::regex::replace(&any_case(a, 3), str(a, 0), str(a, 2), true))),
];

/// The pattern (argument 1), without regard to case if the argument at `k` is there and not zero.
fn any_case(a: &[Value], k: usize) -> String {
    let pattern = str(a, 1);
    if a.len() > k && num(a, k) != 0.0 { format!("(?i){pattern}") } else { pattern.to_string() }
}

fn text(s: String) -> Value {
    Value::Str(s)
}

fn str(a: &[Value], k: usize) -> &str {
    match a.get(k) {
        Some(Value::Str(s)) => s,
        _ => "",
    }
}

fn num(a: &[Value], k: usize) -> f64 {
    match a.get(k) {
        Some(Value::Num(x)) => *x,
        _ => MISSING,
    }
}

fn char_of(x: f64) -> String {
    if (0.0..256.0).contains(&x) { String::from(x as u8 as char) } else { String::new() }
}

fn proper(s: &str) -> String {
    let mut start = true;
    s.chars()
        .flat_map(|c| {
            let out: Vec<char> = if start { c.to_uppercase().collect() } else { c.to_lowercase().collect() };
            start = !c.is_alphabetic();
            out
        })
        .collect()
}

fn strofreal(a: &[Value]) -> String {
    let fmt = if a.len() > 1 { str(a, 1) } else { "%9.0g" };
    match format::Format::parse(fmt) {
        Some(f) if !f.is_string() => {
            // Blanks in front are left out: `strofreal(4, "%9.2f")` is 4.00 in the manual.
            f.number(num(a, 0)).trim_start().to_string()
        }
        _ => String::new(),
    }
}

/// Start and end of `substr(s,n1,n2)` among `len` units.
fn span(len: usize, from: f64, count: f64) -> Option<(usize, usize)> {
    if is_missing(from) || from == 0.0 {
        return None;
    }
    let len_f = len as f64;
    let start = if from > 0.0 { from.trunc() - 1.0 } else { len_f + from.trunc() };
    let end = if is_missing(count) { len_f } else { (start + count.trunc()).min(len_f) };
    let start = start.max(0.0);
    (start < end).then_some((start as usize, end as usize))
}

fn substr(s: &str, from: f64, count: f64) -> String {
    match span(s.len(), from, count) {
        Some((a, b)) => String::from_utf8_lossy(&s.as_bytes()[a..b]).into_owned(),
        None => String::new(),
    }
}

fn usubstr(s: &str, from: f64, count: f64) -> String {
    match span(s.chars().count(), from, count) {
        Some((a, b)) => s.chars().skip(a).take(b - a).collect(),
        None => String::new(),
    }
}

/// Replaces the first `count` occurrences (`.`: all).
pub(crate) fn subinstr(s: &str, from: &str, to: &str, count: f64) -> String {
    if from.is_empty() {
        return s.to_string();
    }
    if is_missing(count) { s.replace(from, to) } else { s.replacen(from, to, count.max(0.0) as usize) }
}

/// Like [`subinstr`], only whole words.
pub(crate) fn subinword(s: &str, from: &str, to: &str, count: f64) -> String {
    let mut left = if is_missing(count) { usize::MAX } else { count.max(0.0) as usize };
    s.split(' ')
        .map(|w| {
            if w == from && left > 0 {
                left -= 1;
                to
            } else {
                w
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn word(s: &str, k: f64) -> String {
    let words = crate::syntax::split::words(s);
    let n = words.len() as f64;
    let k = if k < 0.0 { n + k + 1.0 } else { k };
    if k >= 1.0 && k <= n {
        crate::syntax::split::unquote(words[k as usize - 1]).to_string()
    } else {
        String::new()
    }
}

/// Shortens a name to `width` characters, 5 to 32.
pub(crate) fn abbrev(s: &str, width: f64) -> String {
    format::abbrev(s, if is_missing(width) { 32 } else { (width as usize).clamp(5, 32) })
}

fn plural(a: &[Value]) -> String {
    let (n, one) = (num(a, 0), str(a, 1));
    if n == 1.0 || n == -1.0 {
        return one.to_string();
    }
    match str(a, 2) {
        "" => format!("{one}s"),
        end if end.starts_with('+') => format!("{one}{}", &end[1..]),
        end if end.starts_with('-') && one.ends_with(&end[1..]) => {
            one[..one.len() - end.len() + 1].to_string()
        }
        other => other.to_string(),
    }
}

/// A number of a character from 1 on; nothing where it is absent, missing or below 1.
fn nth(a: &[Value], k: usize) -> Option<usize> {
    let n = a.get(k).and_then(Value::as_num).filter(|n| !crate::value::is_missing(*n) && *n >= 1.0)?;
    Some(n as usize)
}

/// `ustrpos(s, what [, n])` from the nth character on, and `ustrrpos()` within the first n ([FN] String functions).
fn unicode_position(a: &[Value], last: bool) -> f64 {
    let (whole, what) = (str(a, 0), str(a, 1));
    let start_of = |n: usize| whole.char_indices().nth(n).map_or(whole.len(), |(at, _)| at);
    let hit = match (nth(a, 2), last) {
        _ if what.is_empty() => None,
        (None, false) => whole.find(what),
        (None, true) => whole.rfind(what),
        (Some(n), false) => {
            let from = start_of(n - 1);
            whole[from..].find(what).map(|k| from + k)
        }
        (Some(n), true) => whole[..start_of(n)].rfind(what),
    };
    hit.map_or(0.0, |k| whole[..k].chars().count() as f64 + 1.0)
}

/// `strtoname(s [, p])` and `ustrtoname()`: other characters become `_`; a digit in front gets one unless `p` is 0.
fn name_of(chars: impl Iterator<Item = char>, is_allowed: impl Fn(&char) -> bool, a: &[Value]) -> String {
    let translated: String = chars.map(|c| if c == '_' || is_allowed(&c) { c } else { '_' }).collect();
    let is_prefixed = a.len() < 2 || num(a, 1) != 0.0;
    let starts_with_digit = translated.chars().next().is_none_or(|c| c.is_ascii_digit());
    let prefix = if is_prefixed && starts_with_digit { "_" } else { "" };
    prefix.chars().chain(translated.chars()).take(32).collect()
}

/// A text as a valid name: other characters become `_`.
pub(crate) fn to_name(s: &str) -> String {
    let mut out: String =
        s.chars().map(|c| if c == '_' || c.is_alphanumeric() { c } else { '_' }).take(32).collect();
    if out.chars().next().is_none_or(|c| c.is_ascii_digit()) {
        out = format!("_{out}").chars().take(32).collect();
    }
    out
}
