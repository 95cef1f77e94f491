//! Sending deliveries again: one, or all that failed since a time.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::deliveries::check_enabled;
use super::endpoints::{Endpoints, Reach};
use crate::domain::audit::AuditEvent;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{DeliveryId, WebhookId};
use crate::domain::webhook::{DeliveryRecord, DeliveryStatus, WebhookRecord};
use crate::ports::store::{Expect, StoreExt, Write};
use crate::service::access::credentials::Ports;
use crate::service::shared::commits::{read_problem, with_retries};
use crate::service::shared::context::{Caller, Context};

/// Most deliveries that one request replays.
const MOST: usize = 1_000;
/// Deliveries that are read, and written, at once.
const PAGE: usize = 200;

/// Replays deliveries; each keeps its id.
pub struct ReplayDeliveries<'a>(pub &'a Context);

impl ReplayDeliveries<'_> {
    /// Sends one delivery again. One that is pending is sent at once, with a new budget of attempts.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`, `WEBHOOK_DELIVERY_NOT_FOUND`, `WEBHOOK_DISABLED`, `STORE_UNAVAILABLE`.
    pub async fn one(
        &self,
        caller: &Caller,
        reach: &Reach,
        id: &WebhookId,
        delivery_id: &DeliveryId,
    ) -> Result<DeliveryRecord, Problem> {
        let endpoint = Endpoints(self.0).get(reach, id).await?;
        let replayed = with_retries(None, || async {
            let found = self.0.store.delivery(delivery_id).await.map_err(read_problem)?;
            let delivery = found.filter(|delivery| delivery.webhook_id == *id).ok_or_else(not_found)?;
            check_enabled(&endpoint)?;
            let now = self.0.clock.now();
            // equal requests at once: the delivery is about to be sent
            if delivery.tries == 0 && delivery.due_at.is_some_and(|due| due <= now) {
                return Ok(delivery);
            }
            let next = delivery.replayed(now);
            let event = self.event(caller, &endpoint, delivery_id);
            Ports::from(self.0).commit(vec![put(&next)], vec![event]).await?;
            Ok(next)
        })
        .await?;
        self.0.webhooks.wake(id);
        Ok(replayed)
    }

    /// Sends again what failed and was made since a time; returns how many, and whether there are more.
    ///
    /// # Errors
    /// As [`ReplayDeliveries::one`].
    pub async fn failed(
        &self,
        caller: &Caller,
        reach: &Reach,
        id: &WebhookId,
        since: DateTime<Utc>,
    ) -> Result<(usize, bool), Problem> {
        let endpoint = Endpoints(self.0).get(reach, id).await?;
        check_enabled(&endpoint)?;
        let (mut replayed, mut cursor) = (0, None);
        let more = loop {
            let page = self.0.store.list_deliveries(id.clone(), cursor.take(), PAGE).await;
            let page = page.map_err(read_problem)?;
            let is_past = page.items.last().is_none_or(|last| last.created_at < since);
            let is_due = |d: &&DeliveryRecord| d.status == DeliveryStatus::Failed && d.created_at >= since;
            for delivery in page.items.iter().filter(is_due) {
                replayed += usize::from(self.again(caller, &endpoint, &delivery.delivery_id).await?);
            }
            cursor = page.next_cursor;
            if is_past || cursor.is_none() {
                break false;
            }
            if replayed >= MOST {
                break true;
            }
        };
        self.0.webhooks.wake(id);
        Ok((replayed, more))
    }

    /// Replays a delivery if it still counts as failed.
    async fn again(
        &self,
        caller: &Caller,
        endpoint: &WebhookRecord,
        delivery_id: &DeliveryId,
    ) -> Result<bool, Problem> {
        with_retries(None, || async {
            let found = self.0.store.delivery(delivery_id).await.map_err(read_problem)?;
            let Some(delivery) = found.filter(|d| d.status == DeliveryStatus::Failed) else {
                return Ok(false);
            };
            let next = delivery.replayed(self.0.clock.now());
            let event = self.event(caller, endpoint, delivery_id);
            Ports::from(self.0).commit(vec![put(&next)], vec![event]).await?;
            Ok(true)
        })
        .await
    }

    fn event(&self, caller: &Caller, endpoint: &WebhookRecord, delivery_id: &DeliveryId) -> AuditEvent {
        let states = (Some("failed"), Some("pending"));
        let ports = Ports::from(self.0);
        let mut event =
            ports.event(caller, &endpoint.tenant_id, "webhook.replayed", endpoint.resource(), states);
        event.detail = json!({"delivery_id": delivery_id});
        event
    }
}

fn put(next: &DeliveryRecord) -> Write {
    Write::Put { record: next.clone().into(), expect: Expect::Version(next.version - 1) }
}

fn not_found() -> Problem {
    Problem::new(ErrorCode::WebhookDeliveryNotFound, "the webhook has no such delivery")
}
