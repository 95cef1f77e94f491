//! `store move`: every row of an embedded store is in PostgreSQL afterwards, byte for byte, whatever interrupts the move;
//! at no moment can both stores be opened.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::postgres::{OpenError, Options, PostgresStore};
use stata_service::adapters::store::{OpenError as EmbeddedError, Options as EmbeddedOptions, SqliteStore};
use stata_service::domain::job::JobStatus;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::store::{JobFilter, ReadError, Store, StoreExt};

use super::postgres::open;
use crate::support::chain::whole_chain;
use crate::support::moving::{embedded, fill, rows_of_embedded, rows_of_postgres, run, tool, without_nul};
use crate::support::postgres::{Server, shared};
use crate::support::postgres_proxy::Proxy;
use crate::support::records::*;
use crate::support::servers::variable;

const MOVE: &[&str] = &["store", "move", "--json"];
const TAKE_BACK: &[&str] = &["store", "move", "--take-back", "--json"];

/// Whether the embedded store, and that in PostgreSQL, can be opened.
fn openable(data: &Path, url: &SecretString) -> (bool, bool) {
    let mut options = EmbeddedOptions::new(data.to_owned(), Arc::new(SystemClock));
    options.lock_wait = Duration::from_secs(10);
    let file = match SqliteStore::open(options) {
        Ok(store) => {
            store.shutdown();
            true
        }
        Err(EmbeddedError::Moved { .. }) => false,
        Err(error) => panic!("{error}"),
    };
    let options = Options::new(url.clone(), data.to_owned(), Arc::new(SystemClock));
    let postgres = match PostgresStore::open(options) {
        Ok(store) => {
            store.shutdown();
            true
        }
        Err(OpenError::EmbeddedStore | OpenError::Moving) => false,
        Err(error) => panic!("{error}"),
    };
    (file, postgres)
}

/// Checks that the database holds what the data directory held.
fn check_rows(server: &Server, name: &str, data: &Path) {
    let (mut expected, mut found) = (rows_of_embedded(data), rows_of_postgres(server, name));
    without_nul(&mut expected);
    without_nul(&mut found);
    for (table, rows) in &expected {
        assert_eq!(&found[table], rows, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_moves_and_the_database_continues_where_the_directory_ended() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    fill(data, 250).await;
    let filter = || JobFilter { limit: 1000, ..JobFilter::default() };
    let store = embedded(data);
    let (listed, events) =
        (store.list_jobs(filter()).await.expect("lists"), whole_chain(store.as_ref()).await);
    let queue = store.queued(0, 1000).await.expect("reads");
    let first_page = store.list_jobs(JobFilter { limit: 7, ..JobFilter::default() }).await.expect("lists");
    let (code, _, says) = run(data, Some(&url), MOVE);
    assert_eq!(code, Some(75), "a store that is in use is not moved: {says}");
    store.shutdown();
    let (_, head, _) = run(data, None, &["audit", "verify", "--json"]);

    let (code, report, says) = run(data, Some(&url), MOVE);
    assert_eq!((code, &report["ok"], &report["before"]), (Some(0), &json!(true), &json!(false)), "{says}");
    assert!(says.contains("copied 249 of 249 rows: jobs") && says.contains("comparing"), "{says}");
    assert_eq!((&report["audit_seq"], &report["audit_hash"]), (&head["audit_seq"], &head["audit_hash"]));
    check_rows(server, &name, data);
    let (code, found, _) = run(data, Some(&url), &["audit", "verify", "--json"]);
    assert_eq!(
        (code, &found["audit_seq"], &found["audit_hash"]),
        (Some(0), &head["audit_seq"], &head["audit_hash"])
    );
    let (code, again, _) = run(data, Some(&url), MOVE);
    assert_eq!((code, &again["before"]), (Some(0), &json!(true)), "a second call finds it done");

    // the old store names the new one, whatever command asks
    for words in
        [&["store", "check"][..], &["audit", "verify"], &["store", "rebuild"], &["backup", "--to", "b"]]
    {
        let (code, _, says) = run(data, None, words);
        assert_eq!(code, Some(78), "{words:?}: {says}");
        assert!(says.contains(&name) && says.contains("--take-back"), "{words:?}: {says}");
    }
    assert_eq!(openable(data, &url), (false, true));

    let store = open(&url, data);
    assert_eq!(store.list_jobs(filter()).await.expect("lists").items, listed.items, "in the same order");
    let cursor = first_page.next_cursor.clone();
    let second = JobFilter { limit: 7, cursor, ..JobFilter::default() };
    let second = store.list_jobs(second).await.expect("a cursor of the old store");
    assert_eq!(second.items, listed.items[7..14]);
    assert_eq!(store.queued(0, 1000).await.expect("reads"), queue);
    assert_eq!(whole_chain(store.as_ref()).await, events);
    let more = next(&job("default", "job_new", 9_000), JobStatus::Queued);
    store.commit(commit(vec![put(job("default", "job_new", 9_000))])).await.expect("commits");
    let receipt = store.commit(commit(vec![put(more)])).await.expect("commits");
    assert_eq!(json!(receipt.sequence - 2), report["sequence"], "numbers continue");
    let last = store.queued(0, 1000).await.expect("reads").pop().expect("one");
    assert!(last.job_id.as_str() == "job_new" && last.queue_seq == queue.last().expect("some").queue_seq + 1);
    assert_eq!(whole_chain(store.as_ref()).await.len(), events.len() + 2);
    let newest = JobFilter { limit: 1, ..JobFilter::default() };
    assert_eq!(store.list_jobs(newest).await.expect("lists").items[0].job_id.as_str(), "job_new");
    store.shutdown();

    let (code, _, says) = run(data, Some(&url), TAKE_BACK);
    assert_eq!(code, Some(2), "{says}");
    assert!(says.contains("2 commits") && says.contains("restore"), "{says}");
    assert_eq!(openable(data, &url), (false, true));
}

/// Runs a move and kills it some time after so many lines; returns whether it came to its end before.
fn killed(data: &Path, url: &SecretString, lines: usize, after: Duration) -> bool {
    let mut child =
        tool(data, Some(url), MOVE).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut says = BufReader::new(child.stderr.take().expect("piped")).lines();
    for _ in 0..lines {
        let _ = says.next();
    }
    std::thread::sleep(after);
    child.kill().expect("killed, or ended before");
    child.wait().expect("reaped").success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let Some(server) = shared() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    fill(data, 3_500).await;
    let before = rows_of_embedded(data);
    let mut resumed = false;
    for round in 0..2 {
        let (name, url) = server.database();
        let mut kills = 0;
        for n in 0..10 {
            // after each of the first lines, and at odd moments behind them
            kills += u32::from(!killed(
                data,
                &url,
                n % 7,
                Duration::from_millis((n * n * 13 + round * 5) as u64 % 800),
            ));
            let state = openable(data, &url);
            assert_ne!(state, (true, true), "both can be opened after kill {n}");
            let progress = server.sql(&name, "SELECT progress FROM ss.moves").expect("reads");
            resumed |= !state.1 && progress.first().is_some_and(|text| text.contains("jobs"));
        }
        assert!(kills > 0, "none was killed");
        let (code, report, says) = run(data, Some(&url), MOVE);
        assert_eq!((code, &report["ok"]), (Some(0), &json!(true)), "{says}");
        assert_eq!(openable(data, &url), (false, true));
        check_rows(server, &name, data);
        let (code, report, says) = run(data, Some(&url), &["audit", "verify", "--json"]);
        assert_eq!((code, &report["ok"]), (Some(0), &json!(true)), "{says}");
        let (code, _, says) = run(data, Some(&url), TAKE_BACK);
        assert_eq!(code, Some(0), "{says}");
    }
    assert!(resumed, "no move was continued");
    assert_eq!(rows_of_embedded(data), before, "the data directory is as it was");
}

#[tokio::test]
async fn a_move_is_refused_where_anything_else_would_be_lost() {
    let Some(server) = shared() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    fill(&data, 3).await;
    fill(&other, 3).await;
    let refused = |data: &Path, url: Option<&SecretString>, expected: i32, text: &str| {
        let (code, _, says) = run(data, url, MOVE);
        assert_eq!(code, Some(expected), "{text}: {says}");
        assert!(says.contains(text), "{text}: {says}");
    };
    refused(&data, None, 2, "store.database_url");
    let nowhere: SecretString = "postgres://stata@127.0.0.1:1/x".to_owned().into();
    refused(&data, Some(&nowhere), 69, "database cannot be used");
    let (_, empty) = server.empty_database();
    refused(&data, Some(&empty), 78, "store migrate");
    let (_, used) = server.database();
    let service = tempfile::tempdir().expect("a directory");
    refused(service.path(), Some(&used), 2, "no embedded store");
    let store = open(&used, service.path());
    store.commit(commit(vec![put(job("default", "job_1", 0))])).await.expect("commits");
    refused(&data, Some(&used), 2, "holds records already");
    store.commit(commit(vec![put(job("default", "job_2", 0))])).await.expect("it is still the owner");
    store.shutdown();
    embedded(&data).shutdown();

    let (_, url) = server.database();
    let (code, _, says) = run(&data, Some(&url), MOVE);
    assert_eq!(code, Some(0), "{says}");
    refused(&other, Some(&url), 2, "another data directory");
    let (_, second) = server.database();
    refused(&data, Some(&second), 78, "moved to");
    let elsewhere = Options::new(second, data.clone(), Arc::new(SystemClock));
    assert!(matches!(PostgresStore::open(elsewhere).err(), Some(OpenError::MovedElsewhere { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_the_two_marks_leaves_both_closed_until_the_next_call() {
    let Some(server) = tokio::task::block_in_place(Server::start) else { return };
    let (name, url) = server.database();
    let proxy = Proxy::start(server.folder());
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    fill(data, 20).await;
    let before = rows_of_embedded(data);
    let killed_at = |text: &'static [u8], words: &'static [&'static str]| {
        proxy.hold(text);
        let mut command = tool(data, Some(&proxy.url(&name)), words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        tokio::task::block_in_place(|| proxy.wait_until_held());
        child.kill().expect("it waits for the database");
        child.wait().expect("reaped");
    };
    // the data directory is marked, the database is not open yet
    killed_at(b"SET state = 'moved'", MOVE);
    assert_eq!(openable(data, &url), (false, false));
    let (code, report, says) = run(data, Some(&url), MOVE);
    assert_eq!((code, &report["before"]), (Some(0), &json!(false)), "{says}");
    assert_eq!(openable(data, &url), (false, true));
    check_rows(&server, &name, data);
    // taken back: the database is closed first
    killed_at(b"SET state = 'taken_back'", TAKE_BACK);
    assert_eq!(openable(data, &url), (false, true), "nothing has changed yet");
    assert_eq!(run(data, Some(&url), TAKE_BACK).0, Some(0));
    assert_eq!(openable(data, &url), (true, false));
    assert_eq!(rows_of_embedded(data), before);
}

#[tokio::test]
async fn a_move_is_taken_back_until_the_database_has_more() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    fill(data, 20).await;
    let (code, _, says) = run(data, Some(&url), TAKE_BACK);
    assert_eq!(code, Some(2), "there is nothing to take back: {says}");
    assert_eq!(run(data, Some(&url), MOVE).0, Some(0));
    // a service that has the database loses it
    let elsewhere = tempfile::tempdir().expect("a directory");
    let late = open(&url, elsewhere.path());
    let (code, _, says) = run(data, Some(&url), TAKE_BACK);
    assert_eq!(code, Some(0), "{says}");
    assert_eq!(openable(data, &url), (true, false));
    assert!(late.commit(commit(vec![put(job("default", "job_late", 0))])).await.is_err(), "it was fenced");
    late.shutdown();
    // the old store continues, and moves again with what it has now
    let store = embedded(data);
    store.commit(commit(vec![put(job("default", "job_more", 0))])).await.expect("commits");
    let changed =
        store.job(&tenant("default"), &job("default", "job_000002", 0).job_id).await.expect("reads");
    let changed = next(&changed.expect("there"), JobStatus::Cancelled);
    store.commit(commit(vec![put(changed)])).await.expect("commits");
    store.shutdown();
    let (code, report, says) = run(data, Some(&url), MOVE);
    assert_eq!((code, &report["before"]), (Some(0), &json!(false)), "{says}");
    check_rows(server, &name, data);
    assert_eq!(openable(data, &url), (false, true));
    // taken back between the two marks: the next call finishes it
    let mark = data.join("store/move.json");
    let moved = std::fs::read(&mark).expect("reads");
    assert_eq!(run(data, Some(&url), TAKE_BACK).0, Some(0));
    std::fs::write(&mark, moved).expect("writes");
    assert_eq!(openable(data, &url), (false, false));
    assert_eq!(run(data, Some(&url), TAKE_BACK).0, Some(0));
    assert_eq!(openable(data, &url), (true, false));
}

#[tokio::test]
async fn a_copy_that_differs_is_made_again() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    fill(data, 20).await;
    assert_eq!(run(data, Some(&url), MOVE).0, Some(0));
    assert_eq!(run(data, Some(&url), TAKE_BACK).0, Some(0));
    // behind the marks: a row less, another bit, and a row more
    for change in [
        "DELETE FROM ss.jobs WHERE job_id = 'job_000003'",
        "UPDATE ss.jobs SET fence = fence + 1 WHERE job_id = 'job_000004'",
        "INSERT INTO ss.quarantine VALUES ('x', 'y', 0)",
    ] {
        server.sql(&name, change).expect("changes");
        let (code, report, says) = run(data, Some(&url), MOVE);
        assert_eq!((code, &report["ok"]), (Some(0), &json!(true)), "{says}");
        assert!(says.contains("copying again"), "{change}: {says}");
        check_rows(server, &name, data);
        assert_eq!(run(data, Some(&url), TAKE_BACK).0, Some(0));
    }
}

#[tokio::test]
async fn damage_is_named_before_a_move_and_stays_what_it_is_after_it() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    fill(data, 6).await;
    let conn = rusqlite::Connection::open(data.join("store/store.sqlite3")).expect("opens");
    conn.execute_batch(
        r#"UPDATE jobs SET json = replace(json, 'raise', 'raisf') WHERE job_id = 'job_000001';
           INSERT INTO quarantine VALUES ('["job","default","job_000002"]', 'the store lost later commits of this record', 7),
                                         ('["job","other","job_000001"]', 'the checksum does not match', 8);"#,
    )
    .expect("damages");
    drop(conn);
    let (code, report, says) = run(data, Some(&url), MOVE);
    assert_eq!((code, &report["ok"]), (Some(1), &json!(false)), "{says}");
    assert!(
        report["damage"]["problems"][0]["subject"].as_str().is_some_and(|s| s.contains("job_000001")),
        "{report}"
    );
    assert_eq!(openable(data, &url), (true, false), "nothing was switched");
    let (code, _, says) = run(data, Some(&url), &["store", "move", "--keep-damaged", "--json"]);
    assert_eq!(code, Some(0), "{says}");
    check_rows(server, &name, data);
    for round in 0..2 {
        let store = open(&url, data);
        assert_eq!(store.status().quarantined_records, 2, "known from the start");
        for n in [1, 2] {
            let tenant_id = tenant(if n == 1 { "other" } else { "default" });
            let id = job("default", &format!("job_00000{n}"), 0).job_id;
            let read = store.job(&tenant_id, &id).await;
            assert!(matches!(read, Err(ReadError::Corrupt { .. })), "round {round}: {read:?}");
        }
        let listed = store.list_jobs(JobFilter { limit: 100, ..JobFilter::default() }).await.expect("lists");
        assert_eq!(listed.items.len(), 4, "neither is in lists");
        store.shutdown();
    }
    let (code, report, _) = run(data, Some(&url), &["store", "check", "--json"]);
    let kinds = |report: &serde_json::Value| {
        report["problems"]
            .as_array()
            .map_or(0, |all| all.iter().filter(|p| p["kind"] == "quarantine").count())
    };
    assert_eq!((code, kinds(&report)), (Some(1), 2), "{report}");
    // a record that is written again is whole again, also after a start
    let store = open(&url, data);
    let mut whole = job("default", "job_000002", 0);
    whole.version =
        server.sql(&name, "SELECT version + 1 FROM ss.jobs WHERE job_id = 'job_000002'").expect("reads")[0]
            .parse()
            .expect("a number");
    store.commit(commit(vec![put(whole.clone())])).await.expect("commits");
    assert_eq!(store.job(&whole.tenant_id, &whole.job_id).await, Ok(Some(whole.clone())));
    store.shutdown();
    let store = open(&url, data);
    assert_eq!(store.status().quarantined_records, 1);
    assert_eq!(store.job(&whole.tenant_id, &whole.job_id).await, Ok(Some(whole)));
    let events = store.events(0, 0, 1).await.expect("reads");
    assert_eq!(events.len(), 1);
    store.shutdown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_speed_of_a_move_is_measured() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    let jobs = if variable("SS_TEST_FULL").is_some() { 100_000 } else { 300 };
    fill(data, jobs).await;
    let (code, report, says) = run(data, Some(&url), MOVE);
    assert_eq!(code, Some(0), "{says}");
    let rows: u64 = report["rows"].as_object().expect("tables").values().filter_map(|n| n.as_u64()).sum();
    let counted = server.sql(&name, "SELECT count(*) FROM ss.jobs").expect("reads");
    assert_eq!(counted, [(jobs - 1).to_string()]);
    let seconds = report["seconds"].as_f64().expect("a number");
    println!("{rows} rows ({jobs} jobs) in {seconds:.1} s, compared: {:.0} rows/s", rows as f64 / seconds);
}
