//! Deliveries of webhooks over HTTP.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Url;
use tokio::time::timeout;

use super::guard::{Guard, allowed, judge};
use super::llm::headers::stated_wait;
use super::llm::install_tls;
use crate::domain::outgoing_address::AddressPolicy;
use crate::ports::clock::Clock;
use crate::ports::webhook::{Outgoing, Received, WebhookSender};

/// Longest address.
const MAX_URL: usize = 2048;
/// Bytes of a response that are read, and forgotten, so that its connection can be used again.
const MAX_RESPONSE: usize = 64 << 10;
/// Longest wait for a name to be resolved before an address is stored.
const RESOLVE: Duration = Duration::from_secs(5);
/// What is said of an address that is not allowed. The address itself is not: names of an internal network stay unknown.
const NOT_ALLOWED: &str =
    "is an address that webhooks may not reach: private, loopback, link-local or reserved";

/// Bounds and rules of connections to receivers.
#[derive(Debug, Clone)]
pub struct SenderOptions {
    /// Addresses that connections may be made to.
    pub addresses: AddressPolicy,
    /// Longest time of one attempt.
    pub timeout: Duration,
    /// Certificates (PEM) that are trusted in addition to the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// Sends deliveries over HTTPS.
pub struct HttpSender {
    http: reqwest::Client,
    options: SenderOptions,
    clock: Arc<dyn Clock>,
}

impl HttpSender {
    /// Builds the client that all attempts share.
    ///
    /// # Errors
    /// A text that says what is wrong with the certificates.
    pub fn new(options: SenderOptions, clock: Arc<dyn Clock>) -> Result<Self, String> {
        install_tls();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(options.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stata-service/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(30))
            .dns_resolver(Guard::new(options.addresses.clone()));
        if let Some(pem) = &options.ca_pem {
            let roots = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| format!("the certificates of webhooks.ca_file cannot be read: {error}"))?;
            builder = builder.tls_certs_merge(roots);
        }
        let http = builder.build().map_err(|error| format!("no HTTPS client can be built: {error}"))?;
        Ok(Self { http, options, clock })
    }

    /// Checks the parts of an address, and judges the IP address that it may name.
    fn parse(&self, text: &str) -> Result<Url, String> {
        let refused = |why: &str| Err(why.to_owned());
        if text.len() > MAX_URL {
            return Err(format!("must have at most {MAX_URL} characters"));
        }
        let Ok(url) = Url::parse(text) else {
            return refused("is no URL: write it in full, such as https://example.org/hooks/stata");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("must not hold a user or a password");
        }
        if url.fragment().is_some() {
            return refused("must not have a fragment");
        }
        let Some(host) = url.host_str() else { return refused("names no host") };
        // loopback by its name, whether or not it resolves here (RFC 6761, section 6.3)
        let name = host.trim_end_matches('.');
        let is_local = name == "localhost" || name.ends_with(".localhost");
        if is_local && !self.options.addresses.loopback {
            return refused(NOT_ALLOWED);
        }
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        if let Some(address) = literal
            && judge(&self.options.addresses, address).is_err()
        {
            return refused(NOT_ALLOWED);
        }
        // plain text never leaves this host
        let stays_here = literal.map_or(is_local, |address| address.to_canonical().is_loopback());
        match url.scheme() {
            "https" => Ok(url),
            "http" if stays_here && self.options.addresses.loopback => Ok(url),
            _ => refused("must begin with https://"),
        }
    }

    async fn check_address(&self, text: &str) -> Result<(), String> {
        let url = self.parse(text)?;
        let host = url.host_str().unwrap_or_default();
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        match timeout(RESOLVE, tokio::net::lookup_host((host, 0))).await {
            Ok(Ok(found)) => match allowed(&self.options.addresses, host, found) {
                Ok(_) => Ok(()),
                Err(_) => Err(NOT_ALLOWED.to_owned()),
            },
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    async fn attempt(&self, outgoing: Outgoing) -> Received {
        let url = match self.parse(&outgoing.url) {
            Ok(url) => url,
            Err(why) => return not_reached(format!("the URL {why}")),
        };
        let mut request = self.http.post(url).header("content-type", "application/json").body(outgoing.body);
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return not_reached(reason(&error)),
        };
        let status = response.status().as_u16();
        let retry_after = match status {
            429 | 503 => stated_wait(response.headers(), self.clock.now()),
            _ => None,
        };
        read_some(response).await;
        let error = match status {
            200..=299 => None,
            300..=399 => Some(format!("the receiver returned status {status}; redirects are not followed")),
            _ => Some(format!("the receiver returned status {status}")),
        };
        Received { status: Some(status), retry_after, error }
    }
}

impl WebhookSender for HttpSender {
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.check_address(url))
    }

    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Received> {
        Box::pin(async move {
            let limit = self.options.timeout;
            match timeout(limit, self.attempt(outgoing)).await {
                Ok(received) => received,
                Err(_) => not_reached(format!("no response within {:.0} s", limit.as_secs_f64().max(1.0))),
            }
        })
    }
}

/// Reads a response to its end or its bound, and drops it.
async fn read_some(mut response: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(piece)) = response.chunk().await {
        read += piece.len();
        if read > MAX_RESPONSE {
            return;
        }
    }
}

fn not_reached(error: String) -> Received {
    Received { status: None, retry_after: None, error: Some(error) }
}

/// Why no response came, without addresses.
fn reason(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = source {
        let refused = inner.downcast_ref::<io::Error>().map(io::Error::kind);
        if refused == Some(io::ErrorKind::PermissionDenied) {
            return format!("the name resolves to what {NOT_ALLOWED}");
        }
        if refused == Some(io::ErrorKind::ConnectionRefused) {
            return "the connection was refused".to_owned();
        }
        texts.push(inner.to_string().to_ascii_lowercase());
        source = inner.source();
    }
    let all = texts.join(": ");
    let is_tls = ["certificate", "tls", "handshake"].iter().any(|word| all.contains(word));
    let text = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "no connection within the time",
        (_, true) if is_tls => "the TLS connection failed; the certificate may be invalid",
        (_, true) if all.contains("dns") || all.contains("lookup") => "the name cannot be resolved",
        (_, true) => "no connection was possible",
        _ => "the connection broke before the response was complete",
    };
    text.to_owned()
}
