//! Uploads in sessions: a bundle is stated, each file arrives by signed requests, whole or in parts, and the
//! last one makes the bundle the job's inputs.

use std::io::ErrorKind;
use std::sync::Arc;

use chrono::Duration;
use serde_json::json;
use tokio::sync::oneshot;

use crate::domain::bundle::{Bundle, BundleFile, ReceivedBytes, UploadSession, expired, session_id};
use crate::domain::dataset::DatasetRole;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::Original;
use crate::domain::layout::upload_dir;
use crate::domain::naming;
use crate::domain::upload_part::StatedPart;
use crate::service::inputs::ingest_inputs::{Course, IngestInputs, check_unlocked, reading_of};
use crate::service::inputs::ingest_state::{Claim, claim_bundle};
use crate::service::inputs::publish_inputs::remove_dirs;
use crate::service::inputs::receive_upload::{DatasetKeys, io_problem, upload_limit};
use crate::service::inputs::upload_parts::SessionParts;
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
        mut announced: Vec<AnnouncedFile>,
    ) -> Result<JobRecord, Problem> {
        let ctx = &self.0;
        let total = self.check_announced(job, &announced)?;
        announced.iter_mut().for_each(|file| file.filename = naming::file_name(&file.filename));
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

    fn check_announced(&self, job: &JobRecord, files: &[AnnouncedFile]) -> Result<u64, Problem> {
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
        let most = upload_limit(&self.0, job);
        if total > most {
            return Err(Problem::new(ErrorCode::PayloadTooLarge, "the files are too large together")
                .with("limit_bytes", most));
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
            let is_kept = file.received.is_some() && bundle.keeps_files(now);
            if is_kept || file.session.as_ref().is_some_and(|open| open.expires_at > now) {
                return Ok(job);
            }
            let mut bundle = bundle.clone();
            let expires_at = now + Duration::hours(hours.into());
            for file in bundle.files.iter_mut().filter(|file| file.file_id == file_id) {
                let id = session_id(&hex::encode(ctx.ids.secret(16)), &job.job_id);
                file.session = Some(UploadSession::new(id, file.size_bytes, expires_at));
                file.received = None;
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
        let (file, session) = bundle_of(job)?.file_of(session_id, ctx.clock.now())?;
        if file.received.is_some() {
            return Ok(Ok((file.clone(), job.clone())));
        }
        check_unlocked(job)?;
        ctx.check_space().await?;
        let parts = SessionParts::of(ctx, job, session_id);
        let (session, size, upload_id) = (session.clone(), file.size_bytes, ctx.ids.id("up"));
        let (from, id) = (parts.clone(), upload_id.clone());
        let assembled = ctx.pools.writes.run(move || from.assemble(&session, size, &stated, &id)).await?;
        let received = match assembled {
            Ok(Ok(received)) => received,
            // an equal request may have finished the file and removed the parts meanwhile
            Ok(Err(reason)) => return self.finished_or(job, session_id, reason).await,
            // also while this one read them, which an object store reports in several ways
            Err(error) => {
                let changed = NotFinished::Incomplete("the parts changed; send the request again".to_owned());
                return match self.finished_or(job, session_id, changed).await? {
                    Err(_) if error.kind() != ErrorKind::NotFound => Err(io_problem(&error)),
                    finished => Ok(finished),
                };
            }
        };
        let (file, job) = self.note_received(caller, job, session_id, &received).await?;
        parts.remove(ctx).await;
        if file.received.as_ref() != Some(&received) {
            remove_dirs(ctx, &job, [upload_dir(&upload_id)].into()).await;
        }
        Ok(Ok((file, job)))
    }

    /// Returns the file if its record says that it arrived, else the reason why this request did not finish it.
    async fn finished_or(
        &self,
        job: &JobRecord,
        session_id: &str,
        reason: NotFinished,
    ) -> Result<Result<(BundleFile, JobRecord), NotFinished>, Problem> {
        let job = self.0.load_job(&job.tenant_id, &job.job_id).await?;
        let file = bundle_of(&job)?.file_of(session_id, self.0.clock.now())?.0.clone();
        if file.received.is_none() {
            return Ok(Err(reason));
        }
        Ok(Ok((file, job)))
    }

    /// Notes that a file arrived, unless an equal request was first.
    async fn note_received(
        &self,
        caller: &Caller,
        job: &JobRecord,
        session_id: &str,
        received: &ReceivedBytes,
    ) -> Result<(BundleFile, JobRecord), Problem> {
        let ctx = &self.0;
        let job = with_retries(None, || async {
            let job = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            let mut bundle = bundle_of(&job)?.clone();
            if bundle.file_of(session_id, ctx.clock.now())?.0.received.is_some() {
                return Ok(job);
            }
            check_unlocked(&job)?;
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
        Ok((file, job))
    }

    /// Reads a complete bundle into the job's inputs; says how far it is where nothing is left to do. The record says
    /// from the beginning that the bundle is being read, so that of requests at once one reads it; `noted` is told so.
    ///
    /// # Errors
    /// As [`IngestInputs::execute`], `JOB_GONE`, `UPLOAD_SESSION_EXPIRED` where a file of the bundle is no longer kept.
    pub async fn ingest(
        &self,
        caller: Caller,
        job: Arc<JobRecord>,
        noted: oneshot::Sender<()>,
    ) -> Result<Finished, Problem> {
        let ctx = &self.0;
        let bundle = bundle_of(&job)?;
        if bundle.became_inputs {
            return Ok(Finished::InputsReady);
        }
        if !bundle.is_complete() {
            return Ok(Finished::Received);
        }
        self.check_kept(&caller, &job).await?;
        let reading = reading_of(&caller, originals(bundle)?, Some(bundle.bundle_id.clone()), None);
        let upload_id = ctx.ids.id("up");
        match claim_bundle(ctx, &job, &upload_id, &reading).await? {
            Claim::Taken => {}
            Claim::UnderWay => return Ok(Finished::Ingesting),
            Claim::Done => return Ok(Finished::InputsReady),
        }
        // nobody may listen any more
        let _ = noted.send(());
        let course = Course::noted(upload_id, None);
        let after = IngestInputs(Arc::clone(ctx)).read_noted(&caller, &job, &reading, course).await?;
        // otherwise another server continues it
        let is_done = bundle_of(&after)?.became_inputs;
        Ok(if is_done { Finished::InputsReady } else { Finished::Ingesting })
    }

    /// Refuses a bundle of which a file is no longer stored, and notes that it is to be sent again.
    async fn check_kept(&self, caller: &Caller, job: &JobRecord) -> Result<(), Problem> {
        let ctx = &self.0;
        let stored: Vec<Option<String>> = bundle_of(job)?
            .files
            .iter()
            .map(|file| file.received.as_ref().and_then(|received| received.stored_as.clone()))
            .collect();
        let (blobs, paths) = (Arc::clone(&ctx.blobs), stored.clone());
        let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
        let found = ctx.pools.reads.run(move || {
            let is_there = |path: &Option<String>| match path {
                Some(path) => match blobs.head(&tenant, &job_id, path) {
                    Ok(_) => Ok(true),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
                    Err(error) => Err(error),
                },
                // an earlier release received it
                None => Ok(false),
            };
            paths.iter().map(is_there).collect::<std::io::Result<Vec<bool>>>()
        });
        let found = found.await?.map_err(|error| io_problem(&error))?;
        let lost: Vec<&Option<String>> =
            stored.iter().zip(&found).filter(|(_, is)| !**is).map(|(p, _)| p).collect();
        if lost.is_empty() {
            return Ok(());
        }
        with_retries(None, || async {
            let job = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            let mut bundle = bundle_of(&job)?.clone();
            lost.iter().for_each(|path| bundle.forget(path.as_deref()));
            let next = job.with_bundle(bundle, ctx.clock.now())?;
            let event = job_event(ctx, caller, "inputs.file_lost", Some(&job), &next);
            put_job(ctx, &job, next, event).await
        })
        .await?;
        Err(expired())
    }
}

/// The files of a complete bundle.
fn originals(bundle: &Bundle) -> Result<Vec<Original>, Problem> {
    let mut keys = DatasetKeys::default();
    let mut original = |file: &BundleFile| {
        let received = file.received.as_ref()?;
        Some(Original {
            rel_path: received.stored_as.clone()?,
            original_name: file.filename.clone(),
            size_bytes: received.size_bytes,
            sha256: received.sha256.clone(),
            role: file.role,
            dataset_key: keys.next_key(file.role),
        })
    };
    bundle.files.iter().map(|file| original(file).ok_or_else(Problem::internal)).collect()
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
