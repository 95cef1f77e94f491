//! Addresses that webhooks may not reach: when they are stored, and at each connection.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::webhooks::{HttpSender, SenderOptions};
use stata_service::domain::outgoing_address::AddressPolicy;
use stata_service::ports::webhook::{Outgoing, WebhookSender};

use super::{admin, endpoint, log_until};
use crate::support::app::TestApp;
use crate::support::receiver::{Receiver, Reply, options};

fn sender(addresses: AddressPolicy) -> HttpSender {
    let options = SenderOptions { addresses, timeout: Duration::from_secs(5), ca_pem: None };
    HttpSender::new(options, Arc::new(SystemClock)).expect("builds")
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let sender = sender(AddressPolicy::default());
    for refused in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://127.1/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://0.0.0.0/",
        "https://10.0.0.1:8443/x",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://224.0.0.1/",
        "https://[ff02::1]/",
        "https://１２７.0.0.1/",
    ] {
        let why = sender.check(refused).await.expect_err(refused);
        assert!(why.contains("may not reach"), "{refused}: {why}");
        let outgoing = Outgoing { url: refused.to_owned(), headers: Vec::new(), body: "{}".to_owned() };
        let received = sender.send(outgoing).await;
        assert!(received.error.is_some_and(|error| error.contains("may not reach")), "{refused}");
    }
    for (refused, says) in [
        ("http://1.1.1.1/", "https://"),
        ("http://127.0.0.1/", "may not reach"),
        ("ftp://1.1.1.1/", "https://"),
        ("https://user@1.1.1.1/", "user"),
        ("https://user:pass@1.1.1.1/", "user"), // pragma: allowlist secret
        ("https://1.1.1.1/#x", "fragment"),
        ("https://", "no URL"),
        ("hook", "no URL"),
        ("", "no URL"),
    ] {
        let why = sender.check(refused).await.expect_err(refused);
        assert!(why.contains(says), "{refused}: {why}");
    }
    let long = format!("https://1.1.1.1/{}", "x".repeat(2048));
    assert!(sender.check(&long).await.is_err());
    for allowed in ["https://1.1.1.1/", "https://[2606:4700::1111]:8443/hook?key=x"] {
        assert_eq!(sender.check(allowed).await, Ok(()), "{allowed}");
    }
}

#[tokio::test]
async fn only_listed_loopback_may_be_reached_without_tls() {
    let listed = sender(options().addresses);
    assert_eq!(listed.check("http://127.0.0.1:9/").await, Ok(()));
    for refused in ["http://[::1]/", "http://10.0.0.1/", "http://1.1.1.1/", "http://receiver.example/"] {
        listed.check(refused).await.expect_err(refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_refused_is_not_stored() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let refused = admin(&app, Method::POST, "/v1/webhooks", json!({"url": "https://10.1.2.3/"})).await;
    let refused = refused.refused(400, "WEBHOOK_ADDRESS_REFUSED");
    assert!(refused["context"]["reason"].is_string(), "{refused}");
    let (id, _) = endpoint(&app, &receiver, &[]).await;
    let path = format!("/v1/webhooks/{id}");
    let change = json!({"url": "https://169.254.169.254/"});
    admin(&app, Method::PATCH, &path, change).await.refused(400, "WEBHOOK_ADDRESS_REFUSED");
    assert_eq!(super::read(&app, &id).await["url"], json!(receiver.url));
    app.stop().await;
}

/// The name was allowed when it was stored, and resolves to what is not allowed at the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_judged_again_at_the_connection() {
    let mut app = TestApp::start().await;
    let mut receiver = Receiver::start().await;
    receiver.url = receiver.url.replace("127.0.0.1", "localhost");
    let (by_name, _) = endpoint(&app, &receiver, &["job.created"]).await;
    receiver.url = receiver.url.replace("localhost", "127.0.0.1");
    let (by_number, _) = endpoint(&app, &receiver, &["job.created"]).await;
    app.job("allowed").await;
    receiver.wait(2).await;
    // plain text to this host stays permitted; its addresses are not listed any more
    app.options_mut().webhooks.addresses = AddressPolicy { private: Vec::new(), loopback: true };
    app.restart().await;
    app.job("not allowed").await;
    for id in [by_name, by_number] {
        let tried =
            |log: &[serde_json::Value]| log[0]["attempts"].as_array().is_some_and(|all| !all.is_empty());
        let log = log_until(&app, &id, |log| log.len() == 2 && tried(log)).await;
        let error = log[0]["attempts"][0]["error"].as_str().expect("an error");
        assert!(error.contains("may not reach") && !error.contains("127.0.0.1"), "{error}");
    }
    assert_eq!(receiver.seen().len(), 2, "nobody connected");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let mut app = TestApp::start().await;
    let (receiver, inner) = (Receiver::start().await, Receiver::start().await);
    receiver.will([Reply::With(307, "location", inner.url.clone())]);
    let (id, _) = endpoint(&app, &receiver, &["job.created"]).await;
    app.job("one").await;
    receiver.wait(2).await;
    let log = log_until(&app, &id, |log| super::all_have(log, "delivered")).await;
    let first = &log[0]["attempts"][0];
    assert_eq!((&first["status_code"], inner.seen().len()), (&json!(307), 0), "{first}");
    assert!(first["error"].as_str().is_some_and(|text| text.contains("redirects are not followed")));
    app.stop().await;
}
