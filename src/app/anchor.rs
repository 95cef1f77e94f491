//! Logs the heads of the audit chains every minute and at the end: a log kept on another machine can later
//! prove that the chain was not truncated or rewritten (`audit verify --anchor`).

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::http::state::App;

const EVERY: Duration = Duration::from_secs(60);

/// Runs until it is stopped; a head that has not moved is not told again.
pub async fn run(app: App, stop: CancellationToken) {
    let mut told = 0;
    loop {
        let stopped = tokio::time::timeout(EVERY, stop.cancelled()).await.is_ok();
        told = tell(&app, told);
        if stopped {
            return;
        }
    }
}

/// Logs the heads after the last reported one; returns the new position.
fn tell(app: &App, told: u64) -> u64 {
    let mut last = told;
    for (chain, seq, hash) in app.ctx.store.status().audit_heads {
        if seq > told {
            tracing::info!(event = "SS_AUDIT_HEAD", chain, seq, hash, "the head of the audit chain");
        }
        last = last.max(seq);
    }
    last
}
