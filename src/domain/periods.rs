//! Periods as people write them.

use chrono::{Duration, NaiveDate};

/// A period that a format of Stata counts from 1960 as people write it: 700 is 2018-05 in `%tm`, 2135Q1 in `%tq`. `None` for a
/// number that is no whole period, and for other formats.
pub fn written(number: f64, format: &str) -> Option<String> {
    let whole = (number.fract() == 0.0 && number.abs() < 1e6).then_some(number as i32)?;
    match format.get(..3)? {
        "%tm" => Some(format!("{}-{:02}", 1960 + whole.div_euclid(12), whole.rem_euclid(12) + 1)),
        "%tq" => Some(format!("{}Q{}", 1960 + whole.div_euclid(4), whole.rem_euclid(4) + 1)),
        "%td" => NaiveDate::from_ymd_opt(1960, 1, 1)?
            .checked_add_signed(Duration::try_days(i64::from(whole))?)
            .map(|day| day.to_string()),
        _ => None,
    }
}
