//! Keys that servers of one store must have in common: one that has others is named, and its links are refused elsewhere.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Job, Shared, health, text};
use crate::support::program::Program;

/// A signed link to the events of a job, made by one server and opened at another; the status.
async fn opened(job: &Job, signer: &Program, other: &Program) -> u16 {
    let made = job.call(signer, Method::POST, "/links", &json!({"scope": "events"})).await;
    let link = other.http.get(format!("{}{}", other.base, text(&made, "url")));
    link.send().await.expect("answers").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_other_keys_is_named_by_health_and_by_the_log() {
    let Some(shared) = Shared::new() else { return };
    let one = shared.server("one", "api").go();
    let two = shared.server("two", "api").go();
    let counts = |n: usize| move |check: &Value| check["detail"] == format!("{n} servers share the store");
    for server in [&one, &two] {
        let report = health(server, counts(2)).await;
        assert_eq!(report["checks"]["servers"]["status"], "ok");
    }
    let job = Job::new(&one, &two).await;
    assert_eq!(opened(&job, &one, &two).await, 200);

    let other = "another-key-for-links-of-one-server-0123";
    let odd = shared.server("three", "api").with("SS_TOKENS__LINK_KEYS", other).without("SS_WEBHOOKS__KEYS");
    let three = odd.go();
    let differ = |check: &Value| {
        let detail = check["detail"].as_str().unwrap_or_default();
        detail.contains("tokens.link_keys differs") && detail.contains("webhooks.keys differs")
    };
    let nodes = |name: &str| shared.sql(&format!("SELECT node_id FROM ss.nodes WHERE address = '{name}'"));
    for (server, named) in [(&one, &three), (&three, &one)] {
        let report = health(server, differ).await;
        assert_eq!(report["checks"]["servers"]["status"], "degraded", "{report}");
        let node = nodes(&named.base);
        assert!(
            report["checks"]["servers"]["detail"].as_str().is_some_and(|detail| detail.contains(&node[0]))
        );
    }
    assert_eq!(opened(&job, &three, &one).await, 403, "what health says is so");
    assert!(odd.log().contains("SS_SERVER_KEYS"));
    let rows = shared.sql("SELECT config_sha256 FROM ss.nodes").join(" ");
    assert!(rows.contains("links=") && !rows.contains("another-key"), "{rows}");

    // a new key that is behind the old one goes together with it
    assert!(three.end().success());
    let keys = format!("one-key-for-links-of-all-servers-0123,{other}");
    let three = shared.server("three", "api").with("SS_TOKENS__LINK_KEYS", &keys).go();
    for server in [&one, &three] {
        health(server, counts(3)).await;
    }
    assert_eq!(opened(&job, &three, &one).await, 200);
}
