//! What the values of columns of R are, found before they are converted.

use rds::{Cell, Column, Frame, What};
use sav::{MissingValues, Variable};

use super::Input;
use super::encodings::Encodings;
use crate::adapters::tabular::number::storable;
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Whole numbers up to here are exact as `double`.
const EXACT: u64 = 1 << 53;
/// Most bytes of a text.
const MOST_TEXT: usize = 64 << 20;

/// What was seen of a column.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Least and greatest number.
    pub range: Option<(f64, f64)>,
    pub has_fraction: bool,
    /// Numbers that Stata cannot hold, and the row of the first one.
    pub infinite: u64,
    pub first_infinite: Option<u64>,
    /// Some whole number is not exact as `double`.
    pub is_beyond: bool,
    /// Most bytes of a text.
    pub bytes: usize,
    /// What the file declares missing, and what was seen of it.
    pub declared: Option<(Variable, sav::Facts)>,
}

impl Facts {
    fn number(&mut self, x: f64, row: u64) {
        if x.is_nan() {
            return;
        }
        if !storable(x) {
            self.infinite += 1;
            self.first_infinite.get_or_insert(row);
            return;
        }
        if let Some((variable, facts)) = &mut self.declared {
            facts.number(x, variable);
        }
        let (low, high) = self.range.unwrap_or((x, x));
        self.range = Some((low.min(x), high.max(x)));
        self.has_fraction |= x.fract() != 0.0;
    }

    fn integer(&mut self, x: i64, row: u64) {
        if x != i64::MIN {
            self.is_beyond |= x.unsigned_abs() > EXACT;
            self.bytes = self.bytes.max(x.to_string().len());
            self.number(x as f64, row);
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes = self.bytes.max(text.len());
        if let Some((variable, facts)) = &mut self.declared {
            facts.text(text.as_bytes(), text, variable);
        }
    }
}

/// Reads every column once.
///
/// # Errors
/// Positions without a level, texts that are too long, I/O.
pub(super) fn gather(reader: &Input, frame: &Frame, encodings: &Encodings) -> Result<Vec<Facts>, Problem> {
    let columns = frame.columns.iter().enumerate();
    columns.map(|(at, column)| of_column(reader, frame, at, column, encodings)).collect()
}

fn of_column(
    reader: &Input,
    frame: &Frame,
    at: usize,
    column: &Column,
    encodings: &Encodings,
) -> Result<Facts, Problem> {
    let mut facts = Facts { declared: declared(column, encodings), ..Facts::default() };
    let levels = match &column.what {
        What::Factor(levels) => {
            facts.bytes = levels.iter().map(|level| encodings.text(level).len()).max().unwrap_or(0);
            Some(levels.len() as f64)
        }
        _ => None,
    };
    let (mut row, mut without_level) = (0, None);
    let rows = reader.column(frame, at).map_err(|e| problems::rds_read(&e))?;
    rows.each(|cell| {
        row += 1;
        match cell {
            Cell::Number(x) => {
                let has_level = |most: f64| x.is_nan() || x.fract() == 0.0 && (1.0..=most).contains(&x);
                if levels.is_some_and(|most| !has_level(most)) {
                    without_level.get_or_insert(row);
                }
                facts.number(x, row);
            }
            Cell::Integer(x) => facts.integer(x, row),
            Cell::Text(bytes, mark) => facts.text(&encodings.decode(bytes, mark)),
        }
    })
    .map_err(|e| problems::rds_read(&e))?;
    let name = encodings.text(&column.name);
    if without_level.is_some() {
        let reason = "the factor has no level for its value; the file is damaged";
        return Err(problems::parse(without_level, Some(&name), reason));
    }
    if facts.bytes > MOST_TEXT {
        let what = format!("a text of the column {} is too long", problems::shown(&name));
        return Err(problems::too_large(&what, MOST_TEXT as u64));
    }
    Ok(facts)
}

/// The column as a variable of SPSS, where it has labels or values that are declared missing: such columns come from SPSS.
fn declared(column: &Column, encodings: &Encodings) -> Option<(Variable, sav::Facts)> {
    let labels = &column.labels;
    let missing = MissingValues {
        numbers: labels.missing_numbers.clone(),
        range: labels.missing_range,
        texts: labels.missing_texts.iter().map(|text| encodings.text(text).into_bytes()).collect(),
    };
    let is_text = column.what == What::Text;
    if !is_text && column.what != What::Number
        || missing == MissingValues::default() && labels.numbers.is_empty() && labels.texts.is_empty()
    {
        return None;
    }
    let mut variable = Variable::of_values(is_text, missing);
    let text = |text| encodings.text(text).into_bytes();
    // a label of a NaN with a letter is none of a number
    let numbers = labels.numbers.iter().filter(|(x, _)| !x.is_nan());
    variable.labels = numbers.map(|(x, label)| (*x, text(label))).collect();
    variable.text_labels = labels.texts.iter().map(|(value, label)| (text(value), text(label))).collect();
    Some((variable, sav::Facts::default()))
}
