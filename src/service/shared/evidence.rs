//! Writes small evidence files of a job and lists them as artifacts.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of};
use crate::domain::error::Problem;
use crate::domain::job::JobRecord;
use crate::service::inputs::receive_upload::io_problem;
use crate::service::shared::context::Context;

/// A file to be published.
pub struct Evidence {
    pub kind: ArtifactKind,
    pub rel_path: String,
    pub bytes: Vec<u8>,
    pub meta: Map<String, Value>,
}

impl Evidence {
    /// A JSON document.
    pub fn json<T: Serialize>(kind: ArtifactKind, rel_path: String, value: &T) -> Self {
        let mut bytes = serde_json::to_vec_pretty(value).expect("evidence serialises to JSON");
        bytes.push(b'\n');
        Self { kind, rel_path, bytes, meta: Map::new() }
    }

    /// Bytes as they are.
    pub fn raw(kind: ArtifactKind, rel_path: String, bytes: Vec<u8>) -> Self {
        Self { kind, rel_path, bytes, meta: Map::new() }
    }
}

/// Writes evidence durably, before the commit that names it.
///
/// # Errors
/// `STORAGE_FULL`, `INTERNAL_ERROR`.
pub async fn publish(ctx: &Context, job: &JobRecord, files: Vec<Evidence>) -> Result<Vec<Artifact>, Problem> {
    let store = Arc::clone(&ctx.files);
    let (tenant, job_id, now) = (job.tenant_id.clone(), job.job_id.clone(), ctx.clock.now());
    ctx.pools
        .writes
        .run(move || {
            files
                .into_iter()
                .map(|file| {
                    let written = store
                        .put(&tenant, &job_id, &file.rel_path, &file.bytes)
                        .map_err(|error| io_problem(&error))?;
                    Ok(Artifact {
                        kind: file.kind,
                        media_type: media_type_of(&file.rel_path).to_owned(),
                        rel_path: file.rel_path,
                        created_at: now,
                        size_bytes: written.size_bytes,
                        sha256: written.sha256,
                        meta: file.meta,
                    })
                })
                .collect()
        })
        .await?
}
