//! Periods that a question names, as numbers of the time variable: "May 2018" is 700 where months are counted from January 1960.

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;

use crate::domain::dataset::Column;

/// Parameters that take a period of the time variable.
pub(super) const PERIODS: [&str; 3] = ["event_time", "break_at", "start"];
/// The first letters of the months in English.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// The year from which Stata counts days, months and quarters.
const FIRST_YEAR: i32 = 1960;

static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:([0-9]{1,2})(?:st|nd|rd|th)?(?: of)? )?(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?(?: ([0-9]{1,2})(?:st|nd|rd|th)?,)?,? ((?:19|20)[0-9]{2})\b",
    )
    .expect("a pattern")
});
static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"((?:19|20)[0-9]{2})(?:[-/.]|年|[mM])([0-9]{1,2})(?:(?:[-/.]|月)([0-9]{1,2}))?")
        .expect("a pattern")
});
static QUARTERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bq([1-4])(?: of)?[ /-]?((?:19|20)[0-9]{2})|((?:19|20)[0-9]{2})(?: ?-?q|年第?)([1-4一二三四])(?:季|\b)")
        .expect("a pattern")
});

/// A year, its month and its day as a question has them.
type Said = (i32, u32, Option<u32>);

fn said(text: &str) -> Vec<Said> {
    let number = |text: &str| text.parse::<u32>().ok();
    let of_words = WORDS.captures_iter(text).filter_map(|found| {
        let month = found[2].to_lowercase();
        let month = MONTHS.iter().position(|name| month.starts_with(name))? as u32 + 1;
        let day = found.get(1).or_else(|| found.get(3)).and_then(|day| number(day.as_str()));
        Some((found[4].parse().ok()?, month, day))
    });
    let of_digits = DIGITS.captures_iter(text).filter_map(|found| {
        let day = found.get(3).and_then(|day| number(day.as_str()));
        let month = number(&found[2]).filter(|month| (1..=12).contains(month))?;
        Some((found[1].parse().ok()?, month, day))
    });
    of_words.chain(of_digits).collect()
}

fn quarters(text: &str) -> Vec<f64> {
    let quarter = |text: &str| {
        text.parse()
            .ok()
            .or_else(|| "一二三四".chars().position(|c| text.starts_with(c)).map(|at| at as i32 + 1))
    };
    let found = QUARTERS.captures_iter(text).filter_map(|found| {
        let (year, number) = match (found.get(1), found.get(2)) {
            (Some(number), Some(year)) => (year, number),
            _ => (found.get(3)?, found.get(4)?),
        };
        let year: i32 = year.as_str().parse().ok()?;
        Some(f64::from((year - FIRST_YEAR) * 4 + quarter(number.as_str())? - 1))
    });
    found.collect()
}

/// The only period of a question, in the unit of the time variable; `None` where it names none, or several.
pub(super) fn period_in(question: &str, time: &Column) -> Option<f64> {
    let months = |(year, month, _): &Said| f64::from((year - FIRST_YEAR) * 12 + *month as i32 - 1);
    let mut found: Vec<f64> = match time.format.get(..3)? {
        "%tm" => said(question).iter().map(months).collect(),
        "%tq" => {
            let of_months = said(question).into_iter().map(|one| (months(&one) / 3.0).floor());
            quarters(question).into_iter().chain(of_months).collect()
        }
        "%td" => said(question)
            .iter()
            .filter_map(|(year, month, day)| {
                let day = NaiveDate::from_ymd_opt(*year, *month, day.unwrap_or(1))?;
                let first = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1)?;
                Some((day - first).num_days() as f64)
            })
            .collect(),
        _ => return None,
    };
    found.retain(|period| is_within(*period, time));
    found.dedup();
    match found[..] {
        [only] => Some(only),
        _ => None,
    }
}

/// The only year of a question that is among those of a column of years: 2014年, "in 1989".
pub(super) fn year_in(question: &str, time: &Column) -> Option<f64> {
    static DIGITS: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9]+").expect("a pattern"));
    if !time.integer_valued || time.format.starts_with("%t") && !time.format.starts_with("%ty") {
        return None;
    }
    let mut years: Vec<f64> = DIGITS
        .find_iter(question)
        .filter(|found| found.len() == 4)
        .filter_map(|found| found.as_str().parse().ok())
        .collect();
    years.retain(|year| is_within(*year, time));
    years.dedup();
    match years[..] {
        [only] => Some(only),
        _ => None,
    }
}

/// True for a number among those of a column.
pub(super) fn is_within(number: f64, column: &Column) -> bool {
    column.min.is_none_or(|least| number >= least) && column.max.is_none_or(|most| number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(format: &str, min: f64, max: f64) -> Column {
        let mut column: Column = serde_json::from_value(serde_json::json!({
            "name": "t", "original_name": "t", "inferred_type": "integer", "storage": "int", "format": format, "label": null,
            "value_labels": false, "missing": 0, "missing_share": 0.0, "distinct": 9, "integer_valued": true, "examples": []
        }))
        .expect("a column");
        (column.min, column.max) = (Some(min), Some(max));
        column
    }

    /// The expected numbers are those of `tm()`, `tq()` and `td()` in Stata's manual of dates.
    #[test]
    fn periods_of_a_question_are_numbers_of_the_time_variable() {
        let months = time("%tm", 600.0, 760.0);
        assert_eq!(period_in("a programme began in May 2018", &months), Some(700.0));
        assert_eq!(period_in("2019年1月起实行电子通关", &months), Some(708.0));
        assert_eq!(period_in("between May 2018 and June 2018", &months), None, "two periods");
        assert_eq!(period_in("the reform of 2018", &months), None, "a year is no month");
        let quarters = time("%tq", 200.0, 260.0);
        assert_eq!(period_in("since 2018Q1", &quarters), Some(232.0));
        assert_eq!(period_in("from Q1 2018 on", &quarters), Some(232.0));
        let days = time("%td", 18_000.0, 23_000.0);
        assert_eq!(period_in("on 23 March 2020", &days), Some(21_997.0));
        assert_eq!(period_in("on 2020-03-23", &days), Some(21_997.0));
    }
}
