//! Renders a finished run on request and lists the files as artifacts in one commit. The same request finds the files
//! that are there already.

use std::sync::Arc;

use serde_json::json;

use super::renderings::{Derived, Maker, Subject};
use crate::domain::artifact::Artifact;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, RunId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::layout::set_of;
use crate::domain::run::{Run, RunStatus};
use crate::render::{Format, Options};
use crate::service::shared::commits::{job_event, put_job_within, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::discard;
use crate::service::shared::quotas::admit_bytes;

/// Folder of the renderings among the artifacts of a run.
pub const FOLDER: &str = "renderings";

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Formats by name, of both kinds: those that are always there are listed, the others are made.
    pub formats: Vec<String>,
    /// Language and other choices of the renderings.
    pub options: Options,
}

/// The use case.
pub struct RenderRun(pub Arc<Context>);

impl RenderRun {
    /// Makes what is requested and not there yet, and lists it with the job in one commit.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`, `RUN_NOT_SUCCEEDED`, `RENDERING_FAILED` where no format could be made, `STORAGE_FULL`,
    /// `QUOTA_EXCEEDED {quota: "bytes"}`, `JOB_GONE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        run_id: &str,
        request: &Request,
    ) -> Result<Derived, Problem> {
        let ctx = &self.0;
        let job = ctx.load_shared_job(tenant, job_id).await?;
        job.check_kept()?;
        let run_id = succeeded(&job, run_id)?.run_id.clone();
        ctx.check_space().await?;
        let made = self.make(&job, &run_id, request).await?;
        if made.artifacts.is_empty() && !made.failed.is_empty() {
            let formats: Vec<_> =
                made.skipped.iter().map(|(f, why)| json!({"format": f, "reason": why})).collect();
            let said: Vec<String> = made.skipped.iter().map(|(f, why)| format!("{f}: {why}")).collect();
            let text = format!("nothing could be rendered; {}", said.join("; "));
            return Err(Problem::new(ErrorCode::RenderingFailed, text).with("formats", formats));
        }
        self.list(caller, tenant, job_id, &run_id, &made.artifacts).await?;
        Ok(made)
    }

    async fn make(
        &self,
        job: &Arc<JobRecord>,
        run_id: &RunId,
        request: &Request,
    ) -> Result<Derived, Problem> {
        let ctx = &self.0;
        let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
        let ids = Arc::clone(&ctx.ids);
        let (job, run_id) = (Arc::clone(job), run_id.clone());
        let (request, now) = (request.clone(), ctx.clock.now());
        let work = move || -> Result<Derived, Problem> {
            let run = job.run(&run_id).ok_or_else(Problem::internal)?;
            let plan = job.kept_plan_of(run)?;
            let subject = Subject {
                blobs: blobs.as_ref(),
                workspace: workspace.as_ref(),
                ids: ids.as_ref(),
                job: &job,
                run,
                plan,
                published: &job.artifacts_index,
            };
            let mut all = Derived::default();
            let mut maker = Maker::of(&subject, &request.options);
            for name in &request.formats {
                let own = subject.own_files(name);
                all.artifacts.extend(own.iter().map(|a| (*a).clone()));
                match Format::parse(name) {
                    Some(Format::Dta) if !own.is_empty() => {}
                    Some(format) => {
                        maker.derive(format, now, &mut all);
                    }
                    None if own.is_empty() => {
                        all.skipped.push((name.clone(), "the run left no file of this format".to_owned()));
                    }
                    None => {}
                }
            }
            Ok(all)
        };
        ctx.pools.renders.run(work).await?
    }

    /// Lists the files that the record does not have yet.
    async fn list(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        run_id: &RunId,
        artifacts: &[Artifact],
    ) -> Result<(), Problem> {
        let ctx = &self.0;
        let job = with_retries(None, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            let is_new =
                |a: &&Artifact| job.artifact(&a.rel_path).is_none_or(|known| known.sha256 != a.sha256);
            let new: Vec<Artifact> = artifacts.iter().filter(is_new).cloned().collect();
            if new.is_empty() {
                return Ok(job);
            }
            let admitted = admit_bytes(ctx, tenant, new.iter().map(|a| a.size_bytes).sum()).await?;
            let files: Vec<&str> = new.iter().map(|a| a.rel_path.as_str()).collect();
            let detail = json!({"run_id": run_id, "files": files});
            let next = job.add_renderings(new, ctx.clock.now())?;
            let mut event = job_event(ctx, caller, "run.rendered", Some(&job), &next);
            event.detail = detail;
            put_job_within(ctx, &job, next, event, &admitted).await
        })
        .await?;
        // an equal request was first
        let unlisted = artifacts.iter().filter_map(|a| set_of(a.stored_path())).filter(|s| !job.cites_set(s));
        discard(ctx, &job, unlisted.map(str::to_owned).collect()).await;
        Ok(())
    }
}

/// Finds a run whose results can be rendered.
///
/// # Errors
/// `RUN_NOT_FOUND`, `RUN_NOT_SUCCEEDED`.
pub(super) fn succeeded<'a>(job: &'a JobRecord, run_id: &str) -> Result<&'a Run, Problem> {
    let run = job.runs.iter().find(|run| run.run_id.as_str() == run_id).ok_or_else(|| {
        Problem::new(ErrorCode::RunNotFound, "the job has no such run; list its runs first")
    })?;
    if run.status == RunStatus::Succeeded {
        return Ok(run);
    }
    let (text, next) = match run.status {
        RunStatus::Running => ("the run has not ended; wait for its end and ask again", "wait"),
        _ => ("the run did not succeed, so it has no results; see its cause, then run again", "run"),
    };
    Err(Problem::new(ErrorCode::RunNotSucceeded, text)
        .with("run_id", run_id)
        .with("status", json!(run.status))
        .with("next_actions", json!([next])))
}
