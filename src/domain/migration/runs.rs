//! Attempts and artifacts of old records in the form of this release.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::reading::{any_time, artifact_entries};
use super::{Facts, Members};
use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of, safe_rel_path};
use crate::domain::canonical::sha256_of;
use crate::domain::ids::{PlanId, RunId};
use crate::domain::run::{Cause, EngineFacts, Resources, Run, RunStatus, Timings};

/// Converts the attempts, in their order. What was under way has no owner any more: it ends `worker_lost`.
pub(super) fn convert_runs(
    old: &[&Members],
    plan: &PlanId,
    created: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::with_capacity(old.len());
    for (index, run) in old.iter().enumerate() {
        let mut run = convert_run(index, run, plan, created, now);
        if runs.iter().any(|earlier| earlier.run_id == run.run_id) {
            run.run_id = derived_run_id(index, old[index]);
        }
        runs.push(run);
    }
    runs
}

fn derived_run_id(index: usize, old: &Members) -> RunId {
    let text = format!("run_legacy_{}_{}", index + 1, &sha256_of(old)[..12]);
    RunId::parse(text).expect("a number and digits make a run id")
}

fn convert_run(
    index: usize,
    old: &Members,
    plan: &PlanId,
    created: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Run {
    let text = |name: &str| old.get(name).and_then(Value::as_str);
    let run_id = text("run_id")
        .or(text("id"))
        .and_then(|id| RunId::parse(id).ok())
        .unwrap_or_else(|| derived_run_id(index, old));
    let status = match text("status") {
        Some("succeeded" | "success" | "completed" | "done") => RunStatus::Succeeded,
        Some("cancelled" | "canceled") => RunStatus::Cancelled,
        _ => RunStatus::Failed,
    };
    let ended_by_itself = matches!(text("status"), Some("failed" | "error"));
    let stated: Option<Cause> = old.get("cause").and_then(|cause| serde_json::from_value(cause.clone()).ok());
    let cause = match status {
        RunStatus::Failed if ended_by_itself => Some(stated.unwrap_or(Cause::Internal)),
        RunStatus::Failed => Some(Cause::WorkerLost),
        RunStatus::Cancelled => Some(Cause::Cancelled),
        RunStatus::Succeeded | RunStatus::Running => None,
    };
    let started_at = any_time(old, &["started_at", "created_at", "start_time"]).unwrap_or(created);
    let ended_at = any_time(old, &["ended_at", "finished_at", "end_time"]);
    Run {
        run_id,
        attempt: u32::try_from(index + 1).unwrap_or(u32::MAX),
        fence: index as u64 + 1,
        plan_id: plan.clone(),
        status,
        phase: None,
        cause,
        cause_detail: cause.is_some().then(|| "recorded by an older release".to_owned()),
        retryable: cause.is_some_and(Cause::retryable),
        cancel_requested: None,
        evidence: Vec::new(),
        next_actions: Vec::new(),
        engine: EngineFacts::default(),
        checks: Vec::new(),
        sample_flow: Vec::new(),
        metrics: Map::new(),
        results: Vec::new(),
        levels: Vec::new(),
        outputs: Vec::new(),
        timings: Timings::default(),
        resources: Resources::default(),
        queued_at: any_time(old, &["queued_at"]),
        started_at,
        ended_at: Some(ended_at.unwrap_or(if ended_by_itself { started_at } else { now })),
        body_offset: None,
        body_bytes: None,
    }
}

/// Converts the index of artifacts. Returns it with the paths that lead to no file (any more).
pub(super) fn convert_artifacts(record: &Members, facts: &Facts) -> (Vec<Artifact>, Vec<String>) {
    let mut index: Vec<Artifact> = Vec::new();
    let mut missing = Vec::new();
    for entry in artifact_entries(record) {
        let Some(rel_path) = entry.get("rel_path").and_then(Value::as_str) else { continue };
        if index.iter().any(|known| known.rel_path == rel_path) {
            continue;
        }
        let found = safe_rel_path(rel_path).and_then(|_| facts.files.get(rel_path));
        let Some(file) = found else {
            if !missing.iter().any(|known| known == rel_path) {
                missing.push(rel_path.to_owned());
            }
            continue;
        };
        let stated = entry.get("kind").cloned().unwrap_or(Value::Null);
        let mut meta = entry.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
        let kind = serde_json::from_value(stated.clone()).unwrap_or_else(|_| {
            meta.insert("legacy_kind".to_owned(), stated);
            ArtifactKind::ExportOther
        });
        // a hash that an older release stated is kept as evidence; the index holds what the file is now
        if let Some(hash) = entry.get("sha256").and_then(Value::as_str)
            && !hash.eq_ignore_ascii_case(&file.sha256)
        {
            meta.insert("legacy_sha256".to_owned(), json!(hash));
        }
        index.push(Artifact {
            kind,
            rel_path: rel_path.to_owned(),
            created_at: any_time(entry, &["created_at"]).unwrap_or(file.modified_at),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
            media_type: media_type_of(rel_path).to_owned(),
            meta,
            stored_as: None,
        });
    }
    (index, missing)
}
