//! Roles of servers: who answers, who runs, and who is refused.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Job, Shared};
use crate::support::app::{ADMIN_KEY, PATIENCE};
use crate::support::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_to_any_server_and_the_one_that_works_runs_the_job() {
    let Some(shared) = Shared::new() else { return };
    let (one, two, worker) = tokio::task::block_in_place(|| {
        (shared.server("one", "api").go(), shared.server("two", "api").go(), shared.server("all", "all").go())
    });
    let job = Job::new(&one, &two).await;
    job.prepare(&worker).await;
    job.call(&two, Method::POST, "/run", &json!({})).await;
    let ended = job.ended(&one).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let roles = "SELECT role || ' ' || state || ' ' || (address LIKE 'http://127.0.0.1:%')::text FROM ss.nodes ORDER BY 1";
    assert_eq!(shared.sql(roles), ["all live true", "api live true", "api live true"]);
    let renewed = "SELECT count(*)::text FROM ss.nodes WHERE lease_until > clock_timestamp()";
    assert_eq!(shared.sql(renewed), ["3"]);
    let seen = servers_with_a_leader(&two).await;
    let names = seen
        .iter()
        .map(|s| (s["role"].as_str(), s["state"].as_str(), s["leads"].as_bool(), s["is_this"].as_bool()));
    let names: BTreeSet<_> = names
        .map(|(r, s, l, t)| (r.expect("text"), s.expect("text"), l == Some(true), t == Some(true)))
        .collect();
    // only a server that runs jobs leads
    let expected =
        [("all", "live", true, false), ("api", "live", false, false), ("api", "live", false, true)];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(seen.iter().all(|s| s["has_lease"] == true && s["address"].is_string() && s["engine"].is_null()));
    until_metric(&two, "ss_servers{state=\"live\"} 3").await;
    until_metric(&two, "ss_server_leads 0").await;
    until_metric(&worker, "ss_server_leads 1").await;
    // a server that ended in order is not waited for
    tokio::task::block_in_place(|| assert!(two.end().success()));
    assert_eq!(shared.sql("SELECT count(*)::text FROM ss.nodes WHERE state = 'gone'"), ["1"]);
    for server in [one, worker] {
        tokio::task::block_in_place(|| server.kill());
    }
    // the same data directory takes its own place again
    let again = tokio::task::block_in_place(|| shared.server("all", "all").go());
    let epochs = "SELECT state FROM ss.nodes WHERE role = 'all' ORDER BY epoch";
    assert_eq!(shared.sql(epochs), ["gone", "live"]);
    tokio::task::block_in_place(|| again.kill());
}

/// Waits until a server exports a sample.
async fn until_metric(server: &Program, sample: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = server.http.get(format!("{}/metrics", server.base)).send().await.expect("answers");
        let text = answer.text().await.expect("a body");
        if text.lines().any(|line| line == sample) {
            return;
        }
        assert!(Instant::now() < deadline, "{sample} is not in {text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The servers as one of them shows them, once one leads.
async fn servers_with_a_leader(server: &Program) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = server.call(Method::GET, "/v1/admin/system/status", ADMIN_KEY, &json!({})).await.ok();
        let servers = status["servers"].as_array().expect("a list").clone();
        if servers.iter().any(|server| server["leads"] == true) {
            return servers;
        }
        assert!(Instant::now() < deadline, "{status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_no_clients_has_no_other_routes() {
    let Some(shared) = Shared::new() else { return };
    let worker = tokio::task::block_in_place(|| shared.server("one", "worker").go());
    for (path, status) in [
        ("/health/live", 200),
        ("/metrics", 200),
        ("/v1/jobs", 404),
        ("/v1/jobs/job_1", 404),
        ("/v1/admin/system/status", 404),
        ("/v1/jobs/job_1/runs/run_1/log", 401),
        ("/v1/jobs/job_1/runs/run_1/log/more", 404),
    ] {
        let answer = worker.http.get(format!("{}{path}", worker.base)).send().await.expect("answers");
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    tokio::task::block_in_place(|| worker.kill());
}

#[test]
fn servers_that_could_not_read_the_files_of_each_other_are_refused() {
    let Some(shared) = Shared::new() else { return };
    let refused = |start: crate::support::program::Start| {
        let ended = start.command().output().expect("runs");
        assert!(ended.stdout.is_empty(), "no ready line: {}", String::from_utf8_lossy(&ended.stdout));
        (ended.status.code(), start.log())
    };
    let local = shared.without_objects("local").go();
    for start in [shared.without_objects("other"), shared.server("objects", "api")] {
        let (code, log) = refused(start);
        assert_eq!(code, Some(78), "{log}");
        assert!(log.contains("files.backend = \"s3\""), "{log}");
    }
    assert!(local.end().success());
    // in its own place it may start again, with and without the lease of the one before
    shared.without_objects("local").go().kill();
    shared.without_objects("local").go().kill();
    for (name, value) in [("SS_SERVER__ROLE", "api"), ("SS_NODE__END_RUNS_AFTER_MS", "6000")] {
        let (code, log) = refused(shared.without_objects(name).with(name, value));
        assert_eq!(code, Some(78), "{log}");
        let key = name[3..].to_lowercase().replace("__", ".");
        assert!(log.contains(&key), "{key} in {log}");
    }
}
