//! Columns of numbers that no single reading fits: named with cells and rows, and left to a person.

use super::cells::{Group, STYLES};
use super::scan::TextScan;
use super::{Place, cells};
use crate::adapters::tabular::problems::{counted, shown};
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::dataset::Column;

/// True for a value that is known to lie below or above a limit only: `<0.01`, `≥ 90`.
pub(super) fn is_limit(text: &str) -> bool {
    let rest = text.trim().trim_start_matches(['<', '>', '≤', '≥', '=']);
    rest.len() < text.trim().len() && rest.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

/// Says it of a column without a repair.
pub(super) fn remark(column: &Column, scan: &TextScan, place: Place, warnings: &mut Warnings) {
    if scan.cells.codes {
        return;
    }
    let found = styles(scan, place).or_else(|| percents(scan, place)).or_else(|| units(scan, place));
    if let Some((message, hint)) = found {
        warnings.withdraw(&["mixed_types"], &column.name);
        let message = format!("{} {message}; it is kept as text", column.name);
        warnings.warn("mixed_number_styles", Some(&column.name), message, hint);
    }
}

/// `1,234.5` beside `1.234,5`.
fn styles(scan: &TextScan, place: Place) -> Option<(String, &'static str)> {
    let group = scan.cells.numbers.values().find(|group| group.styles == 0 && group.cells > 1)?;
    if group.cells * 2 < scan.cells.present {
        return None;
    }
    let mut cells: Vec<(u64, &String)> = group.texts.iter().map(|(text, row)| (*row, text)).collect();
    cells.sort_unstable();
    let (row, first) = *cells.first()?;
    let read = cells::read_by(first);
    let (other_row, other) = cells.iter().find(|(_, text)| cells::read_by(text) & read == 0)?;
    let message = format!(
        "writes numbers in two ways, \"{}\" in {} and \"{}\" in {}: a sign stands for thousands in one and for decimals in the \
         other",
        shown(first),
        place.row(row),
        shown(other),
        place.row(*other_row)
    );
    debug_assert!(STYLES.len() <= u8::BITS as usize);
    Some((
        message,
        "write all numbers of the column with a decimal point and without signs for thousands, such as 1234.5",
    ))
}

/// `12.5%` beside `0.125`.
fn percents(scan: &TextScan, place: Place) -> Option<(String, &'static str)> {
    let with = |wanted: bool| {
        let groups = scan.cells.numbers.iter().filter(move |(affixes, _)| {
            affixes.iter().any(|a| a.contains(['%', '％'])) == wanted && (wanted || affixes.is_empty())
        });
        groups.map(|(_, group)| group).collect::<Vec<&Group>>()
    };
    let (percents, plain) = (with(true), with(false));
    let first = |groups: &[&Group]| {
        let cells = groups.iter().flat_map(|group| &group.texts);
        cells
            .min_by_key(|(_, row)| **row)
            .map(|(text, row)| format!("\"{}\" in {}", shown(text), place.row(*row)))
    };
    let count = |groups: &[&Group]| groups.iter().map(|group| group.cells).sum::<u64>();
    let message = format!(
        "holds {} ({}) and {} without a percent sign ({}), which may be shares or percentages",
        counted(count(&percents), "percentage", "percentages"),
        first(&percents)?,
        counted(count(&plain), "number", "numbers"),
        first(&plain)?
    );
    Some((message, "write all values of the column in one way, such as 12.5 for 12.5 %"))
}

/// `12.5万` beside `0.3亿`: texts of one meaning only where all have the same unit.
fn units(scan: &TextScan, place: Place) -> Option<(String, &'static str)> {
    let numbers: u64 = scan.cells.numbers.values().map(|group| group.cells).sum();
    if numbers * 5 < scan.cells.present * 4 || !scan.cells.has_several_units() {
        return None;
    }
    let groups = scan.cells.numbers.iter().filter(|(affixes, _)| !cells::is_marked(affixes));
    let groups = groups.map(|(_, group)| group).chain([&scan.cells.others]);
    let firsts = groups.filter_map(|group| group.texts.iter().min_by_key(|(_, row)| **row));
    let mut firsts: Vec<(u64, &String)> = firsts.map(|(text, row)| (*row, text)).collect();
    firsts.sort_unstable();
    let shown: Vec<String> = firsts
        .iter()
        .take(3)
        .map(|(row, text)| format!("\"{}\" in {}", shown(text), place.row(*row)))
        .collect();
    let message = format!("writes numbers in several units, {}", shown.join(" and "));
    Some((
        message,
        "write all numbers of the column in one unit, such as 2050 for 2.05k, and leave the unit out",
    ))
}
