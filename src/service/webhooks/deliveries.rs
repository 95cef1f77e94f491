//! The log of deliveries, and the test event.

use serde_json::json;

use super::endpoints::{Endpoints, Reach};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{DeliveryId, WebhookId};
use crate::domain::webhook::event::{TEST, test_body};
use crate::domain::webhook::{DeliveryRecord, DeliveryStatus, WebhookRecord};
use crate::ports::store::{Expect, Page, StoreExt, Write};
use crate::service::access::credentials::Ports;
use crate::service::shared::commits::{Attempt, read_problem};
use crate::service::shared::context::{Caller, Context};

/// Lists the deliveries to an endpoint.
pub struct ListDeliveries<'a>(pub &'a Context);

impl ListDeliveries<'_> {
    /// Returns a page, newest first.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`; `INPUT_VALIDATION_FAILED` for a cursor of another list; as reads of the store.
    pub async fn execute(
        &self,
        reach: &Reach,
        id: &WebhookId,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<DeliveryRecord>, Problem> {
        let endpoint = Endpoints(self.0).get(reach, id).await?;
        let page = self.0.store.list_deliveries(endpoint.webhook_id, cursor, limit).await;
        page.map_err(read_problem)
    }
}

/// Sends a test event to an endpoint.
pub struct TestWebhook<'a>(pub &'a Context);

impl TestWebhook<'_> {
    /// Makes a delivery of the event `webhook.test`, whatever events the endpoint takes.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND`, `WEBHOOK_DISABLED`, `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        reach: &Reach,
        id: &WebhookId,
    ) -> Result<DeliveryRecord, Problem> {
        let ctx = self.0;
        let endpoint = Endpoints(ctx).get(reach, id).await?;
        check_enabled(&endpoint)?;
        let now = ctx.clock.now();
        let delivery = DeliveryRecord {
            delivery_id: DeliveryId::parse(ctx.ids.id("msg")).expect("fresh ids are valid"),
            version: 1,
            webhook_id: endpoint.webhook_id.clone(),
            tenant_id: endpoint.tenant_id.clone(),
            job_id: None,
            event_type: TEST.to_owned(),
            body: test_body(&endpoint.webhook_id, now),
            created_at: now,
            status: DeliveryStatus::Pending,
            due_at: Some(now),
            tries: 0,
            attempts: Vec::new(),
        };
        let ports = Ports::from(ctx);
        let states = (Some("enabled"), Some("enabled"));
        let mut event =
            ports.event(caller, &endpoint.tenant_id, "webhook.tested", endpoint.resource(), states);
        event.detail = json!({"delivery_id": delivery.delivery_id});
        let write = Write::Put { record: delivery.clone().into(), expect: Expect::Absent };
        match ports.commit(vec![write], vec![event]).await {
            Ok(_) => {
                ctx.webhooks.wake(&endpoint.webhook_id);
                Ok(delivery)
            }
            Err(Attempt::Refused(problem)) => Err(problem),
            Err(Attempt::Lost { .. }) => Err(Problem::internal()),
        }
    }
}

/// Refuses to send to an endpoint that is disabled.
///
/// # Errors
/// `WEBHOOK_DISABLED`.
pub(super) fn check_enabled(endpoint: &WebhookRecord) -> Result<(), Problem> {
    if endpoint.enabled {
        return Ok(());
    }
    let message = "the webhook is disabled; enable it first";
    Err(Problem::new(ErrorCode::WebhookDisabled, message).with("reason", endpoint.disabled_because.clone()))
}
