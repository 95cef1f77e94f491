//! The store as readers see it while old records are still being found: a job that the store does not know
//! is looked for in its fixed old places, and migrated there and then.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{Migration, Outcome};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::migration::layout::legacy_dirs;
use crate::ports::store::{
    Change, ClaimAsk, ClaimError, Claims, Commit, CommitError, Key, Page, Query, ReadError, Receipt, Record,
    Row, Store, StoreStatus,
};

/// A store with the look-up in old places.
pub struct LegacyAware {
    inner: Arc<dyn Store>,
    migration: Arc<Migration>,
}

impl LegacyAware {
    /// Wraps the store that the migration writes to.
    pub fn new(migration: Arc<Migration>) -> Self {
        Self { inner: Arc::clone(&migration.store), migration }
    }

    /// Looks for a job in its old places.
    async fn probe(&self, tenant: &TenantId, job_id: &JobId) -> Result<(), ReadError> {
        let key = || Key::Job(tenant.clone(), job_id.clone());
        if self.migration.is_settled() {
            return match self.migration.failure(tenant, job_id) {
                Some(_) => Err(ReadError::Corrupt { key: key() }),
                None => Ok(()),
            };
        }
        match self.migration.one(tenant, job_id, None, false).await {
            Ok(Outcome::Migrated | Outcome::Present | Outcome::Absent) => Ok(()),
            Ok(Outcome::Failed { place, reason, newer }) => {
                self.migration.note_failure(tenant, &place, &reason).await;
                Err(if newer {
                    ReadError::NewerSchema { key: key() }
                } else {
                    ReadError::Corrupt { key: key() }
                })
            }
            Err(problem) => Err(read_error(&problem)),
        }
    }

    /// Looks for an id in the old places of every tenant.
    async fn probe_all(&self, job_id: &JobId) -> Result<(), ReadError> {
        if self.migration.is_settled() {
            return Ok(());
        }
        let (legacy, id) = (Arc::clone(&self.migration.legacy), job_id.clone());
        let tenants = self.migration.pool.run(move || -> std::io::Result<Vec<TenantId>> {
            let mut tenants = legacy.tenants()?;
            tenants.push(TenantId::default_tenant());
            tenants.retain(|tenant| legacy_dirs(tenant, &id).iter().any(|dir| legacy.exists(dir)));
            tenants.sort();
            tenants.dedup();
            Ok(tenants)
        });
        let tenants = tenants.await.map_err(|problem| read_error(&problem))?.unwrap_or_default();
        for tenant in tenants {
            match self.probe(&tenant, job_id).await {
                // one tenant's damaged record does not hide another's
                Ok(()) | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn read_error(problem: &Problem) -> ReadError {
    match problem.code {
        ErrorCode::StoreUnavailable | ErrorCode::ServiceNotReady => {
            ReadError::Unavailable { retry_after: std::time::Duration::from_secs(1) }
        }
        _ => ReadError::Unavailable { retry_after: std::time::Duration::from_secs(5) },
    }
}

impl Store for LegacyAware {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        self.inner.commit(commit)
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        self.inner.committed(id)
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, ReadError>> {
        Box::pin(async move {
            let found = self.inner.get(key).await?;
            match key {
                Key::Job(tenant, job_id) if found.is_none() => {
                    self.probe(tenant, job_id).await?;
                    self.inner.get(key).await
                }
                _ => Ok(found),
            }
        })
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>> {
        match query {
            // looked for whatever the store knows: another tenant may have a job with this id
            Query::JobsById(job_id) => Box::pin(async move {
                self.probe_all(&job_id).await?;
                self.inner.query(Query::JobsById(job_id)).await
            }),
            query => self.inner.query(query),
        }
    }

    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        self.inner.claim(ask)
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.inner.changes()
    }

    /// Old records that cannot be migrated count as quarantined.
    fn status(&self) -> StoreStatus {
        let mut status = self.inner.status();
        status.quarantined_records += self.migration.progress().failed.len() as u64;
        status
    }
}
