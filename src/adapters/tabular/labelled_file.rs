//! Canonical data of a file that has types and labels of its own: blocks of columns in, a described data set out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dta::{Column, LongText, LongTexts, Missing, StorageType, Texts, ValueLabelSet};
use foldhash::fast::RandomState;

use super::output::{self, Block, ColumnPlan, Output};
use super::profile::{Duplicates, Gatherer};
use super::repairs::labelled;
use super::stata::neutral_set;
use super::warnings::Warnings;
use crate::domain::dataset::{self, MOST_NAMES, NamedValue};
use crate::domain::error::Problem;
use crate::ports::tabular::IngestedDataset;

/// A data set that is being written.
pub(super) struct LabelledFile {
    path: PathBuf,
    output: Output,
    plans: Vec<ColumnPlan>,
    /// Codes with their labels, by the name of their set.
    codes: BTreeMap<String, Vec<(i32, String)>>,
    rows: u64,
    gatherer: Gatherer,
    duplicates: Duplicates,
}

impl LabelledFile {
    /// Starts the canonical file for so many rows.
    ///
    /// # Errors
    /// As [`Output::create`].
    pub(super) fn create(
        path: &Path,
        plans: Vec<ColumnPlan>,
        labels: Vec<ValueLabelSet>,
        rows: u64,
    ) -> Result<Self, Problem> {
        let codes_of = |set: &ValueLabelSet| {
            let codes = set.entries.iter().filter(|(code, _)| ValueLabelSet::missing(*code).is_none());
            codes.cloned().collect()
        };
        let codes = labels.iter().map(|set| (set.name.clone(), codes_of(set))).collect();
        let output = Output::create(path, &plans, labels, rows)?;
        let gatherer = Gatherer::new(plans.len(), RandomState::default());
        let path = path.to_owned();
        Ok(Self { path, output, plans, codes, rows, gatherer, duplicates: Duplicates::default() })
    }

    /// Appends a block of rows.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(super) fn write(&mut self, columns: Vec<Column>) -> Result<(), Problem> {
        self.duplicates.add(&self.gatherer.add(&columns));
        self.output.write(Block::Columns(columns))
    }

    /// Completes the file, and describes it with what is to be remarked.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn finish(
        self,
        format: &str,
        encoding: &str,
        mut warnings: Warnings,
    ) -> Result<IngestedDataset, Problem> {
        let canonical = self.output.finish()?;
        let sets: Vec<String> = self.plans.iter().map(|plan| plan.value_label.clone()).collect();
        let mut columns = output::describe(self.plans, &self.gatherer, self.rows);
        for (column, set) in columns.iter_mut().zip(&sets) {
            let codes = self.codes.get(set).map(Vec::as_slice).unwrap_or_default();
            let inside = inside(column, codes);
            // one label of a top code or of a missing answer makes no categories of ages or incomes
            column.value_labels = inside.len() as u64 * 2 > column.distinct;
            if column.value_labels && inside.len() <= MOST_NAMES {
                column.names = inside;
            }
        }
        output::remark(&columns, &self.duplicates, self.rows, &mut warnings);
        let repairs = labelled::offers(&self.path, &columns, &mut warnings)?;
        Ok(IngestedDataset {
            format: format.to_owned(),
            canonical,
            row_count: self.rows,
            columns,
            repairs,
            sheet_names: Vec::new(),
            selected_sheet: None,
            header_row: None,
            encoding: Some(encoding.to_owned()),
            delimiter: None,
            warnings: warnings.finish(),
        })
    }
}

/// The labels of codes within the range of a column, the lowest code first.
fn inside(column: &dataset::Column, codes: &[(i32, String)]) -> Vec<NamedValue> {
    let (Some(least), Some(most)) = (column.min, column.max) else { return Vec::new() };
    let within = codes.iter().filter(|(code, _)| (least..=most).contains(&f64::from(*code)));
    let mut named: Vec<NamedValue> =
        within.map(|(value, label)| NamedValue { value: *value, label: label.trim().to_owned() }).collect();
    named.sort_by_key(|named| named.value);
    named
}

/// Value labels of canonical data; variables with the same labels share a set.
#[derive(Default)]
pub(super) struct LabelSets {
    names: BTreeMap<Vec<(i32, String)>, String>,
    sets: Vec<ValueLabelSet>,
}

impl LabelSets {
    /// The name of the set with these labels; a new one has the name of the column. Empty without labels.
    pub(super) fn name_of(
        &mut self,
        entries: Vec<(i32, String)>,
        column: &str,
        warnings: &mut Warnings,
    ) -> String {
        if entries.is_empty() {
            return String::new();
        }
        let sets = &mut self.sets;
        let name = self.names.entry(entries).or_insert_with_key(|entries| {
            sets.push(neutral_set(entries, column, warnings));
            column.to_owned()
        });
        name.clone()
    }

    /// All sets.
    pub(super) fn finish(self) -> Vec<ValueLabelSet> {
        self.sets
    }
}

/// A column of numbers, or of the codes of missing ones.
pub(super) fn numbers(storage: StorageType, values: impl Iterator<Item = Result<f64, Missing>>) -> Column {
    match storage {
        StorageType::Byte => {
            Column::Byte(values.map(|v| v.map_or_else(Missing::byte, |x| x as i8)).collect())
        }
        StorageType::Int => Column::Int(values.map(|v| v.map_or_else(Missing::int, |x| x as i16)).collect()),
        StorageType::Long => {
            Column::Long(values.map(|v| v.map_or_else(Missing::long, |x| x as i32)).collect())
        }
        _ => Column::Double(values.map(|v| v.unwrap_or_else(Missing::double)).collect()),
    }
}

/// A column of texts.
pub(super) fn texts<'a>(storage: StorageType, texts: impl Iterator<Item = Cow<'a, str>>) -> Column {
    if storage != StorageType::StrL {
        return Column::Str(texts.collect::<Texts>());
    }
    let mut long = LongTexts::default();
    for text in texts {
        let at = (!text.is_empty()).then(|| {
            long.values.push(LongText::Text(text.into_owned()));
            (long.values.len() - 1) as u32
        });
        long.rows.push(at);
    }
    Column::StrL(long)
}
