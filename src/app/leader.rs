//! What one server does for all that share a store: deliveries of webhooks, records of batches, retention. A server that has the store
//! to itself always does it; among several the leader does, as long as it trusts its term.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::adapters::clock::since_boot;
use crate::domain::cluster::Leadership;
use crate::http::state::App;
use crate::ports::cluster::Cluster;

/// Starts it. Without other servers it returns once nothing that happens later can be left out.
///
/// # Errors
/// The store's.
pub(super) async fn start(app: &App, stop: &CancellationToken) -> std::io::Result<Vec<JoinHandle<()>>> {
    match &app.ctx.cluster {
        None => duties(app, stop).await,
        Some(cluster) => {
            let (app, cluster, stop) = (app.clone(), Arc::clone(cluster), stop.clone());
            Ok(vec![tokio::spawn(async move { stand(app, cluster.as_ref(), stop).await })])
        }
    }
}

async fn duties(app: &App, stop: &CancellationToken) -> std::io::Result<Vec<JoinHandle<()>>> {
    let webhooks = super::webhooks::start(&app.ctx, stop).await?;
    let batches = super::batches::start(&app.ctx, stop).await?;
    let sweep = tokio::spawn(super::sweep::run(app.clone(), stop.clone()));
    Ok(vec![webhooks, batches, sweep])
}

/// The duties under way, with what ends them.
struct Term {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Term {
    async fn end(self) {
        self.stop.cancel();
        join_all(self.tasks).await;
    }
}

/// Stands for leader until `stop` fires, and does the duties while this server leads.
async fn stand(app: App, cluster: &dyn Cluster, stop: CancellationToken) {
    let times = cluster.times();
    let pause = times.renew_term_every() / 5;
    let (mut trusted, mut under_way, mut looks) = (None::<Leadership>, None::<Term>, 0_u32);
    loop {
        if looks.is_multiple_of(5) {
            // an answer that is missing leaves the term as it was: trust in it ends by itself
            if let Ok(found) = cluster.lead().await {
                trusted = found;
            }
        }
        looks = looks.wrapping_add(1);
        let leads = trusted.is_some_and(|term| term.is_trusted(since_boot(), &times));
        match under_way.take() {
            Some(term) if !leads => {
                tracing::info!(event = "SS_LEADER_ENDED", "another server does what is done once for all");
                term.end().await;
            }
            None if leads => under_way = begin(&app, trusted.map_or(0, |term| term.term)).await,
            other => under_way = other,
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    if let Some(term) = under_way {
        term.end().await;
    }
}

async fn begin(app: &App, term: u64) -> Option<Term> {
    let stop = CancellationToken::new();
    match duties(app, &stop).await {
        Ok(tasks) => {
            tracing::info!(event = "SS_LEADER", term, "this server does what is done once for all");
            Some(Term { stop, tasks })
        }
        Err(error) => {
            stop.cancel();
            tracing::warn!(event = "SS_LEADER_POSTPONED", %error, "what is done once for all cannot begin now");
            None
        }
    }
}
