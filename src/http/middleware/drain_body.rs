//! Takes in what a route left of a request's body, so that a client that is still sending reads the answer
//! instead of a broken connection, and can use the connection again.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::oneshot;

/// Most bytes taken in after an answer, and the longest time; what sends more is cut off.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(5);

/// A body that comes back when its reader drops it before the end.
struct DrainBody {
    inner: Option<Body>,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for DrainBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = Pin::new(inner).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.inner = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for DrainBody {
    fn drop(&mut self) {
        if let (Some(inner), Some(back)) = (self.inner.take(), self.back.take()) {
            // Nobody waits any more where the time ran out.
            let _ = back.send(inner);
        }
    }
}

/// Reads on after the answer is made, within bounds, before it is sent.
pub async fn take_in_unread<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next(Request::from_parts(parts, body)).await;
    }
    let (back, returned) = oneshot::channel();
    let body = Body::new(DrainBody { inner: Some(body), back: Some(back) });
    let response = next(Request::from_parts(parts, body)).await;
    // The sender is gone where the body was read to its end.
    let _ = tokio::time::timeout(MAX_TIME, async move {
        if let Ok(rest) = returned.await {
            drain(rest).await;
        }
    })
    .await;
    response
}

async fn drain(mut rest: Body) {
    let mut taken = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        if taken > MAX_BYTES {
            return;
        }
    }
}
