//! The parts of an upload session: kept as they arrive, listed, and put together to the file. Every server sees the same
//! parts, since they are stored where all files are; what is known of a part is its name.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::domain::bundle::{ReceivedBytes, UploadSession};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::layout::{session_dir, upload_dir};
use crate::domain::upload_part::{Origin, StatedPart, StoredPart, direct_part_path, in_force, part_path};
use crate::ports::blob_store::{BlobStore, DirectRequest, Promotion, Written};
use crate::ports::workspace::Workspace;
use crate::service::inputs::ingest_inputs::check_unlocked;
use crate::service::inputs::receive_upload::io_problem;
use crate::service::inputs::upload_sessions::{NotFinished, bundle_of};
use crate::service::shared::context::Context;

/// A part that arrived and is durable.
#[derive(Debug)]
pub struct Arrived {
    /// Path of the part in the job's scratch space.
    pub rel_path: String,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal digits, computed while the part arrived.
    pub sha256: String,
}

/// The parts of one session of a job.
#[derive(Clone)]
pub struct SessionParts {
    blobs: Arc<dyn BlobStore>,
    workspace: Arc<dyn Workspace>,
    tenant: TenantId,
    job_id: JobId,
    session_id: String,
}

/// Returns the bytes that a part must have.
///
/// # Errors
/// `UPLOAD_SESSION_*`, `JOB_LOCKED`, `INPUT_VALIDATION_FAILED` if there is no such part.
pub fn part_bytes(ctx: &Context, job: &JobRecord, session_id: &str, part: u32) -> Result<u64, Problem> {
    let (file, session) = bundle_of(job)?.file_of(session_id, ctx.clock.now())?;
    if file.received.is_some() {
        return Err(Problem::new(
            ErrorCode::JobLocked,
            "the file is finished; declare a new bundle to replace it",
        ));
    }
    check_unlocked(job)?;
    session
        .bytes_of(part, file.size_bytes)
        .ok_or_else(|| Problem::validation("part_number", format!("must be 1 to {}", session.parts)))
}

impl SessionParts {
    /// The parts of a session, which need not exist.
    pub fn of(ctx: &Context, job: &JobRecord, session_id: &str) -> Self {
        Self {
            blobs: Arc::clone(&ctx.blobs),
            workspace: Arc::clone(&ctx.workspace),
            tenant: job.tenant_id.clone(),
            job_id: job.job_id.clone(),
            session_id: session_id.to_owned(),
        }
    }

    fn local(&self, rel_path: &str) -> PathBuf {
        self.workspace.path(&self.tenant, &self.job_id, rel_path)
    }

    /// Returns a fresh place in the scratch space for a part that is about to arrive, with its local path; its directory
    /// exists.
    ///
    /// # Errors
    /// `STORAGE_FULL`, `INTERNAL_ERROR`.
    pub async fn place_for_part(&self, ctx: &Context) -> Result<(String, PathBuf), Problem> {
        ctx.check_space().await?;
        let dir = session_dir(&self.session_id);
        let rel_path = format!("{dir}/.{}.part", ctx.ids.id("arriving"));
        let path = self.local(&rel_path);
        let parts = self.clone();
        let made = ctx.pools.writes.run(move || make_dir(parts.workspace.as_ref(), &parts.local(&dir)));
        made.await?.map_err(|error| io_problem(&error))?;
        Ok((rel_path, path))
    }

    /// Stores a part that arrived; of parts with one number the last is in force.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for a part of another size; `STORAGE_FULL`, `DEPENDENCY_UNAVAILABLE`.
    pub async fn keep(
        &self,
        ctx: &Context,
        number: u32,
        wanted_bytes: u64,
        arrived: &Arrived,
    ) -> Result<(), Problem> {
        if arrived.size_bytes != wanted_bytes {
            let message = format!("part {number} has {wanted_bytes} bytes, not {}", arrived.size_bytes);
            return Err(Problem::validation("body", message).with("expected_bytes", wanted_bytes));
        }
        let (parts, staged) = (self.clone(), arrived.rel_path.clone());
        let written = Written { size_bytes: arrived.size_bytes, sha256: arrived.sha256.clone() };
        let kept = ctx.pools.writes.run(move || parts.store(number, staged, written)).await?;
        kept.map_err(|error| io_problem(&error))
    }

    fn store(&self, number: u32, staged: String, written: Written) -> io::Result<()> {
        let parts = self.list()?;
        let before = in_force(&parts, number);
        if before.is_some_and(|part| part.sha256() == Some(&written.sha256)) {
            return self.workspace.remove_file(&self.local(&staged));
        }
        let earlier = match before.map(|part| &part.origin) {
            Some(Origin::Service { arrival, .. }) => *arrival,
            Some(Origin::Direct { .. }) | None => 0,
        };
        let rel_path = part_path(&self.session_id, number, earlier + 1, &written.sha256);
        self.blobs.promote(
            &self.tenant,
            &self.job_id,
            &[Promotion { staged, rel_path, known: Some(written) }],
        )?;
        let is_over = |part: &&StoredPart| match &part.origin {
            Origin::Service { arrival, .. } => part.number == number && *arrival <= earlier,
            Origin::Direct { .. } => false,
        };
        for part in parts.iter().filter(is_over) {
            // it is no longer in force; what is left of it goes with the session
            let _ = self.blobs.delete(&self.tenant, &self.job_id, &part.rel_path);
        }
        Ok(())
    }

    /// Returns URLs with which a client sends parts of a file of `size_bytes` to the object store; `None` where it takes
    /// none.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE`.
    pub async fn direct_urls(
        &self,
        ctx: &Context,
        session: &UploadSession,
        size_bytes: u64,
        numbers: Vec<u32>,
        ttl: Duration,
    ) -> Result<Option<Vec<String>>, Problem> {
        let (parts, session) = (self.clone(), session.clone());
        let sign = move || {
            let url = |number: u32| {
                let path = direct_part_path(&parts.session_id, number);
                let put =
                    DirectRequest::Put { size_bytes: session.bytes_of(number, size_bytes).unwrap_or(0) };
                parts.blobs.direct_url(&parts.tenant, &parts.job_id, &path, &put, ttl)
            };
            numbers.into_iter().map(url).collect::<io::Result<Option<Vec<String>>>>()
        };
        ctx.pools.reads.run(sign).await?.map_err(|error| io_problem(&error))
    }

    /// Removes a part that was not kept. What is left of it the sweeper removes.
    pub async fn discard(&self, ctx: &Context, path: PathBuf) {
        let workspace = Arc::clone(&self.workspace);
        let _ = ctx.pools.writes.run(move || workspace.remove_file(&path)).await;
    }

    /// Lists the stored parts, also those that are not in force. Blocks.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn list(&self) -> io::Result<Vec<StoredPart>> {
        let found = self.blobs.list(&self.tenant, &self.job_id, &session_dir(&self.session_id))?;
        let part = |blob: crate::ports::blob_store::BlobInfo| {
            StoredPart::of(&blob.rel_path, blob.size_bytes, blob.tag.as_deref())
        };
        Ok(found.into_iter().filter_map(part).collect())
    }

    /// Lists the stored parts.
    ///
    /// # Errors
    /// `DEPENDENCY_UNAVAILABLE`, `INTERNAL_ERROR`.
    pub async fn arrived(&self, ctx: &Context) -> Result<Vec<StoredPart>, Problem> {
        let parts = self.clone();
        let listed = ctx.pools.reads.run(move || parts.list()).await?;
        listed.map_err(|error| io_problem(&error))
    }

    /// Removes everything of the session. What is left of it the sweeper removes.
    pub async fn remove(&self, ctx: &Context) {
        let parts = self.clone();
        let remove = move || {
            let dir = session_dir(&parts.session_id);
            parts.blobs.delete(&parts.tenant, &parts.job_id, &dir)?;
            parts.workspace.remove(&parts.tenant, &parts.job_id, &dir)
        };
        let _ = ctx.pools.writes.run(remove).await;
    }

    /// Puts the parts of a file together in the directory of a fresh upload, durably, and compares them with the stated
    /// ones. Nothing is left of it where they do not fit. Blocks.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn assemble(
        &self,
        session: &UploadSession,
        size_bytes: u64,
        stated: &[StatedPart],
        upload_id: &str,
    ) -> io::Result<Result<ReceivedBytes, NotFinished>> {
        let parts = self.list()?;
        let chosen = match chosen(&parts, session, size_bytes, stated) {
            Ok(chosen) => chosen,
            Err(reason) => return Ok(Err(reason)),
        };
        let (dir, rel_path) = (upload_dir(upload_id), format!("{}/original_1", upload_dir(upload_id)));
        self.workspace.create_dir(&self.local(&dir))?;
        let joined = self.join(&chosen, size_bytes, stated, &rel_path);
        if !matches!(joined, Ok(Ok(_))) {
            // what is left of it the sweeper removes
            let _ = self.workspace.remove(&self.tenant, &self.job_id, &dir);
        }
        joined
    }

    fn join(
        &self,
        chosen: &[&StoredPart],
        wanted_bytes: u64,
        stated: &[StatedPart],
        rel_path: &str,
    ) -> io::Result<Result<ReceivedBytes, NotFinished>> {
        let mut out = io::BufWriter::with_capacity(1 << 20, self.workspace.create(&self.local(rel_path))?);
        let (mut all, mut size_bytes) = (Sha256::new(), 0);
        for part in chosen {
            let mut source = self.blobs.get(&self.tenant, &self.job_id, &part.rel_path)?;
            let mut one = Sha256::new();
            size_bytes +=
                io::copy(&mut source, &mut Hashing { out: &mut out, hashes: vec![&mut one, &mut all] })?;
            let sha256 = hex::encode(one.finalize());
            let is_damaged = part.sha256().is_some_and(|promised| promised != sha256);
            let number = part.number;
            if is_damaged || stated_of(stated, number).any(|said| said.contradicts(part, Some(&sha256))) {
                return Ok(Err(mismatch(number)));
            }
        }
        drop(out.into_inner().map_err(io::IntoInnerError::into_error)?);
        if size_bytes != wanted_bytes {
            // a part that a client sends to the object store itself can change until it was read
            let detail =
                format!("the parts have {size_bytes} bytes instead of {wanted_bytes}; send them again");
            return Ok(Err(NotFinished::Incomplete(detail)));
        }
        let known = Written { size_bytes, sha256: hex::encode(all.finalize()) };
        let rel_path = rel_path.to_owned();
        let file =
            Promotion { staged: rel_path.clone(), rel_path: rel_path.clone(), known: Some(known.clone()) };
        self.blobs.promote(&self.tenant, &self.job_id, &[file])?;
        let Written { size_bytes, sha256 } = known;
        Ok(Ok(ReceivedBytes { sha256, size_bytes, stored_as: Some(rel_path) }))
    }
}

/// Returns the parts of a file in order, each of its size and as the client stated it.
fn chosen<'a>(
    parts: &'a [StoredPart],
    session: &UploadSession,
    size_bytes: u64,
    stated: &[StatedPart],
) -> Result<Vec<&'a StoredPart>, NotFinished> {
    if let Some(part) = stated.iter().find(|part| part.part_number == 0 || part.part_number > session.parts) {
        let detail = format!("part {} is none of 1 to {}", part.part_number, session.parts);
        return Err(NotFinished::PartsInvalid(detail));
    }
    let mut chosen = Vec::with_capacity(session.parts as usize);
    for number in 1..=session.parts {
        let wanted = session.bytes_of(number, size_bytes).unwrap_or_default();
        let part = in_force(parts, number).ok_or_else(|| {
            NotFinished::Incomplete(format!("part {number} of {} has not arrived", session.parts))
        })?;
        if part.size_bytes != wanted {
            let detail =
                format!("part {number} has {} bytes instead of {wanted}; send it again", part.size_bytes);
            return Err(NotFinished::Incomplete(detail));
        }
        let read_later = part.sha256().is_none();
        if !read_later && stated_of(stated, number).any(|said| said.contradicts(part, None)) {
            return Err(mismatch(number));
        }
        chosen.push(part);
    }
    Ok(chosen)
}

fn stated_of(stated: &[StatedPart], number: u32) -> impl Iterator<Item = &StatedPart> {
    stated.iter().filter(move |part| part.part_number == number)
}

fn mismatch(number: u32) -> NotFinished {
    NotFinished::ChecksumMismatch(format!("part {number} does not match its hash; send it again"))
}

/// Makes the directory of a session, durably with the one that it lies in.
fn make_dir(workspace: &dyn Workspace, dir: &Path) -> io::Result<()> {
    if workspace.facts(dir).is_ok_and(|facts| facts.is_dir) {
        return Ok(());
    }
    workspace.create_dir(dir)?;
    dir.ancestors().skip(1).take(2).try_for_each(|dir| workspace.sync(dir))
}

/// Writes what it hashes.
struct Hashing<'a, W> {
    out: &'a mut W,
    hashes: Vec<&'a mut Sha256>,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hashes.iter_mut().for_each(|hash| hash.update(&bytes[..n]));
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
