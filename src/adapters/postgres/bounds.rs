//! Bounds of tenants, checked under the lock of the heads: no two processes pass one together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio_postgres::{Error, Row};

use super::apply::State;
use super::rows::Param;
use super::shared::Submitted;
use crate::adapters::store::prepare::Prepared;
use crate::adapters::store::usage::DAY_MS;
use crate::domain::ids::TenantId;
use crate::domain::tenant::{MadeToday, TenantBounds};
use crate::ports::store::CommitError;

/// Counts the jobs that tenants made since a time, each up to a number.
pub(super) const TODAY: &str = "SELECT k.tenant, count(j.created_at), min(j.created_at) \
     FROM unnest($1, $2) AS k(tenant, most) LEFT JOIN LATERAL ( \
       SELECT created_at FROM ss.jobs WHERE tenant = k.tenant AND created_at > $3 \
       ORDER BY created_at DESC, nr DESC LIMIT k.most) j ON true GROUP BY k.tenant";

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
        let jobs = row.try_get::<_, i64>(1)?.cast_unsigned();
        let oldest = row.try_get::<_, Option<i64>>(2)?.and_then(DateTime::from_timestamp_millis);
        if let Ok(tenant) = TenantId::parse(tenant) {
            self.today.insert(tenant, MadeToday { jobs, oldest });
        }
        Ok(())
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
        match self.usage.passed(bounds, writes, today, self.now)? {
            Some(passed) => Err(CommitError::OverBound(passed)),
            None => Ok(()),
        }
    }
}
