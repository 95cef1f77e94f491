//! Which error codes an operation can answer: those of its kind (credential, body, job, write) and its own. The tests
//! compare every refusal that they meet with what is said here.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Operation, answers};
use crate::domain::error::ErrorCode;
use crate::domain::error::ErrorCode::*;
use crate::http::error::status_of;

/// Codes of no operation: the path or its method is unknown.
const OF_NO_ROUTE: &[ErrorCode] = &[RouteNotFound, MethodNotAllowed];

/// Operations that are still answered when the job's content was removed.
const WITHOUT_CONTENT: &[&str] = &[
    "admin_cancel_job",
    "admin_get_job",
    "admin_list_artifacts",
    "delete_job",
    "get_artifact",
    "get_job",
    "get_run",
    "list_artifacts",
    "list_plans",
    "list_runs",
];

/// GET routes that write: they ask the model.
const WRITING_READS: &[&str] = &["preview_draft"];

/// Operations other than GET that change nothing.
const READING_WRITES: &[&str] = &["create_link", "preview_plan", "refresh_upload_urls"];

/// Operations that show a secret once.
const SECRETS: &[&str] =
    &["admin_login", "create_admin_token", "create_api_key", "create_task_codes", "rotate_api_key"];

const FILES: &[ErrorCode] = &[
    InputFormatUnsupported,
    InputFileNameForbidden,
    InputParseFailed,
    InputEmpty,
    InputTooLarge,
    InputEncodingInvalid,
    InputSheetNotFound,
    InputRoleInvalid,
];

const BINDING: &[ErrorCode] = &[
    ContractColumnNotFound,
    RoleUnused,
    ExpressionInvalid,
    TemplateNotFound,
    TemplateNotApplicable,
    DoTemplateSelectionInvalidTemplateId,
    InputsMissing,
    InputDatasetNotFound,
];

const FREEZE: &[ErrorCode] =
    &[PlanFreezeNotAllowed, PlanFreezeMissingRequired, PlanAlreadyFrozenConflict, JobIllegalTransition];

const MODEL: &[ErrorCode] = &[
    InputsMissing,
    LlmNotConfigured,
    LlmConfigInvalid,
    LlmDataSharingNone,
    LlmCallFailed,
    LlmResponseInvalid,
];

/// Codes of an operation beyond those of its kind. One that is missing here answers only those of its kind.
const OWN: &[(&str, &[&[ErrorCode]])] = &[
    ("admin_cancel_job", &[&[JobIllegalTransition]]),
    ("admin_login", &[&[AuthLoginFailed]]),
    (
        "admin_retry_job",
        &[&[JobIllegalTransition, PlanMissing, PlanOutdated, QuotaExceeded, DependencyUnavailable]],
    ),
    ("cancel_job", &[&[JobIllegalTransition]]),
    (
        "confirm_plan",
        &[FREEZE, BINDING, &[DraftConfirmBlocked, PlanOutdated, QuotaExceeded, DependencyUnavailable]],
    ),
    ("create_link", &[&[RunNotFound, RunNotSucceeded, ArtifactNotFound]]),
    ("delete_admin_token", &[&[AdminTokenNotFound]]),
    ("delete_job", &[&[RetentionHold, JobIllegalTransition]]),
    ("delete_task_code", &[&[TaskCodeNotFound]]),
    ("finalize_upload", &[FILES, &[UploadSessionNotFound, UploadSessionExpired, JobLocked, QuotaExceeded]]),
    ("freeze_plan", &[FREEZE, BINDING]),
    ("get_artifact", &[&[ArtifactNotFound, ArtifactPathUnsafe, ArtifactExpired, RangeNotSatisfiable]]),
    ("get_bundle", &[&[UploadSessionNotFound]]),
    ("get_capsule", &[&[RunNotFound, RunNotSucceeded, ArtifactExpired]]),
    ("get_docs_asset", &[&[RouteNotFound]]),
    ("get_plan", &[&[PlanMissing]]),
    ("get_run", &[&[RunNotFound]]),
    ("get_run_log", &[&[RunNotFound, ArtifactNotFound, ArtifactExpired, RangeNotSatisfiable]]),
    ("get_template", &[&[TemplateNotFound]]),
    ("interpret_results", &[MODEL, &[JobIllegalTransition]]),
    ("open_upload_session", &[&[UploadSessionNotFound, JobLocked]]),
    ("patch_draft", &[BINDING, &[DraftNotFound, JobLocked, JobIllegalTransition]]),
    ("patch_job", &[&[JobLocked]]),
    ("preview_draft", &[MODEL, &[InputDatasetNotFound, DraftNotFound]]),
    ("preview_inputs", &[FILES, &[InputsMissing, InputDatasetNotFound]]),
    ("preview_plan", &[FREEZE, BINDING]),
    ("put_part", &[&[UploadSessionNotFound, UploadSessionExpired, PayloadTooLarge, RequestTimeout]]),
    (
        "redeem_task_code",
        &[&[
            TaskCodeNotFound,
            TaskCodeInvalid,
            TaskCodeExpired,
            TaskCodeRevoked,
            TaskCodeRedeemConflict,
            QuotaExceeded,
        ]],
    ),
    ("refresh_upload_urls", &[&[UploadSessionNotFound, UploadSessionExpired]]),
    ("render_run", &[&[RunNotFound, RunNotSucceeded, RenderingFailed]]),
    ("request_draft", &[MODEL, &[JobLocked]]),
    ("revise_plan", &[&[JobIllegalTransition, PlanMissing, QuotaExceeded]]),
    ("revoke_admin_token", &[&[AdminTokenNotFound]]),
    ("revoke_api_key", &[&[ApiKeyNotFound]]),
    ("revoke_task_code", &[&[TaskCodeNotFound]]),
    ("rotate_api_key", &[&[ApiKeyNotFound]]),
    ("run_job", &[&[JobIllegalTransition, PlanMissing, PlanOutdated, QuotaExceeded, DependencyUnavailable]]),
    ("select_dataset_sheet", &[FILES, &[InputsMissing, InputDatasetNotFound, JobLocked]]),
    ("select_primary_sheet", &[FILES, &[InputsMissing, JobLocked]]),
    (
        "state_bundle",
        &[&[
            InputFormatUnsupported,
            InputFileNameForbidden,
            InputEmpty,
            InputTooLarge,
            InputRoleInvalid,
            JobLocked,
            QuotaExceeded,
        ]],
    ),
    ("state_draft", &[BINDING, &[DraftNotFound, JobLocked, JobIllegalTransition]]),
    ("system_reload", &[&[ConfigReloadFailed]]),
    (
        "upload_inputs",
        &[FILES, &[UnsupportedMediaType, RequestTimeout, PayloadTooLarge, JobLocked, QuotaExceeded]],
    ),
];

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
    if operation.is_in(&["admin_login", "redeem_task_code"]) {
        codes.extend([TenantIdUnsafe, StoreUnavailable]);
    }
    if operation.is_of_job() && !operation.is_in(WITHOUT_CONTENT) {
        codes.push(JobGone);
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
        codes.extend([IdempotencyKeyReused, StoreUnavailable]);
    }
    if operation.is_in(SECRETS) {
        codes.push(IdempotencySecretNotReplayable);
    }
    let writes = operation.method != "get" && !operation.is_in(READING_WRITES);
    if (writes || operation.is_in(WRITING_READS)) && operation.is_business() {
        codes.extend([StorageFull, StoreUnavailable, JobVersionConflict]);
    }
    codes
}

/// Every status with which an operation refuses, with the codes.
fn codes_of(operation: &Operation<'_>) -> BTreeMap<u16, BTreeSet<ErrorCode>> {
    let own = OWN.iter().find(|(id, _)| *id == operation.id).map_or(&[][..], |(_, groups)| groups);
    let mut by_status: BTreeMap<u16, BTreeSet<ErrorCode>> = BTreeMap::new();
    for code in own.iter().copied().flatten().copied().chain(of_kind(operation)) {
        let usual = status_of(code).as_u16();
        by_status.entry(usual).or_default().insert(code);
        let other = match code {
            JobVersionConflict => Some(StatusCode::PRECONDITION_FAILED),
            QuotaExceeded => Some(StatusCode::CONFLICT),
            _ => None,
        };
        if let Some(other) = other {
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
pub fn of(operation: &Operation<'_>) -> Vec<(String, Value)> {
    let usual = answers::usual_headers(operation);
    let mut all: Vec<(String, Value)> = codes_of(operation)
        .into_iter()
        .map(|(status, codes)| {
            let codes: Vec<ErrorCode> = codes.into_iter().collect();
            (status.to_string(), response(status, &codes, usual.clone()))
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
pub fn meaning(code: ErrorCode) -> String {
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
pub struct Shared {
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
    pub fn count(&mut self, operation: &mut Operation<'_>) {
        for (_, response) in Self::refusals(operation) {
            self.seen.entry(response.to_string()).or_default().0 += 1;
        }
    }

    /// Replaces shared refusals by references.
    pub fn refer(&mut self, operation: &mut Operation<'_>) {
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
    pub fn into_components(self) -> Value {
        Value::Object(self.components)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_and_every_entry_is_an_operation() {
        for code in ErrorCode::ALL {
            let text = meaning(*code);
            assert!(text.len() > 15 && text.ends_with('.'), "{}: {text}", code.as_str());
        }
        let document = crate::http::v1::openapi::document().to_string();
        let lists = [WITHOUT_CONTENT, WRITING_READS, READING_WRITES, SECRETS].concat();
        for id in OWN.iter().map(|(id, _)| *id).chain(lists) {
            assert!(document.contains(&format!("\"operationId\":\"{id}\"")), "{id} is no operation");
        }
    }
}
