//! Since when an endpoint receives events, in the order of the chain. The clocks of servers differ: an event that was committed
//! after an endpoint was made may have an earlier time.

use std::collections::HashMap;

use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::error::Problem;
use crate::domain::ids::WebhookId;
use crate::domain::webhook::WebhookRecord;
use crate::ports::audit_log::AuditFrom;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Events of an endpoint that are read at once.
const PAGE: usize = 100;

/// The places in the chain from which endpoints receive events, as far as they were asked for.
#[derive(Default)]
pub(super) struct EnabledSince(HashMap<WebhookId, u64>);

impl EnabledSince {
    /// True if an event came after the endpoint was made or enabled.
    ///
    /// # Errors
    /// As reads of the audit chain.
    pub(super) async fn begins_before(
        &mut self,
        ctx: &Context,
        endpoint: &WebhookRecord,
        event: &ChainedEvent,
    ) -> Result<bool, Problem> {
        if event.event.time >= endpoint.enabled_since {
            return Ok(true);
        }
        let id = &endpoint.webhook_id;
        let since = match self.0.get(id) {
            Some(since) => *since,
            None => *self.0.entry(id.clone()).or_insert(place_of(ctx, endpoint).await?),
        };
        Ok(since < event.seq)
    }
}

/// The place of the event by which an endpoint was made, or enabled again; behind all others where it is not found.
async fn place_of(ctx: &Context, endpoint: &WebhookRecord) -> Result<u64, Problem> {
    let filter = AuditFilter { resource: Some(endpoint.resource()), ..AuditFilter::default() };
    let mut before = Some(u64::MAX);
    while let Some(from) = before {
        let found = ctx.audit_log.find(filter.clone(), AuditFrom::Before(from), PAGE).await;
        let found = found.map_err(read_problem)?;
        let enabled = |event: &&ChainedEvent| {
            let (was, is) = (event.event.before.as_deref(), event.event.after.as_deref());
            event.event.action == "webhook.created" || (was, is) == (Some("disabled"), Some("enabled"))
        };
        if let Some(event) = found.events.iter().find(enabled) {
            return Ok(event.seq);
        }
        before = found.next;
    }
    Ok(u64::MAX)
}
