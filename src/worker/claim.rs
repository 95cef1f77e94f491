//! A claim for free places: new run ids, the limits of tenants, and what becomes of a claim whose outcome is not known.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ahead::Ahead;
use super::conclude::event;
use super::{WorkerDeps, WorkerOptions};
use crate::domain::ids::RunId;
use crate::ports::store::{
    ClaimAsk, ClaimError, Claimed, Key, MakeClaim, ReadError, RunningLimits, StandingAsk, StoreExt, claim_id,
};

/// Longest pause before a store that was not available is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Result of a claim, for the scheduler.
pub(super) struct Asked {
    /// Places that it was made for.
    pub places: usize,
    /// The ids that it was made with.
    pub runs: Vec<RunId>,
    /// The jobs that it got.
    pub jobs: Vec<Claimed>,
    /// The file by which their launchers follow the lease.
    pub lease: Option<PathBuf>,
    /// When another claim makes sense without a change (UTC).
    pub again_at: Option<DateTime<Utc>>,
}

/// Leaves a claim for a number of places with the store, where it takes one; `None` where it does not. The answer brings the jobs
/// that it got.
pub(super) fn leave(
    ahead: &Arc<Ahead>,
    places: usize,
    may_claim: Arc<dyn Fn() -> bool + Send + Sync>,
) -> Option<impl Future<Output = Asked> + use<>> {
    let deps = &ahead.shared.deps;
    let runs = new_runs(deps, places)?;
    let shared = Arc::clone(&ahead.shared);
    let ask = StandingAsk {
        runs: runs.clone(),
        limits: Arc::new(move || limits(&shared.deps, &shared.options)),
        may_claim,
        make: maker(ahead),
    };
    let answer = deps.store.leave_claim(ask)?;
    Some(async move {
        // a transaction that failed claimed nothing
        let jobs = answer.await.unwrap_or_default();
        Asked { places, runs, jobs, lease: None, again_at: None }
    })
}

/// New ids for the runs of a claim.
fn new_runs(deps: &WorkerDeps, places: usize) -> Option<Vec<RunId>> {
    let ids = (0..places).map(|_| RunId::parse(deps.ids.id("run"))).collect::<Result<Vec<_>, _>>();
    if ids.is_err() {
        tracing::error!(event = "SS_DEFECT", "the id source made an id that is none");
    }
    ids.ok()
}

/// Makes the record of a claimed job, and begins its attempt.
fn maker(ahead: &Arc<Ahead>) -> MakeClaim {
    let ahead = Arc::clone(ahead);
    Arc::new(move |job, run_id| {
        let deps = &ahead.shared.deps;
        let after = job.claim(run_id.clone(), deps.clock.now())?;
        let event = event(deps, "run.started", job, &after);
        ahead.begin(&after, run_id);
        Ok((after, event))
    })
}

/// Claims jobs for a number of places. Their attempts begin before the claim is durable.
pub(super) async fn claim(ahead: Arc<Ahead>, places: usize) -> Asked {
    let shared = &ahead.shared;
    let deps = &shared.deps;
    // read before the claim: where this server is lost and joins again before an engine starts, the run is another server's by
    // then, and the launcher does not find the lease under which it was claimed
    let lease = deps.cluster.as_ref().map(|cluster| cluster.lease_file());
    let Some(runs) = new_runs(deps, places) else {
        return Asked { places, runs: Vec::new(), jobs: Vec::new(), lease, again_at: None };
    };
    let ask = ClaimAsk { runs: runs.clone(), limits: limits(deps, &shared.options), make: maker(&ahead) };
    let pause = |wait: Duration| Some(deps.clock.now() + wait.min(LONGEST_PAUSE));
    let (jobs, again_at) = match deps.store.claim(ask).await {
        Ok(claims) => (claims.jobs, claims.next_ready),
        Err(ClaimError::Indeterminate) => (settled(deps, &runs).await, pause(Duration::ZERO)),
        Err(ClaimError::Unavailable { retry_after }) => (Vec::new(), pause(retry_after)),
        // the service ends
        Err(ClaimError::Stopped { .. }) => (Vec::new(), None),
    };
    Asked { places, runs, jobs, lease, again_at }
}

fn limits(deps: &WorkerDeps, options: &WorkerOptions) -> RunningLimits {
    let of = deps.tenants.all();
    let of = of.iter().filter_map(|(tenant, record)| Some((tenant.clone(), record.limits.running?)));
    RunningLimits {
        all: options.seats.map(|most| most as u64),
        default: options.tenant_limit.map(|most| most as u64),
        of: of.collect(),
    }
}

/// Returns the jobs that a claim got whose outcome was not known, once the store can say so.
async fn settled(deps: &WorkerDeps, runs: &[RunId]) -> Vec<Claimed> {
    let mut jobs = Vec::new();
    for run_id in runs {
        loop {
            match claimed(deps, run_id).await {
                Ok(found) => jobs.extend(found),
                Err(ReadError::Unavailable { retry_after }) => {
                    tokio::time::sleep(retry_after.clamp(Duration::from_millis(50), LONGEST_PAUSE)).await;
                    continue;
                }
                // The next start finds what was claimed.
                Err(_) => {}
            }
            break;
        }
    }
    jobs
}

async fn claimed(deps: &WorkerDeps, run_id: &RunId) -> Result<Option<Claimed>, ReadError> {
    let Some(receipt) = deps.store.committed(&claim_id(run_id)).await? else { return Ok(None) };
    let Some((Key::Job(tenant, job_id), _)) = receipt.versions.first() else { return Ok(None) };
    let job = deps.store.shared_job(tenant, job_id).await?;
    let job = job.filter(|job| job.running_run().is_some_and(|run| run.run_id == *run_id));
    Ok(job.map(|job| Claimed { run_id: run_id.clone(), job }))
}
