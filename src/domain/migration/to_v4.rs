//! The step to schema version 4: typed parts, hashed tokens, and everything that has no own place
//! any more kept under `legacy`.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::plan_v1;
use super::reading::{any_time, object, objects, required_text, text, time};
use super::runs::{convert_artifacts, convert_runs};
use super::steps::derived_trace_id;
use super::{Facts, Members, Refusal};
use crate::domain::canonical::{sha256_hex, sha256_of};
use crate::domain::credential::job_token;
use crate::domain::dataset::Inputs;
use crate::domain::draft::{Draft, DraftSource, Selection, Statement};
use crate::domain::ids::{CodeId, PlanId, TraceId};
use crate::domain::job::record::{Confirmation, DataSharing, JobTrace, Timestamps, TokenState};
use crate::domain::job::{JobRecord, JobStatus};

/// Members of versions 1 to 3 that have their own place in version 4.
const KNOWN: &[&str] = &[
    "schema_version",
    "job_id",
    "status",
    "created_at",
    "requirement",
    "scheduled_at",
    "inputs",
    "draft",
    "confirmation",
    "llm_plan",
    "runs",
    "artifacts_index",
    "version",
    "trace_id",
    "tenant_id",
    "auth_token",
    "auth_expires_at",
];

/// Members whose old form is kept under `legacy`, because version 4 holds them in another shape.
const RESHAPED: &[&str] = &["inputs", "draft", "confirmation", "llm_plan", "runs"];

/// Shortest token worth keeping as a hash.
const MIN_TOKEN: usize = 16;

/// Upgrades a record of version 3.
pub(super) fn to_v4(record: Members, facts: &Facts) -> Result<Members, Refusal> {
    let token = token(&record, facts)?;
    let record = without_secret(record)?;
    let created = time(&record, "created_at")?.ok_or_else(|| Refusal::field("created_at", "is missing"))?;
    let plan = match object(&record, "llm_plan")? {
        None => None,
        Some(old) => Some(plan_v1::convert(old, &fingerprint(&record), created)?),
    };
    let plan_id = plan.as_ref().map_or_else(no_plan, |plan| plan.plan_id.clone());
    let old_runs = objects(&record, "runs")?;
    let runs = convert_runs(&old_runs, &plan_id, created, facts.now);
    let (artifacts_index, missing) = convert_artifacts(&record, facts);
    let draft = object(&record, "draft")?.map(|old| draft(&record, old, created));
    let status = status(&record, draft.is_some(), plan.is_some())?;
    let version = record.get("version").and_then(Value::as_u64).unwrap_or(1);
    let unknown = unknown(&record);
    let job = JobRecord {
        schema_version: 4,
        // the migration is a write
        version: version + 1,
        tenant_id: facts.tenant_id.clone(),
        job_id: facts.job_id.clone(),
        trace_id: trace_id(&record, facts)?,
        trace: JobTrace::default(),
        status,
        requirement: required_text(&record, "requirement")?,
        title: None,
        client_ref: None,
        // nobody agreed to more
        data_sharing: DataSharing::None,
        timestamps: timestamps(&record, created, status, &runs, token.as_ref(), facts)?,
        token,
        bundle: None,
        ingest: None,
        inputs: inputs(&record, created)?,
        confirmation: object(&record, "confirmation")?.map(|old| confirmation(old, created)),
        plan,
        earlier_plans: Vec::new(),
        queue: None,
        fence: runs.len() as u64,
        automatic_attempts_used: 0,
        runs,
        output_formats: Vec::new(),
        artifacts_index,
        cell: None,
        batches: Vec::new(),
        retention: Map::new(),
        trial: None,
        migrations: vec![entry(&record, facts, version, status, &missing)],
        draft,
        draft_failure: None,
        interpretation_failure: None,
        unknown,
    };
    match serde_json::to_value(&job) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::NotARecord("it cannot be written as JSON".to_owned())),
    }
}

/// Entry of `migrations[]` for the upgrade.
fn entry(record: &Members, facts: &Facts, version: u64, status: JobStatus, missing: &[String]) -> Value {
    let mut entry = json!({
        "to": 4, "at": facts.now, "place": facts.place, "version_before": version,
    });
    let stated = record.get("status").and_then(Value::as_str).unwrap_or_default();
    if stated != status.as_str() {
        entry["status_before"] = json!(stated);
    }
    if !missing.is_empty() {
        entry["missing_artifacts"] = json!(missing);
    }
    entry
}

/// The id that attempts without a plan refer to.
fn no_plan() -> PlanId {
    PlanId::parse(sha256_hex("")).expect("a hash is a plan id")
}

fn fingerprint(record: &Members) -> String {
    let stated = record.get("inputs").and_then(|inputs| inputs.get("fingerprint")).and_then(Value::as_str);
    stated.unwrap_or_default().to_owned()
}

/// The token as a hash. A token of the present form keeps working; any other only keeps its hash.
fn token(record: &Members, facts: &Facts) -> Result<Option<TokenState>, Refusal> {
    let expires_at = time(record, "auth_expires_at")?;
    let Some(stored) = text(record, "auth_token")?.filter(|token| token.len() >= MIN_TOKEN) else {
        return Ok(None);
    };
    let prefix = job_token(&facts.job_id, "");
    let secret = stored.strip_prefix(&prefix).unwrap_or(&stored);
    Ok(Some(TokenState {
        code_id: CodeId::parse("legacy").expect("a valid id"),
        secret_sha256: sha256_hex(secret),
        generation: 1,
        expires_at: expires_at.unwrap_or_else(|| facts.now + Duration::days(facts.token_days.into())),
        revoked: false,
    }))
}

/// Removes the token wherever its text appears.
fn without_secret(mut record: Members) -> Result<Members, Refusal> {
    let token = text(&record, "auth_token")?;
    record.remove("auth_token");
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        let whole = token.rsplit_once('.').map_or(token.as_str(), |(_, secret)| secret);
        let secret = if whole.len() >= MIN_TOKEN { whole } else { &token };
        for value in record.values_mut() {
            redact(value, secret);
        }
    }
    Ok(record)
}

fn redact(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) if text.contains(secret) => *text = text.replace(secret, "[removed]"),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secret)),
        Value::Object(members) => members.values_mut().for_each(|member| redact(member, secret)),
        _ => {}
    }
}

/// A state that somebody owns: nothing queued or running is taken over from an older release, since its
/// plans cannot be run by this one.
fn status(record: &Members, has_draft: bool, has_plan: bool) -> Result<JobStatus, Refusal> {
    let stated = required_text(record, "status")?;
    let status = JobStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == stated)
        .ok_or_else(|| Refusal::field("status", format!("has the unknown value {stated:?}")))?;
    let open = if has_draft { JobStatus::DraftReady } else { JobStatus::Created };
    Ok(match status {
        JobStatus::Running => JobStatus::Failed,
        JobStatus::DraftReady => open,
        JobStatus::Queued | JobStatus::Confirmed if has_plan => JobStatus::Confirmed,
        JobStatus::Queued | JobStatus::Confirmed => open,
        ended => ended,
    })
}

fn trace_id(record: &Members, facts: &Facts) -> Result<TraceId, Refusal> {
    let stated = text(record, "trace_id")?.and_then(|id| TraceId::parse(id).ok());
    Ok(stated.unwrap_or_else(|| TraceId::parse(derived_trace_id(facts)).expect("32 digits are a trace id")))
}

fn timestamps(
    record: &Members,
    created: DateTime<Utc>,
    status: JobStatus,
    runs: &[crate::domain::run::Run],
    token: Option<&TokenState>,
    facts: &Facts,
) -> Result<Timestamps, Refusal> {
    let ended = matches!(status, JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled);
    let finished = any_time(record, &["finished_at"]).or_else(|| runs.last().and_then(|run| run.ended_at));
    Ok(Timestamps {
        created_at: created,
        updated_at: facts.now.max(created),
        scheduled_at: time(record, "scheduled_at")?,
        finished_at: finished.filter(|_| ended),
        expires_at: token.map(|token| token.expires_at),
    })
}

/// The inputs as far as they are known: their fingerprint and manifest, and no canonical data.
fn inputs(record: &Members, created: DateTime<Utc>) -> Result<Option<Inputs>, Refusal> {
    let Some(old) = object(record, "inputs")? else { return Ok(None) };
    let stated = |field: &str| old.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Some(Inputs {
        manifest_rel_path: stated("manifest_rel_path"),
        fingerprint: stated("fingerprint"),
        created_at: any_time(old, &["created_at", "uploaded_at"]).unwrap_or(created),
        datasets: Vec::new(),
        warnings: Vec::new(),
    }))
}

/// The draft's text and columns. It is stale: this release has no data that it was checked against.
fn draft(record: &Members, old: &Members, created: DateTime<Utc>) -> Draft {
    let text = old.get("text").or(old.get("draft_text")).and_then(Value::as_str).unwrap_or_default();
    Draft {
        draft_id: format!("draft_legacy_{}", &sha256_of(old)[..16]),
        created_at: any_time(old, &["created_at"]).unwrap_or(created),
        source: DraftSource::Model,
        stale: true,
        draft_text: text.to_owned(),
        requirement: record.get("requirement").and_then(Value::as_str).unwrap_or_default().to_owned(),
        input_fingerprint: fingerprint(record),
        template_id: None,
        statement: Statement { roles: roles(old), ..Statement::default() },
        selection: Selection::default(),
        model: None,
        doubted: Vec::new(),
    }
}

/// The roles that old drafts name by the same words.
fn roles(old: &Members) -> BTreeMap<String, Vec<String>> {
    let columns = |value: &Value| -> Vec<String> {
        match value {
            Value::String(column) => vec![column.clone()],
            Value::Array(items) => items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    };
    ["outcome_var", "treatment_var", "controls", "time_var", "entity_var", "cluster_var"]
        .into_iter()
        .map(|role| (role.to_owned(), old.get(role).map(columns).unwrap_or_default()))
        .filter(|(_, columns)| !columns.is_empty())
        .collect()
}

fn confirmation(old: &Members, created: DateTime<Utc>) -> Confirmation {
    let map = |field: &str| old.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    Confirmation {
        confirmed_at: any_time(old, &["confirmed_at", "created_at"]).unwrap_or(created),
        notes: old.get("notes").and_then(Value::as_str).map(str::to_owned),
        answers: map("answers"),
        variable_corrections: map("variable_corrections"),
        default_overrides: map("default_overrides"),
        expert_suggestions_feedback: old.get("expert_suggestions_feedback").cloned().unwrap_or(Value::Null),
        // no request of this release has it
        request_sha256: String::new(),
    }
}

/// Members without their own place: those that no version names stay where they were, the rest moves
/// under `legacy`.
fn unknown(record: &Members) -> Map<String, Value> {
    let mut unknown = Map::new();
    let mut legacy = Map::new();
    for (name, value) in record {
        if RESHAPED.contains(&name.as_str()) {
            let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !empty {
                legacy.insert(name.clone(), value.clone());
            }
        } else if KNOWN.contains(&name.as_str()) {
            if name == "trace_id" && value.as_str().is_none_or(|id| TraceId::parse(id).is_err()) {
                legacy.insert(name.clone(), value.clone());
            }
        } else if TAKEN.contains(&name.as_str()) {
            legacy.insert(name.clone(), value.clone());
        } else {
            unknown.insert(name.clone(), value.clone());
        }
    }
    if !legacy.is_empty() {
        unknown.insert("legacy".to_owned(), Value::Object(legacy));
    }
    unknown
}

/// Names that version 4 gives its own meaning; an old member with one of them meant something else.
const TAKEN: &[&str] = &[
    "title",
    "client_ref",
    "data_sharing",
    "timestamps",
    "token",
    "plan",
    "earlier_plans",
    "queue",
    "fence",
    "automatic_attempts_used",
    "retention",
    "migrations",
    "legacy",
    "_integrity",
];
