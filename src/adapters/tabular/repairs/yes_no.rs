//! Columns of a yes and a no as words, which an analysis of 0 and 1 does not take as they are.

use std::collections::BTreeSet;

use super::scan::TextScan;
use super::{Note, Offer, convert};
use crate::adapters::tabular::problems::shown;
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::Column;
use crate::domain::no_answer::is_no_answer;

/// Words for yes and no that make a column one of 0 and 1.
const YES_AND_NO: [(&str, &str); 15] = [
    ("yes", "no"),
    ("y", "n"),
    ("ja", "nein"),
    ("oui", "non"),
    ("sí", "no"),
    ("si", "no"),
    ("sim", "não"),
    ("да", "нет"),
    ("是", "否"),
    ("有", "无"),
    ("present", "absent"),
    ("positive", "negative"),
    ("pos", "neg"),
    ("detected", "not detected"),
    ("阳性", "阴性"),
];

/// Offers 0 and 1 for a column of a yes and a no.
pub(super) fn offer(at: usize, column: &Column, scan: &TextScan) -> Option<Offer> {
    let (yes, missing) = yes_of(column, scan).filter(|_| !scan.cells.codes)?;
    let absent = match missing.first() {
        Some(text) => {
            format!("; \"{}\" says that there is no answer, and becomes missing by it", shown(text))
        }
        None => String::new(),
    };
    let message = format!(
        "{} holds a yes and a no as words (\"{}\"); it is kept as text, and can be read as 0 and 1 where an analysis needs them{absent}",
        column.name,
        shown(&yes)
    );
    let step = DataStep { one: Some(yes), missing, ..convert(column, ConvertTo::YesNo) };
    Some(Offer { at, step, note: Note { kind: "yes_and_no", message }, because_of: None })
}

/// Most spellings of a yes and a no.
const MOST_SPELLINGS: u64 = 12;

/// The word for yes of a column with no other texts than a yes, a no and those that say that there is no answer, without blanks
/// around it: as the file has it where each has one spelling, else in small letters; and the texts without an answer.
fn yes_of(column: &Column, scan: &TextScan) -> Option<(String, Vec<String>)> {
    let texts = &scan.cells.others.texts;
    let all = column.distinct == texts.len() as u64 && !column.distinct_is_lower_bound;
    if !(2..=MOST_SPELLINGS).contains(&column.distinct) || !all || !scan.cells.numbers.is_empty() {
        return None;
    }
    let (missing, answers): (Vec<&String>, Vec<&String>) = texts.keys().partition(|text| is_no_answer(text));
    let words: BTreeSet<String> = answers.iter().map(|text| text.trim().to_lowercase()).collect();
    let is_both = |(yes, no): &&(&str, &str)| words.len() == 2 && words.contains(*yes) && words.contains(*no);
    let (yes, _) = YES_AND_NO.iter().find(is_both)?;
    let mut spelt = answers.iter().map(|text| text.trim()).filter(|text| text.to_lowercase() == *yes);
    let yes = if answers.len() == 2 { spelt.next()?.to_owned() } else { (*yes).to_owned() };
    Some((yes, missing.into_iter().cloned().collect()))
}
