//! Columns of a yes and a no as words, which an analysis of 0 and 1 does not take as they are.

use std::collections::BTreeSet;

use super::scan::TextScan;
use super::{Note, Offer, convert};
use crate::adapters::tabular::problems::shown;
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::Column;

/// Words for yes and no that make a column one of 0 and 1.
const YES_AND_NO: [(&str, &str); 12] = [
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
];

/// Offers 0 and 1 for a column of a yes and a no.
pub(super) fn offer(at: usize, column: &Column, scan: &TextScan) -> Option<Offer> {
    let yes = yes_of(column, scan).filter(|_| !scan.cells.codes)?;
    let message = format!(
        "{} holds a yes and a no as words (\"{}\"); it is kept as text, and can be read as 0 and 1 where an analysis needs them",
        column.name,
        shown(&yes)
    );
    let step = DataStep { one: Some(yes), ..convert(column, ConvertTo::YesNo) };
    Some(Offer { at, step, note: Note { kind: "yes_and_no", message }, because_of: None })
}

/// Most spellings of a yes and a no.
const MOST_SPELLINGS: u64 = 12;

/// The word for yes of a column with no other texts than a yes and a no, without blanks around it: as the file has it where
/// each has one spelling, else in small letters.
fn yes_of(column: &Column, scan: &TextScan) -> Option<String> {
    let texts = &scan.cells.others.texts;
    let all = column.distinct == texts.len() as u64 && !column.distinct_is_lower_bound;
    if !(2..=MOST_SPELLINGS).contains(&column.distinct) || !all || !scan.cells.numbers.is_empty() {
        return None;
    }
    let words: BTreeSet<String> = texts.keys().map(|text| text.trim().to_lowercase()).collect();
    let is_both = |(yes, no): &&(&str, &str)| words.len() == 2 && words.contains(*yes) && words.contains(*no);
    let (yes, _) = YES_AND_NO.iter().find(is_both)?;
    let mut spelt = texts.keys().map(|text| text.trim()).filter(|text| text.to_lowercase() == *yes);
    Some(if texts.len() == 2 { spelt.next()?.to_owned() } else { (*yes).to_owned() })
}
