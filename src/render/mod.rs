//! Renderings of a finished run: its tables and figures as xlsx, docx, tex, pdf, png and dta. Pure over the
//! bytes of the run's files and its record; reading, storing and naming artifacts belongs to `service`.

pub mod comparison;
mod design;
mod docx;
mod dta_file;
mod evidence;
mod facts;
mod figure;
mod figure_words;
mod findings;
mod findings_cointegration;
mod findings_conditions;
mod findings_contrasts;
mod findings_curvature;
mod findings_data;
mod findings_descriptions;
mod findings_diagnostics;
mod findings_differences;
mod findings_distributions;
mod findings_effects;
mod findings_interaction;
mod findings_latent;
mod findings_levels;
mod findings_medical;
mod findings_notes;
mod findings_of_tests;
mod findings_panel;
mod findings_periods;
mod findings_processes;
mod findings_rates;
mod findings_series;
mod findings_sizes;
mod findings_spatial;
mod findings_survey;
mod findings_survival;
mod findings_tests;
pub mod grid;
pub mod labels;
mod labels_of_run;
mod lines;
mod made_terms;
mod methods;
mod minus;
pub mod number;
mod pdf;
mod pdf_layout;
mod regression;
mod regression_extras;
mod regression_foot;
mod report;
mod sentences;
pub mod steps;
mod style;
mod table;
mod tex;
mod tex_prose;
pub mod times;
mod units;
mod warnings;
mod words;
mod xlsx;
mod xlsx_text;
mod yes_and_no;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::domain::canonical::sha256_of;
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::domain::template::TemplateMeta;

pub use findings::Findings;
pub use labels::Labels;
pub(crate) use number::exponent;
pub use report::{Report, report, results};
pub use sentences::Finding;
pub use warnings::warning_words;

/// Part of the name of every rendering; raised when the same run is drawn differently.
pub const VERSION: u32 = 12;

/// Most decimals of a printed number.
pub const MOST_DECIMALS: u8 = 10;

/// Widths of figures, in millimetres: from a narrow column to the width as they are drawn.
pub const FIGURE_WIDTHS: std::ops::RangeInclusive<u16> = 60..=190;

/// A format that is made from a run's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A workbook: facts and printed tables, and a sheet for each table in full.
    Xlsx,
    /// The report as a Word document.
    Docx,
    /// The printed tables as a LaTeX fragment.
    Tex,
    /// The report on A4 pages.
    Pdf,
    /// Each figure as a picture.
    Png,
    /// Each table as a Stata data set.
    Dta,
}

impl Format {
    /// Every format, in the order in which they are made.
    pub const ALL: [Format; 6] =
        [Format::Xlsx, Format::Docx, Format::Tex, Format::Pdf, Format::Png, Format::Dta];

    /// Returns the name, which is the ending of the files as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Docx => "docx",
            Format::Tex => "tex",
            Format::Pdf => "pdf",
            Format::Png => "png",
            Format::Dta => "dta",
        }
    }

    /// Returns the format with this name.
    pub fn parse(text: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// Language of titles, headings and notes; labels are those of the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese, simplified.
    Zh,
}

/// How numbers and names are printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Options {
    /// Significance stars behind estimates: * p < 0.10, ** p < 0.05, *** p < 0.01.
    pub stars: bool,
    /// Confidence intervals of estimates; without a choice in a table of one model only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<bool>,
    /// p-values of estimates; without a choice in a table of one model only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_values: Option<bool>,
    /// Digits behind the decimal point, at most [`MOST_DECIMALS`].
    pub decimals: u8,
    /// Labels of the data instead of the names of columns and levels.
    pub labels: bool,
    /// Labels that replace those of the data: column → label.
    pub own_labels: BTreeMap<String, String>,
    /// Of titles, headings and notes.
    pub language: Language,
    /// Width of every figure in millimetres, within [`FIGURE_WIDTHS`]; without it pictures have the width of the drawing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figure_width_mm: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stars: false,
            intervals: None,
            p_values: None,
            decimals: 3,
            labels: true,
            own_labels: BTreeMap::new(),
            language: Language::En,
            figure_width_mm: None,
        }
    }
}

/// A file that a run left.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Name in the folder of the run.
    pub name: String,
    /// SHA-256 of the published bytes.
    pub sha256: String,
    /// The published bytes.
    pub bytes: Vec<u8>,
}

/// Input of a report.
pub struct Source<'a> {
    /// Id of the job, which names the run's capsule; none where the run is of no job.
    pub job_id: Option<&'a str>,
    /// Version of the service that made the run, where it is recorded.
    pub service_version: Option<String>,
    /// The run whose results are shown.
    pub run: &'a Run,
    /// Its frozen plan.
    pub plan: &'a Plan,
    /// The frozen declaration, where it can still be read: titles and limits in both languages.
    pub meta: Option<&'a TemplateMeta>,
    /// Declared tables (csv) and figures (svg), in the order of the plan.
    pub files: Vec<SourceFile>,
    /// Labels of columns and levels, from the data.
    pub labels: Labels,
    /// Name of the data file as it was uploaded.
    pub data_name: Option<String>,
    /// True where the run wrote a data set itself.
    pub has_data: bool,
    /// True for a run of a trial.
    pub is_trial: bool,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The format of the file.
    pub format: Format,
    /// Name without folder; carries a part of the key of [`request_key`].
    pub file_name: String,
    /// The whole content.
    pub bytes: Vec<u8>,
    /// Names of the run's files that it shows.
    pub derived_from: Vec<String>,
}

/// Why a rendering could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A declared table is not a table.
    #[error("{file} cannot be read as a table: {reason}")]
    Table {
        /// Name of the file.
        file: String,
        /// The problem with it.
        reason: String,
    },
    /// A declared figure is not a figure.
    #[error("{file} cannot be drawn: {reason}")]
    Figure {
        /// Name of the file.
        file: String,
        /// The problem with it.
        reason: String,
    },
    /// A writer of a format failed: the format, and the reason.
    #[error("the {0} file could not be written: {1}")]
    Writer(&'static str, String),
    /// The time ran out; its limit in seconds.
    #[error("it takes longer than {0} seconds")]
    TooLong(u64),
    /// Input or output is too large; the limit in bytes.
    #[error("the results are larger than {0} bytes")]
    TooLarge(u64),
}

/// Bounds of one rendering.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    until: Instant,
    seconds: u64,
}

/// Most bytes of tables and figures that one report takes in.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

impl Budget {
    /// Allows a time from now on.
    pub fn seconds(seconds: u64) -> Self {
        Self { until: Instant::now() + Duration::from_secs(seconds), seconds }
    }

    /// Fails when the time is over; asked between tables, figures and pages.
    ///
    /// # Errors
    /// [`RenderError::TooLong`].
    pub fn check(&self) -> Result<(), RenderError> {
        if Instant::now() < self.until { Ok(()) } else { Err(RenderError::TooLong(self.seconds)) }
    }
}

/// Returns the name of a rendering by content: the same files, options and format give the same key.
pub fn request_key(format: Format, options: &Options, sources: &[(&str, &str)]) -> String {
    sha256_of(&serde_json::json!({
        "version": VERSION, "format": format, "options": options, "sources": sources,
    }))
}

/// The key of a format of the files of a report.
fn key_of(format: Format, options: &Options, files: &[SourceFile]) -> String {
    let sources: Vec<(&str, &str)> = files.iter().map(|f| (f.name.as_str(), f.sha256.as_str())).collect();
    request_key(format, options, &sources)
}

/// The part of a key that names of files carry.
fn tag_of(key: &str) -> &str {
    &key[..key.len().min(12)]
}

/// Makes the files of one format. None where the run has nothing of the kind (a png of a run without figures).
///
/// # Errors
/// [`RenderError`]; nothing is made then.
pub fn render(format: Format, report: &Report, key: &str, budget: &Budget) -> Result<Vec<Made>, RenderError> {
    budget.check()?;
    let tag = tag_of(key);
    let whole = |bytes: Vec<u8>| {
        let file_name = format!("report-{tag}.{}", format.as_str());
        vec![Made { format, file_name, bytes, derived_from: report.sources() }]
    };
    match format {
        Format::Xlsx => xlsx::write(report, budget).map(whole),
        Format::Docx => docx::write(&minus::signed(report), budget).map(whole),
        Format::Tex => Ok(whole(tex::write(report).into_bytes())),
        Format::Pdf => pdf::write(&minus::signed(report), budget).map(whole),
        Format::Png => figure::pictures(report, tag, budget),
        Format::Dta => dta_file::write(report, tag, budget),
    }
}
