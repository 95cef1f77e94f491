//! Uploads in sessions: a bundle is stated, each file arrives by signed requests, whole or in parts, and the
//! last one makes the bundle the job's inputs. Parts are files; what is known of them is in their bytes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Duration;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::bundle::{Bundle, BundleFile, ReceivedBytes, UploadSession, session_id};
use crate::domain::dataset::DatasetRole;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::ports::workspace::Workspace;
use crate::service::inputs::ingest_inputs::{Course, IngestInputs, check_unlocked};
use crate::service::inputs::ingest_state::{Claim, claim_bundle, fail};
use crate::service::inputs::receive_upload::{Upload, io_problem};
use crate::service::shared::commits::{job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_bytes;

/// A file as a client announces it.
#[derive(Debug, Clone)]
pub struct AnnouncedFile {
    /// Name given by the client; never used as a path.
    pub filename: String,
    /// Size of the whole file, in bytes; the received file must have it.
    pub size_bytes: u64,
    /// Role of the data set that the file becomes.
    pub role: DatasetRole,
    /// Media type declared by the client; the content decides.
    pub mime_type: Option<String>,
}

/// Longest file name, in bytes.
const MAX_NAME: usize = 255;

/// A client's declaration of a part that it sent.
#[derive(Debug, Clone)]
pub struct StatedPart {
    /// Number of the part, from 1.
    pub part_number: u32,
    /// SHA-256 of the part, quoted as in the response to it; compared if given.
    pub etag: Option<String>,
    /// SHA-256 of the part in hexadecimal digits; compared if given.
    pub sha256: Option<String>,
}

/// Why a file cannot be finished now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFinished {
    /// A hash differs from the declared one; the text names both.
    ChecksumMismatch(String),
    /// Bytes or parts are missing; the text names them.
    Incomplete(String),
    /// The list of parts differs from the parts that arrived; the text says where.
    PartsInvalid(String),
}

/// How far a finished file brought its bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Other files are still to come.
    Received,
    /// The bundle is being read.
    Ingesting,
    /// The bundle is the job's inputs.
    InputsReady,
}

/// The use cases of one service.
pub struct UploadSessions(pub Arc<Context>);

impl UploadSessions {
    /// States the files that are to become the inputs; the same files again are the same bundle while it waits.
    ///
    /// # Errors
    /// `INPUT_EMPTY`, `INPUT_ROLE_INVALID`, `PAYLOAD_TOO_LARGE`, `QUOTA_EXCEEDED`, `JOB_LOCKED`, `STORAGE_FULL`.
    pub async fn state_bundle(
        &self,
        caller: &Caller,
        job: &JobRecord,
        announced: Vec<AnnouncedFile>,
    ) -> Result<JobRecord, Problem> {
        let ctx = &self.0;
        let total = self.check_announced(&announced)?;
        ctx.check_space().await?;
        drop(admit_bytes(ctx, &job.tenant_id, total).await?);
        with_retries(None, || async {
            let job = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            check_unlocked(&job)?;
            if job.bundle.as_ref().is_some_and(|bundle| !bundle.became_inputs && is_of(bundle, &announced)) {
                return Ok(job);
            }
            let files = announced.iter().map(|file| BundleFile {
                file_id: ctx.ids.id("file"),
                filename: file.filename.clone(),
                size_bytes: file.size_bytes,
                role: file.role,
                mime_type: file.mime_type.clone(),
                session: None,
                received: None,
            });
            let bundle = Bundle {
                bundle_id: ctx.ids.id("bundle"),
                created_at: ctx.clock.now(),
                files: files.collect(),
                became_inputs: false,
            };
            let detail = json!({"bundle_id": bundle.bundle_id, "files": bundle.files.len()});
            let next = job.with_bundle(bundle, ctx.clock.now())?;
            let mut event = job_event(ctx, caller, "inputs.bundle_stated", Some(&job), &next);
            event.detail = detail;
            put_job(ctx, &job, next, event).await
        })
        .await
    }

    fn check_announced(&self, files: &[AnnouncedFile]) -> Result<u64, Problem> {
        let options = &self.0.options;
        if files.is_empty() {
            return Err(Problem::new(ErrorCode::InputEmpty, "the bundle names no file"));
        }
        if files.len() > options.upload_max_files {
            return Err(Problem::validation("files", format!("at most {} files", options.upload_max_files)));
        }
        for (n, file) in files.iter().enumerate() {
            if file.filename.is_empty() || file.filename.len() > MAX_NAME {
                let message = format!("must have 1 to {MAX_NAME} bytes");
                return Err(Problem::validation(format!("files[{n}].filename"), message));
            }
            if file.size_bytes == 0 {
                return Err(Problem::validation(format!("files[{n}].size_bytes"), "must be 1 or more"));
            }
        }
        if files.iter().filter(|file| file.role == DatasetRole::PrimaryDataset).count() != 1 {
            return Err(Problem::new(
                ErrorCode::InputRoleInvalid,
                "exactly one file must have the role primary_dataset",
            ));
        }
        let total = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size_bytes));
        if total > options.upload_max_bytes {
            return Err(Problem::new(ErrorCode::PayloadTooLarge, "the files are too large together")
                .with("limit_bytes", options.upload_max_bytes));
        }
        Ok(total)
    }

    /// Opens a session for a file, or returns the open one.
    ///
    /// # Errors
    /// `UPLOAD_SESSION_NOT_FOUND` for another bundle or file, `JOB_LOCKED`.
    pub async fn open(
        &self,
        caller: &Caller,
        job: &JobRecord,
        bundle_id: &str,
        file_id: &str,
    ) -> Result<(BundleFile, UploadSession), Problem> {
        let ctx = &self.0;
        let hours = ctx.retention_of(&job.tenant_id).upload_sessions_hours.max(1);
        let job = with_retries(None, || async {
            let job = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            check_unlocked(&job)?;
            let bundle = bundle_of(&job)?;
            if bundle.bundle_id != bundle_id {
                return Err(not_found("the job has no such bundle; a newer one replaced it").into());
            }
            let (now, file) = (ctx.clock.now(), bundle.file(file_id)?);
            if file.received.is_some() || file.session.as_ref().is_some_and(|open| open.expires_at > now) {
                return Ok(job);
            }
            let mut bundle = bundle.clone();
            let expires_at = now + Duration::hours(hours.into());
            for file in bundle.files.iter_mut().filter(|file| file.file_id == file_id) {
                let id = session_id(&hex::encode(ctx.ids.secret(16)), &job.job_id);
                file.session = Some(UploadSession::new(id, file.size_bytes, expires_at));
            }
            let next = job.with_bundle(bundle, now)?;
            let mut event = job_event(ctx, caller, "inputs.upload_session_opened", Some(&job), &next);
            event.detail = json!({"file_id": file_id});
            put_job(ctx, &job, next, event).await
        })
        .await?;
        let file = bundle_of(&job)?.file(file_id)?.clone();
        let session = file.session.clone().ok_or_else(Problem::internal)?;
        Ok((file, session))
    }

    /// Takes a part that arrived at `arrived`; returns its SHA-256. The same part again replaces it.
    ///
    /// # Errors
    /// `UPLOAD_SESSION_*`, `JOB_LOCKED`, `INPUT_VALIDATION_FAILED` for a part of another size.
    pub async fn keep_part(
        &self,
        job: &JobRecord,
        session_id: &str,
        part: u32,
        arrived: &Arrived,
    ) -> Result<(), Problem> {
        let wanted = part_bytes(&self.0, job, session_id, part)?;
        if arrived.size_bytes != wanted {
            let message = format!("part {part} has {wanted} bytes, not {}", arrived.size_bytes);
            return Err(Problem::validation("body", message).with("expected_bytes", wanted));
        }
        let (from, dir) = (arrived.path.clone(), self.dir(job, session_id));
        let workspace = Arc::clone(&self.0.workspace);
        let kept = self.0.pools.writes.run(move || {
            workspace.rename(&from, &dir.join(part_name(part)))?;
            workspace.sync(&dir)
        });
        kept.await?.map_err(|error| io_problem(&error))
    }

    /// Removes a part that was not kept. What is left of it the sweeper removes.
    pub async fn discard_part(&self, path: PathBuf) {
        let workspace = Arc::clone(&self.0.workspace);
        let _ = self.0.pools.writes.run(move || workspace.remove_file(&path)).await;
    }

    /// Returns a fresh path for a part that is about to arrive; its directory exists.
    ///
    /// # Errors
    /// `STORAGE_FULL`, `INTERNAL_ERROR`.
    pub async fn place_for_part(&self, job: &JobRecord, session_id: &str) -> Result<PathBuf, Problem> {
        self.0.check_space().await?;
        let dir = self.dir(job, session_id);
        let path = dir.join(format!(".{}.part", self.0.ids.id("arriving")));
        let workspace = Arc::clone(&self.0.workspace);
        let made = self.0.pools.writes.run(move || make_dir(workspace.as_ref(), &dir));
        made.await?.map_err(|error| io_problem(&error))?;
        Ok(path)
    }

    fn dir(&self, job: &JobRecord, session_id: &str) -> PathBuf {
        self.0.workspace.path(&job.tenant_id, &job.job_id, &format!("uploads/{session_id}"))
    }

    /// Puts a file together and notes it; with the last file, the bundle becomes the inputs. Repeating it is
    /// harmless, also after a crash in the middle.
    ///
    /// # Errors
    /// `UPLOAD_SESSION_*`, `JOB_LOCKED`, and what reading the data finds (`INPUT_*`).
    pub async fn finalize(
        &self,
        caller: &Caller,
        job: &JobRecord,
        session_id: &str,
        stated: Vec<StatedPart>,
    ) -> Result<Result<(BundleFile, JobRecord), NotFinished>, Problem> {
        let ctx = &self.0;
        let bundle = bundle_of(job)?;
        let (file, session) = bundle.file_of(session_id, ctx.clock.now())?;
        if file.received.is_some() {
            return Ok(Ok((file.clone(), job.clone())));
        }
        check_unlocked(job)?;
        let (dir, session, size) = (self.dir(job, session_id), session.clone(), file.size_bytes);
        let (workspace, try_id) = (Arc::clone(&ctx.workspace), ctx.ids.id("whole"));
        let assemble = move || {
            let place = Assembly { workspace: workspace.as_ref(), dir: &dir, try_id: &try_id };
            place.assemble(&session, size, &stated)
        };
        let assembled = ctx.pools.writes.run(assemble).await?;
        let received = match assembled.map_err(|error| io_problem(&error))? {
            Ok(received) => received,
            Err(reason) => return Ok(Err(reason)),
        };
        let job = with_retries(None, || async {
            let job = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            check_unlocked(&job)?;
            let mut bundle = bundle_of(&job)?.clone();
            bundle.file_of(session_id, ctx.clock.now())?;
            let mine = |file: &&mut BundleFile| {
                file.session.as_ref().is_some_and(|session| session.upload_session_id == session_id)
            };
            for file in bundle.files.iter_mut().filter(mine) {
                file.received = Some(received.clone());
            }
            let next = job.with_bundle(bundle, ctx.clock.now())?;
            let mut event = job_event(ctx, caller, "inputs.file_received", Some(&job), &next);
            event.detail = json!({"sha256": received.sha256, "size_bytes": received.size_bytes});
            put_job(ctx, &job, next, event).await
        })
        .await?;
        let file = bundle_of(&job)?.file_of(session_id, ctx.clock.now())?.0.clone();
        Ok(Ok((file, job)))
    }

    /// Reads a complete bundle into the job's inputs; says how far it is where nothing is left to do. The record says
    /// from the beginning that the bundle is being read, so that of requests at once one reads it.
    ///
    /// # Errors
    /// As [`IngestInputs::execute`], `JOB_GONE`.
    pub async fn ingest(&self, caller: Caller, job: Arc<JobRecord>) -> Result<Finished, Problem> {
        let ctx = &self.0;
        let bundle = bundle_of(&job)?;
        if bundle.became_inputs {
            return Ok(Finished::InputsReady);
        }
        if !bundle.is_complete() {
            return Ok(Finished::Received);
        }
        let upload = Upload::begin(ctx, &job).await?;
        let upload_id = upload.upload_id.clone();
        match claim_bundle(ctx, &job, &upload_id).await? {
            Claim::Taken => {}
            Claim::UnderWay => return Ok(Finished::Ingesting),
            Claim::Done => return Ok(Finished::InputsReady),
        }
        let read = self.read_bundle(&caller, &job, bundle, upload).await;
        if let Err(problem) = &read {
            fail(ctx, &job, &upload_id, problem).await;
        }
        read.map(|()| Finished::InputsReady)
    }

    async fn read_bundle(
        &self,
        caller: &Caller,
        job: &JobRecord,
        bundle: &Bundle,
        mut upload: Upload,
    ) -> Result<(), Problem> {
        let ctx = &self.0;
        upload.bundle_id = Some(bundle.bundle_id.clone());
        for file in &bundle.files {
            let (Some(session), Some(received)) = (&file.session, &file.received) else {
                return Err(Problem::internal());
            };
            let whole = self.dir(job, &session.upload_session_id).join(WHOLE);
            upload.adopt(ctx, whole, file.filename.clone(), received).await?;
        }
        let roles: Vec<DatasetRole> = bundle.files.iter().map(|file| file.role).collect();
        let files = upload.assign(&roles, &[])?;
        IngestInputs(Arc::clone(ctx)).replace(caller, job, upload, files, &Course::default()).await?;
        let workspace = Arc::clone(&ctx.workspace);
        let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
        // what is left of them the sweeper removes
        let _ = ctx.pools.writes.run(move || workspace.remove(&tenant, &job_id, "uploads")).await;
        Ok(())
    }
}

/// A part that arrived and is durable.
#[derive(Debug)]
pub struct Arrived {
    /// Local path of the part.
    pub path: PathBuf,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal digits, computed while the part arrived.
    pub sha256: String,
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

/// Returns the bundle of a job.
///
/// # Errors
/// `UPLOAD_SESSION_NOT_FOUND`.
pub fn bundle_of(job: &JobRecord) -> Result<&Bundle, Problem> {
    job.bundle.as_ref().ok_or_else(|| not_found("the job has no bundle; declare its files first"))
}

fn not_found(message: &str) -> Problem {
    Problem::new(ErrorCode::UploadSessionNotFound, message)
}

fn is_of(bundle: &Bundle, announced: &[AnnouncedFile]) -> bool {
    bundle.files.len() == announced.len()
        && bundle.files.iter().zip(announced).all(|(file, other)| {
            (&file.filename, file.size_bytes, file.role, &file.mime_type)
                == (&other.filename, other.size_bytes, other.role, &other.mime_type)
        })
}

const WHOLE: &str = "whole";

/// Makes the directory of a session, durably with the one that it lies in.
fn make_dir(workspace: &dyn Workspace, dir: &Path) -> io::Result<()> {
    if workspace.facts(dir).is_ok_and(|facts| facts.is_dir) {
        return Ok(());
    }
    workspace.create_dir(dir)?;
    dir.ancestors().skip(1).take(2).try_for_each(|dir| workspace.sync(dir))
}

fn part_name(part: u32) -> String {
    format!("part_{part}")
}

/// Assembly of the parts of a file.
struct Assembly<'a> {
    workspace: &'a dyn Workspace,
    dir: &'a Path,
    /// Names the temporary file, so that equal requests at once do not write to one.
    try_id: &'a str,
}

impl Assembly<'_> {
    /// Puts the parts of a file together, durably, and compares them with the stated ones. Blocks.
    fn assemble(
        &self,
        session: &UploadSession,
        size_bytes: u64,
        stated: &[StatedPart],
    ) -> io::Result<Result<ReceivedBytes, NotFinished>> {
        for part in stated {
            if part.part_number == 0 || part.part_number > session.parts {
                let detail = format!("part {} is none of 1 to {}", part.part_number, session.parts);
                return Ok(Err(NotFinished::PartsInvalid(detail)));
            }
        }
        if let Some(assembled) = self.assembled()? {
            return Ok(Ok(assembled));
        }
        match self.join(session, size_bytes, stated) {
            // an equal request has put the file together and removed the parts meanwhile
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(Ok(received)) => Ok(Ok(received)),
            failed => self.assembled()?.map_or(failed, |assembled| Ok(Ok(assembled))),
        }
    }

    /// Returns size and hash of the file that an earlier or equal request has put together.
    fn assembled(&self) -> io::Result<Option<ReceivedBytes>> {
        let Ok(mut file) = self.workspace.open(&self.dir.join(WHOLE)) else { return Ok(None) };
        let mut hash = Sha256::new();
        let size_bytes = io::copy(&mut file, &mut Hashing { out: &mut io::sink(), hashes: vec![&mut hash] })?;
        Ok(Some(ReceivedBytes { sha256: hex::encode(hash.finalize()), size_bytes }))
    }

    fn join(
        &self,
        session: &UploadSession,
        size_bytes: u64,
        stated: &[StatedPart],
    ) -> io::Result<Result<ReceivedBytes, NotFinished>> {
        let (workspace, dir) = (self.workspace, self.dir);
        for number in 1..=session.parts {
            let wanted = session.bytes_of(number, size_bytes);
            match workspace.facts(&dir.join(part_name(number))) {
                Ok(facts) if Some(facts.size_bytes) == wanted => {}
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {
                    let detail = format!("part {number} of {} has not arrived", session.parts);
                    return Ok(Err(NotFinished::Incomplete(detail)));
                }
            }
        }
        let temporary = dir.join(format!(".{}.tmp", self.try_id));
        let joined = self.copy_parts(session, stated, &temporary);
        if !matches!(joined, Ok(Ok(_))) {
            // what is left of it the sweeper removes
            let _ = workspace.remove_file(&temporary);
            return joined.map(|copied| copied.map(|sha256| ReceivedBytes { sha256, size_bytes }));
        }
        workspace.rename(&temporary, &dir.join(WHOLE))?;
        for number in 1..=session.parts {
            match workspace.remove_file(&dir.join(part_name(number))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        workspace.sync(dir)?;
        joined.map(|copied| copied.map(|sha256| ReceivedBytes { sha256, size_bytes }))
    }

    /// Copies the parts into one durable file and returns its hash.
    fn copy_parts(
        &self,
        session: &UploadSession,
        stated: &[StatedPart],
        temporary: &Path,
    ) -> io::Result<Result<String, NotFinished>> {
        let mut out = io::BufWriter::with_capacity(1 << 20, self.workspace.create(temporary)?);
        let mut all = Sha256::new();
        for number in 1..=session.parts {
            let mut file = self.workspace.open(&self.dir.join(part_name(number)))?;
            let mut one = Sha256::new();
            io::copy(&mut file, &mut Hashing { out: &mut out, hashes: vec![&mut one, &mut all] })?;
            let sha256 = hex::encode(one.finalize());
            let differs = |said: &Option<String>| {
                said.as_ref().is_some_and(|said| !said.trim_matches('"').eq_ignore_ascii_case(&sha256))
            };
            if stated.iter().any(|p| p.part_number == number && (differs(&p.etag) || differs(&p.sha256))) {
                return Ok(Err(NotFinished::ChecksumMismatch(format!(
                    "part {number} does not match its hash; send it again"
                ))));
            }
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync()?;
        Ok(Ok(hex::encode(all.finalize())))
    }
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
