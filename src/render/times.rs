//! The periods of a series as its run numbers them: a run over dates counts years, quarters, months, weeks, days or trading
//! days, and a run over every second year counts steps. A reader of a report wants the time itself.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::Reader;

use super::number::whole_or_fixed;
use crate::domain::periods;

/// Rows that are read at once.
const BLOCK: usize = 32_768;
/// Numbers from here on are codes of missing values.
const MISSING: f64 = 8.9e307;
/// 4 January 1960, day 3, was a Monday.
const MONDAY: f64 = 3.0;

/// What a period of a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    /// The time itself.
    Time,
    /// The number of steps of this width from the first time on.
    Steps(f64),
    Year,
    Quarter,
    Month,
    /// The number of weeks from the first day on.
    Week,
    /// The number of a weekday with a row, from 1 on.
    TradingDay,
}

/// The times of a series, which has each of them once.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    /// The times in their order.
    times: Vec<f64>,
    unit: Unit,
    format: String,
}

/// Reads the times of those among these columns that have each of them once, as a series has.
///
/// # Errors
/// Says why the file cannot be read.
pub fn times(columns: &[&str], canonical: &Path) -> Result<HashMap<String, Times>, String> {
    let file = File::open(canonical).map_err(|e| e.to_string())?;
    let mut reader = Reader::open(BufReader::new(file)).map_err(|e| e.to_string())?;
    let wanted: Vec<(String, String, usize)> = columns
        .iter()
        .filter_map(|name| reader.position(name).map(|at| (*name, at)))
        .map(|(name, at)| (name.to_owned(), reader.variables()[at].format.clone(), at))
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    reader.select(wanted.iter().map(|(_, _, at)| *at).collect()).map_err(|e| e.to_string())?;
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    while let Some(block) = reader.read_block(BLOCK).map_err(|e| e.to_string())? {
        for (of_column, numbers) in block.columns.iter().zip(&mut values) {
            of_column.append_doubles(numbers);
        }
    }
    let found = wanted.into_iter().zip(values).filter_map(|((name, format, _), mut numbers)| {
        numbers.retain(|x| x.abs() < MISSING);
        Some((name, Times::of(numbers, &format)?))
    });
    Ok(found.collect())
}

impl Times {
    /// The times of a series by the rule of the templates: of dates the longest unit that gives every row a period of its own, of
    /// other numbers steps of one width. Nothing where a time is there twice, as in a panel.
    fn of(mut times: Vec<f64>, format: &str) -> Option<Self> {
        times.sort_by(f64::total_cmp);
        let first = *times.first()?;
        if times.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let unit = if format.starts_with("%td") {
            let apart = |key: &dyn Fn(f64) -> f64| times.windows(2).all(|pair| key(pair[0]) != key(pair[1]));
            let month = |x: f64| months(x);
            match () {
                () if apart(&|x| month(x).div_euclid(12.0)) => Unit::Year,
                () if apart(&|x| month(x).div_euclid(3.0)) => Unit::Quarter,
                () if apart(&month) => Unit::Month,
                () if apart(&|x| (x - first).div_euclid(7.0)) => Unit::Week,
                () if is_of_weekdays(&times) => Unit::TradingDay,
                () => Unit::Time,
            }
        } else {
            let width = times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
            let is_whole = width == 1.0 && first.fract() == 0.0;
            if is_whole || !width.is_finite() { Unit::Time } else { Unit::Steps(width) }
        };
        Some(Self { times, unit, format: format.to_owned() })
    }

    /// A period of the run as people write it; nothing for one that its number says already.
    pub(super) fn period(&self, x: f64) -> Option<String> {
        let first = *self.times.first()?;
        match self.unit {
            Unit::Time => periods::written(x, &self.format),
            Unit::Year => Some(whole_or_fixed(x, 3)),
            Unit::Quarter => periods::written(x, "%tq"),
            Unit::Month => periods::written(x, "%tm"),
            Unit::Week => periods::written(7.0f64.mul_add(x, first), "%td"),
            Unit::TradingDay => periods::written(self.trading_day(x)?, "%td"),
            Unit::Steps(width) => {
                let time = width.mul_add(x, first);
                periods::written(time, &self.format).or_else(|| Some(whole_or_fixed(time, 3)))
            }
        }
    }

    /// The day of a trading day by its number; after the last row every weekday is taken for one.
    fn trading_day(&self, x: f64) -> Option<f64> {
        let place = (x.fract() == 0.0 && (1.0..1e6).contains(&x)).then_some(x as usize - 1)?;
        if let Some(day) = self.times.get(place) {
            return Some(*day);
        }
        let mut day = *self.times.last()?;
        for _ in self.times.len()..=place {
            day += if weekday(day) == 4.0 { 3.0 } else { 1.0 };
        }
        Some(day)
    }
}

/// The months since January 1960 of a day.
fn months(day: f64) -> f64 {
    let text = periods::written(day, "%td").unwrap_or_default();
    let mut parts = text.rsplitn(3, '-').skip(1).map(|part| part.parse::<f64>().unwrap_or(0.0));
    let (month, year) = (parts.next().unwrap_or(1.0), parts.next().unwrap_or(1960.0));
    12.0f64.mul_add(year - 1960.0, month - 1.0)
}

/// 0 for a Monday, 6 for a Sunday.
fn weekday(day: f64) -> f64 {
    (day - MONDAY).rem_euclid(7.0)
}

/// True for days without weekends, of which nearly all others between the first and the last have a row.
fn is_of_weekdays(days: &[f64]) -> bool {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return false };
    let number = |day: f64| 5.0f64.mul_add((day - MONDAY).div_euclid(7.0), (weekday(day) + 1.0).min(5.0));
    let rows = days.len() as f64;
    let closed = number(*last) - number(*first) + 1.0 - rows;
    days.iter().all(|day| weekday(*day) < 5.0) && last - first >= 14.0 && closed <= 0.1 * (rows + closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> f64 {
        let day: chrono::NaiveDate = text.parse().expect("a date");
        let first = chrono::NaiveDate::from_ymd_opt(1960, 1, 1).expect("a date");
        (day - first).num_days() as f64
    }

    fn of(texts: &[String], period: f64) -> Option<String> {
        let days: Vec<f64> = texts.iter().map(|text| day(text)).collect();
        Times::of(days, "%td").and_then(|times| times.period(period))
    }

    // the numbers of the periods are those of Stata's mofd(), qofd() and yofd() ([FN] Date and time functions)
    #[test]
    fn a_period_of_dates_is_that_which_the_run_counts() {
        let months: Vec<String> =
            (2015..2021).flat_map(|y| (1..13).map(move |m| format!("{y}-{m:02}-01"))).collect();
        assert_eq!(of(&months, 732.0).as_deref(), Some("2021-01"));
        let quarters: Vec<String> =
            (2015..2021).flat_map(|y| [1, 4, 7, 10].map(|m| format!("{y}-{m:02}-15"))).collect();
        assert_eq!(of(&quarters, 244.0).as_deref(), Some("2021Q1"));
        let years: Vec<String> = (1950..2020).map(|y| format!("{y}-12-31")).collect();
        assert_eq!(of(&years, 2020.0).as_deref(), Some("2020"));
        let weeks: Vec<String> = ["2020-01-06", "2020-01-13", "2020-01-20"].map(str::to_owned).into();
        assert_eq!(of(&weeks, 3.0).as_deref(), Some("2020-01-27"));
        let daily: Vec<String> = (1..31).map(|d| format!("2020-06-{d:02}")).collect();
        assert_eq!(of(&daily, day("2020-07-01")).as_deref(), Some("2020-07-01"));
        let panel: Vec<String> = ["2020-01-06", "2020-01-06"].map(str::to_owned).into();
        assert_eq!(of(&panel, 1.0), None);
    }

    // 6 January 2020 was a Monday
    #[test]
    fn the_number_of_a_trading_day_has_its_date() {
        let weekdays: Vec<String> = [6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24]
            .map(|d| format!("2020-01-{d:02}"))
            .into();
        assert_eq!(of(&weekdays, 6.0).as_deref(), Some("2020-01-13"));
        assert_eq!(of(&weekdays, 16.0).as_deref(), Some("2020-01-27"), "after a Friday");
        assert_eq!(of(&weekdays, 17.0).as_deref(), Some("2020-01-28"));
    }

    #[test]
    fn steps_of_other_widths_have_their_time() {
        let every = |step: usize, format: &str, x: f64| {
            Times::of((1900..2019).step_by(step).map(f64::from).collect(), format).and_then(|t| t.period(x))
        };
        assert_eq!(every(2, "%9.0g", 60.0).as_deref(), Some("2020"));
        assert_eq!(every(1, "%9.0g", 2020.0), None, "its number says it");
    }
}
