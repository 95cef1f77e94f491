//! Delimited text to canonical data in two passes: types are inferred over the whole file first, then the
//! rows are converted and written. Memory does not grow with the file.

mod blocks;
mod encoding;
mod scan;
mod sniff;

use std::path::Path;

pub(super) use self::encoding::read_full;

use foldhash::fast::RandomState;

use self::blocks::{Blocks, RawBlock, in_parallel};
use self::encoding::TextEncoding;
use self::scan::{Dialect, Field, Records};
use super::convert::Builder;
use super::infer::{Inference, Reading};
use super::output::{self, ColumnPlan, Output};
use super::profile::{Duplicates, Gatherer};
use super::repairs::Place;
use super::warnings::Warnings;
use super::{problems, remarks, repairs};
use crate::domain::error::Problem;
use crate::ports::tabular::{IngestOptions, IngestedDataset};

/// The header of a text table.
struct Header {
    /// One-based row.
    row: u64,
    names: Vec<String>,
    /// A row with one cell stands above it.
    has_title: bool,
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
    let table = Table::open(path, original_name, options)?;
    let mut warnings = Warnings::default();
    table.remark(&mut warnings);
    let (facts, rows, last_row) = table.infer()?;
    if rows == 0 {
        return Err(problems::empty("the file has a header and no rows of data"));
    }
    let comma = table.dialect.delimiter == b';';
    // a column without name and values is what a delimiter at the end of every line makes
    let kept: Vec<usize> = (0..facts.len())
        .filter(|&at| !(table.header.names[at].trim().is_empty() && facts[at].present == 0))
        .collect();
    if kept.is_empty() {
        return Err(problems::empty("the file has no column with a name or a value"));
    }
    let readings: Vec<Reading> = kept.iter().map(|&at| facts[at].reading(comma)).collect();
    let mut plans: Vec<ColumnPlan> = kept
        .iter()
        .zip(&readings)
        .map(|(&at, &reading)| {
            let (storage, format) = facts[at].storage(reading);
            let original = table.header.names[at].clone();
            ColumnPlan {
                original,
                name: String::new(),
                label: None,
                storage,
                format,
                value_label: String::new(),
            }
        })
        .collect();
    output::name_columns(&mut plans, &mut warnings);
    for ((&at, &reading), plan) in kept.iter().zip(&readings).zip(&plans) {
        remarks::on_inference(&facts[at], reading, comma, &plan.name, &mut warnings);
    }
    let (canonical, gathered, duplicates) = table.convert(&kept, &readings, &plans, dest)?;
    let columns = output::describe(plans, &gathered, rows);
    output::remark(&columns, &duplicates, rows, &mut warnings);
    let place = Place { header_row: table.header.row, last_row, rows };
    let repairs = repairs::offers(dest, &columns, place, &mut warnings)?;
    Ok(IngestedDataset {
        format: "csv".to_owned(),
        canonical,
        row_count: rows,
        columns,
        repairs,
        sheet_names: Vec::new(),
        selected_sheet: None,
        header_row: Some(u32::try_from(table.header.row).unwrap_or(u32::MAX)),
        encoding: Some(table.encoding.encoding.name().to_owned()),
        delimiter: Some(char::from(table.dialect.delimiter).to_string()),
        warnings: warnings.finish(),
    })
}

/// State of a thread while it converts.
struct Converter {
    builders: Vec<Builder>,
    gatherer: Gatherer,
    fields: Vec<Field>,
}

impl<'a> Table<'a> {
    fn open(path: &'a Path, original_name: &str, options: &IngestOptions) -> Result<Self, Problem> {
        let sniffed = sniff::sniff(path, original_name)?;
        let blocks = Blocks::open(path, sniffed.encoding, sniffed.dialect)?;
        let header = sniff::header(blocks, &sniffed, options.header_row)?;
        Ok(Self { path, encoding: sniffed.encoding, dialect: sniffed.dialect, header })
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
        if self.header.has_title {
            remarks::on_title(self.header.row, warnings);
        }
        let named = self.header.names.iter().filter(|n| !n.trim().is_empty());
        let numbers = named.clone().filter(|n| super::number::plain(n.trim().as_bytes()).is_some()).count();
        if numbers > 0 && numbers == named.count() {
            let message = format!("row {}, taken as the header, holds numbers only", self.header.row);
            warnings.warn("header_is_data", None, message, "select the row that holds the column names");
        }
    }

    /// First pass: facts on every column, the number of rows, and the last of them in the file.
    fn infer(&self) -> Result<(Vec<Inference>, u64, u64), Problem> {
        let width = self.header.names.len();
        let blocks = Blocks::open(self.path, self.encoding, self.dialect)?;
        let mut rows = 0;
        let states = in_parallel(
            blocks,
            || (vec![Inference::default(); width], Vec::new(), 0),
            |(facts, fields, last), block| {
                self.each_row(&block, fields, |row, fields| {
                    *last = row;
                    for (fact, field) in facts.iter_mut().zip(fields) {
                        fact.text(field.value(&block.text).as_bytes(), row);
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
        Ok((all, rows, last_row))
    }

    /// Second pass: converts, describes and writes the columns in `kept`.
    fn convert(
        &self,
        kept: &[usize],
        readings: &[Reading],
        plans: &[ColumnPlan],
        dest: &Path,
    ) -> Result<(crate::ports::blob_store::Written, Gatherer, Duplicates), Problem> {
        let blocks = Blocks::open(self.path, self.encoding, self.dialect)?;
        let mut output = Output::create(dest, plans, Vec::new())?;
        let mut duplicates = Duplicates::default();
        let random = RandomState::default();
        let make = || Converter {
            builders: readings.iter().zip(plans).map(|(&r, p)| Builder::new(r, p.storage, 0)).collect(),
            gatherer: Gatherer::new(kept.len(), random.clone()),
            fields: Vec::new(),
        };
        let states = in_parallel(
            blocks,
            make,
            |state, block| {
                let builders = &mut state.builders;
                self.each_row(&block, &mut state.fields, |_, fields| {
                    for (builder, &at) in builders.iter_mut().zip(kept) {
                        builder.text(&fields[at].value(&block.text));
                    }
                })?;
                let columns: Vec<dta::Column> = state.builders.iter_mut().map(Builder::take).collect();
                let hashes = state.gatherer.add(&columns);
                Ok((columns, hashes))
            },
            |(columns, hashes)| {
                duplicates.add(&hashes);
                output.write(&columns)
            },
        )?;
        let mut gathered = Gatherer::new(kept.len(), random.clone());
        for state in states {
            remarks::assert_no_misfits(state.builders.iter().map(|b| b.misfits).sum());
            gathered.merge(state.gatherer);
        }
        Ok((output.finish()?, gathered, duplicates))
    }

    /// Calls `row` for every row of data in a block: its number in the file and its fields, as many as
    /// the header has. Answers the number of rows.
    fn each_row(
        &self,
        block: &RawBlock,
        fields: &mut Vec<Field>,
        mut row: impl FnMut(u64, &[Field]),
    ) -> Result<u64, Problem> {
        let width = self.header.names.len();
        let mut records = Records::new(&block.text, self.dialect);
        let mut number = block.first_row;
        let mut count = 0;
        while records.next_record(fields) {
            if number > self.header.row && !is_blank(fields, &block.text) {
                if fields.len() != width {
                    self.check_width(number, fields, &block.text)?;
                }
                row(number, &fields[..width]);
                count += 1;
            }
            number += 1;
        }
        Ok(count)
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
