//! Several processes on one database: each tells all commits in one order, claims are shared, and one that works beside a
//! server takes nothing from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::ids::SystemIds;
use stata_service::adapters::postgres::{Access, OpenError, Options, PostgresStore};
use stata_service::domain::ids::{JobId, RunId};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::tenant::{TenantBounds, TenantLimits, WebhookBound};
use stata_service::ports::ids::IdSource;
use stata_service::ports::store::{
    Change, ChangedRecord, ClaimAsk, CommitError, MakeClaim, RunningLimits, Store, StoreExt, WebhookScope,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::postgres::LOCK_WAIT;
use crate::support::app::PATIENCE;
use crate::support::chain::whole_chain;
use crate::support::postgres::{Server, shared};
use crate::support::postgres_proxy::{Cut, Proxy};
use crate::support::records::*;
use crate::support::worker_harness::plan;

/// Callers of each process.
const CALLERS: usize = 4;
/// Jobs of each caller.
const JOBS: usize = 8;

fn open(url: &SecretString, dir: &Path, access: Access) -> Result<Arc<PostgresStore>, OpenError> {
    let options = Options::new(url.clone(), dir.to_owned(), Arc::new(SystemClock));
    PostgresStore::open(Options { access, lock_wait: LOCK_WAIT, ..options })
}

/// A server and two processes beside it.
fn three(url: &SecretString, dir: &Path) -> Vec<Arc<PostgresStore>> {
    let open = |access| open(url, dir, access).unwrap_or_else(|error| panic!("{error}"));
    vec![open(Access::Own), open(Access::Beside), open(Access::Beside)]
}

async fn told(changes: &mut UnboundedReceiver<Change>) -> Change {
    tokio::time::timeout(PATIENCE, changes.recv()).await.expect("it is told in time").expect("it is open")
}

/// Makes jobs with one process, and queues every second one.
async fn write(store: Arc<PostgresStore>, caller: String) {
    for n in 0..JOBS {
        let record = job("default", &format!("job_{caller}_{n}"), 0);
        store.commit(commit(vec![put(record.clone())])).await.expect("commits");
        if n % 2 == 0 {
            store.commit(commit(vec![put(next(&record, JobStatus::Queued))])).await.expect("commits");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_tells_all_commits_in_one_order() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let stores = three(&url, dir.path());
    let mut listeners: Vec<_> = stores.iter().map(|store| store.changes()).collect();
    let writers = stores.iter().enumerate().flat_map(|(process, store)| {
        (0..CALLERS).map(move |caller| tokio::spawn(write(Arc::clone(store), format!("{process}_{caller}"))))
    });
    for writer in join_all(writers).await {
        writer.expect("does not panic");
    }
    // the newest commit, which every process has to reach
    let last = job("default", "last", 0);
    let receipt = stores[1].commit(commit(vec![put(last.clone())])).await.expect("commits");
    let made = stores.len() * CALLERS * JOBS;
    assert_eq!(receipt.sequence as usize, made + made / 2 + 1);
    for (process, changes) in listeners.iter_mut().enumerate() {
        let mut seen: BTreeMap<JobId, (u64, u64)> = BTreeMap::new();
        let mut newest = 0;
        loop {
            let change = told(changes).await;
            assert!(change.sequence > newest, "{} after {newest}", change.sequence);
            newest = change.sequence;
            let ChangedRecord::Job(job) = change.record else { panic!("{:?}", change.record) };
            if job.job_id == last.job_id {
                assert_eq!(newest, receipt.sequence);
                break;
            }
            let count = seen.get(&job.job_id).map_or(0, |(count, _)| *count);
            assert!(seen.get(&job.job_id).is_none_or(|(_, version)| *version < job.version));
            seen.insert(job.job_id.clone(), (count + 1, job.version));
        }
        assert_eq!(seen.len(), made);
        let own = format!("job_{process}_");
        for (id, (count, version)) in seen {
            let wanted = if id.as_str().ends_with(['0', '2', '4', '6']) { 2 } else { 1 };
            assert_eq!(version, wanted, "{id} as it is now");
            // of its own every change is told, of others at least the last
            assert!(count == wanted || !id.as_str().starts_with(&own), "{id} was told {count} times");
        }
        assert!(changes.try_recv().is_err(), "nothing is told twice");
    }
    let chain = whole_chain(stores[2].as_ref()).await;
    assert_eq!(chain.len() as u64, receipt.sequence, "one chain without a gap");
    for store in &stores {
        let status = store.status();
        assert_eq!((status.sequence, status.fault), (receipt.sequence, None));
        assert_eq!(status.jobs.get(&JobStatus::Queued), Some(&((made / 2) as u64)));
        assert_eq!(status.audit_heads[0].1, receipt.sequence);
    }
}

/// Makes jobs until told to stop, whatever becomes of them.
async fn write_on(store: Arc<PostgresStore>, caller: String, stop: Arc<AtomicBool>) {
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let record = job("default", &format!("job_{caller}_{n}"), 0);
        match store.commit(commit(vec![put(record)])).await {
            Ok(_) => {}
            Err(CommitError::Unavailable { .. } | CommitError::Indeterminate { .. }) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_is_kept_where_connections_are_cut_in_commit() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (name, url) = tokio::task::block_in_place(|| server.database());
    let proxy = Proxy::start(server.folder());
    let dir = tempfile::tempdir().expect("a directory");
    let cut = open(&proxy.url(&name), dir.path(), Access::Own).unwrap_or_else(|error| panic!("{error}"));
    let whole = open(&url, dir.path(), Access::Beside).unwrap_or_else(|error| panic!("{error}"));
    let mut listeners = [cut.changes(), whole.changes()];
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..6)
        .map(|n| {
            let store = Arc::clone(if n % 2 == 0 { &cut } else { &whole });
            tokio::spawn(write_on(store, n.to_string(), Arc::clone(&stop)))
        })
        .collect();
    for (n, at) in [Cut::AfterCommit, Cut::BeforeCommit].into_iter().cycle().take(10).enumerate() {
        proxy.cut(at);
        let deadline = Instant::now() + PATIENCE;
        while proxy.cuts().0 + proxy.cuts().1 <= n {
            assert!(Instant::now() < deadline, "no connection is cut");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("does not panic");
    }
    // behind everything that the other one has to settle
    cut.committed("none").await.expect("answers");
    let last = whole.commit(commit(vec![put(job("default", "last", 0))])).await.expect("commits");
    for changes in &mut listeners {
        for sequence in 1..=last.sequence {
            assert_eq!(told(changes).await.sequence, sequence, "every commit once and in order");
        }
    }
    assert_eq!(whole_chain(whole.as_ref()).await.len() as u64, last.sequence);
    cut.shutdown();
    whole.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_claimed_by_one_of_several_processes() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let stores = three(&url, dir.path());
    let queued: Vec<JobRecord> = (0..60)
        .map(|n| {
            let mut queued = next(&job("default", &format!("job_{n}"), 0), JobStatus::Queued);
            (queued.version, queued.plan) = (1, Some(plan("0", "0")));
            queued
        })
        .collect();
    for some in queued.chunks(20) {
        stores[0].commit(commit(some.iter().cloned().map(put).collect())).await.expect("commits");
    }
    let make: MakeClaim =
        Arc::new(|job, run_id| Ok((job.claim(run_id.clone(), time(9))?, event("run.started"))));
    // more places than jobs, so that every process asks for the last ones too
    let claims = (0..24).map(|n| {
        let runs = (0..4).map(|_| RunId::parse(SystemIds.id("run")).expect("valid")).collect();
        let ask = ClaimAsk { runs, limits: RunningLimits::default(), make: Arc::clone(&make) };
        stores[n % stores.len()].claim(ask)
    });
    let mut taken = BTreeSet::new();
    for outcome in join_all(claims).await {
        for claimed in outcome.expect("claims").jobs {
            assert!(taken.insert(claimed.job.job_id.clone()), "{} is taken twice", claimed.job.job_id);
        }
    }
    assert_eq!(taken.len(), queued.len());
    assert_eq!(stores[1].running().await.expect("reads").len(), queued.len());
}

#[tokio::test]
async fn a_process_beside_a_server_takes_nothing_from_it() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let (a, b) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let owner = open(&url, a.path(), Access::Own).unwrap_or_else(|error| panic!("{error}"));
    let mut changes = owner.changes();
    let refused = open(&url, a.path(), Access::Directory).err().expect("the directory has an owner");
    assert!(matches!(refused, OpenError::Lock(_)), "{refused}");
    for (n, (dir, access)) in
        [(a.path(), Access::Beside), (b.path(), Access::Beside), (b.path(), Access::Directory)]
            .into_iter()
            .enumerate()
    {
        let beside = open(&url, dir, access).unwrap_or_else(|error| panic!("{error}"));
        let record = job("default", &format!("job_{n}"), 0);
        let receipt = beside.commit(commit(vec![put(record.clone())])).await.expect("commits");
        beside.shutdown();
        assert_eq!(dir.join("store").exists(), dir == a.path() || access == Access::Directory);
        let change = told(&mut changes).await;
        let record = ChangedRecord::Job(record.into());
        assert_eq!(change, Change { sequence: receipt.sequence, is_own: false, record });
    }
    let after = owner.commit(commit(vec![put(job("default", "after", 0))])).await.expect("commits");
    assert_eq!((after.sequence, owner.status().fault), (4, None));
    // an owner that follows takes the store over; who works beside it stays
    let beside = open(&url, b.path(), Access::Beside).unwrap_or_else(|error| panic!("{error}"));
    let next_owner = open(&url, b.path(), Access::Own).unwrap_or_else(|error| panic!("{error}"));
    beside.commit(commit(vec![put(job("default", "beside", 0))])).await.expect("commits");
    let late = owner.commit(commit(vec![put(job("default", "late", 0))])).await;
    assert!(matches!(late, Err(CommitError::Stopped { .. })), "{late:?}");
    next_owner.shutdown();
    // tables of another format belong to another release
    server.sql(&name, "UPDATE ss.meta SET format = format + 1, min_writer = format + 1").expect("written");
    let late = beside.commit(commit(vec![put(job("default", "late", 0))])).await;
    assert!(matches!(late, Err(CommitError::Stopped { .. })), "{late:?}");
    assert!(beside.status().fault.is_some_and(|fault| fault.contains("another format")));
}

#[tokio::test]
async fn a_process_that_missed_commits_for_good_stops() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path(), Access::Own).unwrap_or_else(|error| panic!("{error}"));
    let mut changes = store.changes();
    // two commits of others whose receipts are gone
    server.sql(&name, "UPDATE ss.heads SET sequence = sequence + 2").expect("written");
    let ended = tokio::time::timeout(PATIENCE, changes.recv()).await.expect("it stops in time");
    assert_eq!(ended, None, "nothing is told that is not in order");
    assert!(store.status().fault.is_some_and(|fault| fault.contains("receipts are gone")));
}

#[tokio::test]
async fn a_process_that_told_more_than_the_database_has_stops() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path(), Access::Own).unwrap_or_else(|error| panic!("{error}"));
    store.commit(commit(vec![put(job("default", "job_1", 0))])).await.expect("commits");
    server.sql(&name, "UPDATE ss.heads SET sequence = sequence - 1").expect("written");
    let late = store.commit(commit(vec![put(job("default", "job_2", 0))])).await;
    assert!(matches!(late, Err(CommitError::Stopped { .. })), "{late:?}");
    assert!(store.status().fault.is_some_and(|fault| fault.contains("lost commits")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_do_not_pass_a_bound_of_a_tenant_together() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let stores = three(&url, dir.path());
    let limits = TenantLimits { jobs: Some(7), jobs_per_day: Some(20), ..TenantLimits::default() };
    let commits = (0..24).map(|n| {
        let mut one = commit(vec![put(job("limited", &format!("job_{n}"), 0))]);
        one.within =
            Some(TenantBounds { tenant_id: tenant("limited"), limits: limits.clone(), webhooks: None });
        let store = Arc::clone(&stores[n % stores.len()]);
        tokio::spawn(async move { store.commit(one).await })
    });
    let answers = join_all(commits).await.into_iter().map(|answer| answer.expect("does not panic"));
    let (made, refused): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
    assert_eq!(made.len(), 7);
    assert!(refused.iter().all(|answer| matches!(answer, Err(CommitError::OverBound(_)))), "{refused:?}");
    for store in &stores {
        assert_eq!(store.usage(&tenant("limited")).await.expect("reads").jobs, 7);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_do_not_pass_the_bound_on_webhooks_together() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let stores = three(&url, dir.path());
    let commits = (0..24).map(|n| {
        // half of them are those of a job, which have a bound of their own
        let job_id = (n % 2 == 0).then_some("job_1");
        let mut one = commit(vec![put(webhook("limited", &format!("wh_{n}"), job_id, 0))]);
        let webhooks = WebhookBound { job_id: job_id.map(|id| id.parse().expect("valid")), most: 5 };
        let limits = TenantLimits::default();
        one.within = Some(TenantBounds { tenant_id: tenant("limited"), limits, webhooks: Some(webhooks) });
        let store = Arc::clone(&stores[n % stores.len()]);
        tokio::spawn(async move { store.commit(one).await })
    });
    let answers = join_all(commits).await.into_iter().map(|answer| answer.expect("does not panic"));
    let (made, refused): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
    assert_eq!(made.len(), 10);
    assert!(refused.iter().all(|answer| matches!(answer, Err(CommitError::OverBound(_)))), "{refused:?}");
    let of_tenant = stores[0].list_webhooks(Some(tenant("limited")), WebhookScope::Tenant, 100).await;
    assert_eq!(of_tenant.expect("lists").len(), 5);
}
