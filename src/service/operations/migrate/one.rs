//! One job: its old record is read, upgraded, its files are given their present names, and one commit puts
//! it into the store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Migration;
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::canonical::sha256_hex;
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::migration::layout::legacy_dirs;
use crate::domain::migration::{Facts, Members, Migrator, Refusal, named_files, parse, version_of};
use crate::ports::legacy::{LegacyRecords, RecordFault};
use crate::ports::store::{Commit, CommitError, Expect, ReadError, Record, StoreExt, Write};
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem};

/// Outcome of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the store now, or would be.
    Migrated,
    /// The store holds it already.
    Present,
    /// No old place has it.
    Absent,
    /// Its old record cannot be migrated; the place and the reason.
    Failed {
        /// Old path of the record.
        place: String,
        /// Why it cannot be migrated, for people.
        reason: String,
        /// True if a newer release wrote the record.
        newer: bool,
    },
}

/// An old record, upgraded, and where it lies.
struct Found {
    job: JobRecord,
    from: u32,
    place: String,
    others: Vec<String>,
}

/// Everything that reading needs, so that it can be done on a blocking thread.
struct Reader {
    legacy: Arc<dyn LegacyRecords>,
    tenant: TenantId,
    job_id: JobId,
    now: DateTime<Utc>,
    token_days: u32,
}

/// Why an old record is not used.
enum Unusable {
    Refused(Refusal),
    Fault(String),
}

impl Reader {
    /// Reads the record of every place of the job; the one of the highest version is upgraded.
    fn find(&self, migrator: &Migrator, extra: Option<&str>) -> Result<Option<Found>, (String, Unusable)> {
        let mut places = legacy_dirs(&self.tenant, &self.job_id);
        if let Some(extra) = extra.filter(|extra| !places.iter().any(|place| place == extra)) {
            places.push(extra.to_owned());
        }
        let mut failure = None;
        let mut records: Vec<(String, Members, String)> = Vec::new();
        for place in places.into_iter().filter(|place| self.legacy.exists(place)) {
            match self.read(&place) {
                Ok(Some((members, sha256))) => records.push((place, members, sha256)),
                // a directory that belongs to something else may bear the name of a job
                Ok(None) if extra != Some(place.as_str()) => {}
                Ok(None) => {
                    failure.get_or_insert((place, Unusable::Fault(RecordFault::Absent.to_string())));
                }
                Err(reason) => {
                    failure.get_or_insert((place, reason));
                }
            }
        }
        let order = |members: &Members| {
            let version = members.get("version").and_then(Value::as_u64).unwrap_or(1);
            (version_of(members).unwrap_or(0), version)
        };
        // the first of the highest, which is the later layout
        records.sort_by_key(|(_, members, _)| std::cmp::Reverse(order(members)));
        let mut records = records.into_iter();
        let Some((place, members, sha256)) = records.next() else {
            return failure.map_or(Ok(None), Err);
        };
        let others = records.map(|(place, ..)| place).collect();
        match self.upgrade(migrator, &place, members, &sha256) {
            Ok((job, from)) => Ok(Some(Found { job, from, place, others })),
            Err(reason) => Err((place, reason)),
        }
    }

    fn read(&self, place: &str) -> Result<Option<(Members, String)>, Unusable> {
        match self.legacy.read(place) {
            Ok(bytes) => {
                let members = parse(&bytes).map_err(Unusable::Refused)?;
                Ok(Some((members, sha256_hex(&bytes))))
            }
            Err(RecordFault::Absent) => Ok(None),
            Err(fault) => Err(Unusable::Fault(fault.to_string())),
        }
    }

    fn upgrade(
        &self,
        migrator: &Migrator,
        place: &str,
        members: Members,
        sha256: &str,
    ) -> Result<(JobRecord, u32), Unusable> {
        let names = named_files(&members);
        let files = self
            .legacy
            .facts(place, &names)
            .map_err(|error| Unusable::Fault(format!("its files cannot be read: {error}")))?;
        let facts = Facts {
            tenant_id: self.tenant.clone(),
            job_id: self.job_id.clone(),
            place: place.to_owned(),
            now: self.now,
            token_days: self.token_days,
            files,
        };
        let target = migrator.writes(None);
        let (members, from) = migrator.upgrade(members, target, &facts).map_err(Unusable::Refused)?;
        let mut job: JobRecord = serde_json::from_value(Value::Object(members))
            .map_err(|error| Unusable::Fault(format!("it does not read as a record: {error}")))?;
        if let Some(Value::Object(entry)) = job.migrations.last_mut() {
            entry.insert("from".to_owned(), json!(from));
            entry.insert("record_sha256".to_owned(), json!(sha256));
        }
        Ok((job, from))
    }
}

impl Migration {
    /// Migrates one job; `extra` is a further place where the walk found it.
    ///
    /// # Errors
    /// The store's, as a problem; nothing was migrated then, and it may be repeated.
    pub async fn one(
        self: &Arc<Self>,
        tenant: &TenantId,
        job_id: &JobId,
        extra: Option<&str>,
        dry_run: bool,
    ) -> Result<Outcome, Problem> {
        match self.store.job(tenant, job_id).await {
            // the store holds the job, in whatever state
            Ok(Some(_)) | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => {
                return Ok(Outcome::Present);
            }
            Ok(None) => {}
            Err(error) => return Err(read_problem(error)),
        }
        let reader = Reader {
            legacy: Arc::clone(&self.legacy),
            tenant: tenant.clone(),
            job_id: job_id.clone(),
            now: self.clock.now(),
            token_days: self.token_days,
        };
        let (this, extra) = (Arc::clone(self), extra.map(str::to_owned));
        let found = self.pool.run(move || reader.find(&this.migrator, extra.as_deref())).await?;
        let found = match found {
            Ok(None) => return Ok(Outcome::Absent),
            Ok(Some(found)) => found,
            Err((place, reason)) => return Ok(failed(place, reason)),
        };
        if dry_run {
            return Ok(Outcome::Migrated);
        }
        let (legacy, place, others) = (Arc::clone(&self.legacy), found.place.clone(), found.others.clone());
        let (owner, id) = (tenant.clone(), job_id.clone());
        let adopted = self.pool.run(move || {
            legacy.adopt(&place, &owner, &id, false)?;
            others.iter().try_for_each(|other| legacy.adopt(other, &owner, &id, true))
        });
        if let Err(error) = adopted.await? {
            let reason = format!("its files cannot be taken over: {error}");
            return Ok(Outcome::Failed { place: found.place, reason, newer: false });
        }
        self.put(found).await
    }

    /// The one commit: the record if absent, and the audit event.
    async fn put(&self, found: Found) -> Result<Outcome, Problem> {
        let Found { job, from, place, others } = found;
        let event = AuditEvent {
            time: self.clock.now(),
            tenant: job.tenant_id.clone(),
            actor: Actor::system("migration"),
            action: "job.migrated".to_owned(),
            resource: job.resource(),
            before: None,
            after: Some(job.status.as_str().to_owned()),
            reason: None,
            trace_id: Some(job.trace_id.to_string()),
            address: None,
            detail: json!({"from": from, "to": job.schema_version, "place": place, "other_places": others}),
        };
        let commit = Commit {
            id: self.ids.id("commit"),
            writes: vec![Write::Put { record: Record::from(job), expect: Expect::Import }],
            audit: vec![event],
            housekeeping: None,
            within: None,
        };
        match self.store.commit(commit).await {
            Ok(_) => {
                self.change_progress(|progress| progress.migrated += 1);
                Ok(Outcome::Migrated)
            }
            // another look-up was first
            Err(CommitError::Conflict { .. }) => Ok(Outcome::Present),
            Err(CommitError::TooLarge { limit }) => {
                let reason = format!("its record would be larger than {limit} bytes");
                Ok(Outcome::Failed { place, reason, newer: false })
            }
            Err(error) => Err(match commit_attempt(error) {
                Attempt::Refused(problem) => problem,
                Attempt::Lost { .. } => Problem::internal(),
            }),
        }
    }

    /// Notes a place that cannot be migrated: in the progress, the log and, the first time, the audit.
    pub(super) async fn note_failure(&self, tenant: &TenantId, place: &str, reason: &str) {
        let known = self.change_progress(|progress| {
            progress.failed.insert(place.to_owned(), reason.to_owned()).is_some_and(|old| old == reason)
        });
        if known {
            return;
        }
        tracing::error!(event = "SS_MIGRATION_REFUSED", place, reason, "an old record cannot be migrated");
        let event = AuditEvent {
            time: self.clock.now(),
            tenant: tenant.clone(),
            actor: Actor::system("migration"),
            action: "job.migration_refused".to_owned(),
            resource: format!("place:{place}"),
            before: None,
            after: None,
            reason: Some(reason.to_owned()),
            trace_id: None,
            address: None,
            detail: Value::Null,
        };
        let commit = Commit {
            id: self.ids.id("commit"),
            writes: Vec::new(),
            audit: vec![event],
            housekeeping: None,
            within: None,
        };
        if self.store.commit(commit).await.is_err() {
            // the next walk says it again
            self.change_progress(|progress| progress.failed.remove(place));
        }
    }
}

fn failed(place: String, reason: Unusable) -> Outcome {
    let newer = matches!(reason, Unusable::Refused(Refusal::Newer { .. }));
    let reason = match reason {
        Unusable::Refused(refusal) => refusal.to_string(),
        Unusable::Fault(fault) => fault,
    };
    Outcome::Failed { place, reason, newer }
}
