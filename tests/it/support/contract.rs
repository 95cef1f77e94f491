//! Compares every answer that a test reads with the OpenAPI document: the status is documented for the operation, the
//! error code is listed with it, the body is as its schema says and names no other field, the headers are there.

use std::sync::LazyLock;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde_json::Value;
use stata_service::http::v1::openapi::document;

use super::schema::faults;

/// Headers that an answer carries only where the document says so.
const TOLD: &[&str] = &[
    "etag",
    "retry-after",
    "www-authenticate",
    "allow",
    "idempotency-replayed",
    "accept-ranges",
    "content-range",
    "content-disposition",
    "deprecation",
    "sunset",
    "location",
];

/// An operation and the segments of its path.
struct Route {
    method: Method,
    segments: Vec<&'static str>,
    operation: &'static Value,
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    for (path, item) in document()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method = method.to_uppercase().parse().expect("a method");
            routes.push(Route { method, segments: path.split('/').skip(1).collect(), operation });
        }
    }
    // a word counts before a parameter, as in the router
    routes.sort_by_key(|route| route.segments.iter().filter(|s| s.starts_with('{')).count());
    routes
});

fn operation_of(method: &Method, path: &str) -> Option<&'static Value> {
    let asked: Vec<&str> = path.split('/').skip(1).collect();
    let fits = |route: &&Route| {
        let rest = route.segments.last() == Some(&"{rel_path}");
        let long_enough =
            if rest { asked.len() >= route.segments.len() } else { asked.len() == route.segments.len() };
        let same = |(part, asked): (&&str, &&str)| {
            if part.starts_with('{') { !asked.is_empty() } else { part == asked }
        };
        route.method == *method && long_enough && route.segments.iter().zip(&asked).all(same)
    };
    ROUTES.iter().find(fits).map(|route| route.operation)
}

fn followed(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(target) => document().pointer(target.trim_start_matches('#')).expect("within the document"),
        None => value,
    }
}

/// Fails the test where an answer is not as the document says.
pub(crate) fn check(method: &Method, url: &Url, status: u16, headers: &HeaderMap, body: &[u8]) {
    let Some(operation) = operation_of(method, url.path()) else { return };
    let id = operation["operationId"].as_str().expect("an id");
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let code = parsed.as_ref().and_then(|body| body["error_code"].as_str()).unwrap_or_default();
    if kind == "application/problem+json" && code == "ROUTE_NOT_FOUND" {
        // a path with empty or undecodable segments
        return;
    }
    let responses = &operation["responses"];
    let at = format!("{method} {} ({id}) {status} {code}", url.path());
    let Some(response) = responses.get(status.to_string()) else {
        panic!("{at}: the document does not tell this status");
    };
    let response = followed(response);
    for name in TOLD.iter().filter(|name| headers.contains_key(**name)) {
        let told = response["headers"].as_object().into_iter().flatten();
        assert!(
            told.into_iter().any(|(told, _)| told.eq_ignore_ascii_case(name)),
            "{at}: {name} is not documented"
        );
    }
    if body.is_empty() {
        return;
    }
    let content = response["content"].as_object();
    let media = content.and_then(|content| content.get(kind).or_else(|| content.get("*/*")));
    let Some(media) = media else { panic!("{at}: {kind} is not documented") };
    if let (true, Some(body)) = (kind.ends_with("json") && media["schema"]["format"] != "binary", parsed) {
        let found = faults(document(), &media["schema"], &body);
        assert!(found.is_empty(), "{at}: {found:#?}\n{body}");
    }
}
