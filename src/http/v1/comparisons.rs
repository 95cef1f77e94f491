//! Comparisons: the specifications of a batch, or any runs, side by side and as a specification curve.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::batches::BatchSegment;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{AnyCredential, JobAccess, Read};
use crate::http::extract::body::{Json, Path, Query};
use crate::http::range::disposition;
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::render::{Format, Language, MOST_DECIMALS, Options};
use crate::service::comparisons::compare_batch::CompareBatch;
use crate::service::comparisons::compare_runs::{CompareRuns, RunChoice};
use crate::service::comparisons::views::ComparisonView;
use crate::service::comparisons::{Compared, FileFormat, make_file};

/// Format of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonFormat {
    /// The numbers, as JSON.
    #[default]
    Json,
    /// Every estimate, and each specification without one, a line each.
    Csv,
    /// A workbook: printed tables, and all estimates with numbers as numbers.
    Xlsx,
    /// The report as a Word document.
    Docx,
    /// The printed tables as a LaTeX fragment, with the curve by the name of its png.
    Tex,
    /// The report on A4 pages.
    Pdf,
    /// The curve as a drawing.
    Svg,
    /// The curve as a picture.
    Png,
}

impl ComparisonFormat {
    fn file(self) -> Option<FileFormat> {
        Some(match self {
            Self::Json => return None,
            Self::Csv => FileFormat::Csv,
            Self::Svg => FileFormat::Svg,
            Self::Xlsx => FileFormat::Rendered(Format::Xlsx),
            Self::Docx => FileFormat::Rendered(Format::Docx),
            Self::Tex => FileFormat::Rendered(Format::Tex),
            Self::Pdf => FileFormat::Rendered(Format::Pdf),
            Self::Png => FileFormat::Rendered(Format::Png),
        })
    }
}

/// Format and options of a comparison.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ComparisonQuery {
    /// `json` (default), `csv`, `xlsx`, `docx`, `tex`, `pdf`, `svg` or `png`.
    #[serde(default)]
    #[param(inline)]
    format: ComparisonFormat,
    /// Term or column whose estimates make the curve; absent: the focus of the batch, else the term that most runs estimate.
    term: Option<String>,
    /// `en` (default) or `zh`, of headings and notes.
    #[param(inline)]
    language: Option<Language>,
    /// True: stars behind estimates, * p < 0.10, ** p < 0.05, *** p < 0.01.
    stars: Option<bool>,
    /// True: confidence intervals below the standard errors.
    intervals: Option<bool>,
    /// True: p-values below the standard errors.
    p_values: Option<bool>,
    /// Digits behind the decimal point, 0 to 10; 3 when absent.
    decimals: Option<u8>,
    /// False: names of columns instead of their labels.
    labels: Option<bool>,
}

impl ComparisonQuery {
    fn options(&self) -> Result<Options, Problem> {
        let usual = Options::default();
        let decimals = self.decimals.unwrap_or(usual.decimals);
        if decimals > MOST_DECIMALS {
            return Err(Problem::validation("decimals", format!("must be 0 to {MOST_DECIMALS}")));
        }
        Ok(Options {
            stars: self.stars.unwrap_or(usual.stars),
            intervals: self.intervals,
            p_values: self.p_values,
            decimals,
            labels: self.labels.unwrap_or(usual.labels),
            language: self.language.unwrap_or_default(),
            ..usual
        })
    }
}

/// The facts of `compare_batch`.
pub const BATCH_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::BatchNotFound, ErrorCode::RenderingFailed]], ..RouteFacts::NONE };

/// Compares the specifications of a batch: side by side, and as a specification curve.
///
/// Cells without estimates keep their column, with the reason. The numbers of the curve describe how much an estimate depends on
/// the specification; they are not a test. With `format` the response is a file.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/batches/{batch_id}/comparison", tag = "comparisons",
    operation_id = "compare_batch",
    params(("job_id" = String, Path), ("batch_id" = String, Path), ComparisonQuery),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, content((ComparisonView = "application/json"), (String = "*/*")))))]
pub async fn of_batch(
    State(app): State<App>,
    access: JobAccess<Read>,
    Path(segment): Path<BatchSegment>,
    Query(query): Query<ComparisonQuery>,
) -> Result<Response, ApiError> {
    let compared = CompareBatch(&app.ctx).execute(&access.job, &segment.id()?, query.term.clone()).await?;
    answer(&app, compared, &query).await
}

/// Runs to compare.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareRequest {
    /// The runs, in the order of the columns; at most `batches.max_cells`.
    runs: Vec<RunChoice>,
}

/// The facts of `compare_runs`.
pub const RUNS_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::JobNotFound,
        ErrorCode::JobGone,
        ErrorCode::RunNotFound,
        ErrorCode::RenderingFailed,
    ]],
    effect: Effect::Reads,
    ..RouteFacts::NONE
};

/// Compares any runs: side by side, and as a specification curve. Stores nothing.
///
/// A key reads the runs of its tenant, the token of a job those of that job and of the cells of its batches. A run of another job comes
/// with the `token` of that job. Runs that did not succeed keep their column, with the cause.
#[utoipa::path(post, path = "/v1/comparisons", tag = "comparisons", operation_id = "compare_runs",
    params(ComparisonQuery), request_body = CompareRequest,
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, content((ComparisonView = "application/json"), (String = "*/*")))))]
pub async fn of_runs(
    State(app): State<App>,
    access: AnyCredential,
    Query(query): Query<ComparisonQuery>,
    Json(body): Json<CompareRequest>,
) -> Result<Response, ApiError> {
    let compared = CompareRuns(&app.ctx, &access.network)
        .execute(&access.principal, &body.runs, query.term.clone())
        .await?;
    answer(&app, compared, &query).await
}

async fn answer(app: &App, compared: Compared, query: &ComparisonQuery) -> Result<Response, ApiError> {
    let options = query.options()?;
    let Some(format) = query.format.file() else {
        return Ok(Json(ComparisonView::of(&compared, &options)).into_response());
    };
    let file = make_file(&app.ctx, compared, format, options).await?;
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&file.name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
