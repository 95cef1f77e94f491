//! What a person can do about a value that does not fit.

use serde_json::Value;

use super::ValueError;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::encode::{is_storable, number_text};

/// How a column with two values becomes one of 0 and 1, where that is needed.
pub(super) fn flag_advice(column: &Column, needed: &[String]) -> String {
    if column.distinct != 2 || !needed.iter().any(|kind| kind == "binary") {
        return String::new();
    }
    let one = match column.max.filter(|_| !column.is_text()) {
        Some(most) => number_text(most),
        None => "\"…\"".to_owned(),
    };
    format!(
        "; it has two values: derive a variable of 0 and 1 (derived_variables), 1 for the value that the question asks \
         about, such as {} == {one}, and use that",
        column.name
    )
}

/// How dates become an amount, where that is needed.
pub(super) fn amount_advice(column: &Column, needed: &[String]) -> String {
    let dated = matches!(column.inferred_type, InferredType::Date | InferredType::Datetime);
    let amount = needed.iter().any(|kind| ["positive", "continuous", "count"].contains(&kind.as_str()));
    if !dated || !amount {
        return String::new();
    }
    format!(
        "; a date is no amount: derive the time between two dates (derived_variables), such as {} - start",
        column.name
    )
}

/// The refusal of what is no number; of a number in quotes, `"95"` or `"95%"`, with the number.
pub(super) fn quoted_number(value: &Value, reason: &str, expected: &str) -> ValueError {
    let text = value.as_str().map(|text| text.trim().trim_end_matches(['%', '％']).trim_end());
    match text.filter(|text| text.parse::<f64>().is_ok_and(is_storable)) {
        Some(number) => {
            let meant = format!("{number} without quotes");
            ValueError::invalid(format!("{reason}: {meant}"), meant)
        }
        None => ValueError::invalid(reason, expected),
    }
}
