//! Builds the run directory of one attempt from the frozen plan alone, and leaves a manifest from which
//! the verdict can be made by any later process.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::files_away::FILES_UNAVAILABLE;
use super::spare::SpareWork;
use super::templates::TemplateCache;
use super::{FrozenTemplate, TextFacts, WorkerDeps, WorkerOptions};
use crate::domain::anchors::Nonces;
use crate::domain::artifact::ArtifactKind;
use crate::domain::canonical::sha256_hex;
use crate::domain::checksummed::{ChecksumError, read_checksummed, with_checksum};
use crate::domain::dataset::Dataset;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::domain::layout::{IDIOMS_PATH, run_dir};
use crate::domain::plan::Plan;
use crate::domain::run::Cause;
use crate::domain::run_outcome::{CONTRACT_VERSION, RunLimits, UNSEALED_CONTRACT};
use crate::ports::blob_store::{BlobReader, Written, copy_hashing, is_unavailable};
use crate::ports::runner::RunSpec;
use crate::ports::workspace::Workspace;

/// The manifest's name in the run directory.
pub(super) const MANIFEST: &str = "manifest.json";
/// The name of the do-file, in the working directory and, for the service itself, in the run directory.
pub(super) const DO_FILE: &str = "main.do";
/// The name of the main data in the working directory.
pub(super) const DATA: &str = "data.dta";
/// Folders and files of the working directory that are no outputs.
pub(super) const RESERVED: &[&str] = &[DO_FILE, DATA, "inputs", "ado", "empty", "tmp"];

/// Facts of an attempt's beginning for the verdict (`manifest.json` in the run directory).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub contract_version: u32,
    pub run_id: RunId,
    pub nonces: Nonces,
    pub main_do_sha256: String,
    pub body_offset: u64,
    pub body_bytes: u64,
    pub data: Vec<DataFile>,
    pub prepare_ms: u64,
}

/// A data file that the run reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFile {
    pub name: String,
    pub dataset_key: String,
    pub sha256: String,
    pub size_bytes: u64,
}

/// Why an attempt could not be prepared.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(super) struct PrepareError {
    pub cause: Cause,
    /// `prepare`, `files_unavailable`, or `damaged` where a file is not what the record says: a retry would find the
    /// same.
    pub kind: &'static str,
    pub detail: String,
}

impl PrepareError {
    fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, kind: "prepare", detail: detail.into() }
    }

    fn damaged(detail: impl Into<String>) -> Self {
        Self { cause: Cause::Internal, kind: DAMAGED, detail: detail.into() }
    }
}

/// Detail of an attempt that ended because a stored file is not what its record says.
pub(super) const DAMAGED: &str = "damaged";

impl From<io::Error> for PrepareError {
    fn from(error: io::Error) -> Self {
        if is_unavailable(&error) {
            return Self { cause: Cause::Internal, kind: FILES_UNAVAILABLE, detail: error.to_string() };
        }
        Self::new(Cause::Internal, format!("the run directory cannot be prepared: {error}"))
    }
}

/// Returns the run directory of an attempt as an absolute path.
pub(super) fn run_path(deps: &WorkerDeps, job: &JobRecord, run_id: &RunId) -> PathBuf {
    let path = deps.workspace.path(&job.tenant_id, &job.job_id, &run_dir(run_id));
    std::path::absolute(&path).unwrap_or(path)
}

/// Reads the manifest of an attempt; `None` if it is absent or of a later release.
///
/// # Errors
/// The manifest is damaged: neither its nonces nor its hashes can be believed.
pub(super) fn read_manifest(
    workspace: &dyn Workspace,
    run_path: &Path,
) -> Result<Option<Manifest>, ChecksumError> {
    match workspace.read(&run_path.join(MANIFEST)) {
        Ok(bytes) => {
            let manifest: Manifest = read_checksummed(&bytes, UNSEALED_CONTRACT.into())?;
            Ok(Some(manifest).filter(|m| m.contract_version <= CONTRACT_VERSION))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(ChecksumError::Unreadable),
    }
}

/// Most bytes of a do-file that are read back: an engine can put anything in its place.
const MOST_DO_FILE: u64 = 64 << 20;

/// Reads a do-file; `None` if it is not the one that the service wrote for this attempt.
///
/// # Errors
/// `NotFound`, also for what is no regular file; any I/O error.
pub(super) fn read_do_file(
    workspace: &dyn Workspace,
    file: &Path,
    manifest: &Manifest,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    workspace.open(file)?.take(MOST_DO_FILE).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| sha256_hex(bytes) == manifest.main_do_sha256))
}

/// Returns the template of a plan; where no run had it lately it is read from the job's artifacts and checked against the
/// hashes of the plan.
///
/// # Errors
/// `internal` where a copy is absent or differs.
pub(super) fn frozen_template(
    deps: &WorkerDeps,
    templates: &TemplateCache,
    job: &JobRecord,
    plan: &Plan,
) -> Result<Arc<FrozenTemplate>, PrepareError> {
    templates.get(plan, || read_template(deps, job, plan))
}

fn read_template(deps: &WorkerDeps, job: &JobRecord, plan: &Plan) -> Result<FrozenTemplate, PrepareError> {
    let meta_bytes = frozen_copy(deps, job, ArtifactKind::TemplateMeta, &plan.template.meta_sha256)?;
    let body = frozen_copy(deps, job, ArtifactKind::TemplateSource, &plan.template.sha256)?;
    let meta = serde_json::from_slice(&meta_bytes).map_err(|e| {
        PrepareError::new(Cause::Internal, format!("the template's meta does not parse: {e}"))
    })?;
    Ok(FrozenTemplate { meta_bytes, meta, body })
}

fn frozen_copy(
    deps: &WorkerDeps,
    job: &JobRecord,
    kind: ArtifactKind,
    sha256: &str,
) -> Result<Vec<u8>, PrepareError> {
    let absent = || PrepareError::new(Cause::Internal, format!("no artifact {} of the plan", kind.as_str()));
    let artifact = job.artifacts_index.iter().find(|a| a.kind == kind && a.sha256 == sha256);
    let artifact = artifact.ok_or_else(absent)?;
    let mut bytes = Vec::new();
    stored(deps, job, artifact.stored_path())?.read_to_end(&mut bytes)?;
    if sha256_hex(&bytes) != sha256 {
        return Err(PrepareError::damaged(format!("{} differs from the plan's hash", artifact.rel_path)));
    }
    Ok(bytes)
}

/// Opens a stored file of a job; that of a cell may lie with the job of its batch.
fn stored(deps: &WorkerDeps, job: &JobRecord, path: &str) -> io::Result<BlobReader> {
    deps.blobs.get(&job.tenant_id, job.holder_of(path), path)
}

/// Reads the idioms that were frozen with the plan, checked against their hash in the index.
fn frozen_idioms(deps: &WorkerDeps, job: &JobRecord) -> Result<Option<Vec<u8>>, PrepareError> {
    let Some(artifact) = job.artifact(IDIOMS_PATH) else { return Ok(None) };
    let mut bytes = Vec::new();
    stored(deps, job, artifact.stored_path())?.read_to_end(&mut bytes)?;
    if sha256_hex(&bytes) != artifact.sha256 {
        return Err(PrepareError::damaged(format!("{IDIOMS_PATH} differs from its hash")));
    }
    Ok(Some(bytes))
}

/// Builds the directory and returns the instructions for the runner, without the lease, which belongs to the claim.
///
/// # Errors
/// [`PrepareError`]; nothing was started then.
pub(super) fn prepare(
    deps: &WorkerDeps,
    options: &WorkerOptions,
    (templates, spare): (&TemplateCache, &SpareWork),
    job: &JobRecord,
    run_id: &RunId,
) -> Result<RunSpec, PrepareError> {
    let started = std::time::Instant::now();
    let plan = job.plan.as_ref().ok_or_else(|| PrepareError::new(Cause::Internal, "the job has no plan"))?;
    let run_path = run_path(deps, job, run_id);
    let work = run_path.join("work");
    let workspace = deps.workspace.as_ref();
    // A name that exists would mean that this attempt was begun before.
    workspace.create_new_dir(&run_path)?;
    let template = frozen_template(deps, templates, job, plan)?;
    let nonces = Nonces { begin: hex::encode(deps.ids.secret(16)), end: hex::encode(deps.ids.secret(16)) };
    let facts = TextFacts {
        run_id: run_id.to_string(),
        n1: nonces.begin.clone(),
        n2: nonces.end.clone(),
        processors: options.processors,
        memory_mb: options.limits.memory_bytes / 10 * 9 / (1 << 20),
    };
    let text_error = |detail| PrepareError::new(Cause::TemplateError, detail);
    let text = deps.texts.main_do(plan, &template, &facts).map_err(text_error)?;
    check_body(&text, &plan.template.sha256)?;
    let idioms = match deps.texts.needs_frozen_idioms(plan) {
        true => frozen_idioms(deps, job)?,
        false => None,
    };
    let helpers = deps.texts.ado(plan, idioms.as_deref(), &text.bytes).map_err(text_error)?;
    if let Some((name, _)) = helpers.iter().find(|(name, _)| !is_plain_name(name)) {
        return Err(text_error(format!("{name} cannot be the name of an idiom")));
    }
    spare.settle(workspace, &work, helpers)?;
    workspace.write(&work.join(DO_FILE), &text.bytes)?;
    // What is published of it later: the engine may write everything in its working directory.
    workspace.write(&run_path.join(DO_FILE), &text.bytes)?;
    let manifest = Manifest {
        contract_version: CONTRACT_VERSION,
        run_id: run_id.clone(),
        nonces,
        main_do_sha256: sha256_hex(&text.bytes),
        body_offset: text.body_offset,
        body_bytes: text.body_bytes,
        data: stage_data(deps, job, plan, &work)?,
        prepare_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    workspace.write(&run_path.join(MANIFEST), with_checksum(&manifest).as_ref())?;
    Ok(RunSpec {
        contract_version: CONTRACT_VERSION,
        run_id: run_id.to_string(),
        run_dir: run_path,
        command: options.command.clone(),
        limits: RunLimits { free_bytes: must_stay_free(deps, options), ..limits_of(options, job) },
        sandbox: options.sandbox.clone(),
        timezone: options.timezone.clone(),
        lease: None,
    })
}

/// The limits of a job's runs; those of a trial are shorter.
fn limits_of(options: &WorkerOptions, job: &JobRecord) -> RunLimits {
    let mut limits = options.limits.clone();
    if let Some(trial) = &job.trial {
        let seconds = trial.terms.run_seconds;
        limits.wall_seconds = limits.wall_seconds.min(seconds);
        limits.cpu_seconds = limits.cpu_seconds.min(seconds.saturating_mul(options.processors.max(1).into()));
    }
    limits
}

/// Free bytes of the volume below which runs that write much are ended: half of what stops new work, so that a run
/// that began in time may end.
fn must_stay_free(deps: &WorkerDeps, options: &WorkerOptions) -> u64 {
    options.disk_low.look(deps.volume.as_ref()).map_or(0, |space| space.needed_bytes / 2)
}

/// Checks that the do-file has the template's body, byte for byte, where it says.
fn check_body(text: &super::MainDo, sha256: &str) -> Result<(), PrepareError> {
    let range = usize::try_from(text.body_offset).ok().zip(usize::try_from(text.body_bytes).ok());
    let body = range.and_then(|(at, len)| text.bytes.get(at..at.checked_add(len)?));
    match body {
        Some(body) if sha256_hex(body) == sha256 => Ok(()),
        _ => Err(PrepareError::new(Cause::Internal, "the do-file does not carry the template's body")),
    }
}

/// Copies the data sets that the plan binds; the engine may change its copies, never the originals.
fn stage_data(
    deps: &WorkerDeps,
    job: &JobRecord,
    plan: &Plan,
    work: &Path,
) -> Result<Vec<DataFile>, PrepareError> {
    let lost = |detail: String| PrepareError::new(Cause::Internal, detail);
    let inputs = job.inputs.as_ref().ok_or_else(|| lost("the job has no inputs".to_owned()))?;
    let mut staged = Vec::new();
    if !plan.input_bindings.contains_key(DATA) {
        let primary = inputs.primary().ok_or_else(|| lost("the job has no primary data".to_owned()))?;
        staged.push(stage(deps, job, primary, DATA, work.join(DATA))?);
    }
    for (name, key) in &plan.input_bindings {
        let dataset =
            inputs.dataset(key).ok_or_else(|| lost(format!("the plan's data set {key} is absent")))?;
        if !is_plain_name(name) {
            return Err(lost(format!("{name} cannot be the name of an input")));
        }
        let target = if name == DATA { work.join(DATA) } else { work.join("inputs").join(name) };
        staged.push(stage(deps, job, dataset, name, target)?);
    }
    for step in plan.data_steps.iter().filter(|step| !step.step.kind.is_repair()) {
        let key = &step.step.dataset_key;
        let name = format!("{key}.dta");
        if staged.iter().any(|file| file.name == name && file.dataset_key == *key) {
            continue;
        }
        let dataset =
            inputs.dataset(key).ok_or_else(|| lost(format!("the plan's data set {key} is absent")))?;
        if !is_plain_name(&name) || staged.iter().any(|file| file.name == name) {
            return Err(lost(format!("{name} cannot be the name of an input")));
        }
        let target = work.join("inputs").join(&name);
        staged.push(stage(deps, job, dataset, &name, target)?);
    }
    Ok(staged)
}

fn stage(
    deps: &WorkerDeps,
    job: &JobRecord,
    dataset: &Dataset,
    name: &str,
    target: PathBuf,
) -> Result<DataFile, PrepareError> {
    if let Some(folder) = target.parent() {
        deps.workspace.create_dir(folder)?;
    }
    let mut source = stored(deps, job, &dataset.canonical_rel_path)?;
    let Written { size_bytes, sha256 } = copy_hashing(&mut source, &mut deps.workspace.create(&target)?)?;
    if sha256 != dataset.canonical_sha256 {
        let detail = format!("the data set {} differs from its recorded hash", dataset.dataset_key);
        return Err(PrepareError::damaged(detail));
    }
    Ok(DataFile { name: name.to_owned(), dataset_key: dataset.dataset_key.clone(), sha256, size_bytes })
}

/// True for a file name without a folder, a leading dot or characters that need quoting.
pub(super) fn is_plain_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    first && name.len() <= 120 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}
