//! Opens a signed link: returns whom a request with a signature stands for.

use crate::domain::credential::Principal;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::JobId;
use crate::domain::signed_link::LinkedRequest;
use crate::ports::store::StoreExt;
use crate::service::access::authenticate::Authenticated;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

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
            let Some(token) = job.token.as_ref().filter(|token| token.is_alive(now)) else {
                continue;
            };
            if self.0.link_keys.opens(&token.secret_sha256, request, (expires, signature), now) {
                let principal = Principal::JobToken { tenant: job.tenant_id.clone(), job_id: job_id.clone() };
                return Ok(Authenticated { principal, job: Some(job) });
            }
        }
        Err(Problem::new(
            ErrorCode::AuthTokenInvalid,
            "the link has expired or does not open this; ask for a new one",
        ))
    }
}
