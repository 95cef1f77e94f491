//! Text that is read as a date by a mask (manual [D] Datetime conversion).

use super::dates::ymd;
use crate::dates::leap_seconds;
use crate::dates::{DAY_MS, MONTHS};
use crate::value::{MISSING, Value};

/// What was read.
struct Parts {
    year: f64,
    month: f64,
    day: f64,
    hour: f64,
    minute: f64,
    second: f64,
    /// Quarter, half-year or week.
    period: f64,
    century: f64,
    short_year: bool,
}

/// A run of digits or of letters.
struct Piece {
    text: String,
    /// Whether only a decimal point is between it and the digits before.
    after_point: bool,
}

impl Piece {
    fn digits(text: &str) -> Self {
        Self { text: text.to_string(), after_point: false }
    }

    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn is_digits(&self) -> bool {
        self.text.bytes().all(|b| b.is_ascii_digit())
    }

    /// A number, or the number of a month by at least three letters of its name.
    fn number(&self) -> Option<f64> {
        if let Ok(x) = self.text.parse() {
            return Some(x);
        }
        let low = self.text.to_lowercase();
        if low.chars().count() < 3 {
            return None;
        }
        MONTHS.iter().position(|m| m.to_lowercase().starts_with(&low)).map(|k| k as f64 + 1.0)
    }
}

/// Runs of digits and runs of letters.
fn pieces(text: &str) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    // the characters between the last piece and this one
    let mut gap = String::from(" ");
    for c in text.chars() {
        if !c.is_ascii_digit() && !c.is_alphabetic() {
            gap.push(c);
            continue;
        }
        match out.last_mut() {
            Some(p) if gap.is_empty() && p.is_digits() == c.is_ascii_digit() => p.text.push(c),
            last => {
                let after_point = gap == "." && last.is_some_and(|p| p.is_digits());
                out.push(Piece { text: c.into(), after_point });
            }
        }
        gap.clear();
    }
    out
}

/// The components of a mask in their order, and the century in front of the year.
fn fields_of(mask: &str) -> Option<(Vec<char>, f64)> {
    let (mut fields, mut century, mut digits) = (Vec::new(), 0.0, String::new());
    for c in mask.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else if c == '#' || c.is_alphabetic() {
            if !digits.is_empty() {
                century = digits.parse().ok()?;
                digits.clear();
            }
            fields.push(c);
        }
    }
    Some((fields, century))
}

/// 20200131 by YMD, 31012020 by DMY: one run of digits at the start becomes three pieces.
fn split_date(items: &mut Vec<Piece>, fields: &[char]) {
    let date: Vec<char> = fields.iter().copied().filter(|c| "YMD".contains(*c)).collect();
    let Some(first) = items.first().filter(|p| p.is_digits()).map(|p| p.text.clone()) else { return };
    if date.len() != 3 || !matches!(first.len(), 6 | 8) || items.len() >= fields.len() {
        return;
    }
    let mut rest = first.as_str();
    let split: Vec<Piece> = date
        .iter()
        .map(|f| {
            let (part, after) = rest.split_at(if *f == 'Y' && first.len() == 8 { 4 } else { 2 });
            rest = after;
            Piece::digits(part)
        })
        .collect();
    items.splice(0..1, split);
}

/// Takes `am` and `pm` out of the pieces; whether each was there.
fn take_half_days(items: &mut Vec<Piece>) -> (bool, bool) {
    // a.m. and p.m. are two pieces
    let mut k = 0;
    while k + 1 < items.len() {
        if (items[k].is("a") || items[k].is("p")) && items[k + 1].is("m") {
            items[k].text.push('m');
            items.remove(k + 1);
        }
        k += 1;
    }
    let (am, pm) = (items.iter().any(|p| p.is("am")), items.iter().any(|p| p.is("pm")));
    items.retain(|p| !p.is("am") && !p.is("pm"));
    (am, pm)
}

/// Reads the pieces one by one into the components of the mask. A component passes over the `T` of ISO 8601; a `#` takes it, or
/// any other piece, and finds nothing to ignore at the end of a text.
fn assign(items: &[Piece], fields: &[char], century: f64) -> Option<Parts> {
    let mut p = Parts {
        year: 1960.0,
        month: 1.0,
        day: 1.0,
        hour: 0.0,
        minute: 0.0,
        second: 0.0,
        period: 1.0,
        century,
        short_year: false,
    };
    let mut next = items.iter().peekable();
    for f in fields {
        if *f != '#' {
            while next.next_if(|p| p.text == "T").is_some() {}
        }
        let Some(item) = next.next() else {
            if "hms#".contains(*f) {
                break;
            }
            return None;
        };
        if *f == '#' {
            continue;
        }
        let x = item.number()?;
        match f {
            'Y' => {
                p.year = x;
                p.short_year = item.text.len() <= 2;
            }
            'M' => p.month = x,
            'D' => p.day = x,
            'Q' | 'H' | 'W' => p.period = x,
            'h' => p.hour = x,
            'm' => p.minute = x,
            's' => {
                p.second = x;
                if let Some(part) = next.next_if(|n| n.after_point && n.is_digits()) {
                    let fraction: f64 = format!("0.{}", part.text).parse().ok()?;
                    p.second += (fraction * 1000.0).round() / 1000.0;
                }
            }
            _ => return None,
        }
    }
    next.next().is_none().then_some(p)
}

fn masked_parts(text: &str, mask: &str) -> Option<Parts> {
    let (fields, century) = fields_of(mask)?;
    let mut items = pieces(text);
    split_date(&mut items, &fields);
    let (am, pm) = take_half_days(&mut items);
    let mut p = assign(&items, &fields, century)?;
    if pm && p.hour < 12.0 {
        p.hour += 12.0;
    } else if am && p.hour == 12.0 {
        p.hour = 0.0;
    }
    Some(p)
}

fn full_year(p: &Parts, top: f64) -> Option<f64> {
    if !p.short_year {
        return Some(p.year);
    }
    if p.century > 0.0 {
        return Some(p.century * 100.0 + p.year);
    }
    if top > 0.0 {
        // the latest year ending in these digits that is not after topyear
        let year = (top / 100.0).floor() * 100.0 + p.year;
        return Some(if year > top { year - 100.0 } else { year });
    }
    None
}

/// Reads a date by a mask such as `DMY`, `20YMD`; two digits of a year need a century or `top`.
pub(super) fn parse_date(text: &str, mask: &str, top: f64) -> Option<f64> {
    let p = masked_parts(text, mask)?;
    Some(ymd(full_year(&p, top)?, p.month, p.day)).filter(|d| d.is_finite())
}

/// Milliseconds since 1960, with leap seconds if `leaps`; seconds may have a fraction, rounded to milliseconds.
pub(super) fn parse_clock(text: &str, mask: &str, top: f64, leaps: bool) -> Option<f64> {
    let p = masked_parts(text, mask)?;
    let day = if mask.contains(['Y', 'y']) { ymd(full_year(&p, top)?, p.month, p.day) } else { 0.0 };
    let last = leaps && p.hour == 23.0 && p.minute == 59.0 && leap_seconds::ends(day);
    let seconds = if last { 61.0 } else { 60.0 };
    if !day.is_finite() || p.hour >= 24.0 || p.minute >= 60.0 || p.second >= seconds {
        return None;
    }
    let start = if leaps { leap_seconds::with(day * DAY_MS) } else { day * DAY_MS };
    Some(start + (p.hour * 60.0 + p.minute) * 60_000.0 + (p.second * 1000.0).round())
}

fn args(a: &[Value]) -> (&str, &str, f64) {
    let s = |k: usize| match a.get(k) {
        Some(Value::Str(s)) => s.as_str(),
        _ => "",
    };
    (s(0), s(1), a.get(2).and_then(|v| v.as_num()).unwrap_or(0.0))
}

/// `date(text, mask [, topyear])`.
pub(super) fn masked_date(a: &[Value]) -> f64 {
    let (text, mask, top) = args(a);
    parse_date(text, mask, top).unwrap_or(MISSING)
}

/// `clock(text, mask [, topyear])`, and `Clock()` with leap seconds.
pub(super) fn masked_clock(a: &[Value], leaps: bool) -> f64 {
    let (text, mask, top) = args(a);
    parse_clock(text, mask, top, leaps).unwrap_or(MISSING)
}

/// `monthly()`, `quarterly()`, `halfyearly()`, `weekly()` and `yearly()` by `kind`: m, q, h, w, y.
pub(super) fn period(a: &[Value], kind: char) -> f64 {
    let (text, mask, top) = args(a);
    read_period(text, &mask.to_uppercase(), top, kind).unwrap_or(MISSING)
}

fn read_period(text: &str, mask: &str, top: f64, kind: char) -> Option<f64> {
    let (fields, century) = fields_of(mask)?;
    // 2020q1, 3m1998: the letter between the numbers is no component
    let letter = |p: &Piece| p.text.len() == 1 && !p.is_digits();
    let items: Vec<Piece> =
        pieces(text).into_iter().filter(|p| fields.contains(&'#') || !letter(p)).collect();
    let p = assign(&items, &fields, century)?;
    let year = full_year(&p, top).filter(|y| (100.0..=9999.0).contains(y))?;
    let (k, per) = match kind {
        'm' => (p.month, 12.0),
        'q' => (p.period, 4.0),
        'h' => (p.period, 2.0),
        'w' => (p.period, 52.0),
        _ => return Some(year),
    };
    (1.0..=per).contains(&k).then_some((year - 1960.0) * per + k - 1.0)
}
