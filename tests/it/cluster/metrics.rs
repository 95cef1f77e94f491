//! Metrics of several servers: what is counted is counted once, and what the store holds is told by each.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::support::{Job, Shared};
use crate::support::app::PATIENCE;
use crate::support::program::Program;
use crate::support::scrape::Scrape;

async fn scrape(server: &Program) -> Scrape {
    let answer = server.http.get(format!("{}/metrics", server.base)).send().await.expect("answers");
    Scrape { text: answer.text().await.expect("text") }
}

/// Scrapes until something holds.
async fn until(server: &Program, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = scrape(server).await;
        if holds(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}\n{}", found.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_counted_by_one_server_and_what_is_stored_is_told_by_each() {
    let Some(shared) = Shared::new() else { return };
    let (api, both) = (shared.server("api", "api").go(), shared.server("all", "all").go());
    let job = Job::new(&api, &api).await;
    job.prepare(&api).await;
    job.call(&api, Method::POST, "/run", &json!({})).await;
    assert_eq!(job.ended(&api).await["status"], "succeeded");
    // changes are told in order: whoever has counted one of them has seen all before it
    let worked = until(&both, "its run is counted", |found| found.get("ss_runs_total", &[]) >= 1.0).await;
    let count = |found: &Scrape, event: &str| found.get("ss_jobs_total", &[("event", event)]);
    let before = until(&api, "its request is counted", |found| count(found, "queued") >= 1.0).await;
    Job::new(&api, &api).await;
    let more = |found: &Scrape| count(found, "created") > count(&before, "created");
    let asked = until(&api, "its new job is counted", more).await;
    assert_eq!((count(&asked, "queued"), count(&worked, "queued")), (1.0, 0.0));
    for name in ["ss_runs_total", "ss_queue_wait_seconds_count"] {
        assert_eq!((asked.get(name, &[]), worked.get(name, &[])), (0.0, 1.0), "{name}");
    }
    assert_eq!(count(&asked, "succeeded"), 0.0);
    for server in [&api, &both] {
        let holds = |found: &Scrape| {
            let jobs = |status| found.get("ss_jobs", &[("status", status)]);
            (jobs("succeeded"), jobs("created")) == (1.0, 1.0)
        };
        until(server, "the jobs of the store", holds).await;
    }
}
