//! Data steps of a draft: what the data will have after them, and what speaks against them. Only facts of the
//! columns are read here; whether keys identify rows needs the rows (`ports::tabular`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::binding::Violation;
use super::repairs;
use crate::domain::data_step::{DataStep, Keep, MAX_KEYS, MAX_STEPS, MergeType, PlannedStep, StepKind};
use crate::domain::dataset::{Column, Dataset, InferredType, Inputs};
use crate::domain::encode::VariableName;
use crate::domain::expression::{ValueClass, nearest};

/// The data after the steps of a draft.
#[derive(Debug, Clone, Default)]
pub struct Stepped {
    /// Steps that can be executed, in their order.
    pub steps: Vec<PlannedStep>,
    /// Names of the columns that the main data bring themselves.
    pub own: Vec<String>,
    /// Problems that keep the steps from being carried out.
    pub violations: Vec<Violation>,
}

/// Applies the steps of a draft to the primary data set: its columns and the most rows that it can have. A
/// step that cannot be carried out changes nothing.
pub fn with_steps(inputs: &Inputs, steps: &[DataStep]) -> (Inputs, Stepped) {
    let mut inputs = inputs.clone();
    let mut stepped = Stepped::default();
    let Some(mut main) = inputs.primary().cloned() else { return (inputs, stepped) };
    stepped.own = main.columns.iter().map(|c| c.name.clone()).collect();
    if steps.len() > MAX_STEPS {
        let reason = format!("at most {MAX_STEPS} steps are carried out, {} stated", steps.len());
        stepped.violations.push(violation(
            "data_steps".to_owned(),
            reason,
            json!(steps.len()),
            "fewer steps",
        ));
        return (inputs, stepped);
    }
    for (i, step) in steps.iter().enumerate() {
        let path = |field: &str| format!("data_steps.{i}.{field}");
        let mut wrong = shape(step, &path);
        if step.kind.is_repair() {
            wrong.extend(repairs::unoffered(i, step, steps, &main));
            if wrong.is_empty() {
                stepped.steps.push(repairs::carry_out(step, &mut main));
            }
            stepped.violations.extend(wrong);
            continue;
        }
        match inputs.dataset(&step.dataset_key) {
            Some(other) if other.dataset_key != main.dataset_key => {
                wrong.extend(clashes(step, &main, other, &path));
                if wrong.is_empty() {
                    stepped.steps.push(apply(step, &mut main, other));
                }
            }
            _ => wrong.push(no_dataset(step, &inputs, &main, path("dataset_key"))),
        }
        stepped.violations.extend(wrong);
    }
    for dataset in inputs.datasets.iter_mut().filter(|d| d.dataset_key == main.dataset_key) {
        *dataset = main.clone();
    }
    (inputs, stepped)
}

fn violation(path: String, reason: String, value: Value, suggestion: impl Into<String>) -> Violation {
    Violation { path, reason, value, suggestion: suggestion.into() }
}

fn no_dataset(step: &DataStep, inputs: &Inputs, main: &Dataset, path: String) -> Violation {
    let others: Vec<&str> = inputs
        .datasets
        .iter()
        .map(|d| d.dataset_key.as_str())
        .filter(|key| *key != main.dataset_key)
        .collect();
    let shown: String = step.dataset_key.chars().take(64).collect();
    let reason = match shown == main.dataset_key {
        true => "the main data cannot be merged with or appended to themselves".to_owned(),
        false => format!("there is no further data set {shown:?}"),
    };
    let suggestion =
        if others.is_empty() { "upload it as a secondary data set".to_owned() } else { others.join(", ") };
    violation(path, reason, json!(shown), suggestion)
}

/// Problems of a step that do not depend on the data.
fn shape(step: &DataStep, path: &dyn Fn(&str) -> String) -> Vec<Violation> {
    let mut wrong = Vec::new();
    match step.kind {
        StepKind::Merge => {
            if step.merge_type.is_none() {
                let reason = "a merge says on which side the keys identify rows".to_owned();
                wrong.push(violation(path("merge_type"), reason, Value::Null, "1:1, m:1 or 1:m"));
            }
            if step.keys.is_empty() || step.keys.len() > MAX_KEYS {
                let reason = format!("a merge has 1 to {MAX_KEYS} keys");
                wrong.push(violation(
                    path("keys"),
                    reason,
                    json!(step.keys.len()),
                    "columns of both data sets",
                ));
            }
            let distinct: BTreeSet<&String> = step.keys.iter().collect();
            if distinct.len() < step.keys.len() {
                let reason = "a key is listed twice".to_owned();
                wrong.push(violation(path("keys"), reason, json!(step.keys), "each key once"));
            }
        }
        StepKind::DropRows | StepKind::Convert => {}
        StepKind::Append => {
            let stated = [
                ("keys", !step.keys.is_empty()),
                ("merge_type", step.merge_type.is_some()),
                ("keep", step.keep.is_some()),
            ];
            for (field, _) in stated.into_iter().filter(|(_, stated)| *stated) {
                let reason = format!("an append has no {field}");
                wrong.push(violation(path(field), reason, Value::Null, "leave it out"));
            }
        }
    }
    wrong
}

/// Problems of a step on these columns.
fn clashes(
    step: &DataStep,
    main: &Dataset,
    other: &Dataset,
    path: &dyn Fn(&str) -> String,
) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for (k, key) in step.keys.iter().enumerate() {
        let path = path(&format!("keys.{k}"));
        match (main.column(key), other.column(key)) {
            (Some(a), Some(b)) => wrong.extend(key_clash(a, b, other, path)),
            (found, _) => {
                let (side, columns) = match found {
                    None => ("the data", &main.columns),
                    Some(_) => (other.dataset_key.as_str(), &other.columns),
                };
                let shown: String = key.chars().take(64).collect();
                let reason = format!("{side} has no column {shown:?}");
                wrong.push(violation(path, reason, json!(shown), nearest(key, columns).join(", ")));
            }
        }
    }
    for theirs in &other.columns {
        let same = main.columns.iter().find(|c| c.name.to_lowercase() == theirs.name.to_lowercase());
        let Some(mine) = same.filter(|_| !step.keys.contains(&theirs.name)) else { continue };
        if mine.name != theirs.name {
            let reason = format!(
                "`{}` of {} differs only in case from `{}`",
                theirs.name, other.dataset_key, mine.name
            );
            wrong.push(violation(
                path("dataset_key"),
                reason,
                json!(theirs.name),
                "rename the column in the file",
            ));
        } else if step.kind == StepKind::Append
            && is_empty(mine) == is_empty(theirs)
            && kind(mine) != kind(theirs)
        {
            let reason = format!(
                "`{}` is {} in the data and {} in {}",
                mine.name,
                kind(mine),
                kind(theirs),
                other.dataset_key
            );
            wrong.push(violation(
                path("dataset_key"),
                reason,
                json!(mine.name),
                "the same type in both files",
            ));
        } else if step.kind == StepKind::Append && mine.is_text() != theirs.is_text() {
            let reason = format!("`{}` is text in one file and numeric in the other", mine.name);
            wrong.push(violation(
                path("dataset_key"),
                reason,
                json!(mine.name),
                "the same type in both files",
            ));
        }
    }
    wrong
}

fn key_clash(mine: &Column, theirs: &Column, other: &Dataset, path: String) -> Option<Violation> {
    let (name, key) = (&mine.name, &other.dataset_key);
    let reason = if VariableName::parse(name.as_str()).is_err() {
        format!("{name:?} is not a variable name")
    } else if kind(mine) != kind(theirs) || mine.is_text() != theirs.is_text() {
        format!("the key `{name}` is {} in the data and {} in {key}", kind(mine), kind(theirs))
    } else if mine.storage == "strL" || theirs.storage == "strL" {
        format!("the key `{name}` has texts that are too long for a key")
    } else if mine.missing_share >= 1.0 || theirs.missing_share >= 1.0 {
        format!("the key `{name}` has no value on one side")
    } else {
        return None;
    };
    Some(violation(path, reason, json!(name), "a key of one type in both files"))
}

fn is_empty(column: &Column) -> bool {
    column.inferred_type == InferredType::Empty
}

fn kind(column: &Column) -> &'static str {
    ValueClass::of(column).kind()
}

fn apply(step: &DataStep, main: &mut Dataset, other: &Dataset) -> PlannedStep {
    let is_key = |c: &&Column| step.keys.contains(&c.name);
    let overlap: Vec<String> = other
        .columns
        .iter()
        .filter(|c| !is_key(c) && main.column(&c.name).is_some())
        .map(|c| c.name.clone())
        .collect();
    let brought: Vec<Column> =
        other.columns.iter().filter(|c| main.column(&c.name).is_none()).cloned().collect();
    let columns = match step.kind {
        StepKind::Merge => brought.iter().map(|c| c.name.clone()).collect(),
        _ => other.columns.iter().map(|c| c.name.clone()).collect(),
    };
    match step.kind {
        StepKind::Merge => merge(step, main, other, brought),
        _ => append(main, other, brought),
    }
    PlannedStep { step: step.clone(), columns, overlap }
}

/// The most rows that a merge can leave, and columns of which only what is certain is said.
fn merge(step: &DataStep, main: &mut Dataset, other: &Dataset, brought: Vec<Column>) {
    let (mine, theirs) = (main.row_count, other.row_count);
    let keep = step.keep.unwrap_or_default();
    let many = step.merge_type == Some(MergeType::OneToMany);
    main.row_count = match (keep, many) {
        (Keep::Master, false) => mine,
        (Keep::Master, true) | (Keep::All, _) => mine.saturating_add(theirs),
        (Keep::Matched, true) => theirs,
        (Keep::Matched, false) if step.merge_type == Some(MergeType::OneToOne) => mine.min(theirs),
        (Keep::Matched, false) => mine,
    };
    // the rows of the main data are all there once: what is known of its columns stays true
    if keep != Keep::Master || many {
        main.columns.iter_mut().for_each(unknown_missing);
    }
    for mut column in brought {
        unknown_missing(&mut column);
        main.columns.push(column);
    }
    for key in main.columns.iter_mut().filter(|c| step.keys.contains(&c.name) && keep == Keep::All) {
        if let Some(theirs) = other.column(&key.name) {
            widen(key, theirs);
        }
    }
}

fn append(main: &mut Dataset, other: &Dataset, brought: Vec<Column>) {
    for column in &mut main.columns {
        match other.column(&column.name) {
            Some(theirs) => {
                let missing = column.missing + theirs.missing;
                widen(column, theirs);
                column.missing = missing;
            }
            None => column.missing += other.row_count,
        }
    }
    for mut column in brought {
        column.missing += main.row_count;
        main.columns.push(column);
    }
    main.row_count = main.row_count.saturating_add(other.row_count);
    for column in &mut main.columns {
        column.missing_share = column.missing as f64 / (main.row_count.max(1)) as f64;
    }
}

/// Leaves facts open that only the rows can decide: a column that may be right is accepted.
fn unknown_missing(column: &mut Column) {
    if !is_empty(column) {
        column.missing = 0;
        column.missing_share = 0.0;
    }
}

/// The facts of a column that has the values of both sides.
fn widen(column: &mut Column, theirs: &Column) {
    if is_empty(column) {
        let (name, label) = (column.name.clone(), column.label.clone());
        *column = Column { name, label: label.or(theirs.label.clone()), ..theirs.clone() };
        return;
    }
    if is_empty(theirs) {
        return;
    }
    let apart = column.max < theirs.min || theirs.max < column.min;
    let most = column.distinct.saturating_add(theirs.distinct);
    let least = column.distinct.max(theirs.distinct);
    column.integer_valued &= theirs.integer_valued;
    column.has_negative |= theirs.has_negative;
    column.value_labels |= theirs.value_labels;
    let new = theirs.names.iter().filter(|named| column.names.iter().all(|own| own.value != named.value));
    let new: Vec<_> = new.cloned().collect();
    column.names.extend(new);
    column.names.sort_by_key(|named| named.value);
    column.min = smaller(column.min, theirs.min, f64::min);
    column.max = smaller(column.max, theirs.max, f64::max);
    column.max_bytes = column.max_bytes.max(theirs.max_bytes);
    column.distinct_is_lower_bound |= theirs.distinct_is_lower_bound;
    let whole = column.integer_valued.then(|| column.max.zip(column.min)).flatten();
    // whole numbers close together are counted by their range; texts of both files are mostly the same ones
    column.distinct = match whole {
        Some((high, low)) if high - low < 1000.0 => most.min((high - low) as u64 + 1),
        _ if apart && column.min.is_some() => most,
        _ => least.max(most.min(2)),
    };
    column.inferred_type = match (column.inferred_type, theirs.inferred_type) {
        (a, b) if a == b => a,
        (InferredType::Binary | InferredType::Integer, InferredType::Binary | InferredType::Integer) => {
            InferredType::Integer
        }
        (InferredType::Date, _) => InferredType::Date,
        (InferredType::Datetime, _) => InferredType::Datetime,
        (InferredType::Text, _) => InferredType::Text,
        _ => InferredType::Number,
    };
    column.storage = wider(&column.storage, &theirs.storage);
}

fn smaller(a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    }
}

/// The storage type that holds the values of both (`help append`).
fn wider(a: &str, b: &str) -> String {
    if a.starts_with("str") || b.starts_with("str") {
        let width = |s: &str| s.strip_prefix("str").and_then(|w| w.parse::<u32>().ok());
        return match (width(a), width(b)) {
            (Some(x), Some(y)) => format!("str{}", x.max(y)),
            _ => "strL".to_owned(),
        };
    }
    let order = ["byte", "int", "long", "float", "double"];
    let place = |s: &str| order.iter().position(|t| *t == s).unwrap_or(4);
    let (low, high) = (place(a).min(place(b)), place(a).max(place(b)));
    // a float does not hold every long
    if (low, high) == (2, 3) { "double".to_owned() } else { order[high].to_owned() }
}

/// Returns the steps of a plan with the columns that the run needs of each; all of them where `used` is empty.
pub fn needed(stepped: &Stepped, used: &[String]) -> Vec<PlannedStep> {
    if used.is_empty() {
        return stepped.steps.clone();
    }
    let keys: BTreeSet<&String> = stepped.steps.iter().flat_map(|s| &s.step.keys).collect();
    let mut steps = stepped.steps.clone();
    steps.retain(|s| s.step.column.as_ref().is_none_or(|c| used.contains(c) || keys.contains(c)));
    for step in &mut steps {
        step.columns.retain(|c| used.contains(c) || keys.contains(c));
    }
    steps
}

/// Returns the columns that the run loads of the main data; all of them where `used` is empty.
pub fn loaded(stepped: &Stepped, used: Vec<String>) -> Vec<String> {
    if used.is_empty() || stepped.steps.is_empty() {
        return used;
    }
    let keys: BTreeSet<&String> = stepped.steps.iter().flat_map(|s| &s.step.keys).collect();
    stepped.own.iter().filter(|c| used.contains(c) || keys.contains(c)).cloned().collect()
}
