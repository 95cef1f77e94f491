//! Parts common to requests: headers that many routes read, texts of parameters, bodies that are bytes.

use serde_json::{Value, json};

use super::Operation;

/// Texts for parameters without their own.
const WORDS: &[(&str, &str)] = &[
    ("asset", "Name of the file, as used by the page."),
    ("batch_id", "Id of the batch, from the response that created it or from the list."),
    ("client_ref", "Jobs with this reference of the client."),
    ("code_id", "Id of the task code, from the response that created it or from the list."),
    ("created_after", "Jobs created after this time (RFC 3339)."),
    ("created_before", "Jobs created before this time (RFC 3339)."),
    ("cursor", "`next_cursor` of the page before; absent for the first page."),
    ("delivery_id", "Id of the delivery, from the log of the webhook."),
    ("dataset_key", "Key of a data set of the job, from the response of the upload: `main`, `data_2` …"),
    ("expires", "Of a signed link: its expiry, in seconds since 1970."),
    ("family", "Templates of this family: `linear`, `panel`, `tests` …"),
    ("header_row", "Row of the column names, counted from 1."),
    ("job_id", "Id of the job, from the redeem response."),
    ("key_id", "Id of the API key, from the response that created it or from the list."),
    ("Last-Event-ID", "Id of the last event received; the stream continues after it."),
    ("part_number", "Number of the part, counted from 1."),
    ("rel_path", "Path of the file as listed, with its slashes: `artifacts/plan.json`."),
    ("run_id", "Id of the attempt, from the list of runs."),
    ("sheet_name", "Name of the sheet, from `sheet_names` of the preview."),
    ("status", "Jobs in this status."),
    ("template_id", "Id of the template, from the list: `linear.ols_robust`."),
    ("tenant_id", "Id of the tenant: 1 to 64 letters, digits, `-` or `_`."),
    ("token_id", "Id of the personal token, from the response that created it or from the list."),
    ("upload_session_id", "Id of the upload session, from the response that opened it."),
    ("webhook_id", "Id of the webhook, from the response that created it or from the list."),
];

/// Adds the headers that operations refer to.
pub(super) fn add_components(document: &mut Value) {
    let header = |name: &str, schema: Value, example: &str, text: &str| {
        json!({"name": name, "in": "header", "required": false, "schema": schema, "example": example,
               "description": text})
    };
    let string = || json!({"type": "string"});
    document["components"]["parameters"] = json!({
        "traceparent": header("traceparent",
            json!({"type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"}),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "W3C trace context; its trace id is continued and returned in `X-Trace-Id`."),
        "requestId": header("X-Request-Id", json!({"type": "string", "maxLength": 128}), "import-2026-01-15-7",
            "The client's own id of this request; echoed."),
        "tenant": header("X-SS-Tenant-ID",
            json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}), "default",
            "The tenant. Must agree with the credential's; without a credential the default is `default`."),
        "idempotencyKey": header("Idempotency-Key", json!({"type": "string", "minLength": 1, "maxLength": 255}),
            "9f0c7a52-5a0c-4d7e-9d55-0a8f3c0f6a11",
            "The same key and body get the same response for 24 hours, also after a restart."),
        "ifMatch": header("If-Match", string(), "\"v3\"",
            "Entity tag of the version to change; another version returns 412."),
        "ifNoneMatch": header("If-None-Match", string(), "\"v3\"",
            "Entity tag of the client's copy; 304 if it is still current."),
        "range": header("Range", string(), "bytes=0-1023", "One range of bytes; the response is 206."),
        "ifRange": header("If-Range", string(), "\"5f2b\u{2026}\"",
            "Entity tag of the client's partial copy; if the file has changed, all of it is returned."),
    });
}

/// Adds to an operation the headers that it reads and words for what has none.
pub(super) fn complete(operation: &mut Operation<'_>) {
    let mut names = vec!["traceparent", "requestId"];
    if operation.is_protected() || operation.facts.tenant_header {
        names.push("tenant");
    }
    if operation.method == "post" {
        names.push("idempotencyKey");
    }
    if operation.facts.if_match {
        names.push("ifMatch");
    }
    if operation.facts.if_none_match {
        names.push("ifNoneMatch");
    }
    if operation.facts.ranges {
        names.extend(["range", "ifRange"]);
    }
    if !operation.is_protected() {
        // said, not left out: the route needs no credential
        operation.value.insert("security".to_owned(), json!([]));
    }
    let parameters = operation.value.entry("parameters").or_insert_with(|| json!([]));
    let Some(parameters) = parameters.as_array_mut() else { return };
    for parameter in parameters.iter_mut() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let word = WORDS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        if let (true, Some(word)) = (parameter["description"].is_null(), word) {
            parameter["description"] = json!(word);
        }
    }
    parameters
        .extend(names.into_iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
    if let Some(body) = operation.value.get_mut("requestBody") {
        body_words(body);
    }
}

/// Bodies of bytes are no arrays of numbers.
fn body_words(body: &mut Value) {
    if body["description"].is_null() {
        body["description"] = json!("Unknown fields are refused by name.");
    }
    let bytes = body.get_mut("content").and_then(|content| content.get_mut("application/octet-stream"));
    if let Some(bytes) = bytes {
        bytes["schema"] = json!({"type": "string", "format": "binary"});
        body["description"] = json!("The bytes.");
    }
    if body["content"].get("multipart/form-data").is_some() {
        body["description"] = json!(
            "Parts `file`, `role` and `filename`, each as often as there are files, in the same order."
        );
    }
}
