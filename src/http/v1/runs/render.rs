//! `POST /v1/jobs/{job_id}/runs/{run_id}/render`: further formats of a succeeded run's results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::get::RunSegment;
use crate::domain::artifact::Artifact;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, Path};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::plan::formats::checked_formats_at;
use crate::render::{FIGURE_WIDTHS, Language, MOST_DECIMALS, Options};
use crate::service::runs::render_run::{RenderRun, Request};

/// Longest wait for the files; after that they are rendered in the background.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Most labels of a request, and their longest text in characters.
const MOST_LABELS: usize = 500;
const LONGEST_LABEL: usize = 200;

/// Formats and options of the renderings. All fields but `formats` are optional.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderBody {
    /// xlsx, docx, tex, pdf, png, dta; csv, svg, log and do exist already and are listed.
    formats: Vec<String>,
    /// Significance stars: * p < 0.10, ** p < 0.05, *** p < 0.01. The default is none.
    stars: Option<bool>,
    /// Confidence intervals of estimates: a column of one model, lines of several side by side. Without this field
    /// tables of one model have them.
    intervals: Option<bool>,
    /// p-values of estimates, in the same way.
    p_values: Option<bool>,
    /// Digits behind the decimal point, 0 to 10; the default is 3.
    decimals: Option<u8>,
    /// `true` (default): labels of the data; `false`: names; an object of column and label
    /// adds labels or replaces those of the data.
    #[schema(value_type = Option<serde_json::Value>)]
    labels: Option<LabelChoice>,
    /// Language of headings and notes: `en` (default) or `zh`.
    language: Option<Language>,
    /// Width of the figures in millimetres, 60 to 190: that of a column of the journal. Pictures have 300 dots per inch at
    /// this width, and type shrinks with them: 9 points at 190 mm are 8 at 170 and 4 at 85. The default is 190 as drawn.
    figure_width_mm: Option<u16>,
}

/// Labels of the data, names, or labels of the request.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum LabelChoice {
    Data(bool),
    Own(BTreeMap<String, String>),
}

/// The files of the request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RenderAnswer {
    artifacts: Vec<Artifact>,
    /// Formats without a file, with the reason; empty if all were rendered.
    skipped: Vec<Skipped>,
}

/// A format that has no file.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Skipped {
    format: String,
    reason: String,
}

/// The files are still being rendered; repeating the request returns them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Rendering {
    status: &'static str,
    artifacts: Vec<Artifact>,
    retry_after_seconds: u64,
}

/// The facts of `render_run`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::RunNotFound,
        ErrorCode::RunNotSucceeded,
        ErrorCode::PlanMissing,
        ErrorCode::RenderingFailed,
    ]],
    ..RouteFacts::NONE
};

/// Renders the results of a succeeded run.
///
/// From the recorded numbers, not from a new run: the same request returns the same files. 202 when it
/// takes longer than ten seconds.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/runs/{run_id}/render", tag = "runs",
    operation_id = "render_run", params(("job_id" = String, Path), ("run_id" = String, Path)),
    request_body = RenderBody, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = RenderAnswer), (status = 202, body = Rendering)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    Path(segment): Path<RunSegment>,
    Json(body): Json<RenderBody>,
) -> Result<Response, ApiError> {
    let request = checked(body)?;
    let (caller, job) = (access.caller, access.job);
    let render = RenderRun(Arc::clone(&app.ctx));
    let mut task = tokio::spawn(async move {
        render.execute(&caller, &job.tenant_id, &job.job_id, &segment.run_id, &request).await
    });
    let Ok(joined) = tokio::time::timeout(ANSWER_WITHIN, &mut task).await else {
        let body = Rendering { status: "rendering", artifacts: Vec::new(), retry_after_seconds: 2 };
        return Ok((StatusCode::ACCEPTED, Json(body)).into_response());
    };
    let made = joined.map_err(|_| Problem::internal())??;
    let skipped = made.skipped.into_iter().map(|(format, reason)| Skipped { format, reason }).collect();
    let artifacts = made.artifacts.into_iter().map(Artifact::public).collect();
    Ok(Json(RenderAnswer { artifacts, skipped }).into_response())
}

/// Checks a request; a format that is named twice counts once.
fn checked(body: RenderBody) -> Result<Request, Problem> {
    let mut formats: Vec<String> = Vec::new();
    checked_formats_at("formats", &body.formats)?;
    for format in body.formats {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    if formats.is_empty() {
        return Err(Problem::validation("formats", "must name at least one format"));
    }
    let decimals = body.decimals.unwrap_or(Options::default().decimals);
    if decimals > MOST_DECIMALS {
        return Err(Problem::validation("decimals", format!("must be 0 to {MOST_DECIMALS}")));
    }
    let (labels, own_labels) = match body.labels {
        None | Some(LabelChoice::Data(true)) => (true, BTreeMap::new()),
        Some(LabelChoice::Data(false)) => (false, BTreeMap::new()),
        Some(LabelChoice::Own(own)) => (true, own),
    };
    let too_long = own_labels.values().any(|label| label.chars().count() > LONGEST_LABEL);
    if own_labels.len() > MOST_LABELS || too_long {
        let text = format!("at most {MOST_LABELS} labels of at most {LONGEST_LABEL} characters");
        return Err(Problem::validation("labels", text));
    }
    if body.figure_width_mm.is_some_and(|mm| !FIGURE_WIDTHS.contains(&mm)) {
        let text = format!("must be {} to {} millimetres", FIGURE_WIDTHS.start(), FIGURE_WIDTHS.end());
        return Err(Problem::validation("figure_width_mm", text));
    }
    let figure_width_mm = body.figure_width_mm;
    let stars = body.stars.unwrap_or_default();
    let language = body.language.unwrap_or_default();
    let (intervals, p_values) = (body.intervals, body.p_values);
    let options =
        Options { stars, intervals, p_values, decimals, labels, own_labels, language, figure_width_mm };
    Ok(Request { formats, options })
}
