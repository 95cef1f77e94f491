//! A tenant's own settings: how much it may hold, how long its things are kept, what a model may see, and
//! a hold that stops every removal. A tenant without a record has the service's settings.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{JobId, TenantId};
use super::job::record::DataSharing;

/// The settings of one tenant, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Tenant that the settings belong to.
    pub tenant_id: TenantId,
    /// 1 at the creation, one more with every change; the optimistic lock.
    pub version: u64,
    /// When the settings were first stored (UTC).
    pub created_at: DateTime<Utc>,
    /// When the settings changed last (UTC).
    pub updated_at: DateTime<Utc>,
    /// Bounds on jobs, bytes and runs.
    #[serde(default)]
    pub limits: TenantLimits,
    /// Times after which content is removed, where they differ from the service's.
    #[serde(default)]
    pub retention: TenantRetention,
    /// The most that a model may see of this tenant's data.
    #[serde(default)]
    pub data_sharing_max: Option<DataSharing>,
    /// While it is set, nothing of the tenant is removed, by whomever.
    #[serde(default)]
    pub hold: Option<Hold>,
}

/// How much a tenant may hold and do; absent means without limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenantLimits {
    /// Jobs whose content is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u64>,
    /// Bytes of inputs and artifacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Jobs that wait for a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<u64>,
    /// Runs at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<u64>,
    /// New jobs within 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs_per_day: Option<u64>,
}

/// The limits of a tenant, for a commit that adds to what the tenant holds. `running` is no part of them: claims keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantBounds {
    /// Tenant whose limits they are.
    pub tenant_id: TenantId,
    /// Its limits.
    pub limits: TenantLimits,
    /// The bound on webhooks, for a commit that makes one.
    pub webhooks: Option<WebhookBound>,
}

/// The most webhooks that a tenant, or one of its jobs, may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookBound {
    /// The job whose webhooks count; absent for those that receive the events of every job.
    pub job_id: Option<JobId>,
    /// How many there may be.
    pub most: u64,
}

impl WebhookBound {
    /// Says whether so many new ones pass the bound.
    pub fn passed(&self, used: u64, new: u64) -> Option<BoundPassed> {
        let is_passed = new > 0 && used.saturating_add(new) > self.most;
        is_passed.then_some(BoundPassed { quota: "webhooks", limit: self.most, used, resets: None })
    }
}

/// A limit of a tenant that a commit would pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundPassed {
    /// Name of the limit, as in [`TenantLimits`], or `webhooks`.
    pub quota: &'static str,
    /// The limit.
    pub limit: u64,
    /// What the tenant has without the commit.
    pub used: u64,
    /// When the oldest job of the day stops to count, and in how many seconds; for `jobs_per_day` only.
    pub resets: Option<(DateTime<Utc>, u64)>,
}

impl BoundPassed {
    /// The limit of a day, which a job of the day that was made at a time has used up.
    pub fn of_day(limit: u64, oldest: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let resets_at = oldest + Duration::days(1);
        let seconds = u64::try_from((resets_at - now).num_seconds()).unwrap_or(0).max(1);
        Self { quota: "jobs_per_day", limit, used: limit, resets: Some((resets_at, seconds)) }
    }
}

/// Jobs that a tenant made within the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MadeToday {
    /// How many; those above the limit need not be counted.
    pub jobs: u64,
    /// When the oldest of those counted was made.
    pub oldest: Option<DateTime<Utc>>,
}

impl TenantLimits {
    /// Returns the first stock that grows past its limit. One that is past it already may stay or shrink.
    pub fn passed(&self, before: TenantUsage, after: TenantUsage) -> Option<BoundPassed> {
        let stocks = [
            ("jobs", self.jobs, before.jobs, after.jobs),
            ("bytes", self.bytes, before.bytes, after.bytes),
            ("queued", self.queued, before.queued, after.queued),
        ];
        stocks.into_iter().find_map(|(quota, limit, used, next)| {
            let limit = limit.filter(|limit| next > *limit && next > used)?;
            Some(BoundPassed { quota, limit, used, resets: None })
        })
    }

    /// Says whether so many new jobs would pass the limit of a day.
    pub fn passed_today(&self, made: MadeToday, more: u64, now: DateTime<Utc>) -> Option<BoundPassed> {
        let limit = self.jobs_per_day.filter(|limit| more > 0 && made.jobs.saturating_add(more) > *limit)?;
        Some(BoundPassed::of_day(limit, made.oldest.unwrap_or(now), now))
    }
}

/// How long a tenant's things are kept; absent means as the service's settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenantRetention {
    /// Days that a job's content is kept after its end; 0 keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs_days: Option<u32>,
    /// Days that inputs are kept after their upload; 0 keeps them as long as the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs_days: Option<u32>,
    /// Hours that working folders of ended runs are kept; 0 leaves them to the next sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_workdirs_hours: Option<u32>,
    /// Days that a job that never ran is kept after its last change; 0 keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished_jobs_days: Option<u32>,
    /// Hours that an unfinished upload is kept; less than an hour counts as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_sessions_hours: Option<u32>,
}

/// Why nothing may be removed, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hold {
    /// Why nothing may be removed, in the words of an administrator.
    pub reason: String,
    /// When the hold was set (RFC 3339, UTC); a changed reason does not change it.
    pub since: DateTime<Utc>,
}

/// Current usage of a tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TenantUsage {
    /// Jobs whose content is kept.
    pub jobs: u64,
    /// Bytes of their inputs and artifacts.
    pub bytes: u64,
    /// Jobs that wait for a run.
    pub queued: u64,
}

/// How long things are kept. 0 days keep them; 0 hours leave them to the next sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Since the end of the last run, or the cancel.
    pub jobs_days: u32,
    /// Since the upload.
    pub inputs_days: u32,
    /// Since the end of the run.
    pub run_workdirs_hours: u32,
    /// Since the last change of a job that never ran.
    pub unfinished_jobs_days: u32,
    /// Since an upload session was opened.
    pub upload_sessions_hours: u32,
}

impl RetentionPolicy {
    /// Returns this policy with the tenant's own settings applied.
    #[must_use]
    pub fn with(self, own: &TenantRetention) -> Self {
        Self {
            jobs_days: own.jobs_days.unwrap_or(self.jobs_days),
            inputs_days: own.inputs_days.unwrap_or(self.inputs_days),
            run_workdirs_hours: own.run_workdirs_hours.unwrap_or(self.run_workdirs_hours),
            unfinished_jobs_days: own.unfinished_jobs_days.unwrap_or(self.unfinished_jobs_days),
            upload_sessions_hours: own.upload_sessions_hours.unwrap_or(self.upload_sessions_hours),
        }
    }
}

/// Returns the time a number of days after another; `None` for 0 days, which keep for ever.
pub fn days_after(since: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    if days == 0 { None } else { since.checked_add_signed(Duration::days(days.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_may_not_grow_past_its_limit_and_may_shrink_above_it() {
        let limits = TenantLimits { jobs: Some(2), bytes: Some(100), ..TenantLimits::default() };
        let usage = |jobs, bytes| TenantUsage { jobs, bytes, queued: 9 };
        assert_eq!(
            limits.passed(usage(1, 0), usage(2, 100)),
            None,
            "up to the limit, and the queue has none"
        );
        let passed = limits.passed(usage(2, 0), usage(3, 200)).expect("refused");
        assert_eq!((passed.quota, passed.limit, passed.used), ("jobs", 2, 2));
        let passed = limits.passed(usage(2, 90), usage(2, 101)).expect("refused");
        assert_eq!((passed.quota, passed.limit, passed.used), ("bytes", 100, 90));
        assert_eq!(limits.passed(usage(5, 300), usage(5, 200)), None);
    }

    #[test]
    fn the_limit_of_a_day_counts_new_jobs_only() {
        let limits = TenantLimits { jobs_per_day: Some(2), ..TenantLimits::default() };
        let made = MadeToday { jobs: 2, oldest: Some(DateTime::UNIX_EPOCH) };
        let now = DateTime::UNIX_EPOCH + Duration::hours(23);
        assert_eq!(limits.passed_today(made, 0, now), None);
        assert_eq!(limits.passed_today(MadeToday { jobs: 1, ..made }, 1, now), None);
        let passed = limits.passed_today(made, 1, now).expect("refused");
        assert_eq!(passed.resets, Some((DateTime::UNIX_EPOCH + Duration::days(1), 3600)));
    }

    #[test]
    fn a_tenant_overrides_only_what_it_states() {
        let service = RetentionPolicy { jobs_days: 30, inputs_days: 7, ..RetentionPolicy::default() };
        let own = TenantRetention { jobs_days: Some(0), ..TenantRetention::default() };
        let policy = service.with(&own);
        assert_eq!((policy.jobs_days, policy.inputs_days), (0, 7), "0 is stated and keeps");
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(days_after(at, policy.jobs_days), None);
        assert_eq!(days_after(at, 2).map(|t| t.timestamp()), Some(2 * 86_400));
    }
}
