//! Remarks on columns that say where a row stands: its number in the file, or a year and a month apart.

use super::warnings::Warnings;
use crate::domain::dataset::{Column, InferredType};

/// Names that programs give to the numbers of rows, in small letters without other signs.
const NUMBERS: [&str; 15] = [
    "",
    "unnamed0",
    "x",
    "no",
    "nr",
    "index",
    "row",
    "rows",
    "rowid",
    "rownumber",
    "rownames",
    "obs",
    "序号",
    "行号",
    "编号",
];
/// Fewest rows of a numbering.
const LEAST_ROWS: u64 = 5;

const YEARS: [&str; 8] = ["year", "yr", "jahr", "année", "annee", "年", "年份", "年度"];
/// Names of parts of a year, and how many it has.
const PARTS: [(&[&str], u32); 2] = [
    (&["month", "mon", "mth", "monat", "mois", "月", "月份"], 12),
    (&["quarter", "qtr", "quartal", "季度", "季"], 4),
];

pub(super) fn remark(columns: &[Column], rows: u64, warnings: &mut Warnings) {
    // programs write the numbers in front
    for column in columns.iter().take(1).filter(|c| numbers_rows(c, rows)) {
        let message = format!(
            "{} numbers the rows of the file and measures nothing: it is not proposed as an outcome or a control",
            column.name
        );
        let hint = "leave it out of models; it can identify the rows";
        warnings.info("row_numbers", Some(&column.name), message, hint);
    }
    columns.iter().for_each(|column| other_calendar(column, warnings));
    one_column(columns, warnings);
    let Some(year) = columns.iter().find(|c| is_year(c)) else { return };
    for (names, parts) in PARTS {
        let within =
            |c: &&Column| whole_within(c, 1.0, f64::from(parts)) && names.contains(&plain(c).as_str());
        let Some(part) = columns.iter().find(within) else { continue };
        let message = format!(
            "{} and {} are two parts of one time: where an analysis needs the time in one column, derive a variable by \
             ({} - 1960) * {parts} + {} - 1",
            year.name, part.name, year.name, part.name
        );
        warnings.info(
            "time_in_parts",
            Some(&part.name),
            message,
            "add it to `derived_variables` of the draft",
        );
        return;
    }
}

/// Years that the Buddhist calendar has now, and days of years that those of Islam and of Iran have now.
const BUDDHIST: (f64, f64) = (2443.0, 2643.0);
const ISLAMIC: (f64, f64) = (-241_059.0, -168_012.0);

/// A single column of text under a name of several words: blanks may have been meant to separate columns.
fn one_column(columns: &[Column], warnings: &mut Warnings) {
    let [only] = columns else { return };
    let named = only.original_name.trim();
    if !only.is_text() || named.split_whitespace().count() < 2 {
        return;
    }
    let message = format!(
        "the file has one column, {named:?}: where blanks separate its values, they were not taken apart"
    );
    let hint = "put commas, semicolons or tabs between the values, or the line \"sep= \" above the names where one blank stands between \
                two values, and upload it again";
    warnings.warn("one_column", None, message, hint);
}

/// Years and dates of another calendar, read as if they were of the common one.
fn other_calendar(column: &Column, warnings: &mut Warnings) {
    let within = |(least, most): (f64, f64)| column.min >= Some(least) && column.max <= Some(most);
    let name = Some(column.name.as_str());
    let (low, high) = (column.min.unwrap_or_default(), column.max.unwrap_or_default());
    if whole_within(column, BUDDHIST.0, BUDDHIST.1) && YEARS.contains(&plain(column).as_str()) {
        let message =
            format!("{} holds years from {low} to {high}, as the Buddhist calendar counts them", column.name);
        let hint = format!(
            "where years of the common calendar are needed, derive a variable by {} - 543",
            column.name
        );
        warnings.warn("other_calendar", name, message, &hint);
    } else if column.inferred_type == InferredType::Date && within(ISLAMIC) {
        let message = format!(
            "{} holds dates of years from 1300 to 1499, as the calendars of Islam and of Iran count them; they were read as dates of the \
             common calendar",
            column.name
        );
        let hint = "convert them to the common calendar in the file: months and leap years differ, so that periods between them are wrong";
        warnings.warn("other_calendar", name, message, hint);
    }
}

/// The name in the file in small letters, without signs.
fn plain(column: &Column) -> String {
    column.original_name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// True for 1, 2, 3 … under the name of a numbering; the rows of totals below a table have none.
fn numbers_rows(column: &Column, rows: u64) -> bool {
    let from_start = [Some(0.0), Some(1.0)].contains(&column.min);
    let dense = column.max == column.min.map(|least| least + column.distinct as f64 - 1.0);
    let every = column.missing <= 2 && column.distinct + column.missing == rows;
    rows >= LEAST_ROWS
        && column.integer_valued
        && from_start
        && dense
        && every
        && NUMBERS.contains(&plain(column).as_str())
        // `x` is the name of a measure; R writes `X`
        && column.original_name != "x"
}

fn is_year(column: &Column) -> bool {
    whole_within(column, 1900.0, 2100.0) && YEARS.contains(&plain(column).as_str())
}

fn whole_within(column: &Column, least: f64, most: f64) -> bool {
    let inside = column.min.zip(column.max).is_some_and(|(low, high)| low >= least && high <= most);
    !column.is_text() && column.integer_valued && column.distinct > 1 && inside
}
