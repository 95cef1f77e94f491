//! Makes deliveries out of the audit events of jobs. The events are in the chain with the commit that they belong to, so
//! that none is lost; a stored position says which were handled. Deliveries and position are one commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::enabled::EnabledSince;
use super::postponed;
use crate::domain::audit::{AuditEvent, ChainedEvent};
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId, WebhookId};
use crate::domain::webhook::event::{EventType, body, delivery_id};
use crate::domain::webhook::{CursorRecord, DeliveryRecord, DeliveryStatus, WebhookRecord};
use crate::ports::store::{Commit, Expect, Housekeeping, StoreExt, WebhookScope, Write};
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem};
use crate::service::shared::context::Context;

/// Name of the stored position.
const NAME: &str = "webhooks";
/// Events that are read, and whose deliveries are written, at once.
const PAGE: usize = 100;
/// Most deliveries of one commit.
const MAX_WRITES: usize = 500;
/// A position without new deliveries is stored after so many events.
const STORE_AFTER: u64 = 1_000;
/// Changes within this time are handled together.
const GATHER: Duration = Duration::from_millis(20);
/// Pause after an error of the store, and time after which the chain is read without a change.
const AGAIN: Duration = Duration::from_secs(2);

/// Follows the chain.
pub struct Follower {
    ctx: Arc<Context>,
    /// As it is stored; version 0 before the first time.
    stored: CursorRecord,
    /// Sequence of the last event that was handled.
    handled: u64,
}

impl Follower {
    /// Starts at the stored position. A store without one gets the end of its chain, before the first request can be
    /// answered: from there on no event is left out. A store that takes no commit now takes no event either, and gets
    /// the position as soon as it does.
    ///
    /// # Errors
    /// As reads of the store.
    pub async fn start(ctx: Arc<Context>) -> Result<Self, Problem> {
        let stored = ctx.store.cursor(NAME).await.map_err(read_problem)?;
        let absent = || CursorRecord { name: NAME.to_owned(), version: 0, sequence: head(&ctx) };
        let stored = stored.unwrap_or_else(absent);
        let handled = stored.sequence;
        let mut follower = Self { ctx, stored, handled };
        follower.advance(handled);
        if let Err(problem) = follower.store_first().await {
            postponed(&problem);
        }
        Ok(follower)
    }

    /// Stores the position for the first time.
    async fn store_first(&mut self) -> Result<(), Problem> {
        if self.stored.version == 0 { self.store(Vec::new(), self.handled).await } else { Ok(()) }
    }

    /// Follows until `stop` fires.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut changes = self.ctx.store.changes();
        loop {
            let outcome = self.catch_up().await;
            if let Err(problem) = &outcome {
                postponed(problem);
                self.begin_again().await;
            }
            let wait = if outcome.is_ok() { GATHER } else { AGAIN };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                change = changes.recv() => if change.is_none() { return },
                () = tokio::time::sleep(AGAIN) => {}
            }
            while changes.try_recv().is_ok() {}
        }
    }

    /// Handles every event of the chain after the position.
    ///
    /// # Errors
    /// As the store's.
    async fn catch_up(&mut self) -> Result<(), Problem> {
        self.store_first().await?;
        loop {
            let end = head(&self.ctx);
            if end <= self.handled {
                return Ok(());
            }
            // an endpoint that is made from here on receives later events only
            let any = self.ctx.store.list_webhooks(None, WebhookScope::All, 1).await.map_err(read_problem)?;
            if any.is_empty() {
                if end >= self.stored.sequence + STORE_AFTER {
                    self.store(Vec::new(), end).await?;
                }
                self.advance(end);
                return Ok(());
            }
            let events = self.ctx.audit_log.events(0, self.handled, PAGE).await.map_err(read_problem)?;
            let Some(last) = events.last().map(|event| event.seq) else { return Ok(()) };
            self.handle(&events, last).await?;
        }
    }

    async fn handle(&mut self, events: &[ChainedEvent], last: u64) -> Result<(), Problem> {
        let (mut known, mut enabled) = (Known::default(), EnabledSince::default());
        let mut made = Vec::new();
        let mut woken = Vec::new();
        let mut handled = last;
        for event in events {
            if made.len() >= MAX_WRITES {
                break;
            }
            handled = event.seq;
            // a test, a replay or a change that another server took
            woken.extend(endpoint_of(&event.event));
            let Some((kind, job_id)) = EventType::of(&event.event) else { continue };
            for endpoint in known.of(&self.ctx, &event.event.tenant, &job_id).await? {
                // the end of a job is also the end of its endpoints
                let ends = kind == EventType::JobDeleted && endpoint.job_id.is_some();
                if endpoint.takes(kind) && enabled.begins_before(&self.ctx, endpoint, event).await? {
                    made.push(delivery(endpoint, kind, &job_id, event));
                } else if !ends {
                    continue;
                }
                woken.push(endpoint.webhook_id.clone());
            }
        }
        let count = made.len();
        if count > 0 || handled >= self.stored.sequence + STORE_AFTER {
            self.store(made, handled).await?;
        }
        self.advance(handled);
        self.ctx.webhooks.meter.made(count);
        woken.iter().for_each(|id: &WebhookId| self.ctx.webhooks.wake(id));
        Ok(())
    }

    /// Takes note that the events up to a sequence have their deliveries. Before these are stored the position stays: where the
    /// store is away it cannot be read again either.
    fn advance(&mut self, handled: u64) {
        self.handled = handled;
        self.ctx.webhooks.handled.send_replace(handled);
    }

    /// Stores deliveries with the position.
    async fn store(&mut self, made: Vec<DeliveryRecord>, sequence: u64) -> Result<(), Problem> {
        let next = CursorRecord { version: self.stored.version + 1, sequence, ..self.stored.clone() };
        let expect = match self.stored.version {
            0 => Expect::Absent,
            version => Expect::Version(version),
        };
        let mut writes = vec![Write::Put { record: next.clone().into(), expect }];
        writes.extend(
            made.into_iter().map(|delivery| Write::Put { record: delivery.into(), expect: Expect::Absent }),
        );
        commit(&self.ctx, writes).await?;
        self.stored = next;
        Ok(())
    }

    /// Goes back to the stored position: the outcome of a commit may not be known.
    async fn begin_again(&mut self) {
        if let Ok(Some(stored)) = self.ctx.store.cursor(NAME).await {
            self.handled = stored.sequence;
            self.stored = stored;
        }
    }
}

/// The endpoints that were read for the events of one page.
#[derive(Default)]
struct Known {
    tenants: HashMap<TenantId, Vec<WebhookRecord>>,
    jobs: HashMap<(TenantId, JobId), Vec<WebhookRecord>>,
}

impl Known {
    async fn of(
        &mut self,
        ctx: &Context,
        tenant: &TenantId,
        job_id: &JobId,
    ) -> Result<impl Iterator<Item = &WebhookRecord>, Problem> {
        let limit = 2 * ctx.webhooks.options.max_endpoints;
        let key = (tenant.clone(), job_id.clone());
        if !self.tenants.contains_key(tenant) {
            let found = ctx.store.list_webhooks(Some(tenant.clone()), WebhookScope::Tenant, limit).await;
            self.tenants.insert(tenant.clone(), found.map_err(read_problem)?);
        }
        if !self.jobs.contains_key(&key) {
            let scope = WebhookScope::Job(job_id.clone());
            let found = ctx.store.list_webhooks(Some(tenant.clone()), scope, limit).await;
            self.jobs.insert(key.clone(), found.map_err(read_problem)?);
        }
        Ok(self.tenants[tenant].iter().chain(&self.jobs[&key]))
    }
}

/// The endpoint that an event tells of.
fn endpoint_of(event: &AuditEvent) -> Option<WebhookId> {
    WebhookId::parse(event.resource.strip_prefix("webhook:")?).ok()
}

fn delivery(
    endpoint: &WebhookRecord,
    kind: EventType,
    job_id: &JobId,
    event: &ChainedEvent,
) -> DeliveryRecord {
    DeliveryRecord {
        delivery_id: delivery_id(&endpoint.webhook_id, event),
        version: 1,
        webhook_id: endpoint.webhook_id.clone(),
        tenant_id: endpoint.tenant_id.clone(),
        job_id: Some(job_id.clone()),
        event_type: kind.as_str().to_owned(),
        body: body(kind, job_id, &event.event),
        created_at: event.event.time,
        status: DeliveryStatus::Pending,
        due_at: Some(event.event.time),
        tries: 0,
        attempts: Vec::new(),
    }
}

/// The sequence of the last event of the chain.
fn head(ctx: &Context) -> u64 {
    ctx.store.status().audit_heads.iter().find(|(chain, ..)| *chain == 0).map_or(0, |(_, seq, _)| *seq)
}

async fn commit(ctx: &Context, writes: Vec<Write>) -> Result<(), Problem> {
    let commit = Commit {
        id: ctx.ids.id("commit"),
        writes,
        audit: Vec::new(),
        housekeeping: Some(Housekeeping::Deliveries),
        within: None,
    };
    match ctx.store.commit(commit).await.map_err(commit_attempt) {
        Ok(_) => Ok(()),
        Err(Attempt::Refused(problem)) => Err(problem),
        Err(Attempt::Lost { .. }) => {
            tracing::warn!(event = "SS_WEBHOOKS_POSTPONED", "another writer made deliveries");
            Err(Problem::internal())
        }
    }
}
