//! Calendar arithmetic: days since 1960-01-01 (%td) and the periods counted from there (manual [D] Datetime).

pub mod leap_seconds;

/// Milliseconds of a day.
pub const DAY_MS: f64 = 86_400_000.0;

/// English names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// English names of the days of the week, Sunday first.
pub const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The days from 01jan0100 to 31dec9999, for which functions of dates have values (manual [FN] Date and time functions).
const DAYS_WITH_DATES: std::ops::RangeInclusive<f64> = -679_350.0..=2_936_549.0;

/// Returns a %td number, and not a number for one that is no date.
pub fn dated(days: f64) -> f64 {
    if DAYS_WITH_DATES.contains(&days.floor()) { days } else { f64::NAN }
}

/// No calendar goes so far; larger numbers would overflow the arithmetic.
const FAR: f64 = 1e12;

/// Days since 1960-01-01 of a proleptic Gregorian date (algorithm of H. Hinnant, days_from_civil).
pub fn from_civil(year: f64, month: f64, day: f64) -> f64 {
    let [y, m, d] = [year, month, day].map(|x| x.clamp(-FAR, FAR) as i64);
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    (era * 146_097 + doe - 719_468 + 3653) as f64
}

/// Year, month and day of a %td number.
pub fn to_civil(days: f64) -> (f64, f64, f64) {
    let z = days.clamp(-FAR, FAR).floor() as i64 - 3653 + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year as f64, month as f64, day as f64)
}

/// Returns the %tm number of a %td number.
pub fn month_of(d: f64) -> f64 {
    let (y, m, _) = to_civil(d);
    (y - 1960.0) * 12.0 + m - 1.0
}

/// Returns the %td number of the first day of a month, a %tm number.
pub fn first_of_month(m: f64) -> f64 {
    let m = m.floor();
    from_civil(1960.0 + (m / 12.0).floor(), m.rem_euclid(12.0) + 1.0, 1.0)
}

/// Returns the day of the year of a %td number, from 1.
pub fn day_of_year(d: f64) -> f64 {
    let (y, ..) = to_civil(d);
    d.floor() - from_civil(y, 1.0, 1.0) + 1.0
}

/// Year and week; week 52 has eight or nine days.
pub fn week_of(d: f64) -> (f64, f64) {
    (to_civil(d).0, (((day_of_year(d) - 1.0) / 7.0).floor() + 1.0).min(52.0))
}

/// Returns the %td number of the first day of a week, a %tw number.
pub fn day_of_week_number(w: f64) -> f64 {
    let w = w.floor();
    from_civil(1960.0 + (w / 52.0).floor(), 1.0, 1.0) + 7.0 * w.rem_euclid(52.0)
}
