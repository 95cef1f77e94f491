//! Reads a job's files for its capsule, each checked against the record. What retention removed is distinguished
//! from what is damaged.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};

use crate::domain::artifact::{Artifact, ArtifactKind};
use crate::domain::canonical::sha256_hex;
use crate::domain::dataset::Inputs;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::layout::{IDIOMS_PATH, plan_copy};
use crate::domain::plan::Plan;
use crate::library::Library;
use crate::library::idioms::Idioms;
use crate::library::load::hash_of_files;
use crate::ports::blob_store::{BlobStore, is_unavailable};
use crate::service::shared::space::files_away;

/// Largest file that is read into memory: declarations and records, which are small.
const MOST_READ: u64 = 64 << 20;

/// The files of one job.
pub(super) struct Shelf<'a> {
    blobs: &'a dyn BlobStore,
    pub job: &'a JobRecord,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(blobs: &'a dyn BlobStore, job: &'a JobRecord) -> Self {
        Self { blobs, job }
    }

    /// True if a file is there with this size. One that cannot be reached counts: what reads it then reports why.
    pub(super) fn has(&self, rel_path: &str, size_bytes: u64) -> bool {
        match self.blobs.head(&self.job.tenant_id, self.job.holder_of(rel_path), rel_path) {
            Ok(info) => info.size_bytes == size_bytes,
            Err(error) => is_unavailable(&error),
        }
    }

    /// Checks that a result is there.
    ///
    /// # Errors
    /// `ARTIFACT_EXPIRED` where it is gone, `JOB_CORRUPT` where it has another size.
    pub(super) fn check(&self, artifact: &Artifact) -> Result<(), Problem> {
        let path = artifact.stored_path();
        match self.blobs.head(&self.job.tenant_id, self.job.holder_of(path), path) {
            Ok(info) if info.size_bytes == artifact.size_bytes => Ok(()),
            Ok(_) => Err(damaged(artifact)),
            Err(error) => Err(unreadable(artifact, &error)),
        }
    }

    /// Reads an artifact whole.
    ///
    /// # Errors
    /// As [`Shelf::check`]; `JOB_CORRUPT` where it is not what its hash says.
    pub(super) fn read(&self, artifact: &Artifact) -> Result<Vec<u8>, Problem> {
        let bytes = self.bytes(artifact.stored_path()).map_err(|error| unreadable(artifact, &error))?;
        if sha256_hex(&bytes) == artifact.sha256 { Ok(bytes) } else { Err(damaged(artifact)) }
    }

    fn bytes(&self, path: &str) -> std::io::Result<Vec<u8>> {
        let file = self.blobs.get(&self.job.tenant_id, self.job.holder_of(path), path)?;
        let mut bytes = Vec::new();
        file.take(MOST_READ).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns the frozen copy of a template's file.
    pub(super) fn frozen(&self, kind: ArtifactKind, sha256: &str) -> Option<&'a Artifact> {
        self.job.artifacts_index.iter().find(|a| a.kind == kind && a.sha256 == sha256)
    }

    /// Returns the inputs that a plan was frozen for; those of earlier plans stay when new ones come.
    pub(super) fn inputs(&self, plan: &Plan) -> Option<Inputs> {
        let wanted = |inputs: &Inputs| inputs.fingerprint == plan.input_fingerprint;
        // a cell's record has the columns of its plan alone, the manifest has all
        let of_cell = self.job.inputs.as_ref().filter(|_| self.job.cell.is_some());
        let manifest = of_cell.and_then(|inputs| self.bytes(&inputs.manifest_rel_path).ok());
        if let Some(whole) = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok()).filter(wanted) {
            return Some(whole);
        }
        if let Some(inputs) = self.job.inputs.as_ref().filter(|inputs| wanted(inputs)) {
            return Some(inputs.clone());
        }
        let manifests = self.job.kept_artifacts().filter(|a| a.kind == ArtifactKind::InputsManifest);
        manifests.filter_map(|a| serde_json::from_slice(&self.read(a).ok()?).ok()).find(wanted)
    }

    /// Returns the idioms that a plan was frozen with: names and contents. `None` where they are not kept.
    pub(super) fn idioms(&self, plan: &Plan, library: &Library) -> Option<Idioms> {
        let wanted = &plan.template.ado_sha256;
        for rel_path in [IDIOMS_PATH.to_owned(), plan_copy(&plan.plan_id, "ado.json")] {
            let Some(bytes) = self.job.artifact(&rel_path).and_then(|a| self.read(a).ok()) else { continue };
            let Ok(texts) = serde_json::from_slice::<BTreeMap<String, String>>(&bytes) else { continue };
            let files = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
            if hash_of_files(&files) == *wanted {
                return Some(files);
            }
        }
        Some(library.ado_files().clone()).filter(|files| hash_of_files(files) == *wanted)
    }
}

fn unreadable(artifact: &Artifact, error: &std::io::Error) -> Problem {
    if is_unavailable(error) {
        return files_away(error);
    }
    tracing::error!(event = "SS_ARTIFACT_UNREADABLE", rel_path = artifact.rel_path, %error, "an indexed artifact cannot be read");
    if error.kind() == ErrorKind::NotFound {
        return Problem::new(
            ErrorCode::ArtifactExpired,
            "a file of this run is no longer kept; its hash is in the list of artifacts",
        )
        .with("rel_path", artifact.rel_path.clone());
    }
    Problem::internal()
}

fn damaged(artifact: &Artifact) -> Problem {
    unusable(&artifact.rel_path, "it is not what its hash says")
}

/// A file of a run from which no capsule can be made.
pub(super) fn unusable(rel_path: &str, reason: &str) -> Problem {
    tracing::error!(
        event = "SS_ARTIFACT_DAMAGED",
        rel_path,
        reason,
        "a file of a run is damaged; it is not served"
    );
    Problem::new(
        ErrorCode::JobCorrupt,
        "a stored file of this run is damaged; an operator can restore it from a backup",
    )
    .with("rel_path", rel_path)
    .with("reason", reason)
}
