//! Bounds of tenants, checked under the lock of the heads: no two processes pass one together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tokio_postgres::{Error, Row};

use super::apply::State;
use super::rows::Param;
use super::shared::Submitted;
use crate::adapters::store::prepare::Prepared;
use crate::adapters::store::usage::DAY_MS;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::tenant::{MadeToday, TenantBounds};
use crate::ports::store::CommitError;

/// Counts the jobs that tenants made since a time, each up to a number.
pub(super) const TODAY: &str = "SELECT 'today', k.tenant, NULL, NULL, count(j.created_at), min(j.created_at), NULL, NULL \
     FROM unnest($1, $2) AS k(tenant, most) LEFT JOIN LATERAL ( \
       SELECT created_at FROM ss.jobs WHERE tenant = k.tenant AND created_at > $3 \
       ORDER BY created_at DESC, nr DESC LIMIT k.most) j ON true GROUP BY k.tenant";

/// Counts the webhooks of tenants, and of their jobs.
pub(super) const WEBHOOKS_OF: &str = "SELECT 'webhooks_of', k.tenant, k.job_id, NULL, count(w.webhook_id), NULL, NULL, NULL FROM unnest($1, $2) AS k(tenant, job_id) \
     LEFT JOIN ss.webhooks w ON (w.tenant, w.job_id) = (k.tenant, k.job_id) GROUP BY k.tenant, k.job_id";

/// A tenant with one of its jobs, or with an empty text for the webhooks of every job.
pub(super) type WebhookScope = (TenantId, String);

/// The scope of webhooks.
pub(super) fn webhook_scope(tenant: &TenantId, job_id: Option<&JobId>) -> WebhookScope {
    (tenant.clone(), job_id.map(ToString::to_string).unwrap_or_default())
}

/// The parameters of [`WEBHOOKS_OF`]; `None` where no commit has a bound on webhooks.
pub(super) fn webhooks_params(batch: &[Submitted]) -> Option<Vec<Param>> {
    let bounded = batch.iter().filter_map(|submitted| submitted.commit.within.as_ref());
    let scopes: BTreeSet<(String, String)> = bounded
        .filter_map(|bounds| {
            let (tenant, job) = webhook_scope(&bounds.tenant_id, bounds.webhooks.as_ref()?.job_id.as_ref());
            Some((tenant.to_string(), job))
        })
        .collect();
    let (tenants, jobs): (Vec<String>, Vec<String>) = scopes.into_iter().unzip();
    (!tenants.is_empty()).then(|| vec![Param::texts(tenants), Param::texts(jobs)])
}

/// The parameters of [`TODAY`]; `None` where no commit has a limit of a day.
pub(super) fn today_params(batch: &[Submitted], now: DateTime<Utc>) -> Option<Vec<Param>> {
    let mut limits = BTreeMap::<String, i64>::new();
    for bounds in batch.iter().filter_map(|submitted| submitted.commit.within.as_ref()) {
        let Some(limit) = bounds.limits.jobs_per_day else { continue };
        let most = limits.entry(bounds.tenant_id.to_string()).or_default();
        *most = (*most).max(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    let (tenants, most): (Vec<String>, Vec<i64>) = limits.into_iter().unzip();
    let since = now.timestamp_millis() - DAY_MS;
    (!tenants.is_empty()).then(|| vec![Param::texts(tenants), Param::numbers(most), Param::number(since)])
}

impl State {
    /// Takes over what a row of [`TODAY`] says.
    ///
    /// # Errors
    /// Any error of the row.
    pub(super) fn know_today(&mut self, tenant: &str, row: &Row) -> Result<(), Error> {
        let jobs = row.try_get::<_, i64>(4)?.cast_unsigned();
        let oldest = row.try_get::<_, Option<i64>>(5)?.and_then(DateTime::from_timestamp_millis);
        if let Ok(tenant) = TenantId::parse(tenant) {
            self.today.insert(tenant, MadeToday { jobs, oldest });
        }
        Ok(())
    }

    /// Takes over what a row of [`WEBHOOKS_OF`] says.
    ///
    /// # Errors
    /// Any error of the row.
    pub(super) fn know_webhooks(&mut self, tenant: &str, row: &Row) -> Result<(), Error> {
        let (job, count): (String, i64) = (row.try_get(2)?, row.try_get(4)?);
        if let Ok(tenant) = TenantId::parse(tenant) {
            self.webhooks.insert((tenant, job), count.cast_unsigned());
        }
        Ok(())
    }

    /// Counts a webhook that is made in this batch. One that goes in the same batch still counts.
    pub(super) fn count_webhook(&mut self, tenant: &TenantId, job_id: Option<&JobId>) {
        if let Some(count) = self.webhooks.get_mut(&webhook_scope(tenant, job_id)) {
            *count += 1;
        }
    }

    /// Counts a job that is made in this batch.
    pub(super) fn count_today(&mut self, tenant: &TenantId) {
        if let Some(made) = self.today.get_mut(tenant) {
            made.jobs += 1;
            made.oldest.get_or_insert(self.now);
        }
    }

    /// Checks that a commit leaves the tenant within its bounds.
    ///
    /// # Errors
    /// [`CommitError::OverBound`].
    pub(super) fn check_bounds(&self, bounds: &TenantBounds, commit: &Prepared) -> Result<(), CommitError> {
        let held = |key| self.records.get(key).map(|current| (current.bytes, current.status));
        let writes = commit.writes.iter().map(|write| (write, held(&write.key)));
        let today = |_| Ok(self.today.get(&bounds.tenant_id).copied().unwrap_or_default());
        let stock = self.usage.passed(bounds, writes, today, self.now)?;
        let webhooks = || {
            let bound = bounds.webhooks.as_ref()?;
            let scope = webhook_scope(&bounds.tenant_id, bound.job_id.as_ref());
            bound.passed(self.webhooks.get(&scope).copied().unwrap_or_default(), commit.new_webhooks())
        };
        stock.or_else(webhooks).map_or(Ok(()), |passed| Err(CommitError::OverBound(passed)))
    }
}
