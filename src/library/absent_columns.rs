//! The refusal of columns that the data do not have, with what a reader can do about it.

use std::collections::BTreeSet;

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
    if let Some(renamed) = renamed(&binding.absent) {
        let text = format!("the data have no column {}; {renamed}", names.join(", "));
        return Problem::new(ErrorCode::ContractColumnNotFound, text)
            .with("columns", names)
            .with("errors", list);
    }
    if let Some(wide) = binding.absent.iter().find_map(wide) {
        let text = format!("the data have no column {}; {wide}", names.join(", "));
        return Problem::new(ErrorCode::ContractColumnNotFound, text)
            .with("columns", names)
            .with("errors", list);
    }
    if let Some(formula) = binding.absent.iter().find_map(formula) {
        let text = format!("the data have no column {}; {formula}", names.join(", "));
        return Problem::new(ErrorCode::ContractColumnNotFound, text)
            .with("columns", names)
            .with("errors", list);
    }
    let mut nearest: Vec<&str> =
        binding.absent.iter().flat_map(|a| a.nearest.first().map(String::as_str)).collect();
    let mut seen = BTreeSet::new();
    nearest.retain(|name| seen.insert(*name));
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

/// Columns as the file calls them, whose names here are others.
fn renamed(absent: &[AbsentColumn]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for column in absent {
        let name = column.renamed.as_ref().map(|new| format!("\"{}\" is named {new} here", column.column));
        names.extend(name.filter(|name| !names.contains(name)));
    }
    let use_them = if names.len() == 1 { "use this name" } else { "use these names" };
    (!names.is_empty()).then(|| format!("{}: {use_them} in the draft", names.join(", ")))
}

/// A formula or a prefix of a model in place of a column: `a*b`, `c.a#c.b`, `i.region`, `ln(wage)`, `age^2`.
fn formula(absent: &AbsentColumn) -> Option<String> {
    let text = absent.column.as_str();
    let names: Vec<&str> = text.split([',', ';', '，', '、']).map(str::trim).collect();
    if names.len() > 1 && !text.contains(['(', '"']) && names.iter().all(|name| !name.is_empty()) {
        return Some(format!(
            "`{text}` is a list in one text: write each name by itself, [\"{}\"]",
            names.join("\", \"")
        ));
    }
    let factor = text
        .strip_prefix("i.")
        .or_else(|| text.strip_prefix("C(").and_then(|rest| rest.strip_suffix(')')))
        .filter(|name| !name.contains(['#', '*']));
    if let Some(name) = factor {
        return Some(format!(
            "`{text}` names a category: put {name} into the role and into categorical_vars"
        ));
    }
    if let Some((operator, name)) = lagged(text) {
        return Some(format!(
            "`{text}` is a {operator} of {name}: a template with lags takes it (ts.distributed_lag, panel.first_difference, \
             panel.diff_gmm), or a column of the file that holds it"
        ));
    }
    let parts: Vec<&str> = text
        .split(['*', '#', ':', '×'])
        .map(|part| part.trim().trim_start_matches("c.").trim_start_matches("i."))
        .filter(|part| !part.is_empty())
        .collect();
    let is_name = |part: &&str| part.chars().all(|c| c.is_alphanumeric() || c == '_');
    if parts.len() == 2 && text.contains(['*', '#', ':', '×']) && parts.iter().all(is_name) {
        let [a, b] = [parts[0], parts[1]];
        return Some(format!(
            "`{text}` is an interaction: put {a} and {b} into the role, and [\"{a}\", \"{b}\"] into interaction_terms where the \
             template takes it (linear.ols_robust, panel.fe, limited.logit_margins), or choose linear.interaction_margins with \
             focal_var {a} and moderator_var {b}"
        ));
    }
    text.contains(['(', '^', '*', '/', '+']).then(|| {
        format!(
            "`{text}` is a formula: state it in derived_variables, such as {{\"name\": \"new\", \"expression\": \
             \"{text}\"}}, and put the new name into the role"
        )
    })
}

/// The operator of time series in Stata's notation, with its column: `L.x`, `D2.x`.
fn lagged(text: &str) -> Option<(&'static str, &str)> {
    let (operator, name) = text.split_once('.')?;
    let (letter, number) = operator.split_at_checked(1)?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let words = [("L", "lag"), ("F", "lead"), ("D", "difference")];
    let word = words.iter().find(|(known, _)| letter.eq_ignore_ascii_case(known))?.1;
    (is_name && number.bytes().all(|b| b.is_ascii_digit())).then_some((word, name))
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
