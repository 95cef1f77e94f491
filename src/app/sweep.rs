//! Runs the retention sweeper in the background, and for operators who ask for a sweep. Among several servers the leader
//! sweeps records and blobs, and each server its own scratch space.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::http::state::App;
use crate::service::Context;
use crate::service::operations::retention::{Deps, Summary, SweepError, Sweeper};
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

/// What a background sweep removes.
#[derive(Clone, Copy)]
enum Scope {
    /// Records, blobs and deliveries of the whole store, and this server's scratch space.
    Store,
    /// This server's scratch space alone.
    Server,
}

impl Scope {
    fn every(self) -> Duration {
        match self {
            Self::Store => EVERY,
            Self::Server => EVERY_LOCAL,
        }
    }

    async fn pass(self, app: &App, sweeper: &mut Sweeper, deps: &Deps) -> Result<Summary, SweepError> {
        match self {
            Self::Store => {
                let mut summary = sweeper.pass(deps, PER_PASS, false).await?;
                let deliveries = remove_old(&app.ctx, PER_PASS).await.unwrap_or_default();
                summary.more |= deliveries == PER_PASS;
                Ok(summary)
            }
            Self::Server => sweeper.pass_local(deps, PER_PASS).await,
        }
    }
}

/// Sweeps the store until `stop` fires.
pub async fn run(app: App, stop: CancellationToken) {
    sweep(app, stop, Scope::Store).await;
}

/// Sweeps what this server alone has, until `stop` fires.
pub async fn run_local(app: App, stop: CancellationToken) {
    sweep(app, stop, Scope::Server).await;
}

async fn sweep(app: App, stop: CancellationToken, scope: Scope) {
    let deps = deps(&app.ctx);
    let mut sweeper = Sweeper::beside(deps.clock.as_ref());
    let mut wait = PAUSE;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = match scope.pass(&app, &mut sweeper, &deps).await {
            Ok(summary) => {
                count(&app, &summary);
                if summary.more { PAUSE } else { scope.every() }
            }
            Err(error) => {
                tracing::warn!(event = "SS_RETENTION_POSTPONED", %error, "nothing is removed now");
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
/// [`SweepError`].
pub async fn once(deps: &Deps, dry_run: bool) -> Result<Summary, SweepError> {
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
