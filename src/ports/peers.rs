//! Requests from one server to another that shares its store.

use std::io;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

/// A GET request.
#[derive(Debug, Clone)]
pub struct PeerRequest {
    /// How the other server is reached, such as `http://10.0.0.7:8080`.
    pub address: String,
    /// Path and query.
    pub target: String,
    /// Headers, by lower-case names.
    pub headers: Vec<(String, String)>,
}

/// A response, whose body is still to come.
pub struct PeerResponse {
    /// Status.
    pub status: u16,
    /// Headers, by lower-case names; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body. A server that is silent for long ends it with an error.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

/// Sends requests to other servers. It follows no redirect, and waits for a bounded time.
pub trait Peers: Send + Sync {
    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// Why there is none, in words.
    fn get(&self, request: PeerRequest) -> BoxFuture<'_, Result<PeerResponse, String>>;
}
