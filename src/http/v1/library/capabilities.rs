//! `GET /v1/capabilities`: public.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::bundle::MULTIPART_THRESHOLD;
use crate::domain::job::record::DataSharing;
use crate::domain::trial::TrialTerms;
use crate::http::extract::body::Json;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::plan::formats::all_formats;
use crate::http::versions::{Notice, Versions};

/// Features of this service.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Capabilities {
    version: String,
    /// `stata` or `open`.
    engine: String,
    llm: Llm,
    upload: Upload,
    /// Bounds of trials without a task code; null where none are offered.
    trial: Option<TrialTerms>,
    output_formats: Vec<String>,
    run_timeout_seconds: u64,
    languages: Vec<String>,
    /// Versions of the interface with their state.
    api_versions: Vec<ApiVersion>,
}

/// A version of the interface.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ApiVersion {
    /// Beginning of its paths.
    prefix: String,
    /// `current` or `deprecated`.
    state: &'static str,
    /// Time of its deprecation (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecated_at: Option<DateTime<Utc>>,
    /// Earliest time of its removal (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    sunset_at: Option<DateTime<Utc>>,
}

fn api_versions() -> Vec<ApiVersion> {
    let served = Versions::served();
    let told = served.states().map(|(prefix, notice)| ApiVersion {
        prefix: prefix.to_owned(),
        state: if notice.is_some() { "deprecated" } else { "current" },
        deprecated_at: notice.map(Notice::since),
        sunset_at: notice.map(Notice::sunset),
    });
    told.collect()
}

/// The language model.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Llm {
    configured: bool,
    data_sharing_max: DataSharing,
}

/// Uploads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Upload {
    max_bytes: u64,
    formats: Vec<String>,
    /// Size from which multipart sessions are used; absent if there are none.
    multipart_threshold: Option<u64>,
}

/// The facts of `get_capabilities`.
pub const FACTS: RouteFacts = RouteFacts::NONE;

/// Lists the features of this service.
///
/// Needs no credential: the engine, whether a model is configured, accepted uploads, available formats.
#[utoipa::path(get, path = "/v1/capabilities", tag = "library", operation_id = "get_capabilities",
    responses((status = 200, body = Capabilities)))]
pub async fn handler(State(app): State<App>) -> Json<Capabilities> {
    let options = &app.ctx.options;
    Json(Capabilities {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: options.engine_kind.clone(),
        llm: Llm { configured: app.ctx.model.is_some(), data_sharing_max: DataSharing::Samples },
        upload: Upload {
            max_bytes: options.upload_max_bytes,
            formats: ["csv", "xlsx", "xls", "dta"].map(str::to_owned).to_vec(),
            multipart_threshold: Some(MULTIPART_THRESHOLD),
        },
        trial: app.ctx.trials.as_ref().map(|trials| trials.terms().clone()),
        output_formats: all_formats().into_iter().map(str::to_owned).collect(),
        run_timeout_seconds: options.run_timeout_seconds,
        languages: vec!["en".to_owned(), "zh".to_owned()],
        api_versions: api_versions(),
    })
}
