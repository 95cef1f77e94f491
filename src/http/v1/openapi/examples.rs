//! Examples of requests, answers and refusals. They were recorded from this service; a test sends the requests again
//! and compares the answers with their schemas.

use std::sync::LazyLock;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Operation, refusals};
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::{ProblemDocument, status_of, unusual_status};

/// By operation: `request` (the body) and `answers` (by status and media type).
static EXAMPLES: LazyLock<Value> = LazyLock::new(|| read(include_str!("examples.json")));

/// The parts of a refusal that its code does not give, by code, or code and status where the status is not the
/// usual one.
static PROBLEMS: LazyLock<Value> = LazyLock::new(|| read(include_str!("problems.json")));

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("the files of examples are JSON; a test reads them")
}

/// Adds an operation's examples.
pub(super) fn complete(operation: &mut Operation<'_>) {
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

/// Trace id of the examples.
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Returns an example of every refusal, as components: one of each code, and one of each code with an unusual status.
pub(super) fn problems() -> Value {
    let mut components = Map::new();
    for code in ErrorCode::ALL {
        let statuses = std::iter::once(status_of(*code)).chain(unusual_status(*code));
        for (index, status) in statuses.enumerate() {
            let suffix = if index == 0 { String::new() } else { format!(".{}", status.as_u16()) };
            let name = format!("{}{suffix}", code.as_str());
            let value = problem(&name, *code, status);
            components.insert(name, json!({"summary": refusals::meaning(*code), "value": value}));
        }
    }
    Value::Object(components)
}

/// The recorded refusal; a code without one is shown with its meaning as the detail.
fn problem(name: &str, code: ErrorCode, status: StatusCode) -> ProblemDocument {
    let recorded = &PROBLEMS[name];
    let detail = recorded["detail"].as_str().map_or_else(|| refusals::meaning(code), str::to_owned);
    let mut problem = Problem::new(code, detail);
    problem.context = recorded["context"].as_object().cloned().unwrap_or_default();
    problem.retry_after_seconds = recorded["retry_after_seconds"].as_u64();
    ProblemDocument::new(&problem, status, TRACE_ID, recorded["instance"].as_str().unwrap_or("/v1/jobs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_refusal_is_shown() {
        let shown = problems();
        for name in PROBLEMS.as_object().expect("an object").keys() {
            assert!(shown[name].is_object(), "{name} is no code, or has another status");
        }
    }

    #[test]
    fn a_code_without_a_recorded_refusal_has_an_example() {
        let made = problem("NO_RECORD", ErrorCode::JobNotFound, StatusCode::NOT_FOUND);
        assert_eq!(made.detail, refusals::meaning(ErrorCode::JobNotFound));
        assert_eq!((made.status, made.error_code.as_str()), (404, "JOB_NOT_FOUND"));
    }
}
