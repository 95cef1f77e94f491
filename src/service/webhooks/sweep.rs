//! Removes deliveries that ended long ago, and those of endpoints that are gone.

use crate::ports::store::{Commit, CommitError, Expect, Housekeeping, Key, ReadError, StoreExt, Write};
use crate::service::shared::context::Context;

/// Removes the oldest deliveries that are past their time, at most `limit`; returns how many.
///
/// # Errors
/// As reads of the store. Deliveries that cannot be removed now are left for the next time.
pub async fn remove_old(ctx: &Context, limit: usize) -> Result<usize, ReadError> {
    let before = ctx.clock.now() - ctx.webhooks.options.log;
    let mut old = Vec::new();
    for delivery in ctx.store.old_deliveries(before, limit).await? {
        // what is pending waits for its lane, unless there is none
        if delivery.due_at.is_none() || ctx.store.webhook(&delivery.webhook_id).await?.is_none() {
            old.push(delivery);
        }
    }
    if old.is_empty() {
        return Ok(0);
    }
    let writes: Vec<Write> = old
        .iter()
        .map(|delivery| Write::Delete {
            key: Key::Delivery(delivery.delivery_id.clone()),
            expect: Expect::Version(delivery.version),
        })
        .collect();
    let id = ctx.ids.id("commit");
    let commit =
        Commit { id, writes, audit: Vec::new(), housekeeping: Some(Housekeeping::Deliveries), within: None };
    match ctx.store.commit(commit).await {
        Ok(_) => Ok(old.len()),
        // one was replayed meanwhile, or the store has no time
        Err(CommitError::Conflict { .. } | CommitError::Unavailable { .. }) => Ok(0),
        Err(error) => {
            tracing::warn!(event = "SS_WEBHOOKS_POSTPONED", %error, "old deliveries cannot be removed now");
            Ok(0)
        }
    }
}
