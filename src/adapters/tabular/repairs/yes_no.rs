//! Columns of a yes and a no as words, which an analysis of 0 and 1 does not take as they are.

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

/// The word for yes of a column with two texts, without blanks around it.
fn yes_of(column: &Column, scan: &TextScan) -> Option<String> {
    if column.distinct != 2 || !scan.cells.numbers.is_empty() {
        return None;
    }
    let texts: Vec<&String> = scan.cells.others.texts.keys().collect();
    let [a, b] = texts[..] else { return None };
    let (low_a, low_b) = (a.trim().to_lowercase(), b.trim().to_lowercase());
    YES_AND_NO.iter().find_map(|(yes, no)| match (low_a.as_str(), low_b.as_str()) {
        (x, y) if x == *yes && y == *no => Some(a.trim().to_owned()),
        (x, y) if y == *yes && x == *no => Some(b.trim().to_owned()),
        _ => None,
    })
}
