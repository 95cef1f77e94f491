//! `GET /v1/jobs/{job_id}/capsule`: one run with everything that is needed to check and repeat it elsewhere.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;

use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::Query;
use crate::http::extract::headers::IfNoneMatch;
use crate::http::range::disposition;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::runs::capsule::{CapsuleOptions, CapsuleStream, MakeCapsule};
use crate::service::shared::pools::Pool;

/// Whether a capsule contains the data themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataChoice {
    /// The uploaded files and their canonical form are in it.
    #[default]
    Include,
    /// Their hashes only.
    Hash,
}

/// Whether a capsule contains the exchange with a language model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LlmChoice {
    /// Prompts and answers of the model are in it.
    #[default]
    Include,
    /// The exchange is left out.
    Exclude,
}

/// Options of the capsule.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CapsuleQuery {
    /// `hash`: uploaded files, data and data sets that the run wrote as hashes only.
    #[serde(default)]
    #[param(inline)]
    data: DataChoice,
    /// `exclude`: without prompts and answers of a language model.
    #[serde(default)]
    #[param(inline)]
    llm: LlmChoice,
    /// A run that succeeded; by default the latest.
    run_id: Option<String>,
    /// Of a signed link.
    #[allow(dead_code, reason = "read by the extractor of links")]
    expires: Option<i64>,
    /// Of a signed link.
    #[allow(dead_code, reason = "read by the extractor of links")]
    #[param(ignore)]
    signature: Option<String>,
}

/// The facts of `get_capsule`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::RunNotFound, ErrorCode::RunNotSucceeded, ErrorCode::ArtifactExpired]],
    if_none_match: true,
    tagged: true,
    download: true,
    ..RouteFacts::NONE
};

/// Downloads a run with everything needed to check and repeat it.
///
/// A ZIP archive (RO-Crate 1.1) with README, data, do-file, plans, tables, figures, log, evidence and hashes. The
/// same state of the job gives the same bytes, so the entity tag stays valid.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/capsule", tag = "artifacts", operation_id = "get_capsule",
    params(("job_id" = String, Path), CapsuleQuery),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"]),
        ("signed_link" = [])),
    responses((status = 200, content_type = "application/zip", body = String, description = "The archive."),
        (status = 304)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Query(query): Query<CapsuleQuery>,
    if_none_match: IfNoneMatch,
) -> Result<Response, ApiError> {
    let options =
        CapsuleOptions { data: query.data == DataChoice::Include, llm: query.llm == LlmChoice::Include };
    let capsule = MakeCapsule(&app.ctx).execute(&access.job, query.run_id.as_deref(), options).await?;
    let tag = format!("\"{}\"", capsule.tag);
    let etag = HeaderValue::from_str(&tag).expect("hexadecimal digits are a valid header");
    if if_none_match.hits(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let name = disposition(&capsule.file_name);
    let mut response = Response::new(body(capsule.into_stream(), app.ctx.pools.reads.clone()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::ETAG, etag);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Makes each piece when the reader has taken the one before; no thread waits for a slow reader.
fn body(stream: CapsuleStream, pool: Pool) -> Body {
    Body::from_stream(futures_util::stream::try_unfold(stream, move |mut stream| {
        let pool = pool.clone();
        async move {
            let made = pool.run(move || stream.next_chunk().map(|chunk| (chunk, stream))).await;
            let (chunk, stream) = made.map_err(std::io::Error::other)??;
            Ok::<_, std::io::Error>(chunk.map(|chunk| (Bytes::from(chunk), stream)))
        }
    }))
}
