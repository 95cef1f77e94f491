//! `GET /v1/openapi.json`: the document that is generated from the handlers, with what all of them share: the frame
//! and the credentials (here), request headers (`requests`), answers and refusals (`answers`, `refusals`), the words
//! for fields (`fields`) and real examples (`examples`).

mod answers;
mod examples;
mod fields;
pub mod groups;
mod refusals;
mod requests;

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::domain::canonical::sha256_hex;
use crate::http::extract::headers::IfNoneMatch;
use crate::http::route::{FactsByOperation, RouteFacts};
use crate::http::router::routes;
use crate::http::versions::Versions;

/// The document, its text and the text's entity tag.
struct Document {
    value: Value,
    text: Bytes,
    tag: String,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let value = complete();
    let text: Bytes = serde_json::to_vec_pretty(&value).expect("a JSON value serialises").into();
    let tag = format!("\"{}\"", &sha256_hex(&text)[..32]);
    Document { value, text, tag }
});

/// The whole document.
pub fn document() -> &'static Value {
    &DOCUMENT.value
}

/// The facts of `get_openapi`.
pub const GET_FACTS: RouteFacts = RouteFacts { if_none_match: true, tagged: true, ..RouteFacts::NONE };

/// Returns the OpenAPI 3.1 document.
///
/// Generated from the handlers of this service: every route, field, status and error code. `GET /v1/docs` shows it
/// as a page.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "library", operation_id = "get_openapi",
    responses((status = 200, content_type = "application/json", body = serde_json::Value,
        description = "The document."), (status = 304)))]
pub async fn get(none_match: IfNoneMatch) -> Response {
    let mut response = if none_match.hits(&DOCUMENT.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = DOCUMENT.text.clone().into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    };
    let tag = HeaderValue::from_str(&DOCUMENT.tag).expect("hexadecimal digits are a valid header");
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// One operation while the document is completed.
struct Operation<'a> {
    id: String,
    method: &'a str,
    path: &'a str,
    value: &'a mut Map<String, Value>,
    facts: RouteFacts,
}

impl Operation<'_> {
    /// True for a route that reads a credential.
    fn is_protected(&self) -> bool {
        self.value.get("security").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    }

    /// True for a route of one job.
    fn is_of_job(&self) -> bool {
        ["{job_id}", "{upload_session_id}"].iter().any(|part| self.path.contains(part))
    }

    /// True for a business route: limits, gate and versions hold for it.
    fn is_business(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    fn has_json_body(&self) -> bool {
        self.value.get("requestBody").is_some_and(|body| body["content"]["application/json"].is_object())
    }
}

fn complete() -> Value {
    let (api, facts) = routes().into_description();
    let mut document = serde_json::to_value(&api).expect("the document serialises to JSON");
    // The router's wildcard is one plain parameter in the document.
    let paths = std::mem::take(&mut document["paths"]);
    let Value::Object(paths) = paths else { return document };
    document["paths"] = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    frame(&mut document);
    fields::describe(&mut document);
    requests::add_components(&mut document);
    answers::add_components(&mut document);
    let schemas = document["components"]["schemas"].take();
    let mut shared = refusals::Shared::default();
    each_operation(&mut document, &facts, |operation| {
        requests::complete(operation);
        answers::complete(operation, &schemas);
        examples::complete(operation);
    });
    each_operation(&mut document, &facts, |operation| shared.count(operation));
    each_operation(&mut document, &facts, |operation| shared.refer(operation));
    document["components"]["schemas"] = schemas;
    document["components"]["responses"] = shared.into_components();
    document["components"]["examples"] = examples::problems();
    Versions::served().mark(&mut document);
    document
}

fn each_operation(
    document: &mut Value,
    facts: &FactsByOperation,
    mut change: impl FnMut(&mut Operation<'_>),
) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, value) in item.as_object_mut().into_iter().flatten() {
            let Some(value) = value.as_object_mut() else { continue };
            let id = value.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
            let facts = *facts.get(&id).expect("every route is added with its facts");
            change(&mut Operation { id, method, path, value, facts });
        }
    }
}

fn frame(document: &mut Value) {
    document["info"] = json!({
        "title": "stata-service",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Empirical analyses: a question and data in, a frozen plan, a real run, checkable numbers out.",
        "description": include_str!("intro.md"),
        "license": {"name": "MIT", "identifier": "MIT"},
    });
    // relative to this document's own address, so that a prefix of a proxy is kept
    document["servers"] = json!([{"url": "..", "description": "the service that served this document"}]);
    document["tags"] = json!([
        {"name": "jobs", "description": "Redeem a task code, read, follow, change, run, cancel and remove a job."},
        {"name": "inputs", "description": "Upload data at once or in sessions, preview them, choose sheets."},
        {"name": "drafts", "description": "Submit the analysis, or let a model draft it, and change it."},
        {"name": "plans", "description": "Preview, freeze and revise the plan of a run."},
        {"name": "runs", "description": "Attempts with their verdicts, logs, renderings and interpretations."},
        {"name": "artifacts", "description": "Every file that a job published."},
        {"name": "batches", "description": "Several specifications on the inputs of one job, each with its plan and run."},
        {"name": "comparisons", "description": "Runs side by side, and the specification curve of a term."},
        {"name": "webhooks", "description": "Events of jobs sent to other services: endpoints, secrets, deliveries."},
        {"name": "library", "description": "Features of this service: templates, capabilities, this document."},
        {"name": "console", "description": "The web console."},
        {"name": "admin", "description": "Keys, codes, jobs, tenants, audit and the state of the system."},
        {"name": "health", "description": "For orchestrators and scrapers."},
    ]);
    let bearer = |format: &str, text: &str| json!({"type": "http", "scheme": "bearer", "bearerFormat": format, "description": text});
    document["components"]["securitySchemes"] = json!({
        "job_token": bearer("ssv1.<job_id>.<secret>",
            "The token from the redeem response: everything on that one job."),
        "api_key": bearer("ssk_<id>_<secret>",
            "An API key of a tenant; each operation names the roles that it takes. Sessions of the admin login \
             (`sss_…`) and personal tokens (`ssp_…`) work as keys of the role `admin`."),
        "signed_link": {"type": "apiKey", "in": "query", "name": "signature",
            "description": "Of a URL that the service signed (`links`, `upload-sessions`), with `expires`: opens \
                            that one path for a while, for clients that cannot send a header."},
    });
}
