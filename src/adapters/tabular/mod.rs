//! Uploaded tables (CSV, XLSX, XLSB, XLS, ODS, DTA, SAV, XPT, SAS7BDAT, RDS, RDATA, PARQUET) to canonical data, and a look into canonical data. Which rows are
//! analysed, and how, is decided elsewhere.

mod advance;
mod convert;
mod count;
mod counted;
mod date;
mod distinct;
mod excel;
mod format;
mod hashed_file;
mod header_groups;
mod index_columns;
mod infer;
mod labelled_file;
mod legacy_text;
mod moments;
mod number;
mod output;
mod parquet;
mod preview;
mod problems;
mod profile;
mod rdata;
pub mod reader_process;
mod remarks;
mod repairs;
mod row_checks;
mod sas;
mod separation;
mod spss;
mod stata;
mod steps;
mod stored_numbers;
mod tallies;
mod text;
mod value_checks;
mod values;
mod warnings;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::domain::data_step::DataStep;
use crate::domain::dataset::Category;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::expression::Condition;
use crate::domain::naming;
use crate::ports::tabular::{
    IngestOptions, IngestedDataset, Preview, RowChecks, RowCounts, RowFindings, SteppedCounts, Tabular,
};
use format::Format;

/// Reads tables from local files.
#[derive(Debug, Default, Clone, Copy)]
pub struct TabularFiles;

impl Tabular for TabularFiles {
    fn ingest(
        &self,
        source: &Path,
        original_name: &str,
        options: &IngestOptions,
        dest: &Path,
    ) -> Result<IngestedDataset, Problem> {
        if let Some(reason) = naming::forbidden_file_name(original_name) {
            return Err(Problem::new(
                ErrorCode::InputFileNameForbidden,
                format!("a file named {} is not accepted: {reason}", problems::shown(original_name)),
            )
            .with("filename", problems::shown(original_name))
            .with("reason", reason));
        }
        // the readers of foreign formats are not ours: a panic on a damaged file is a refusal of that file
        catch_unwind(AssertUnwindSafe(|| match format::detect(source, original_name)? {
            Format::Text => text::ingest(source, original_name, options, dest),
            Format::Xlsx => excel::ingest(source, excel::Kind::Xlsx, options, dest),
            Format::Xlsb => excel::ingest(source, excel::Kind::Xlsb, options, dest),
            Format::Xls => excel::ingest(source, excel::Kind::Xls, options, dest),
            Format::Ods => excel::ingest(source, excel::Kind::Ods, options, dest),
            Format::Dta => stata::ingest(source, dest),
            Format::Sav => spss::ingest(source, dest),
            Format::Parquet => parquet::ingest(source, dest),
            Format::R => rdata::ingest(source, options, dest),
            Format::Xport => sas::ingest(source, sas::Kind::Transport, options, dest),
            Format::Sas => sas::ingest(source, sas::Kind::Native, options, dest),
        }))
        .unwrap_or_else(|_| {
            tracing::error!(event = "SS_INGEST_PANICKED", "a reader panicked on an upload");
            Err(problems::parse(None, None, "the file is damaged and cannot be read"))
        })
    }

    fn preview(&self, canonical: &Path, rows: usize, columns: usize) -> Result<Preview, Problem> {
        preview::preview(canonical, rows, columns)
    }

    fn texts(
        &self,
        canonical: &Path,
        rows: usize,
        skip: &[u64],
        most: usize,
    ) -> Result<BTreeMap<String, Vec<String>>, Problem> {
        values::texts(canonical, rows, skip, most)
    }

    fn tallies(
        &self,
        canonical: &Path,
        columns: &[String],
        counted: bool,
    ) -> Result<BTreeMap<String, Vec<Category>>, Problem> {
        tallies::tallies(canonical, columns, counted)
    }

    fn count_rows(
        &self,
        canonical: &Path,
        condition: Option<&Condition>,
        complete: &[String],
    ) -> Result<RowCounts, Problem> {
        count::count_rows(canonical, condition, complete)
    }

    fn check_rows(
        &self,
        canonical: &Path,
        steps: &[(DataStep, PathBuf)],
        condition: Option<&Condition>,
        checks: &RowChecks,
    ) -> Result<RowFindings, Problem> {
        row_checks::check_rows(canonical, steps, condition, checks)
    }

    fn count_steps(
        &self,
        main: &Path,
        steps: &[(DataStep, PathBuf)],
        condition: Option<&Condition>,
        complete: &[String],
    ) -> Result<SteppedCounts, Problem> {
        steps::count_steps(main, steps, condition, complete)
    }
}
