//! Seats of a licence: the servers together start no more engines than there are seats.

use reqwest::Method;
use serde_json::json;

use super::support::{Engine, Job, Shared, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_with_one_seat_run_one_engine_at_a_time() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    let (one, two) = tokio::task::block_in_place(|| {
        let start = |name| engine.used_by(shared.server(name, "all")).with("SS_STATA_SEATS", "1");
        (start("one").go(), start("two").go())
    });
    let mut jobs = Vec::new();
    for _ in 0..4 {
        let job = Job::new(&one, &two).await;
        job.prepare(&two).await;
        jobs.push(job);
    }
    engine.hold();
    for job in &jobs {
        job.call(&one, Method::POST, "/run", &json!({})).await;
    }
    tokio::task::block_in_place(|| wait_for("an engine starts", || engine.starts() == 1));
    engine.release();
    for job in &jobs {
        let ended = job.ended(&two).await;
        assert_eq!(ended["status"], "succeeded", "{ended}");
    }
    // each engine notes those that were alive when it started
    assert_eq!((engine.starts(), engine.doubles().as_str()), (jobs.len(), ""));
    tokio::task::block_in_place(|| {
        for server in [one, two] {
            assert!(server.end().success());
        }
    });
}
