//! `GET /v1/openapi.json`: the document that is generated from the handlers.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
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
    document.to_pretty_json().expect("the document serialises to JSON").into()
}

/// Answers the document.
pub async fn serve(document: Bytes) -> Response {
    let mut response = document.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
