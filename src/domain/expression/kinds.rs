//! Kinds of values: which can be compared, and which literals are allowed.

use chrono::{Datelike, NaiveDate};

use super::ExpressionError;
use super::tree::{Literal, Operand};
use crate::domain::encode::{SafeText, is_storable, number_text};

/// Refuses the comparison of two kinds of values; says how the second is written in the kind of the first.
pub(super) fn same_kind(left: &Operand, value: &Operand, at: usize) -> Result<(), ExpressionError> {
    let kind = left.kind();
    if kind == value.kind() {
        return Ok(());
    }
    let expected = match kind {
        "date" => "date(\"YYYY-MM-DD\")",
        "datetime" => "datetime(\"YYYY-MM-DD HH:MM:SS\")",
        "text" => "text in double quotes",
        _ => "number",
    };
    let named = |operand: &Operand| match operand {
        Operand::Column(column) => format!("`{}`, a {},", column.name, operand.kind()),
        _ => format!("a {}", operand.kind()),
    };
    let reason = format!("{} is compared with {}", named(left), named(value).trim_end_matches(','));
    let meant = as_date(kind, value).or_else(|| requoted(kind, value));
    let rule = match (kind, &meant) {
        ("number", Some(_)) => ": a number has no quotes",
        ("text", Some(_)) => ": a text has double quotes",
        _ => "",
    };
    Err(ExpressionError::new(at, format!("{reason}{rule}"), &[meant.as_deref().unwrap_or(expected)]))
}

/// A number in quotes that is compared with numbers, or a number without them that is compared with texts, as it is written here.
fn requoted(kind: &str, value: &Operand) -> Option<String> {
    match (kind, value) {
        ("number", Operand::Literal(Literal::Text { value })) => {
            let number: f64 = value.as_str().trim().parse().ok()?;
            is_storable(number).then(|| number_text(number))
        }
        ("text", Operand::Literal(Literal::Number { value })) => Some(format!("\"{}\"", number_text(*value))),
        _ => None,
    }
}

/// A text or a year that is compared with dates, as a date is written here.
fn as_date(kind: &str, value: &Operand) -> Option<String> {
    if kind != "date" {
        return None;
    }
    match value {
        Operand::Literal(Literal::Text { value }) => {
            let day = NaiveDate::parse_from_str(value.as_str(), "%Y-%m-%d").ok()?;
            Some(format!("date(\"{}\")", day.format("%Y-%m-%d")))
        }
        Operand::Literal(Literal::Number { value }) if (1000.0..3000.0).contains(value) => {
            Some(format!("date(\"{value:.0}-01-01\")"))
        }
        _ => None,
    }
}

/// A text that may stand in a do-file.
pub(super) fn safe_text(text: String, at: usize) -> Result<SafeText, ExpressionError> {
    if text.is_empty() {
        // an empty text is Stata's missing text, which no comparison finds
        return Err(ExpressionError::new(at, "an empty text is missing", &["missing(column)"]));
    }
    SafeText::parse(text).map_err(|e| ExpressionError::new(at, e.to_string(), &["another text"]))
}

/// Stata's calendar ends with the year 9999 (`help datetime`).
pub(super) fn in_calendar(literal: &Literal) -> bool {
    let year = match literal {
        Literal::Date { value } => value.year(),
        Literal::Datetime { value } => value.year(),
        _ => return true,
    };
    (100..=9999).contains(&year)
}
