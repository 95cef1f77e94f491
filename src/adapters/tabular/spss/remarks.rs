//! What a user has to know beyond the values: of a system file, and of columns of R with labels of SPSS.

use dta::Missing;
use sav::{Facts, FormatKind, Variable};

use super::meaning::Meaning;
use crate::adapters::tabular::convert::number_text;
use crate::adapters::tabular::problems::shown;
use crate::adapters::tabular::remarks;
use crate::adapters::tabular::warnings::Warnings;

/// Most values that a remark names.
const MOST_NAMED: usize = 6;

/// Adds the remarks on a variable.
pub(in crate::adapters::tabular) fn on(
    column: &str,
    variable: &Variable,
    meaning: &Meaning,
    facts: &Facts,
    decode: impl Fn(&[u8]) -> String,
    warnings: &mut Warnings,
) {
    if let Some(message) = missing_numbers(column, variable, meaning, facts, &decode) {
        let advice = "nothing is to be done if they are no answers; they keep their labels";
        warnings.info("user_missing", Some(column), message, advice);
    }
    if facts.missing_text {
        let texts = variable.missing.texts.iter().map(|text| format!("\"{}\"", shown(&decode(text))));
        let texts = listed(texts.collect());
        let message =
            format!("the file declares these texts of {column} missing, here they are empty: {texts}");
        warnings.info("user_missing", Some(column), message, "nothing is to be done if they are no answers");
    }
    if !variable.text_labels.is_empty() {
        let of = |(value, label): &(Vec<u8>, Vec<u8>)| {
            format!("\"{}\" is {}", shown(&decode(value)), shown(&decode(label)))
        };
        let pairs = listed(variable.text_labels.iter().map(of).collect());
        let message = format!("the texts of {column} have labels, which only numbers can have here: {pairs}");
        warnings.info(
            "text_labels",
            Some(column),
            message,
            "recode the texts if tables are to show the labels",
        );
    }
    let cannot = variable.labels.iter().filter(|(value, _)| meaning.code(*value).is_none()).count();
    if cannot > 0 {
        let message =
            format!("{cannot} value labels of {column} are left out: only whole numbers can have them here");
        warnings.warn("value_labels_cut", Some(column), message, "");
    }
    if variable.format.kind == FormatKind::Time {
        remarks::on_seconds(column, warnings);
    }
}

/// Adds the remark on the variable by which SPSS weights the cases.
pub(in crate::adapters::tabular) fn on_weight(column: Option<&str>, warnings: &mut Warnings) {
    let Some(column) = column else { return };
    let message = format!("SPSS weights the cases of this file by {column}; here every row counts once");
    warnings.warn("weighted_file", Some(column), message, "state the column as the weight of the analysis");
}

fn missing_numbers(
    column: &str,
    variable: &Variable,
    meaning: &Meaning,
    facts: &Facts,
    decode: &impl Fn(&[u8]) -> String,
) -> Option<String> {
    if facts.missing.is_empty() {
        return None;
    }
    let label = |x: f64| {
        let label = variable.labels.iter().find(|(value, _)| *value == x);
        label.map(|(_, label)| format!(" ({})", shown(&decode(label)))).unwrap_or_default()
    };
    let seen = meaning.codes().iter().filter(|(x, _)| facts.missing.contains(x));
    let mut named: Vec<String> = seen
        .map(|(x, missing)| format!("{}{} is {}", number_text(*x), label(*x), letter(*missing)))
        .collect();
    if let Some(missing) = meaning.range_code() {
        named.push(format!("each number of the range is {}", letter(missing)));
    }
    Some(format!("{column} has values that the file declares missing; here {}", listed(named)))
}

fn letter(missing: Missing) -> String {
    match missing.rank() {
        0 => ".".to_owned(),
        rank => format!(".{}", char::from(b'a' + rank - 1)),
    }
}

/// The first few, and how many more there are.
fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}
