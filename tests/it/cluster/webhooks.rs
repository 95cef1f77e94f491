//! Webhooks of several servers: the leader sends, whichever server takes a request.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Shared, text};
use crate::support::app::{ADMIN_KEY, PATIENCE};
use crate::support::program::Program;
use crate::support::receiver::{Receiver, Seen};

/// The number of the term, and whether the leader is the server with this address.
fn leads(shared: &Shared, server: &Program) -> Option<u64> {
    let address = server.base.strip_prefix("http://").expect("an address");
    let sql = format!(
        "SELECT l.term FROM ss.leader l JOIN ss.nodes n USING (node_id, epoch) \
         WHERE l.until > clock_timestamp() AND n.address LIKE '%{address}'"
    );
    shared.sql(&sql).first().map(|term| term.parse().expect("a number"))
}

async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn start(shared: &Shared, name: &str, role: &str) -> Program {
    let start = shared.server(name, role).with("SS_WEBHOOKS__PRIVATE_NETWORKS", "127.0.0.0/8");
    tokio::task::block_in_place(|| start.go())
}

async fn endpoint(server: &Program, receiver: &Receiver) -> String {
    let body = json!({"url": receiver.url, "event_types": ["run.succeeded"]});
    let made = server.call(Method::POST, "/v1/webhooks", ADMIN_KEY, &body).await.ok();
    format!("/v1/webhooks/{}", text(&made, "webhook_id"))
}

/// Asks for a test event; returns its delivery once it came.
async fn try_out(server: &Program, endpoint: &str, receiver: &Receiver) -> Value {
    let (asked, before) = (Instant::now(), receiver.seen().len());
    let path = format!("{endpoint}/test");
    let made = server.call(Method::POST, &path, ADMIN_KEY, &json!({})).await.ok();
    let id = text(&made, "delivery_id");
    let came = receiver.wait(before + 1).await;
    assert!(
        came.iter().any(|one| one.id() == id),
        "{id} in {:?}",
        came.iter().map(Seen::id).collect::<Vec<_>>()
    );
    assert!(asked.elapsed() < Duration::from_secs(30), "after {:?}", asked.elapsed());
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_takes_is_sent_by_the_leader() {
    let Some(shared) = Shared::new() else { return };
    let receiver = Receiver::start().await;
    let leader = start(&shared, "one", "all");
    until("a server leads", || leads(&shared, &leader)).await;
    let other = start(&shared, "two", "api");
    let endpoint = endpoint(&other, &receiver).await;
    let made = try_out(&other, &endpoint, &receiver).await;
    let id = text(&made, "delivery_id");
    let log = format!("{endpoint}/deliveries");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = other.call(Method::GET, &log, ADMIN_KEY, &json!({})).await.ok();
        if log["deliveries"][0]["status"] == "delivered" {
            break;
        }
        assert!(Instant::now() < deadline, "{log}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let path = format!("{endpoint}/deliveries/{id}/replay");
    other.call(Method::POST, &path, ADMIN_KEY, &json!({})).await.ok();
    let came = receiver.wait(2).await;
    assert_eq!(came[1].id(), id, "it has the id of the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_leads_again_sends_again() {
    let Some(shared) = Shared::new() else { return };
    let receiver = Receiver::start().await;
    let server = start(&shared, "one", "all");
    let first = until("it leads", || leads(&shared, &server)).await;
    let endpoint = endpoint(&server, &receiver).await;
    try_out(&server, &endpoint, &receiver).await;
    // another server gets the term, as after a pause of this one, and is gone soon after
    shared.sql(
        "UPDATE ss.leader SET node_id = 'other', epoch = 0, term = term + 1, \
         until = clock_timestamp() + interval '3 seconds'",
    );
    until("it leads again", || leads(&shared, &server).filter(|term| *term > first + 1)).await;
    try_out(&server, &endpoint, &receiver).await;
}
