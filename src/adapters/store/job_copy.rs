//! `job.json`: the readable copy of a job's record, with its integrity mark and without secrets.

use serde_json::{Value, json};

use crate::domain::canonical::{canonical_value, sha256_hex};
use crate::domain::job::JobRecord;

/// Returns the text of `job.json`: the record without secrets, and `_integrity` with the sequence of the
/// commit that wrote it and the SHA-256 of the canonical JSON of everything else.
pub fn render(job: &JobRecord, sequence: u64) -> String {
    let mut value = serde_json::to_value(job).expect("job records serialise to JSON");
    if let Some(token) = value.get_mut("token").and_then(Value::as_object_mut) {
        token.remove("secret_sha256");
    }
    let sha256 = sha256_hex(canonical_value(&value));
    if let Some(members) = value.as_object_mut() {
        members.insert("_integrity".to_owned(), json!({"sequence": sequence, "sha256": sha256}));
    }
    let mut text = serde_json::to_string_pretty(&value).expect("values serialise to JSON");
    text.push('\n');
    text
}

/// A `job.json` as it was read back.
pub struct Copy {
    /// The record without secrets, as JSON.
    pub record: Value,
    /// Sequence of the commit that wrote it.
    pub sequence: u64,
}

/// Reads the text of a `job.json` and checks its integrity mark.
///
/// # Errors
/// The problem with it.
pub fn read(text: &[u8]) -> Result<Copy, String> {
    let mut value: Value = serde_json::from_slice(text).map_err(|e| format!("it is not whole JSON: {e}"))?;
    let mark = value.as_object_mut().and_then(|members| members.shift_remove("_integrity"));
    let mark = mark.ok_or("it has no integrity mark")?;
    let sequence = mark["sequence"].as_u64().ok_or("its integrity mark has no sequence")?;
    if mark["sha256"].as_str() != Some(sha256_hex(canonical_value(&value)).as_str()) {
        return Err("its content does not match its integrity mark".to_owned());
    }
    Ok(Copy { record: value, sequence })
}
