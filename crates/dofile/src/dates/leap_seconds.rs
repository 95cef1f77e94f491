//! Leap seconds: times that count them (`%tC`) and times that do not (`%tc`).
//!
//! # Source
//! Bulletin C of the International Earth Rotation Service; manual [D] Datetime values from other software.

use crate::dates::{DAY_MS, from_civil};

/// Years and halves of the days that end with a leap second: 30 June (6) or 31 December (12).
const ENDS: [(u16, u8); 27] = [
    (1972, 6),
    (1972, 12),
    (1973, 12),
    (1974, 12),
    (1975, 12),
    (1976, 12),
    (1977, 12),
    (1978, 12),
    (1979, 12),
    (1981, 6),
    (1982, 6),
    (1983, 6),
    (1985, 6),
    (1987, 12),
    (1989, 12),
    (1990, 12),
    (1992, 6),
    (1993, 6),
    (1994, 6),
    (1995, 12),
    (1997, 6),
    (1998, 12),
    (2005, 12),
    (2008, 12),
    (2012, 6),
    (2015, 6),
    (2016, 12),
];

/// Days since 1960 that end with a leap second, in order.
fn days() -> impl Iterator<Item = f64> {
    ENDS.iter().map(|(y, m)| from_civil(f64::from(*y), f64::from(*m), if *m == 6 { 30.0 } else { 31.0 }))
}

/// Whether a day ends with a leap second.
pub fn ends(day: f64) -> bool {
    days().any(|d| d == day)
}

/// Milliseconds that count leap seconds, of milliseconds that do not.
pub fn with(ms: f64) -> f64 {
    let day = (ms / DAY_MS).floor();
    ms + 1000.0 * days().filter(|d| *d < day).count() as f64
}

/// The day of milliseconds that count leap seconds, and the milliseconds since its start: up to a second more
/// than those of a day on a day that ends with a leap second.
pub fn split(ms: f64) -> (f64, f64) {
    let mut before = 0.0;
    for day in days() {
        let start = (day + 1.0) * DAY_MS + before;
        if ms < start {
            break;
        }
        if ms < start + 1000.0 {
            return (day, DAY_MS + ms - start);
        }
        before += 1000.0;
    }
    let plain = ms - before;
    ((plain / DAY_MS).floor(), plain.rem_euclid(DAY_MS))
}

/// Milliseconds that do not count leap seconds; a leap second becomes the first second of the next day.
pub fn without(ms: f64) -> f64 {
    let (day, rest) = split(ms);
    day * DAY_MS + rest
}
