//! `migrate --finalize`: from here on there is no way back to the release before. Old directories whose
//! jobs are in the store go, and stored records move to the newest schema version that is known.

use std::sync::Arc;

use serde_json::{Value, json};

use super::walk::disk;
use super::{Migration, Report};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::domain::job::JobRecord;
use crate::domain::migration::Facts;
use crate::ports::store::{Commit, CommitError, Expect, JobFilter, ReadError, Record, StoreExt, Write};
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem};

/// Jobs of one page.
const PAGE: usize = 200;

impl Migration {
    /// Migrates what is left, removes the old directories of jobs that the store holds, and writes stored
    /// records in the newest version. Places that cannot be migrated stay, and are reported.
    ///
    /// # Errors
    /// Of the store or the disk, as a problem; it may be repeated.
    pub async fn finalize(self: &Arc<Self>) -> Result<Report, Problem> {
        let mut report = self.migrate_all(false).await?;
        let legacy = Arc::clone(&self.legacy);
        let places = self.pool.run(move || legacy.places()).await?.map_err(|error| disk(&error))?;
        for place in places {
            let Some((tenant, job_id)) = &place.owner else { continue };
            if report.failed.iter().any(|failed| failed.place == place.dir) {
                continue;
            }
            match self.store.job(tenant, job_id).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => continue,
                Err(error) => return Err(read_problem(error)),
            }
            let (legacy, dir) = (Arc::clone(&self.legacy), place.dir.clone());
            self.pool.run(move || legacy.remove(&dir)).await?.map_err(|error| disk(&error))?;
            report.removed += 1;
        }
        let newest = self.migrator.newest();
        self.change_progress(|progress| {
            progress.finalized_schema = Some(newest);
            progress.finalized_at = Some(self.clock.now());
        });
        let (legacy, progress) = (Arc::clone(&self.legacy), self.progress());
        self.pool.run(move || legacy.keep(&progress)).await?.map_err(|error| disk(&error))?;
        self.upgrade_stored().await?;
        report.schema_version = newest;
        report.finalized = true;
        self.say_final(&report).await?;
        Ok(report)
    }

    /// Writes stored records of an older version in the version that is written now. Before `finalize`
    /// that is the stable one, which every stored record has already.
    ///
    /// # Errors
    /// Of the store, as a problem; it may be repeated.
    pub async fn upgrade_stored(&self) -> Result<u64, Problem> {
        let target = self.migrator.writes(self.progress().finalized_schema);
        let mut filter = JobFilter { limit: PAGE, ..JobFilter::default() };
        let mut upgraded = 0;
        loop {
            let page = self.store.list_jobs(filter.clone()).await.map_err(read_problem)?;
            for job in page.items.into_iter().filter(|job| job.schema_version < target) {
                upgraded += u64::from(self.upgrade_one(job, target).await?);
            }
            match page.next_cursor {
                Some(cursor) => filter.cursor = Some(cursor),
                None => return Ok(upgraded),
            }
        }
    }

    async fn upgrade_one(&self, job: JobRecord, target: u32) -> Result<bool, Problem> {
        let facts = Facts {
            tenant_id: job.tenant_id.clone(),
            job_id: job.job_id.clone(),
            place: String::new(),
            now: self.clock.now(),
            token_days: self.token_days,
            files: std::collections::BTreeMap::new(),
        };
        let Ok(Value::Object(members)) = serde_json::to_value(&job) else { return Err(Problem::internal()) };
        let refused = |reason: String| {
            tracing::error!(
                event = "SS_MIGRATION_REFUSED",
                place = job.resource(),
                reason,
                "a stored record cannot be upgraded"
            );
            Problem::new(ErrorCode::JobCorrupt, "a stored record cannot be upgraded")
        };
        let (members, from) =
            self.migrator.upgrade(members, target, &facts).map_err(|refusal| refused(refusal.to_string()))?;
        let mut next: JobRecord =
            serde_json::from_value(Value::Object(members)).map_err(|error| refused(error.to_string()))?;
        next.version = job.version + 1;
        next.migrations.push(json!({"from": from, "to": next.schema_version, "at": facts.now}));
        let event =
            self.event(&job.tenant_id, "job.migrated", job.resource(), json!({"from": from, "to": target}));
        let commit = Commit {
            id: self.ids.id("commit"),
            writes: vec![Write::Put { record: Record::from(next), expect: Expect::Version(job.version) }],
            audit: vec![event],
            housekeeping: None,
            within: None,
        };
        match self.store.commit(commit).await {
            Ok(_) => Ok(true),
            // somebody else wrote it meanwhile; the next call finds it
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(error) => Err(problem(error)),
        }
    }

    async fn say_final(&self, report: &Report) -> Result<(), Problem> {
        let detail = json!({"schema_version": report.schema_version, "removed": report.removed});
        let event =
            self.event(&TenantId::default_tenant(), "migration.finalized", "store".to_owned(), detail);
        let commit = Commit {
            id: self.ids.id("commit"),
            writes: Vec::new(),
            audit: vec![event],
            housekeeping: None,
            within: None,
        };
        self.store.commit(commit).await.map(|_| ()).map_err(problem)
    }

    fn event(&self, tenant: &TenantId, action: &str, resource: String, detail: Value) -> AuditEvent {
        AuditEvent {
            time: self.clock.now(),
            tenant: tenant.clone(),
            actor: Actor::system("migration"),
            action: action.to_owned(),
            resource,
            before: None,
            after: None,
            reason: None,
            trace_id: None,
            address: None,
            detail,
        }
    }
}

fn problem(error: CommitError) -> Problem {
    match commit_attempt(error) {
        Attempt::Refused(problem) => problem,
        Attempt::Lost { .. } => Problem::internal(),
    }
}
