//! Counts the rows of canonical data that a condition and the completeness of columns leave, with the
//! meaning of `docs/expressions.md`: a comparison with a missing value is neither true nor false.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::{Block, Column, Missing, Reader};

use super::problems;
use crate::domain::error::Problem;
use crate::domain::expression::{
    ColumnRef, Comparison, Condition, Literal, Operand, ValueClass, days_since_1960, milliseconds_since_1960,
};
use crate::ports::tabular::RowCounts;

/// Rows read at once.
const STEP: usize = 65_536;

/// Counts rows.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read or lack a column.
pub(super) fn count_rows(
    path: &Path,
    condition: Option<&Condition>,
    complete: &[String],
) -> Result<RowCounts, Problem> {
    let unreadable = |error: dta::Error| {
        tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
        Problem::internal()
    };
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    let mut reader = Reader::open(BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)?;
    let mut names: Vec<String> = complete.to_vec();
    names.extend(condition.iter().flat_map(|c| c.columns()).map(|c| c.name.to_string()));
    names.sort_unstable();
    names.dedup();
    let positions: Option<Vec<usize>> = names.iter().map(|name| reader.position(name)).collect();
    let mut counts = RowCounts { rows: reader.rows(), matching: 0, complete: 0 };
    let Some(positions) = positions else { return Err(Problem::internal()) };
    if names.is_empty() {
        return Ok(RowCounts { matching: counts.rows, complete: counts.rows, ..counts });
    }
    // a selection keeps the order of the file
    let mut selected: Vec<(usize, String)> = positions.into_iter().zip(names).collect();
    selected.sort_unstable();
    reader.select(selected.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
    while let Some(block) = reader.read_block(STEP).map_err(unreadable)? {
        let columns = Columns::of(&block, &selected);
        for row in 0..block.rows {
            if condition.is_none_or(|condition| columns.truth(condition, row) == Some(true)) {
                counts.matching += 1;
                counts.complete += u64::from(!complete.iter().any(|name| columns.missing(name, row)));
            }
        }
    }
    Ok(counts)
}

/// The values of a column.
pub(super) enum Values<'a> {
    /// With the codes of missing values.
    Numbers(Vec<f64>),
    /// The same, of a table that is in memory.
    All(&'a [f64]),
    Text(&'a Column),
    Bytes(&'a [Box<[u8]>]),
}

/// Columns by name, on whose rows conditions are judged.
pub(super) struct Columns<'a>(pub(super) HashMap<&'a str, Values<'a>>);

/// A value that is not missing.
#[derive(PartialEq, PartialOrd)]
enum Value<'a> {
    Number(f64),
    Text(&'a [u8]),
}

impl<'a> Columns<'a> {
    pub(super) fn of(block: &'a Block, selected: &'a [(usize, String)]) -> Self {
        let named = selected.iter().map(|(_, name)| name.as_str()).zip(&block.columns);
        Self(
            named
                .map(|(name, column)| {
                    let values = match column {
                        Column::Str(_) | Column::StrL(_) => Values::Text(column),
                        _ => {
                            let mut numbers = Vec::with_capacity(block.rows);
                            column.append_doubles(&mut numbers);
                            Values::Numbers(numbers)
                        }
                    };
                    (name, values)
                })
                .collect(),
        )
    }

    fn value(&self, name: &str, row: usize) -> Option<Value<'_>> {
        let number = |n: f64| Some(n).filter(|n| Missing::of_double(*n).is_none()).map(Value::Number);
        match self.0.get(name)? {
            Values::Numbers(numbers) => number(numbers[row]),
            Values::All(numbers) => number(numbers[row]),
            Values::Bytes(texts) => Some(&*texts[row]).filter(|t| !t.is_empty()).map(Value::Text),
            Values::Text(Column::Str(texts)) => {
                Some(texts.get(row).as_bytes()).filter(|t| !t.is_empty()).map(Value::Text)
            }
            Values::Text(Column::StrL(texts)) => {
                Some(texts.bytes(row)).filter(|t| !t.is_empty()).map(Value::Text)
            }
            Values::Text(_) => None,
        }
    }

    /// The number in a row; `None` where it is missing or no number.
    pub(super) fn number(&self, name: &str, row: usize) -> Option<f64> {
        match self.value(name, row)? {
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        }
    }

    /// Bytes that equal values have in common; `None` where the value is missing.
    pub(super) fn bytes(&self, name: &str, row: usize) -> Option<Cow<'_, [u8]>> {
        Some(match self.value(name, row)? {
            // the two zeros are equal
            Value::Number(number) => Cow::Owned((number + 0.0).to_bits().to_le_bytes().to_vec()),
            Value::Text(text) => Cow::Borrowed(text),
        })
    }

    pub(super) fn missing(&self, name: &str, row: usize) -> bool {
        self.value(name, row).is_none()
    }

    fn column(&self, column: &ColumnRef, row: usize) -> Option<Value<'_>> {
        self.value(column.name.as_str(), row)
    }

    fn operand<'b>(&'b self, operand: &'b Operand, row: usize, float: bool) -> Option<Value<'b>> {
        match operand {
            Operand::Column(column) => self.column(column, row),
            Operand::Literal(literal) => Some(constant(literal, float)),
            Operand::Term(term) => term
                .value(&|column| match self.column(column, row)? {
                    Value::Number(number) => Some(number),
                    Value::Text(_) => None,
                })
                .map(Value::Number),
        }
    }

    /// Kleene's logic; `None` is neither true nor false.
    pub(super) fn truth(&self, condition: &Condition, row: usize) -> Option<bool> {
        match condition {
            Condition::And { args } => {
                let mut all = Some(true);
                for arg in args {
                    match self.truth(arg, row) {
                        Some(false) => return Some(false),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Condition::Or { args } => {
                let mut any = Some(false);
                for arg in args {
                    match self.truth(arg, row) {
                        Some(true) => return Some(true),
                        None => any = None,
                        Some(false) => {}
                    }
                }
                any
            }
            Condition::Not { arg } => self.truth(arg, row).map(|truth| !truth),
            Condition::Compare { comparison, left, right } => {
                let float = is_float(left) || is_float(right);
                let (left, right) = (self.operand(left, row, float)?, self.operand(right, row, float)?);
                Some(holds(*comparison, &left, &right))
            }
            Condition::Missing { column } => Some(self.column(column, row).is_none()),
            Condition::InRange { column, low, high } => {
                let float = column.class == ValueClass::Float;
                let value = self.column(column, row)?;
                let (low, high) = (self.operand(low, row, float)?, self.operand(high, row, float)?);
                Some(value >= low && value <= high)
            }
            Condition::InList { column, items } => {
                let float = column.class == ValueClass::Float;
                let value = self.column(column, row)?;
                Some(items.iter().any(|item| constant(item, float) == value))
            }
            Condition::Strpos { column, text } => match self.column(column, row)? {
                Value::Text(value) => Some(memchr::memmem::find(value, text.as_str().as_bytes()).is_some()),
                Value::Number(_) => None,
            },
        }
    }
}

fn is_float(operand: &Operand) -> bool {
    matches!(operand, Operand::Column(ColumnRef { class: ValueClass::Float, .. }))
}

/// A number that meets a float is rounded to one, as the engine does.
fn constant(literal: &Literal, float: bool) -> Value<'_> {
    match literal {
        Literal::Number { value } if float => Value::Number(f64::from(*value as f32)),
        Literal::Number { value } => Value::Number(*value),
        Literal::Text { value } => Value::Text(value.as_str().as_bytes()),
        Literal::Date { value } => Value::Number(days_since_1960(*value) as f64),
        Literal::Datetime { value } => Value::Number(milliseconds_since_1960(*value) as f64),
    }
}

fn holds(comparison: Comparison, left: &Value<'_>, right: &Value<'_>) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}
