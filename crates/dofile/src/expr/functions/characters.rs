//! Further string functions: pieces by characters, codes, soundex, Unicode repair
//! (manual [FN] String functions).

use super::{Function, Imp};
use crate::value::{MISSING, Value, is_missing};
use encoding_rs::Encoding;
use unicode_normalization::UnicodeNormalization;
use unicode_width::UnicodeWidthChar;

const fn s(name: &'static str, args: &'static str, f: super::AnyFn) -> Function {
    Function { name, args, imp: Imp::Any(f, true) }
}

const fn n(name: &'static str, args: &'static str, f: super::AnyFn) -> Function {
    Function { name, args, imp: Imp::Any(f, false) }
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

fn length(x: f64) -> usize {
    if is_missing(x) { usize::MAX } else { x.max(0.0) as usize }
}

/// American Soundex (Knuth, The Art of Computer Programming 3, section 6).
/// The code of a name: its first letter and three digits. By the rule of the census, `nara`, h and w do not part equal
/// codes; otherwise they do as vowels ([FN] String functions: Ashcraft is A226, by the census A261).
fn soundex(word: &str, nara: bool) -> String {
    let code = |c: char| match c {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        _ => '0',
    };
    let letters: Vec<char> =
        word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    let Some(&first) = letters.first() else { return String::new() };
    let mut out = String::from(first);
    let mut last = code(first);
    for &c in &letters[1..] {
        let k = code(c);
        if k != '0' && k != last {
            out.push(k);
        }
        if !(nara && matches!(c, 'H' | 'W')) {
            last = k;
        }
        if out.len() == 4 {
            break;
        }
    }
    while out.len() < 4 {
        out.push('0');
    }
    out
}

/// Reads `\uhhhh` and `\Uhhhhhhhh`.
fn unescape(t: &str) -> String {
    let mut out = String::new();
    let mut rest = t;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let width = match tail.as_bytes().first() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let decoded = tail.get(1..1 + width).filter(|_| width > 0);
        match decoded.and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &tail[1 + width..];
            }
            None => {
                out.push('\\');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `udsubstr`: as many characters as fit into display columns, from a character on.
fn display_part(t: &str, from: f64, columns: f64) -> String {
    let mut room = length(columns);
    let start = if from < 0.0 {
        t.chars().count().saturating_sub((-from) as usize)
    } else {
        (from as usize).saturating_sub(1)
    };
    let fits = |c: &char| {
        let w = c.width().unwrap_or(0);
        let ok = w <= room;
        room = room.saturating_sub(w);
        ok
    };
    t.chars().skip(start).take_while(fits).collect()
}

/// A normal form of Unicode, empty where the name of the form is not known; `nfkccf` folds case besides.
fn normalized(t: &str, form: &str) -> String {
    match form.to_ascii_lowercase().as_str() {
        "nfc" => t.nfc().collect(),
        "nfd" => t.nfd().collect(),
        "nfkc" => t.nfkc().collect(),
        "nfkd" => t.nfkd().collect(),
        "nfkccf" => t.nfkc().collect::<String>().to_lowercase().nfkc().collect(),
        _ => String::new(),
    }
}

/// The text as far as an encoding has its characters. For the others `mode` 1 puts the encoding's character of substitution,
/// 2 nothing and 4 an escape; with 3 the result is empty, as for an encoding that is not known ([FN] `ustrto()`). The
/// result stays Unicode text, as all text of this engine.
fn encodable(t: &str, encoding: &str, mode: f64) -> String {
    let name = encoding.trim().to_ascii_lowercase();
    let ascii = matches!(name.as_str(), "ascii" | "us-ascii");
    let known = Encoding::for_label(name.as_bytes());
    if !ascii && known.is_none() {
        return String::new();
    }
    let mut buffer = [0; 4];
    let mut has =
        |c: char| c.is_ascii() || !ascii && known.is_some_and(|e| !e.encode(c.encode_utf8(&mut buffer)).2);
    let mut out = String::new();
    for c in t.chars() {
        match mode as i64 {
            _ if has(c) => out.push(c),
            2 => {}
            3 => return String::new(),
            4 if c > '\u{ffff}' => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            4 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push('\u{1a}'),
        }
    }
    out
}

pub(super) const TABLE: &[Function] = &[
    s("soundex", "s", |a| text(soundex(str(a, 0), false))),
    s("soundex_nara", "s", |a| text(soundex(str(a, 0), true))),
    s("strdup", "sn", |a| {
        text(str(a, 0).repeat(length(num(a, 1)).min(100_000).min(2_000_000 / str(a, 0).len().max(1))))
    }),
    s("ustrleft", "sn", |a| text(str(a, 0).chars().take(length(num(a, 1))).collect())),
    s("ustrright", "sn", |a| {
        let t = str(a, 0);
        text(t.chars().skip(t.chars().count().saturating_sub(length(num(a, 1)))).collect())
    }),
    s("ustrunescape", "s", |a| text(unescape(str(a, 0)))),
    s("ustrnormalize", "ss", |a| text(normalized(str(a, 0), str(a, 1)))),
    s("ustrto", "ssn", |a| text(encodable(str(a, 0), str(a, 1), num(a, 2)))),
    s("ustrfix", "ss?", |a| text(str(a, 0).to_string())),
    s("udsubstr", "snn", |a| text(display_part(str(a, 0), num(a, 1), num(a, 2)))),
    n("ustrinvalidcnt", "s", |_| Value::Num(0.0)),
    n("indexnot", "ss", |a| {
        let hit = str(a, 0).find(|c| !str(a, 1).contains(c));
        Value::Num(hit.map_or(0.0, |k| k as f64 + 1.0))
    }),
    n("ustrcompare", "sss?", |a| Value::Num(f64::from(str(a, 0).cmp(str(a, 1)) as i8))),
    n("uisdigit", "s", |a| {
        Value::Num(f64::from(u8::from(str(a, 0).chars().next().is_some_and(char::is_numeric))))
    }),
    n("uisletter", "s", |a| {
        Value::Num(f64::from(u8::from(str(a, 0).chars().next().is_some_and(char::is_alphabetic))))
    }),
];
