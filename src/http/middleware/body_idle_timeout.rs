//! Bodies that stop arriving: the longest pause between two pieces, reported to the responder.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// Largest JSON body of a request, in bytes; in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct JsonLimit(pub usize);

/// Whether the body of a request stopped arriving.
#[derive(Debug, Clone, Default)]
pub struct Stalled(Arc<AtomicBool>);

impl Stalled {
    /// True once the pause was too long.
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that fails when nothing arrives for too long. The clock runs only while somebody waits for it.
struct IdleTimeoutBody {
    inner: Body,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    stalled: Stalled,
}

impl HttpBody for IdleTimeoutBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.waiting = None;
            return Poll::Ready(frame);
        }
        let pause = this.pause;
        let waiting =
            this.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + pause)));
        match waiting.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                this.stalled.0.store(true, Ordering::Relaxed);
                this.inner = Body::empty();
                let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "the body stopped arriving");
                Poll::Ready(Some(Err(axum::Error::new(error))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Bounds the pauses of a request's body.
pub fn bound_body(request: Request, pause: Duration) -> (Request, Stalled) {
    let stalled = Stalled::default();
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return (Request::from_parts(parts, body), stalled);
    }
    let body = Body::new(IdleTimeoutBody { inner: body, pause, waiting: None, stalled: stalled.clone() });
    (Request::from_parts(parts, body), stalled)
}
