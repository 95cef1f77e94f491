//! Dates and times: days since 1960-01-01 (%td), milliseconds (%tc), weeks,
//! months, quarters, half-years and years (manual [D] Datetime).

use super::math::strict;
use super::{Function, Imp};
use crate::dates::{
    DAY_MS, MONTHS, dated, day_of_week_number, day_of_year, first_of_month, from_civil, month_of, to_civil,
    week_of,
};
use crate::error::{Result, StataError};
use crate::value::{MISSING, Value};

const fn num(name: &'static str, args: &'static str, f: super::NumFn) -> Function {
    Function { name, args, imp: Imp::Num(f) }
}

pub(super) const TABLE: &[Function] = &[
    num("mdy", "nnn", |a| strict(a, |a| ymd(a[2], a[0], a[1]))),
    num("dmy", "nnn", |a| strict(a, |a| ymd(a[2], a[1], a[0]))),
    num("ym", "nn", |a| {
        strict(
            a,
            |a| if (1.0..=12.0).contains(&a[1]) { (a[0] - 1960.0) * 12.0 + a[1] - 1.0 } else { f64::NAN },
        )
    }),
    num("yq", "nn", |a| {
        strict(a, |a| if (1.0..=4.0).contains(&a[1]) { (a[0] - 1960.0) * 4.0 + a[1] - 1.0 } else { f64::NAN })
    }),
    num("yh", "nn", |a| {
        strict(a, |a| if (1.0..=2.0).contains(&a[1]) { (a[0] - 1960.0) * 2.0 + a[1] - 1.0 } else { f64::NAN })
    }),
    num("yw", "nn", |a| {
        strict(
            a,
            |a| if (1.0..=52.0).contains(&a[1]) { (a[0] - 1960.0) * 52.0 + a[1] - 1.0 } else { f64::NAN },
        )
    }),
    num("year", "n", |a| of_day(a, |d| to_civil(d).0)),
    num("month", "n", |a| of_day(a, |d| to_civil(d).1)),
    num("day", "n", |a| of_day(a, |d| to_civil(d).2)),
    num("quarter", "n", |a| of_day(a, |d| ((to_civil(d).1 - 1.0) / 3.0).floor() + 1.0)),
    num("halfyear", "n", |a| of_day(a, |d| if to_civil(d).1 <= 6.0 { 1.0 } else { 2.0 })),
    num("week", "n", |a| of_day(a, |d| week_of(d).1)),
    num("dow", "n", |a| of_day(a, |d| (d.floor() + 5.0).rem_euclid(7.0))),
    num("doy", "n", |a| of_day(a, day_of_year)),
    num("mofd", "n", |a| of_day(a, month_of)),
    num("qofd", "n", |a| of_day(a, |d| (month_of(d) / 3.0).floor())),
    num("hofd", "n", |a| of_day(a, |d| (month_of(d) / 6.0).floor())),
    num("yofd", "n", |a| of_day(a, |d| to_civil(d).0)),
    num("wofd", "n", |a| {
        of_day(a, |d| {
            let (y, w) = week_of(d);
            (y - 1960.0) * 52.0 + w - 1.0
        })
    }),
    num("dofm", "n", |a| strict(a, |a| dated(first_of_month(a[0])))),
    num("dofq", "n", |a| strict(a, |a| dated(first_of_month(a[0].floor() * 3.0)))),
    num("dofh", "n", |a| strict(a, |a| dated(first_of_month(a[0].floor() * 6.0)))),
    num("dofy", "n", |a| strict(a, |a| dated(from_civil(a[0], 1.0, 1.0)))),
    num("dofw", "n", |a| strict(a, |a| dated(day_of_week_number(a[0])))),
    num("dofc", "n", |a| strict(a, |a| (a[0] / DAY_MS).floor())),
    num("dofC", "n", |a| strict(a, |a| (a[0] / DAY_MS).floor())),
    num("cofd", "n", |a| strict(a, |a| a[0] * DAY_MS)),
    num("Cofd", "n", |a| strict(a, |a| a[0] * DAY_MS)),
    num("hh", "n", |a| strict(a, |a| (a[0].rem_euclid(DAY_MS) / 3_600_000.0).floor())),
    num("mm", "n", |a| strict(a, |a| (a[0].rem_euclid(3_600_000.0) / 60_000.0).floor())),
    num("ss", "n", |a| strict(a, |a| a[0].rem_euclid(60_000.0) / 1000.0)),
    num("hms", "nnn", |a| strict(a, |a| ((a[0] * 60.0 + a[1]) * 60.0 + a[2]) * 1000.0)),
    num("dhms", "nnnn", |a| strict(a, |a| a[0] * DAY_MS + ((a[1] * 60.0 + a[2]) * 60.0 + a[3]) * 1000.0)),
    num("mdyhms", "nnnnnn", |a| {
        strict(a, |a| ymd(a[2], a[0], a[1]) * DAY_MS + ((a[3] * 60.0 + a[4]) * 60.0 + a[5]) * 1000.0)
    }),
    num("hours", "n", |a| strict(a, |a| a[0] / 3_600_000.0)),
    num("minutes", "n", |a| strict(a, |a| a[0] / 60_000.0)),
    num("seconds", "n", |a| strict(a, |a| a[0] / 1000.0)),
    num("msofhours", "n", |a| strict(a, |a| a[0] * 3_600_000.0)),
    num("msofminutes", "n", |a| strict(a, |a| a[0] * 60_000.0)),
    num("msofseconds", "n", |a| strict(a, |a| a[0] * 1000.0)),
    Function { name: "date", args: "ssn?", imp: Imp::Any(|a| Value::Num(parse_masked(a, false)), false) },
    Function { name: "daily", args: "ssn?", imp: Imp::Any(|a| Value::Num(parse_masked(a, false)), false) },
    Function { name: "clock", args: "ssn?", imp: Imp::Any(|a| Value::Num(parse_masked(a, true)), false) },
    Function { name: "monthly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'm')), false) },
    Function { name: "quarterly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'q')), false) },
    Function { name: "yearly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'y')), false) },
    Function { name: "halfyearly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'h')), false) },
    Function { name: "Clock", args: "ssn?", imp: Imp::Any(|a| Value::Num(parse_masked(a, true)), false) },
    Function { name: "weekly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'w')), false) },
];

/// Applies a function to a day; missing for a number that is no date.
pub(super) fn of_day(a: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let day = dated(a[0]);
    if day.is_nan() { MISSING } else { strict(a, |a| f(a[0])) }
}

fn ymd(year: f64, month: f64, day: f64) -> f64 {
    let whole = [year, month, day].iter().all(|x| x.fract() == 0.0);
    if !whole
        || !(100.0..=9999.0).contains(&year)
        || !(1.0..=12.0).contains(&month)
        || !(1.0..=31.0).contains(&day)
    {
        return f64::NAN;
    }
    let d = from_civil(year, month, day);
    if to_civil(d) == (year, month, day) { d } else { f64::NAN }
}

/// `td(1jan2000)`, `tm(2000m3)`, `tc(1jan2000 10:00:00)` and so on.
pub fn date_literal(name: &str, text: &str) -> Result<f64> {
    let kind = name.trim_start_matches('t');
    let kind = if kind.is_empty() { "d" } else { kind };
    let x = match kind {
        "d" => parse_date(text, "DMY", 0.0),
        "c" | "C" => parse_clock(text, "DMYhms", 0.0),
        k => parse_period(text, k.chars().next().unwrap_or('y')),
    };
    x.ok_or_else(|| StataError::invalid(format!("invalid date literal {name}({text})")))
}

fn parse_period(text: &str, kind: char) -> Option<f64> {
    let t = text.trim().to_lowercase();
    if kind == 'y' {
        return t.parse().ok();
    }
    let (y, k) = t.split_once(kind)?;
    let (y, k): (f64, f64) = (y.trim().parse().ok()?, k.trim().parse().ok()?);
    let per = match kind {
        'm' => 12.0,
        'q' => 4.0,
        'h' => 2.0,
        'w' => 52.0,
        _ => return None,
    };
    ((1.0..=per).contains(&k)).then_some((y - 1960.0) * per + k - 1.0)
}

fn args(a: &[Value]) -> (&str, &str, f64) {
    let s = |k: usize| match a.get(k) {
        Some(Value::Str(s)) => s.as_str(),
        _ => "",
    };
    (s(0), s(1), a.get(2).and_then(|v| v.as_num()).unwrap_or(0.0))
}

fn parse_masked(a: &[Value], clock: bool) -> f64 {
    let (text, mask, top) = args(a);
    let x = if clock { parse_clock(text, mask, top) } else { parse_date(text, mask, top) };
    x.unwrap_or(MISSING)
}

fn period(a: &[Value], kind: char) -> f64 {
    let (text, mask, _) = args(a);
    if kind != 'y' && mask.to_uppercase().starts_with('Y') {
        let direct = parse_period(text, kind);
        if let Some(x) = direct {
            return x;
        }
    }
    let numbers: Vec<f64> = pieces(text).iter().filter_map(|p| piece_number(p)).collect();
    let order: Vec<char> = mask.to_uppercase().chars().filter(|c| c.is_alphabetic()).collect();
    let get = |c: char| order.iter().position(|o| *o == c).and_then(|k| numbers.get(k).copied());
    let y = get('Y').unwrap_or(f64::NAN);
    let (k, per) = match kind {
        'm' => (get('M'), 12.0),
        'q' => (get('Q'), 4.0),
        'w' => (get('W'), 52.0),
        _ => (Some(1.0), 1.0),
    };
    match k {
        _ if kind == 'y' && y.is_finite() => y,
        Some(k) if y.is_finite() && (1.0..=per).contains(&k) => (y - 1960.0) * per + k - 1.0,
        _ => MISSING,
    }
}

/// Runs of digits and runs of letters.
fn pieces(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        let class = |c: char| {
            if c.is_ascii_digit() {
                1
            } else if c.is_alphabetic() {
                2
            } else {
                0
            }
        };
        if class(c) == 0 && !(c == '.' && class(last) == 1) {
            last = c;
            continue;
        }
        if class(c) != 0 && class(c) == class(last) {
            if let Some(p) = out.last_mut() {
                p.push(c);
            }
        } else if class(c) != 0 {
            out.push(c.to_string());
        }
        last = c;
    }
    out
}

fn piece_number(p: &str) -> Option<f64> {
    if let Ok(x) = p.parse() {
        return Some(x);
    }
    let low = p.to_lowercase();
    if low.chars().count() < 3 {
        return None;
    }
    MONTHS.iter().position(|m| m.to_lowercase().starts_with(&low)).map(|k| k as f64 + 1.0)
}

/// Reads a date by a mask such as `DMY`, `20YMD`.
fn parse_date(text: &str, mask: &str, top: f64) -> Option<f64> {
    let parts = masked_parts(text, mask)?;
    let year = full_year(parts.year, &parts, top)?;
    Some(ymd(year, parts.month, parts.day)).filter(|d| d.is_finite())
}

fn parse_clock(text: &str, mask: &str, top: f64) -> Option<f64> {
    let p = masked_parts(text, mask)?;
    let day = if mask.contains(['Y', 'y']) { ymd(full_year(p.year, &p, top)?, p.month, p.day) } else { 0.0 };
    if !day.is_finite() || p.hour >= 24.0 || p.minute >= 60.0 || p.second >= 60.0 {
        return None;
    }
    Some(day * DAY_MS + ((p.hour * 60.0 + p.minute) * 60.0 + p.second) * 1000.0)
}

struct Parts {
    year: f64,
    month: f64,
    day: f64,
    hour: f64,
    minute: f64,
    second: f64,
    century: f64,
    short_year: bool,
}

fn full_year(y: f64, p: &Parts, top: f64) -> Option<f64> {
    if !p.short_year {
        return Some(y);
    }
    if p.century > 0.0 {
        return Some(p.century * 100.0 + y);
    }
    if top > 0.0 {
        // the latest year ending in these digits that is not after topyear
        let year = (top / 100.0).floor() * 100.0 + y;
        return Some(if year > top { year - 100.0 } else { year });
    }
    None
}

fn masked_parts(text: &str, mask: &str) -> Option<Parts> {
    let mut p = Parts {
        year: 1960.0,
        month: 1.0,
        day: 1.0,
        hour: 0.0,
        minute: 0.0,
        second: 0.0,
        century: 0.0,
        short_year: false,
    };
    let mut fields: Vec<char> = Vec::new();
    let mut digits = String::new();
    for c in mask.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else if c == '#' || c.is_alphabetic() {
            if !digits.is_empty() {
                p.century = digits.parse().ok()?;
                digits.clear();
            }
            fields.push(c);
        }
    }
    let mut items = pieces(text);
    // 20200131 by YMD, 31012020 by DMY: one run of digits
    let date_fields: Vec<char> = fields.iter().copied().filter(|c| "YMD".contains(*c)).collect();
    if let Some(first) = items.first().cloned()
        && first.bytes().all(|b| b.is_ascii_digit())
        && date_fields.len() == 3
        && (first.len() == 8 || first.len() == 6)
        && items.len() < fields.len()
    {
        let mut at = 0;
        let mut split = Vec::new();
        for f in &date_fields {
            let w = if *f == 'Y' && first.len() == 8 { 4 } else { 2 };
            split.push(first[at..at + w].to_string());
            at += w;
        }
        items.splice(0..1, split);
    }
    let pm = items.iter().any(|s| s.eq_ignore_ascii_case("pm"));
    let am = items.iter().any(|s| s.eq_ignore_ascii_case("am"));
    items.retain(|s| !s.eq_ignore_ascii_case("am") && !s.eq_ignore_ascii_case("pm") && s != "T");
    let mut next = items.iter();
    for f in fields {
        let Some(item) = next.next() else {
            if "hms".contains(f) {
                break;
            }
            return None;
        };
        let x = piece_number(item)?;
        match f {
            'Y' => {
                p.year = x;
                p.short_year = item.len() <= 2;
            }
            'M' => p.month = x,
            'D' => p.day = x,
            'h' => p.hour = x,
            'm' => p.minute = x,
            's' => p.second = x,
            '#' => {}
            _ => return None,
        }
    }
    if next.next().is_some() {
        return None;
    }
    if pm && p.hour < 12.0 {
        p.hour += 12.0;
    } else if am && p.hour == 12.0 {
        p.hour = 0.0;
    }
    Some(p)
}
