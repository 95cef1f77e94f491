//! Date formats: `%td`, `%tc`, `%tm` and their details (manual [D] Datetime display formats).

use crate::dates::{
    DAY_MS, DAYS, MONTHS, day_of_week_number, day_of_year, first_of_month, from_civil, to_civil, week_of,
};
use crate::value::{MISSING, is_missing, missing_text};

/// Formats a value with a date format such as `%td`, `%tdCCYY-NN-DD`, `%tm`, `%tcHH:MM`.
pub fn format_date(kind: char, detail: &str, x: f64) -> String {
    if is_missing(x) {
        return missing_text(x);
    }
    let detail = match (kind, detail) {
        ('d', "") => "DDmonCCYY",
        ('c' | 'C', "") => "DDmonCCYY_HH:MM:SS",
        ('m', "") => "CCYY!mnn",
        ('q', "") => "CCYY!qq",
        ('w', "") => "CCYY!www",
        ('h', "") => "CCYY!hh",
        ('y', "") => "CCYY",
        (_, d) => d,
    };
    let (day, ms) = match kind {
        'c' => ((x / DAY_MS).floor(), x.rem_euclid(DAY_MS)),
        'C' => crate::dates::leap_seconds::split(x),
        'm' => (first_of_month(x), 0.0),
        'q' => (first_of_month(x.floor() * 3.0), 0.0),
        'h' => (first_of_month(x.floor() * 6.0), 0.0),
        'w' => (day_of_week_number(x), 0.0),
        'y' => (from_civil(x, 1.0, 1.0), 0.0),
        _ => (x.floor(), 0.0),
    };
    if day.abs() > 4e6 {
        return missing_text(MISSING);
    }
    render(detail, day, ms)
}

type Code = (&'static str, String);

/// Codes of the time of day.
fn clock_codes(ms: f64) -> Vec<Code> {
    // a leap second is 23:59:60
    let leap = if ms >= DAY_MS { 1.0 } else { 0.0 };
    let plain = ms - leap * 1000.0;
    let (hour, minute) = ((plain / 3_600_000.0).floor(), (plain / 60_000.0).floor() % 60.0);
    let second = (plain / 1000.0).floor() % 60.0 + leap;
    let h12 = if hour % 12.0 == 0.0 { 12.0 } else { hour % 12.0 };
    let half = |before: &str, after: &str| if hour < 12.0 { before.to_string() } else { after.to_string() };
    vec![
        ("HH", format!("{hour:02}")),
        ("hH", format!("{hour}")),
        ("Hh", format!("{h12:02}")),
        ("hh", format!("{h12}")),
        ("MM", format!("{minute:02}")),
        ("mm", format!("{minute}")),
        ("SS", format!("{second:02}")),
        ("ss", format!("{second}")),
        ("A.M.", half("A.M.", "P.M.")),
        ("a.m.", half("a.m.", "p.m.")),
        ("AM", half("AM", "PM")),
        ("am", half("am", "pm")),
        (".sss", format!(".{:03}", (ms % 1000.0).floor())),
        (".ss", format!(".{:02}", ((ms % 1000.0) / 10.0).floor())),
        (".s", format!(".{}", ((ms % 1000.0) / 100.0).floor())),
    ]
}

/// Codes of the day; those of one letter come last, as the formats of older versions have them.
fn day_codes(day: f64) -> Vec<Code> {
    let (y, m, d) = to_civil(day);
    let month = MONTHS[(m as usize - 1).min(11)];
    let weekday = DAYS[(day + 5.0).rem_euclid(7.0) as usize];
    let (century, year) = ((y / 100.0).floor(), y % 100.0);
    let (of_year, week) = (day_of_year(day), week_of(day).1);
    vec![
        ("Month", month.into()),
        ("month", month.to_lowercase()),
        ("Mon", month[..3].into()),
        ("mon", month[..3].to_lowercase()),
        ("CC", format!("{century:02}")),
        ("cc", format!("{century}")),
        ("YY", format!("{year:02}")),
        ("yy", format!("{year}")),
        ("JJJ", format!("{of_year:03}")),
        ("jjj", format!("{of_year}")),
        ("NN", format!("{m:02}")),
        ("nn", format!("{m}")),
        ("DAYNAME", format!("{weekday:>9}")),
        ("DD", format!("{d:02}")),
        ("dd", format!("{d}")),
        ("Dayname", weekday.into()),
        ("dayname", weekday.to_lowercase()),
        ("Day", weekday[..3].into()),
        ("day", weekday[..3].to_lowercase()),
        ("Da", weekday[..2].into()),
        ("da", weekday[..2].to_lowercase()),
        ("WW", format!("{week:02}")),
        ("ww", format!("{week}")),
        ("q", format!("{}", ((m - 1.0) / 3.0).floor() + 1.0)),
        ("h", if m <= 6.0 { "1".into() } else { "2".into() }),
        ("+", String::new()),
        ("M", month.into()),
        ("m", month[..3].into()),
        ("L", month.to_lowercase()),
        ("l", month[..3].to_lowercase()),
        ("C", format!("{century:02}")),
        ("c", format!("{century}")),
        ("Y", format!("{year:02}")),
        ("y", format!("{year}")),
        ("J", format!("{of_year:03}")),
        ("j", format!("{of_year}")),
        ("N", format!("{m:02}")),
        ("n", format!("{m}")),
        ("D", format!("{d:02}")),
        ("d", format!("{d}")),
        ("W", format!("{week:02}")),
        ("w", format!("{week}")),
    ]
}

fn render(detail: &str, day: f64, ms: f64) -> String {
    let codes: Vec<Code> = clock_codes(ms).into_iter().chain(day_codes(day)).collect();
    let mut out = String::new();
    let mut rest = detail;
    while let Some(c) = rest.chars().next() {
        if c == '!' {
            let mut it = rest.chars();
            it.next();
            if let Some(l) = it.next() {
                out.push(l);
            }
            rest = it.as_str();
            continue;
        }
        if let Some((t, s)) = codes.iter().find(|(t, _)| rest.starts_with(t)) {
            out.push_str(s);
            rest = &rest[t.len()..];
            continue;
        }
        out.push(if c == '_' { ' ' } else { c });
        rest = &rest[c.len_utf8()..];
    }
    out
}
