//! Moving the files of a data directory into the bucket of the settings, and back until the switch.

use serde::Serialize;
use serde_json::{Value, json};

use super::control::{RequestError, Target};
use super::maintenance::blocking;
use super::moving::refused;
use super::opened_store::OpenedStore;
use crate::adapters::objects::Options;
use crate::adapters::objects::moving::{Begun, FileMove, Pass, remove_moved};
use crate::adapters::postgres::Access;
use crate::domain::batch::BatchRecord;
use crate::domain::job::JobRecord;
use crate::ports::store::{JobFilter, Store, StoreExt};

/// Records of one page.
const PAGE: usize = 500;
/// Most problems that a report names.
const NAMED: usize = 1000;

/// Result of a move of files.
#[derive(Debug, Default, Serialize)]
pub struct FilesMoved {
    /// True unless something is wrong with files that records name.
    pub ok: bool,
    /// True if the bucket is the place of the files from here on. False while the service runs: the rest is copied and the
    /// switch made by a call when it is stopped.
    pub switched: bool,
    /// True if the move was complete before.
    pub before: bool,
    /// Files in the bucket.
    pub files: u64,
    /// Their size together, in bytes.
    pub bytes: u64,
    /// Files that this call stored; the others were stored before it.
    pub copied: u64,
    /// Objects that were removed, since their files are gone.
    pub removed: u64,
    /// Files that records name and that are not there, or not as the record says: path and reason.
    pub damaged: Vec<(String, String)>,
}

fn objects(target: &Target) -> Result<Options, RequestError> {
    let text = "the settings name no bucket; set files.backend = \"s3\" and s3.bucket to the bucket that the files \
                move to";
    target.files.objects.clone().ok_or_else(|| refused(text))
}

/// Copies files into the bucket, and makes it their place where the service does not run.
///
/// # Errors
/// [`RequestError`].
pub async fn move_files(
    target: &Target,
    keep_damaged: bool,
    mut on: impl FnMut(Pass) + Send + 'static,
) -> Result<Value, RequestError> {
    let options = objects(target)?;
    let store = match target.open(Access::Own, 1) {
        Ok(store) => Some(store),
        Err(error) if error.is_held() => None,
        Err(error) => return Err(error),
    };
    let moved = copy(target, options, store.as_ref(), keep_damaged, &mut on).await;
    if let Some(store) = store {
        blocking(move || store.shutdown()).await?;
    }
    Ok(json!(moved?))
}

async fn copy(
    target: &Target,
    options: Options,
    store: Option<&OpenedStore>,
    keep_damaged: bool,
    on: &mut (impl FnMut(Pass) + Send + 'static),
) -> Result<FilesMoved, RequestError> {
    let data_dir = target.data_dir.clone();
    let begun = blocking(move || FileMove::begin(&options, &data_dir)).await??;
    let Begun::Copying(moving) = begun else {
        return Ok(FilesMoved { ok: true, switched: true, before: true, ..FilesMoved::default() });
    };
    let mut moved = FilesMoved { ok: true, ..FilesMoved::default() };
    let mut moving = pass(*moving, &mut moved, on).await?;
    let Some(store) = store else { return Ok(moved) };
    let (missing, checked) = blocking(move || (moving.missing(), moving)).await?;
    moving = checked;
    if !missing.map_err(|error| moving.error(error))?.is_empty() {
        // somebody removed objects meanwhile
        moving = pass(moving, &mut moved, on).await?;
    }
    moved.damaged = differing(store.store().as_ref(), &moving).await?;
    moved.ok = moved.damaged.is_empty() || keep_damaged;
    if moved.ok {
        blocking(move || moving.switch()).await??;
        moved.switched = true;
    }
    Ok(moved)
}

/// One pass over the files.
async fn pass(
    mut moving: FileMove,
    moved: &mut FilesMoved,
    on: &mut (impl FnMut(Pass) + Send + 'static),
) -> Result<FileMove, RequestError> {
    let (send, mut passes) = tokio::sync::mpsc::unbounded_channel();
    let work = blocking(move || {
        // without a receiver nobody watches
        let done = moving.copy(&mut |pass| {
            let _ = send.send(pass);
        });
        (done, moving)
    });
    let watch = async {
        while let Some(pass) = passes.recv().await {
            on(pass);
        }
    };
    let (worked, ()) = tokio::join!(work, watch);
    let (done, moving) = worked?;
    let done = done.map_err(|error| moving.error(error))?;
    (moved.copied, moved.removed) = (moved.copied + done.files, moved.removed + done.removed);
    (moved.files, moved.bytes) = moving.total();
    Ok(moving)
}

/// Compares the hashes of what was stored with those of the records.
async fn differing(store: &dyn Store, moving: &FileMove) -> Result<Vec<(String, String)>, RequestError> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let filter = JobFilter { limit: PAGE, cursor, ..JobFilter::default() };
        let page = store.list_jobs(filter).await.map_err(|error| refused(error.to_string()))?;
        for job in &page.items {
            differing_of(job, moving, &mut found);
            for mark in job.kept_batches() {
                let batch = store.batch(&mark.batch_id).await.map_err(|error| refused(error.to_string()))?;
                for (_, cell) in batch.iter().flat_map(BatchRecord::jobs) {
                    let cell = store.job(&job.tenant_id, cell).await;
                    let cell = cell.map_err(|error| refused(error.to_string()))?;
                    cell.iter().for_each(|cell| differing_of(cell, moving, &mut found));
                }
            }
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// Compares the files of one job; those of a cell may lie with the job of its batch.
fn differing_of(job: &JobRecord, moving: &FileMove, found: &mut Vec<(String, String)>) {
    for artifact in job.kept_artifacts() {
        let path = artifact.stored_path();
        let holder = job.holder_of(path);
        let reason = match moving.sha256(&job.tenant_id, holder, path) {
            Some(sha256) if sha256 == artifact.sha256 => continue,
            Some(_) => "its bytes differ from the hash in the record",
            None => "it is not there",
        };
        if found.len() < NAMED {
            found.push((format!("{holder}/{path}"), reason.to_owned()));
        }
    }
}

/// Removes what a move has stored, as long as the bucket is not the place of the files.
///
/// # Errors
/// [`RequestError`].
pub async fn take_files_back(target: &Target) -> Result<Value, RequestError> {
    let (options, data_dir) = (objects(target)?, target.data_dir.clone());
    match blocking(move || FileMove::begin(&options, &data_dir)).await?? {
        Begun::Switched => {
            let text = "the bucket is the place of the files; what was stored since would be lost: go back with \
                        `backup` and `restore` instead";
            Err(refused(text))
        }
        Begun::Copying(moving) => {
            let removed = blocking(move || moving.take_back()).await??;
            Ok(json!({"ok": true, "removed": removed}))
        }
    }
}

/// Removes the files of the data directory after a move. The service must not run.
///
/// # Errors
/// [`RequestError`].
pub async fn remove_old_files(target: &Target) -> Result<Value, RequestError> {
    objects(target)?;
    let store = target.open(Access::Own, 1)?;
    let data_dir = target.data_dir.clone();
    let removed = blocking(move || {
        let removed = remove_moved(&data_dir);
        store.shutdown();
        removed
    });
    let jobs = removed.await??;
    Ok(json!({"ok": true, "jobs": jobs}))
}
