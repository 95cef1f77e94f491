//! Dates and times: days since 1960-01-01 (%td), milliseconds (%tc), weeks,
//! months, quarters, half-years and years (manual [D] Datetime).

use super::date_text::{masked_clock, masked_date, parse_clock, parse_date, period};
use super::math::strict;
use super::{Function, Imp};
use crate::dates::leap_seconds;
use crate::dates::{
    DAY_MS, dated, day_of_week_number, day_of_year, first_of_month, from_civil, month_of, to_civil, week_of,
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
    num("dofC", "n", |a| strict(a, |a| leap_seconds::split(a[0]).0)),
    num("cofd", "n", |a| strict(a, |a| a[0] * DAY_MS)),
    num("Cofd", "n", |a| strict(a, |a| leap_seconds::with(a[0] * DAY_MS))),
    num("Cofc", "n", |a| strict(a, |a| leap_seconds::with(a[0]))),
    num("cofC", "n", |a| strict(a, |a| leap_seconds::without(a[0]))),
    num("hh", "n", |a| strict(a, |a| (a[0].rem_euclid(DAY_MS) / 3_600_000.0).floor())),
    num("mm", "n", |a| strict(a, |a| (a[0].rem_euclid(3_600_000.0) / 60_000.0).floor())),
    num("ss", "n", |a| strict(a, |a| a[0].rem_euclid(60_000.0) / 1000.0)),
    num("hhC", "n", |a| strict(a, |a| (leap_seconds::split(a[0]).1 / 3_600_000.0).floor().min(23.0))),
    num("mmC", "n", |a| {
        strict(a, |a| {
            let ms = leap_seconds::split(a[0]).1;
            if ms >= DAY_MS { 59.0 } else { (ms / 60_000.0).floor() % 60.0 }
        })
    }),
    num("ssC", "n", |a| {
        strict(a, |a| {
            let ms = leap_seconds::split(a[0]).1;
            if ms >= DAY_MS { 60.0 + (ms - DAY_MS) / 1000.0 } else { ms % 60_000.0 / 1000.0 }
        })
    }),
    num("hms", "nnn", |a| strict(a, |a| ((a[0] * 60.0 + a[1]) * 60.0 + a[2]) * 1000.0)),
    num("dhms", "nnnn", |a| strict(a, |a| a[0] * DAY_MS + ((a[1] * 60.0 + a[2]) * 60.0 + a[3]) * 1000.0)),
    num("mdyhms", "nnnnnn", |a| {
        strict(a, |a| ymd(a[2], a[0], a[1]) * DAY_MS + ((a[3] * 60.0 + a[4]) * 60.0 + a[5]) * 1000.0)
    }),
    num("Chms", "nnn", |a| strict(a, |a| ((a[0] * 60.0 + a[1]) * 60.0 + a[2]) * 1000.0)),
    num("Cdhms", "nnnn", |a| strict(a, |a| clock_with_leap_seconds(a[0], &a[1..]))),
    num("Cmdyhms", "nnnnnn", |a| strict(a, |a| clock_with_leap_seconds(ymd(a[2], a[0], a[1]), &a[3..]))),
    num("hours", "n", |a| strict(a, |a| a[0] / 3_600_000.0)),
    num("minutes", "n", |a| strict(a, |a| a[0] / 60_000.0)),
    num("seconds", "n", |a| strict(a, |a| a[0] / 1000.0)),
    num("msofhours", "n", |a| strict(a, |a| a[0] * 3_600_000.0)),
    num("msofminutes", "n", |a| strict(a, |a| a[0] * 60_000.0)),
    num("msofseconds", "n", |a| strict(a, |a| a[0] * 1000.0)),
    Function { name: "date", args: "ssn?", imp: Imp::Any(|a| Value::Num(masked_date(a)), false) },
    Function { name: "daily", args: "ssn?", imp: Imp::Any(|a| Value::Num(masked_date(a)), false) },
    Function { name: "clock", args: "ssn?", imp: Imp::Any(|a| Value::Num(masked_clock(a, false)), false) },
    Function { name: "monthly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'm')), false) },
    Function { name: "quarterly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'q')), false) },
    Function { name: "yearly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'y')), false) },
    Function { name: "halfyearly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'h')), false) },
    Function { name: "Clock", args: "ssn?", imp: Imp::Any(|a| Value::Num(masked_clock(a, true)), false) },
    Function { name: "weekly", args: "ssn?", imp: Imp::Any(|a| Value::Num(period(a, 'w')), false) },
];

/// Applies a function to a day; missing for a number that is no date.
pub(super) fn of_day(a: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let day = dated(a[0]);
    if day.is_nan() { MISSING } else { strict(a, |a| f(a[0])) }
}

/// The day of a calendar date; not a number for a date that does not exist.
pub(super) fn ymd(year: f64, month: f64, day: f64) -> f64 {
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

/// Milliseconds with leap seconds of a time of day (hours, minutes, seconds), which may be second 60 on a
/// day that ends with a leap second.
fn clock_with_leap_seconds(day: f64, time: &[f64]) -> f64 {
    leap_seconds::with(day * DAY_MS) + ((time[0] * 60.0 + time[1]) * 60.0 + time[2]) * 1000.0
}

/// `td(1jan2000)`, `tm(2000m3)`, `tc(1jan2000 10:00:00)` and so on.
pub fn date_literal(name: &str, text: &str) -> Result<f64> {
    let kind = name.trim_start_matches('t');
    let kind = if kind.is_empty() { "d" } else { kind };
    let x = match kind {
        "d" => parse_date(text, "DMY", 0.0),
        "c" => parse_clock(text, "DMYhms", 0.0, false),
        "C" => parse_clock(text, "DMYhms", 0.0, true),
        // `tq(1994,q1)`: a comma between the parts is a blank
        k => parse_period(&text.replace(',', " "), k.chars().next().unwrap_or('y')),
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
