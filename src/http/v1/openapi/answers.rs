//! Parts common to responses: headers, texts of statuses, media types of files and streams, and error responses.

use serde_json::{Map, Value, json};

use super::Operation;
use super::refusals;
use crate::http::route::RouteFacts;

/// Adds the headers of answers that operations refer to.
pub(super) fn add_components(document: &mut Value) {
    let header = |schema: Value, example: Value, text: &str| json!({"schema": schema, "example": example, "description": text});
    let string = || json!({"type": "string"});
    document["components"]["headers"] = json!({
        "TraceId": header(json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
            json!("4bf92f3577b34da6a3ce929d0e0e4736"), "Id of the trace in responses, logs and records."),
        "RequestId": header(string(), json!("import-2026-01-15-7"), "The client's own id, or the trace id."),
        "RateLimitPolicy": header(string(), json!("\"credential\";q=200;w=2"),
            "The quotas that apply to this request."),
        "RateLimit": header(string(), json!("\"credential\";r=199;t=1"), "Remaining requests and time until the reset."),
        "ETag": header(string(), json!("\"v3\""), "Version of the job, or hash of the file."),
        "RetryAfter": header(json!({"type": "integer", "minimum": 0}), json!(1),
            "Seconds after which the request may be repeated."),
        "WwwAuthenticate": header(string(), json!("Bearer realm=\"stata-service\""), "How to authenticate."),
        "Allow": header(string(), json!("GET,HEAD"), "Methods of this path; with 405."),
        "IdempotencyReplayed": header(json!({"type": "string", "enum": ["true"]}), json!("true"),
            "The response was stored for this key and body."),
        "AcceptRanges": header(string(), json!("bytes"), "Parts of the file can be requested."),
        "ContentRange": header(string(), json!("bytes 0-1023/146515"), "Range of these bytes, and the size of the file."),
        "ContentDisposition": header(string(), json!("attachment; filename=\"main.log\""),
            "Name to store the file under."),
        "XAccelBuffering": header(string(), json!("no"), "Asks proxies not to hold events back."),
    });
}

fn named(names: &[(&str, &str)]) -> Map<String, Value> {
    let reference = |to: &str| json!({"$ref": format!("#/components/headers/{to}")});
    names.iter().map(|(name, to)| ((*name).to_owned(), reference(to))).collect()
}

/// Headers of every answer of a route.
pub(super) fn usual_headers(operation: &Operation<'_>) -> Map<String, Value> {
    let mut headers = named(&[("X-Trace-Id", "TraceId"), ("X-Request-Id", "RequestId")]);
    if operation.is_business() {
        headers.extend(named(&[("RateLimit-Policy", "RateLimitPolicy"), ("RateLimit", "RateLimit")]));
    }
    headers
}

/// Headers of a refusal with this status.
pub(super) fn refusal_headers(status: &str) -> Map<String, Value> {
    match status {
        "401" => named(&[("WWW-Authenticate", "WwwAuthenticate")]),
        "408" | "429" | "502" | "503" | "507" => retry_after(),
        "default" => named(&[("Allow", "Allow")]),
        _ => Map::new(),
    }
}

/// The header of responses that say when to come again.
pub(super) fn retry_after() -> Map<String, Value> {
    named(&[("Retry-After", "RetryAfter")])
}

/// Completes an operation's answers.
pub(super) fn complete(operation: &mut Operation<'_>, schemas: &Value) {
    let usual = usual_headers(operation);
    let RouteFacts { tagged, retry_after, ranges, download, .. } = operation.facts;
    let post = operation.method == "post";
    let responses = operation.value.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    for (status, response) in responses.iter_mut().filter(|(status, _)| status.as_str() < "400") {
        if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] = json!(words(status, response, schemas));
        }
        let mut headers = usual.clone();
        if tagged && !(retry_after && status == "202") {
            headers.extend(named(&[("ETag", "ETag")]));
        }
        if post {
            headers.extend(named(&[("Idempotency-Replayed", "IdempotencyReplayed")]));
        }
        if retry_after && status == "202" {
            headers.extend(self::retry_after());
        }
        if download && status != "304" {
            headers.extend(named(&[
                ("Accept-Ranges", "AcceptRanges"),
                ("Content-Disposition", "ContentDisposition"),
            ]));
        }
        if ranges && status == "206" {
            headers.extend(named(&[("Content-Range", "ContentRange")]));
        }
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        for (media_type, media) in content.into_iter().flatten() {
            match media_type.as_str() {
                "*/*" | "application/zip" => media["schema"] = json!({"type": "string", "format": "binary"}),
                "text/event-stream" => headers.extend(named(&[("X-Accel-Buffering", "XAccelBuffering")])),
                _ => {}
            }
        }
        response["headers"] = Value::Object(headers);
    }
    for (status, response) in refusals::of(operation) {
        let responses = operation.value["responses"].as_object_mut().expect("made above");
        // a route may return its own document with such a status: health
        responses.entry(status).or_insert(response);
    }
    let unavailable = operation.value["responses"].get_mut("503");
    if let Some(response) = unavailable.filter(|response| response.get("headers").is_none()) {
        response["headers"] = Value::Object(usual);
        response["description"] = json!("Not ready, or draining; the checks have the reasons.");
    }
}

/// The text of a success: that of its schema, or of its status.
fn words(status: &str, response: &Value, schemas: &Value) -> String {
    let of_status = match status {
        "202" => "Accepted; the work continues in the background.",
        "204" => "Done; no content.",
        "206" => "The part requested by `Range`.",
        "304" => "Not modified since the client's `If-None-Match`.",
        _ => "Done.",
    };
    let reference = response["content"]["application/json"]["schema"]["$ref"].as_str();
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    let text = name.and_then(|name| schemas[name]["description"].as_str());
    text.unwrap_or(of_status).to_owned()
}
