//! Quotas of a tenant. They are checked before it takes more, so that a refusal comes early, and once more in the commit
//! that takes it: by then requests at other servers may have taken what was left.

use chrono::Duration;
use serde_json::json;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::record::DataSharing;
use crate::domain::tenant::{BoundPassed, TenantBounds, TenantLimits, TenantUsage, WebhookBound};
use crate::ports::store::StoreExt;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Permission to take what was checked: the commit that takes it keeps the tenant's limits, where it has any.
#[must_use]
#[derive(Debug, Clone, Default)]
pub struct Admitted(Option<TenantBounds>);

impl Admitted {
    /// The bounds of the commit.
    pub fn bounds(&self) -> Option<TenantBounds> {
        self.0.clone()
    }
}

/// The limits of a tenant of which the check has to know any.
fn limits_of(
    ctx: &Context,
    tenant: &TenantId,
    counts: impl Fn(&TenantLimits) -> Option<u64>,
) -> Option<TenantLimits> {
    let record = ctx.tenants.get(tenant)?;
    counts(&record.limits).map(|_| record.limits.clone())
}

/// Admits a commit to what was checked; its small files beside that are not refused.
fn admitted(tenant: &TenantId, limits: TenantLimits) -> Admitted {
    Admitted(Some(TenantBounds { tenant_id: tenant.clone(), limits, webhooks: None }))
}

/// Admits a commit that makes a webhook of a tenant or of one of its jobs, as long as there are fewer than `most`.
pub fn admit_webhook(tenant: &TenantId, job_id: Option<&JobId>, most: usize) -> Admitted {
    let webhooks = Some(WebhookBound { job_id: job_id.cloned(), most: most as u64 });
    Admitted(Some(TenantBounds { tenant_id: tenant.clone(), limits: TenantLimits::default(), webhooks }))
}

/// Checks that a tenant may have one more job.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `jobs`, `bytes` or `jobs_per_day`, or as reads of the store.
pub async fn admit_job(ctx: &Context, tenant: &TenantId) -> Result<Admitted, Problem> {
    let Some(limits) = limits_of(ctx, tenant, |l| l.jobs.or(l.bytes).or(l.jobs_per_day)) else {
        return Ok(Admitted::default());
    };
    let usage = usage(ctx, tenant).await?;
    stock("jobs", limits.jobs, usage.jobs, 1)?;
    stock("bytes", limits.bytes, usage.bytes, 1)?;
    if let Some(limit) = limits.jobs_per_day {
        per_day(ctx, tenant, limit, 1).await?;
    }
    Ok(admitted(tenant, TenantLimits { bytes: None, queued: None, ..limits }))
}

/// Checks that a tenant may have so many cells of a batch more: each is a job that waits for a run.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `jobs`, `bytes`, `queued` or `jobs_per_day`, or as reads of the store.
pub async fn admit_cells(ctx: &Context, tenant: &TenantId, cells: u64) -> Result<Admitted, Problem> {
    let any = |l: &TenantLimits| l.jobs.or(l.bytes).or(l.queued).or(l.jobs_per_day);
    let Some(limits) = limits_of(ctx, tenant, any) else { return Ok(Admitted::default()) };
    let usage = usage(ctx, tenant).await?;
    stock("jobs", limits.jobs, usage.jobs, cells)?;
    stock("bytes", limits.bytes, usage.bytes, 1)?;
    stock("queued", limits.queued, usage.queued, cells)?;
    if let Some(limit) = limits.jobs_per_day {
        per_day(ctx, tenant, limit, cells).await?;
    }
    Ok(admitted(tenant, TenantLimits { bytes: None, ..limits }))
}

/// Checks that a tenant may store a number of bytes more.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `bytes`, or as reads of the store.
pub async fn admit_bytes(ctx: &Context, tenant: &TenantId, more: u64) -> Result<Admitted, Problem> {
    let Some(limits) = limits_of(ctx, tenant, |l| l.bytes) else { return Ok(Admitted::default()) };
    stock("bytes", limits.bytes, usage(ctx, tenant).await?.bytes, more)?;
    Ok(admitted(tenant, TenantLimits { bytes: limits.bytes, ..TenantLimits::default() }))
}

/// Checks that a tenant may have so many more jobs in the queue.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `queued`, or as reads of the store.
pub async fn admit_queued(ctx: &Context, tenant: &TenantId, more: u64) -> Result<Admitted, Problem> {
    let Some(limits) = limits_of(ctx, tenant, |l| l.queued) else { return Ok(Admitted::default()) };
    stock("queued", limits.queued, usage(ctx, tenant).await?.queued, more)?;
    Ok(admitted(tenant, TenantLimits { queued: limits.queued, ..TenantLimits::default() }))
}

/// Reads what a tenant holds.
async fn usage(ctx: &Context, tenant: &TenantId) -> Result<TenantUsage, Problem> {
    ctx.store.usage(tenant).await.map_err(read_problem)
}

fn stock(quota: &'static str, limit: Option<u64>, used: u64, more: u64) -> Result<(), Problem> {
    match limit {
        Some(limit) if used.saturating_add(more) > limit => {
            Err(exceeded(&BoundPassed { quota, limit, used, resets: None }))
        }
        _ => Ok(()),
    }
}

/// At most `limit` new jobs within any 24 hours.
async fn per_day(ctx: &Context, tenant: &TenantId, limit: u64, more: u64) -> Result<(), Problem> {
    let now = ctx.clock.now();
    // of the newest jobs, the one that must be older than a day
    let oldest = match (limit + 1).checked_sub(more) {
        None | Some(0) => Some(now),
        Some(nth) => ctx.store.nth_newest_job(tenant, nth).await.map_err(read_problem)?,
    };
    match oldest.filter(|at| *at + Duration::days(1) > now) {
        Some(oldest) => Err(exceeded(&BoundPassed::of_day(limit, oldest, now))),
        None => Ok(()),
    }
}

/// The answer where a limit would be passed.
pub(super) fn exceeded(passed: &BoundPassed) -> Problem {
    let BoundPassed { quota, limit, used, resets } = passed;
    let Some((resets_at, seconds)) = resets else {
        let text = match *quota {
            "webhooks" => {
                "there are as many webhooks as one tenant, or one job, may have; delete one first".to_owned()
            }
            _ => format!("the tenant has {used} of at most {limit} {quota}; remove what is not needed"),
        };
        return Problem::new(ErrorCode::QuotaExceeded, text)
            .with("quota", *quota)
            .with("limit", *limit)
            .with("used", *used);
    };
    let text = format!("the tenant has made {limit} jobs within 24 hours, the most that it may");
    Problem::new(ErrorCode::QuotaExceeded, text)
        .with("quota", *quota)
        .with("limit", *limit)
        .with("used", *used)
        .with("resets_at", json!(resets_at))
        .retry_after(*seconds)
}

/// Refuses to let a model see more than the tenant allows.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED`.
pub fn check_sharing(ctx: &Context, tenant: &TenantId, asked: DataSharing) -> Result<(), Problem> {
    match ctx.tenants.get(tenant).and_then(|record| record.data_sharing_max) {
        Some(most) if asked > most => {
            let most = json!(most).as_str().unwrap_or_default().to_owned();
            Err(Problem::validation("data_sharing", format!("must be at most {most} for this tenant")))
        }
        _ => Ok(()),
    }
}

/// Returns what a model may see where the client states nothing.
pub fn default_sharing(ctx: &Context, tenant: &TenantId) -> DataSharing {
    let most = ctx.tenants.get(tenant).and_then(|record| record.data_sharing_max);
    most.map_or(DataSharing::Schema, |most| most.min(DataSharing::Schema))
}
