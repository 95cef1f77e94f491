//! Sending deliveries to the endpoints of webhooks.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// One attempt at a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Address of the endpoint.
    pub url: String,
    /// Headers in addition to those of every request.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON.
    pub body: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Status of the response; absent without one.
    pub status: Option<u16>,
    /// Wait that the receiver asked for with a status 429 or 503.
    pub retry_after: Option<Duration>,
    /// Why the delivery was not accepted, in words; absent for a status 2xx.
    pub error: Option<String>,
}

/// Sends deliveries. It connects to no address that is not allowed, follows no redirect, and ends each attempt in a bounded
/// time.
pub trait WebhookSender: Send + Sync {
    /// Checks an address before it is stored. A name that resolves to nothing now is accepted: each attempt judges again.
    ///
    /// # Errors
    /// Why the address cannot be used, in words.
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>>;
    /// Makes one attempt.
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Received>;
}

/// Takes note of deliveries, for metrics.
pub trait WebhookMeter: Send + Sync {
    /// An attempt ended: `delivered`, `refused` by a status, or `unreachable`.
    fn attempt(&self, outcome: &'static str, elapsed: Duration);
    /// Deliveries were made out of events.
    fn made(&self, count: usize);
    /// A delivery was given up.
    fn given_up(&self);
    /// The service disabled an endpoint.
    fn disabled(&self);
    /// How many endpoints have pending deliveries.
    fn pending_endpoints(&self, count: usize);
}
