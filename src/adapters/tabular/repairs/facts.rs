//! Second look of the repairs: the facts of the data after each of them.

use std::collections::BTreeSet;
use std::path::Path;

use dta::{Column as Values, Texts};
use foldhash::fast::RandomState;

use super::{BLOCK, Offer, apply, open, unreadable};
use crate::adapters::tabular::profile::{Gatherer, Profile};
use crate::domain::data_step::{ConvertTo, DataStep, Repair};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;

/// Most columns whose facts are kept for the data without some rows.
const MOST_COLUMNS: usize = 500;

/// The repairs with their facts: rows that are dropped first, then the conversions on the rows that are left.
pub(super) fn after(
    path: &Path,
    columns: &[Column],
    drop_step: Option<&DataStep>,
    offers: &[Offer],
) -> Result<Vec<Repair>, Problem> {
    let drop_step = drop_step.filter(|_| columns.len() <= MOST_COLUMNS);
    if drop_step.is_none() && offers.is_empty() {
        return Ok(Vec::new());
    }
    let dropped: &[u64] = drop_step.map_or(&[], |step| &step.rows);
    let selected: Vec<usize> = match drop_step {
        Some(_) => (0..columns.len()).collect(),
        None => offers.iter().map(|offer| offer.at).collect::<BTreeSet<_>>().into_iter().collect(),
    };
    let mut reader = open(path)?;
    let rows = reader.rows() - dropped.len() as u64;
    reader.select(selected.clone()).map_err(unreadable)?;
    let random = RandomState::default();
    let mut kept = Gatherer::new(selected.len(), random.clone());
    let mut converted = Gatherer::new(offers.len(), random);
    let mut first = 1;
    while let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? {
        let stay: Vec<usize> =
            (0..block.rows).filter(|row| !dropped.contains(&(first + *row as u64))).collect();
        first += block.rows as u64;
        let values: Vec<Values> = offers
            .iter()
            .filter_map(|offer| Some((offer, selected.binary_search(&offer.at).ok()?)))
            .map(|(offer, at)| read(&offer.step, &block.columns[at], &stay))
            .collect();
        converted.add(&values);
        if drop_step.is_some() {
            kept.add(&block.columns.iter().map(|column| rows_of(column, &stay)).collect::<Vec<_>>());
        }
    }
    let mut repairs = Vec::new();
    if let Some(step) = drop_step {
        let after = columns.iter().zip(&kept.columns).map(|(c, p)| described(c, p, rows));
        let changed = after.zip(columns).filter(|(after, before)| after != *before);
        repairs.push(Repair {
            step: step.clone(),
            row_count: rows,
            columns: changed.map(|(after, _)| after).collect(),
            by_person: false,
        });
    }
    for (offer, profile) in offers.iter().zip(&converted.columns) {
        let column = described(&retyped(&columns[offer.at], &offer.step), profile, rows);
        repairs.push(Repair {
            step: offer.step.clone(),
            row_count: rows,
            columns: vec![column],
            by_person: false,
        });
    }
    Ok(repairs)
}

/// These rows of a column.
fn rows_of(column: &Values, rows: &[usize]) -> Values {
    match column {
        Values::Byte(v) => Values::Byte(rows.iter().map(|r| v[*r]).collect()),
        Values::Int(v) => Values::Int(rows.iter().map(|r| v[*r]).collect()),
        Values::Long(v) => Values::Long(rows.iter().map(|r| v[*r]).collect()),
        Values::Float(v) => Values::Float(rows.iter().map(|r| v[*r]).collect()),
        Values::Double(v) => Values::Double(rows.iter().map(|r| v[*r]).collect()),
        Values::Str(v) => Values::Str(rows.iter().map(|r| v.get(*r)).collect::<Texts>()),
        Values::StrL(v) => {
            let text = |row: usize| String::from_utf8_lossy(v.bytes(row)).into_owned();
            let texts: Vec<String> = rows.iter().map(|r| text(*r)).collect();
            Values::Str(texts.iter().map(String::as_str).collect::<Texts>())
        }
    }
}

/// The values of a conversion on these rows.
fn read(step: &DataStep, column: &Values, rows: &[usize]) -> Values {
    let missing = dta::Missing::SYSTEM.double();
    if step.to == Some(ConvertTo::FillDown) {
        return filled_down(&rows_of(column, rows));
    }
    if let Values::Str(texts) = column {
        if step.to.as_ref().is_some_and(ConvertTo::is_text) {
            let cells: Vec<String> =
                rows.iter().map(|r| step.respelt(texts.get(*r)).unwrap_or_default()).collect();
            return Values::Str(cells.iter().map(String::as_str).collect::<Texts>());
        }
        return Values::Double(
            rows.iter().map(|r| apply::text(step, texts.get(*r)).unwrap_or(missing)).collect(),
        );
    }
    let mut all = Vec::with_capacity(column.len());
    column.append_doubles(&mut all);
    let value = |v: f64| if v >= missing { v } else { apply::number(step, v).unwrap_or(missing) };
    Values::Double(rows.iter().map(|r| value(all[*r])).collect())
}

/// The values with those of the row above where there are none.
fn filled_down(column: &Values) -> Values {
    let from = match column {
        Values::Str(texts) => apply::filled_down(texts.iter().map(str::is_empty)),
        numbers => {
            let mut all = Vec::with_capacity(numbers.len());
            numbers.append_doubles(&mut all);
            let missing = dta::Missing::SYSTEM.double();
            apply::filled_down(all.into_iter().map(|x| x >= missing))
        }
    };
    rows_of(column, &from)
}

/// The column with the storage that the step gives it.
fn retyped(column: &Column, step: &DataStep) -> Column {
    let mut column = column.clone();
    match &step.to {
        None => {}
        Some(ConvertTo::FillDown) => {}
        Some(to) if to.is_text() => {}
        Some(to) if to.is_date() => {
            column.storage = "long".to_owned();
            column.format = "%td".to_owned();
            column.inferred_type = InferredType::Date;
            column.max_bytes = None;
        }
        Some(to) if to.is_month() => {
            column.storage = "int".to_owned();
            column.format = "%tm".to_owned();
            column.inferred_type = InferredType::Date;
            column.max_bytes = None;
        }
        Some(to) if column.is_text() => {
            column.storage = "double".to_owned();
            column.format = if *to == ConvertTo::FirstYear { "%ty" } else { "%10.0g" }.to_owned();
            column.inferred_type = InferredType::Number;
            column.max_bytes = None;
        }
        Some(_) => {}
    }
    column
}

/// The column with the facts of these values.
fn described(column: &Column, profile: &Profile, rows: u64) -> Column {
    let (distinct, distinct_is_lower_bound) = profile.distinct();
    let text = column.is_text();
    let binary = distinct == 2 && profile.min == Some(0.0) && profile.max == Some(1.0);
    let inferred_type = match column.inferred_type {
        _ if profile.missing >= rows => InferredType::Empty,
        kept @ (InferredType::Date | InferredType::Datetime | InferredType::Text) => kept,
        _ if profile.whole && binary => InferredType::Binary,
        _ if profile.whole => InferredType::Integer,
        _ => InferredType::Number,
    };
    Column {
        inferred_type,
        missing: profile.missing,
        missing_share: profile.missing as f64 / rows.max(1) as f64,
        distinct,
        distinct_is_lower_bound,
        min: profile.min,
        max: profile.max,
        integer_valued: !text && profile.min.is_some() && profile.whole,
        has_negative: profile.min.is_some_and(|m| m < 0.0),
        max_bytes: text.then_some(profile.max_bytes as u32),
        ..column.clone()
    }
}
