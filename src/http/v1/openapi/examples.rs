//! Examples of requests, answers and refusals. They were recorded from this service; a test sends the requests again
//! and compares the answers with their schemas.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::{Operation, refusals};
use crate::domain::error::ErrorCode;

/// By operation: `request` (the body) and `answers` (by status and media type).
static EXAMPLES: LazyLock<Value> = LazyLock::new(|| read(include_str!("examples.json")));

/// By code, or code and status where the status is not the usual one.
static PROBLEMS: LazyLock<Value> = LazyLock::new(|| read(include_str!("problems.json")));

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("the files of examples are JSON; a test reads them")
}

/// Adds an operation's examples.
pub fn complete(operation: &mut Operation<'_>) {
    let own = &EXAMPLES[&operation.id];
    for media_type in ["application/json", "multipart/form-data"] {
        let body = operation.value.get_mut("requestBody").and_then(|body| body.get_mut("content"));
        let body = body.and_then(|content| content.get_mut(media_type));
        if let (Some(body), Some(request)) = (body, own.get("request")) {
            body["example"] = request.clone();
        }
    }
    for (status, media) in own["answers"].as_object().into_iter().flatten() {
        for (media_type, example) in media.as_object().into_iter().flatten() {
            let response = operation.value.get_mut("responses").and_then(|all| all.get_mut(status));
            let content = response.and_then(|response| response.get_mut("content"));
            if let Some(content) = content.and_then(|content| content.get_mut(media_type)) {
                content["example"] = example.clone();
            }
        }
    }
}

/// The refusals, as components.
pub fn problems() -> Value {
    let mut components = Map::new();
    for (name, value) in PROBLEMS.as_object().into_iter().flatten() {
        let code = name.split('.').next().and_then(ErrorCode::parse);
        let summary = code.map(refusals::meaning).unwrap_or_default();
        components.insert(name.clone(), json!({"summary": summary, "value": value}));
    }
    Value::Object(components)
}
