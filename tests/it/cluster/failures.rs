//! Failed tries are counted over all servers: more servers do not mean more guesses.

use std::time::Instant;

use serde_json::json;

use super::support::{Job, Shared};
use crate::access::admin_access::PASSWORD_HASH;
use crate::support::app::Answer;
use crate::support::program::{Program, Start};

/// Failures that are allowed in a minute.
const MOST: u64 = 3;

fn strict(start: Start) -> Start {
    start
        .with("SS_LIMITS__FAILURES_PER_MINUTE", &MOST.to_string())
        .with("SS_ADMIN_USERNAME", "ops")
        .with("SS_ADMIN_PASSWORD_HASH", PASSWORD_HASH)
}

/// Tries a number of times at servers in turn; returns how many tries were judged, and not refused as too many.
async fn judged(
    servers: &[&Program],
    path: &str,
    code: &str,
    body: impl Fn(usize) -> serde_json::Value,
) -> u64 {
    let mut judged = 0;
    for n in 0..12 {
        let server = servers[n % servers.len()];
        let answer = Answer::of(server.http.post(format!("{}{path}", server.base)).json(&body(n))).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            assert_eq!(answer.refused(429, "RATE_LIMITED")["context"]["limit"], "failures_per_minute");
        } else {
            assert_eq!(answer.body["error_code"], code, "{}", answer.body);
            judged += 1;
        }
    }
    judged
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_at_several_servers_count_together() {
    let Some(shared) = Shared::new() else { return };
    let [one, two, three] = tokio::task::block_in_place(|| {
        ["one", "two", "three"].map(|name| strict(shared.server(name, "api")).go())
    });
    let servers = [&one, &two, &three];
    for (path, code) in
        [("/v1/admin/auth/login", "AUTH_LOGIN_FAILED"), ("/v1/task-codes/redeem", "TASK_CODE_NOT_FOUND")]
    {
        let asked = Instant::now();
        let judged = judged(&servers, path, code, |n| match code {
            "AUTH_LOGIN_FAILED" => json!({"username": "ops", "password": format!("wrong {n}")}),
            _ => json!({"task_code": format!("ssc_{n:026}"), "requirement": "What goes with higher pay?"}),
        });
        let judged = judged.await;
        // what comes back while a loaded machine takes its time
        let back = asked.elapsed().as_secs() * MOST / 60 + 1;
        assert!((MOST..=MOST + back).contains(&judged), "{judged} tries of {path} were judged");
    }
    // who has a code that was issued gets in
    Job::new(&one, &two).await;
    tokio::task::block_in_place(|| {
        for server in [one, two, three] {
            assert!(server.end().success());
        }
    });
}
