//! Rates of requests hold over all servers: more servers do not mean more requests.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::support::{Job, Shared};
use crate::support::app::{Answer, PATIENCE};
use crate::support::program::Program;

/// Requests of one credential: a second, at once.
const RATE: u64 = 10;
const BURST: u64 = 20;
const BUCKETS: &str = "SELECT count(*)::text FROM ss.guesses";
/// How long the servers are asked.
const ASKED: Duration = Duration::from_secs(12);

/// Waits until a server knows that so many serve.
async fn knows(server: &Program, servers: usize) {
    let deadline = Instant::now() + PATIENCE;
    let wanted = format!("ss_servers{{state=\"live\"}} {servers}");
    loop {
        let metrics = server.http.get(format!("{}/metrics", server.base)).send().await.expect("is answered");
        let metrics = metrics.text().await.expect("a text");
        if metrics.lines().any(|line| line == wanted) {
            return;
        }
        assert!(Instant::now() < deadline, "{metrics}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Asks a server for a job, again and again; returns how many requests were let through.
async fn let_through(server: &Program, job: &Job) -> u64 {
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < ASKED {
        let answer = server.call(Method::GET, &job.path, &job.token, &json!({})).await;
        match answer.status {
            StatusCode::OK => count += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(answer.headers.contains_key("retry-after"));
                assert_eq!(answer.refused(429, "RATE_LIMITED")["context"]["limit"], "credential");
            }
            other => panic!("{other}: {}", answer.body),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_one_rate_at_several_servers() {
    let Some(shared) = Shared::new() else { return };
    let servers = tokio::task::block_in_place(|| {
        ["one", "two", "three"].map(|name| {
            let server = shared.server(name, "api");
            server
                .with("SS_LIMITS__CREDENTIAL_PER_SECOND", &RATE.to_string())
                .with("SS_LIMITS__CREDENTIAL_BURST", &BURST.to_string())
                .go()
        })
    });
    for server in &servers {
        knows(server, servers.len()).await;
    }
    let job = Job::new(&servers[0], &servers[1]).await;
    let begun = Instant::now();
    let counts = futures_util::future::join_all(servers.iter().map(|server| let_through(server, &job))).await;
    let (let_through, asked) = (counts.iter().sum::<u64>(), begun.elapsed().as_secs_f64());
    // alone they let three times the rate through; what goes beyond one rate are the bursts and the requests of two turns
    let most = RATE as f64 * asked * 1.2 + (BURST * 3 + RATE * 4) as f64;
    assert!((let_through as f64) <= most, "{counts:?} in {asked} s");
    assert!(let_through >= BURST, "{counts:?}");
    // others are not touched by it
    let other = Job::new(&servers[2], &servers[0]).await;
    other.call(&servers[1], Method::GET, "", &json!({})).await;
    tokio::task::block_in_place(|| {
        for server in servers {
            assert!(server.end().success());
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn without_others_a_server_keeps_its_rate_to_itself() {
    let Some(shared) = Shared::new() else { return };
    let server = tokio::task::block_in_place(|| {
        shared.server("one", "api").with("SS_LIMITS__CREDENTIAL_PER_SECOND", "5").go()
    });
    let job = Job::new(&server, &server).await;
    let before = shared.sql(BUCKETS);
    for _ in 0..60 {
        Answer::of(server.request(Method::GET, &job.path, &job.token)).await.ok();
    }
    assert_eq!(shared.sql(BUCKETS), before);
    assert!(tokio::task::block_in_place(|| server.end()).success());
}
