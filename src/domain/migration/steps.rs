//! The upgrades of this release, 1 → 2 → 3 → 4, in their order. What each older version held is listed in
//! `docs/migration.md`.

use serde_json::{Value, json};

use super::reading::{objects, required_text, text, time};
use super::to_v4::to_v4;
use super::{Facts, Members, Refusal, Step};
use crate::domain::canonical::sha256_hex;

/// Every step, in ascending order.
pub const ALL: &[Step] = &[
    Step { from: 1, apply: one_to_two },
    Step { from: 2, apply: two_to_three },
    Step { from: 3, apply: three_to_four },
];

/// 1 → 2: `runs` and `artifacts_index` are always there.
fn one_to_two(mut record: Members, facts: &Facts) -> Result<Members, Refusal> {
    check_identity(&record, facts)?;
    for field in ["runs", "artifacts_index"] {
        objects(&record, field)?;
        let entry = record.entry(field).or_insert_with(|| json!([]));
        if entry.is_null() {
            *entry = json!([]);
        }
    }
    record.insert("schema_version".to_owned(), json!(2));
    Ok(record)
}

/// 2 → 3: a version, a trace id and the tenant.
fn two_to_three(mut record: Members, facts: &Facts) -> Result<Members, Refusal> {
    check_identity(&record, facts)?;
    record.entry("version").or_insert_with(|| json!(1));
    record.entry("trace_id").or_insert_with(|| json!(derived_trace_id(facts)));
    record.entry("tenant_id").or_insert_with(|| json!(facts.tenant_id.as_str()));
    record.insert("schema_version".to_owned(), json!(3));
    Ok(record)
}

/// 3 → 4: the record of this release.
fn three_to_four(record: Members, facts: &Facts) -> Result<Members, Refusal> {
    check_identity(&record, facts)?;
    to_v4(record, facts)
}

/// A trace id for a record that had none: the same each time.
pub(super) fn derived_trace_id(facts: &Facts) -> String {
    sha256_hex(format!("{}\0{}", facts.tenant_id, facts.job_id))[..32].to_owned()
}

/// Checks the fields that every version has, and that the record is the one its place names.
fn check_identity(record: &Members, facts: &Facts) -> Result<(), Refusal> {
    let job_id = required_text(record, "job_id")?;
    if job_id != facts.job_id.as_str() {
        return Err(Refusal::Misplaced {
            found: format!("job {job_id:?}"),
            expected: format!("job {}", facts.job_id),
        });
    }
    if let Some(tenant) = text(record, "tenant_id")?
        && tenant != facts.tenant_id.as_str()
    {
        return Err(Refusal::Misplaced {
            found: format!("tenant {tenant:?}"),
            expected: format!("tenant {}", facts.tenant_id),
        });
    }
    required_text(record, "status")?;
    required_text(record, "requirement")?;
    if time(record, "created_at")?.is_none() {
        return Err(Refusal::field("created_at", "is missing"));
    }
    match record.get("version") {
        None | Some(Value::Null) => Ok(()),
        Some(version) if version.as_u64().is_some_and(|v| (1..i64::MAX as u64).contains(&v)) => Ok(()),
        Some(_) => Err(Refusal::field("version", "is not a whole number of at least 1")),
    }
}
