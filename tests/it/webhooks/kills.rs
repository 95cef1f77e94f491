//! The real program is killed between a commit and its delivery: the next start delivers.

use reqwest::Method;
use serde_json::json;

use crate::support::app::ADMIN_KEY;
use crate::support::postgres;
use crate::support::program::Start;
use crate::support::receiver::{Receiver, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_kill_is_delivered_after_it() {
    let dir = tempfile::tempdir().expect("a directory");
    deliver_after_kills(&Start::on(dir.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_kill_is_delivered_after_it_on_postgres() {
    let Some(server) = postgres::shared() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let (_, url) = server.database();
    let start = Start::on_postgres(dir.path(), &url);
    deliver_after_kills(&start).await;
}

async fn deliver_after_kills(start: &Start) {
    let receiver = Receiver::start().await;
    receiver.always(Reply::Never);
    let start = start.clone().with("SS_WEBHOOKS__PRIVATE_NETWORKS", "127.0.0.0/8");
    let mut service = start.go();
    let body = json!({"url": receiver.url, "event_types": ["job.created"]});
    let made = service.call(Method::POST, "/v1/webhooks", ADMIN_KEY, &body).await.ok();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let mut jobs = Vec::new();
    for n in 0..3 {
        let codes = json!({"count": 1});
        let made = service.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &codes).await.ok();
        let redeem = json!({"task_code": made["task_codes"][0]["task_code"], "requirement": "x"});
        let url = format!("{}/v1/task-codes/redeem", service.base);
        let redeemed = crate::support::app::Answer::of(service.http.post(url).json(&redeem)).await.ok();
        jobs.push(redeemed["job_id"].as_str().expect("an id").to_owned());
        if n == 1 {
            // one attempt is under way
            receiver.wait(1).await;
        }
        service.kill();
        if n == 2 {
            receiver.always(Reply::Status(200));
        }
        service = start.go();
    }
    let started = std::time::Instant::now();
    loop {
        let seen = receiver.seen();
        let came: std::collections::BTreeSet<String> =
            seen.iter().map(|one| one.json()["data"]["job_id"].as_str().expect("an id").to_owned()).collect();
        if jobs.iter().all(|job| came.contains(job)) {
            assert!(seen.iter().all(|one| one.is_signed_by(&secret)));
            break;
        }
        assert!(started.elapsed() < crate::support::app::PATIENCE, "{came:?} of {jobs:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(service.end().success());
}
