//! A window of canonical data as JSON values.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::{Column, Missing, Reader};
use serde_json::Value;

use super::{convert, date, problems};
use crate::domain::error::Problem;
use crate::ports::tabular::Preview;

/// Longest text shown, in characters.
const SHOWN_CHARS: usize = 200;

/// Reads the first rows and columns.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read.
pub(super) fn preview(path: &Path, rows: usize, columns: usize) -> Result<Preview, Problem> {
    let unreadable = |error: dta::Error| {
        tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
        Problem::internal()
    };
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    let mut reader = Reader::open(BufReader::new(file)).map_err(unreadable)?;
    let column_count = reader.variables().len();
    let shown = columns.min(column_count);
    reader.select((0..shown).collect()).map_err(unreadable)?;
    let names = reader.variables()[..shown].iter().map(|v| v.name.clone()).collect();
    let formats: Vec<String> = reader.variables()[..shown].iter().map(|v| v.format.clone()).collect();
    let row_count = reader.rows();
    let mut sample_rows = Vec::new();
    if rows > 0
        && let Some(block) = reader.read_block(rows).map_err(unreadable)?
    {
        for row in 0..block.rows {
            let cells = block.columns.iter().zip(&formats);
            sample_rows.push(cells.map(|(column, format)| cell(column, row, format)).collect());
        }
    }
    Ok(Preview { row_count, column_count, columns: names, sample_rows })
}

fn cell(column: &Column, row: usize, format: &str) -> Value {
    macro_rules! number {
        ($value:expr, $missing:path) => {
            match $missing($value) {
                Some(_) => Value::Null,
                None => number(f64::from($value), format),
            }
        };
    }
    match column {
        Column::Byte(v) => number!(v[row], Missing::of_byte),
        Column::Int(v) => number!(v[row], Missing::of_int),
        Column::Long(v) => number!(v[row], Missing::of_long),
        Column::Double(v) => number!(v[row], Missing::of_double),
        // the decimal that a float was made of, not its expansion to a double
        Column::Float(v) => match Missing::of_float(v[row]) {
            Some(_) => Value::Null,
            None => number(v[row].to_string().parse().unwrap_or(f64::from(v[row])), format),
        },
        Column::Str(v) => text(v.get(row)),
        Column::StrL(v) => text(&String::from_utf8_lossy(v.bytes(row))),
    }
}

fn text(value: &str) -> Value {
    if value.is_empty() {
        return Value::Null;
    }
    Value::String(value.chars().take(SHOWN_CHARS).collect())
}

fn number(value: f64, format: &str) -> Value {
    let format = format.trim_start_matches('%').trim_start_matches('-');
    let whole = value.floor();
    if format.starts_with("td") || format.starts_with('d') {
        return Value::String(convert::moment_text(whole * date::DAY_MS));
    }
    if format.starts_with("tc") || format.starts_with("tC") {
        return Value::String(convert::moment_text(value));
    }
    // periods since 1960, as in the language's own notation
    let period = |length: i64, mark: &str| {
        let at = whole as i64;
        let number = at.rem_euclid(length) + 1;
        Value::String(format!("{}{mark}{number}", 1960 + at.div_euclid(length)))
    };
    match format.get(..2) {
        Some("tm") => period(12, "m"),
        Some("tq") => period(4, "q"),
        _ if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => Value::from(value as i64),
        _ => Value::from(value),
    }
}
