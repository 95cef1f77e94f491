//! Codes of a file with labels that say that there is no answer, such as 98 "Don't know", and codes such as -9 that no label
//! explains: as values they are numbers.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::{Reader, ValueLabelSet};

use super::scan::{Scan, look_through};
use super::{BLOCK, MOST_COLUMNS, Note, Offer, Place, codes, convert, facts, open, remark, unreadable};
use crate::adapters::tabular::convert::number_text;
use crate::adapters::tabular::problems::shown;
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::data_step::{ConvertTo, DataStep, Repair};
use crate::domain::dataset::Column;
use crate::domain::error::Problem;
use crate::domain::no_answer::is_no_answer;

/// A code with its label and the cells that hold it.
struct Code<'a> {
    code: f64,
    label: &'a str,
    cells: u64,
    first_row: u64,
}

/// Finds such codes in canonical data, and adds a remark for each column with the step that makes them missing.
///
/// # Errors
/// I/O.
pub(in crate::adapters::tabular) fn offers(
    path: &Path,
    columns: &[Column],
    warnings: &mut Warnings,
) -> Result<Vec<Repair>, Problem> {
    let mut reader = open(path)?;
    let meta = reader.meta().clone();
    let mut found: Vec<(usize, Vec<Code<'_>>)> = Vec::new();
    for (at, variable) in reader.variables().iter().enumerate() {
        let Some(set) = meta.value_labels.iter().find(|set| set.name == variable.value_label) else {
            continue;
        };
        let named = set
            .entries
            .iter()
            .filter(|(code, label)| dta::ValueLabelSet::missing(*code).is_none() && is_no_answer(label));
        let codes: Vec<Code<'_>> = named
            .map(|(code, label)| Code { code: f64::from(*code), label, cells: 0, first_row: 0 })
            .collect();
        if !codes.is_empty() && !columns[at].is_text() && found.len() < MOST_COLUMNS {
            found.push((at, codes));
        }
    }
    if !found.is_empty() {
        count(&mut reader, &mut found)?;
    }
    let mut offers: Vec<Offer> =
        found.iter().filter_map(|(at, codes)| offer(*at, &columns[*at], codes)).collect();
    let without = unlabelled(&mut reader, columns, &meta.value_labels, &offers)?;
    offers.extend(without);
    if offers.is_empty() {
        return Ok(Vec::new());
    }
    let repairs = facts::after(path, columns, None, &offers)?;
    remark(columns, Vec::new(), None, offers, warnings);
    Ok(repairs)
}

/// Finds codes at an end of the numbers of a column that no label explains, as in files without labels.
fn unlabelled(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    sets: &[ValueLabelSet],
    known: &[Offer],
) -> Result<Vec<Offer>, Problem> {
    let of: Vec<_> = reader.variables().iter().map(|v| (v.storage, v.value_label.clone())).collect();
    let mut scans: Vec<(usize, Scan)> = (0..columns.len())
        .filter(|at| !columns[*at].is_text() && known.iter().all(|offer| offer.at != *at))
        .filter_map(|at| Some((at, Scan::of(&columns[at], of[at].0, false)?)))
        .filter(|(_, scan)| matches!(scan, Scan::Code(_)))
        .take(MOST_COLUMNS)
        .collect();
    if scans.is_empty() {
        return Ok(Vec::new());
    }
    reader.go_to_row(0);
    look_through(reader, &mut scans)?;
    // such a file has no lines that people count
    let place = Place { header_row: 0, last_row: 0, rows: reader.rows() };
    let mut offers = Vec::new();
    for (at, scan) in &scans {
        let Scan::Code(scan) = scan else { continue };
        let labels = sets.iter().find(|set| set.name == of[*at].1);
        let is_labelled = |code: &String| {
            labels.is_some_and(|set| set.entries.iter().any(|(value, _)| value.to_string() == *code))
        };
        let found = codes::offer(*at, &columns[*at], scan, place);
        offers.extend(found.filter(|offer| !offer.step.missing.iter().any(is_labelled)));
    }
    Ok(offers)
}

/// Counts the cells of each code.
fn count(reader: &mut Reader<BufReader<File>>, found: &mut [(usize, Vec<Code<'_>>)]) -> Result<(), Problem> {
    reader.select(found.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
    let mut row = 1;
    while let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? {
        for ((_, codes), values) in found.iter_mut().zip(&block.columns) {
            let mut numbers = Vec::with_capacity(block.rows);
            values.append_doubles(&mut numbers);
            for (row, value) in (row..).zip(numbers) {
                if let Some(code) = codes.iter_mut().find(|code| code.code == value) {
                    code.cells += 1;
                    code.first_row = if code.first_row == 0 { row } else { code.first_row };
                }
            }
        }
        row += block.rows as u64;
    }
    Ok(())
}

fn offer(at: usize, column: &Column, codes: &[Code<'_>]) -> Option<Offer> {
    let used: Vec<&Code<'_>> = codes.iter().filter(|code| code.cells > 0).collect();
    // a column of nothing else is a question that nobody answered
    let present: u64 = used.iter().map(|code| code.cells).sum();
    if used.is_empty() || column.distinct <= used.len() as u64 {
        return None;
    }
    let listed: Vec<String> = used
        .iter()
        .map(|code| {
            let cells = if code.cells == 1 { "cell" } else { "cells" };
            format!(
                "{} \"{}\" ({} {cells}, first in row {} of the data)",
                number_text(code.code),
                shown(code.label),
                code.cells,
                code.first_row
            )
        })
        .collect();
    let message = format!(
        "{} holds codes whose labels say that there is no answer: {}; {present} values are read as numbers",
        column.name,
        listed.join(", ")
    );
    let step = DataStep {
        missing: used.iter().map(|code| number_text(code.code)).collect(),
        ..convert(column, ConvertTo::Number)
    };
    Some(Offer { at, step, note: Note { kind: "missing_code", message }, because_of: None })
}
