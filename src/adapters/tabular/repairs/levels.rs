//! Levels of a text column that are one level in several spellings.

use super::scan::{MOST_LEVELS, TextScan};
use super::{Note, Offer, Place, convert};
use crate::adapters::tabular::problems::shown;
use crate::domain::data_step::ConvertTo;
use crate::domain::dataset::Column;

/// Levels that differ in capital letters or in blanks around them. Small letters are offered last: capitals may mean
/// something.
pub(super) fn offers(at: usize, column: &Column, scan: &TextScan, place: Place) -> Vec<Offer> {
    let blanks = blanks_offer(at, column, scan, place);
    let few = column.distinct <= MOST_LEVELS && !column.distinct_is_lower_bound;
    let Some(spellings) = scan.shapes.spelt_differently().filter(|_| few) else {
        return blanks.into_iter().collect();
    };
    let listed: Vec<String> = spellings
        .iter()
        .take(3)
        .map(|(cell, row)| format!("\"{}\" in {}", shown(cell), place.row(*row)))
        .collect();
    let message = format!(
        "{} has levels that differ only in capital letters{}: {}; each spelling is a level of its own",
        column.name,
        if blanks.is_some() { " or in blanks around them" } else { "" },
        listed.join(", ")
    );
    let note = || Note { kind: "spellings_of_text", message: message.clone() };
    let step = convert(column, ConvertTo::TextLower);
    let trimmed = blanks.map(|offer| Offer { note: note(), ..offer });
    trimmed.into_iter().chain([Offer { at, step, note: note(), because_of: None }]).collect()
}

fn blanks_offer(at: usize, column: &Column, scan: &TextScan, place: Place) -> Option<Offer> {
    let levels = scan.trimmed_levels().filter(|levels| *levels < column.distinct)?;
    let (row, cell) = scan.first_blank.as_ref()?;
    let message = format!(
        "{} cells of {} have blanks around the text (first \"{}\" in {}), so that it has {} levels instead of {levels}",
        scan.blanks,
        column.name,
        shown(cell),
        place.row(*row),
        column.distinct
    );
    Some(Offer {
        at,
        step: convert(column, ConvertTo::Text),
        note: Note { kind: "blanks_around_text", message },
        because_of: None,
    })
}
