//! Receives uploaded files: streamed to disk by one blocking writer each, hashed while written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::domain::dataset::DatasetRole;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::Original;
use crate::domain::layout::upload_dir;
use crate::domain::naming;
use crate::ports::blob_store::{Promotion, Written, is_unavailable};
use crate::ports::workspace::Workspace;
use crate::service::shared::context::Context;
use crate::service::shared::quotas::admit_bytes;
use crate::service::shared::space::{files_away, read_only};

/// Pieces of a body that may wait for the disk.
const WAITING_CHUNKS: usize = 8;

/// An upload in progress: a fresh directory that disappears unless the upload is kept.
pub struct Upload {
    /// Id of the upload, the name of its directory.
    pub upload_id: String,
    /// Directory of the upload, below the job's `inputs`.
    pub dir: PathBuf,
    workspace: Arc<dyn Workspace>,
    limit_bytes: u64,
    received_bytes: u64,
    /// Path, name, size and hash of each.
    files: Vec<(String, String, u64, String)>,
    max_files: usize,
    keep: bool,
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.keep {
            // Best effort: a later upload of the job removes what is left.
            let _ = self.workspace.remove_dir(&self.dir);
        }
    }
}

/// Returns the largest upload of a job, in bytes.
pub fn upload_limit(ctx: &Context, job: &JobRecord) -> u64 {
    let of_trial = job.trial.as_ref().map_or(u64::MAX, |trial| trial.terms.max_bytes);
    ctx.options.upload_max_bytes.min(of_trial)
}

impl Upload {
    /// Opens a fresh upload directory for a job.
    ///
    /// # Errors
    /// `STORAGE_FULL`; `QUOTA_EXCEEDED`; `INTERNAL_ERROR` if the directory cannot be made.
    pub async fn begin(ctx: &Context, job: &JobRecord) -> Result<Upload, Problem> {
        ctx.check_space().await?;
        drop(admit_bytes(ctx, &job.tenant_id, 1).await?);
        let upload_id = ctx.ids.id("up");
        let dir = ctx.workspace.path(&job.tenant_id, &job.job_id, &upload_dir(&upload_id));
        let (workspace, created) = (Arc::clone(&ctx.workspace), dir.clone());
        let made = ctx.pools.writes.run(move || workspace.create_dir(&created)).await?;
        made.map_err(|e| io_problem(&e))?;
        Ok(Upload {
            upload_id,
            dir,
            workspace: Arc::clone(&ctx.workspace),
            limit_bytes: upload_limit(ctx, job),
            received_bytes: 0,
            files: Vec::new(),
            max_files: ctx.options.upload_max_files,
            keep: false,
        })
    }

    /// Receives one file; `next` gives its pieces until `None`.
    ///
    /// # Errors
    /// `PAYLOAD_TOO_LARGE`, `INPUT_FILE_NAME_FORBIDDEN`, or what `next` reports.
    pub async fn receive<F, Fut>(&mut self, ctx: &Context, name: String, mut next: F) -> Result<(), Problem>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Option<Bytes>, Problem>>,
    {
        let index = self.files.len();
        if index >= self.max_files {
            return Err(Problem::validation("file", format!("at most {} files", self.max_files)));
        }
        let (path, rel_path) = self.next_place();
        let left = self.limit_bytes - self.received_bytes;
        let (size, sha256) = receive_file(ctx, path, (left, self.limit_bytes), &mut next).await?;
        self.received_bytes += size;
        self.files.push((rel_path, name, size, sha256));
        Ok(())
    }

    fn next_place(&self) -> (PathBuf, String) {
        let name = format!("original_{}", self.files.len() + 1);
        (self.dir.join(&name), format!("{}/{name}", upload_dir(&self.upload_id)))
    }

    /// Returns the number of files so far.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True before the first file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Assigns roles and names: one role per file (or none for a single file), exactly one primary.
    ///
    /// # Errors
    /// `INPUT_EMPTY`, `INPUT_ROLE_INVALID`, `INPUT_VALIDATION_FAILED`.
    pub fn assign(&self, roles: &[DatasetRole], names: &[String]) -> Result<Vec<Original>, Problem> {
        let n = self.files.len();
        if n == 0 {
            return Err(Problem::new(
                ErrorCode::InputEmpty,
                "the upload holds no file; send one part named file",
            ));
        }
        let roles =
            if roles.is_empty() && n == 1 { vec![DatasetRole::PrimaryDataset] } else { roles.to_vec() };
        let invalid = |message: &str| {
            Problem::new(ErrorCode::InputRoleInvalid, message).with("files", n).with("roles", roles.len())
        };
        if roles.len() != n {
            return Err(invalid("state one role per file"));
        }
        if roles.iter().filter(|r| **r == DatasetRole::PrimaryDataset).count() != 1 {
            return Err(invalid("exactly one file must have the role primary_dataset"));
        }
        if !names.is_empty() && names.len() != n {
            return Err(Problem::validation("filename", "state one file name per file, or none"));
        }
        let mut further = DatasetKeys::default();
        let files = self.files.iter().zip(&roles).enumerate();
        Ok(files
            .map(|(i, ((rel_path, name, size, sha256), role))| Original {
                rel_path: rel_path.clone(),
                original_name: naming::file_name(names.get(i).unwrap_or(name)),
                size_bytes: *size,
                sha256: sha256.clone(),
                role: *role,
                dataset_key: further.next_key(*role),
            })
            .collect())
    }

    /// Stores the files where every server finds them.
    ///
    /// # Errors
    /// `STORAGE_FULL`, `DEPENDENCY_UNAVAILABLE`, `INTERNAL_ERROR`.
    pub async fn store(&self, ctx: &Context, job: &JobRecord, files: &[Original]) -> Result<(), Problem> {
        let promotion = |file: &Original| Promotion {
            staged: file.rel_path.clone(),
            rel_path: file.rel_path.clone(),
            known: Some(Written { size_bytes: file.size_bytes, sha256: file.sha256.clone() }),
        };
        let (blobs, files) = (Arc::clone(&ctx.blobs), files.iter().map(promotion).collect::<Vec<_>>());
        let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
        let stored = ctx.pools.writes.run(move || blobs.promote(&tenant, &job_id, &files)).await?;
        stored.map(drop).map_err(|error| io_problem(&error))
    }

    /// Keeps the directory beyond this value's life and returns the upload's id.
    pub fn keep(mut self) -> String {
        self.keep = true;
        self.upload_id.clone()
    }
}

/// Gives keys to data sets.
#[derive(Debug, Default)]
pub struct DatasetKeys(u32);

impl DatasetKeys {
    /// Returns the key of the next data set: `main` for the primary one, `data_2`, `data_3` … for the others.
    pub fn next_key(&mut self, role: DatasetRole) -> String {
        if role == DatasetRole::PrimaryDataset {
            return "main".to_owned();
        }
        self.0 += 1;
        format!("data_{}", self.0 + 1)
    }
}

/// Receives one file durably; `next` gives its pieces until `None`. `limits` are the bytes that it may have
/// and those that a refusal names.
///
/// # Errors
/// `PAYLOAD_TOO_LARGE`, `STORAGE_FULL`, or what `next` reports.
pub async fn receive_file<F, Fut>(
    ctx: &Context,
    target: PathBuf,
    limits: (u64, u64),
    mut next: F,
) -> Result<(u64, String), Problem>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<Bytes>, Problem>>,
{
    let (sender, receiver) = mpsc::channel(WAITING_CHUNKS);
    let (pool, workspace) = (ctx.pools.uploads.clone(), Arc::clone(&ctx.workspace));
    let write = move || write_file(workspace.as_ref(), &target, receiver);
    let writer = tokio::spawn(async move { pool.run(write).await });
    let (mut received, mut refused) = (0, None);
    loop {
        match next().await {
            Ok(Some(chunk)) => {
                received += chunk.len() as u64;
                if received > limits.0 {
                    refused = Some(
                        Problem::new(ErrorCode::PayloadTooLarge, "the upload is too large")
                            .with("limit_bytes", limits.1),
                    );
                    break;
                }
                if sender.send(Ok(chunk)).await.is_err() {
                    break;
                }
            }
            Ok(None) => break,
            Err(problem) => {
                refused = Some(problem);
                break;
            }
        }
    }
    if refused.is_some() {
        let _ = sender.send(Err(())).await;
    }
    drop(sender);
    let written = writer.await.map_err(|_| Problem::internal())??;
    match refused {
        Some(problem) => Err(problem),
        None => written.map_err(|e| io_problem(&e)),
    }
}

/// Writes what arrives, hashing it; `Err` in the channel means that the body was refused.
fn write_file(
    workspace: &dyn Workspace,
    path: &Path,
    mut receiver: mpsc::Receiver<Result<Bytes, ()>>,
) -> std::io::Result<(u64, String)> {
    let mut file = workspace.create(path)?;
    let mut hasher = Sha256::new();
    let mut size = 0;
    while let Some(chunk) = receiver.blocking_recv() {
        let Ok(chunk) = chunk else { return Ok((0, String::new())) };
        hasher.update(&chunk);
        size += chunk.len() as u64;
        file.write_all(&chunk)?;
    }
    file.sync()?;
    Ok((size, hex::encode(hasher.finalize())))
}

/// Returns a local copy of a stored file that the record lists, for readers that need a path.
///
/// # Errors
/// `INTERNAL_ERROR`, `STORAGE_FULL`, `DEPENDENCY_UNAVAILABLE`.
pub async fn local_copy(ctx: &Context, job: &JobRecord, rel_path: &str) -> Result<PathBuf, Problem> {
    let artifact = job.artifacts_index.iter().find(|artifact| artifact.stored_path() == rel_path);
    let of_inputs = || job.inputs.as_ref().and_then(|inputs| inputs.sha256_of(rel_path));
    let sha256 = artifact.map(|artifact| artifact.sha256.as_str()).or_else(of_inputs);
    copy_of(ctx, job, rel_path, sha256.ok_or_else(Problem::internal)?).await
}

/// Returns a local copy of a stored file with this hash, for readers that need a path.
///
/// # Errors
/// As [`local_copy`].
pub async fn copy_of(
    ctx: &Context,
    job: &JobRecord,
    rel_path: &str,
    sha256: &str,
) -> Result<PathBuf, Problem> {
    let workspace = Arc::clone(&ctx.workspace);
    let (tenant, job_id) = (job.tenant_id.clone(), job.holder_of(rel_path).clone());
    let (rel_path, sha256) = (rel_path.to_owned(), sha256.to_owned());
    let copied =
        ctx.pools.reads.run(move || workspace.local_copy(&tenant, &job_id, &rel_path, &sha256)).await?;
    copied.map_err(|error| io_problem(&error))
}

/// Converts an I/O error of the data volume or the file store; logged here, without paths for the client.
pub fn io_problem(error: &std::io::Error) -> Problem {
    if is_unavailable(error) {
        return files_away(error);
    }
    tracing::error!(event = "SS_DATA_IO_FAILED", %error, "an input or output on the data volume failed");
    if error.kind() == std::io::ErrorKind::StorageFull || error.kind() == std::io::ErrorKind::QuotaExceeded {
        return Problem::new(ErrorCode::StorageFull, "the data volume is full; nothing was changed")
            .with("free_bytes", 0)
            .retry_after(60);
    }
    if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem {
        return read_only();
    }
    Problem::internal()
}
