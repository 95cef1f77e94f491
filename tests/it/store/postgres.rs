//! The store in PostgreSQL under real faults: connections cut while it commits, a server that is gone for a while or
//! killed, a second owner, tables of another release.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::files::LocalBlobStore;
use stata_service::adapters::postgres::store::{migrate, rebuild_queue};
use stata_service::adapters::postgres::{OpenError, Options, PostgresStore, Scope, TABLES_FORMAT, check};
use stata_service::domain::ids::{JobId, RunId};
use stata_service::domain::job::JobStatus;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::store::{
    ClaimAsk, Commit, CommitError, MakeClaim, ReadError, Receipt, RunningLimits, Store, StoreExt,
};

use crate::support::chain::whole_chain;
use crate::support::postgres::{Pooler, Server, shared};
use crate::support::postgres_proxy::{Cut, Proxy};
use crate::support::records::*;
use crate::support::worker_harness::plan;

/// How long a store waits for the one before it: a process that another test starts holds every lock of this one for a moment,
/// between its fork and its program.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(2);

fn options(url: &SecretString, dir: &Path) -> Options {
    Options { lock_wait: Duration::ZERO, ..Options::new(url.clone(), dir.to_owned(), Arc::new(SystemClock)) }
}

fn scope(dir: &Path) -> Scope {
    Scope { blobs: Arc::new(LocalBlobStore::new(dir.to_owned())), deep: true }
}

pub(super) fn open(url: &SecretString, dir: &Path) -> Arc<PostgresStore> {
    let options = Options { lock_wait: LOCK_WAIT, ..options(url, dir) };
    PostgresStore::open(options).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(url: &SecretString, dir: &Path) -> OpenError {
    PostgresStore::open(options(url, dir)).err().expect("is refused")
}

/// What writers were told.
#[derive(Default)]
pub(super) struct Told {
    acknowledged: Mutex<BTreeSet<String>>,
    refused: Mutex<BTreeSet<String>>,
    unknown: AtomicUsize,
    stop: AtomicBool,
}

/// Asks for the outcome of a commit until there is an answer.
async fn outcome(store: &PostgresStore, id: &str) -> Option<Receipt> {
    loop {
        match store.committed(id).await {
            Ok(receipt) => return receipt,
            Err(ReadError::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Makes jobs until told to stop, and notes what became of each.
async fn write(store: Arc<PostgresStore>, told: Arc<Told>, writer: usize) {
    for n in 0.. {
        if told.stop.load(Ordering::SeqCst) {
            return;
        }
        let id = format!("job_{writer}_{n}");
        let commit: Commit = commit(vec![put(job("default", &id, 0))]);
        let commit_id = commit.id.clone();
        let applied = match store.commit(commit).await {
            Ok(_) => true,
            Err(CommitError::Unavailable { .. }) => false,
            Err(CommitError::Indeterminate { id }) => {
                told.unknown.fetch_add(1, Ordering::SeqCst);
                assert_eq!(id, commit_id);
                outcome(&store, &id).await.is_some()
            }
            Err(error) => panic!("{error}"),
        };
        let list = if applied { &told.acknowledged } else { &told.refused };
        list.lock().expect("not poisoned").insert(id);
        if !applied {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Writes with eight callers while `fault` does its work, then checks that everybody was told the truth.
pub(super) async fn write_through(store: &Arc<PostgresStore>, fault: impl AsyncFnOnce(&Told)) {
    let told = Arc::new(Told::default());
    let mut changes = store.changes();
    let before = store.status().sequence;
    let writers: Vec<_> =
        (0..8).map(|writer| tokio::spawn(write(Arc::clone(store), Arc::clone(&told), writer))).collect();
    fault(told.as_ref()).await;
    told.stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("does not panic");
    }
    let acknowledged = told.acknowledged.lock().expect("not poisoned").clone();
    for id in &acknowledged {
        assert!(is_there(store, id).await, "{id} was acknowledged and is lost");
    }
    let refused = told.refused.lock().expect("not poisoned").clone();
    for id in &refused {
        assert!(!is_there(store, id).await, "{id} was refused and is there");
    }
    let events = whole_chain(store.as_ref()).await;
    assert_eq!(events.len(), acknowledged.len(), "one event for each job");
    let mut sequences = BTreeMap::new();
    while let Ok(change) = changes.try_recv() {
        *sequences.entry(change.sequence).or_insert(0) += 1;
    }
    let expected: BTreeMap<u64, i32> = (before + 1..=events.len() as u64).map(|n| (n, 1)).collect();
    assert_eq!(sequences, expected, "every change once, without a gap");
    assert_eq!(store.status().sequence, events.len() as u64);
    eprintln!(
        "{} acknowledged, {} refused, {} settled by the caller",
        acknowledged.len(),
        refused.len(),
        told.unknown.load(Ordering::SeqCst)
    );
}

pub(super) async fn is_there(store: &PostgresStore, id: &str) -> bool {
    let id = JobId::parse(id).expect("valid");
    store.job(&tenant("default"), &id).await.expect("reads").is_some()
}

/// Waits until so many jobs more were acknowledged.
pub(super) async fn progress(told: &Told, more: usize) {
    let count = || told.acknowledged.lock().expect("not poisoned").len();
    let (wanted, deadline) = (count() + more, Instant::now() + Duration::from_secs(60));
    while count() < wanted {
        assert!(Instant::now() < deadline, "no commit goes through");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing_that_was_acknowledged() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    write_through(&store, async |told| {
        for _ in 0..40 {
            progress(told, 3).await;
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND application_name = 'stata-service'";
            tokio::task::block_in_place(|| server.sql(&name, cut)).expect("cuts");
        }
        progress(told, 10).await;
    })
    .await;
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_in_commit_are_settled_by_the_receipt() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (name, _) = tokio::task::block_in_place(|| server.database());
    let proxy = Proxy::start(server.folder());
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&proxy.url(&name), dir.path());
    write_through(&store, async |told| {
        for at in [Cut::AfterCommit, Cut::BeforeCommit].into_iter().cycle().take(40) {
            proxy.cut(at);
            progress(told, 12).await;
        }
    })
    .await;
    assert_eq!(proxy.cuts(), (20, 20), "every order was carried out");
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_was_acknowledged() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (_, url) = tokio::task::block_in_place(|| server.database());
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    write_through(&store, async |told| {
        for _ in 0..3 {
            progress(told, 20).await;
            tokio::task::block_in_place(|| {
                server.end(Signal::KILL);
                server.run();
            });
        }
        progress(told, 20).await;
    })
    .await;
    store.shutdown();
}

/// The write-ahead log reaches the disk ten seconds late here, unless a commit asks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_commits_asynchronously_loses_nothing_that_was_acknowledged() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (name, url) = tokio::task::block_in_place(|| {
        let (name, url) = server.database();
        server.sql(&name, &format!("ALTER DATABASE {name} SET synchronous_commit = off")).expect("set");
        server.sql(&name, "ALTER SYSTEM SET wal_writer_delay = '10s'").expect("set");
        server.sql(&name, "SELECT pg_reload_conf()").expect("read again");
        (name, url)
    });
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    write_through(&store, async |told| {
        progress(told, 30).await;
        tokio::task::block_in_place(|| {
            server.end(Signal::KILL);
            server.run();
        });
        progress(told, 5).await;
    })
    .await;
    let value = tokio::task::block_in_place(|| server.sql(&name, "SHOW synchronous_commit")).expect("asked");
    assert_eq!(value, ["off"], "the setting is the database's own");
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_may_stand_between() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let Some(pooler) = tokio::task::block_in_place(|| Pooler::start(&server, 4)) else { return };
    let (name, _) = tokio::task::block_in_place(|| server.empty_database());
    let url = pooler.url(&name);
    assert_eq!(migrate(&url).expect("migrates").from, None);
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    write_through(&store, async |told| {
        progress(told, 200).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for _ in 0..10 {
            tokio::task::block_in_place(|| server.sql(&name, cut)).expect("cuts");
            progress(told, 5).await;
        }
    })
    .await;
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_for_a_while_is_told_as_such() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (_, url) = tokio::task::block_in_place(|| server.database());
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    store.commit(commit(vec![put(job("default", "job_1", 0))])).await.expect("commits");
    tokio::task::block_in_place(|| server.end(Signal::INT));
    let write = store.commit(commit(vec![put(job("default", "job_2", 0))])).await;
    assert!(matches!(write, Err(CommitError::Unavailable { .. })), "{write:?}");
    let id = JobId::parse("job_1").expect("valid");
    let read = store.job(&tenant("default"), &id).await;
    assert!(matches!(read, Err(ReadError::Unavailable { .. })), "{read:?}");
    let health = store.committed("health").await;
    assert!(matches!(health, Err(ReadError::Unavailable { .. })), "{health:?}");
    assert_eq!(store.status().fault, None, "nothing is over for good");
    tokio::task::block_in_place(|| server.run());
    store.commit(commit(vec![put(job("default", "job_2", 0))])).await.expect("commits again");
    assert!(is_there(&store, "job_1").await && is_there(&store, "job_2").await);
    store.shutdown();
}

#[tokio::test]
async fn a_second_owner_fences_the_first() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let (a, b) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let first = open(&url, a.path());
    first.commit(commit(vec![put(job("default", "job_1", 0))])).await.expect("commits");
    assert!(matches!(refused(&url, a.path()), OpenError::Lock(_)), "the same data directory");
    let second = open(&url, b.path());
    second.commit(commit(vec![put(job("default", "job_2", 0))])).await.expect("commits");
    let late = first.commit(commit(vec![put(job("default", "job_3", 0))])).await;
    assert!(matches!(late, Err(CommitError::Stopped { .. })), "{late:?}");
    assert!(first.status().fault.is_some_and(|fault| fault.contains("taken the store over")));
    assert!(!is_there(&second, "job_3").await);
    second.commit(commit(vec![put(job("default", "job_4", 0))])).await.expect("commits");
    assert_eq!(whole_chain(second.as_ref()).await.len(), 3);
    // one that commits nothing learns of it by its health
    let third = open(&url, a.path().join("other").as_path());
    let health = second.committed("health").await;
    assert!(matches!(health, Ok(_) | Err(ReadError::Stopped { .. })), "{health:?}");
    assert!(second.status().fault.is_some());
    third.shutdown();
}

#[tokio::test]
async fn one_commit_that_is_sent_eight_times_is_applied_once() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    let once = commit(vec![put(job("default", "job_1", 0))]);
    let receipts: Vec<_> = join_all((0..8).map(|_| store.commit(once.clone()))).await;
    for receipt in &receipts {
        assert_eq!(receipt, &receipts[0]);
        assert!(receipt.is_ok(), "{receipt:?}");
    }
    assert_eq!(store.events(0, 0, 10).await.expect("reads").len(), 1);
    store.shutdown();
}

#[tokio::test]
async fn odd_texts_are_kept() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    let mut odd = job("default", "job_1", 0);
    odd.client_ref = Some("a\0b".to_owned());
    odd.requirement = "\0 \u{FFFD} \u{1F600} \\u0000 ' \" {} , NULL".to_owned();
    let mut commit = commit(vec![put(odd.clone())]);
    commit.audit[0].resource = "job:\0".to_owned();
    store.commit(commit).await.expect("commits");
    assert_eq!(store.job(&odd.tenant_id, &odd.job_id).await, Ok(Some(odd.clone())));
    let filter = stata_service::ports::store::JobFilter {
        client_ref: odd.client_ref.clone(),
        limit: 10,
        ..Default::default()
    };
    assert_eq!(store.list_jobs(filter).await.expect("lists").items, [odd]);
    whole_chain(store.as_ref()).await;
    store.shutdown();
}

#[tokio::test]
async fn a_damaged_record_is_told_and_everything_else_is_served() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    let (bad, good) = (job("default", "job_1", 0), job("default", "job_2", 0));
    store.commit(commit(vec![put(bad.clone()), put(good.clone())])).await.expect("commits");
    let damage = "UPDATE ss.jobs SET json = replace(json, 'Does', 'Dots') WHERE job_id = 'job_1'";
    server.sql(&name, damage).expect("damages");
    let read = store.job(&bad.tenant_id, &bad.job_id).await;
    assert_eq!(read, Err(ReadError::Corrupt { key: job_key(&bad) }));
    let filter = stata_service::ports::store::JobFilter { limit: 10, ..Default::default() };
    assert_eq!(store.list_jobs(filter).await.expect("lists").items, [good]);
    assert_eq!(store.status().quarantined_records, 1);
    let again = next(&bad, bad.status);
    store.commit(commit(vec![put(again.clone())])).await.expect("is replaced");
    assert_eq!(store.job(&bad.tenant_id, &bad.job_id).await, Ok(Some(again)));
    assert_eq!(store.status().quarantined_records, 0);
    store.shutdown();
}

#[tokio::test]
async fn tables_of_the_release_before_are_brought_up_to_date() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&url, dir.path());
    let mut queued = next(&job("default", "job_1", 0), JobStatus::Queued);
    queued.version = 1;
    queued.plan = Some(plan("0", "0"));
    store.commit(commit(vec![put(tenant_record("kept")), put(queued)])).await.expect("commits");
    store.shutdown();
    drop(store);
    let formats = [
        "DROP TABLE ss.progress; CREATE TABLE ss.seat_pools (); CREATE TABLE ss.seats (); CREATE TABLE ss.rate_use (); \
         UPDATE ss.meta SET format = 6",
        "ALTER TABLE ss.nodes DROP COLUMN engine; UPDATE ss.meta SET format = 5",
        "DROP TABLE ss.nodes, ss.seat_pools, ss.seats, ss.leader, ss.claims_of_work, ss.guesses, ss.rate_use; DROP SEQUENCE ss.epochs; \
         ALTER TABLE ss.active_runs DROP COLUMN node_id, DROP COLUMN epoch; UPDATE ss.meta SET format = 4",
        "DROP TABLE ss.queue, ss.active_runs, ss.batches; ALTER TABLE ss.jobs DROP COLUMN batch_id; ALTER TABLE ss.heads DROP COLUMN claim_after; \
         CREATE INDEX jobs_queued ON ss.jobs (queue_seq) WHERE queue_seq IS NOT NULL; UPDATE ss.meta SET format = 3",
        "DROP TABLE ss.quarantine, ss.moves; UPDATE ss.meta SET format = 2",
        "DROP TABLE ss.webhooks, ss.deliveries, ss.cursors; UPDATE ss.meta SET format = 1",
    ];
    for (known, format) in [(6, 1), (5, 2), (4, 3), (3, 4), (2, 5), (1, 6)] {
        // as the earlier release left them
        server.sql(&name, &formats[..format].join("; ")).expect("changes");
        let OpenError::OlderFormat { found, known: own } = refused(&url, dir.path()) else {
            panic!("tables of format {known} are taken");
        };
        assert_eq!((found, own), (known, TABLES_FORMAT));
        let migrated = migrate(&url).expect("migrates");
        assert_eq!((migrated.from, migrated.to), (Some(known), TABLES_FORMAT));
        let store = open(&url, dir.path());
        assert!(store.tenant(&tenant("kept")).await.expect("reads").is_some());
        let made = vec![
            put(webhook("default", &format!("wh_{known}"), None, 0)),
            put(batch("default", &format!("batch_{known}"), "job_1", 0, None)),
        ];
        // batches of formats 5 and 6 are in the tables of format 4, and earlier formats have none
        let kept = store.open_batches().await.expect("reads").len();
        let expected = match known {
            5 => 1,
            4 => 2,
            _ => 0,
        };
        assert_eq!(kept, expected, "format {known}");
        store.commit(commit(made)).await.expect("commits");
        assert_eq!(store.queued(0, 9).await.expect("reads").len(), 1, "the queue is made from the jobs");
        store.shutdown();
    }
    let store = open(&url, dir.path());
    let run_id = RunId::parse("run_1").expect("valid");
    let make: MakeClaim = Arc::new(|job, run| Ok((job.claim(run.clone(), time(9))?, event("run.started"))));
    let claims = store.claim(ClaimAsk { runs: vec![run_id], limits: RunningLimits::default(), make }).await;
    assert_eq!(claims.expect("claims").jobs.len(), 1);
    store.shutdown();
    assert!(check(&url, scope(dir.path())).expect("reads").ok);
    server.sql(&name, "DELETE FROM ss.active_runs").expect("removes");
    assert!(check(&url, scope(dir.path())).expect("reads").ok, "nobody holds the run: it is lost");
    let lies = "INSERT INTO ss.active_runs VALUES ('default', 'job_9', 'run_9', 1, 0); \
                INSERT INTO ss.queue VALUES (7, 'default', 'job_1', '', 1, NULL)";
    server.sql(&name, lies).expect("lies");
    let report = check(&url, scope(dir.path())).expect("reads");
    let found: Vec<(&str, &str)> =
        report.problems.iter().map(|p| (p.kind.as_str(), p.subject.as_str())).collect();
    assert_eq!(found, [("queue", "job:default/job_1"), ("active_runs", "job:default/job_9")]);
    assert_eq!(rebuild_queue(&url).expect("makes it again"), 0);
    server.sql(&name, "DELETE FROM ss.active_runs").expect("removes");
    assert!(check(&url, scope(dir.path())).expect("reads").ok);
}

#[tokio::test]
async fn tables_of_another_release_are_refused() {
    let Some(server) = shared() else { return };
    let (name, url) = server.empty_database();
    let dir = tempfile::tempdir().expect("a directory");
    assert!(matches!(refused(&url, dir.path()), OpenError::NotMigrated));
    let at_once: Vec<_> =
        (0..4).map(|_| url.clone()).map(|url| std::thread::spawn(move || migrate(&url))).collect();
    let made = at_once.into_iter().map(|one| one.join().expect("does not panic").expect("migrates").from);
    assert_eq!(made.filter(Option::is_none).count(), 1, "the others find the tables");
    open(&url, dir.path()).shutdown();
    server.sql(&name, "UPDATE ss.meta SET format = 99, min_writer = 99").expect("changes");
    assert!(matches!(refused(&url, dir.path()), OpenError::NewerFormat { found: 99, .. }));
    assert!(matches!(migrate(&url), Err(OpenError::NewerFormat { .. })));
    std::fs::write(dir.path().join("store/store.sqlite3"), "").expect("written");
    assert!(matches!(refused(&url, dir.path()), OpenError::EmbeddedStore));
    for text in ["mysql://secret@host/x", "postgres://", "postgres://u:secret@host:port/x"] {
        let error = refused(&text.to_owned().into(), dir.path()).to_string();
        assert!(error.contains("store.database_url") && !error.contains("secret"), "{error}");
    }
}
