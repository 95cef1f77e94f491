//! Tick positions of date axes: starts of years, months or days, or whole periods of a year.

use crate::dates::{from_civil, to_civil};
use crate::expr::functions::date_literal;
use crate::session::Session;
use crate::syntax::split::{quote_at, skip_quote};
use crate::tsset::Panel;
use figure::ticks;

/// Replaces date literals such as `1990q1` in the options of a time axis by their numbers, where the declared time has
/// a date format.
pub(crate) fn numbers_of_dates(session: &Session, text: &str) -> String {
    let time = Panel::of(&session.frame).ok().and_then(|p| p.time);
    let format = time.map_or("", |v| session.frame.var(v).format.as_str());
    let kind = format.trim_start_matches(['%', '-']).strip_prefix('t').and_then(|rest| rest.chars().next());
    let Some(kind) = kind.filter(|k| "dwmqh".contains(*k)) else { return text.to_string() };
    let b = text.as_bytes();
    let (mut out, mut i) = (String::new(), 0);
    while i < b.len() {
        let start = i;
        if quote_at(b, i) {
            i = skip_quote(b, i);
        } else if b[i].is_ascii_alphanumeric() || b[i] == b'_' {
            while b.get(i).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_') {
                i += 1;
            }
            let dated = b[start].is_ascii_digit() && b[start..i].iter().any(u8::is_ascii_alphabetic);
            if let Some(x) = dated.then(|| date_literal(&format!("t{kind}"), &text[start..i]).ok()).flatten()
            {
                out.push_str(&format!("{x}"));
                continue;
            }
        } else {
            i += text[i..].chars().next().map_or(1, char::len_utf8);
        }
        out.push_str(&text[start..i]);
    }
    out
}

/// About `wanted` ticks between `low` and `high` for a date of this kind (`d`, `c`, `m`, `q`, `w`,
/// `h`); `None` where plain numbers do.
pub(crate) fn ticks(kind: char, low: f64, high: f64, wanted: usize) -> Option<Vec<f64>> {
    if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
        return None;
    }
    match kind {
        'd' => days(low, high, wanted),
        'c' | 'C' => {
            const DAY: f64 = 86_400_000.0;
            let at = days(low / DAY, high / DAY, wanted)?;
            Some(at.into_iter().map(|d| d * DAY).filter(|t| *t >= low && *t <= high).collect())
        }
        'm' => Some(periods(12.0, &[1.0, 2.0, 3.0, 6.0], low, high, wanted)),
        'q' => Some(periods(4.0, &[1.0, 2.0], low, high, wanted)),
        'w' => Some(periods(52.0, &[1.0, 2.0, 4.0, 13.0, 26.0], low, high, wanted)),
        'h' => Some(periods(2.0, &[1.0], low, high, wanted)),
        _ => None,
    }
}

/// Multiples of a step that divides or is a whole number of years.
fn periods(year: f64, parts: &[f64], low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let years = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0].map(|y| y * year);
    let steps = parts.iter().copied().chain(years);
    let off = |step: f64| ((high - low) / step - wanted as f64).abs();
    let step = steps.min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(year);
    ticks::multiples(low, high, step)
}

/// Starts of years, of months, or whole days.
fn days(low: f64, high: f64, wanted: usize) -> Option<Vec<f64>> {
    let span = high - low;
    let months = span / 30.44;
    if months < wanted as f64 * 0.7 {
        return Some(ticks::nice(low, high, wanted).into_iter().filter(|t| t.fract() == 0.0).collect());
    }
    let steps = [1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 60.0, 120.0, 240.0, 600.0, 1200.0];
    let off = |step: f64| (months / step - wanted as f64).abs();
    let step = steps.into_iter().min_by(|a, b| off(*a).total_cmp(&off(*b)))?;
    let (year, month, _) = to_civil(low.floor());
    let first = ((year * 12.0 + month - 1.0) / step).floor();
    let at = (0..1000)
        .map(|i| (first + f64::from(i)) * step)
        .map(|m| from_civil((m / 12.0).floor(), m.rem_euclid(12.0) + 1.0, 1.0))
        .skip_while(|t| *t < low)
        .take_while(|t| *t <= high)
        .collect();
    Some(at)
}
