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
        'c' | 'C' => ((x / DAY_MS).floor(), x.rem_euclid(DAY_MS)),
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
    render(detail, day, ms, kind)
}

fn render(detail: &str, day: f64, ms: f64, kind: char) -> String {
    let (y, m, d) = to_civil(day);
    let (hour, minute) = ((ms / 3_600_000.0).floor(), (ms / 60_000.0).floor() % 60.0);
    let second = (ms / 1000.0).floor() % 60.0;
    let month = MONTHS[(m as usize - 1).min(11)];
    let weekday = DAYS[(day + 5.0).rem_euclid(7.0) as usize];
    let h12 = if hour % 12.0 == 0.0 { 12.0 } else { hour % 12.0 };
    let tokens: [(&str, String); 34] = [
        ("Month", month.into()),
        ("month", month.to_lowercase()),
        ("Mon", month[..3].into()),
        ("mon", month[..3].to_lowercase()),
        ("CC", format!("{:02}", (y / 100.0).floor())),
        ("cc", format!("{}", (y / 100.0).floor())),
        ("YY", format!("{:02}", y % 100.0)),
        ("yy", format!("{}", y % 100.0)),
        ("JJJ", format!("{:03}", day_of_year(day))),
        ("jjj", format!("{}", day_of_year(day))),
        ("NN", format!("{m:02}")),
        ("nn", format!("{m}")),
        ("DD", format!("{d:02}")),
        ("dd", format!("{d}")),
        ("Dayname", weekday.into()),
        ("dayname", weekday.to_lowercase()),
        ("Day", weekday[..3].into()),
        ("day", weekday[..3].to_lowercase()),
        ("Da", weekday[..2].into()),
        ("da", weekday[..2].to_lowercase()),
        ("WW", format!("{:02}", week_of(day).1)),
        ("ww", format!("{}", week_of(day).1)),
        ("HH", format!("{hour:02}")),
        ("hh", format!("{h12}")),
        ("Hh", format!("{hour}")),
        ("hH", format!("{h12:02}")),
        ("MM", format!("{minute:02}")),
        ("mm", format!("{minute}")),
        ("SS", format!("{second:02}")),
        ("ss", format!("{second}")),
        ("AM", if hour < 12.0 { "AM".into() } else { "PM".into() }),
        ("am", if hour < 12.0 { "am".into() } else { "pm".into() }),
        (".sss", format!(".{:03}", ms % 1000.0)),
        (".s", format!(".{}", ((ms % 1000.0) / 100.0).floor())),
    ];
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
        if kind == 'h' && rest.starts_with('h') {
            out.push_str(if m <= 6.0 { "1" } else { "2" });
            rest = &rest[1..];
            continue;
        }
        if rest.starts_with('q') {
            out.push_str(&format!("{}", ((m - 1.0) / 3.0).floor() + 1.0));
            rest = &rest[1..];
            continue;
        }
        if let Some((t, s)) = tokens.iter().find(|(t, _)| rest.starts_with(t)) {
            out.push_str(s);
            rest = &rest[t.len()..];
            continue;
        }
        out.push(if c == '_' { ' ' } else { c });
        rest = &rest[c.len_utf8()..];
    }
    out
}
