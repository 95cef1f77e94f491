//! Sends deliveries. Each endpoint with pending deliveries has its own lane, a task that sends a few at once; attempts take
//! permits of their tenant and of the process. A slow receiver holds its own lane alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{own_event, postponed};
use crate::domain::audit::{AuditEvent, AuditFilter};
use crate::domain::error::Problem;
use crate::domain::ids::{TenantId, WebhookId};
use crate::domain::webhook::retry::next_attempt;
use crate::domain::webhook::{DeliveryAttempt, DeliveryRecord, WebhookRecord};
use crate::ports::audit_log::AuditFrom;
use crate::ports::store::{Commit, Expect, Housekeeping, Key, StoreExt, Write};
use crate::ports::webhook::{Outgoing, Received};
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem};
use crate::service::shared::context::Context;

/// Attempts at once: to one endpoint, of one tenant, of the process.
const PER_ENDPOINT: usize = 4;
const PER_TENANT: usize = 16;
const IN_ALL: usize = 256;
/// Pending deliveries that a lane reads at once.
const PAGE: usize = 200;
/// Longest sleep of a lane, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Pause after an error of the store.
const AGAIN: Duration = Duration::from_secs(2);
/// Status by which a receiver ends an endpoint.
const GONE: u16 = 410;

/// A lane, as those see it who wake it.
#[derive(Default)]
struct Lane {
    woken: AtomicBool,
    notify: Notify,
}

/// Permits of attempts.
struct Permits {
    all: Semaphore,
    tenants: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
}

impl Permits {
    /// Returns the permits of a tenant, shared by its lanes.
    fn of(&self, tenant: &TenantId) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get(tenant).and_then(Weak::upgrade) {
            return known;
        }
        tenants.retain(|_, lanes| lanes.strong_count() > 0);
        let made = Arc::new(Semaphore::new(PER_TENANT));
        tenants.insert(tenant.clone(), Arc::downgrade(&made));
        made
    }
}

/// Sends until `stop` fires. Attempts that are under way then are made again by the next start.
pub async fn run(ctx: Arc<Context>, stop: CancellationToken) {
    let mut woken = ctx.webhooks.woken();
    let permits = Arc::new(Permits { all: Semaphore::new(IN_ALL), tenants: Mutex::new(HashMap::new()) });
    let mut lanes: HashMap<WebhookId, Arc<Lane>> = HashMap::new();
    let mut tasks: JoinSet<WebhookId> = JoinSet::new();
    let mut found = tokio::select! {
        () = stop.cancelled() => return,
        found = pending_endpoints(&ctx) => found,
    };
    loop {
        let id = match found.pop() {
            Some(id) => id,
            None => tokio::select! {
                () = stop.cancelled() => {
                    // another server sends from here on
                    ctx.webhooks.meter.pending_endpoints(0);
                    return;
                }
                id = woken.recv() => match id { Some(id) => id, None => return },
                Some(ended) = tasks.join_next() => match after_end(&mut lanes, ended) {
                    Some(again) => again,
                    None => {
                        ctx.webhooks.meter.pending_endpoints(lanes.len());
                        continue;
                    }
                },
            },
        };
        if let Some(lane) = lanes.get(&id) {
            lane.woken.store(true, Ordering::SeqCst);
            lane.notify.notify_one();
            continue;
        }
        let lane = Arc::new(Lane::default());
        lanes.insert(id.clone(), Arc::clone(&lane));
        ctx.webhooks.meter.pending_endpoints(lanes.len());
        tasks.spawn(follow(Arc::clone(&ctx), id, lane, Arc::clone(&permits)));
    }
}

/// Forgets a lane that ended; returns its endpoint if it was woken at its end.
fn after_end(
    lanes: &mut HashMap<WebhookId, Arc<Lane>>,
    ended: Result<WebhookId, tokio::task::JoinError>,
) -> Option<WebhookId> {
    let id = ended.ok()?;
    let lane = lanes.remove(&id)?;
    lane.woken.load(Ordering::SeqCst).then_some(id)
}

/// The endpoints with deliveries that an earlier process left.
async fn pending_endpoints(ctx: &Context) -> Vec<WebhookId> {
    loop {
        match ctx.store.pending_webhooks().await {
            Ok(found) => return found.into_iter().map(|endpoint| endpoint.webhook_id).collect(),
            Err(error) => {
                tracing::warn!(event = "SS_WEBHOOKS_POSTPONED", %error, "pending deliveries cannot be read now");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// One lane, until nothing is pending.
async fn follow(ctx: Arc<Context>, id: WebhookId, lane: Arc<Lane>, permits: Arc<Permits>) -> WebhookId {
    loop {
        lane.woken.store(false, Ordering::SeqCst);
        let wait = match pass(&ctx, &id, &permits).await {
            Ok(Next::Nothing) => return id,
            Ok(Next::Now) => continue,
            Ok(Next::At(due)) => (due - ctx.clock.now()).to_std().unwrap_or_default().min(LONGEST_SLEEP),
            Err(problem) => {
                postponed(&problem);
                AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = lane.notify.notified() => {}
        }
    }
}

/// What a lane does next.
enum Next {
    Nothing,
    Now,
    At(DateTime<Utc>),
}

async fn pass(ctx: &Context, id: &WebhookId, permits: &Permits) -> Result<Next, Problem> {
    let endpoint = ctx.store.webhook(id).await.map_err(read_problem)?;
    let Some(endpoint) = endpoint else { return forget(ctx, id).await };
    let pending = ctx.store.pending_deliveries(id.clone(), PAGE).await.map_err(read_problem)?;
    let Some(first) = pending.first() else {
        return end_with_job(ctx, &endpoint).await;
    };
    if !endpoint.enabled {
        for delivery in pending {
            ctx.webhooks.meter.given_up();
            write(ctx, delivery.given_up()).await?;
        }
        return Ok(Next::Now);
    }
    let now = ctx.clock.now();
    if let Some(due) = first.due_at.filter(|due| *due > now) {
        return Ok(Next::At(due));
    }
    let due = pending.iter().filter(|delivery| delivery.due_at.is_some_and(|due| due <= now));
    let own = permits.of(&endpoint.tenant_id);
    let attempts = due.take(PER_ENDPOINT).map(|delivery| attempt(ctx, &endpoint, delivery, &own, permits));
    let outcomes: Vec<Received> = join_all(attempts).await.into_iter().collect::<Result<_, _>>()?;
    note(ctx, &endpoint, &outcomes).await?;
    Ok(Next::Now)
}

/// Removes the deliveries of an endpoint that is gone.
async fn forget(ctx: &Context, id: &WebhookId) -> Result<Next, Problem> {
    let page = ctx.store.list_deliveries(id.clone(), None, PAGE).await.map_err(read_problem)?;
    if page.items.is_empty() {
        return Ok(Next::Nothing);
    }
    let gone = page.items.iter().map(|delivery| Write::Delete {
        key: Key::Delivery(delivery.delivery_id.clone()),
        expect: Expect::Version(delivery.version),
    });
    commit(ctx, gone.collect(), Vec::new()).await?;
    Ok(Next::Now)
}

/// Removes an endpoint of a job whose content was removed, once the job's last events have deliveries and none is pending.
async fn end_with_job(ctx: &Context, endpoint: &WebhookRecord) -> Result<Next, Problem> {
    let Some(job_id) = &endpoint.job_id else { return Ok(Next::Nothing) };
    let job = ctx.store.shared_job(&endpoint.tenant_id, job_id).await.map_err(read_problem)?;
    if job.is_some_and(|job| !job.is_removed()) {
        return Ok(Next::Nothing);
    }
    // whatever else woke this lane may be earlier in the chain than the end of the job
    let filter = AuditFilter { resource: Some(format!("job:{job_id}")), ..AuditFilter::default() };
    let last = ctx.audit_log.find(filter, AuditFrom::Before(u64::MAX), 1).await.map_err(read_problem)?;
    let last = last.events.first().map_or(0, |event| event.seq);
    if ctx.webhooks.handled.subscribe().wait_for(|handled| *handled >= last).await.is_err() {
        return Ok(Next::Nothing);
    }
    let id = &endpoint.webhook_id;
    if !ctx.store.pending_deliveries(id.clone(), 1).await.map_err(read_problem)?.is_empty() {
        return Ok(Next::Now);
    }
    let event = own_event(ctx, endpoint, "webhook.deleted", "the content of its job was removed");
    let expect = Expect::Version(endpoint.version);
    commit(ctx, vec![Write::Delete { key: Key::Webhook(id.clone()), expect }], vec![event]).await?;
    // the log goes with it
    ctx.webhooks.wake(id);
    Ok(Next::Nothing)
}

async fn attempt(
    ctx: &Context,
    endpoint: &WebhookRecord,
    delivery: &DeliveryRecord,
    own: &Semaphore,
    permits: &Permits,
) -> Result<Received, Problem> {
    // the tenant's first: who waits for it holds no permit of the others
    let _own = permit(own).await;
    let _one = permit(&permits.all).await;
    let (at, started) = (ctx.clock.now(), Instant::now());
    let signed = ctx.webhooks.keys.signatures(endpoint, &delivery.delivery_id, at, &delivery.body);
    let received = match signed {
        Some(signature) => {
            let headers = vec![
                ("webhook-id", delivery.delivery_id.to_string()),
                ("webhook-timestamp", at.timestamp().to_string()),
                ("webhook-signature", signature),
            ];
            let (url, body) = (endpoint.url.clone(), delivery.body.clone());
            ctx.webhooks.sender.send(Outgoing { url, headers, body }).await
        }
        None => Received {
            status: None,
            retry_after: None,
            error: Some("the key of the secret is not on this server; rotate the secret".to_owned()),
        },
    };
    let elapsed = started.elapsed();
    let outcome = match (&received.error, received.status) {
        (None, _) => "delivered",
        (Some(_), Some(_)) => "refused",
        (Some(_), None) => "unreachable",
    };
    ctx.webhooks.meter.attempt(outcome, elapsed);
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let logged =
        DeliveryAttempt { at, duration_ms, status_code: received.status, error: received.error.clone() };
    let next = next_of(ctx, delivery, &received);
    let after = delivery.clone().attempted(logged, next);
    if received.error.is_some() && next.is_none() {
        ctx.webhooks.meter.given_up();
        tracing::info!(
            event = "SS_WEBHOOK_GIVEN_UP",
            webhook_id = endpoint.webhook_id.as_str(),
            delivery_id = delivery.delivery_id.as_str(),
            "a delivery was given up"
        );
    }
    write(ctx, after).await?;
    Ok(received)
}

async fn permit(of: &Semaphore) -> SemaphorePermit<'_> {
    of.acquire().await.expect("permits are never closed")
}

/// The time of the next attempt after a failed one.
fn next_of(ctx: &Context, delivery: &DeliveryRecord, received: &Received) -> Option<DateTime<Utc>> {
    if received.error.is_none() || received.status == Some(GONE) {
        return None;
    }
    let jitter = ctx.ids.secret(1).first().map_or(0.5, |byte| f64::from(*byte) / 255.0);
    let asked = received.retry_after.and_then(|wait| chrono::Duration::from_std(wait).ok());
    let first = ctx.webhooks.options.first_retry;
    next_attempt(delivery.tries + 1, first, jitter, asked, ctx.clock.now())
}

/// Takes note of how attempts at an endpoint went; disables one that is gone or failed for long.
async fn note(ctx: &Context, endpoint: &WebhookRecord, outcomes: &[Received]) -> Result<(), Problem> {
    let now = ctx.clock.now();
    let is_gone = outcomes.iter().any(|received| received.status == Some(GONE));
    let is_reached = outcomes.iter().any(|received| received.error.is_none());
    let since = match (is_reached, endpoint.failing_since) {
        (true, _) => None,
        (false, known) => Some(known.unwrap_or(now)),
    };
    let limit = ctx.webhooks.options.disable_after;
    let reason = match (is_gone, since) {
        (true, _) => Some("the receiver returned status 410".to_owned()),
        (false, Some(since)) if now - since >= limit => {
            Some(format!("every attempt failed for {} hours", limit.num_hours()))
        }
        _ => None,
    };
    if reason.is_none() && since == endpoint.failing_since {
        return Ok(());
    }
    let mut next = endpoint.clone();
    next.version += 1;
    next.failing_since = since;
    let mut audit = Vec::new();
    if let Some(reason) = reason {
        audit.push(own_event(ctx, endpoint, "webhook.disabled", &reason));
        next.revision += 1;
        next.updated_at = now;
        next.enabled = false;
        next.disabled_because = Some(reason);
        ctx.webhooks.meter.disabled();
        tracing::warn!(
            event = "SS_WEBHOOK_DISABLED",
            webhook_id = endpoint.webhook_id.as_str(),
            "an endpoint was disabled"
        );
    }
    let expect = Expect::Version(endpoint.version);
    commit(ctx, vec![Write::Put { record: next.into(), expect }], audit).await
}

/// Writes the next version of a delivery.
async fn write(ctx: &Context, next: DeliveryRecord) -> Result<(), Problem> {
    let expect = Expect::Version(next.version - 1);
    commit(ctx, vec![Write::Put { record: next.into(), expect }], Vec::new()).await
}

/// Commits; a race that was lost is no error, since the next pass reads again.
async fn commit(ctx: &Context, writes: Vec<Write>, audit: Vec<AuditEvent>) -> Result<(), Problem> {
    let housekeeping = audit.is_empty().then_some(Housekeeping::Deliveries);
    let commit = Commit { id: ctx.ids.id("commit"), writes, audit, housekeeping, within: None };
    match ctx.store.commit(commit).await.map_err(commit_attempt) {
        Ok(_) | Err(Attempt::Lost { .. }) => Ok(()),
        Err(Attempt::Refused(problem)) => Err(problem),
    }
}
