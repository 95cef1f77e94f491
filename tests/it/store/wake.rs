//! Servers of one database tell each other about their commits, and miss nothing where no sign arrives.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::postgres::{Access, Options, PostgresStore};
use stata_service::domain::ids::RunId;
use stata_service::domain::job::JobStatus;
use stata_service::ports::store::{Change, ClaimAsk, MakeClaim, RunningLimits, Store};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::block_in_place;

use crate::support::app::PATIENCE;
use crate::support::postgres::{Pooler, Server, shared};
use crate::support::records::*;
use crate::support::worker_harness::plan;

/// Commits of a measurement.
const COMMITS: usize = 15;
/// Without signs the next look comes three quarters of a second after the last one at the earliest.
const AT_ONCE: Duration = Duration::from_millis(400);

fn open(url: &SecretString, listen_url: Option<&SecretString>, dir: &Path) -> Arc<PostgresStore> {
    let options = Options::new(url.clone(), dir.to_owned(), Arc::new(SystemClock));
    let options = Options { access: Access::Serve, listen_url: listen_url.cloned(), ..options };
    PostgresStore::open(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Commits with one store and returns how long another one needed to tell it, by the median of several.
async fn told_after(
    by: &Arc<PostgresStore>,
    changes: &mut UnboundedReceiver<Change>,
    name: &str,
    mut before_each: impl FnMut(),
) -> Duration {
    let mut times = Vec::new();
    for n in 0..COMMITS {
        before_each();
        let record = job("default", &format!("job_{name}_{n}"), 0);
        let receipt = by.commit(commit(vec![put(record)])).await.expect("commits");
        let begun = Instant::now();
        let change = tokio::time::timeout(PATIENCE, changes.recv()).await.expect("it is told in time");
        assert_eq!(change.map(|change| change.sequence), Some(receipt.sequence));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[COMMITS / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_other_servers_are_told_at_once_and_without_signs_within_two_seconds() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let (a, b) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let (one, other) = (open(&url, None, a.path()), open(&url, None, b.path()));
    let mut changes = other.changes();
    told_after(&one, &mut changes, "first", || {}).await;
    let median = told_after(&one, &mut changes, "signs", || {}).await;
    assert!(median < AT_ONCE, "{median:?}");
    // whoever listens loses the connection again and again
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query = 'LISTEN ss_wake'";
    let mut cuts = 0;
    let median = told_after(&one, &mut changes, "cut", || {
        cuts += block_in_place(|| server.sql(&name, cut)).expect("cuts").len();
    })
    .await;
    assert!(cuts >= 2, "somebody listened");
    assert!(median < Duration::from_secs(2), "{median:?}");
    // and is told at once again after that
    let deadline = Instant::now() + PATIENCE;
    let mut round = 0;
    while told_after(&one, &mut changes, &format!("again_{round}"), || {}).await >= AT_ONCE {
        round += 1;
        assert!(Instant::now() < deadline, "signs are not heard any more");
    }
    one.shutdown();
    other.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_in_transaction_mode_signs_come_by_an_address_without_it() {
    let Some(server) = block_in_place(Server::start) else { return };
    let Some(pooler) = block_in_place(|| Pooler::start(&server, 6)) else { return };
    let (name, url) = block_in_place(|| server.database());
    let pooled = pooler.url(&name);
    let dirs = [(); 3].map(|()| tempfile::tempdir().expect("a directory"));
    let one = open(&pooled, None, dirs[0].path());
    let deaf = open(&pooled, None, dirs[1].path());
    let hears = open(&pooled, Some(&url), dirs[2].path());
    let (mut by_look, mut by_sign) = (deaf.changes(), hears.changes());
    told_after(&one, &mut by_sign, "first", || {}).await;
    let median = told_after(&one, &mut by_sign, "signs", || {}).await;
    assert!(median < AT_ONCE, "{median:?}");
    for n in 0..2 * COMMITS {
        let change = tokio::time::timeout(PATIENCE, by_look.recv()).await.expect("it is told in time");
        assert_eq!(change.map(|change| change.sequence), Some(n as u64 + 1), "none is missed");
    }
    [one, deaf, hears].iter().for_each(|store| store.shutdown());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_finds_nothing_does_not_wait_for_the_lock_of_all_commits() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, None, dir.path());
    let ask = |run: &str| {
        let make: MakeClaim =
            Arc::new(|job, run| Ok((job.claim(run.clone(), time(9))?, event("run.started"))));
        ClaimAsk { runs: vec![RunId::parse(run).expect("valid")], limits: RunningLimits::default(), make }
    };
    let lock = "BEGIN; SELECT one FROM ss.heads FOR UPDATE; SELECT pg_sleep(6); COMMIT";
    let holder = std::thread::spawn(move || server.sql(&name, lock).expect("locks"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let nothing = store.claim(ask("run_1")).await.expect("answers");
    assert!(nothing.jobs.is_empty() && nothing.next_ready.is_none());
    assert!(!holder.is_finished(), "the claim waited for the lock");
    block_in_place(|| holder.join()).expect("ends");
    let mut queued = next(&job("default", "job_1", 0), JobStatus::Queued);
    queued.version = 1;
    queued.plan = Some(plan("0", "0"));
    store.commit(commit(vec![put(queued)])).await.expect("commits");
    assert_eq!(store.claim(ask("run_1")).await.expect("claims").jobs.len(), 1);
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_never_older_than_what_is_told() {
    // a worker that is told of a queued job looks at the number of queued jobs first
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
    let [one, other] = dirs.each_ref().map(|dir| open(&url, None, dir.path()));
    let mut changes = other.changes();
    let writer = Arc::clone(&one);
    let writes = tokio::spawn(async move {
        for n in 0..200 {
            writer.commit(commit(vec![put(job("default", &format!("job_{n}"), n))])).await.expect("commits");
        }
    });
    for n in 0..200 {
        let change = tokio::time::timeout(PATIENCE, changes.recv()).await.expect("in time").expect("told");
        let status = other.status();
        assert!(status.sequence >= change.sequence, "{} is told at {}", change.sequence, status.sequence);
        let jobs: u64 = status.jobs.values().sum();
        assert!(jobs > n, "{jobs} jobs when {} were told", n + 1);
    }
    writes.await.expect("does not panic");
    [one, other].iter().for_each(|store| store.shutdown());
}
