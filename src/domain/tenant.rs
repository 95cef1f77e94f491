//! A tenant's own settings: how much it may hold, how long its things are kept, what a model may see, and
//! a hold that stops every removal. A tenant without a record has the service's settings.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::ids::TenantId;
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
