//! What every store promises about claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::ids::SystemIds;
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::domain::ids::RunId;
use stata_service::domain::job::record::QueueEntry;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::plan::Plan;
use stata_service::ports::clock::Clock;
use stata_service::ports::ids::IdSource;
use stata_service::ports::store::{
    Change, ChangedRecord, ClaimAsk, ClaimError, Claims, MakeClaim, RunningLimits, Store, StoreExt, claim_id,
};

use super::store::{Fresh, conformance};
use crate::support::records::*;
use crate::support::worker_harness::plan;

conformance![
    a_claim_takes_jobs_in_order_of_queueing_and_each_once,
    a_claim_is_a_commit_of_each_job,
    tenants_take_turns,
    batches_of_a_tenant_and_its_other_jobs_take_turns,
    ever_new_batches_hold_no_other_job_back,
    a_tenant_at_its_limit_is_passed_over,
    no_more_jobs_run_than_there_are_seats,
    a_delayed_job_waits_for_its_time,
    concurrent_claims_share_the_queue,
    a_job_that_is_refused_holds_nobody_up,
    a_cancelled_job_is_not_taken_and_one_that_is_queued_again_comes_last,
];

/// The plan that every job here has; claims copy its id.
pub(crate) fn planned() -> Plan {
    plan("0", "0")
}

pub(crate) fn make() -> MakeClaim {
    Arc::new(|job, run_id| Ok((job.claim(run_id.clone(), time(9))?, event("run.started"))))
}

pub(crate) fn ask(count: usize) -> ClaimAsk {
    let runs = (0..count).map(|_| RunId::parse(SystemIds.id("run")).expect("valid")).collect();
    ClaimAsk { runs, limits: RunningLimits::default(), make: make() }
}

pub(crate) async fn queue(store: &Arc<dyn Store>, tenant: &str, id: &str) -> JobRecord {
    let mut queued = next(&job(tenant, id, 0), JobStatus::Queued);
    queued.version = 1;
    queued.plan = Some(planned());
    store.commit(commit(vec![put(queued.clone())])).await.expect("commits");
    queued
}

fn names(claims: &Claims) -> Vec<&str> {
    claims.jobs.iter().map(|claimed| claimed.job.job_id.as_str()).collect()
}

async fn claimed(store: &Arc<dyn Store>, count: usize) -> Vec<String> {
    let claims = store.claim(ask(count)).await.expect("claims");
    names(&claims).into_iter().map(str::to_owned).collect()
}

async fn a_claim_takes_jobs_in_order_of_queueing_and_each_once(Fresh { store, .. }: Fresh) {
    assert_eq!(claimed(&store, 3).await, [""; 0], "an empty queue");
    // neither names nor times of creation follow the order of queueing
    for id in ["job_c", "job_a", "job_d", "job_b"] {
        queue(&store, "t", id).await;
    }
    assert_eq!(claimed(&store, 2).await, ["job_c", "job_a"]);
    assert_eq!(claimed(&store, 1).await, ["job_d"]);
    assert_eq!(claimed(&store, 9).await, ["job_b"]);
    assert_eq!(store.claim(ask(9)).await, Ok(Claims::default()));
    assert!(store.queued(0, 9).await.expect("reads").is_empty());
    assert_eq!(store.usage(&tenant("t")).await.expect("reads").queued, 0);
}

async fn a_claim_is_a_commit_of_each_job(Fresh { store, audit_log, .. }: Fresh) {
    let (first, second) = (queue(&store, "a", "job_1").await, queue(&store, "b", "job_2").await);
    let mut changes = store.changes();
    let asked = ask(5);
    let claims = store.claim(asked.clone()).await.expect("claims");
    assert_eq!(claims.jobs.len(), 2);
    let mut runs: BTreeSet<RunId> = asked.runs.into_iter().collect();
    let mut told = BTreeMap::new();
    for claimed in &claims.jobs {
        let before = if claimed.job.job_id == first.job_id { &first } else { &second };
        let wanted = before.claim(claimed.run_id.clone(), time(9)).expect("it was queued");
        assert_eq!(*claimed.job, wanted);
        assert_eq!(store.job(&wanted.tenant_id, &wanted.job_id).await, Ok(Some(wanted.clone())));
        let receipt = store.committed(&claim_id(&claimed.run_id)).await.expect("reads").expect("a receipt");
        assert_eq!(receipt.versions, [(job_key(&wanted), 2)]);
        told.insert(receipt.sequence, wanted);
        assert!(runs.remove(&claimed.run_id), "an id of the request, used once");
    }
    for (sequence, job) in told {
        let record = ChangedRecord::Job(Arc::new(job));
        assert_eq!(changes.recv().await.expect("delivered"), Change { sequence, is_own: true, record });
    }
    for unused in runs {
        assert_eq!(store.committed(&claim_id(&unused)).await, Ok(None));
    }
    let events = audit_log.events(0, 0, 99).await.expect("reads");
    let actions: Vec<&str> = events.iter().map(|event| event.event.action.as_str()).collect();
    assert_eq!(actions, ["test.changed", "test.changed", "run.started", "run.started"]);
    assert_eq!(store.running().await.expect("reads").len(), 2);
    assert_eq!(store.status().jobs.get(&JobStatus::Running), Some(&2));
}

async fn tenants_take_turns(Fresh { store, .. }: Fresh) {
    for n in 0..6 {
        queue(&store, "big", &format!("big_{n}")).await;
    }
    for tenant in ["small", "other"] {
        for n in 0..2 {
            queue(&store, tenant, &format!("{tenant}_{n}")).await;
        }
    }
    let mut order = Vec::new();
    for count in [1, 1, 1, 2, 1] {
        order.extend(claimed(&store, count).await);
    }
    for (round, expected) in ["0", "1"].into_iter().enumerate() {
        let mut round: Vec<String> = order[round * 3..][..3].to_vec();
        round.sort();
        let of = |tenant: &str| format!("{tenant}_{expected}");
        assert_eq!(round, [of("big"), of("other"), of("small")], "{order:?}");
    }
    assert_eq!(claimed(&store, 9).await, ["big_2", "big_3", "big_4", "big_5"]);
}

async fn batches_of_a_tenant_and_its_other_jobs_take_turns(Fresh { store, .. }: Fresh) {
    let cell = async |batch: &str, n: usize| {
        let mut queued = next(&job("t", &n_of(batch, n), 0), JobStatus::Queued);
        (queued.version, queued.plan) = (1, Some(planned()));
        store.commit(commit(vec![put(cell_of(queued, batch))])).await.expect("commits");
    };
    for n in 0..20 {
        cell("p", n).await;
    }
    assert_eq!(claimed(&store, 2).await, ["p_00", "p_01"]);
    queue(&store, "t", "one").await;
    queue(&store, "t", "two").await;
    for n in 0..2 {
        cell("q", n).await;
    }
    let mut order = claimed(&store, 3).await;
    order.extend(claimed(&store, 1).await);
    order.extend(claimed(&store, 2).await);
    for (n, single) in ["one", "two"].into_iter().enumerate() {
        let taken: BTreeSet<String> = order[n * 3..][..3].iter().cloned().collect();
        let wanted = BTreeSet::from([n_of("p", n + 2), n_of("q", n), single.to_owned()]);
        assert_eq!(taken, wanted, "{order:?}");
    }
    let rest = claimed(&store, 32).await;
    assert_eq!((rest.len(), rest[0].as_str(), rest[15].as_str()), (16, "p_04", "p_19"));
}

async fn ever_new_batches_hold_no_other_job_back(Fresh { store, .. }: Fresh) {
    for id in ["one", "two", "three"] {
        queue(&store, "t", id).await;
    }
    // as many batches come as jobs are taken
    let mut order = Vec::new();
    for n in 0..12 {
        let mut queued = next(&job("t", &n_of("cell", n), 0), JobStatus::Queued);
        (queued.version, queued.plan) = (1, Some(planned()));
        let cell = cell_of(queued, &format!("batch_{n:02}"));
        store.commit(commit(vec![put(cell)])).await.expect("commits");
        order.extend(claimed(&store, 1).await);
    }
    let place = |id: &str| order.iter().position(|taken| taken == id);
    assert!(place("one") == Some(0) && place("two") < Some(4) && place("two").is_some(), "{order:?}");
    assert!(place("three").is_some(), "{order:?}");
}

fn n_of(batch: &str, n: usize) -> String {
    format!("{batch}_{n:02}")
}

async fn a_tenant_at_its_limit_is_passed_over(Fresh { store, .. }: Fresh) {
    for tenant in ["a", "b"] {
        for n in 0..3 {
            queue(&store, tenant, &format!("{tenant}_{n}")).await;
        }
    }
    let with = |own: &[(&str, u64)], default| {
        let of = own.iter().map(|(name, most)| (tenant(name), *most)).collect();
        ClaimAsk { limits: RunningLimits { default, of, all: None }, ..ask(9) }
    };
    let claims = store.claim(with(&[("a", 0)], Some(1))).await.expect("claims");
    assert_eq!(names(&claims), ["b_0"]);
    let claims = store.claim(with(&[("a", 1)], Some(1))).await.expect("claims");
    assert_eq!(names(&claims), ["a_0"]);
    assert_eq!(store.claim(with(&[("a", 1)], Some(1))).await, Ok(Claims::default()));
    let running = claims.jobs[0].job.as_ref();
    store.commit(commit(vec![put(next(running, JobStatus::Succeeded))])).await.expect("commits");
    let claims = store.claim(with(&[("a", 1)], Some(1))).await.expect("claims");
    assert_eq!(names(&claims), ["a_1"], "its run ended");
    let claims = store.claim(with(&[], Some(3))).await.expect("claims");
    let names: BTreeSet<&str> = names(&claims).into_iter().collect();
    assert_eq!(names, BTreeSet::from(["a_2", "b_1", "b_2"]), "a higher limit");
}

async fn no_more_jobs_run_than_there_are_seats(Fresh { store, .. }: Fresh) {
    for tenant in ["a", "b"] {
        for n in 0..3 {
            queue(&store, tenant, &format!("{tenant}_{n}")).await;
        }
    }
    let with = |all| ClaimAsk { limits: RunningLimits { all, ..RunningLimits::default() }, ..ask(9) };
    assert_eq!(names(&store.claim(with(Some(0))).await.expect("claims")), Vec::<&str>::new());
    let claims = store.claim(with(Some(2))).await.expect("claims");
    assert_eq!(names(&claims), ["a_0", "b_0"]);
    assert_eq!(names(&store.claim(with(Some(2))).await.expect("claims")), Vec::<&str>::new());
    // at once, they do not pass the limit together
    let running = claims.jobs[0].job.as_ref();
    store.commit(commit(vec![put(next(running, JobStatus::Succeeded))])).await.expect("commits");
    let at_once = futures_util::future::join_all((0..8).map(|_| store.claim(with(Some(2))))).await;
    let more: Vec<Claims> = at_once.into_iter().map(|claims| claims.expect("claims")).collect();
    assert_eq!(more.iter().map(|claims| claims.jobs.len()).sum::<usize>(), 1, "its run ended");
    let claims = store.claim(with(None)).await.expect("claims");
    assert_eq!(claims.jobs.len(), 3, "without a limit");
}

async fn a_delayed_job_waits_for_its_time(Fresh { store, clock, .. }: Fresh) {
    // one store goes by its own clock
    clock.advance(SystemClock.now() - clock.now());
    let at = clock.now() + chrono::TimeDelta::milliseconds(1500);
    let at = chrono::DateTime::from_timestamp_millis(at.timestamp_millis()).expect("a valid time");
    let mut late = next(&job("t", "late", 0), JobStatus::Queued);
    (late.version, late.plan) = (1, Some(planned()));
    late.queue = Some(QueueEntry { queued_at: time(0), ready_at: at });
    store.commit(commit(vec![put(late)])).await.expect("commits");
    queue(&store, "t", "now").await;
    let claims = store.claim(ask(9)).await.expect("claims");
    assert_eq!((names(&claims), claims.next_ready), (vec!["now"], Some(at)));
    clock.advance(chrono::TimeDelta::milliseconds(1500));
    let mut tries = 0;
    while claimed(&store, 9).await != ["late"] {
        tries += 1;
        assert!(tries < 2000, "it is never taken");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(SystemClock.now() >= at || tries == 0);
}

async fn concurrent_claims_share_the_queue(Fresh { store, .. }: Fresh) {
    for n in 0..40 {
        queue(&store, ["a", "b", "c"][n % 3], &format!("job_{n:02}")).await;
    }
    let mut taken = BTreeSet::new();
    let rounds = join_all((0..8).map(|_| async {
        let mut mine = Vec::new();
        loop {
            let found = claimed(&store, 3).await;
            if found.is_empty() {
                return mine;
            }
            mine.extend(found);
        }
    }));
    for id in rounds.await.into_iter().flatten() {
        assert!(taken.insert(id.clone()), "{id} was taken twice");
    }
    assert_eq!(taken.len(), 40);
    assert_eq!(store.status().jobs.get(&JobStatus::Running), Some(&40));
}

async fn a_job_that_is_refused_holds_nobody_up(Fresh { store, clock, .. }: Fresh) {
    for id in ["job_1", "job_2", "job_3"] {
        queue(&store, "t", id).await;
    }
    let refusing = |places| ClaimAsk {
        make: Arc::new(|job, run_id| match job.job_id.as_str() {
            "job_1" => Err(Problem::new(ErrorCode::PlanMissing, "no plan")),
            _ => make()(job, run_id),
        }),
        ..ask(places)
    };
    let mut taken = Vec::new();
    loop {
        clock.advance(SystemClock.now() - clock.now());
        let claims = store.claim(refusing(1)).await.expect("claims");
        taken.extend(names(&claims).into_iter().map(str::to_owned));
        // a worker whose place stays free asks again only when it is told to
        if claims.jobs.is_empty() && claims.next_ready.is_none_or(|at| at > SystemClock.now()) {
            break;
        }
    }
    assert_eq!(taken, ["job_2", "job_3"]);
    let (owner, id) = (tenant("t"), "job_1".parse().expect("valid"));
    let left = store.job(&owner, &id).await.expect("reads").expect("stored");
    assert_eq!((left.status, left.version), (JobStatus::Queued, 1), "it is as it was");
}

async fn a_cancelled_job_is_not_taken_and_one_that_is_queued_again_comes_last(Fresh { store, .. }: Fresh) {
    let first = queue(&store, "t", "job_1").await;
    let second = queue(&store, "t", "job_2").await;
    queue(&store, "t", "job_3").await;
    store.commit(commit(vec![put(next(&first, JobStatus::Cancelled))])).await.expect("commits");
    let again = next(&next(&second, JobStatus::Running), JobStatus::Queued);
    store.commit(commit(vec![put(next(&second, JobStatus::Running))])).await.expect("commits");
    store.commit(commit(vec![put(again)])).await.expect("commits");
    assert_eq!(claimed(&store, 9).await, ["job_3", "job_2"]);
    let stopped: Result<Claims, ClaimError> = store.claim(ask(9)).await;
    assert_eq!(stopped, Ok(Claims::default()));
}
