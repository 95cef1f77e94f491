//! Dates and months that a column of whole numbers writes in their digits: `20240131`, `202401`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;

use dta::Reader;

use super::{BLOCK, Note, Offer, convert, unreadable};
use crate::adapters::tabular::convert::number_text;
use crate::adapters::tabular::date;
use crate::adapters::tabular::number::storable;
use crate::domain::data_step::ConvertTo;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;

/// Years that such numbers are taken to mean.
const YEARS: std::ops::RangeInclusive<i64> = 1800..=2100;
/// Different values from which no name of a time is needed: of numbers that measure something, hardly ten are all times.
const ENOUGH_VALUES: u64 = 10;
/// Parts of names of columns that hold dates or months, in small letters.
const NAMES: [&str; 14] = [
    "date", "day", "datum", "fecha", "month", "monat", "yyyymm", "ym", "period", "日期", "时间", "月", "日",
    "期",
];

/// A way to write a time in digits.
struct Style {
    to: ConvertTo,
    /// Divided by it, a value is its year.
    per_year: i64,
    reads: fn(f64) -> Option<i32>,
    like: &'static str,
}

const STYLES: [Style; 2] = [
    Style {
        to: ConvertTo::DateYyyymmdd,
        per_year: 10_000,
        reads: date::in_digits,
        like: "dates, written YYYYMMDD",
    },
    Style {
        to: ConvertTo::MonthYyyymm,
        per_year: 100,
        reads: date::month_in_digits,
        like: "months, written YYYYMM",
    },
];

impl Style {
    /// The style whose years hold the ends of a column, under a name of times or with many values.
    fn of(column: &Column) -> Option<&'static Self> {
        let number = matches!(column.inferred_type, InferredType::Integer | InferredType::Number);
        let (low, high) = (column.min?, column.max?);
        let name = column.original_name.to_lowercase();
        let named = NAMES.iter().any(|part| name.contains(part)) && column.distinct > 1;
        if !number || !column.integer_valued || !(named || column.distinct >= ENOUGH_VALUES) {
            return None;
        }
        let within = |value: f64, per_year: i64| YEARS.contains(&(value as i64 / per_year));
        STYLES.iter().find(|style| within(low, style.per_year) && within(high, style.per_year))
    }
}

/// Offers to read such columns as times, where every value is one; `rows` are no observations.
///
/// # Errors
/// I/O.
pub(super) fn offers(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    rows: &BTreeSet<u64>,
) -> Result<Vec<Offer>, Problem> {
    let candidates =
        columns.iter().enumerate().filter_map(|(at, column)| Some((at, column, Style::of(column)?)));
    let mut open: Vec<(usize, &Column, &Style)> = candidates.take(super::MOST_COLUMNS).collect();
    reader.go_to_row(0);
    let mut first = 1;
    while !open.is_empty() {
        reader.select(open.iter().map(|(at, ..)| *at).collect()).map_err(unreadable)?;
        let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? else { break };
        let mut blocks = block.columns.iter();
        open.retain(|(_, _, style)| {
            let mut all = Vec::new();
            if let Some(values) = blocks.next() {
                values.append_doubles(&mut all);
            }
            let mut kept = (first..).zip(all).filter(|(row, value)| storable(*value) && !rows.contains(row));
            kept.all(|(_, value)| (style.reads)(value).is_some())
        });
        first += block.rows as u64;
    }
    Ok(open.into_iter().filter_map(|(at, column, style)| offer(at, column, style)).collect())
}

fn offer(at: usize, column: &Column, style: &Style) -> Option<Offer> {
    let message = format!(
        "{} holds whole numbers ({} to {}) that are all {}; they are kept as numbers, between which the months and years have no \
         even steps",
        column.name,
        number_text(column.min?),
        number_text(column.max?),
        style.like
    );
    let note = Note { kind: "dates_as_numbers", message };
    Some(Offer { at, step: convert(column, style.to.clone()), note, because_of: None })
}
