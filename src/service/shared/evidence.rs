//! Writes small evidence files of a job and lists them as artifacts.

use std::sync::Arc;

use futures_util::future::try_join_all;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::artifact::{Artifact, ArtifactKind, media_type_of};
use crate::domain::error::Problem;
use crate::domain::job::JobRecord;
use crate::domain::layout::{set_of, stored_path};
use crate::service::inputs::receive_upload::io_problem;
use crate::service::shared::commits::Attempt;
use crate::service::shared::context::Context;

/// A file to be published.
pub struct Evidence {
    /// Kind under which the artifact is listed.
    pub kind: ArtifactKind,
    /// Path below the directory of the published set.
    pub rel_path: String,
    /// Content of the file.
    pub bytes: Vec<u8>,
    /// Further facts on the artifact, listed with it.
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

/// Files of one publication that are written by one worker of the pool.
const AT_ONCE: usize = 16;

/// Writes evidence durably, before the commit that lists it, under names that no other writer uses. Returns one artifact
/// for each file, in their order; all of them lie in one set.
///
/// # Errors
/// `STORAGE_FULL`, `INTERNAL_ERROR`.
pub async fn publish(ctx: &Context, job: &JobRecord, files: Vec<Evidence>) -> Result<Vec<Artifact>, Problem> {
    let set = ctx.ids.id("set");
    let mut files: Vec<(usize, Evidence)> = files.into_iter().enumerate().collect();
    let mut parts = Vec::new();
    while !files.is_empty() {
        let rest = files.split_off(files.len().min(AT_ONCE));
        parts.push(write(ctx, job, &set, std::mem::replace(&mut files, rest)));
    }
    Ok(try_join_all(parts).await?.into_iter().flatten().collect())
}

async fn write(
    ctx: &Context,
    job: &JobRecord,
    set: &str,
    files: Vec<(usize, Evidence)>,
) -> Result<Vec<Artifact>, Problem> {
    let blobs = Arc::clone(&ctx.blobs);
    let (tenant, job_id, now) = (job.tenant_id.clone(), job.job_id.clone(), ctx.clock.now());
    let set = set.to_owned();
    let write = move |(index, file): (usize, Evidence)| {
        let stored = stored_path(&set, index, &file.rel_path);
        let written =
            blobs.put(&tenant, &job_id, &stored, &mut &file.bytes[..]).map_err(|error| io_problem(&error))?;
        Ok(Artifact {
            kind: file.kind,
            media_type: media_type_of(&file.rel_path).to_owned(),
            rel_path: file.rel_path,
            created_at: now,
            size_bytes: written.size_bytes,
            sha256: written.sha256,
            meta: file.meta,
            stored_as: Some(stored),
        })
    };
    ctx.pools.writes.run(move || files.into_iter().map(write).collect()).await?
}

/// Removes the files that an attempt published for a commit which another writer came before. Of an unknown
/// outcome everything stays: the commit may list the files.
pub async fn discard_lost<T>(
    ctx: &Context,
    before: &JobRecord,
    published: &[Artifact],
    outcome: &Result<T, Attempt>,
) {
    if matches!(outcome, Err(Attempt::Lost { .. })) {
        let sets = published.iter().filter_map(|a| set_of(a.stored_path()));
        discard(ctx, before, sets.filter(|set| !before.cites_set(set)).map(str::to_owned).collect()).await;
    }
}

/// Removes published sets that no record lists. One that cannot be removed is left to the sweeper.
pub async fn discard(ctx: &Context, job: &JobRecord, mut sets: Vec<String>) {
    sets.sort_unstable();
    sets.dedup();
    if sets.is_empty() {
        return;
    }
    let blobs = Arc::clone(&ctx.blobs);
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let remove = move || sets.iter().try_for_each(|set| blobs.delete(&tenant, &job_id, set));
    if !matches!(ctx.pools.writes.run(remove).await, Ok(Ok(()))) {
        tracing::debug!("published files that no record lists are left to the sweeper");
    }
}
