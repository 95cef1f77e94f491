//! Which error codes an operation can answer: those of its kind (credential, body, job, write) and its own. The tests
//! compare every refusal that they meet with what is said here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Operation, answers};
use crate::domain::error::ErrorCode;
use crate::domain::error::ErrorCode::*;
use crate::http::error::{status_of, unusual_status};

/// Codes of no operation: the path or its method is unknown.
const OF_NO_ROUTE: &[ErrorCode] = &[RouteNotFound, MethodNotAllowed];

/// Codes that a route of this kind answers.
fn of_kind(operation: &Operation<'_>) -> Vec<ErrorCode> {
    let mut codes = vec![InternalError, UriTooLong, HeadersTooLarge];
    if operation.is_business() {
        codes.extend([ServiceNotReady, ServiceShuttingDown, RateLimited]);
    }
    if operation.is_protected() {
        codes.extend([AuthBearerTokenMissing, AuthBearerTokenInvalid, AuthTokenInvalid, AuthTokenForbidden]);
        // the tenant of the header is another one than the credential's
        codes.extend([TenantIdUnsafe, JobNotFound, StoreUnavailable, JobCorrupt, JobSchemaNewer]);
    }
    if operation.facts.tenant_header {
        codes.extend([TenantIdUnsafe, StoreUnavailable]);
    }
    if operation.is_of_job() && !operation.facts.without_content {
        // its files may be in an object store that does not answer
        codes.extend([JobGone, DependencyUnavailable]);
    }
    let parameters = operation.value.get("parameters").and_then(Value::as_array);
    let reads = parameters.into_iter().flatten().any(|parameter| {
        let named = |name: &str| parameter["$ref"].as_str().is_some_and(|to| to.ends_with(name));
        parameter["in"] == "query"
            || parameter["in"] == "path"
            || named("/ifMatch")
            || named("/idempotencyKey")
            || parameter["name"] == "Last-Event-ID"
    });
    if reads {
        codes.push(InputValidationFailed);
    }
    if operation.value.contains_key("requestBody") {
        codes.push(InputValidationFailed);
    }
    if operation.has_json_body() {
        codes.extend([PayloadTooLarge, UnsupportedMediaType, RequestTimeout]);
    }
    if operation.method == "post" {
        codes.extend([IdempotencyKeyReused, IdempotencyInProgress, StoreUnavailable]);
    }
    if operation.facts.secret {
        codes.push(IdempotencySecretNotReplayable);
    }
    if operation.facts.writes(operation.method) && operation.is_business() {
        codes.extend([StorageFull, StoreUnavailable, JobVersionConflict]);
    }
    codes
}

/// Every status with which an operation refuses, with the codes.
fn codes_of(operation: &Operation<'_>) -> BTreeMap<u16, BTreeSet<ErrorCode>> {
    let own = operation.facts.refusals;
    let mut by_status: BTreeMap<u16, BTreeSet<ErrorCode>> = BTreeMap::new();
    for code in own.iter().copied().flatten().copied().chain(of_kind(operation)) {
        let usual = status_of(code).as_u16();
        by_status.entry(usual).or_default().insert(code);
        if let Some(other) = unusual_status(code) {
            by_status.entry(other.as_u16()).or_default().insert(code);
        }
    }
    let states_version = operation.value.get("parameters").and_then(Value::as_array).is_some_and(|list| {
        list.iter().any(|parameter| parameter["$ref"] == "#/components/parameters/ifMatch")
    });
    if !states_version {
        by_status.remove(&412);
    }
    by_status
}

/// The refusals of an operation, as responses by status.
pub(super) fn of(operation: &Operation<'_>) -> Vec<(String, Value)> {
    let usual = answers::usual_headers(operation);
    let mut all: Vec<(String, Value)> = codes_of(operation)
        .into_iter()
        .map(|(status, codes)| {
            let codes: Vec<ErrorCode> = codes.into_iter().collect();
            let mut headers = usual.clone();
            if codes.contains(&IdempotencyInProgress)
                || operation.facts.retry_after && codes.contains(&InputsMissing)
            {
                headers.extend(answers::retry_after());
            }
            (status.to_string(), response(status, &codes, headers))
        })
        .collect();
    all.push(("default".to_owned(), response(0, OF_NO_ROUTE, usual)));
    all
}

/// `status` 0 stands for refusals of no operation.
fn response(status: u16, codes: &[ErrorCode], mut headers: Map<String, Value>) -> Value {
    let key = if status == 0 { "default".to_owned() } else { status.to_string() };
    headers.extend(answers::refusal_headers(&key));
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let lines = codes.iter().map(|code| format!("- `{}`: {}", code.as_str(), meaning(*code)));
    let description = lines.collect::<Vec<_>>().join("\n");
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            let usual = status == 0 || status_of(*code).as_u16() == status;
            let name = if usual { code.as_str().to_owned() } else { format!("{}.{status}", code.as_str()) };
            (code.as_str().to_owned(), json!({"$ref": format!("#/components/examples/{name}")}))
        })
        .collect();
    json!({
        "description": description,
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"allOf": [
                {"$ref": "#/components/schemas/ProblemDocument"},
                {"type": "object", "properties": {"error_code": {"enum": names}}},
            ]},
            "examples": examples,
        }},
    })
}

/// The sentence of `docs/errors.md` on a code.
pub(super) fn meaning(code: ErrorCode) -> String {
    const PAGES: &str = include_str!("../../../../docs/errors.md");
    let heading = format!("\n## {}\n", code.as_str());
    let section = PAGES.split_once(&heading).map(|(_, rest)| rest).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let text = section.split("\nWhat to do:").next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let (_, after) = text.split_once(". ").unwrap_or(("", &text));
    after.to_owned()
}

/// Refusals that several operations share stand once in the document.
#[derive(Default)]
pub(super) struct Shared {
    /// By the text of the response: how often, and its name once it has one.
    seen: BTreeMap<String, (usize, Option<String>)>,
    components: Map<String, Value>,
    named: BTreeMap<String, usize>,
}

impl Shared {
    fn refusals<'a>(operation: &'a mut Operation<'_>) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
        let responses = operation.value.get_mut("responses").and_then(Value::as_object_mut);
        let all = responses.into_iter().flatten();
        all.filter(|(_, response)| response["content"]["application/problem+json"].is_object())
    }

    /// Counts the refusals of an operation.
    pub(super) fn count(&mut self, operation: &mut Operation<'_>) {
        for (_, response) in Self::refusals(operation) {
            self.seen.entry(response.to_string()).or_default().0 += 1;
        }
    }

    /// Replaces shared refusals by references.
    pub(super) fn refer(&mut self, operation: &mut Operation<'_>) {
        for (status, response) in Self::refusals(operation) {
            let Some((times, name)) = self.seen.get_mut(&response.to_string()) else { continue };
            if *times < 2 {
                continue;
            }
            let name = name.get_or_insert_with(|| {
                let number = self.named.entry(status.clone()).or_default();
                *number += 1;
                let name = format!("Refused_{status}_{number}");
                self.components.insert(name.clone(), response.clone());
                name
            });
            *response = json!({"$ref": format!("#/components/responses/{name}")});
        }
    }

    /// The shared refusals by name.
    pub(super) fn into_components(self) -> Value {
        Value::Object(self.components)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_meaning() {
        for code in ErrorCode::ALL {
            let text = meaning(*code);
            assert!(text.len() > 15 && text.ends_with('.'), "{}: {text}", code.as_str());
        }
    }
}
