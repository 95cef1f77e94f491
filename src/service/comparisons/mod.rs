//! Comparisons of runs: the cells of a batch, or any runs that the caller may read. Made from the results in the records on every
//! request; nothing is stored.

pub mod columns;
pub mod compare_batch;
pub mod compare_runs;
pub mod views;

use std::sync::Arc;

use crate::domain::artifact::media_type_of;
use crate::domain::comparison::{Column, caption, focus_of, name_rows};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::render::comparison::{Comparison, csv, curve_svg, report};
use crate::render::{Budget, Format, Labels, Options, render, request_key};
use crate::service::runs::renderings::RENDER_SECONDS;
use crate::service::shared::context::Context;

/// Runs that were read for a comparison.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// Title of the batch.
    pub title: Option<String>,
    /// Term or column whose estimates make the curve; absent: the term that most runs estimate.
    pub wanted: Option<String>,
    /// The runs, and the specifications without one.
    pub columns: Vec<Column>,
    /// Labels of the columns of the data.
    pub labels: Labels,
    /// When the last run ended, in seconds since 1970-01-01.
    pub ended_at: i64,
}

/// A file of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name of the file.
    pub name: String,
    /// Media type of the bytes.
    pub media_type: &'static str,
    /// The whole content.
    pub bytes: Vec<u8>,
}

/// Format of a file of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Every estimate, and each specification without one, a line each.
    Csv,
    /// The specification curve.
    Svg,
    /// The report, or the curve as a picture.
    Rendered(Format),
}

impl Compared {
    /// Names rows and columns once all columns are there: both say what the others do not share.
    #[must_use]
    pub fn named(mut self) -> Self {
        name_rows(&mut self.columns);
        caption(&mut self.columns);
        self
    }

    /// Returns the input of the renderers.
    pub fn comparison(&self) -> Comparison<'_> {
        Comparison {
            title: self.title.as_deref(),
            columns: &self.columns,
            wanted: self.wanted.as_deref(),
            labels: self.labels.clone(),
            ended_at: self.ended_at,
        }
    }

    fn file(&self, format: FileFormat, options: &Options) -> Result<File, Problem> {
        let nothing = || {
            let text = "no specification has an estimate, so there is no curve";
            Problem::new(ErrorCode::RenderingFailed, text)
        };
        let (name, bytes) = match format {
            FileFormat::Csv => {
                let focus = focus_of(&self.columns, self.wanted.as_deref());
                ("comparison.csv".to_owned(), csv(&self.columns, focus))
            }
            FileFormat::Svg => {
                let svg = curve_svg(&self.comparison(), options).ok_or_else(nothing)?;
                ("specification_curve.svg".to_owned(), svg.into_bytes())
            }
            FileFormat::Rendered(format) => {
                let report = report(&self.comparison(), options);
                let key = request_key(format, options, &[]);
                let made = render(format, &report, &key, &Budget::seconds(RENDER_SECONDS));
                let made = made.map_err(|e| Problem::new(ErrorCode::RenderingFailed, e.to_string()))?;
                let first = made.into_iter().next().ok_or_else(nothing)?;
                // the LaTeX fragment finds the picture by its name
                let name = match format {
                    Format::Png => first.file_name,
                    other => format!("comparison.{}", other.as_str()),
                };
                (name, first.bytes)
            }
        };
        Ok(File { media_type: media_type_of(&name), name, bytes })
    }
}

/// Makes a file of a comparison.
///
/// # Errors
/// `RENDERING_FAILED` where no specification has an estimate and the format shows the curve alone, or where the file takes too
/// long; `SERVICE_NOT_READY`.
pub async fn make_file(
    ctx: &Context,
    compared: Compared,
    format: FileFormat,
    options: Options,
) -> Result<File, Problem> {
    ctx.pools.renders.run(move || compared.file(format, &options)).await?
}

/// Labels of the columns of these jobs' inputs and of the variables of their plans; of two with the same name the first.
fn labels_of<'a>(jobs: impl Iterator<Item = &'a Arc<JobRecord>>) -> Labels {
    let mut labels = Labels::default();
    for job in jobs {
        let columns = job.inputs.iter().flat_map(|inputs| &inputs.datasets).flat_map(|d| &d.columns);
        let derived = job.plan.iter().flat_map(|plan| &plan.derived_variables);
        let derived = derived.filter_map(|d| Some((&d.name, d.label.as_deref()?)));
        for (name, label) in columns.filter_map(|c| Some((&c.name, c.label.as_deref()?))).chain(derived) {
            let label = label.trim();
            if !label.is_empty() {
                labels.variables.entry(name.clone()).or_insert_with(|| label.to_owned());
            }
        }
        for mark in job.plan.iter().flat_map(|plan| &plan.categorical_vars) {
            if let Some(companion) = &mark.companion {
                labels.companions.entry(companion.clone()).or_insert_with(|| mark.column.clone());
            }
        }
    }
    labels
}
