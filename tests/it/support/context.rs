//! The use cases' dependencies on a store of their own, with a clock that tests move.

use std::path::Path;
use std::sync::Arc;

use stata_service::adapters::store::{Options as StoreOptions, SqliteStore};
use stata_service::app::build::build;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::clock::Clock;
use stata_service::service::Context;

/// Builds the dependencies as the service does, then replaces store and clock.
pub(crate) fn context(dir: &Path, clock: Arc<dyn Clock>) -> Context {
    let built = build(super::app::options(dir.join("built"))).unwrap_or_else(|e| panic!("{e}"));
    let ctx = Arc::clone(&built.app.ctx);
    drop(built);
    let store = SqliteStore::open(StoreOptions::new(dir.join("data"), Arc::clone(&clock))).expect("opens");
    Context {
        server_id: ctx.server_id.clone(),
        cluster: ctx.cluster.clone(),
        peers: ctx.peers.clone(),
        audit_log: Arc::clone(&store) as Arc<dyn AuditLog>,
        store,
        clock,
        ids: Arc::clone(&ctx.ids),
        blobs: Arc::clone(&ctx.blobs),
        workspace: Arc::clone(&ctx.workspace),
        volume: Arc::clone(&ctx.volume),
        legacy: Arc::clone(&ctx.legacy),
        tabular: Arc::clone(&ctx.tabular),
        library: Arc::clone(&ctx.library),
        pools: ctx.pools.clone(),
        progress: Arc::clone(&ctx.progress),
        model: None,
        calls: Arc::clone(&ctx.calls),
        tenants: Arc::clone(&ctx.tenants),
        accounts: Arc::clone(&ctx.accounts),
        failure_limiter: Arc::clone(&ctx.failure_limiter),
        trials: ctx.trials.clone(),
        link_keys: ctx.link_keys.clone(),
        reloading: Arc::clone(&ctx.reloading),
        subscriptions: Arc::clone(&ctx.subscriptions),
        readings: Arc::clone(&ctx.readings),
        reading_progress: Arc::clone(&ctx.reading_progress),
        batches_in_turn: Arc::clone(&ctx.batches_in_turn),
        webhooks: Arc::clone(&ctx.webhooks),
        options: ctx.options.clone(),
    }
}
