//! Turns stored files into the job's inputs: canonical data, manifest and one commit. Continues in the background when it
//! takes long; the record says what is read, so that another server can continue it, and how it ended (`ingest_state.rs`).

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::domain::dataset::{Inputs, fingerprint};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::ingest::{Original, Reading, cancelled};
use crate::domain::job::{JobRecord, Operation};
use crate::domain::layout::{publication_of, upload_dir};
use crate::ports::stop::Stop;
use crate::ports::tabular::IngestOptions;
use crate::service::inputs::ingest_file::{IngestSource, ingest_one};
use crate::service::inputs::ingest_state::{begin, continue_reading, fail};
use crate::service::inputs::publish_inputs::{
    InputsChange, added_bytes, commit_inputs, dirs_of, publish_inputs, remove_dirs,
};
use crate::service::inputs::receive_upload::{Upload, copy_of, io_problem};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_bytes;

/// Time between two tries of a reading in the background, and how long it is tried while files or store are away.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3600));

/// How far an ingest came in the time of a request.
#[derive(Debug)]
pub enum Ingested {
    /// The record with the new inputs.
    Done(Box<JobRecord>),
    /// The record says that the upload is being read, and will say how it failed.
    UnderWay,
}

/// What the end of an ingest needs to know of its beginning.
#[derive(Debug)]
pub struct Course {
    /// Names the folder of the canonical data.
    upload_id: String,
    /// The version that the client stated, or the one that the note of the beginning made of it.
    if_match: Mutex<Option<u64>>,
    /// The record has a note of this reading.
    noted: AtomicBool,
    /// Ends the reading, until the inputs are being committed: then it is too late for a note, too.
    stop: Stop,
}

impl Course {
    /// A reading of which the record knows nothing.
    fn new(upload_id: String, if_match: Option<u64>, stop: Stop) -> Self {
        Self { upload_id, if_match: Mutex::new(if_match), noted: AtomicBool::new(false), stop }
    }

    /// A reading that the record has a note of; `exact` is the note's version where nothing may come after it.
    pub fn noted(upload_id: String, exact: Option<u64>) -> Self {
        let course = Self::new(upload_id, exact, Stop::default());
        course.noted.store(true, Ordering::Relaxed);
        course
    }

    fn if_match(&self) -> MutexGuard<'_, Option<u64>> {
        self.if_match.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The note of the beginning made this version of the one before it.
    fn note(&self, version: u64) {
        self.noted.store(true, Ordering::Relaxed);
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
        files: Vec<Original>,
        if_match: Option<u64>,
    ) -> Result<Ingested, Problem> {
        let (answer, answered) = oneshot::channel();
        let within = self.0.options.upload_answer_within;
        let entry = self.0.readings.enter(&job);
        tokio::spawn(async move {
            if let Err(problem) = upload.store(&self.0, &job, &files).await {
                return drop(answer.send(Err(problem)));
            }
            let reading = reading_of(&caller, files, None, if_match);
            let course = Course::new(upload.keep(), if_match, entry.stop.clone());
            if course.stop.is_stopped() {
                discard(&self.0, &job, &reading, &course.upload_id).await;
                return drop(answer.send(Err(cancelled())));
            }
            let mut first = Box::pin(self.replace(&caller, &job, &reading, &course));
            let early = match tokio::time::timeout(within, &mut first).await {
                Err(_) if course.stop.is_ending() => Ok(first.as_mut().await),
                early => early,
            };
            let done = match early {
                Ok(done) => Some(done),
                Err(_) => match begin(&self.0, &job, &course.upload_id, &reading).await {
                    Ok(version) => {
                        course.note(version);
                        None
                    }
                    // nothing is promised that a restart would forget, nor refused what is being committed
                    Err(problem) if course.stop.stop() => Some(Err(problem)),
                    Err(_) => Some(first.as_mut().await),
                },
            };
            if let Some(done) = done {
                drop(first);
                if done.as_ref().is_err_and(|problem| !may_be_applied(problem)) {
                    discard(&self.0, &job, &reading, &course.upload_id).await;
                }
                // without a receiver nobody waits for it
                let _ = answer.send(done.map(|job| Ingested::Done(Box::new(job))));
                return;
            }
            let _ = answer.send(Ok(Ingested::UnderWay));
            // from here on the record tells of a cancel
            drop(entry);
            let first = first.await;
            // the caller waits no longer
            let _ = self.finish(&caller, &job, &reading, course, first).await;
        });
        answered.await.unwrap_or_else(|_| Err(Problem::internal()))
    }

    /// Reads an upload that the record has a note of, until it is the inputs or refused; notes the refusal.
    ///
    /// # Errors
    /// As [`IngestInputs::execute`].
    pub async fn read_noted(
        &self,
        caller: &Caller,
        job: &JobRecord,
        reading: &Reading,
        course: Course,
    ) -> Result<JobRecord, Problem> {
        let first = self.replace(caller, job, reading, &course).await;
        self.finish(caller, job, reading, course, first).await
    }

    /// Repeats a reading while files or store are away, each time into a fresh folder, and notes a refusal.
    async fn finish(
        &self,
        caller: &Caller,
        job: &JobRecord,
        reading: &Reading,
        mut course: Course,
        first: Result<JobRecord, Problem>,
    ) -> Result<JobRecord, Problem> {
        let ctx = &self.0;
        let (mut done, mut waited) = (first, Duration::ZERO);
        while done.as_ref().is_err_and(|problem| may_pass(problem.code)) && waited < RETRY.1 {
            tokio::time::sleep(RETRY.0).await;
            waited += RETRY.0;
            let (ours, fresh) = (course.upload_id.clone(), ctx.ids.id("up"));
            match continue_reading(ctx, job, |ingest| ingest.upload_id == ours, &fresh).await {
                Ok(Some(noted)) => {
                    remove_dirs(ctx, job, canonical_dir(reading, &ours)).await;
                    course = Course::noted(fresh, reading.exact.then_some(noted.version));
                    done = self.replace(caller, job, reading, &course).await;
                }
                // it was committed after all or cancelled, or another upload came after it
                Ok(None) => {
                    discard(ctx, job, reading, &ours).await;
                    return ctx.load_job(&job.tenant_id, &job.job_id).await;
                }
                Err(problem) => done = Err(problem),
            }
        }
        if let Err(problem) = &done
            && (fail(ctx, job, &course.upload_id, problem).await || !may_be_applied(problem))
        {
            discard(ctx, job, reading, &course.upload_id).await;
        }
        done
    }

    /// Reads an upload and makes it the job's inputs.
    async fn replace(
        &self,
        caller: &Caller,
        job: &JobRecord,
        reading: &Reading,
        course: &Course,
    ) -> Result<JobRecord, Problem> {
        let result = tokio::select! {
            result = self.read(caller, job, reading, course) => result,
            // ends the reader: the branch above tells of it once nothing writes any more
            never = stop_with_the_record(&self.0, job, course) => match never {},
        };
        let result = match result {
            // a request that removed the content took the files from under the reader
            Err(problem) if problem.code == ErrorCode::InternalError => {
                let current = self.0.load_shared_job(&job.tenant_id, &job.job_id).await;
                Err(current.ok().and_then(|job| job.check_kept().err()).unwrap_or(problem))
            }
            other => other,
        };
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
        reading: &Reading,
        course: &Course,
    ) -> Result<JobRecord, Problem> {
        let ctx = &self.0;
        if let Some(trial) = &job.trial {
            let hashes = reading.files.iter().map(|file| file.sha256.as_str());
            trial.check_files(hashes, |sha256| ctx.trials.as_ref().is_some_and(|t| t.is_sample(sha256)))?;
        }
        let dir = upload_dir(&course.upload_id);
        let local = ctx.workspace.path(&job.tenant_id, &job.job_id, &dir);
        let (workspace, made) = (Arc::clone(&ctx.workspace), local.clone());
        let made = ctx.pools.writes.run(move || workspace.create_dir(&made)).await?;
        made.map_err(|error| io_problem(&error))?;
        let total = reading.files.iter().map(|file| file.size_bytes).sum();
        let followed = ctx.reading_progress.follow(&course.upload_id, total, ctx.clock.now());
        let mut datasets = Vec::with_capacity(reading.files.len());
        let mut warnings = Vec::new();
        for file in &reading.files {
            let tabular = Arc::clone(&ctx.tabular);
            let source = IngestSource {
                path: copy_of(ctx, job, &file.rel_path, &file.sha256).await?,
                dir: local.clone(),
                upload_id: course.upload_id.clone(),
                file: file.clone(),
                options: IngestOptions::default(),
                stop: course.stop.clone(),
                advance: followed.next(file.size_bytes),
            };
            let (dataset, found) =
                ctx.pools.ingest.run(move || ingest_one(tabular.as_ref(), source)).await??;
            datasets.push(dataset);
            warnings.extend(found);
        }
        let inputs = Inputs {
            manifest_rel_path: format!("{dir}/manifest.json"),
            fingerprint: fingerprint(&datasets),
            created_at: ctx.clock.now(),
            datasets,
            warnings,
        };
        let (fresh, artifacts) =
            (dirs_of(&inputs), publish_inputs(ctx, job, &inputs, &course.upload_id).await?);
        let admitted = admit_bytes(ctx, &job.tenant_id, added_bytes(job, &artifacts)).await?;
        let noted = course.noted.load(Ordering::Relaxed).then(|| course.upload_id.clone());
        let bundle_id = reading.bundle_id.clone();
        let action = "inputs.replaced";
        let change = InputsChange { inputs, artifacts, bundle_id, noted, action, admitted };
        if !course.stop.end() {
            return Err(cancelled());
        }
        let if_match = *course.if_match();
        let after = commit_inputs(ctx, caller, job, change, if_match).await?;
        if let Some(before) = job.inputs.as_ref().filter(|_| !after.keeps_earlier_inputs()) {
            remove_dirs(ctx, job, dirs_of(before).difference(&fresh).cloned().collect()).await;
        }
        Ok(after)
    }
}

/// What is to be read for a caller.
pub fn reading_of(
    caller: &Caller,
    files: Vec<Original>,
    bundle_id: Option<String>,
    if_match: Option<u64>,
) -> Reading {
    Reading {
        files,
        bundle_id,
        actor: caller.actor.clone(),
        address: caller.address.clone(),
        trace_id: caller.trace_id.to_string(),
        exact: if_match.is_some(),
    }
}

/// The directory of the canonical data of a reading, unless it holds the originals, too.
fn canonical_dir(reading: &Reading, upload_id: &str) -> BTreeSet<String> {
    let mut dirs = BTreeSet::from([upload_dir(upload_id)]);
    for file in &reading.files {
        dirs.retain(|dir| publication_of(&file.rel_path) != Some(dir));
    }
    dirs
}

/// Stops a reading that the record had a note of and has no longer: it was cancelled, or another upload came after it.
async fn stop_with_the_record(ctx: &Context, job: &JobRecord, course: &Course) -> Infallible {
    let mut changes = ctx.subscriptions.of(&job.tenant_id, &job.job_id);
    loop {
        if course.noted.load(Ordering::Relaxed) {
            let Ok(current) = ctx.load_shared_job(&job.tenant_id, &job.job_id).await else {
                // the change that it could not read may have been the last one
                tokio::time::sleep(RETRY.0).await;
                continue;
            };
            if !current.awaits_ingest_of(&course.upload_id) {
                course.stop.stop();
                break;
            }
        }
        if !changes.next().await {
            break;
        }
    }
    std::future::pending().await
}

/// Removes what a reading that ended leaves behind: those of its canonical data and of its files that nothing needs. Files
/// of a bundle belong to the bundle. What stays because the record cannot be read, the sweeper removes.
async fn discard(ctx: &Context, job: &JobRecord, reading: &Reading, upload_id: &str) {
    let Ok(current) = ctx.load_shared_job(&job.tenant_id, &job.job_id).await else { return };
    let now = ctx.clock.now();
    let mut dirs: BTreeSet<String> =
        reading.files.iter().filter_map(|file| publication_of(&file.rel_path)).map(str::to_owned).collect();
    dirs.insert(upload_dir(upload_id));
    dirs.retain(|dir| dir.strip_prefix("inputs/").is_some_and(|id| current.is_left_upload(id, now)));
    remove_dirs(ctx, job, dirs).await;
}

/// True for the outcome of a commit that is not known.
fn may_be_applied(problem: &Problem) -> bool {
    problem.code == ErrorCode::StoreUnavailable
}

fn may_pass(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DependencyUnavailable | ErrorCode::StoreUnavailable | ErrorCode::ServiceNotReady
    )
}
