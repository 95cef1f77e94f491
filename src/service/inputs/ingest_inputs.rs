//! Turns received files into the job's inputs: canonical data, manifest and one commit. Continues in the
//! background when it takes long; the record says how it ended (`ingest_state.rs`).

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tokio::sync::oneshot;

use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of};
use crate::domain::canonical::sha256_of;
use crate::domain::dataset::{Dataset, Inputs};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::{JobRecord, Operation};
use crate::domain::layout::upload_dir;
use crate::ports::blob_store::{Promotion, Written};
use crate::ports::tabular::IngestOptions;
use crate::service::inputs::ingest_file::{IngestSource, ingest_one};
use crate::service::inputs::ingest_state::{begin, fail};
use crate::service::inputs::receive_upload::{ReceivedFile, Upload, io_problem};
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_bytes;

/// How far an ingest came in the time of a request.
#[derive(Debug)]
pub enum Ingested {
    /// The record with the new inputs.
    Done(Box<JobRecord>),
    /// The record says that the upload is being read, and will say how it failed.
    UnderWay,
}

/// What the end of an ingest needs to know of its beginning.
#[derive(Debug, Default)]
pub struct Course {
    /// The version that the client stated, or the one that the note of the beginning made of it.
    if_match: Mutex<Option<u64>>,
    /// The inputs are being committed: too late for a note.
    ending: AtomicBool,
}

impl Course {
    fn new(if_match: Option<u64>) -> Self {
        Self { if_match: Mutex::new(if_match), ending: AtomicBool::new(false) }
    }

    fn if_match(&self) -> MutexGuard<'_, Option<u64>> {
        self.if_match.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The note of the beginning made this version of the one before it.
    fn noted(&self, version: u64) {
        let mut stated = self.if_match();
        if *stated == version.checked_sub(1) {
            *stated = Some(version);
        }
    }
}

/// Refuses where inputs cannot change.
///
/// # Errors
/// `JOB_LOCKED` once the plan is frozen.
pub fn check_unlocked(job: &JobRecord) -> Result<(), Problem> {
    if job.status.after(Operation::ReplaceInputs).is_ok() {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::JobLocked, "the inputs cannot change once the plan is frozen")
        .with("status", job.status.as_str()))
}

/// The use case.
pub struct IngestInputs(pub Arc<Context>);

impl IngestInputs {
    /// Ingests an upload and replaces the job's inputs; repeats itself on a lost race. Goes on by itself where it takes
    /// longer than a request should, and where nobody waits for it.
    ///
    /// # Errors
    /// `INPUT_*`, `JOB_LOCKED`, `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        self,
        caller: Caller,
        job: Arc<JobRecord>,
        upload: Upload,
        files: Vec<ReceivedFile>,
        if_match: Option<u64>,
    ) -> Result<Ingested, Problem> {
        let (answer, answered) = oneshot::channel();
        let within = self.0.options.upload_answer_within;
        tokio::spawn(async move {
            let (upload_id, course) = (upload.upload_id.clone(), Course::new(if_match));
            let mut reading = pin!(self.replace(&caller, &job, upload, files, &course));
            let early = match tokio::time::timeout(within, &mut reading).await {
                Err(_) if course.ending.load(Ordering::Relaxed) => Ok(reading.as_mut().await),
                early => early,
            };
            if let Ok(done) = early {
                // without a receiver nobody waits for it
                let _ = answer.send(done.map(|job| Ingested::Done(Box::new(job))));
                return;
            }
            match begin(&self.0, &job, &upload_id).await {
                Ok(version) => course.noted(version),
                // nothing is promised that a restart would forget
                Err(problem) => return drop(answer.send(Err(problem))),
            }
            let _ = answer.send(Ok(Ingested::UnderWay));
            if let Err(problem) = reading.await {
                fail(&self.0, &job, &upload_id, &problem).await;
            }
        });
        answered.await.unwrap_or_else(|_| Err(Problem::internal()))
    }

    /// Reads an upload and makes it the job's inputs.
    ///
    /// # Errors
    /// As [`IngestInputs::execute`].
    pub async fn replace(
        &self,
        caller: &Caller,
        job: &JobRecord,
        upload: Upload,
        files: Vec<ReceivedFile>,
        course: &Course,
    ) -> Result<JobRecord, Problem> {
        let result = self.read(caller, job, upload, files, course).await;
        if let Err(problem) = &result {
            tracing::info!(
                event = "SS_INGEST_REFUSED",
                code = problem.code.as_str(),
                "the upload was refused"
            );
        }
        result
    }

    async fn read(
        &self,
        caller: &Caller,
        job: &JobRecord,
        upload: Upload,
        files: Vec<ReceivedFile>,
        course: &Course,
    ) -> Result<JobRecord, Problem> {
        let ctx = &self.0;
        let mut datasets = Vec::with_capacity(files.len());
        let mut warnings = Vec::new();
        for file in files {
            let tabular = Arc::clone(&ctx.tabular);
            let source = IngestSource {
                path: file.path.clone(),
                dir: upload.dir.clone(),
                upload_id: upload.upload_id.clone(),
                file,
                options: IngestOptions::default(),
            };
            let (dataset, found) =
                ctx.pools.ingest.run(move || ingest_one(tabular.as_ref(), source)).await??;
            datasets.push(dataset);
            warnings.extend(found);
        }
        let inputs = Inputs {
            manifest_rel_path: format!("{}/manifest.json", upload_dir(&upload.upload_id)),
            fingerprint: fingerprint(&datasets),
            created_at: ctx.clock.now(),
            datasets,
            warnings,
        };
        let artifacts = publish_inputs(ctx, job, &inputs, &upload.upload_id).await?;
        let _admitted = admit_bytes(ctx, &job.tenant_id, added_bytes(job, &artifacts)).await?;
        let bundle_id = upload.bundle_id.clone();
        let upload_id = upload.keep();
        let change = InputsChange { inputs, artifacts, bundle_id, action: "inputs.replaced" };
        course.ending.store(true, Ordering::Relaxed);
        let if_match = *course.if_match();
        let done = commit_inputs(ctx, caller, job, change, if_match).await;
        let loser = match &done {
            // What an earlier plan was frozen with stays.
            Ok(after) if !after.earlier_plans.is_empty() => None,
            Ok(_) => previous_upload(job).filter(|id| *id != upload_id),
            Err(_) => Some(upload_id),
        };
        if let Some(loser) = loser {
            let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
            let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
            let remove = move || {
                let dir = upload_dir(&loser);
                blobs.delete(&tenant, &job_id, &dir)?;
                workspace.remove(&tenant, &job_id, &dir)
            };
            // what is left of it the sweeper removes
            let _ = ctx.pools.writes.run(remove).await;
        }
        done
    }
}

/// Returns how many bytes new inputs take beyond those that they replace.
fn added_bytes(job: &JobRecord, artifacts: &[Artifact]) -> u64 {
    let size = |list: &[Artifact]| -> u64 {
        list.iter().filter(|a| a.rel_path.starts_with("inputs/")).map(|a| a.size_bytes).sum()
    };
    let replaced = job.earlier_plans.is_empty() && job.inputs_removed_at().is_none();
    let before = if replaced { size(&job.artifacts_index) } else { 0 };
    size(artifacts).saturating_sub(before)
}

/// Returns the upload directory that the job's inputs live in.
fn previous_upload(job: &JobRecord) -> Option<String> {
    let path = &job.inputs.as_ref()?.manifest_rel_path;
    path.strip_prefix("inputs/")?.strip_suffix("/manifest.json").map(str::to_owned)
}

/// Returns the fingerprint of inputs: SHA-256 over keys, roles and canonical hashes, in order.
pub fn fingerprint(datasets: &[Dataset]) -> String {
    let parts: Vec<_> = datasets
        .iter()
        .map(
            |d| json!({"dataset_key": d.dataset_key, "role": d.role, "canonical_sha256": d.canonical_sha256}),
        )
        .collect();
    sha256_of(&parts)
}

/// Makes the files of an upload blobs, writes the manifest and lists the artifacts of the inputs.
///
/// # Errors
/// `INTERNAL_ERROR`, `STORAGE_FULL`.
pub async fn publish_inputs(
    ctx: &Context,
    job: &JobRecord,
    inputs: &Inputs,
    upload_id: &str,
) -> Result<Vec<Artifact>, Problem> {
    let bytes = serde_json::to_vec_pretty(inputs).expect("inputs serialise to JSON");
    let blobs = Arc::clone(&ctx.blobs);
    let (tenant, job_id, path) =
        (job.tenant_id.clone(), job.job_id.clone(), inputs.manifest_rel_path.clone());
    let fresh = files_of_upload(inputs, upload_id);
    let publish = move || {
        blobs.promote(&tenant, &job_id, &fresh)?;
        blobs.put(&tenant, &job_id, &path, &mut &bytes[..])
    };
    let manifest = ctx.pools.writes.run(publish).await?.map_err(|e| io_problem(&e))?;
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

/// Lists the files of an upload, which are staged under the paths that they keep.
fn files_of_upload(inputs: &Inputs, upload_id: &str) -> Vec<Promotion> {
    let files = inputs.datasets.iter().flat_map(|d| {
        [
            (&d.original_rel_path, d.original_size_bytes, &d.original_sha256),
            (&d.canonical_rel_path, d.canonical_size_bytes, &d.canonical_sha256),
        ]
    });
    let prefix = format!("{}/", upload_dir(upload_id));
    let fresh = files.filter(|(rel_path, ..)| rel_path.starts_with(&prefix));
    let promotion = |(rel_path, size_bytes, sha256): (&String, u64, &String)| Promotion {
        staged: rel_path.clone(),
        rel_path: rel_path.clone(),
        known: Some(Written { size_bytes, sha256: sha256.clone() }),
    };
    fresh.map(promotion).collect()
}

/// New inputs of a job.
pub struct InputsChange {
    /// Data sets that replace those of the job.
    pub inputs: Inputs,
    /// Files of the upload for the job's list of artifacts.
    pub artifacts: Vec<Artifact>,
    /// The bundle that they were, if any.
    pub bundle_id: Option<String>,
    /// Of the audit event.
    pub action: &'static str,
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
    let InputsChange { inputs, artifacts, bundle_id, action } = &change;
    with_retries(if_match, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        check_if_match(if_match, &current)?;
        let mut next = current.replace_inputs(inputs.clone(), artifacts.clone(), ctx.clock.now())?;
        if let Some(id) = bundle_id {
            let bundle = next.bundle.as_mut().filter(|bundle| bundle.bundle_id == *id).ok_or_else(|| {
                Problem::new(ErrorCode::UploadSessionNotFound, "another bundle was stated meanwhile")
            })?;
            bundle.became_inputs = true;
        }
        let mut event = job_event(ctx, caller, action, Some(&current), &next);
        event.detail = json!({"fingerprint": inputs.fingerprint});
        put_job(ctx, &current, next, event).await
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
