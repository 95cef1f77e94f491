//! A receiver of webhooks on a free port of this host, which answers as a test wants and keeps what it was sent.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use stata_service::app::options::WebhookOptions;
use stata_service::config::Network;
use stata_service::domain::outgoing_address::AddressPolicy;

use super::app::PATIENCE;

/// Webhooks that may be sent to this host, and are repeated soon.
pub(crate) fn options() -> WebhookOptions {
    let network = Network { address: IpAddr::V4(Ipv4Addr::LOCALHOST), prefix: 8 };
    WebhookOptions {
        addresses: AddressPolicy { private: vec![network.range()], loopback: true },
        first_retry: Duration::from_millis(20),
        timeout: Duration::from_secs(20),
        ..WebhookOptions::default()
    }
}

/// One answer of a receiver.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    /// A status with a header.
    With(u16, &'static str, String),
    /// Nothing, until the sender gives up.
    Never,
}

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("{name} in {:?}", self.headers))
            .to_str()
            .expect("text")
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// How many signatures there are, and whether one is of a secret, computed as the specification says.
    pub(crate) fn is_signed_by(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        assert!((24..=64).contains(&key.len()), "{} bytes", key.len());
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body).as_bytes());
        let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|given| given == expected)
    }
}

#[derive(Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Option<Reply>>,
    seen: Mutex<Vec<Seen>>,
}

/// A running receiver; ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Starts a receiver that accepts everything.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let shared = Arc::new(Shared::default());
        let router = axum::Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// The answers to the next requests; later ones are accepted.
    pub(crate) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.replies.lock().expect("not poisoned").extend(replies);
    }

    /// The answer to every request that has none.
    pub(crate) fn always(&self, reply: Reply) {
        *self.shared.otherwise.lock().expect("not poisoned") = Some(reply);
    }

    /// What came so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("not poisoned").clone()
    }

    /// Waits until so many requests came; returns them all.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Seen> {
        let started = Instant::now();
        loop {
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            assert!(started.elapsed() < PATIENCE, "{} of {count} requests: {seen:?}", seen.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let next = shared.replies.lock().expect("not poisoned").pop_front();
    let reply = next.or_else(|| shared.otherwise.lock().expect("not poisoned").clone());
    let body = String::from_utf8(body.to_vec()).expect("text");
    shared.seen.lock().expect("not poisoned").push(Seen { headers, body });
    let status = |code| StatusCode::from_u16(code).expect("a status");
    match reply {
        None => (StatusCode::NO_CONTENT, HeaderMap::new()),
        Some(Reply::Status(code)) => (status(code), HeaderMap::new()),
        Some(Reply::With(code, name, value)) => (
            status(code),
            HeaderMap::from_iter([(name.parse().expect("a name"), value.parse().expect("a value"))]),
        ),
        Some(Reply::Never) => std::future::pending().await,
    }
}
