//! Responses that are kept for repeated requests with an `Idempotency-Key`. Who may repeat a request is decided before.

use chrono::Duration;

use crate::domain::credential::{IdempotencyRecord, StoredResponse};
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::ports::store::{Commit, CommitError, Expect, Housekeeping, Record, StoreExt, Write};
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// How long an answer is kept.
const KEPT: Duration = Duration::hours(24);

/// Pauses before the store is asked again: together longer than a failover of the database takes.
const PAUSES: [u64; 6] = [100, 200, 400, 1_000, 2_000, 4_000];

/// Commits, again while the store cannot take it or does not say whether it has: a second time under its id does no harm.
async fn commit_patiently(ctx: &Context, commit: &Commit) -> Result<(), CommitError> {
    for pause in PAUSES {
        match ctx.store.commit(commit.clone()).await {
            Err(CommitError::Unavailable { .. } | CommitError::Indeterminate { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            }
            other => return other.map(drop),
        }
    }
    ctx.store.commit(commit.clone()).await.map(drop)
}

/// The use case.
pub struct StoredAnswers<'a>(pub &'a Context);

impl StoredAnswers<'_> {
    /// Returns the answer under the first of these keys that has one.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, as reads of the store.
    pub async fn find(&self, keys: &[String]) -> Result<Option<IdempotencyRecord>, Problem> {
        let now = self.0.clock.now();
        for key in keys {
            let stored = self.0.store.idempotency(key).await.map_err(read_problem)?;
            if let Some(record) = stored.filter(|record| record.expires_at > now) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Checks that the job of an answer still has its content: an answer is forgotten with its job.
    ///
    /// # Errors
    /// `JOB_NOT_FOUND`, `JOB_DELETED`; as reads of the store.
    pub async fn check_job(&self, tenant: &TenantId, job_id: &JobId) -> Result<(), Problem> {
        self.0.load_shared_job(tenant, job_id).await?.check_kept()
    }

    /// Keeps an answer, or the id of what a secret answer made. A failure costs the replay, not the answer.
    pub async fn keep(
        &self,
        key_sha256: String,
        request_sha256: String,
        response: Option<StoredResponse>,
        resource: Option<String>,
    ) {
        let ctx = self.0;
        let now = ctx.clock.now();
        let expired = ctx.store.idempotency(&key_sha256).await.ok().flatten();
        let expect = expired.as_ref().map_or(Expect::Absent, |old| Expect::Version(old.version));
        let record = IdempotencyRecord {
            key_sha256,
            version: expired.map_or(1, |old| old.version + 1),
            request_sha256,
            response,
            resource,
            created_at: now,
            expires_at: now + KEPT,
        };
        let commit = Commit {
            id: ctx.ids.id("commit"),
            writes: vec![Write::Put { record: Record::Idempotency(Box::new(record)), expect }],
            audit: vec![],
            housekeeping: Some(Housekeeping::Idempotency),
            within: None,
        };
        if let Err(error) = commit_patiently(ctx, &commit).await {
            tracing::warn!(event = "SS_IDEMPOTENCY_NOT_STORED", %error, "an idempotency answer was not stored");
        }
    }
}
