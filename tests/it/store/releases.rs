//! Tables of a later release: servers of this one go on beside it as long as it lets them.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::postgres::store::migrate;
use stata_service::adapters::postgres::{Access, OpenError, Options, PostgresStore, TABLES_FORMAT};
use stata_service::ports::store::{CommitError, Store, StoreExt};

use super::postgres::LOCK_WAIT;
use crate::support::postgres::shared;
use crate::support::records::*;

fn open(url: &SecretString, dir: &Path) -> Result<Arc<PostgresStore>, OpenError> {
    let options = Options::new(url.clone(), dir.to_owned(), Arc::new(SystemClock));
    PostgresStore::open(Options { access: Access::Serve, lock_wait: LOCK_WAIT, ..options })
}

/// What a later release that only adds does to the tables: something new, and a format that this one may use.
const ADDED: &str = "CREATE TABLE ss.later (one bigint); ALTER TABLE ss.jobs ADD COLUMN later text; \
     UPDATE ss.meta SET format = format + 1";
/// The release behind that takes away what this one needs.
const TAKEN: &str =
    "UPDATE ss.meta SET format = format + 1, min_writer = format; UPDATE ss.heads SET epoch = epoch + 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_on_beside_tables_that_a_later_release_added_to_and_stops_before_others() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let (a, b) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let running = open(&url, a.path()).unwrap_or_else(|error| panic!("{error}"));
    running.commit(commit(vec![put(job("default", "job_1", 0))])).await.expect("commits");
    server.sql(&name, ADDED).expect("adds");
    running.commit(commit(vec![put(job("default", "job_2", 0))])).await.expect("goes on");
    assert_eq!(running.status().fault, None);
    // one that starts now, as after a rollback, and a migration by this release
    let started = open(&url, b.path()).unwrap_or_else(|error| panic!("{error}"));
    started.commit(commit(vec![put(job("default", "job_3", 0))])).await.expect("commits");
    let migrated = migrate(&url).expect("has nothing to do");
    assert_eq!((migrated.from, migrated.to), (Some(TABLES_FORMAT + 1), TABLES_FORMAT + 1));
    for id in ["job_1", "job_2", "job_3"] {
        let id = id.parse().expect("valid");
        assert!(running.job(&tenant("default"), &id).await.expect("reads").is_some());
    }
    started.shutdown();
    server.sql(&name, TAKEN).expect("takes away");
    let late = running.commit(commit(vec![put(job("default", "job_4", 0))])).await;
    assert!(matches!(late, Err(CommitError::Stopped { .. })), "{late:?}");
    assert!(running.status().fault.is_some_and(|fault| fault.contains("another format")));
    assert!(matches!(open(&url, b.path()), Err(OpenError::NewerFormat { .. })));
    assert!(matches!(migrate(&url), Err(OpenError::NewerFormat { .. })));
    let there = server.sql(&name, "SELECT count(*)::text FROM ss.jobs").expect("is answered");
    assert_eq!(there, ["3"], "nothing that was acknowledged is lost");
}

#[tokio::test]
async fn tables_that_were_made_before_the_rule_are_used_as_they_are() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    server.sql(&name, "ALTER TABLE ss.meta DROP COLUMN min_writer").expect("as before");
    let store = open(&url, dir.path()).unwrap_or_else(|error| panic!("{error}"));
    store.commit(commit(vec![put(job("default", "job_1", 0))])).await.expect("commits");
    assert_eq!(migrate(&url).expect("migrates").to, TABLES_FORMAT);
    server.sql(&name, "UPDATE ss.meta SET format = format + 1").expect("changes");
    let late = store.commit(commit(vec![put(job("default", "job_2", 0))])).await;
    assert!(matches!(late, Err(CommitError::Stopped { .. })), "no release says that it may: {late:?}");
}
