//! One of several outcomes that a question asks about: "does the drug affect the risk of dying" of a column with died, relapsed
//! and alive. The question is read as if the column held 0 and 1, or, with a time of follow-up, the code of an event among others
//! that compete with it.

use std::sync::LazyLock;

use regex::Regex;

use super::derived::{free_name, labelled};
use super::explain::both;
use super::rewritten::{derive_from, is_plain_text, place_of, written};
use super::{OpenQuestion, SuggestInput, Suggestion};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::no_answer::is_no_answer;

/// Most outcomes of a column of which one may be asked about.
const MOST: u64 = 8;
/// Words for one outcome: those of columns, and those of questions.
const SAME: [&[&str]; 3] = [
    &[
        "died",
        "dead",
        "death",
        "deaths",
        "die",
        "dies",
        "dying",
        "deceased",
        "mortality",
        "fatal",
        "死亡",
        "病死",
        "去世",
        "死",
    ],
    &["relapsed", "relapse", "relapses", "relapsing", "recurred", "recurrence", "recur", "复发"],
    &["readmitted", "readmission", "readmissions", "再入院"],
];
/// Words for the end of a follow-up without an event.
const CENSORED: [&str; 14] = [
    "alive",
    "censored",
    "none",
    "no event",
    "ongoing",
    "event-free",
    "event free",
    "survived",
    "in remission",
    "lost",
    "lost to follow-up",
    "存活",
    "删失",
    "无事件",
];

/// What stands before an event that competes with the one that is asked about.
static COMPETING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[,;]? (?:with|and|given|treating|accounting for|allowing for) [a-z ]{2,40}? (?:as (?:an? |the )?|being (?:an? |the )?)compet|[，、]?(?:以|把|将)[^，。]{1,10}(?:为|作为|视为)竞争")
        .expect("a pattern")
});

/// True where a text has this value, or a word for the same outcome.
fn names(text: &str, value: &str) -> bool {
    let value = written(value.trim());
    let same = SAME.iter().find(|group| group.contains(&value.as_str()));
    place_of(text, &value).is_some()
        || same.is_some_and(|group| group.iter().any(|word| is_written(text, word)))
}

/// True where a text has a word, also of one character.
fn is_written(text: &str, word: &str) -> bool {
    if word.is_ascii() { place_of(text, word).is_some() } else { text.contains(word) }
}

/// The only one of these values that the question names.
pub(super) fn named_value<'a>(question: &str, values: &'a [String]) -> Option<&'a str> {
    let text = written(question);
    // "relapse, with death as the competing event": the first one is asked about
    let text = match COMPETING.find(&text) {
        Some(other) => text[..other.start()].to_owned(),
        None => text,
    };
    let mut found = values.iter().filter(|value| names(&text, value));
    found.next().filter(|_| found.next().is_none()).map(String::as_str)
}

/// The value for a death, where no other one of these is named by the question.
pub(super) fn death(values: &[String]) -> Option<&str> {
    let is_death = |value: &&String| SAME[0].contains(&value.trim().to_lowercase().as_str());
    values.iter().find(is_death).map(String::as_str)
}

/// The value of a column of several outcomes that the question asks about: one that happens, or one that it sets equal to the
/// column.
pub(super) fn asked(input: &SuggestInput<'_>, column: &Column, happens: fn(&str) -> bool) -> Option<String> {
    static EQUALS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[^=<>! ] ?==? ?[^= ]").expect("a pattern"));
    let values = input.values.get(&column.name).filter(|_| column.is_text())?;
    if !(3..=MOST).contains(&column.distinct) || values.len() as u64 != column.distinct {
        return None;
    }
    let value = named_value(input.question, values)?;
    let known = |value: &str| happens(value) || SAME.iter().any(|group| group.contains(&value));
    let fits = known(&value.trim().to_lowercase()) || EQUALS.is_match(&input.question.to_lowercase());
    (fits && is_plain_text(value)).then(|| value.to_owned())
}

/// Says how the other outcomes are taken.
pub(super) fn others_asked(input: &SuggestInput<'_>, column: &Column, one: &str) -> Option<OpenQuestion> {
    let values = input.values.get(&column.name)?;
    let others: Vec<&str> = values.iter().filter(|v| *v != one).map(|v| v.trim()).collect();
    if others.len() < 2 {
        return None;
    }
    let (en, zh) = (others.join("”, “"), others.join("”“"));
    let name = &column.name;
    Some(OpenQuestion {
        field: "requirement".to_owned(),
        question: both(
            format!(
                "The draft takes “{one}” of {name} for the event; rows with “{en}” count as rows without it. Should some of them be \
                 left out, or are they events that compete with it?"
            ),
            format!(
                "初稿把 {name} 的“{one}”视为事件，“{zh}”的行视为未发生。是否应排除其中一些行，或将其视为竞争事件？"
            ),
        ),
        blocking: false,
        candidates: vec![name.clone()],
    })
}

/// The events of a column with exactly one value for none of them, the one that is asked about first.
fn events<'a>(input: &'a SuggestInput<'_>, column: &Column, one: &str) -> Option<Vec<&'a str>> {
    let values = input.values.get(&column.name)?;
    let is_censored = |value: &&String| CENSORED.contains(&value.trim().to_lowercase().as_str());
    let usable = values.iter().all(|value| is_plain_text(value) && !is_no_answer(value));
    if !usable || values.iter().filter(is_censored).count() != 1 {
        return None;
    }
    let mut events: Vec<&str> = values.iter().filter(|v| !is_censored(v)).map(String::as_str).collect();
    events.sort_by_key(|event| *event != one);
    Some(events)
}

/// The column as the code of events that compete: 0 for none, 1 for the one that is asked about.
pub(super) fn as_code(input: &SuggestInput<'_>, column: &mut Column, one: &str) -> bool {
    let Some(events) = events(input, column, one) else { return false };
    column.inferred_type = InferredType::Integer;
    column.storage = "byte".to_owned();
    (column.min, column.max, column.max_bytes) = (Some(0.0), Some(events.len() as f64), None);
    column.integer_valued = true;
    true
}

/// The draft with a derived code of the events instead of the column.
pub(super) fn coded(
    input: &SuggestInput<'_>,
    mut suggestion: Suggestion,
    column: &Column,
    one: &str,
) -> Suggestion {
    let Some(events) = events(input, column, one) else { return suggestion };
    let name = &column.name;
    let stem: String = name.chars().take(20).collect();
    let mut variables = Vec::new();
    let mut terms = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let flag = free_name(input.dataset, &format!("{stem}_is{}", at + 1), "_");
        terms.push(if at == 0 { flag.clone() } else { format!("{}*{flag}", at + 1) });
        variables.push(labelled(flag, format!("{name} == \"{event}\""), format!("{name}: {}", event.trim())));
    }
    let code = free_name(input.dataset, &format!("{stem}_code"), "_");
    let listed: Vec<String> =
        events.iter().enumerate().map(|(at, e)| format!("{} {}", at + 1, e.trim())).collect();
    let listed = listed.join(", ");
    variables.push(labelled(code.clone(), terms.join(" + "), format!("{name} (0 none, {listed})")));
    let en = format!("the derived variable {code} numbers the events of {name}: {listed}; 0 is none");
    let zh = format!("派生变量 {code} 为 {name} 的事件编号：{listed}；0 为无事件");
    derive_from(&mut suggestion, name, &code, (&en, &zh));
    suggestion.statement.derived_variables.extend(variables);
    suggestion
}
