//! Counts failures over all servers that share the store. The limiter of this process refuses first, so that a flood of tries
//! does not reach the database.

use crate::domain::error::Problem;
use crate::service::access::failure_limiter::{FailureLimiter, Subject};
use crate::service::shared::context::Context;

impl FailureLimiter {
    /// Refuses where one of the subjects has no try left, else counts one against each. A `guess` that is one of a subject's
    /// last ones is not counted. A database that is away leaves the limits of this process.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the next try.
    pub async fn take(
        &self,
        ctx: &Context,
        subjects: &[Subject],
        guess: Option<&str>,
    ) -> Result<(), Problem> {
        self.check(ctx.clock.now(), subjects)?;
        let counted = self.failed(ctx.clock.now(), subjects, guess);
        self.take_among_servers(ctx, counted).await
    }

    /// Counts a try that this process has counted, among those of all servers.
    ///
    /// # Errors
    /// As [`FailureLimiter::take`].
    pub(super) async fn take_among_servers<'a>(
        &self,
        ctx: &Context,
        subjects: impl IntoIterator<Item = &'a Subject>,
    ) -> Result<(), Problem> {
        let Some(cluster) = &ctx.cluster else { return Ok(()) };
        // one after the other: a subject that has no try left costs those behind it none
        for subject in subjects {
            // without an answer of the store, which reports its faults, what this process counted holds
            if let Ok(Some(wait)) = cluster.take_try(&subject.digest(), self.tries()).await {
                return Err(self.refusal(wait.as_secs_f64()));
            }
        }
        Ok(())
    }

    /// Takes back the tries that were counted ahead of a success.
    pub async fn give_back(&self, ctx: &Context, subjects: &[Subject]) {
        self.succeeded(subjects);
        let Some(cluster) = &ctx.cluster else { return };
        for subject in subjects {
            // they come back with time
            let _ = cluster.give_try_back(&subject.digest(), self.tries()).await;
        }
    }
}
