//! The store in PostgreSQL with a standby: a failover under load, commits that wait for the standby, and standbys that nobody
//! waits for.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use secrecy::{ExposeSecret, SecretString};
use stata_service::domain::ids::JobId;
use stata_service::ports::store::{ReadError, Store, StoreExt};
use tokio::task::block_in_place;

use super::postgres::{is_there, open, progress, write_through};
use crate::support::link::{Link, Passage};
use crate::support::postgres::{Pooler, Server};
use crate::support::records::*;

/// A server with a database of the service, and a standby; `None` where PostgreSQL is not here.
fn pair() -> Option<(Server, Server, String)> {
    let primary = Server::start()?;
    let (name, _) = primary.database();
    let standby = primary.standby();
    Some((primary, standby, name))
}

/// The address of a database on whichever of two servers takes writes.
fn either(a: &Server, b: &Server, name: &str) -> SecretString {
    let folder = |server: &Server| server.folder().display().to_string().replace('/', "%2F");
    format!("postgresql://postgres@{},{}/{name}", folder(a), folder(b)).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_synchronous_standby_loses_nothing_that_was_acknowledged() {
    let Some((primary, standby, name)) = block_in_place(pair) else { return };
    block_in_place(|| primary.wait_for_standbys());
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&either(&primary, &standby, &name), dir.path());
    write_through(&store, async |told| {
        progress(told, 200).await;
        let killed = Instant::now();
        block_in_place(|| primary.end(Signal::KILL));
        block_in_place(|| standby.promote());
        let promoted = Instant::now();
        // eight commits may have waited for their answer when it was promoted
        progress(told, 9).await;
        eprintln!(
            "writers are back {:?} after the promotion, {:?} after the kill",
            promoted.elapsed(),
            killed.elapsed()
        );
        progress(told, 50).await;
    })
    .await;
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_silent_keeps_nobody_from_the_one_that_was_promoted() {
    let Some((primary, standby, name)) = block_in_place(pair) else { return };
    block_in_place(|| primary.wait_for_standbys());
    let dir = tempfile::tempdir().expect("a directory");
    let links = [("first", &primary), ("second", &standby)]
        .map(|(folder, server)| Link::start(&dir.path().join(folder), server.socket()));
    let url = format!("postgresql://postgres@{},{}/{name}", links[0].host(), links[1].host());
    let store = open(&url.into(), dir.path());
    write_through(&store, async |told| {
        progress(told, 50).await;
        block_in_place(|| primary.end(Signal::KILL));
        // connections end, and new ones are neither made nor refused
        links[0].set(Passage::Cut);
        links[0].set(Passage::Silent);
        block_in_place(|| standby.promote());
        progress(told, 50).await;
    })
    .await;
    store.shutdown();
}

/// Shorter than the time that the database has for an answer, and long for a loaded machine.
const LEFT: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_hangs_is_left_for_the_one_that_was_promoted_and_not_taken_back_when_it_wakes() {
    let Some((primary, standby, name)) = block_in_place(pair) else { return };
    block_in_place(|| primary.wait_for_standbys());
    let dir = tempfile::tempdir().expect("a directory");
    let links = [("first", &primary), ("second", &standby)]
        .map(|(folder, server)| Link::start(&dir.path().join(folder), server.socket()));
    let url = format!("postgresql://postgres@{},{}/{name}", links[0].host(), links[1].host());
    let store = open(&url.into(), dir.path());
    write_through(&store, async |told| {
        progress(told, 50).await;
        // a machine that is frozen: connections to it stay open, and new ones can be made
        links[0].set(Passage::Silent);
        block_in_place(|| standby.promote());
        tokio::time::timeout(LEFT, progress(told, 50)).await.expect("writers are back");
        // it wakes up and takes itself for the one that takes writes, while the other one is away for a moment
        links[1].set(Passage::Cut);
        links[0].set(Passage::Open);
        tokio::time::sleep(Duration::from_secs(2)).await;
        links[1].set(Passage::Open);
        progress(told, 50).await;
    })
    .await;
    assert_eq!(store.status().fault, None);
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_answers_is_left_for_the_one_that_was_promoted() {
    let Some((primary, standby, name)) = block_in_place(pair) else { return };
    block_in_place(|| primary.wait_for_standbys());
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&either(&primary, &standby, &name), dir.path());
    write_through(&store, async |told| {
        progress(told, 50).await;
        // the primary does not know: it answers, and its commits wait for the standby that left it
        block_in_place(|| standby.promote());
        tokio::time::timeout(LEFT, progress(told, 50)).await.expect("writers are back");
    })
    .await;
    assert_eq!(store.status().fault, None);
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_to_which_a_pooler_leads_answers_no_read_until_it_is_promoted() {
    let Some((primary, standby, name)) = block_in_place(pair) else { return };
    let Some(pooler) = block_in_place(|| Pooler::start(&primary, 4)) else { return };
    block_in_place(|| primary.wait_for_standbys());
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&pooler.url(&name), dir.path());
    store.commit(commit(vec![put(job("default", "job_0", 0))])).await.expect("commits");
    let read = async |id: &str| store.job(&tenant("default"), &JobId::parse(id).expect("valid")).await;
    assert!(read("job_0").await.expect("reads").is_some());
    pooler.lead_to(&standby);
    // what is there, and what is not: a standby may be behind
    for id in ["job_0", "job_1"] {
        let refused = async || while read(id).await.is_ok() {};
        tokio::time::timeout(LEFT, refused()).await.expect("it is refused");
        let refusal = read(id).await.expect_err("it stays so");
        assert!(matches!(refusal, ReadError::Unavailable { .. }), "{refusal:?}");
    }
    block_in_place(|| standby.promote());
    let answered = async || while read("job_0").await.is_err() {};
    tokio::time::timeout(LEFT, answered()).await.expect("it is answered");
    assert!(read("job_0").await.expect("reads").is_some());
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_waits_for_the_synchronous_standby_whatever_the_database_sets() {
    let Some((primary, standby, name)) = block_in_place(pair) else { return };
    block_in_place(|| {
        primary.wait_for_standbys();
        let local = format!("ALTER DATABASE {name} SET synchronous_commit = local");
        primary.sql(&name, &local).expect("set");
    });
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&primary.url(&name).into(), dir.path());
    store.commit(commit(vec![put(job("default", "job_0", 0))])).await.expect("commits");
    block_in_place(|| standby.end(Signal::INT));
    let mut waiting = store.commit(commit(vec![put(job("default", "job_1", 0))]));
    let early = tokio::time::timeout(Duration::from_millis(500), &mut waiting).await;
    assert!(early.is_err(), "acknowledged without the standby: {early:?}");
    // a restart shows the commit, which the standby still lacks
    block_in_place(|| {
        primary.end(Signal::KILL);
        primary.run();
    });
    let early = tokio::time::timeout(Duration::from_secs(1), &mut waiting).await;
    assert!(early.is_err(), "acknowledged without the standby: {early:?}");
    block_in_place(|| standby.run());
    waiting.await.expect("commits");
    assert!(is_there(&store, "job_1").await);
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_nobody_waits_for_is_told_as_a_risk() {
    let Some(primary) = block_in_place(Server::start) else { return };
    let (name, url) = block_in_place(|| primary.database());
    // a role without any right of its own over the server
    let plain = "CREATE ROLE plain LOGIN; GRANT ALL ON SCHEMA ss TO plain; GRANT ALL ON ALL TABLES IN SCHEMA ss TO plain";
    block_in_place(|| primary.sql(&name, plain)).expect("made");
    let plain = SecretString::from(url.expose_secret().replace("//postgres@", "//plain@"));
    let dir = tempfile::tempdir().expect("a directory");
    let risks = || {
        let store = open(&plain, dir.path());
        let status = store.status();
        store.shutdown();
        (status.crash_risk, status.failover_risk)
    };
    assert_eq!(risks(), (None, None), "a server alone");
    let standby = block_in_place(|| primary.standby());
    let (crash, failover) = risks();
    assert_eq!(crash, None);
    assert!(failover.as_ref().is_some_and(|risk| risk.contains("synchronous_standby_names")), "{failover:?}");
    block_in_place(|| primary.wait_for_standbys());
    assert_eq!(risks(), (None, None), "it is waited for");
    block_in_place(|| {
        primary.sql("postgres", "ALTER SYSTEM SET fsync = off").expect("set");
        primary.sql("postgres", "SELECT pg_reload_conf()").expect("read again");
        let deadline = Instant::now() + Duration::from_secs(60);
        while primary.sql("postgres", "SHOW fsync").expect("asked") != ["off"] {
            assert!(Instant::now() < deadline, "the setting is not read");
        }
    });
    assert_eq!(risks().0.as_deref(), Some("PostgreSQL runs with fsync off"));
    drop(standby);
}
