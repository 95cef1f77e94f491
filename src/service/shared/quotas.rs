//! Quotas of a tenant, checked before it takes more. A stock is checked and taken under the
//! tenant's lock, so that concurrent requests do not pass its limit together.

use chrono::Duration;
use serde_json::json;
use tokio::sync::OwnedMutexGuard;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::domain::job::record::DataSharing;
use crate::domain::tenant::TenantUsage;
use crate::ports::store::StoreExt;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Permission to take what was checked; hold it until the commit is done. Nothing is locked where the
/// tenant has no limit.
#[must_use]
pub struct Admitted(#[expect(dead_code, reason = "released when it is dropped")] Option<OwnedMutexGuard<()>>);

/// Checks that a tenant may have one more job.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `jobs`, `bytes` or `jobs_per_day`, or as reads of the store.
pub async fn admit_job(ctx: &Context, tenant: &TenantId) -> Result<Admitted, Problem> {
    let Some(limits) = ctx.tenants.get(tenant).map(|record| record.limits.clone()) else {
        return Ok(Admitted(None));
    };
    if limits.jobs.or(limits.bytes).or(limits.jobs_per_day).is_none() {
        return Ok(Admitted(None));
    }
    let guard = ctx.tenants.lock_of(tenant).lock_owned().await;
    let usage = usage(ctx, tenant).await?;
    stock("jobs", limits.jobs, usage.jobs, 1)?;
    stock("bytes", limits.bytes, usage.bytes, 1)?;
    if let Some(limit) = limits.jobs_per_day {
        per_day(ctx, tenant, limit).await?;
    }
    Ok(Admitted(Some(guard)))
}

/// Checks that a tenant may store a number of bytes more.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `bytes`, or as reads of the store.
pub async fn admit_bytes(ctx: &Context, tenant: &TenantId, more: u64) -> Result<Admitted, Problem> {
    let Some(limit) = ctx.tenants.get(tenant).and_then(|record| record.limits.bytes) else {
        return Ok(Admitted(None));
    };
    let guard = ctx.tenants.lock_of(tenant).lock_owned().await;
    stock("bytes", Some(limit), usage(ctx, tenant).await?.bytes, more)?;
    Ok(Admitted(Some(guard)))
}

/// Checks that a tenant may have one more job in the queue.
///
/// # Errors
/// `QUOTA_EXCEEDED` for `queued`, or as reads of the store.
pub async fn admit_queued(ctx: &Context, tenant: &TenantId) -> Result<Admitted, Problem> {
    let Some(limit) = ctx.tenants.get(tenant).and_then(|record| record.limits.queued) else {
        return Ok(Admitted(None));
    };
    let guard = ctx.tenants.lock_of(tenant).lock_owned().await;
    stock("queued", Some(limit), usage(ctx, tenant).await?.queued, 1)?;
    Ok(Admitted(Some(guard)))
}

/// Reads what a tenant holds. Under the tenant's lock the commit of every earlier admission is part of it.
async fn usage(ctx: &Context, tenant: &TenantId) -> Result<TenantUsage, Problem> {
    ctx.store.usage(tenant).await.map_err(read_problem)
}

fn stock(quota: &str, limit: Option<u64>, used: u64, more: u64) -> Result<(), Problem> {
    match limit {
        Some(limit) if used.saturating_add(more) > limit => Err(Problem::new(
            ErrorCode::QuotaExceeded,
            format!("the tenant has {used} of at most {limit} {quota}; remove what is not needed"),
        )
        .with("quota", quota)
        .with("limit", limit)
        .with("used", used)),
        _ => Ok(()),
    }
}

/// At most `limit` new jobs within any 24 hours.
async fn per_day(ctx: &Context, tenant: &TenantId, limit: u64) -> Result<(), Problem> {
    let now = ctx.clock.now();
    let oldest = match limit {
        0 => Some(now),
        _ => ctx.store.nth_newest_job(tenant, limit).await.map_err(read_problem)?,
    };
    let Some(resets_at) = oldest.map(|at| at + Duration::days(1)).filter(|resets_at| *resets_at > now) else {
        return Ok(());
    };
    let wait = u64::try_from((resets_at - now).num_seconds()).unwrap_or(0).max(1);
    Err(Problem::new(
        ErrorCode::QuotaExceeded,
        format!("the tenant has made {limit} jobs within 24 hours, the most that it may"),
    )
    .with("quota", "jobs_per_day")
    .with("limit", limit)
    .with("used", limit)
    .with("resets_at", json!(resets_at))
    .retry_after(wait))
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
