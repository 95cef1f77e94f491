//! A claim that is left with the embedded store: it gets a job in the transaction that queues it, and only what a claim
//! that looks for jobs would get next.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use stata_service::adapters::store::SqliteStore;
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::domain::job::JobStatus;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::store::{
    ChangedRecord, Claimed, MakeClaim, RunningLimits, StandingAsk, Store, StoreExt, claim_id,
};
use tokio::sync::oneshot::Receiver;

use super::sqlite::{open, options};
use crate::conformance::claims::{ask, make, planned, queue};
use crate::support::records::*;

/// A claim for a number of runs, under limits, while a sign is on.
fn standing(count: usize, limits: &RunningLimits, sign: &Arc<AtomicBool>) -> StandingAsk {
    let (limits, sign) = (limits.clone(), Arc::clone(sign));
    StandingAsk {
        runs: ask(count).runs,
        limits: Arc::new(move || limits.clone()),
        may_claim: Arc::new(move || sign.load(Ordering::SeqCst)),
        make: make(),
    }
}

/// A store with a claim for a number of runs, once the store knows its queue.
async fn waiting(
    dir: &Path,
    count: usize,
) -> (Arc<dyn Store>, Arc<SqliteStore>, StandingAsk, Receiver<Vec<Claimed>>) {
    let sqlite = open(dir);
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as Arc<dyn Store>;
    assert!(store.claim(ask(1)).await.expect("claims").jobs.is_empty());
    let asked = standing(count, &RunningLimits::default(), &Arc::new(AtomicBool::new(true)));
    let answer = store.leave_claim(asked.clone()).expect("this store takes claims that wait");
    (store, sqlite, asked, answer)
}

fn names(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.job.job_id.as_str()).collect()
}

#[tokio::test]
async fn a_job_is_claimed_in_the_transaction_that_queues_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, log, asked, answer) = waiting(dir.path(), 2).await;
    let mut changes = store.changes();
    let queued = queue(&store, "t", "job_1").await;
    let claimed = answer.await.expect("answered");
    let wanted = queued.claim(asked.runs[0].clone(), time(9)).expect("it was queued");
    assert_eq!((claimed.len(), &*claimed[0].job, &claimed[0].run_id), (1, &wanted, &asked.runs[0]));
    assert_eq!(store.job(&wanted.tenant_id, &wanted.job_id).await, Ok(Some(wanted.clone())));
    // both commits, one after the other, as if each had been made alone
    let receipt = store.committed(&claim_id(&asked.runs[0])).await.expect("reads").expect("a receipt");
    assert_eq!(receipt.versions, [(job_key(&wanted), 2)]);
    for expected in [queued, wanted] {
        let change = changes.recv().await.expect("delivered");
        assert_eq!(change.record, ChangedRecord::Job(Arc::new(expected)));
    }
    let actions: Vec<String> =
        log.events(0, 0, 9).await.expect("reads").into_iter().map(|event| event.event.action).collect();
    assert_eq!(actions, ["test.changed", "run.started"]);
    assert_eq!(store.status().jobs.get(&JobStatus::Running), Some(&1));
    assert!(store.queued(0, 9).await.expect("reads").is_empty());
    assert!(!store.withdraw_claim(), "it is over, with one of two places unused");
    assert!(store.claim(ask(9)).await.expect("claims").jobs.is_empty());
    // what a claim wrote is there after the next start
    drop((store, log));
    let again: Arc<dyn Store> = open(dir.path());
    assert_eq!(again.running().await.expect("reads").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_jobs_at_once_are_claimed_once_each() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _log, _asked, answer) = waiting(dir.path(), 3).await;
    let writers = (0..40).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { queue(&store, "t", &format!("job_{n}")).await })
    });
    join_all(writers).await;
    let first = answer.await.expect("answered");
    assert!((1..=3).contains(&first.len()), "{}", first.len());
    let mut all: Vec<String> = names(&first).into_iter().map(str::to_owned).collect();
    let rest = store.claim(ask(40)).await.expect("claims").jobs;
    all.extend(names(&rest).into_iter().map(str::to_owned));
    let total = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), total), (40, 40), "each once");
}

#[tokio::test]
async fn nothing_is_claimed_that_another_job_comes_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _log, asked, answer) = waiting(dir.path(), 1).await;
    assert!(store.withdraw_claim(), "nobody took it");
    assert!(answer.await.is_err(), "there is no answer");
    queue(&store, "t", "first").await;
    let mut answer = store.leave_claim(asked).expect("left");
    queue(&store, "t", "second").await;
    assert!(answer.try_recv().is_err());
    assert!(store.withdraw_claim());
    assert_eq!(names(&store.claim(ask(1)).await.expect("claims").jobs), ["first"]);
}

#[tokio::test]
async fn signs_limits_and_refusals_hold() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _log, _asked, _answer) = waiting(dir.path(), 1).await;
    let sign = Arc::new(AtomicBool::new(false));
    let limits = RunningLimits { default: Some(1), ..RunningLimits::default() };
    let mut answer = store.leave_claim(standing(2, &limits, &sign)).expect("left");
    queue(&store, "a", "a_1").await;
    assert!(answer.try_recv().is_err(), "nothing may be claimed now");
    assert!(store.withdraw_claim());
    sign.store(true, Ordering::SeqCst);
    assert_eq!(names(&store.claim(ask(9)).await.expect("claims").jobs), ["a_1"]);
    let mut answer = store.leave_claim(standing(2, &limits, &sign)).expect("left");
    queue(&store, "a", "a_2").await;
    assert!(answer.try_recv().is_err(), "its tenant is at its limit");
    // one whose tenant may not run holds nobody up
    queue(&store, "b", "b_1").await;
    assert_eq!(names(&answer.await.expect("answered")), ["b_1"]);
    let seats = RunningLimits { all: Some(2), ..RunningLimits::default() };
    let mut answer = store.leave_claim(standing(2, &seats, &sign)).expect("left");
    queue(&store, "c", "c_1").await;
    assert!(answer.try_recv().is_err(), "both seats are taken");
    assert!(store.withdraw_claim());
    assert_eq!(store.queued(0, 9).await.expect("reads").len(), 2);
}

#[tokio::test]
async fn a_job_that_cannot_be_claimed_stays_queued_and_is_found_later() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut options = options(dir.path());
    options.max_commit_bytes = 200_000;
    let store: Arc<dyn Store> = SqliteStore::open(options).expect("opens");
    assert!(store.claim(ask(1)).await.expect("claims").jobs.is_empty());
    let sign = Arc::new(AtomicBool::new(true));
    let refused: MakeClaim = Arc::new(|_, _| Err(Problem::new(ErrorCode::PlanMissing, "not this one")));
    let larger: MakeClaim = Arc::new(|job, run_id| {
        let mut after = job.claim(run_id.clone(), time(9))?;
        after.requirement = "x".repeat(300_000);
        Ok((after, event("run.started")))
    });
    for (name, make) in [("refused", refused), ("too_large", larger)] {
        let asked = StandingAsk { make, ..standing(1, &RunningLimits::default(), &sign) };
        let mut answer = store.leave_claim(asked).expect("left");
        queue(&store, "t", name).await;
        assert!(answer.try_recv().is_err(), "{name}");
        assert!(store.withdraw_claim());
        assert_eq!(names(&store.claim(ask(1)).await.expect("claims").jobs), [name]);
    }
    let mut later = next(&job("t", "later", 0), JobStatus::Queued);
    (later.version, later.plan) = (1, Some(planned()));
    if let Some(queue) = &mut later.queue {
        queue.ready_at = time(60);
    }
    let mut answer = store.leave_claim(standing(1, &RunningLimits::default(), &sign)).expect("left");
    store.commit(commit(vec![put(later)])).await.expect("commits");
    assert!(answer.try_recv().is_err(), "it may not start yet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_claim_that_is_taken_back_while_jobs_are_queued_loses_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, _log, _asked, _answer) = waiting(dir.path(), 1).await;
    store.withdraw_claim();
    let made = Arc::new(AtomicU64::new(0));
    let queues = {
        let (store, made) = (Arc::clone(&store), Arc::clone(&made));
        tokio::spawn(async move {
            for n in 0..200 {
                queue(&store, "t", &format!("job_{n}")).await;
                made.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let sign = Arc::new(AtomicBool::new(true));
    let mut got = 0;
    while !queues.is_finished() {
        let answer = store.leave_claim(standing(1, &RunningLimits::default(), &sign)).expect("left");
        tokio::time::sleep(Duration::from_micros(300)).await;
        if store.withdraw_claim() {
            assert!(answer.await.is_err(), "taken back");
        } else {
            got += answer.await.expect("answered").len();
        }
        got += store.claim(ask(1)).await.expect("claims").jobs.len();
    }
    while let claims = store.claim(ask(50)).await.expect("claims").jobs.len()
        && claims > 0
    {
        got += claims;
    }
    assert_eq!((got, made.load(Ordering::SeqCst)), (200, 200));
    assert_eq!(store.status().jobs.get(&JobStatus::Running), Some(&200));
}
