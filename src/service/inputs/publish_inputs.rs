//! Makes what was read the inputs of a job: stored files, manifest and one commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of};
use crate::domain::canonical::sha256_hex;
use crate::domain::dataset::{Dataset, Inputs};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ops::version_conflict;
use crate::domain::layout::{publication_of, upload_dir};
use crate::ports::blob_store::{Promotion, Written};
use crate::service::inputs::receive_upload::io_problem;
use crate::service::shared::commits::{check_if_match, job_event, put_job_within, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::Admitted;

/// Returns how many bytes new inputs take beyond those that they replace.
pub fn added_bytes(job: &JobRecord, artifacts: &[Artifact]) -> u64 {
    let size = |list: &[Artifact]| -> u64 {
        list.iter().filter(|a| a.rel_path.starts_with("inputs/")).map(|a| a.size_bytes).sum()
    };
    let replaced = !job.keeps_earlier_inputs() && job.inputs_removed_at().is_none();
    let before = if replaced { size(&job.artifacts_index) } else { 0 };
    size(artifacts).saturating_sub(before)
}

/// Stores canonical data and manifest, and lists the artifacts of the inputs. The originals are stored already.
///
/// # Errors
/// `INTERNAL_ERROR`, `STORAGE_FULL`, `DEPENDENCY_UNAVAILABLE`.
pub async fn publish_inputs(
    ctx: &Context,
    job: &JobRecord,
    inputs: &Inputs,
    upload_id: &str,
) -> Result<Vec<Artifact>, Problem> {
    let bytes = serde_json::to_vec_pretty(inputs).expect("inputs serialise to JSON");
    let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let path = inputs.manifest_rel_path.clone();
    let manifest = Written { size_bytes: bytes.len() as u64, sha256: sha256_hex(&bytes) };
    let mut files = canonical_files(inputs, upload_id);
    files.push(promotion(&path, manifest.clone()));
    let publish = move || {
        workspace.write(&workspace.path(&tenant, &job_id, &path), &bytes)?;
        blobs.promote(&tenant, &job_id, &files)
    };
    ctx.pools.writes.run(publish).await?.map_err(|e| io_problem(&e))?;
    let artifact = |kind, rel_path: &str, written: Written, meta: serde_json::Value| Artifact {
        kind,
        rel_path: rel_path.to_owned(),
        created_at: inputs.created_at,
        size_bytes: written.size_bytes,
        sha256: written.sha256,
        media_type: media_type_of(rel_path).to_owned(),
        meta: meta.as_object().cloned().unwrap_or_default(),
        stored_as: None,
    };
    let mut artifacts =
        vec![artifact(ArtifactKind::InputsManifest, &inputs.manifest_rel_path, manifest, json!({}))];
    for d in &inputs.datasets {
        let original = Written { size_bytes: d.original_size_bytes, sha256: d.original_sha256.clone() };
        let meta =
            json!({"dataset_key": d.dataset_key, "original_name": d.original_name, "form": "original"});
        artifacts.push(artifact(ArtifactKind::InputsDataset, &d.original_rel_path, original, meta));
        let canonical = Written { size_bytes: d.canonical_size_bytes, sha256: d.canonical_sha256.clone() };
        let meta = json!({"dataset_key": d.dataset_key, "form": "canonical"});
        artifacts.push(artifact(ArtifactKind::InputsDataset, &d.canonical_rel_path, canonical, meta));
    }
    Ok(artifacts)
}

/// Lists the canonical data of an upload, which are staged under the paths that they keep.
fn canonical_files(inputs: &Inputs, upload_id: &str) -> Vec<Promotion> {
    let prefix = format!("{}/", upload_dir(upload_id));
    let fresh = inputs.datasets.iter().filter(|d| d.canonical_rel_path.starts_with(&prefix));
    let written =
        |d: &Dataset| Written { size_bytes: d.canonical_size_bytes, sha256: d.canonical_sha256.clone() };
    fresh.map(|d| promotion(&d.canonical_rel_path, written(d))).collect()
}

fn promotion(rel_path: &str, written: Written) -> Promotion {
    Promotion { staged: rel_path.to_owned(), rel_path: rel_path.to_owned(), known: Some(written) }
}

/// Returns the directories below the job's that hold files of inputs.
pub fn dirs_of(inputs: &Inputs) -> BTreeSet<String> {
    let files = inputs.datasets.iter().flat_map(|d| [&d.original_rel_path, &d.canonical_rel_path]);
    let paths = files.chain([&inputs.manifest_rel_path]);
    paths.filter_map(|path| publication_of(path)).map(str::to_owned).collect()
}

/// Removes directories of stored files and of scratch space. What is left of them the sweeper removes.
pub async fn remove_dirs(ctx: &Context, job: &JobRecord, dirs: BTreeSet<String>) {
    let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let remove = move || {
        for dir in &dirs {
            blobs.delete(&tenant, &job_id, dir)?;
            workspace.remove(&tenant, &job_id, dir)?;
        }
        Ok::<(), std::io::Error>(())
    };
    let _ = ctx.pools.writes.run(remove).await;
}

/// New inputs of a job.
pub struct InputsChange {
    /// Data sets that replace those of the job.
    pub inputs: Inputs,
    /// Files of the upload for the job's list of artifacts.
    pub artifacts: Vec<Artifact>,
    /// The bundle that they were, if any.
    pub bundle_id: Option<String>,
    /// The reading that made them, where the record has a note of it: another server may have taken it up.
    pub noted: Option<String>,
    /// Of the audit event.
    pub action: &'static str,
    /// What the tenant was admitted to.
    pub admitted: Admitted,
}

/// Commits new inputs.
///
/// # Errors
/// `JOB_LOCKED`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`; `INPUT_TOO_LARGE` where the columns are too many for a
/// job's record; `UPLOAD_SESSION_NOT_FOUND` if another bundle was stated meanwhile.
pub async fn commit_inputs(
    ctx: &Context,
    caller: &Caller,
    job: &JobRecord,
    change: InputsChange,
    if_match: Option<u64>,
) -> Result<JobRecord, Problem> {
    let InputsChange { inputs, artifacts, bundle_id, noted, action, admitted } = &change;
    with_retries(if_match, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        check_if_match(if_match, &current)?;
        // cancelled, or another upload came after it
        if noted.as_ref().is_some_and(|id| !current.awaits_ingest_of(id)) {
            return Err(version_conflict(current.version, current.version).into());
        }
        let mut next = current.replace_inputs(inputs.clone(), artifacts.clone(), ctx.clock.now())?;
        if let Some(id) = bundle_id {
            let bundle = next.bundle.as_mut().filter(|bundle| bundle.bundle_id == *id).ok_or_else(|| {
                Problem::new(ErrorCode::UploadSessionNotFound, "another bundle was stated meanwhile")
            })?;
            bundle.became_inputs = true;
        }
        let mut event = job_event(ctx, caller, action, Some(&current), &next);
        event.detail = json!({"fingerprint": inputs.fingerprint});
        put_job_within(ctx, &current, next, event, admitted).await
    })
    .await
    .map_err(|problem| of_size(problem, inputs))
}

/// Says which part of a record that would become too large is the upload's: what is known of its columns.
fn of_size(problem: Problem, inputs: &Inputs) -> Problem {
    if problem.code != ErrorCode::PayloadTooLarge {
        return problem;
    }
    let columns: usize = inputs.datasets.iter().map(|dataset| dataset.columns.len()).sum();
    let limit = problem.context.get("limit_bytes").cloned().unwrap_or_default();
    let text = "what is known of the columns is larger than a job may be; leave out columns, or shorten their names and labels";
    Problem::new(ErrorCode::InputTooLarge, text)
        .with("reason", format!("{columns} columns"))
        .with("columns", columns)
        .with("limit", limit)
}
