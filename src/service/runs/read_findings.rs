//! Says the main results of a finished run in sentences, from the numbers of its tables. Nothing is kept.

use std::sync::Arc;

use super::render_run::succeeded;
use super::renderings::Subject;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::render::{Findings, Options};
use crate::service::shared::context::Context;

/// The use case.
pub struct ReadFindings(pub Arc<Context>);

impl ReadFindings {
    /// Reads the tables of the run and returns their sentences.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`, `RUN_NOT_SUCCEEDED`, `PLAN_MISSING`, `RENDERING_FAILED` where a table cannot be read.
    pub async fn execute(
        &self,
        job: &Arc<JobRecord>,
        run_id: &str,
        options: Options,
    ) -> Result<Findings, Problem> {
        let ctx = &self.0;
        let run_id = succeeded(job, run_id)?.run_id.clone();
        let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
        let (ids, job) = (Arc::clone(&ctx.ids), Arc::clone(job));
        let read = move || -> Result<Findings, Problem> {
            let run = job.run(&run_id).ok_or_else(Problem::internal)?;
            let subject = Subject {
                blobs: blobs.as_ref(),
                workspace: workspace.as_ref(),
                ids: ids.as_ref(),
                job: &job,
                run,
                plan: job.kept_plan_of(run)?,
                published: &job.artifacts_index,
            };
            let unreadable = |why: String| {
                Problem::new(ErrorCode::RenderingFailed, format!("the results cannot be read: {why}"))
            };
            subject.findings(&options).map_err(unreadable)
        };
        // those who look at results do not wait for documents that are being made
        ctx.pools.reads.run(read).await?
    }
}
