//! `job.json`: the readable copy of a job's record, with its integrity mark and without secrets.

use serde_json::{Value, json};

use crate::domain::canonical::sha256_of;
use crate::domain::job::JobRecord;

/// Returns the text of `job.json`: the record without secrets, and `_integrity` with the sequence of the
/// commit that wrote it and the SHA-256 of the canonical JSON of everything else.
pub fn render(job: &JobRecord, sequence: u64) -> String {
    let mut value = serde_json::to_value(job).expect("job records serialise to JSON");
    if let Some(token) = value.get_mut("token").and_then(Value::as_object_mut) {
        token.remove("secret_sha256");
    }
    let sha256 = sha256_of(&value);
    if let Some(members) = value.as_object_mut() {
        members.insert("_integrity".to_owned(), json!({"sequence": sequence, "sha256": sha256}));
    }
    let mut text = serde_json::to_string_pretty(&value).expect("values serialise to JSON");
    text.push('\n');
    text
}
