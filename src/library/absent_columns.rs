//! The refusal of columns that the data do not have, with what a reader can do about it.

use serde_json::{Value, json};

use super::binding::{AbsentColumn, Binding};
use crate::domain::error::{ErrorCode, Problem};

pub(super) fn column_not_found(binding: &Binding) -> Problem {
    let list: Vec<Value> = binding
        .absent
        .iter()
        .map(|a| json!({"path": a.path, "column": a.column, "candidates": a.nearest}))
        .collect();
    let mut names: Vec<&str> = binding.absent.iter().map(|a| a.column.as_str()).collect();
    names.dedup();
    if let Some(wide) = binding.absent.iter().find_map(wide) {
        let text = format!("the data have no column {}; {wide}", names.join(", "));
        return Problem::new(ErrorCode::ContractColumnNotFound, text)
            .with("columns", names)
            .with("errors", list);
    }
    let nearest: Vec<&str> =
        binding.absent.iter().flat_map(|a| a.nearest.first().map(String::as_str)).collect();
    let advice = if nearest.is_empty() {
        String::new()
    } else {
        format!(
            "; the nearest names are {}: correct them in the draft, or in variable_corrections",
            nearest.join(", ")
        )
    };
    let text = format!("the data have no column {}{advice}", names.join(", "));
    Problem::new(ErrorCode::ContractColumnNotFound, text).with("columns", names).with("errors", list)
}

/// A column for each period in place of a row for each: `sales` was asked for, `sales_2019` and `sales_2020` are there.
fn wide(absent: &AbsentColumn) -> Option<String> {
    let of_a_period = |name: &&String| {
        let rest = name.strip_prefix(absent.column.as_str()).map(|rest| rest.trim_start_matches('_'));
        rest.is_some_and(|rest| rest.len() >= 2 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let periods: Vec<&str> = absent.nearest.iter().filter(of_a_period).map(String::as_str).collect();
    (periods.len() >= 2).then(|| {
        format!(
            "`{}` has one column for each period ({}): the analysis needs the long form, one row for each unit and period. \
             Reshape the file (template prep.reshape) and upload the result",
            absent.column,
            periods.join(", ")
        )
    })
}
