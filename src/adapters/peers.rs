//! Requests to other servers over HTTP.

use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::llm::install_tls;
use crate::ports::peers::{PeerRequest, PeerResponse, Peers};

/// Longest wait for a connection, and for the head of a response.
const CONNECT: Duration = Duration::from_secs(5);
const HEAD: Duration = Duration::from_secs(20);
/// Longest silence within a body: streams of events have a heartbeat each 15 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// Sends requests to other servers.
pub struct HttpPeers {
    http: reqwest::Client,
}

impl HttpPeers {
    /// Builds the client that all requests share.
    ///
    /// # Errors
    /// A text where no client can be built.
    pub fn new() -> Result<Self, String> {
        install_tls();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stata-service/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| format!("no HTTP client can be built: {error}"))?;
        Ok(Self { http })
    }
}

impl Peers for HttpPeers {
    fn get(&self, request: PeerRequest) -> BoxFuture<'_, Result<PeerResponse, String>> {
        Box::pin(async move {
            let url = format!("{}{}", request.address.trim_end_matches('/'), request.target);
            let mut sent = self.http.get(url);
            for (name, value) in request.headers {
                sent = sent.header(name, value);
            }
            let response = match timeout(HEAD, sent.send()).await {
                Ok(Ok(response)) => response,
                // without the address, which may have the signature of a link
                Ok(Err(error)) => return Err(error.without_url().to_string()),
                Err(_) => return Err("it does not answer".to_owned()),
            };
            let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
            let headers = response.headers().iter();
            Ok(PeerResponse {
                status: response.status().as_u16(),
                headers: headers.filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect(),
                body: response.bytes_stream().map_err(io::Error::other).boxed(),
            })
        })
    }
}
