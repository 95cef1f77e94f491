//! Encoded bodies, and panics of handlers. The layers of `tower-http` are used where a request names an encoding; around
//! every route each of them costs all requests a copy of what is inside it.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, header};
use axum::middleware::Next;
use futures_util::FutureExt;
use futures_util::future::Map;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::decompression::{DecompressionBody, RequestDecompression};
use tower_service::Service;

use super::problem;

/// Answers that are compressed where the client takes it; an archive is compressed already.
fn compressible() -> impl Predicate + Send + Sync + 'static {
    DefaultPredicate::new().and(NotForContentType::const_new("application/zip"))
}

/// Compresses the answer as the request's `Accept-Encoding` allows.
pub async fn compressed<F, N>(request: Request, next: N) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
    N: FnOnce(Request) -> F,
{
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        let mut response = next(request).await;
        if depends_on_accepted(&response) {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        return response;
    }
    let once = Once { next: Some(next) };
    let answered = Compression::new(once).compress_when(compressible()).call(request).await;
    answered.unwrap_or_else(|never| match never {}).map(Body::new)
}

/// True if the answer would have been compressed for a client that takes it, and does not say so yet.
fn depends_on_accepted(response: &Response<Body>) -> bool {
    let headers = response.headers();
    let says_so = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|list| list.split(',').any(|name| name.trim().eq_ignore_ascii_case("accept-encoding")))
    };
    !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
        && compressible().should_compress(response)
        && !headers.get_all(header::VARY).iter().any(says_so)
}

/// Makes the answer one of a service that cannot fail.
type Answered = fn(Response<Body>) -> Result<Response<Body>, Infallible>;

/// A service that is called once.
struct Once<N> {
    next: Option<N>,
}

impl<B, F, N> Service<axum::http::Request<B>> for Once<N>
where
    F: Future<Output = Response<Body>>,
    N: FnOnce(axum::http::Request<B>) -> F,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Map<F, Answered>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::http::Request<B>) -> Self::Future {
        let next = self.next.take().expect("it is called once");
        next(request).map(Ok as Answered)
    }
}

/// The route of a request and what is directly around it: a compressed body is decompressed, and a panic is answered.
pub struct Route(Next);

impl Route {
    /// Wraps the route.
    pub fn new(next: Next) -> Self {
        Self(next)
    }

    /// Has the request answered.
    pub async fn run(self, request: Request) -> Response<Body> {
        // what a panic leaves behind is dropped with the request
        let answer = AssertUnwindSafe(decompressed(request, self.0)).catch_unwind();
        answer.await.unwrap_or_else(problem::panicked)
    }
}

async fn decompressed(request: Request, next: Next) -> Response<Body> {
    if !request.headers().contains_key(header::CONTENT_ENCODING) {
        return next.run(request).await;
    }
    let once = Once {
        next: Some(|request: axum::http::Request<DecompressionBody<Body>>| next.run(request.map(Body::new))),
    };
    let answered = RequestDecompression::new(once).call(request).await;
    answered.unwrap_or_else(|never| match never {}).map(Body::new)
}
