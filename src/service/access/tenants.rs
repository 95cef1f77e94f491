//! The tenants' own settings: in memory for those who check them, and the use cases that read and replace
//! them.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::audit::AuditEvent;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::domain::job::record::DataSharing;
use crate::domain::tenant::{Hold, TenantLimits, TenantRecord, TenantRetention, TenantUsage};
use crate::ports::store::{Commit, Expect, ReadError, Record, Store, StoreExt, Write};
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::key_locks::KeyLocks;

/// The records of all tenants that have one; few, so that all are kept.
#[derive(Default)]
pub struct TenantCache {
    records: ArcSwap<HashMap<TenantId, Arc<TenantRecord>>>,
    /// The settings of the tenant of trials, while an administrator has stored none.
    trial: Option<Arc<TenantRecord>>,
    /// Held from a read to its result: of two reads at once the earlier one would otherwise stay.
    reading: tokio::sync::Mutex<()>,
    locks: KeyLocks<TenantId>,
}

impl TenantCache {
    /// A cache that knows the settings of the tenant of trials, as long as none are stored.
    pub fn with_trial(record: Option<TenantRecord>) -> Self {
        Self { trial: record.map(Arc::new), ..Self::default() }
    }

    /// Returns the record of a tenant, if it has one.
    pub fn get(&self, tenant: &TenantId) -> Option<Arc<TenantRecord>> {
        let stored = self.records.load().get(tenant).cloned();
        stored.or_else(|| self.trial.clone().filter(|record| record.tenant_id == *tenant))
    }

    /// Returns every record.
    pub fn all(&self) -> Arc<HashMap<TenantId, Arc<TenantRecord>>> {
        self.records.load_full()
    }

    /// Reads the records again.
    ///
    /// # Errors
    /// As the store's; the cached limits stay as they were.
    pub async fn refresh(&self, store: &dyn Store) -> Result<(), ReadError> {
        let _one = self.reading.lock().await;
        let all = store.list_tenants().await?;
        let map = all.into_iter().map(|record| (record.tenant_id.clone(), Arc::new(record))).collect();
        self.records.store(Arc::new(map));
        Ok(())
    }

    /// Returns the lock under which a tenant's stock is checked and taken.
    pub(in crate::service) fn lock_of(&self, tenant: &TenantId) -> Arc<tokio::sync::Mutex<()>> {
        self.locks.lock_of(tenant)
    }
}

/// A tenant's settings as submitted by an administrator; replaces all of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenantBody {
    /// Quotas; an absent limit does not bound.
    pub limits: TenantLimits,
    /// Days that contents are kept, instead of the service's settings.
    pub retention: TenantRetention,
    /// Most data that a model may see, whatever a job allows; absent: no bound.
    pub data_sharing_max: Option<DataSharing>,
    /// Stops every removal for the tenant; absent ends a hold.
    pub hold: Option<HoldBody>,
}

/// A hold as it is requested.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldBody {
    /// At most 1,000 characters.
    pub reason: String,
}

/// A tenant as the API returns it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TenantView {
    /// Id of the tenant.
    pub tenant_id: String,
    /// 0 where the tenant has no own settings.
    pub version: u64,
    /// Quotas in force.
    pub limits: TenantLimits,
    /// Days that contents are kept, instead of the service's settings.
    pub retention: TenantRetention,
    /// Most data that a model may see; null: no bound.
    pub data_sharing_max: Option<DataSharing>,
    /// Hold in force; null: contents are removed when they are due.
    pub hold: Option<Hold>,
    /// Jobs, bytes and queued jobs that count against the quotas now.
    pub usage: TenantUsage,
    /// Last change of the settings (RFC 3339, UTC); null where there are none.
    pub updated_at: Option<DateTime<Utc>>,
}

impl TenantView {
    fn of(tenant: &TenantId, record: Option<&TenantRecord>, usage: TenantUsage) -> Self {
        Self {
            tenant_id: tenant.to_string(),
            version: record.map_or(0, |r| r.version),
            limits: record.map(|r| r.limits.clone()).unwrap_or_default(),
            retention: record.map(|r| r.retention.clone()).unwrap_or_default(),
            data_sharing_max: record.and_then(|r| r.data_sharing_max),
            hold: record.and_then(|r| r.hold.clone()),
            usage,
            updated_at: record.map(|r| r.updated_at),
        }
    }
}

/// The use cases.
pub struct Tenants<'a>(pub &'a Context);

impl Tenants<'_> {
    /// Reads the settings of a tenant and what it holds.
    ///
    /// # Errors
    /// As reads of the store.
    pub async fn get(&self, tenant: &TenantId) -> Result<TenantView, Problem> {
        let record = self.0.store.tenant(tenant).await.map_err(read_problem)?;
        let usage = self.0.store.usage(tenant).await.map_err(read_problem)?;
        Ok(TenantView::of(tenant, record.as_ref(), usage))
    }

    /// Lists tenants that have their own settings.
    ///
    /// # Errors
    /// As reads of the store.
    pub async fn list(&self) -> Result<Vec<TenantView>, Problem> {
        let all = self.0.store.list_tenants().await.map_err(read_problem)?;
        let usage: HashMap<TenantId, TenantUsage> =
            self.0.store.usage_of_all().await.map_err(read_problem)?.into_iter().collect();
        let usage = |tenant: &TenantId| usage.get(tenant).copied().unwrap_or_default();
        Ok(all.iter().map(|r| TenantView::of(&r.tenant_id, Some(r), usage(&r.tenant_id))).collect())
    }

    /// Replaces the settings of a tenant. A hold that stands keeps the time of its beginning.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
    pub async fn put(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        body: &TenantBody,
        if_match: Option<u64>,
    ) -> Result<TenantView, Problem> {
        let ctx = self.0;
        check(body)?;
        let stored = with_retries(if_match, || async {
            let before = ctx.store.tenant(tenant).await.map_err(read_problem)?;
            let actual = before.as_ref().map_or(0, |r| r.version);
            if let Some(expected) = if_match.filter(|expected| *expected != actual) {
                return Err(Attempt::Lost { expected, actual });
            }
            self.replace(caller, tenant, body, before).await
        })
        .await?;
        // The changes of the store refresh it too; this one is for who reads what it just wrote.
        ctx.tenants.refresh(ctx.store.as_ref()).await.map_err(read_problem)?;
        let usage = ctx.store.usage(tenant).await.map_err(read_problem)?;
        Ok(TenantView::of(tenant, Some(&stored), usage))
    }

    async fn replace(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        body: &TenantBody,
        before: Option<TenantRecord>,
    ) -> Result<TenantRecord, Attempt> {
        let ctx = self.0;
        let now = ctx.clock.now();
        let since = before.as_ref().and_then(|r| r.hold.as_ref()).map_or(now, |hold| hold.since);
        let record = TenantRecord {
            tenant_id: tenant.clone(),
            version: before.as_ref().map_or(1, |r| r.version + 1),
            created_at: before.as_ref().map_or(now, |r| r.created_at),
            updated_at: now,
            limits: body.limits.clone(),
            retention: body.retention.clone(),
            data_sharing_max: body.data_sharing_max,
            hold: body.hold.as_ref().map(|hold| Hold { reason: hold.reason.clone(), since }),
        };
        let held = |record: &TenantRecord| if record.hold.is_some() { "held" } else { "open" }.to_owned();
        let event = AuditEvent {
            time: now,
            tenant: tenant.clone(),
            actor: caller.actor.clone(),
            action: "tenant.changed".to_owned(),
            resource: format!("tenant:{tenant}"),
            before: before.as_ref().map(held),
            after: Some(held(&record)),
            reason: record.hold.as_ref().map(|hold| hold.reason.clone()).or_else(|| caller.reason.clone()),
            trace_id: Some(caller.trace_id.to_string()),
            address: caller.address.clone(),
            detail: serde_json::json!({"limits": record.limits, "retention": record.retention,
                                       "data_sharing_max": record.data_sharing_max}),
        };
        let expect = before.map_or(Expect::Absent, |r| Expect::Version(r.version));
        let write = Write::Put { record: Record::Tenant(Box::new(record.clone())), expect };
        let commit = Commit {
            id: ctx.ids.id("commit"),
            writes: vec![write],
            audit: vec![event],
            housekeeping: None,
            within: None,
        };
        ctx.store.commit(commit).await.map_err(commit_attempt)?;
        Ok(record)
    }
}

fn check(body: &TenantBody) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if body.hold.as_ref().is_some_and(|h| h.reason.trim().is_empty() || h.reason.chars().count() > 1000) {
        errors.push(("hold.reason".to_owned(), "must have 1 to 1000 characters".to_owned()));
    }
    let days = [
        ("retention.jobs_days", body.retention.jobs_days),
        ("retention.inputs_days", body.retention.inputs_days),
        ("retention.unfinished_jobs_days", body.retention.unfinished_jobs_days),
    ];
    for (path, _) in days.into_iter().filter(|(_, days)| days.is_some_and(|days| days > 36_500)) {
        errors.push((path.to_owned(), "must be 0 to 36500".to_owned()));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation_all(errors)) }
}

/// Refuses a removal while the tenant's hold stands.
///
/// # Errors
/// `RETENTION_HOLD {since}`; as reads of the store, since what is removed does not come back.
pub async fn check_hold(store: &dyn Store, tenant: &TenantId) -> Result<(), Problem> {
    let record = store.tenant(tenant).await.map_err(read_problem)?;
    match record.and_then(|record| record.hold) {
        None => Ok(()),
        Some(hold) => {
            Err(Problem::new(ErrorCode::RetentionHold, "a hold keeps everything of this tenant as it is")
                .with("since", serde_json::json!(hold.since)))
        }
    }
}
