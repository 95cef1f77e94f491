//! Functions that measure and move dates: ages, differences, days of the week and the month
//! (manual [FN] Date and time functions). Reading and showing dates is in `dates`.

use super::dates::of_day;
use super::math::strict;
use super::{Function, Imp};
use crate::dates::{DAY_MS, dated, from_civil, to_civil};
use crate::value::{MISSING, Value, is_missing};

const fn num(name: &'static str, args: &'static str, f: super::NumFn) -> Function {
    Function { name, args, imp: Imp::Num(f) }
}

const fn any(name: &'static str, args: &'static str, f: super::AnyFn) -> Function {
    Function { name, args, imp: Imp::Any(f, false) }
}

fn leap(year: f64) -> bool {
    let y = year as i64;
    y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)
}

fn month_days(year: f64, month: f64) -> f64 {
    match month as u8 {
        4 | 6 | 9 | 11 => 30.0,
        2 if leap(year) => 29.0,
        2 => 28.0,
        _ => 31.0,
    }
}

/// The anniversary of a date in a year; 29 February becomes 1 March outside leap years (`"28"`: 28 February).
fn anniversary(day: f64, year: f64, rule: &str) -> f64 {
    let (_, m, d) = to_civil(day);
    if m == 2.0 && d == 29.0 && !leap(year) {
        return if rule.starts_with("28") { from_civil(year, 2.0, 28.0) } else { from_civil(year, 3.0, 1.0) };
    }
    from_civil(year, m, d)
}

/// Completed years between two dates, and the days since the last anniversary over the days of that year.
fn years_between(from: f64, to: f64, rule: &str) -> (f64, f64) {
    let (y0, y1) = (to_civil(from).0, to_civil(to).0);
    let mut years = y1 - y0;
    if anniversary(from, y0 + years, rule) > to {
        years -= 1.0;
    }
    let (last, next) = (anniversary(from, y0 + years, rule), anniversary(from, y0 + years + 1.0, rule));
    (years, (to - last) / (next - last))
}

fn months_between(from: f64, to: f64) -> (f64, f64) {
    let ((y0, m0, d0), (y1, m1, _)) = (to_civil(from), to_civil(to));
    let at = |k: f64| {
        let month = y0 * 12.0 + m0 - 1.0 + k;
        let (y, m) = ((month / 12.0).floor(), month.rem_euclid(12.0) + 1.0);
        let days = month_days(y, m);
        if d0 > days { from_civil(y, m, days) + 1.0 } else { from_civil(y, m, d0) }
    };
    let mut months = (y1 - y0) * 12.0 + m1 - m0;
    if at(months) > to {
        months -= 1.0;
    }
    (months, (to - at(months)) / (at(months + 1.0) - at(months)))
}

fn texts(a: &[Value], k: usize) -> &str {
    match a.get(k) {
        Some(Value::Str(s)) => s,
        _ => "",
    }
}

fn numbers(a: &[Value]) -> Option<(f64, f64)> {
    match a {
        [Value::Num(x), Value::Num(y), ..] if !is_missing(*x) && !is_missing(*y) => {
            Some((x.floor(), y.floor()))
        }
        _ => None,
    }
}

/// Two days that are dates.
fn days(a: &[Value]) -> Option<(f64, f64)> {
    numbers(a).filter(|(x, y)| !dated(*x).is_nan() && !dated(*y).is_nan())
}

fn age(a: &[Value], fraction: bool) -> Value {
    let Some((from, to)) = days(a) else { return Value::Num(MISSING) };
    if to < from {
        return Value::Num(MISSING);
    }
    let (years, part) = years_between(from, to, texts(a, 2));
    Value::Num(if fraction { years + part } else { years })
}

fn difference(a: &[Value], fraction: bool) -> Value {
    let Some((from, to)) = days(a) else { return Value::Num(MISSING) };
    let (sign, from, to) = if to < from { (-1.0, to, from) } else { (1.0, from, to) };
    let (whole, part) = match texts(a, 2) {
        "d" | "day" | "days" => (to - from, 0.0),
        "m" | "mon" | "month" | "months" => months_between(from, to),
        "y" | "yr" | "year" | "years" => years_between(from, to, texts(a, 3)),
        _ => return Value::Num(MISSING),
    };
    Value::Num(sign * if fraction { whole + part } else { whole })
}

fn clock_unit(a: &[Value], fraction: bool) -> Value {
    let (Some(Value::Num(x)), Some(Value::Num(y))) = (a.first(), a.get(1)) else {
        return Value::Num(MISSING);
    };
    if is_missing(*x) || is_missing(*y) {
        return Value::Num(MISSING);
    }
    let unit = match texts(a, 2) {
        "d" | "day" | "days" => 86_400_000.0,
        "h" | "hour" | "hours" => 3_600_000.0,
        "m" | "min" | "minute" | "minutes" => 60_000.0,
        "s" | "sec" | "second" | "seconds" => 1000.0,
        "ms" | "millisecond" | "milliseconds" => 1.0,
        _ => return Value::Num(MISSING),
    };
    let d = (y - x) / unit;
    Value::Num(if fraction { d } else { d.trunc() })
}

/// `datepart(d, unit)` and `clockpart(tc, unit)`: one part of a date, or of a date and time without leap seconds.
fn part(a: &[Value], clock: bool) -> Value {
    let Some(Value::Num(x)) = a.first().filter(|x| matches!(x, Value::Num(x) if !is_missing(*x))) else {
        return Value::Num(MISSING);
    };
    let day = if clock { (x / DAY_MS).floor() } else { x.floor() };
    if dated(day).is_nan() {
        return Value::Num(MISSING);
    }
    let (y, m, d) = to_civil(day);
    let within = |whole: f64, unit: f64| (x.rem_euclid(whole) / unit).floor();
    Value::Num(match texts(a, 1) {
        "y" | "year" => y,
        "mon" | "month" => m,
        "m" if !clock => m,
        "d" | "day" => d,
        "h" | "hour" if clock => within(DAY_MS, 3_600_000.0),
        "min" | "minute" | "m" if clock => within(3_600_000.0, 60_000.0),
        "s" | "sec" | "second" if clock => within(60_000.0, 1000.0),
        "ms" | "millisecond" if clock => within(1000.0, 1.0),
        _ => MISSING,
    })
}

fn weekday(d: f64) -> f64 {
    (d.floor() + 5.0).rem_euclid(7.0)
}

fn is_weekday(x: f64) -> bool {
    (0.0..=6.0).contains(&x) && x.fract() == 0.0
}

/// Date of the first (or last) given weekday of a month.
fn in_month(a: &[f64], first: bool) -> f64 {
    let (m, y, dow) = (a[0], a[1], a[2]);
    if !(1.0..=12.0).contains(&m) || !is_weekday(dow) {
        return f64::NAN;
    }
    if first {
        let d = from_civil(y, m, 1.0);
        d + (dow - weekday(d)).rem_euclid(7.0)
    } else {
        let d = from_civil(y, m, month_days(y, m));
        d - (weekday(d) - dow).rem_euclid(7.0)
    }
}

/// The first or last day from Monday to Friday of a month: `M, Y`.
fn working_day(a: &[f64], first: bool) -> f64 {
    let (m, y) = (a[0], a[1]);
    if !(1.0..=12.0).contains(&m) {
        return f64::NAN;
    }
    let d = from_civil(y, m, if first { 1.0 } else { month_days(y, m) });
    // Sunday is 0, Saturday 6
    match (weekday(d) as i64, first) {
        (0, true) => d + 1.0,
        (6, true) => d + 2.0,
        (0, false) => d - 2.0,
        (6, false) => d - 1.0,
        _ => d,
    }
}

fn birthday(a: &[Value], shift: f64) -> Value {
    let Some((born, other)) = numbers(a) else { return Value::Num(MISSING) };
    let rule = texts(a, 2);
    // birthday(d, year), nextbirthday(d, date), previousbirthday(d, date)
    if shift == 0.0 {
        return Value::Num(anniversary(born, other, rule));
    }
    if days(a).is_none() {
        return Value::Num(MISSING);
    }
    let year = to_civil(other).0;
    let candidates = [year - 1.0, year, year + 1.0].map(|y| anniversary(born, y, rule));
    let found = if shift > 0.0 {
        candidates.into_iter().find(|d| *d > other)
    } else {
        candidates.into_iter().rev().find(|d| *d < other)
    };
    Value::Num(found.unwrap_or(MISSING))
}

pub(super) const TABLE: &[Function] = &[
    any("age", "nns?", |a| age(a, false)),
    any("age_frac", "nns?", |a| age(a, true)),
    any("datediff", "nnss?", |a| difference(a, false)),
    any("datediff_frac", "nnss?", |a| difference(a, true)),
    any("clockdiff", "nns", |a| clock_unit(a, false)),
    any("clockdiff_frac", "nns", |a| clock_unit(a, true)),
    any("datepart", "ns", |a| part(a, false)),
    any("clockpart", "ns", |a| part(a, true)),
    any("birthday", "nns?", |a| birthday(a, 0.0)),
    any("nextbirthday", "nns?", |a| birthday(a, 1.0)),
    any("previousbirthday", "nns?", |a| birthday(a, -1.0)),
    num("isleapyear", "n", |a| strict(a, |a| f64::from(u8::from(leap(a[0]))))),
    num("nextleapyear", "n", |a| {
        strict(a, |a| (1..=8).map(|k| a[0].floor() + f64::from(k)).find(|y| leap(*y)).unwrap_or(f64::NAN))
    }),
    num("previousleapyear", "n", |a| {
        strict(a, |a| (1..=8).map(|k| a[0].ceil() - f64::from(k)).find(|y| leap(*y)).unwrap_or(f64::NAN))
    }),
    num("daysinmonth", "n", |a| {
        of_day(a, |d| {
            let (y, m, _) = to_civil(d);
            month_days(y, m)
        })
    }),
    num("firstdayofmonth", "n", |a| {
        of_day(a, |d| {
            let (y, m, _) = to_civil(d);
            from_civil(y, m, 1.0)
        })
    }),
    num("lastdayofmonth", "n", |a| {
        of_day(a, |d| {
            let (y, m, _) = to_civil(d);
            from_civil(y, m, month_days(y, m))
        })
    }),
    num("firstdowofmonth", "nnn", |a| strict(a, |a| in_month(a, true))),
    num("lastdowofmonth", "nnn", |a| strict(a, |a| in_month(a, false))),
    num("firstweekdayofmonth", "nn", |a| strict(a, |a| working_day(a, true))),
    num("lastweekdayofmonth", "nn", |a| strict(a, |a| working_day(a, false))),
    num("nextdow", "nn", |a| {
        strict(a, |a| {
            if is_weekday(a[1]) {
                a[0].floor() + 1.0 + (a[1] - weekday(a[0] + 1.0)).rem_euclid(7.0)
            } else {
                f64::NAN
            }
        })
    }),
    num("previousdow", "nn", |a| {
        strict(a, |a| {
            if is_weekday(a[1]) {
                a[0].floor() - 1.0 - (weekday(a[0] - 1.0) - a[1]).rem_euclid(7.0)
            } else {
                f64::NAN
            }
        })
    }),
    num("daysuntildow", "nn", |a| {
        strict(a, |a| {
            if is_weekday(a[1]) { 1.0 + (a[1] - weekday(a[0] + 1.0)).rem_euclid(7.0) } else { f64::NAN }
        })
    }),
    num("dayssincedow", "nn", |a| {
        strict(a, |a| {
            if is_weekday(a[1]) { 1.0 + (weekday(a[0] - 1.0) - a[1]).rem_euclid(7.0) } else { f64::NAN }
        })
    }),
    num("hhC", "n", |a| strict(a, |a| (a[0].rem_euclid(86_400_000.0) / 3_600_000.0).floor())),
    num("mmC", "n", |a| strict(a, |a| (a[0].rem_euclid(3_600_000.0) / 60_000.0).floor())),
    num("ssC", "n", |a| strict(a, |a| a[0].rem_euclid(60_000.0) / 1000.0)),
    num("today", "", |_| now_ms().map_or(MISSING, |ms| (ms / 86_400_000.0).floor())),
    num("now", "", |_| now_ms().unwrap_or(MISSING)),
];

/// Milliseconds since 1960 (UTC).
fn now_ms() -> Option<f64> {
    #[expect(clippy::disallowed_methods, reason = "the engine is a process of its own without ports")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((since.as_secs() as f64 + 3653.0 * 86_400.0) * 1000.0)
}
