//! Runs the retention sweeper in the background, and for operators who ask for a sweep. Among several servers the leader
//! sweeps records and blobs, and each server its own scratch space.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::http::state::App;
use crate::ports::store::ReadError;
use crate::service::Context;
use crate::service::operations::retention::{Deps, Summary, Sweeper};
use crate::service::webhooks::sweep::remove_old;

/// Time between two sweeps.
const EVERY: Duration = Duration::from_secs(60);
/// Time between two sweeps of a server's own scratch space, where the leader sweeps the rest.
const EVERY_LOCAL: Duration = Duration::from_secs(600);
/// Pause between two passes of a sweep that continues.
const PAUSE: Duration = Duration::from_millis(500);
/// Records and folders of each kind that one pass checks.
const PER_PASS: usize = 200;
/// Longest time of a sweep that an operator waits for.
const ASKED: Duration = Duration::from_secs(20);

/// Dependencies of the sweeper, taken from those of the use cases.
pub fn deps(ctx: &Context) -> Deps {
    Deps {
        store: Arc::clone(&ctx.store),
        clock: Arc::clone(&ctx.clock),
        ids: Arc::clone(&ctx.ids),
        blobs: Arc::clone(&ctx.blobs),
        workspace: Arc::clone(&ctx.workspace),
        legacy: Arc::clone(&ctx.legacy),
        pool: ctx.pools.writes.clone(),
        policy: ctx.options.retention,
    }
}

/// Sweeps until `stop` fires.
pub async fn run(app: App, stop: CancellationToken) {
    let deps = deps(&app.ctx);
    let mut sweeper = Sweeper::beside(deps.clock.as_ref());
    let mut wait = PAUSE;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = match sweeper.pass(&deps, PER_PASS, false).await {
            Ok(summary) => {
                count(&app, &summary);
                let deliveries = remove_old(&app.ctx, PER_PASS).await.unwrap_or_default();
                if summary.more || deliveries == PER_PASS { PAUSE } else { EVERY }
            }
            Err(error) => {
                tracing::warn!(event = "SS_RETENTION_POSTPONED", %error, "a sweep could not read the store");
                EVERY
            }
        };
    }
}

/// Sweeps what this server alone has, until `stop` fires.
pub async fn run_local(app: App, stop: CancellationToken) {
    let deps = deps(&app.ctx);
    let mut sweeper = Sweeper::beside(deps.clock.as_ref());
    let mut wait = PAUSE;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = match sweeper.pass_local(&deps, PER_PASS).await {
            Ok(summary) => {
                count(&app, &summary);
                if summary.more { PAUSE } else { EVERY_LOCAL }
            }
            Err(error) => {
                tracing::warn!(event = "SS_RETENTION_POSTPONED", %error, "a sweep could not read the store");
                EVERY
            }
        };
    }
}

fn count(app: &App, summary: &Summary) {
    for (kind, n) in &summary.removed {
        app.metrics.jobs.retention_removed(kind, *n);
    }
    if !summary.removed.is_empty() {
        let removed: u64 = summary.removed.values().sum();
        tracing::info!(
            event = "SS_RETENTION_REMOVED",
            removed,
            held = summary.held,
            "what was due was removed"
        );
    }
}

/// Sweeps once from the beginning, bounded in time; `more` says that it did not come to the end.
///
/// # Errors
/// As reads of the store.
pub async fn once(deps: &Deps, dry_run: bool) -> Result<Summary, ReadError> {
    let started = Instant::now();
    let mut sweeper = Sweeper::default();
    let mut whole = Summary { dry_run, ..Summary::default() };
    loop {
        whole.add(sweeper.pass(deps, PER_PASS, dry_run).await?);
        if !whole.more || started.elapsed() > ASKED {
            return Ok(whole);
        }
    }
}
