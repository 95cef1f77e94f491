//! Makes the capsule of a run: collects what belongs into it, describes it, and streams it as an archive. The
//! same state of the job gives the same bytes.

mod collect;
mod contents;
mod data;
mod metadata;
mod readme;
mod sources;
mod stream;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::canonical::sha256_of;
use crate::domain::capsule::FORMAT_VERSION;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::run::{Run, RunStatus};
use crate::ports::audit_log::AuditFrom;
use crate::ports::blob_store::BlobStore;
use crate::render::{Language, Options};
use crate::service::runs::interpretation::Language as Asked;
use crate::service::runs::renderings::Subject;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

pub use stream::CapsuleStream;

/// Most events of the audit that a capsule carries, and how many are read at once.
const MOST_EVENTS: usize = 2_000;
const EVENTS_PAGE: usize = 200;

/// Content of a capsule in addition to results and evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapsuleOptions {
    /// The data themselves; without it their hashes alone.
    pub data: bool,
    /// Prompts and answers of a language model.
    pub llm: bool,
}

/// Source of the bytes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Bytes(Vec<u8>),
    /// A file of the job, relative to its directory.
    File(String),
    Folder,
}

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    path: String,
    /// For people.
    title: String,
    media_type: String,
    size_bytes: u64,
    sha256: String,
    source: Source,
}

/// Data of which the archive has the hash alone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Absent {
    /// Path of the file in the unpacked archive.
    path: String,
    title: String,
    size_bytes: u64,
    sha256: String,
    reason: &'static str,
}

/// A capsule that is ready to be streamed.
pub struct Capsule {
    blobs: Arc<dyn BlobStore>,
    job: Arc<JobRecord>,
    /// The time that every entry carries.
    time: DateTime<Utc>,
    /// In the order of the archive.
    entries: Vec<Entry>,
    /// Name that the archive is offered under.
    pub file_name: String,
    /// Strong entity tag without quotes: changes with every byte of the archive.
    pub tag: String,
}

impl Capsule {
    /// Returns the bytes of the archive, a piece at a time.
    pub fn into_stream(self) -> CapsuleStream {
        CapsuleStream::new(self)
    }
}

/// The main results of a run in sentences, in the language of its question; none where they cannot be read any more.
fn sentences(subject: &Subject<'_>) -> Vec<String> {
    let language = match Asked::of(&subject.job.requirement) {
        Asked::Zh => Language::Zh,
        Asked::En => Language::En,
    };
    let found = subject.findings(&Options { language, ..Options::default() }).unwrap_or_default();
    found.sentences.into_iter().map(|finding| finding.text).chain(found.notes).collect()
}

/// The use case.
pub struct MakeCapsule<'a>(pub &'a Context);

impl MakeCapsule<'_> {
    /// Collects the capsule of a run, the latest that succeeded without an id.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`; `RUN_NOT_SUCCEEDED {status, run_id}`; `ARTIFACT_EXPIRED` where a result is not kept
    /// any more; `JOB_CORRUPT` where one is not what its hash says; the store's.
    pub async fn execute(
        &self,
        job: &Arc<JobRecord>,
        run_id: Option<&str>,
        options: CapsuleOptions,
    ) -> Result<Capsule, Problem> {
        let ctx = self.0;
        let run = chosen_run(job, run_id)?.clone();
        let events = self.events(job).await?;
        let (blobs, library) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.library));
        let (workspace, ids) = (Arc::clone(&ctx.workspace), Arc::clone(&ctx.ids));
        let held = Arc::clone(job);
        let collected = ctx.pools.reads.run(move || {
            let shelf = sources::Shelf::new(blobs.as_ref(), &held);
            let subject = held.plan_of(&run).map(|plan| Subject {
                blobs: blobs.as_ref(),
                workspace: workspace.as_ref(),
                ids: ids.as_ref(),
                job: &held,
                run: &run,
                plan,
                published: &held.artifacts_index,
            });
            let said = subject.map(|subject| sentences(&subject)).unwrap_or_default();
            collect::collect(&shelf, &run, &events, options, &library, &said)
                .map(|(entries, time)| (entries, time, run.run_id.to_string()))
        });
        let (entries, time, run_id) = collected.await??;
        let content: Vec<_> = entries.iter().map(|e| (&e.path, &e.sha256, e.size_bytes)).collect();
        let tag = sha256_of(&(FORMAT_VERSION, env!("CARGO_PKG_VERSION"), time, content));
        Ok(Capsule {
            blobs: Arc::clone(&ctx.blobs),
            job: Arc::clone(job),
            time,
            entries,
            file_name: format!("capsule-{run_id}.zip"),
            tag,
        })
    }

    /// The job's events of the audit, oldest first.
    async fn events(&self, job: &JobRecord) -> Result<Vec<ChainedEvent>, Problem> {
        let filter = AuditFilter {
            tenant: Some(job.tenant_id.clone()),
            resource: Some(job.resource()),
            ..AuditFilter::default()
        };
        let mut events: Vec<ChainedEvent> = Vec::new();
        let mut after = 0;
        while events.len() < MOST_EVENTS {
            let page = self.0.audit_log.find(filter.clone(), AuditFrom::After(after), EVENTS_PAGE);
            let found = page.await.map_err(read_problem)?;
            events.extend(found.events);
            match found.next {
                Some(next) => after = next,
                None => break,
            }
        }
        Ok(events)
    }
}

/// Returns the run that is requested, if it has succeeded.
///
/// # Errors
/// `RUN_NOT_FOUND`, `RUN_NOT_SUCCEEDED`.
pub fn chosen_run<'a>(job: &'a JobRecord, run_id: Option<&str>) -> Result<&'a Run, Problem> {
    let Some(asked) = run_id else {
        return job.latest_succeeded_run().ok_or_else(|| {
            Problem::new(
                ErrorCode::RunNotSucceeded,
                "no run of this job has succeeded yet; a capsule is made of a run that has",
            )
            .with("status", job.status.as_str())
        });
    };
    let run = job
        .runs
        .iter()
        .find(|run| run.run_id.as_str() == asked)
        .ok_or_else(|| Problem::new(ErrorCode::RunNotFound, "the job has no such run"))?;
    if run.status != RunStatus::Succeeded {
        let status = serde_json::to_value(run.status).unwrap_or_default();
        return Err(Problem::new(
            ErrorCode::RunNotSucceeded,
            "a capsule needs a run that has succeeded; this one has not",
        )
        .with("status", status)
        .with("run_id", asked));
    }
    Ok(run)
}
