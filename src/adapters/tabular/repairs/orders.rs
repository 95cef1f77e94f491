//! Columns of dates in more than one order, which no reading fits, and of the days of a spreadsheet.

use std::collections::BTreeMap;

use super::rows::Foreign;
use super::scan::{ORDERS, TextScan};
use super::{MOST_EXCEPTIONS, Note, Offer, Place, apply, convert, first_cell};
use crate::adapters::tabular::convert::number_text;
use crate::adapters::tabular::problems::{counted, shown};
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::{Column, InferredType};

/// Most different texts that are remembered as exceptions to an order.
const MOST_TEXTS: usize = 21;

/// What was seen of the orders of dates in a text column.
#[derive(Debug, Default)]
pub(super) struct Days {
    /// Cells that fit each of [`ORDERS`].
    pub fitting: [u64; 3],
    /// Cells that fit one of them.
    dates: u64,
    /// Cells that fit two orders and are another day in each, by these orders.
    unclear: [[u64; 3]; 3],
    /// Cells with the year first, in four digits, and the first of them.
    year_first: u64,
    first_of_years: Option<(u64, String)>,
    /// The other cells that fit the day first and the month first, and the first of these cells.
    after: [u64; 2],
    first_of_others: Option<(u64, String)>,
    /// Cells that do not fit each order, with their first rows; cut at [`MOST_TEXTS`].
    others: [BTreeMap<String, u64>; 3],
}

impl Days {
    /// Takes in a cell that is not missing.
    pub(super) fn add(&mut self, cell: &str, row: u64) {
        let days = ORDERS.each_ref().map(|order| apply::day(cell.trim(), order));
        let fits = days.each_ref().map(Option::is_some);
        for (one, other) in (0..ORDERS.len()).flat_map(|one| (0..ORDERS.len()).map(move |other| (one, other)))
        {
            let differ = fits[one] && fits[other] && days[one] != days[other];
            self.unclear[one][other] += u64::from(differ);
        }
        self.dates += u64::from(fits.contains(&true));
        let whole_year = cell.trim().bytes().take_while(u8::is_ascii_digit).count() == 4;
        if fits[2] && whole_year {
            self.year_first += 1;
            self.first_of_years.get_or_insert_with(|| (row, cell.to_owned()));
        } else {
            self.after[0] += u64::from(fits[0]);
            self.after[1] += u64::from(fits[1]);
            if fits.contains(&true) {
                self.first_of_others.get_or_insert_with(|| (row, cell.to_owned()));
            }
        }
        for (at, fits) in fits.into_iter().enumerate() {
            self.fitting[at] += u64::from(fits);
            let others = &mut self.others[at];
            if !fits && others.len() < MOST_TEXTS && !others.contains_key(cell) {
                others.insert(cell.to_owned(), row);
            }
        }
    }

    /// Cells that an order reads although they may be in the order of its exceptions.
    fn doubtful(&self, best: usize) -> u64 {
        let of_exceptions = |other: &usize| {
            let fits = |text: &String| apply::day(text.trim(), &ORDERS[*other]).is_some();
            self.others[best].keys().any(fits)
        };
        (0..ORDERS.len()).filter(of_exceptions).map(|other| self.unclear[best][other]).max().unwrap_or(0)
    }

    /// Of a column of dates with a few texts that are none in any order: the orders that read every date.
    fn nearly(&self, present: u64) -> Vec<usize> {
        let apart = present - self.dates;
        let few = apart > 0 && apart as f64 <= (MOST_EXCEPTIONS * present as f64).max(1.0);
        let reads = |at: &usize| self.fitting[*at] == self.dates && self.others[*at].len() < MOST_TEXTS;
        if self.dates < 2 || !few { Vec::new() } else { (0..ORDERS.len()).filter(reads).collect() }
    }

    /// Of a column whose every cell is a date and that no order reads: the order that reads most, and its first exception.
    fn disagree(&self, present: u64) -> Option<(usize, &str, u64)> {
        let best = (0..ORDERS.len()).rev().max_by_key(|at| self.fitting[*at])?;
        if present < 2 || self.dates < present || self.fitting[best] == present {
            return None;
        }
        let (text, row) = self.others[best].iter().min_by_key(|(_, row)| **row)?;
        Some((best, text, *row))
    }
}

fn message(column: &Column, scan: &TextScan, place: Place) -> Option<(usize, String)> {
    let (best, text, row) = scan.days.disagree(scan.cells.present)?;
    let mask = ORDERS[best].mask()?;
    let doubtful = match scan.days.doubtful(best) {
        0 => String::new(),
        1 => "; 1 cell fits both orders, so that its day is not known".to_owned(),
        cells => format!("; {cells} cells fit both orders, so that their days are not known"),
    };
    let message = format!(
        "{} holds dates in more than one order: {} of {} cells fit {mask}, and \"{}\" in {} does not; it is kept as text\
         {doubtful}",
        column.name,
        scan.days.fitting[best],
        scan.cells.present,
        shown(text),
        place.row(row)
    );
    Some((best, message))
}

/// Steps that read cells with the year first next to all others, by each order that reads these.
pub(super) fn both(at: usize, column: &Column, scan: &TextScan, place: Place) -> Vec<Offer> {
    let days = &scan.days;
    let (Some((row, year)), Some((other_row, other))) = (&days.first_of_years, &days.first_of_others) else {
        return Vec::new();
    };
    let orders = [ConvertTo::DateYmdOrDmy, ConvertTo::DateYmdOrMdy];
    let reads = |at: usize| days.year_first + days.after[at] == scan.cells.present;
    let fitting: Vec<&ConvertTo> = (0..2).filter(|at| reads(*at)).map(|at| &orders[at]).collect();
    let what = match fitting.as_slice() {
        [ConvertTo::DateYmdOrDmy] => "the day first",
        [_] => "the month first",
        _ => "the day or the month first",
    };
    let message = format!(
        "{} holds {} with the year first (\"{}\" in {}) and {} with {what} (\"{}\" in {}); it is kept as text. The repair reads both",
        column.name,
        counted(days.year_first, "date", "dates"),
        shown(year),
        place.row(*row),
        counted(scan.cells.present - days.year_first, "date", "dates"),
        shown(other),
        place.row(*other_row)
    );
    let kind = if fitting.len() == 1 { "mixed_date_orders" } else { "ambiguous_date" };
    let offer = |order: &ConvertTo| Offer {
        at,
        step: convert(column, order.clone()),
        note: Note { kind, message: message.clone() },
        because_of: None,
    };
    fitting.into_iter().map(offer).collect()
}

/// The order that reads nearly all cells; the others become missing. Where cells may be in the order of the others, none.
pub(super) fn offer(at: usize, column: &Column, scan: &TextScan, place: Place) -> Option<Offer> {
    let (best, message) = message(column, scan, place)?;
    let others = &scan.days.others[best];
    let apart = scan.cells.present - scan.days.fitting[best];
    if others.len() >= MOST_TEXTS
        || apart as f64 > MOST_EXCEPTIONS * scan.cells.present as f64
        || scan.days.doubtful(best) > 0
    {
        return None;
    }
    let mut step = convert(column, ORDERS[best].clone());
    step.missing = others.keys().cloned().collect();
    let message = format!("{message}; the repair makes such cells missing");
    Some(Offer { at, step, note: Note { kind: "mixed_date_orders", message }, because_of: None })
}

/// The orders that read every cell but a few that are no dates; these become missing, unless a step leaves their rows out.
pub(super) fn nearly(
    at: usize,
    column: &Column,
    scan: &TextScan,
    dropped: &[Foreign],
    place: Place,
) -> Vec<Offer> {
    let orders = scan.days.nearly(scan.cells.present);
    let Some(others) = orders.first().map(|order| &scan.days.others[*order]) else { return Vec::new() };
    // the day of a spreadsheet is a date that somebody knows
    if others.keys().any(|text| is_serial_day(text)) {
        return Vec::new();
    }
    let left_out = |row: u64| dropped.iter().any(|found| found.has(row));
    let mut places: Vec<(u64, &String)> = others.iter().map(|(text, row)| (*row, text)).collect();
    places.sort_unstable();
    let because_of = places.first().map(|(row, _)| *row).filter(|_| {
        let one_cause = |found: &Foreign| places.iter().all(|(row, _)| found.has(*row));
        orders.len() == 1 && dropped.iter().any(one_cause)
    });
    let missing: Vec<String> =
        others.iter().filter(|(_, row)| !left_out(**row)).map(|(text, _)| text.clone()).collect();
    let listed: Vec<String> = places
        .iter()
        .take(3)
        .map(|(row, text)| format!("\"{}\" in {}", shown(text), place.row(*row)))
        .collect();
    let masks: Vec<&str> = orders.iter().filter_map(|order| ORDERS[*order].mask()).collect();
    let more = match places.len() - listed.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "{} holds dates in the order {}; no date: {}{more}; it is kept as text",
        column.name,
        masks.join(" or "),
        listed.join(", ")
    );
    let kind = if orders.len() == 1 { "dates_as_text" } else { "ambiguous_date" };
    let offer = |order: usize| {
        let step = DataStep { missing: missing.clone(), ..convert(column, ORDERS[order].clone()) };
        Offer { at, step, note: Note { kind, message: message.clone() }, because_of }
    };
    orders.iter().map(|order| offer(*order)).collect()
}

/// Steps that read a column of dates: one for each order that fits all cells, else those of columns with several orders.
pub(super) fn of_dates(
    at: usize,
    column: &Column,
    scan: &TextScan,
    dropped: &[Foreign],
    place: Place,
) -> Vec<Offer> {
    let present = scan.cells.present;
    let fitting: Vec<&ConvertTo> = ORDERS
        .iter()
        .zip(scan.days.fitting)
        .filter(|(_, days)| present > 0 && *days == present)
        .map(|(order, _)| order)
        .collect();
    if fitting.is_empty() {
        let both = both(at, column, scan, place);
        if !both.is_empty() {
            return both;
        }
        let nearly = || nearly(at, column, scan, dropped, place);
        return offer(at, column, scan, place).map_or_else(nearly, |offer| vec![offer]);
    }
    let masks: Vec<&str> = fitting.iter().filter_map(|order| order.mask()).collect();
    let example = first_cell(scan, place);
    let (kind, message) = match masks.as_slice() {
        [mask] => (
            "dates_as_text",
            format!(
                "{} holds dates in the order {mask} ({example}) whose year has two digits, or whose order is a guess; it is \
                 kept as text",
                column.name
            ),
        ),
        masks => (
            "ambiguous_date",
            format!(
                "{} holds dates that can be read in the orders {} ({example}); it is kept as text",
                column.name,
                masks.join(" and ")
            ),
        ),
    };
    fitting
        .into_iter()
        .map(|order| Offer {
            at,
            step: convert(column, order.clone()),
            note: Note { kind, message: message.clone() },
            because_of: None,
        })
        .collect()
}

/// True for a whole number where spreadsheets count the days of 1954 to 2064.
fn is_serial_day(text: &str) -> bool {
    text.trim().parse::<u32>().is_ok_and(|day| (20_000..=60_000).contains(&day))
}

/// Says it of dates between which the days of a spreadsheet stand: cells of the one and of the other.
fn with_serial_days(column: &Column, scan: &TextScan, place: Place) -> Option<String> {
    let (days, numbers) = (&scan.days, scan.cells.numbers.get(&Vec::new())?);
    let whole = days.dates > 1 && days.dates + numbers.cells == scan.cells.present;
    let first = |(row, text): (&u64, &String)| format!("\"{}\" in {}", shown(text), place.row(*row));
    let (row, date) = [&days.first_of_years, &days.first_of_others].into_iter().flatten().min()?;
    let (text, number_row) = numbers.texts.iter().min_by_key(|(_, row)| **row)?;
    (whole && numbers.texts.keys().all(|text| is_serial_day(text))).then(|| {
        format!(
            "{} holds dates ({}) and numbers such as the days of a spreadsheet ({}); it is kept as text",
            column.name,
            first((row, date)),
            first((number_row, text))
        )
    })
}

/// Says it where no order reads nearly all.
pub(super) fn remark(column: &Column, scan: &TextScan, place: Place, warnings: &mut Warnings) {
    if let Some(message) = with_serial_days(column, scan, place) {
        warnings.withdraw(&["mixed_types"], &column.name);
        let hint = "give these cells the format of a date in the spreadsheet, or write them as 2024-01-31, and upload the file again";
        warnings.warn("mixed_date_orders", Some(&column.name), message, hint);
        return;
    }
    if let Some((_, message)) = message(column, scan, place) {
        let hint =
            "write all dates of the column in one order, such as 2024-01-31, and upload the file again";
        warnings.warn("mixed_date_orders", Some(&column.name), message, hint);
    }
}

/// Numbers under a name of dates that lie where spreadsheets count the days of 1954 to 2064.
pub(super) fn spreadsheet_days(at: usize, column: &Column) -> Option<Offer> {
    let name = column.original_name.to_lowercase();
    let named =
        ["date", "day", "datum", "fecha", "日期", "时间", "日"].iter().any(|word| name.contains(word));
    let within = column.min? >= 20_000.0 && column.max? <= 60_000.0;
    let number = matches!(column.inferred_type, InferredType::Integer | InferredType::Number);
    if !(named && within && number && column.integer_valued) {
        return None;
    }
    let message = format!(
        "{} holds whole numbers ({} to {}) that look like the days of a spreadsheet, not like dates; they are kept as numbers",
        column.name,
        number_text(column.min?),
        number_text(column.max?)
    );
    Some(Offer {
        at,
        step: convert(column, ConvertTo::DateSpreadsheet),
        note: Note { kind: "dates_as_numbers", message },
        because_of: None,
    })
}
