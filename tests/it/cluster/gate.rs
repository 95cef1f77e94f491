//! The production gate of a server that runs no jobs: it asks for the engine of another one.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use super::support::Shared;
use crate::support::app::{Answer, PATIENCE};
use crate::support::program::Program;

/// The violation of a rule as readiness shows it.
async fn violation(server: &Program, rule: &str) -> Option<String> {
    let answer = Answer::of(server.http.request(Method::GET, format!("{}/health/ready", server.base))).await;
    let violations = answer.body["violations"].as_array().expect("a list");
    assert!(!violations.is_empty(), "{}", answer.body);
    let found = violations.iter().find(|violation| violation["id"] == rule)?;
    Some(found["detail"].as_str().map_or_else(|| Value::to_string(found), str::to_owned))
}

/// Waits until the gate finds this of the engines.
async fn until(server: &Program, found: Option<&str>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = violation(server, "stata_attested").await;
        if now.as_deref() == found {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?} is not {now:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_runs_no_jobs_needs_one_that_does_with_an_attested_engine() {
    let Some(shared) = Shared::new() else { return };
    let start = shared.server("api", "api").with("SS_ENV", "production").with("SS_LLM_PROVIDER", "fake");
    let api = tokio::task::block_in_place(|| start.go());
    until(&api, Some("no server that runs jobs is live")).await;
    assert_eq!(violation(&api, "stata_command").await, None, "it needs no engine of its own");
    let worker = tokio::task::block_in_place(|| shared.server("worker", "worker").go());
    until(&api, Some("1 servers run jobs, and no engine of them is attested")).await;
    // as a worker in production writes it once its engine is attested
    shared.sql("UPDATE ss.nodes SET engine = 'Stata 18 MP' WHERE role = 'worker' RETURNING node_id");
    until(&api, None).await;
    tokio::task::block_in_place(|| worker.kill());
    until(&api, Some("no server that runs jobs is live")).await;
    tokio::task::block_in_place(|| api.kill());
}
