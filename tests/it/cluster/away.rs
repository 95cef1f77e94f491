//! A server whose database is away for long: what its log says, and how it ends.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::support::{Engine, Job, Shared, wait_for};
use crate::support::link::{Link, Passage};
use crate::support::postgres;
use crate::support::program::Start;

/// A server with its own way to the database.
fn linked(shared: &Shared, name: &str, role: &str) -> (Link, Start) {
    let socket = postgres::shared().expect("is here").socket();
    let start = shared.server(name, role);
    let link = Link::start(&shared.folder.path().join(name).join("link"), socket);
    let url = link.url(&shared.database);
    (link, start.with("SS_DATABASE_URL", &url))
}

/// Lines of a log with an event.
fn lines(start: &Start, event: &str) -> usize {
    start.log().lines().filter(|line| line.contains(&format!("\"{event}\""))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_database_has_a_line_at_its_beginning_and_one_at_its_end() {
    let Some(shared) = Shared::new() else { return };
    let (link, start) = linked(&shared, "api", "api");
    let api = tokio::task::block_in_place(|| start.go());
    let job = Job::new(&api, &api).await;
    link.set(Passage::Cut);
    // requests, the lease, the list of servers: each fails again and again
    for _ in 0..40 {
        let asked = api.request(Method::GET, &job.path, &job.token).send().await.expect("answers");
        assert_eq!(asked.status(), 503);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(lines(&start, "SS_STORE_UNREACHABLE"), 1, "{}", start.log());
    link.set(Passage::Open);
    tokio::task::block_in_place(|| {
        wait_for("the end is told", || lines(&start, "SS_STORE_BACK") == 1);
        assert!(api.end().success());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_ends_while_its_database_is_away_ends_in_order() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    let (link, start) = linked(&shared, "one", "worker");
    let start = engine.used_by(start);
    let (api, worker) = tokio::task::block_in_place(|| (shared.server("api", "api").go(), start.go()));
    let job = Job::new(&api, &api).await;
    job.prepare(&api).await;
    engine.hold();
    job.call(&api, Method::POST, "/run", &json!({})).await;
    let _again = tokio::task::block_in_place(|| {
        wait_for("the engine starts", || engine.starts() == 1);
        link.set(Passage::Cut);
        // the thread of the attempt asks for a commit until the end of the process
        engine.release();
        std::thread::sleep(Duration::from_secs(1));
        worker.end();
        let log = start.log();
        assert!(!log.contains("panicked") && !log.contains("SS_RUN_PANICKED"), "{log}");
        link.set(Passage::Open);
        start.go()
    });
    let ended = job.ended(&api).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
}
