//! Endpoints of webhooks: create, list, read, change, delete, rotate the secret. A secret is shown once.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::json;

use crate::domain::audit::AuditEvent;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId, WebhookId};
use crate::domain::job::ops::version_conflict;
use crate::domain::trial::refused;
use crate::domain::webhook::event::EventType;
use crate::domain::webhook::{EndingSecret, WebhookRecord};
use crate::ports::store::{Expect, Key, StoreExt, WebhookScope, Write};
use crate::service::access::credentials::Ports;
use crate::service::shared::commits::{Attempt, read_problem, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_webhook;

/// How long a rotated secret continues signing, where nothing is stated, in hours.
const DEFAULT_OVERLAP_HOURS: u32 = 24;
/// Longest overlap, in hours.
const MAX_OVERLAP_HOURS: u32 = 24 * 30;
/// Most secrets that sign at once.
const MAX_SECRETS: usize = 10;

/// Endpoints that a caller may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Those of a tenant and of its jobs; of every tenant when absent.
    Tenant(Option<TenantId>),
    /// Those of one job.
    Job(TenantId, JobId),
}

impl Reach {
    fn has(&self, endpoint: &WebhookRecord) -> bool {
        match self {
            Self::Tenant(tenant) => tenant.as_ref().is_none_or(|tenant| *tenant == endpoint.tenant_id),
            Self::Job(tenant, job) => *tenant == endpoint.tenant_id && endpoint.job_id.as_ref() == Some(job),
        }
    }
}

/// A new endpoint as requested.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Address that deliveries are sent to; `https://`, without a user, a password and a fragment.
    pub url: String,
    /// The events to send; every one when absent or empty.
    #[serde(default)]
    pub event_types: Vec<EventType>,
}

/// Changes of an endpoint; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    /// Address that deliveries are sent to.
    pub url: Option<String>,
    /// The events to send; every one when empty.
    pub event_types: Option<Vec<EventType>>,
    /// False stops the endpoint: nothing is sent, and events are not kept for later.
    pub enabled: Option<bool>,
}

/// The use cases.
pub struct Endpoints<'a>(pub &'a Context);

impl Endpoints<'_> {
    /// Creates an endpoint of a tenant, or of one of its jobs; returns it with its secret.
    ///
    /// # Errors
    /// `WEBHOOK_ADDRESS_REFUSED`, `QUOTA_EXCEEDED`, `STORE_UNAVAILABLE`.
    pub async fn create(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: Option<&JobId>,
        new: NewWebhook,
    ) -> Result<(WebhookRecord, String), Problem> {
        let ctx = self.0;
        if let Some(job_id) = job_id
            && ctx.load_shared_job(tenant, job_id).await?.trial.is_some()
        {
            return Err(refused("webhooks", "a trial sends no webhooks; redeem a task code for them"));
        }
        check_address(ctx, &new.url).await?;
        let admitted = admit_webhook(tenant, job_id, ctx.webhooks.options.max_endpoints);
        let now = ctx.clock.now();
        let record = WebhookRecord {
            webhook_id: WebhookId::parse(ctx.ids.id("wh")).expect("fresh ids are valid"),
            version: 1,
            revision: 1,
            tenant_id: tenant.clone(),
            job_id: job_id.cloned(),
            url: new.url,
            event_types: without_repeats(new.event_types),
            enabled: true,
            enabled_since: now,
            disabled_because: None,
            secret: ctx.webhooks.keys.name(1),
            previous_secrets: Vec::new(),
            created_at: now,
            updated_at: now,
            failing_since: None,
        };
        let write = Write::Put { record: record.clone().into(), expect: Expect::Absent };
        let event = self.event(caller, &record, "webhook.created", (None, Some("enabled")));
        match Ports::from(ctx).commit_within(vec![write], vec![event], &admitted).await {
            Ok(_) => Ok((record.clone(), self.secret_of(&record)?)),
            Err(Attempt::Refused(problem)) => Err(problem),
            // fresh ids do not meet stored ones
            Err(Attempt::Lost { .. }) => Err(Problem::internal()),
        }
    }

    /// Returns the endpoints of a tenant that receive the events of every job, or those of one job, oldest first.
    ///
    /// # Errors
    /// As reads of the store.
    pub async fn list(
        &self,
        tenant: &TenantId,
        job_id: Option<&JobId>,
    ) -> Result<Vec<WebhookRecord>, Problem> {
        let scope = job_id.map_or(WebhookScope::Tenant, |id| WebhookScope::Job(id.clone()));
        let limit = 2 * self.0.webhooks.options.max_endpoints;
        self.0.store.list_webhooks(Some(tenant.clone()), scope, limit).await.map_err(read_problem)
    }

    /// Reads an endpoint.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`, also for one that the caller cannot use; as reads of the store.
    pub async fn get(&self, reach: &Reach, id: &WebhookId) -> Result<WebhookRecord, Problem> {
        let found = self.0.store.webhook(id).await.map_err(read_problem)?;
        found.filter(|endpoint| reach.has(endpoint)).ok_or_else(not_found)
    }

    /// Changes address, events or state of an endpoint. A change to what is already so writes nothing.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`, `WEBHOOK_ADDRESS_REFUSED`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
    pub async fn change(
        &self,
        caller: &Caller,
        reach: &Reach,
        id: &WebhookId,
        change: &WebhookChange,
        if_match: Option<u64>,
    ) -> Result<WebhookRecord, Problem> {
        self.get(reach, id).await?;
        if let Some(url) = &change.url {
            check_address(self.0, url).await?;
        }
        let changed = self.replace(reach, id, if_match, |current, now| {
            let next = changed(current, change, now);
            if next == *current {
                return Ok(None);
            }
            let state = |record: &WebhookRecord| if record.enabled { "enabled" } else { "disabled" };
            let states = (Some(state(current)), Some(state(&next)));
            let event = self.event(caller, &next, "webhook.changed", states);
            Ok(Some((next, event)))
        });
        let changed = changed.await?;
        // what waits for an endpoint that was disabled is given up
        self.0.webhooks.wake(id);
        Ok(changed)
    }

    /// Replaces the secret; the old one signs too for the overlap. Returns the endpoint with the new secret.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`, `INPUT_VALIDATION_FAILED`, `QUOTA_EXCEEDED` for too many secrets at once,
    /// `STORE_UNAVAILABLE`.
    pub async fn rotate(
        &self,
        caller: &Caller,
        reach: &Reach,
        id: &WebhookId,
        overlap_hours: Option<u32>,
    ) -> Result<(WebhookRecord, String), Problem> {
        let hours = overlap_hours.unwrap_or(DEFAULT_OVERLAP_HOURS);
        if hours > MAX_OVERLAP_HOURS {
            return Err(Problem::validation("overlap_hours", format!("must be 0 to {MAX_OVERLAP_HOURS}")));
        }
        let record = self
            .replace(reach, id, None, |current, now| {
                let next = self.rotated(current, Duration::hours(hours.into()), now)?;
                let states = (Some("active"), Some("rotated"));
                let event = self.event(caller, &next, "webhook.secret_rotated", states);
                Ok(Some((next, event)))
            })
            .await?;
        let secret = self.secret_of(&record)?;
        Ok((record, secret))
    }

    fn rotated(
        &self,
        current: &WebhookRecord,
        overlap: Duration,
        now: DateTime<Utc>,
    ) -> Result<WebhookRecord, Problem> {
        let mut next = following(current, now);
        next.previous_secrets.retain(|previous| previous.until > now);
        let used = next.previous_secrets.len() + 1;
        if used >= MAX_SECRETS && !overlap.is_zero() {
            let message = "too many earlier secrets still sign; wait for their end, or use overlap_hours 0";
            return Err(Problem::new(ErrorCode::QuotaExceeded, message)
                .with("quota", "webhook_secrets")
                .with("limit", MAX_SECRETS)
                .with("used", used));
        }
        if overlap.is_zero() {
            next.previous_secrets.clear();
        } else {
            next.previous_secrets
                .insert(0, EndingSecret { name: current.secret.clone(), until: now + overlap });
        }
        next.secret = self.0.webhooks.keys.name(current.secret.generation + 1);
        Ok(next)
    }

    /// Deletes an endpoint with its pending deliveries. What its log holds is removed with it.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
    pub async fn delete(
        &self,
        caller: &Caller,
        reach: &Reach,
        id: &WebhookId,
        if_match: Option<u64>,
    ) -> Result<WebhookRecord, Problem> {
        let tenant = self.get(reach, id).await?.tenant_id;
        let lock = self.0.tenants.lock_of(&tenant);
        let _one = lock.lock().await;
        let deleted = with_retries(if_match, || async {
            let current = self.get(reach, id).await?;
            check_revision(if_match, &current)?;
            let event = self.event(caller, &current, "webhook.deleted", (Some("enabled"), None));
            let expect = Expect::Version(current.version);
            let write = Write::Delete { key: Key::Webhook(id.clone()), expect };
            Ports::from(self.0).commit(vec![write], vec![event]).await?;
            Ok(current)
        })
        .await?;
        // without its endpoint the log is of no use; what is left is removed by the part that sends
        self.0.webhooks.wake(id);
        Ok(deleted)
    }

    /// Writes the next settings of an endpoint, as long as another write comes first.
    async fn replace(
        &self,
        reach: &Reach,
        id: &WebhookId,
        if_match: Option<u64>,
        next: impl Fn(&WebhookRecord, DateTime<Utc>) -> Result<Option<(WebhookRecord, AuditEvent)>, Problem>,
    ) -> Result<WebhookRecord, Problem> {
        let tenant = self.get(reach, id).await?.tenant_id;
        let lock = self.0.tenants.lock_of(&tenant);
        // requests wait for each other; attempts at the endpoint may still write in between
        let _one = lock.lock().await;
        with_retries(None, || async {
            let current = self.get(reach, id).await?;
            check_revision(if_match, &current)?;
            let Some((next, event)) = next(&current, self.0.clock.now())? else { return Ok(current) };
            let expect = Expect::Version(current.version);
            let write = Write::Put { record: next.clone().into(), expect };
            Ports::from(self.0).commit(vec![write], vec![event]).await?;
            Ok(next)
        })
        .await
    }

    fn event(
        &self,
        caller: &Caller,
        endpoint: &WebhookRecord,
        action: &str,
        states: (Option<&str>, Option<&str>),
    ) -> AuditEvent {
        let ports = Ports::from(self.0);
        let mut event = ports.event(caller, &endpoint.tenant_id, action, endpoint.resource(), states);
        event.detail = json!({"job_id": endpoint.job_id, "version": endpoint.revision});
        event
    }

    fn secret_of(&self, endpoint: &WebhookRecord) -> Result<String, Problem> {
        let shown = self.0.webhooks.keys.shown_secret(&endpoint.webhook_id, &endpoint.secret);
        shown.ok_or_else(Problem::internal)
    }
}

async fn check_address(ctx: &Context, url: &str) -> Result<(), Problem> {
    ctx.webhooks.sender.check(url).await.map_err(|why| {
        Problem::new(ErrorCode::WebhookAddressRefused, format!("the url {why}")).with("reason", why)
    })
}

fn check_revision(if_match: Option<u64>, current: &WebhookRecord) -> Result<(), Problem> {
    match if_match {
        Some(expected) if expected != current.revision => Err(version_conflict(expected, current.revision)),
        _ => Ok(()),
    }
}

/// The record with the next versions.
fn following(current: &WebhookRecord, now: DateTime<Utc>) -> WebhookRecord {
    let (version, revision) = (current.version + 1, current.revision + 1);
    WebhookRecord { version, revision, updated_at: now, ..current.clone() }
}

/// The record after a change; as it is where nothing changes.
fn changed(current: &WebhookRecord, change: &WebhookChange, now: DateTime<Utc>) -> WebhookRecord {
    let mut next = current.clone();
    if let Some(url) = &change.url {
        next.url.clone_from(url);
    }
    if let Some(types) = &change.event_types {
        next.event_types = without_repeats(types.clone());
    }
    if let Some(enabled) = change.enabled {
        next.enabled = enabled;
    }
    if next == *current {
        return next;
    }
    if next.enabled && !current.enabled {
        (next.disabled_because, next.failing_since, next.enabled_since) = (None, None, now);
    }
    following(&next, now)
}

fn without_repeats(types: Vec<EventType>) -> Vec<EventType> {
    EventType::ALL.iter().copied().filter(|kind| types.contains(kind)).collect()
}

fn not_found() -> Problem {
    Problem::new(ErrorCode::WebhookNotFound, "there is no such webhook")
}
