//! `GET /v1/jobs/{job_id}/runs/{run_id}/findings`: the main results of a run in sentences.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::get::RunSegment;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::{Json, Path, Query};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::render::{Findings, Language, MOST_DECIMALS, Options};
use crate::service::runs::read_findings::ReadFindings;

/// How the sentences are written.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FindingsQuery {
    /// Language of the sentences: `en` (default) or `zh`. Labels are those of the data.
    language: Option<Language>,
    /// Digits behind the decimal point, 0 to 10; the default is 3.
    decimals: Option<u8>,
}

/// The main results in sentences. Rules write them from the numbers of the tables; no language model takes part.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FindingsAnswer {
    run_id: String,
    language: Language,
    /// `rules`.
    source: &'static str,
    /// The most important first, six at most; none for analyses whose results are figures or data.
    findings: Vec<FindingView>,
    /// Variables that the sentences hold equal, and the steps in which they compare.
    notes: Vec<String>,
}

/// A sentence on the results.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FindingView {
    /// The sentence.
    text: String,
    /// Name of the table that has its numbers.
    file: String,
}

/// The facts of `get_run_findings`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::RunNotFound,
        ErrorCode::RunNotSucceeded,
        ErrorCode::PlanMissing,
        ErrorCode::RenderingFailed,
    ]],
    ..RouteFacts::NONE
};

/// Says the main results of a succeeded run in sentences.
///
/// Each with its interval, its p-value and the table that has its numbers. These are the sentences of the reports.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/runs/{run_id}/findings", tag = "runs",
    operation_id = "get_run_findings",
    params(("job_id" = String, Path), ("run_id" = String, Path), FindingsQuery),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = FindingsAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Path(segment): Path<RunSegment>,
    Query(query): Query<FindingsQuery>,
) -> Result<Json<FindingsAnswer>, ApiError> {
    let options = options(&query)?;
    let language = options.language;
    let read = ReadFindings(Arc::clone(&app.ctx));
    let Findings { sentences, notes } = read.execute(&access.job, &segment.run_id, options).await?;
    let findings =
        sentences.into_iter().map(|said| FindingView { text: said.text, file: said.file }).collect();
    Ok(Json(FindingsAnswer { run_id: segment.run_id, language, source: "rules", findings, notes }))
}

fn options(query: &FindingsQuery) -> Result<Options, Problem> {
    let usual = Options::default();
    let decimals = query.decimals.unwrap_or(usual.decimals);
    if decimals > MOST_DECIMALS {
        return Err(Problem::validation("decimals", format!("must be 0 to {MOST_DECIMALS}")));
    }
    Ok(Options { decimals, language: query.language.unwrap_or_default(), ..usual })
}
