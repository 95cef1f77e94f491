//! Delimited text to canonical data in two passes: types are inferred over the whole file first, then the
//! rows are converted and written. A large file whose types can be guessed is converted in the first pass. Memory does
//! not grow with the file.

mod blocks;
mod early;
mod encoding;
mod gather;
mod grid;
mod grouped;
mod header;
mod known;
mod letters;
mod marks;
mod measure;
mod plan;
mod sample;
mod scan;
mod sniff;
mod stops;
mod survey;

use std::path::Path;

pub(super) use self::encoding::read_full;

use foldhash::fast::RandomState;

use self::blocks::{Blocks, Cuts, RawBlock, in_parallel};
use self::early::{Converted, Early};
use self::encoding::TextEncoding;
use self::gather::gather;
use self::grid::Grid;
use self::plan::Plan;
use self::scan::{Dialect, Field, Records};
use super::convert::Builder;
use super::infer::Inference;
use super::output::{self, Output};
use super::profile::{Duplicates, Gatherer};
use super::repairs::Place;
use super::warnings::Warnings;
use super::{problems, remarks, repairs};
use crate::domain::error::Problem;
use crate::ports::blob_store::Written;
use crate::ports::tabular::{IngestOptions, IngestedDataset};

/// The header of a text table.
struct Header {
    /// One-based row.
    row: u64,
    names: Vec<String>,
    /// Labels of the columns in the row below the names; `row` is then the last one above the data.
    labels: Option<Vec<String>>,
    /// A row with one cell stands above it.
    has_title: bool,
    /// The row above it that names groups of its columns.
    groups_row: Option<u64>,
    /// Blank rows above it.
    blank: u64,
}

impl Header {
    /// One-based.
    fn row_of_names(&self) -> u64 {
        if self.labels.is_some() { 1 } else { self.row }
    }
}

/// Everything about the file that does not depend on its values.
struct Table<'a> {
    path: &'a Path,
    encoding: TextEncoding,
    dialect: Dialect,
    header: Header,
}

/// Converts a delimited text file.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(
    path: &Path,
    original_name: &str,
    options: &IngestOptions,
    dest: &Path,
) -> Result<IngestedDataset, Problem> {
    ingest_with(path, original_name, options, dest, &Early::default())
}

fn ingest_with(
    path: &Path,
    original_name: &str,
    options: &IngestOptions,
    dest: &Path,
    early: &Early,
) -> Result<IngestedDataset, Problem> {
    let (table, inferred, converted) = read_once(path, original_name, options, dest, early)?;
    let Inferred { columns: facts, rows, last_row, cuts } = inferred;
    let mut warnings = Warnings::default();
    table.remark(&mut warnings);
    if rows == 0 {
        return Err(problems::empty(
            "the file has a header and no rows of data; save the table with its rows, one for each observation",
        ));
    }
    let mut plan = Plan::of(&table.header, &facts, table.decimal_comma());
    if plan.kept.is_empty() {
        return Err(problems::empty("the file has no column with a name or a value"));
    }
    let converted = converted.filter(|converted| converted.is_by(&plan, rows));
    output::name_columns(&mut plan.columns, &mut warnings);
    for ((&at, &reading), column) in plan.kept.iter().zip(&plan.readings).zip(&plan.columns) {
        remarks::on_inference(&facts[at], reading, plan.sign, &column.name, &mut warnings);
    }
    let (canonical, gathered, duplicates) = match converted {
        Some(converted) => converted.finish()?,
        None => {
            let blocks = Blocks::again(path, table.encoding, table.dialect, cuts)?;
            table.convert(blocks, &plan, rows, Output::create(dest, &plan.columns, Vec::new(), rows)?)?
        }
    };
    let columns = output::describe(plan.columns, &gathered, rows);
    output::remark(&columns, &duplicates, rows, &mut warnings);
    output::side_by_side(&plan.kept, &columns, &mut warnings);
    let place = Place { header_row: table.header.row, last_row, rows };
    let repairs = repairs::offers(dest, &columns, &gathered.columns, place, &mut warnings)?;
    Ok(IngestedDataset {
        format: "csv".to_owned(),
        canonical,
        row_count: rows,
        columns,
        repairs,
        sheet_names: Vec::new(),
        selected_sheet: None,
        header_row: Some(u32::try_from(table.header.row_of_names()).unwrap_or(u32::MAX)),
        encoding: Some(table.encoding.encoding.name().to_owned()),
        delimiter: Some(char::from(table.dialect.delimiter).to_string()),
        warnings: warnings.finish(),
    })
}

/// What the first pass finds.
struct Inferred {
    columns: Vec<Inference>,
    rows: u64,
    /// The last row of the data in the file.
    last_row: u64,
    /// The blocks in which the file was read.
    cuts: Cuts,
}

/// State of a thread while it converts.
struct Converter {
    builders: Vec<Builder>,
    gatherer: Gatherer,
    grid: Grid,
}

/// First pass. Almost every file is UTF-8, which this pass checks; for others the encoding is found beforehand, and
/// that reads the file once more.
fn read_once<'a>(
    path: &'a Path,
    original_name: &str,
    options: &IngestOptions,
    dest: &Path,
    early: &Early,
) -> Result<(Table<'a>, Inferred, Option<Converted>), Problem> {
    let open = |encoding| Table::open(path, original_name, options, encoding);
    let read = |encoding| {
        let table = open(encoding)?;
        table.infer().map(|inferred| (table, inferred, None))
    };
    if let Some(likely) = sniff::likely_encoding(path)? {
        if let Ok(table) = open(likely)
            && let Some((inferred, converted)) = early::infer(&table, dest, early)
        {
            return Ok((table, inferred, converted));
        }
        if let Ok(found) = read(likely) {
            return Ok(found);
        }
    }
    // whatever is wrong with the rows, an encoding that is wrong is said first
    read(sniff::certain_encoding(path)?)
}

impl<'a> Table<'a> {
    fn open(
        path: &'a Path,
        original_name: &str,
        options: &IngestOptions,
        encoding: TextEncoding,
    ) -> Result<Self, Problem> {
        let sniffed = sniff::sniff(path, original_name, encoding)?;
        let blocks = Blocks::open(path, sniffed.encoding, sniffed.dialect)?;
        let header = header::header(blocks, &sniffed, options.header_row)?;
        Ok(Self { path, encoding: sniffed.encoding, dialect: sniffed.dialect, header })
    }

    /// True where a number such as `1,234` has a decimal comma unless a column of the file shows another sign.
    fn decimal_comma(&self) -> bool {
        self.dialect.delimiter == b';'
    }

    fn remark(&self, warnings: &mut Warnings) {
        if self.encoding.guessed {
            let name = self.encoding.encoding.name();
            warnings.warn(
                "encoding_guess",
                None,
                format!("the text was read as {name}, which is a guess"),
                "check the preview; save the file as UTF-8 if letters are wrong",
            );
        }
        if self.header.labels.is_some() {
            remarks::on_survey(warnings);
        } else if let Some(groups) = self.header.groups_row {
            remarks::on_groups(groups, self.header.row, warnings);
        } else if self.header.has_title {
            remarks::on_title(self.header.row, warnings);
        }
        remarks::on_header(self.header.row_of_names(), &self.header.names, warnings);
    }

    /// First pass: facts on every column.
    fn infer(&self) -> Result<Inferred, Problem> {
        let width = self.header.names.len();
        let blocks = Blocks::open(self.path, self.encoding, self.dialect)?;
        let mut rows = 0;
        let (states, cuts) = in_parallel(
            blocks,
            || (vec![Inference::default(); width], Grid::new(width), 0),
            |(facts, grid, last), block| {
                self.each_grid(block, grid, |grid, text| {
                    *last = grid.last().unwrap_or(*last);
                    for (at, fact) in facts.iter_mut().enumerate() {
                        gather(fact, grid, at, text);
                    }
                })
            },
            |count| {
                rows += count;
                Ok(())
            },
        )?;
        let mut all = vec![Inference::default(); width];
        let mut last_row = 0;
        for (facts, _, last) in &states {
            last_row = last_row.max(*last);
            for (fact, part) in all.iter_mut().zip(facts) {
                fact.merge(part);
            }
        }
        Ok(Inferred { columns: all, rows, last_row, cuts })
    }

    /// Second pass: converts, describes and writes the columns that are kept.
    fn convert(
        &self,
        blocks: Blocks,
        plan: &Plan,
        rows: u64,
        mut output: Output,
    ) -> Result<(Written, Gatherer, Duplicates), Problem> {
        let Plan { kept, readings, columns: plans, .. } = plan;
        let encoder = output.encoder();
        let mut duplicates = Duplicates::of_rows(rows);
        let shared = Gatherer::new(kept.len(), RandomState::default());
        let make = || Converter {
            builders: readings.iter().zip(plans).map(|(&r, p)| Builder::new(r, p.storage, 0)).collect(),
            gatherer: shared.beside(),
            grid: Grid::new(self.header.names.len()),
        };
        let (states, _) = in_parallel(
            blocks,
            make,
            |state, block| {
                let builders = &mut state.builders;
                self.each_grid(block, &mut state.grid, |grid, text| {
                    for (builder, &at) in builders.iter_mut().zip(kept) {
                        for (cell, _) in grid.column(at, text) {
                            match cell.place() {
                                Some((block, range)) if !builder.takes_text() => builder.within(block, range),
                                _ => builder.text(&cell.text()),
                            }
                        }
                    }
                })?;
                let columns: Vec<dta::Column> = state.builders.iter_mut().map(Builder::take).collect();
                let hashes = state.gatherer.add(&columns);
                Ok((encoder.block(columns)?, hashes))
            },
            |(rows, hashes)| {
                duplicates.add(&hashes);
                output.write(rows)
            },
        )?;
        let mut gathered = shared;
        for state in states {
            remarks::assert_no_misfits(state.builders.iter().map(|b| b.misfits).sum());
            gathered.merge(state.gatherer);
        }
        Ok((output.finish()?, gathered, duplicates))
    }

    /// Calls `work` for all rows of data in a block, some at a time, with the text of the block. Returns the number of
    /// rows.
    fn each_grid(
        &self,
        block: &RawBlock,
        grid: &mut Grid,
        mut work: impl FnMut(&Grid, &str),
    ) -> Result<u64, Problem> {
        let text = block.text()?;
        let (mut at, mut number, mut count) = (0, block.first_row, 0);
        while at < text.len() {
            let is_data = number > self.header.row;
            let regular = is_data.then(|| grid.take_regular(text, at, self.dialect, number)).flatten();
            match regular {
                Some(end) => {
                    at = end;
                    number += grid.rows() as u64;
                }
                None => (at, number) = self.take_records(text, at, number, grid)?,
            }
            count += grid.rows() as u64;
            work(grid, text);
        }
        Ok(count)
    }

    /// Fills a grid record by record from `at` on, where the row `number` begins; returns where the next one begins, and
    /// its number.
    fn take_records(
        &self,
        text: &str,
        at: usize,
        mut number: u64,
        grid: &mut Grid,
    ) -> Result<(usize, u64), Problem> {
        let width = self.header.names.len();
        let mut records = Records::from(text, at, self.dialect);
        grid.clear();
        while records.next_record(grid.added()) {
            let (fields, row) = (grid.added(), number);
            number += 1;
            if row <= self.header.row || is_blank(fields, text) {
                continue;
            }
            if fields.len() != width {
                self.check_width(row, fields, text)?;
            }
            grid.keep(row);
            if grid.is_full() {
                break;
            }
        }
        Ok((records.at(), number))
    }

    /// Refuses a row with fewer fields than the header, or with more that hold something.
    fn check_width(&self, row: u64, fields: &[Field], block: &str) -> Result<(), Problem> {
        let width = self.header.names.len();
        if fields.len() > width && fields[width..].iter().all(|f| f.value(block).trim().is_empty()) {
            return Ok(());
        }
        let reason = format!("the row has {} fields where the header has {width}", fields.len());
        let delimiter = char::from(self.dialect.delimiter);
        let advice = match (delimiter, fields.len() > width) {
            (',', true) => {
                "fields are separated by commas: a number with a decimal comma, or a text with a comma, stands in quotes, or \
                 the file is saved with ; between the fields"
            }
            (_, true) => "a text that holds the delimiter stands in quotes",
            (_, false) => "fill the row up with empty fields, or remove it if it is a note",
        };
        let message = format!("{reason}; {advice}");
        Err(problems::parse(Some(row), None, &message)
            .with("expected_fields", width)
            .with("found_fields", fields.len())
            .with("delimiter", delimiter.to_string())
            .with("advice", advice))
    }
}

/// True for a line without any field; `""` is a value.
fn is_blank(fields: &[Field], block: &str) -> bool {
    fields.len() == 1 && fields[0].is_unquoted() && fields[0].value(block).trim().is_empty()
}
