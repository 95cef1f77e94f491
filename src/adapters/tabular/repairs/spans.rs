//! Columns of school years, fiscal years and seasons, `2018/19`: a step reads the first of the two years.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::Foreign;
use super::scan::TextScan;
use super::{MOST_EXCEPTIONS, Note, Offer, Place, convert, first_of};
use crate::adapters::tabular::date;
use crate::adapters::tabular::problems::shown;
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::Column;

/// Most different texts that are remembered.
const MOST_TEXTS: usize = 21;
/// Longest text before or behind the years, in characters: `School year `.
const MOST_CHARS: usize = 16;

/// What was seen of pairs of years in a text column.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Cells that are such a pair.
    pub cells: u64,
    /// The texts around the years.
    around: BTreeSet<String>,
    /// Different pairs with their first rows, and the other cells; both cut at [`MOST_TEXTS`].
    pairs: BTreeMap<String, u64>,
    others: BTreeMap<String, u64>,
}

impl Spans {
    /// Takes in a cell that is not missing.
    pub(super) fn add(&mut self, cell: &str, row: u64) {
        let found = split(cell.trim());
        let texts = if found.is_some() { &mut self.pairs } else { &mut self.others };
        if texts.len() < MOST_TEXTS && !texts.contains_key(cell) {
            texts.insert(cell.to_owned(), row);
        }
        let Some((before, after)) = found else { return };
        self.cells += 1;
        if self.around.len() <= MOST_TEXTS {
            self.around
                .extend([before, after].into_iter().filter(|text| !text.is_empty()).map(str::to_owned));
        }
    }
}

/// The texts before and behind a pair of years that follow each other; `None` for any other cell.
fn split(cell: &str) -> Option<(&str, &str)> {
    let start = cell.find(|c: char| c.is_ascii_digit())?;
    let end = cell.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, after) = (cell[..start].trim(), cell[end..].trim());
    let is_word = |text: &str| {
        text.chars().count() <= MOST_CHARS
            && text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | ':' | '：' | '.'))
    };
    date::first_year(&cell.as_bytes()[start..end]).filter(|_| is_word(before) && is_word(after))?;
    Some((before, after))
}

/// Offers to read the first year; other cells become missing where they are few, hold no number and no step leaves their rows out.
pub(super) fn offer(
    at: usize,
    column: &Column,
    scan: &TextScan,
    dropped: &[Foreign],
    place: Place,
) -> Option<Offer> {
    let (spans, present) = (&scan.spans, scan.cells.present);
    let apart = present - spans.cells;
    let few = apart as f64 <= (MOST_EXCEPTIONS * present as f64).max(1.0);
    if spans.cells < 2 || !few || spans.others.len() >= MOST_TEXTS || spans.around.len() > MOST_TEXTS {
        return None;
    }
    let is_dropped = |row: u64| dropped.iter().any(|found| found.has(row));
    let missing: Vec<String> =
        spans.others.iter().filter(|(_, row)| !is_dropped(**row)).map(|(text, _)| text.clone()).collect();
    // a year alone, or another pair, is a time that somebody knows
    if missing.iter().any(|text| text.contains(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let because_of = spans
        .others
        .values()
        .min()
        .copied()
        .filter(|_| dropped.iter().any(|found| spans.others.values().all(|row| found.has(*row))));
    // longer texts first: one may be a part of another
    let mut remove: Vec<String> = spans.around.iter().cloned().collect();
    remove.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let rest = match missing.as_slice() {
        [] => String::new(),
        texts => {
            let listed: Vec<String> =
                texts.iter().take(3).map(|text| format!("\"{}\"", shown(text))).collect();
            format!("; no years: {}", listed.join(", "))
        }
    };
    let message = format!(
        "{} holds pairs of years ({}), as school years, fiscal years or seasons are written{rest}; it is kept as text. The repair \
         reads the first year, so that rows can be followed over time",
        column.name,
        first_of(spans.pairs.iter(), place)
    );
    let step = DataStep { remove, missing, ..convert(column, ConvertTo::FirstYear) };
    Some(Offer { at, step, note: Note { kind: "years_as_text", message }, because_of })
}

/// Says it where a year stands alone between pairs, so that nobody knows which of the two it is.
pub(super) fn remark(column: &Column, scan: &TextScan, place: Place, warnings: &mut Warnings) {
    let spans = &scan.spans;
    let Some((other, row)) = spans.others.iter().min_by_key(|(_, row)| **row) else { return };
    if spans.cells < 2 || spans.cells * 2 < scan.cells.present || spans.others.len() >= MOST_TEXTS {
        return;
    }
    let message = format!(
        "{} holds pairs of years ({}) and \"{}\" in {}, which is none; it is kept as text",
        column.name,
        first_of(spans.pairs.iter(), place),
        shown(other),
        place.row(*row)
    );
    let hint =
        "write all years of the column in one way, such as 2018 for 2018/19, and upload the file again";
    warnings.warn("years_as_text", Some(&column.name), message, hint);
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn two_years_that_follow_each_other_are_a_pair() {
        for (cell, around) in [
            ("2018/19", ("", "")),
            ("2018-2019", ("", "")),
            ("1999–00", ("", "")),
            ("2018 / 19", ("", "")),
            ("AY 2018/19", ("AY", "")),
            ("2018-2019学年", ("", "学年")),
        ] {
            assert_eq!(split(cell), Some(around), "{cell}");
        }
        for cell in ["2018/20", "2018-12-31", "2018", "18/19", "A12018/19", "2018/19/20", "1018/19", "2018/1"]
        {
            assert_eq!(split(cell), None, "{cell}");
        }
    }
}
