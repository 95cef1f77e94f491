//! Opens a signed link: returns whom a request with a signature stands for.

use std::sync::Arc;

use crate::domain::credential::Principal;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::JobId;
use crate::domain::job::JobRecord;
use crate::domain::signed_link::LinkedRequest;
use crate::ports::store::StoreExt;
use crate::service::access::authenticate::Authenticated;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Returns the job whose token opens a job: its own, for a cell of a batch the job that the batch belongs to.
///
/// # Errors
/// As reads of the store.
pub async fn token_holder(ctx: &Context, job: &Arc<JobRecord>) -> Result<Arc<JobRecord>, Problem> {
    match &job.cell {
        Some(cell) => ctx.load_shared_job(&job.tenant_id, &cell.job_id).await,
        None => Ok(Arc::clone(job)),
    }
}

/// The use case.
pub struct OpenLink<'a>(pub &'a Context);

impl OpenLink<'_> {
    /// Returns the holder of the job's token if the signature opens the request.
    ///
    /// # Errors
    /// `AUTH_TOKEN_INVALID` for a signature that opens nothing; as reads of the store.
    pub async fn execute(
        &self,
        job_id: &JobId,
        request: LinkedRequest<'_>,
        expires: i64,
        signature: &str,
    ) -> Result<Authenticated, Problem> {
        let now = self.0.clock.now();
        for job in self.0.store.jobs_by_id(job_id).await.map_err(read_problem)? {
            let holder = token_holder(self.0, &job).await?;
            let Some(token) = holder.token.as_ref().filter(|token| token.is_alive(now)) else {
                continue;
            };
            if self.0.link_keys.opens(&token.secret_sha256, request, (expires, signature), now) {
                let (tenant, job_id) = (holder.tenant_id.clone(), holder.job_id.clone());
                let principal = Principal::JobToken { tenant, job_id };
                return Ok(Authenticated { principal, job: Some(job) });
            }
        }
        Err(Problem::new(
            ErrorCode::AuthTokenInvalid,
            "the link has expired or does not open this; ask for a new one",
        ))
    }
}
