//! The categories of columns of canonical data: values with their labels and numbers of rows.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::{Column, Missing, Reader, ValueLabelSet};
use serde_json::Value;

use super::problems;
use crate::domain::dataset::Category;
use crate::domain::error::Problem;

/// Rows read at once.
const STEP: usize = 65_536;
/// Most categories of a column that are returned.
const MOST: usize = 30;
/// Most different values that are counted; a column with more is none of categories.
const MOST_COUNTED: usize = 1000;
/// Longest text that is returned, in characters.
const LONGEST: usize = 80;

/// The rows of each value of a column.
enum Counts {
    /// By the bits of the number; missing values as their codes of a `double`.
    Numbers(HashMap<u64, u64>),
    Texts(HashMap<String, u64>),
}

/// Returns the categories of these columns: values with labels in their order, those without rows too, and texts in the order
/// of the alphabet; at most 30 for each. Without `counted` the labels alone, with no number of rows.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read.
pub(super) fn tallies(
    path: &Path,
    columns: &[String],
    counted: bool,
) -> Result<BTreeMap<String, Vec<Category>>, Problem> {
    let unreadable = |error: dta::Error| {
        tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
        Problem::internal()
    };
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    let mut reader = Reader::open(BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)?;
    let sets = reader.meta().value_labels.clone();
    let wanted: Vec<usize> =
        (0..reader.variables().len()).filter(|at| columns.contains(&reader.variables()[*at].name)).collect();
    let variables: Vec<_> = wanted.iter().map(|at| reader.variables()[*at].clone()).collect();
    let mut counts: Vec<Counts> = variables
        .iter()
        .map(|v| {
            if v.storage.is_text() { Counts::Texts(HashMap::new()) } else { Counts::Numbers(HashMap::new()) }
        })
        .collect();
    if counted && !wanted.is_empty() {
        reader.select(wanted).map_err(unreadable)?;
        while let Some(block) = reader.read_block(STEP).map_err(unreadable)? {
            for (counts, column) in counts.iter_mut().zip(&block.columns) {
                counts.take(column);
            }
        }
    }
    let categories = variables.iter().zip(counts).map(|(variable, counts)| {
        let set = sets.iter().find(|set| set.name == variable.value_label);
        (variable.name.clone(), counts.categories(set, counted))
    });
    Ok(categories.filter(|(_, categories)| !categories.is_empty()).collect())
}

impl Counts {
    fn take(&mut self, column: &Column) {
        match (self, column) {
            (Self::Texts(counts), Column::Str(texts)) if counts.len() <= MOST_COUNTED => {
                for text in texts.iter() {
                    match counts.get_mut(text) {
                        Some(rows) => *rows += 1,
                        None => drop(counts.insert(text.to_owned(), 1)),
                    }
                }
            }
            (Self::Numbers(counts), column) if counts.len() <= MOST_COUNTED => {
                let mut numbers = Vec::with_capacity(column.len());
                column.append_doubles(&mut numbers);
                for number in numbers {
                    *counts.entry(number.to_bits()).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    fn categories(self, set: Option<&ValueLabelSet>, counted: bool) -> Vec<Category> {
        match self {
            Self::Texts(counts) if counts.len() <= MOST_COUNTED => {
                let mut texts: Vec<(String, u64)> =
                    counts.into_iter().filter(|(text, _)| !text.is_empty()).collect();
                texts.sort();
                let category = |(text, rows): (String, u64)| Category {
                    value: Value::from(cut(&text)),
                    label: None,
                    rows: Some(rows),
                };
                texts.into_iter().take(MOST).map(category).collect()
            }
            Self::Numbers(counts) => set.map_or_else(Vec::new, |set| labelled(set, &counts, counted)),
            Self::Texts(_) => Vec::new(),
        }
    }
}

/// The values of a column with labels: those of the set, and those of the rows that have none.
fn labelled(set: &ValueLabelSet, counts: &HashMap<u64, u64>, counted: bool) -> Vec<Category> {
    let is_counted = counted && counts.len() <= MOST_COUNTED;
    let of_code = |code: i32| Missing::of_long(code).map_or(f64::from(code), Missing::double);
    // bits of numbers are no order: the values are kept as numbers
    let mut values: Vec<(f64, Option<&str>)> =
        set.entries.iter().map(|(code, text)| (of_code(*code), Some(text.as_str()))).collect();
    let has =
        |values: &[(f64, Option<&str>)], bits: u64| values.iter().any(|(value, _)| value.to_bits() == bits);
    let unlabelled =
        counts.keys().filter(|bits| is_counted && !has(&values, **bits)).map(|bits| f64::from_bits(*bits));
    let unlabelled: Vec<f64> =
        unlabelled.filter(|value| Missing::of_double(*value) != Some(Missing::SYSTEM)).collect();
    values.extend(unlabelled.into_iter().map(|value| (value, None)));
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let category = |(value, text): (f64, Option<&str>)| Category {
        value: shown(value),
        label: text.map(cut),
        rows: is_counted.then(|| counts.get(&value.to_bits()).copied().unwrap_or_default()),
    };
    values.into_iter().take(MOST).map(category).collect()
}

/// A number, whole ones as such; `.a` to `.z` as texts.
fn shown(value: f64) -> Value {
    match Missing::of_double(value) {
        Some(missing) => Value::from(missing.to_string()),
        None if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => Value::from(value as i64),
        None => Value::from(value),
    }
}

fn cut(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}
