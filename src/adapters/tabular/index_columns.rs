//! Remarks on columns that say where a row stands: its number in the file, or a year and a month apart.

use super::warnings::Warnings;
use crate::domain::dataset::Column;

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
