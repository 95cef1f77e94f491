//! Runs whose server is lost: ended as `worker_lost`, so that their jobs are queued again. Every server that runs jobs looks
//! for them; the commit is conditional, so that one of them does it.

use std::sync::Arc;

use super::WorkerDeps;
use super::conclude::{Committed, finish};
use super::trace;
use crate::domain::run::Cause;
use crate::domain::verdict::cause::next_actions;
use crate::ports::cluster::{Cluster, Orphan};
use crate::ports::store::StoreExt;

/// What the record of a run says whose server is lost.
const NODE_LOST: &str = "node_lost";

/// Looks for such runs until it is dropped.
pub(super) async fn sweep(deps: WorkerDeps, cluster: Arc<dyn Cluster>) {
    let every = cluster.times().sweep_every();
    loop {
        tokio::time::sleep(every).await;
        // a look that fails was reported by the read
        for orphan in cluster.orphans().await.unwrap_or_default() {
            end(&deps, &orphan).await;
        }
    }
}

/// Ends a run whose server is lost, unless somebody else did.
async fn end(deps: &WorkerDeps, orphan: &Orphan) {
    let Ok(Some(job)) = deps.store.job(&orphan.tenant, &orphan.job_id).await else { return };
    let Some(run) = job.running_run().filter(|run| run.run_id == orphan.run_id) else { return };
    let mut run = run.clone().failed(Cause::WorkerLost, Some(NODE_LOST.to_owned()), deps.clock.now());
    run.next_actions = next_actions(Cause::WorkerLost).into_iter().map(str::to_owned).collect();
    let key = (orphan.tenant.clone(), orphan.job_id.clone());
    let _span = trace::of_run(&key, &run.run_id, &job);
    // a store that cannot take it now is asked again by the next look
    if let Committed::Done(after) = finish(deps, &key, &run, &[], || true).await {
        tracing::warn!(
            event = "SS_RUN_NODE_LOST",
            run_id = %run.run_id,
            attempt = run.attempt,
            job_status = after.status.as_str(),
            "the server of a run is lost; the run ended"
        );
    }
}
