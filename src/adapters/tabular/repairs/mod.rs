//! Repairs that the reader of a file offers: rows that belong to no observation, columns of numbers or dates that
//! were kept as text, codes for missing values. Each is a data step with the facts of the data after it; nothing is
//! changed here.

mod answers;
pub(super) mod apply;
mod blank_rows;
mod cells;
mod codes;
mod digit_dates;
mod equal_rows;
mod facts;
pub(super) mod labelled;
mod levels;
mod mixed;
mod months;
mod notes;
mod orders;
mod rows;
mod scan;
mod shapes;
mod spans;
mod totals;
mod yes_no;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::Reader;

use self::cells::{Group, STYLES};
use self::rows::Foreign;
use self::scan::{Scan, TextScan};
use super::problems::{self, shown};
use super::profile::Profile;
use super::warnings::Warnings;
use crate::domain::data_step::{ConvertTo, DataStep, Repair, StepKind};
use crate::domain::dataset::Column;
use crate::domain::error::Problem;

/// The key of the data that repairs are for.
const MAIN: &str = "main";
/// Most columns with a repair.
const MOST_COLUMNS: usize = 100;
/// Largest share of the cells of a column that a repair may make missing.
const MOST_EXCEPTIONS: f64 = 0.2;
/// The same where the other cells say that something never happened.
const MOST_NEVER: f64 = 0.9;
/// Words for that in small letters.
const NEVER: [&str; 11] = [
    "never",
    "never treated",
    "never adopted",
    "not treated",
    "untreated",
    "not adopted",
    "nie",
    "从未",
    "从未实施",
    "未实施",
    "未处理",
];
/// Rows read at once.
const BLOCK: usize = 16_384;

/// Where the rows of the data lie in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub header_row: u64,
    pub last_row: u64,
    pub rows: u64,
}

impl Place {
    /// A row of the data as people find it in their file.
    fn row(self, row: u64) -> String {
        if self.header_row + self.rows == self.last_row {
            format!("row {}", self.header_row + row)
        } else {
            format!("row {row} of the data")
        }
    }
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, Problem> {
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    Reader::open(BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)
}

fn unreadable(error: dta::Error) -> Problem {
    tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
    Problem::internal()
}

/// One offered conversion, with what a reader should know of it.
pub(super) struct Offer {
    at: usize,
    step: DataStep,
    note: Note,
    /// The row of the data, left out by another step, that alone keeps the column from being one of numbers.
    because_of: Option<u64>,
}

/// A remark with the steps that repair it.
struct Note {
    kind: &'static str,
    message: String,
}

/// Finds the repairs of canonical data, and adds a remark for each. `profiles` are those of the columns.
///
/// # Errors
/// I/O.
pub(super) fn offers(
    path: &Path,
    columns: &[Column],
    profiles: &[Profile],
    place: Place,
    warnings: &mut Warnings,
) -> Result<Vec<Repair>, Problem> {
    offers_and(path, columns, profiles, place, warnings, Vec::new())
}

/// Offers to fill a column down, of a sheet whose merged cells hold all that it misses; larger sheets are no forms that people
/// merge cells in.
pub(super) fn fill_down(at: usize, columns: &[Column], rows: u64, message: String) -> Option<Offer> {
    let step = convert(&columns[at], ConvertTo::FillDown);
    let note = Note { kind: "merged_cells", message };
    (rows <= BLOCK as u64).then_some(Offer { at, step, note, because_of: None })
}

/// As [`offers`], with `more` that the reader of a workbook has found.
///
/// # Errors
/// I/O.
pub(super) fn offers_and(
    path: &Path,
    columns: &[Column],
    profiles: &[Profile],
    place: Place,
    warnings: &mut Warnings,
    more: Vec<Offer>,
) -> Result<Vec<Repair>, Problem> {
    let mut reader = open(path)?;
    let storages: Vec<_> = reader.variables().iter().map(|v| v.storage).collect();
    let mut scans: Vec<(usize, Scan)> = Vec::new();
    for (at, (column, storage)) in columns.iter().zip(storages).enumerate() {
        let scan = Scan::of(column, storage, profiles[at].blanks);
        scans.extend(scan.filter(|_| scans.len() < MOST_COLUMNS * 5).map(|s| (at, s)));
    }
    let notes = notes::below(&mut reader, columns, place)?;
    // what stands below the table may be followed by its notes
    let end = notes.as_ref().and_then(|notes| notes.rows.first()).map_or(place.rows, |first| first - 1);
    reader.go_to_row(0);
    scan::look_through(&mut reader, &mut scans)?;
    scan::look_at_end(&mut reader, &mut scans, end)?;
    let mut dropped = rows::foreign(columns, &scans, place, end);
    let known = dropped.iter().flat_map(|found| &found.rows).copied().collect();
    dropped.extend(totals::unnamed(&mut reader, columns, place, (end, &known))?);
    dropped.extend(notes);
    dropped.extend(blank_rows::between(&mut reader, columns, place)?);
    let rows: BTreeSet<u64> = dropped.iter().flat_map(|found| &found.rows).copied().collect();
    if !rows.is_empty() {
        codes::codes_without(&mut reader, columns, &rows, &mut scans)?;
    }
    let mut found: Vec<Offer> = Vec::new();
    let decimal = scan::decimal_sign(&scans);
    for (at, scan) in &scans {
        let column = &columns[*at];
        match scan {
            Scan::Text(scan) => {
                let mut offered = text_offers(*at, column, scan, (&dropped, decimal), place);
                let is_of_words = offered.iter().all(|offer| offer.note.kind != "yes_and_no");
                let said = is_of_words && answers::remark(column, scan, place, warnings);
                // capital letters are not all that differs between words of one level
                offered.retain(|offer| !(said && offer.step.to == Some(ConvertTo::TextLower)));
                if offered.is_empty() && !said {
                    orders::remark(column, scan, place, warnings);
                    spans::remark(column, scan, place, warnings);
                    mixed::remark(column, scan, place, warnings);
                    shapes::remark(column, scan, place, warnings);
                }
                found.extend(offered);
            }
            Scan::Code(scan) => found.extend(codes::offer(*at, column, scan, place)),
        }
    }
    codes::in_texts(&mut reader, columns, &rows, place, &mut found)?;
    found.extend(columns.iter().enumerate().filter_map(|(at, column)| orders::spreadsheet_days(at, column)));
    found.extend(digit_dates::offers(&mut reader, columns, &rows)?);
    found.extend(more);
    found.truncate(MOST_COLUMNS * 2);
    let drop_step = (!rows.is_empty()).then(|| DataStep {
        rows: rows.iter().copied().collect(),
        ..DataStep::new(StepKind::DropRows, MAIN)
    });
    let mut repairs = facts::after(path, columns, drop_step.as_ref(), &found)?;
    repairs.extend(equal_rows::offer(&mut reader, columns, place, &rows, warnings)?);
    remark(columns, dropped, drop_step, found, warnings);
    Ok(repairs)
}

/// Adds the remarks: one for the rows, one for each column with everything that repairs it.
fn remark(
    columns: &[Column],
    dropped: Vec<Foreign>,
    drop_step: Option<DataStep>,
    found: Vec<Offer>,
    warnings: &mut Warnings,
) {
    let (caused, found): (Vec<Offer>, Vec<Offer>) =
        found.into_iter().partition(|offer| offer.because_of.is_some());
    for row in dropped {
        // one cause, one remark: what the row has made text is repaired with it
        let columns_of_it = caused.iter().filter(|offer| offer.because_of.is_some_and(|of| row.has(of)));
        let mut steps: Vec<DataStep> = drop_step.iter().cloned().collect();
        for offer in columns_of_it {
            warnings.withdraw(&["mixed_types"], &columns[offer.at].name);
            steps.push(offer.step.clone());
        }
        warnings.repairable(row.kind, &[], None, row.message, steps);
    }
    let mut found = found.into_iter().peekable();
    while let Some(offer) = found.next() {
        let mut steps = vec![offer.step];
        while let Some(more) = found.next_if(|more| more.at == offer.at && more.note.kind == offer.note.kind)
        {
            steps.push(more.step);
        }
        let name = Some(columns[offer.at].name.as_str());
        warnings.repairable(offer.note.kind, &["ambiguous_date"], name, offer.note.message, steps);
    }
}

fn convert(column: &Column, to: ConvertTo) -> DataStep {
    DataStep { column: Some(column.name.clone()), to: Some(to), ..DataStep::new(StepKind::Convert, MAIN) }
}

fn text_offers(
    at: usize,
    column: &Column,
    scan: &TextScan,
    (dropped, decimal): (&[Foreign], Option<char>),
    place: Place,
) -> Vec<Offer> {
    if let Some(years) = spans::offer(at, column, scan, dropped, place) {
        return vec![years];
    }
    if let Some(months) = months::offer(at, column, scan, place) {
        return vec![months];
    }
    let dates = orders::of_dates(at, column, scan, dropped, place);
    if !dates.is_empty() {
        return dates;
    }
    // a number of another unit is not absent: no step may make it missing
    let numbers = match scan.cells.has_several_units() || answers::is_of_two(column, scan) {
        true => Vec::new(),
        false => number_offers(at, column, scan, (dropped, decimal), place),
    };
    if !numbers.is_empty() {
        return numbers;
    }
    let spellings = levels::offers(at, column, scan, place);
    match (yes_no::offer(at, column, scan), spellings.first()) {
        (Some(offer), None) => vec![offer],
        // one remark, that on the spellings, has all steps
        (Some(offer), Some(first)) => {
            let note = Note { kind: first.note.kind, message: first.note.message.clone() };
            spellings.into_iter().chain([Offer { note, ..offer }]).collect()
        }
        (None, _) => spellings,
    }
}

/// The first cell of a column with its row, for messages.
fn first_cell(scan: &TextScan, place: Place) -> String {
    let groups = scan.cells.numbers.values().chain(std::iter::once(&scan.cells.others));
    first_of(groups.flat_map(|g| &g.texts), place)
}

/// The first of some cells with its row; empty without any.
fn first_of<'a>(cells: impl Iterator<Item = (&'a String, &'a u64)>, place: Place) -> String {
    let first = cells.min_by_key(|(_, row)| **row);
    first.map_or_else(String::new, |(text, row)| format!("\"{}\" in {}", shown(text), place.row(*row)))
}

/// What a cell such as `<0.01` means for the repair; empty if there is none.
fn limit_remark(exceptions: &BTreeMap<String, u64>) -> String {
    match exceptions.keys().find(|text| mixed::is_limit(text)) {
        Some(text) => format!(
            "; \"{}\" is a value below or above a limit, not an absent one: making it missing leaves out these rows, so write \
             the value into the file that the analysis should use, such as half of the limit",
            shown(text)
        ),
        None => String::new(),
    }
}

/// The largest share of cells that a repair may make missing: more where they say that something never happened, as next to the
/// first year of a treatment.
fn most_apart(exceptions: &BTreeMap<String, u64>) -> f64 {
    let never = |text: &String| NEVER.contains(&text.trim().to_lowercase().as_str());
    if exceptions.keys().all(never) { MOST_NEVER } else { MOST_EXCEPTIONS }
}

/// The styles by which the numbers of a column may be read; `decimal` is the sign that other columns show.
fn readings(affixes: &[String], group: &Group, style_bits: u8, decimal: Option<char>) -> Vec<usize> {
    let plain = style_bits & 1 != 0;
    // `50.428 €` in every cell: money has no three decimals
    let groups =
        style_bits & 0b100 != 0 && cells::is_money(affixes) && group.texts.keys().any(|t| t.contains('.'));
    let may = |s: &usize| !plain || *s == 0 || groups && *s == 2;
    let mut styles: Vec<usize> =
        (0..STYLES.len()).filter(|s| style_bits & (1 << s) != 0).filter(may).collect();
    // who writes $60,479 writes $0.50, and money has no three decimals
    let decimal = decimal.or_else(|| cells::is_behind_a_dollar(group).then_some('.'));
    if let Some(sign) = decimal.filter(|_| styles.contains(&2) && styles.iter().any(|s| *s < 2)) {
        styles.retain(|s| *s > 2 || (sign == ',') == (*s == 2));
    }
    // groups of blanks say nothing without a blank; the earlier styles have read such numbers
    styles.iter().copied().filter(|s| *s < 3 || styles.iter().all(|other| *other >= 3)).collect()
}

fn number_offers(
    at: usize,
    column: &Column,
    scan: &TextScan,
    (dropped, decimal): (&[Foreign], Option<char>),
    place: Place,
) -> Vec<Offer> {
    let cells = &scan.cells;
    let Some((affixes, group)) = cells.commonest() else { return Vec::new() };
    let Some(exceptions) = cells.exceptions(affixes).filter(|_| !cells.codes) else { return Vec::new() };
    let marked = cells.marked(affixes);
    let apart = cells.present - group.cells - marked.iter().map(|(_, group)| group.cells).sum::<u64>();
    let style_bits = marked.iter().fold(group.styles, |all, (_, group)| all & group.styles);
    // a percent sign in a cell that is no number: two numbers for one text
    let mixed_percent = exceptions.keys().any(|e| e.contains('%'));
    let most = most_apart(&exceptions);
    if group.cells < 2 || apart as f64 > (most * cells.present as f64).max(1.0) || mixed_percent {
        return Vec::new();
    }
    let plain = style_bits & 1 != 0;
    let styles = readings(affixes, group, style_bits, decimal);
    let is_dropped = |row: u64| dropped.iter().any(|found| found.has(row));
    let missing: Vec<String> =
        exceptions.iter().filter(|(_, row)| !is_dropped(**row)).map(|(text, _)| text.clone()).collect();
    let mut places: Vec<(u64, &String)> = exceptions.iter().map(|(text, row)| (*row, text)).collect();
    places.sort_unstable();
    let listed: Vec<String> = places
        .iter()
        .take(3)
        .map(|(row, text)| format!("\"{}\" in {}", shown(text), place.row(*row)))
        .collect();
    // rows that are left out make the column one of numbers by themselves
    let because_of = places.first().map(|(row, _)| *row);
    let because_of =
        because_of.filter(|_| styles.len() == 1 && places.iter().all(|(row, _)| is_dropped(*row)));
    let example = first_of(group.texts.iter(), place);
    let what = match (affixes.is_empty(), styles.len()) {
        (true, 1) if plain => "numbers".to_owned(),
        (_, 1) => format!("numbers written like {example}"),
        _ => format!("numbers like {example}, whose sign may stand for thousands or for decimals"),
    };
    let rest = if listed.is_empty() {
        String::new()
    } else {
        let more = places.len().saturating_sub(listed.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("; no number: {}{more}", listed.join(", "))
    };
    let limit = limit_remark(&exceptions);
    let what = match marked.iter().flat_map(|(_, group)| &group.texts).min_by_key(|(_, row)| **row) {
        Some((text, row)) => format!("{what}, some with a mark, \"{}\" in {}", shown(text), place.row(*row)),
        None => what,
    };
    let message = format!("{} holds {what}{rest}; it is kept as text{limit}", column.name);
    styles
        .into_iter()
        .map(|style| {
            let (remove, decimal) = STYLES[style];
            let affixes = affixes.iter().map(|a| a.trim()).chain(marked.iter().map(|(mark, _)| *mark));
            let affixes = affixes.filter(|a| !a.is_empty()).map(str::to_owned);
            let step = DataStep {
                remove: affixes.chain(remove.iter().map(|r| (*r).to_owned())).collect(),
                decimal: decimal.map(str::to_owned),
                missing: missing.clone(),
                ..convert(column, ConvertTo::Number)
            };
            Offer { at, step, note: Note { kind: "numbers_as_text", message: message.clone() }, because_of }
        })
        .collect()
}
