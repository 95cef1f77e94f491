//! `GET /v1/openapi.json`: the document that is generated from the handlers.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

/// Adds the two kinds of bearer credentials.
pub struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        for name in ["job_token", "api_key"] {
            components.add_security_scheme(name, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        }
    }
}

/// Writes the document once.
pub fn serialise(mut document: OpenApi) -> Bytes {
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    // The router's wildcard is one plain parameter in the document.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    let mut document = serde_json::to_value(&document).expect("the document serialises to JSON");
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in paths.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            tell_refusals(responses);
        }
    }
    serde_json::to_vec_pretty(&document).expect("a JSON value serialises").into()
}

/// Refusals have a media type of their own, and every route may refuse for reasons that are not the route's: its
/// credential, a limit, a body that cannot be read, a store that is out.
fn tell_refusals(responses: &mut Map<String, Value>) {
    const PROBLEM: &str = "#/components/schemas/ProblemDocument";
    for response in responses.values_mut() {
        let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { continue };
        if content.get("application/json").is_some_and(|media| media["schema"]["$ref"] == PROBLEM)
            && let Some(media) = content.remove("application/json")
        {
            content.insert("application/problem+json".to_owned(), media);
        }
    }
    let any = json!({
        "description": "A refusal; `error_code` says which.",
        "content": {"application/problem+json": {"schema": {"$ref": PROBLEM}}},
    });
    responses.entry("default").or_insert(any);
}

/// Answers the document.
pub async fn serve(document: Bytes) -> Response {
    let mut response = document.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
