//! Usage of each tenant, updated in the same transactions as the records: jobs with content, their bytes,
//! and the number of queued ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::apply_job::IndexColumns;
use super::prepare::PreparedWrite;
use crate::domain::ids::TenantId;
use crate::domain::job::JobStatus;
use crate::domain::tenant::{BoundPassed, MadeToday, TenantBounds, TenantUsage};
use crate::ports::store::{Key, Record};

/// A day, in milliseconds.
pub(in crate::adapters) const DAY_MS: i64 = 24 * 3600 * 1000;

/// The usage of every tenant that ever had a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::adapters) struct Usages {
    all: HashMap<TenantId, TenantUsage>,
    /// Changed since they were last saved.
    changed: BTreeSet<TenantId>,
}

/// Bytes of a job's content (`None` where there is no job, or its content was removed) and its status.
pub(in crate::adapters) type Held = (Option<i64>, Option<JobStatus>);

/// What a tenant holds once a job of it moved from what it held to what it holds.
fn moved(usage: TenantUsage, from: Held, to: Held) -> TenantUsage {
    let queued = |held: Held| u64::from(held.1 == Some(JobStatus::Queued));
    let size = |bytes: Option<i64>| u64::try_from(bytes.unwrap_or(0)).unwrap_or(0);
    TenantUsage {
        jobs: (usage.jobs + u64::from(to.0.is_some())).saturating_sub(u64::from(from.0.is_some())),
        bytes: usage.bytes.saturating_add(size(to.0)).saturating_sub(size(from.0)),
        queued: (usage.queued + queued(to)).saturating_sub(queued(from)),
    }
}

/// Returns what a job holds once a write is applied.
fn held_after(write: &PreparedWrite) -> Held {
    match write.put.as_ref().map(|put| &put.record) {
        Some(Record::Job(job)) => (IndexColumns::of(job).bytes, Some(job.status)),
        _ => (None, None),
    }
}

impl Usages {
    /// Reads the kept usages.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        Ok(Self::of(read(conn, None)?))
    }

    /// Starts with usages that were read.
    pub(in crate::adapters) fn of(all: impl IntoIterator<Item = (TenantId, TenantUsage)>) -> Self {
        Self { all: all.into_iter().collect(), changed: BTreeSet::new() }
    }

    /// Adds the usage of a tenant that was read, unless it is known.
    pub(in crate::adapters) fn know(&mut self, tenant: &TenantId, usage: TenantUsage) {
        self.all.entry(tenant.clone()).or_insert(usage);
    }

    /// Takes the usages that changed since this was last called.
    pub(in crate::adapters) fn take_changed(&mut self) -> Vec<(TenantId, TenantUsage)> {
        let changed = std::mem::take(&mut self.changed);
        let usage = |tenant: &TenantId| self.all.get(tenant).copied().unwrap_or_default();
        changed
            .into_iter()
            .map(|tenant| {
                let usage = usage(&tenant);
                (tenant, usage)
            })
            .collect()
    }

    /// Moves a job of a tenant from what it held to what it holds.
    pub(in crate::adapters) fn change(&mut self, tenant: &TenantId, from: Held, to: Held) {
        let queued = |held: Held| held.1 == Some(JobStatus::Queued);
        if from.0 == to.0 && queued(from) == queued(to) {
            return;
        }
        if !self.all.contains_key(tenant) {
            self.all.insert(tenant.clone(), TenantUsage::default());
        }
        let Some(usage) = self.all.get_mut(tenant) else { return };
        *usage = moved(*usage, from, to);
        if !self.changed.contains(tenant) {
            self.changed.insert(tenant.clone());
        }
    }

    /// Says which bound a commit passes: by its writes, each with what its job holds before (`None` where it is absent),
    /// and by the jobs that the tenant made today, which are asked for only where they count.
    ///
    /// # Errors
    /// As `today`.
    pub(in crate::adapters) fn passed<'a, E>(
        &self,
        bounds: &TenantBounds,
        writes: impl Iterator<Item = (&'a PreparedWrite, Option<Held>)>,
        today: impl FnOnce(u64) -> Result<MadeToday, E>,
        now: DateTime<Utc>,
    ) -> Result<Option<BoundPassed>, E> {
        let before = self.all.get(&bounds.tenant_id).copied().unwrap_or_default();
        let (mut after, mut new) = (before, 0);
        for (write, held) in writes {
            if matches!(&write.key, Key::Job(tenant, _) if *tenant == bounds.tenant_id) {
                new += u64::from(held.is_none());
                after = moved(after, held.unwrap_or_default(), held_after(write));
            }
        }
        let stock = bounds.limits.passed(before, after);
        match bounds.limits.jobs_per_day.filter(|_| stock.is_none() && new > 0) {
            Some(limit) => Ok(bounds.limits.passed_today(today(limit)?, new, now)),
            None => Ok(stock),
        }
    }

    /// Writes what changed inside the open transaction.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn save(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        for (tenant, usage) in self.take_changed() {
            conn.prepare_cached(
                "INSERT INTO tenant_usage (tenant, jobs, bytes, queued) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant) DO UPDATE SET jobs = ?2, bytes = ?3, queued = ?4",
            )?
            .execute((
                tenant.as_str(),
                usage.jobs.cast_signed(),
                usage.bytes.cast_signed(),
                usage.queued.cast_signed(),
            ))?;
        }
        Ok(())
    }
}

/// Moves one job from a status to another in the numbers of jobs; `None` stands for absence.
pub(in crate::adapters) fn count(
    jobs: &mut BTreeMap<JobStatus, u64>,
    from: Option<JobStatus>,
    to: Option<JobStatus>,
) {
    if let Some(n) = from.and_then(|status| jobs.get_mut(&status)) {
        *n = n.saturating_sub(1);
    }
    if let Some(status) = to {
        *jobs.entry(status).or_default() += 1;
    }
}

/// Reads the kept usage of a tenant, or of each that ever had a job.
///
/// # Errors
/// Any error of the database.
pub(super) fn read(
    conn: &Connection,
    tenant: Option<&TenantId>,
) -> rusqlite::Result<Vec<(TenantId, TenantUsage)>> {
    const ALL: &str = "SELECT tenant, jobs, bytes, queued FROM tenant_usage";
    const ONE: &str = "SELECT tenant, jobs, bytes, queued FROM tenant_usage WHERE tenant = ?1";
    let mut statement = conn.prepare_cached(if tenant.is_some() { ONE } else { ALL })?;
    let mut rows = statement.query(rusqlite::params_from_iter(tenant.map(TenantId::as_str)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let Ok(tenant) = TenantId::parse(name) else { continue };
        let number = |at: usize| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
        found.push((tenant, TenantUsage { jobs: number(1)?, bytes: number(2)?, queued: number(3)? }));
    }
    Ok(found)
}

/// Counts the jobs that a tenant made within the last 24 hours, up to a number.
///
/// # Errors
/// Any error of the database.
pub(super) fn made_today(
    conn: &Connection,
    tenant: &TenantId,
    now_ms: i64,
    most: u64,
) -> rusqlite::Result<MadeToday> {
    conn.prepare_cached(
        "SELECT count(*), min(created_at) FROM (SELECT created_at FROM jobs WHERE tenant = ?1 AND created_at > ?2
         ORDER BY created_at DESC LIMIT ?3)",
    )?
    .query_row((tenant.as_str(), now_ms - DAY_MS, i64::try_from(most).unwrap_or(i64::MAX)), |row| {
        Ok(MadeToday {
            jobs: row.get::<_, i64>(0)?.cast_unsigned(),
            oldest: row.get::<_, Option<i64>>(1)?.and_then(DateTime::from_timestamp_millis),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_counts_from_its_creation_to_the_removal_of_its_content() {
        let tenant = TenantId::default_tenant();
        let mut usages = Usages::default();
        let now = |usages: &Usages| usages.all[&tenant];
        usages.change(&tenant, (None, None), (Some(0), Some(JobStatus::Created)));
        usages.change(&tenant, (Some(0), Some(JobStatus::Created)), (Some(700), Some(JobStatus::Queued)));
        assert_eq!(now(&usages), TenantUsage { jobs: 1, bytes: 700, queued: 1 });
        usages.change(&tenant, (Some(700), Some(JobStatus::Queued)), (Some(900), Some(JobStatus::Running)));
        assert_eq!(now(&usages), TenantUsage { jobs: 1, bytes: 900, queued: 0 });
        usages.change(&tenant, (Some(900), Some(JobStatus::Failed)), (None, Some(JobStatus::Failed)));
        assert_eq!(now(&usages), TenantUsage::default());
        usages.change(&tenant, (None, Some(JobStatus::Failed)), (None, None));
        assert_eq!(now(&usages), TenantUsage::default(), "a removed job is counted off once");
    }
}
