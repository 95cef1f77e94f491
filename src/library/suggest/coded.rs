//! Events and outcomes of two values that are not 0 and 1: a status of 1 and 2 as R's survival data have it, words such as
//! "alive" and "dead" or "approved" and "denied". The question is read as if the column held 0 and 1; the draft takes a derived
//! variable that does.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::derived::{free_name, labelled};
use super::one_event::{as_code, asked, coded, death, named_value, others_asked};
use super::{OpenQuestion, SuggestInput, Suggestion, unread};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::draft::StatedVariable;
use crate::domain::template::Bilingual;

/// What `assets/suggest/two_values.json` has.
#[derive(Deserialize)]
struct File {
    /// Words in the name of a column that says how a follow-up ended.
    events: Vec<String>,
    /// Words for what happened or was reached: the value that becomes 1.
    happened: Vec<String>,
    /// Words for what a treatment is compared with: the value that becomes 0.
    compared: Vec<String>,
    /// Words and syllables before another word that deny it.
    denials: Vec<String>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../assets/suggest/two_values.json"))
        .expect("two_values.json is as the code reads it")
});

/// How sure a value can be that no word names as the event.
const BY_CUSTOM: f64 = 0.5;
/// Longest part of a name that stays in the name of the variable derived from it.
const KEPT: usize = 20;
/// Longest label that stays in the label of the variable derived from it.
const MOST_WORDS: usize = 40;
/// The roles of an event, an outcome and groups.
const EVENT: &str = "failure_var";
const OUTCOME: &str = "outcome_var";
const GROUP: &str = "group_var";
/// The role of a treatment, which needs 0 and 1.
const TREATMENT: &str = "treatment_var";

/// The value of a column that stands for "it happened".
#[derive(Clone)]
enum One {
    /// The larger of the codes 1 and 2; which of them it is, no word says.
    Two,
    /// One of the codes 1 and 2, with its label.
    Code(u8, String),
    Word(String),
}

/// A draft that takes columns of two other values for events and outcomes of 0 and 1.
pub(super) fn suggested(input: &SuggestInput<'_>, mixed: &BTreeSet<String>) -> Suggestion {
    let plain = unread::suggested(input, mixed);
    let role = |made: &Suggestion, role: &str| match made.statement.roles.get(role).map(Vec::as_slice) {
        Some([name]) => Some(name.clone()),
        _ => None,
    };
    // words form groups as long as they are no 0 and 1
    let (outcome, group) = (role(&plain, OUTCOME), role(&plain, GROUP));
    // a list that no method but a table takes may hold the outcome of a model
    let unsure = plain.open_questions.iter().any(|q| q.blocking && q.field == super::METHOD);
    let items = plain.statement.roles.get("item_vars").filter(|_| unsure).cloned().unwrap_or_default();
    let listed = |column: &Column| column.distinct == 2 && items.contains(&column.name);
    let crossed = [role(&plain, "row_var"), role(&plain, "col_var")];
    for column in &input.dataset.columns {
        let name = Some(column.name.clone());
        let several = column.distinct > 2 && crossed.contains(&name);
        let is_outcome = [&outcome, &group].contains(&&name) || listed(column) || several;
        let is_event = !plain.statement.roles.contains_key(EVENT) && is_named_as_event(column);
        let treated = treated(input, column).filter(|_| !is_outcome);
        if !is_outcome && !is_event && treated.is_none() {
            continue;
        }
        let Some(one) = treated.clone().or_else(|| one_of(input, column)) else { continue };
        if let Some(draft) = competing(input, mixed, column, &one) {
            return draft;
        }
        let mut dataset = input.dataset.clone();
        dataset.columns.iter_mut().filter(|c| c.name == column.name).for_each(as_binary);
        let again = unread::suggested(&SuggestInput { dataset: &dataset, ..*input }, mixed);
        let may = |of: &str| match of {
            EVENT => is_event,
            TREATMENT => treated.is_some(),
            _ => treated.is_none(),
        };
        let found = [EVENT, OUTCOME, TREATMENT]
            .into_iter()
            .find(|of| may(of) && role(&again, of).as_ref() == Some(&column.name));
        if let Some(of) = found {
            return derived(input, again, column, of, &one);
        }
    }
    plain
}

/// The draft for one of several events, where the data have the time until each and the question speaks of it.
fn competing(
    input: &SuggestInput<'_>,
    mixed: &BTreeSet<String>,
    column: &Column,
    one: &One,
) -> Option<Suggestion> {
    let One::Word(word) = one else { return None };
    let mut dataset = input.dataset.clone();
    let own = dataset.columns.iter_mut().find(|c| column.distinct > 2 && c.name == column.name)?;
    if !as_code(input, own, word) {
        return None;
    }
    let again = unread::suggested(&SuggestInput { dataset: &dataset, ..*input }, mixed);
    let is_followed = again.statement.roles.get(EVENT) == Some(&vec![column.name.clone()]);
    (is_followed && again.statement.roles.contains_key("duration_var"))
        .then(|| coded(input, again, column, word))
}

fn happens(word: &str) -> bool {
    FILE.happened.iter().any(|own| own == word)
}

pub(super) fn is_named_as_event(column: &Column) -> bool {
    let name = column.name.to_lowercase();
    let parts: Vec<&str> = name.split('_').collect();
    FILE.events
        .iter()
        .any(|word| parts.contains(&word.as_str()) || (!word.is_ascii() && name.contains(word.as_str())))
}

/// The value that stands for the treatment, of two words of which the other is a control.
fn treated(input: &SuggestInput<'_>, column: &Column) -> Option<One> {
    treated_word(input, column).map(One::Word)
}

pub(super) fn treated_word(input: &SuggestInput<'_>, column: &Column) -> Option<String> {
    let words = input.values.get(&column.name).filter(|_| column.is_text() && column.distinct == 2)?;
    let is_compared = |word: &&String| FILE.compared.contains(&word.trim().to_lowercase());
    match (&words[..], words.iter().filter(is_compared).count()) {
        ([_, _], 1) => words.iter().find(|w| !is_compared(w) && !w.contains('"')).cloned(),
        _ => None,
    }
}

/// Of two words the one that the other denies: "smoker" of "smoker" and "non-smoker".
fn denied<'a>(first: &'a str, second: &'a str) -> Option<&'a str> {
    let denies = |long: &str, short: &str| {
        let (long, short) = (long.trim().to_lowercase(), short.trim().to_lowercase());
        let before = long.strip_suffix(short.as_str()).map(str::trim);
        before.is_some_and(|before| FILE.denials.iter().any(|word| word == before))
    };
    match (denies(first, second), denies(second, first)) {
        (true, false) => Some(second),
        (false, true) => Some(first),
        _ => None,
    }
}

/// The value that becomes 1, of a column of two values other than 0 and 1.
fn one_of(input: &SuggestInput<'_>, column: &Column) -> Option<One> {
    if column.distinct != 2 {
        return asked(input, column, happens).map(One::Word);
    }
    if column.is_text() {
        let words = input.values.get(&column.name).filter(|words| words.len() == 2)?;
        let happened = |word: &&String| happens(&word.trim().to_lowercase());
        let mut found = words.iter().filter(happened);
        let word = match (found.next(), found.next()) {
            (Some(word), None) => Some(word.as_str()),
            // "died" and "survived" both happen: the one that the question names, else the death
            (Some(_), Some(_)) => named_value(input.question, words).or_else(|| death(words)),
            _ => denied(&words[0], &words[1]),
        };
        return word.filter(|word| !word.contains('"')).map(|word| One::Word(word.to_owned()));
    }
    if !is_coded(column) || !is_named_as_event(column) {
        return None;
    }
    Some(labelled_yes(input, column).unwrap_or(One::Two))
}

/// True for a column of the codes 1 and 2.
pub(super) fn is_coded(column: &Column) -> bool {
    column.distinct == 2 && column.integer_valued && column.min == Some(1.0) && column.max == Some(2.0)
}

/// Of the codes 1 and 2 the one whose label says that it happened.
fn labelled_yes(input: &SuggestInput<'_>, column: &Column) -> Option<One> {
    let labels = input.values.get(&column.name).filter(|labels| column.value_labels && labels.len() == 2)?;
    let happened = |label: &String| FILE.happened.contains(&label.trim().to_lowercase());
    match (happened(&labels[0]), happened(&labels[1])) {
        (true, false) => Some(One::Code(1, labels[0].clone())),
        (false, true) => Some(One::Code(2, labels[1].clone())),
        _ => None,
    }
}

/// The variable that is 1 where a column of the codes 1 and 2 has the answer that is counted, by its label, else by the custom of
/// questionnaires 1; and whether a label says it.
pub(super) fn yes_of(input: &SuggestInput<'_>, column: &Column) -> (bool, StatedVariable) {
    let known = labelled_yes(input, column);
    let is_known = known.is_some();
    let one = known.unwrap_or_else(|| One::Code(1, "1".to_owned()));
    (is_known, flag_of(input, column, &one).1)
}

/// The column as its derived variable will be.
fn as_binary(column: &mut Column) {
    column.inferred_type = InferredType::Binary;
    column.storage = "byte".to_owned();
    (column.min, column.max, column.max_bytes) = (Some(0.0), Some(1.0), None);
    column.integer_valued = true;
    column.distinct = 2;
}

/// The draft with the derived variable in the role that the column had.
fn derived(
    input: &SuggestInput<'_>,
    mut suggestion: Suggestion,
    column: &Column,
    role: &str,
    one: &One,
) -> Suggestion {
    let name = &column.name;
    let (value, variable) = flag_of(input, column, one);
    suggestion.statement.roles.insert(role.to_owned(), vec![variable.name.clone()]);
    let field = format!("roles.{role}");
    for choice in suggestion.choices.iter_mut().filter(|c| c.field == field) {
        choice.columns = vec![variable.name.clone()];
        choice.derives(
            &format!("the derived variable {} is 1 where {name} is {value}", variable.name),
            &format!("派生变量 {} 在 {name} 为 {value} 时取 1", variable.name),
        );
        if matches!(one, One::Two) {
            choice.confidence = choice.confidence.min(BY_CUSTOM);
        }
    }
    if matches!(one, One::Two) {
        suggestion.open_questions.push(which(role, name, &variable.name));
        suggestion.confidence = suggestion.confidence.min(BY_CUSTOM);
    }
    if let One::Word(word) = one {
        suggestion.open_questions.extend(others_asked(input, column, word));
    }
    suggestion.statement.derived_variables.push(variable);
    suggestion
}

/// The variable that is 1 where a text column has this word.
pub(super) fn derived_flag(input: &SuggestInput<'_>, column: &Column, word: &str) -> StatedVariable {
    flag_of(input, column, &One::Word(word.to_owned())).1
}

/// The value as an expression has it, and the variable that is 1 there.
fn flag_of(input: &SuggestInput<'_>, column: &Column, one: &One) -> (String, StatedVariable) {
    let name = &column.name;
    let (value, shown, ending) = match one {
        One::Two => ("2".to_owned(), "2", "2".to_owned()),
        One::Code(code, label) => (code.to_string(), label.trim(), slug(label)),
        One::Word(word) => (format!("\"{word}\""), word.trim(), slug(word)),
    };
    let stem: String = name.chars().take(KEPT).collect();
    let free = free_name(input.dataset, &format!("{stem}_{ending}"), "_");
    // "the hazard of Vital status: dead"; a label that is a sentence of a questionnaire is too long for that
    let label =
        column.label.as_deref().map(str::trim).filter(|l| (1..=MOST_WORDS).contains(&l.chars().count()));
    let expression = format!("{name} == {value}");
    (value, labelled(free, expression, format!("{}: {shown}", label.unwrap_or(name))))
}

/// Asks which code means that the event occurred; 2 is taken meanwhile, as the data sets of R's package survival have it.
fn which(role: &str, name: &str, derived: &str) -> OpenQuestion {
    OpenQuestion {
        field: role.to_owned(),
        question: Bilingual {
            en: format!(
                "{name} holds 1 and 2. 2 is taken for the event and 1 for the end without it, as many data sets have it. If 1 means \
                 the event, change the derived variable {derived} to {name} == 1."
            ),
            zh: Some(format!(
                "{name} 的取值为 1 和 2。这里按惯例把 2 视为事件发生、1 视为未发生。如果 1 表示事件发生，请把派生变量 {derived} 改为 {name} == 1。"
            )),
        },
        blocking: false,
        candidates: vec![derived.to_owned()],
    }
}

/// The letters and digits of a word that a name can have.
fn slug(word: &str) -> String {
    let kept: String = word.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    if kept.is_empty() { "is1".to_owned() } else { kept }
}
