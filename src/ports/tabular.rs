//! Uploaded tables as a port: a file in any accepted format becomes canonical data, and canonical data
//! can be checked. Calls block: use them from a pool.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blob_store::Written;
use super::stop::Stop;
use crate::domain::data_step::{DataStep, Repair};
use crate::domain::dataset::{Category, Column, DataWarning};
use crate::domain::error::Problem;
use crate::domain::expression::Condition;

/// How a file is to be read where it leaves a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestOptions {
    /// Sheet of a workbook; the first one without it.
    pub sheet: Option<String>,
    /// One-based row with the column names; the first row that is not empty without it.
    pub header_row: Option<u32>,
}

/// How far the reading of a file is; its clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Advance(Arc<Mutex<(u64, u64)>>);

impl Advance {
    /// Notes how many bytes were read, and how many the whole reading takes.
    pub fn set(&self, read: u64, of: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (read.min(of), of);
    }

    /// Returns the share of the reading that is done, from 0 to 1.
    pub fn share(&self) -> f64 {
        let (read, of) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read as f64 / of.max(1) as f64
    }
}

/// Result of ingesting an uploaded file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IngestedDataset {
    /// `csv`, `xlsx`, `xls` or `dta`.
    pub format: String,
    /// Size and hash of the canonical data.
    pub canonical: Written,
    /// Rows of the canonical data.
    pub row_count: u64,
    /// Columns, in the order of the file.
    pub columns: Vec<Column>,
    /// Repairs that are offered, for the data set `main`.
    #[serde(default)]
    pub repairs: Vec<Repair>,
    /// Sheets of a workbook, in its order; empty for other formats.
    pub sheet_names: Vec<String>,
    /// Sheet that was read; absent for formats without sheets.
    pub selected_sheet: Option<String>,
    /// 1-based row of the column names; absent for formats that store the names.
    pub header_row: Option<u32>,
    /// Encoding and delimiter of a text file.
    pub encoding: Option<String>,
    /// Delimiter, one character; absent for other formats.
    pub delimiter: Option<String>,
    /// Remarks, without `dataset_key`, which the caller knows.
    pub warnings: Vec<DataWarning>,
}

/// A window of canonical data.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Rows of the whole data set.
    pub row_count: u64,
    /// Columns of the whole data set.
    pub column_count: usize,
    /// Names of the columns shown.
    pub columns: Vec<String>,
    /// Rows of values in the order of `columns`: numbers, texts, ISO 8601 dates, `null` for missing.
    pub sample_rows: Vec<Vec<Value>>,
}

/// Rows of canonical data, and what is left of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// All rows.
    pub rows: u64,
    /// Rows on which the condition is true.
    pub matching: u64,
    /// Of those, rows without a missing value in the stated columns.
    pub complete: u64,
}

/// Effect of a data step on the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCounts {
    /// Rows of the data so far whose keys must identify them and do not; 0 where they need not.
    pub repeated_main: u64,
    /// The same of the other data set.
    pub repeated_other: u64,
    /// Rows of a merge with both sides, and rows of one side without a partner.
    pub matched: u64,
    /// Rows of the data so far without a partner.
    pub main_only: u64,
    /// Rows of the other data set without a partner.
    pub other_only: u64,
    /// Rows after the step.
    pub rows: u64,
}

/// Effect of all data steps on the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteppedCounts {
    /// In the order of the steps; ends with the first whose keys do not identify rows. Empty where the data
    /// are too large to be counted.
    pub steps: Vec<StepCounts>,
    /// The rows after all steps; `None` where not all could be counted.
    pub rows: Option<RowCounts>,
}

/// What is checked in the rows of canonical data before a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowChecks {
    /// Columns without whose values a row is not used.
    pub complete: Vec<String>,
    /// Unit and period, which identify rows.
    pub key: Option<(String, String)>,
    /// Rows that equal an earlier one in every column, as the reader of the file found them.
    pub equal: Vec<u64>,
    /// Columns that have to vary within units; only with a key.
    pub within: Vec<String>,
    /// The column of weights; rows of weight zero are not used.
    pub weight: Option<String>,
    /// The weights count equal rows, so that each has to be a whole number.
    pub whole_weights: bool,
    /// Columns of numbers of which none may be a combination of the others.
    pub regressors: Vec<String>,
    /// The outcome of a linear model, which may not be a combination of the regressors either.
    pub outcome: Option<String>,
    /// The outcome of a model of zero and not zero, and the regressors of which none may separate the two.
    pub separable: Option<(String, Vec<String>)>,
    /// Rules on the values of single columns.
    pub values: Vec<(String, ValueRule)>,
    /// Columns whose different values are counted, up to a bound.
    pub levels: Vec<String>,
}

/// A rule on the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueRule {
    /// No value is below zero.
    NotNegative,
    /// Every value is above zero.
    AboveZero,
    /// Every value is 0 or 1, and some are 1.
    ZeroOrOne,
    /// There are two values.
    TwoValues,
    /// There may be several values; the rows of each are counted.
    Groups,
    /// There is more than one value; a term of a model that is left out otherwise.
    Varies,
    /// There is more than one value; nothing can be analysed otherwise.
    Differs,
    /// The values are clusters, of which there are enough.
    Clusters,
    /// There are at most so many values.
    AtMost(u16),
}

impl ValueRule {
    /// Fewest clusters whose standard errors are not remarked on.
    pub const ENOUGH_CLUSTERS: usize = 30;

    /// Groups whose rows are counted; with as many or more none is small for certain.
    pub const MOST_GROUPS: usize = 50;

    /// True for rules that columns of text can break, too.
    pub fn takes_texts(self) -> bool {
        matches!(
            self,
            ValueRule::TwoValues
                | ValueRule::Groups
                | ValueRule::Varies
                | ValueRule::Differs
                | ValueRule::Clusters
                | ValueRule::AtMost(_)
        )
    }

    /// How many different values are kept.
    pub fn most_kept(self) -> usize {
        match self {
            ValueRule::NotNegative | ValueRule::AboveZero => 0,
            ValueRule::Varies | ValueRule::Differs => 2,
            ValueRule::ZeroOrOne | ValueRule::TwoValues => 6,
            ValueRule::Groups => Self::MOST_GROUPS,
            ValueRule::Clusters => Self::ENOUGH_CLUSTERS,
            ValueRule::AtMost(most) => usize::from(most) + 1,
        }
    }
}

impl RowChecks {
    /// Returns the columns that are read, some of them repeatedly.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let key = self.key.iter().flat_map(|(unit, time)| [unit, time]);
        let lists = self.complete.iter().chain(&self.within).chain(&self.regressors).chain(&self.levels);
        let values = self.values.iter().map(|(name, _)| name);
        let separable = self.separable.iter().flat_map(|(outcome, names)| names.iter().chain([outcome]));
        let outcomes = self.outcome.iter().chain(separable);
        lists.chain(key).chain(&self.weight).chain(outcomes).chain(values).map(String::as_str)
    }
}

/// Rows that a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundRows {
    /// Number of all of them.
    pub count: u64,
    /// The first ones, counted from 1 below the header; of repeated keys the first row and the one that repeats it.
    pub examples: Vec<Vec<u64>>,
}

/// The values of a column under its [`ValueRule`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundValues {
    /// Rows that break the rule.
    pub broken: FoundRows,
    /// Rows with a value.
    pub present: u64,
    /// Rows with the value 1.
    pub ones: u64,
    /// The first different values as they are written in conditions, texts in quotes; at most
    /// [`ValueRule::most_kept`].
    pub different: Vec<String>,
    /// Rows of each value of `different`.
    pub rows: Vec<u64>,
}

/// A regressor that others determine.
#[derive(Debug, Clone, PartialEq)]
pub struct Determined {
    /// The regressor.
    pub column: String,
    /// The others with their factors; empty for one that is constant.
    pub by: Vec<(String, f64)>,
}

/// A regressor whose values are all higher in the rows of one outcome than in those of the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Separating {
    /// The regressor.
    pub column: String,
    /// True if the outcome is not zero where the regressor is high.
    pub up: bool,
    /// The highest value of the lower rows, and the lowest of the higher ones.
    pub between: [f64; 2],
}

/// What [`Tabular::check_rows`] found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowFindings {
    /// Rows whose key an earlier row has, without those of `equal_repeated`.
    pub repeated: FoundRows,
    /// Rows whose key an earlier row has, and that are among [`RowChecks::equal`].
    pub equal_repeated: FoundRows,
    /// Rows of negative weight.
    pub negative_weights: FoundRows,
    /// Rows of a weight that is no whole number, where it has to be one.
    pub fractional_weights: FoundRows,
    /// Columns that do not vary within any unit.
    pub no_within: Vec<String>,
    /// Regressors that are constant or combinations of earlier ones; the outcome where it is a combination of them.
    pub determined: Vec<Determined>,
    /// Regressors that separate zeros of the outcome from other values.
    pub separating: Vec<Separating>,
    /// One for each rule of [`RowChecks::values`]; none where nothing was read.
    pub values: Vec<FoundValues>,
    /// True if no row has a weight above zero.
    pub weightless: bool,
    /// Rows that are used.
    pub used: u64,
    /// The different values of each column of [`RowChecks::levels`].
    pub levels: Vec<FoundLevels>,
}

/// The different values of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundLevels {
    /// How many there are.
    pub count: u64,
    /// How many of them one row has.
    pub single: u64,
    /// The first of these rows, counted from 1 below the header.
    pub rows: Vec<u64>,
}

/// Reads uploaded tables.
pub trait Tabular: Send + Sync {
    /// Converts the file at `source` (whose content decides the format; `original_name` only helps) to
    /// canonical data at `dest`, which must not exist. Nothing is left at `dest` after an error.
    ///
    /// # Errors
    /// An `INPUT_*` problem with row, column and reason; `STORAGE_FULL`; `INTERNAL_ERROR` for I/O.
    fn ingest(
        &self,
        source: &Path,
        original_name: &str,
        options: &IngestOptions,
        dest: &Path,
    ) -> Result<IngestedDataset, Problem>;

    /// Converts a file like [`Tabular::ingest`], unless it is stopped, and notes how far it is; a reader without a process of
    /// its own does neither.
    ///
    /// # Errors
    /// As [`Tabular::ingest`]; after a stop any.
    fn ingest_unless_stopped(
        &self,
        source: &Path,
        original_name: &str,
        options: &IngestOptions,
        dest: &Path,
        _stop: &Stop,
        _advance: &Advance,
    ) -> Result<IngestedDataset, Problem> {
        self.ingest(source, original_name, options, dest)
    }

    /// Reads the first `rows` rows of the first `columns` columns of canonical data.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the file cannot be read.
    fn preview(&self, canonical: &Path, rows: usize, columns: usize) -> Result<Preview, Problem>;

    /// Reads the texts behind the values: for every column with value labels their texts, for every text column the
    /// values of its first `rows` rows without those in `skip` (counted from 1); at most `most` for each column, in a fixed order.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the file cannot be read.
    fn texts(
        &self,
        canonical: &Path,
        rows: usize,
        skip: &[u64],
        most: usize,
    ) -> Result<BTreeMap<String, Vec<String>>, Problem>;

    /// Reads the categories of columns, at most 30 for each: values with labels, and texts; with numbers of rows where `counted`.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the file cannot be read.
    fn tallies(
        &self,
        canonical: &Path,
        columns: &[String],
        counted: bool,
    ) -> Result<BTreeMap<String, Vec<Category>>, Problem>;

    /// Counts the rows of canonical data on which a condition is true (all without one), and of them those complete in `complete`.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the file cannot be read or lacks a column.
    fn count_rows(
        &self,
        canonical: &Path,
        condition: Option<&Condition>,
        complete: &[String],
    ) -> Result<RowCounts, Problem>;

    /// Checks the rows of canonical data after data steps, each with the path of its data set, on which a condition is true (all
    /// without one). Rows of the findings are those of `canonical`; rows that another data set brought are counted and not named.
    /// Of data that are too large for that it finds nothing.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where the file cannot be read or lacks a column.
    fn check_rows(
        &self,
        canonical: &Path,
        steps: &[(DataStep, PathBuf)],
        condition: Option<&Condition>,
        checks: &RowChecks,
    ) -> Result<RowFindings, Problem>;

    /// Counts what data steps do to the rows of canonical data, each step with the path of its data set, and
    /// then what [`Tabular::count_rows`] counts.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` where a file cannot be read.
    fn count_steps(
        &self,
        main: &Path,
        steps: &[(DataStep, PathBuf)],
        condition: Option<&Condition>,
        complete: &[String],
    ) -> Result<SteppedCounts, Problem>;
}
