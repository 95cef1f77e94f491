//! Answers that stay open for long, such as streams of events. hyper keeps two buffers of 8 KiB, the request and its own
//! state for each of them; here such an answer is taken from it before its first byte, and what is left for each reader is
//! the connection and the body.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::connect_info::ConnectInfo;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use http::{HeaderMap, HeaderValue, Method, Request, Version, header};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tower_service::Service as _;

use crate::places::Place;

/// In the extensions of an answer to GET: it is written apart, in chunks, and the connection closes behind it.
#[derive(Debug, Clone, Copy)]
pub struct Detached;

/// What a client may send behind its request before it is cut off, in bytes.
const MOST_UNREAD: usize = 64 << 10;

/// Where an answer waits for its connection to be free of hyper.
#[derive(Default)]
pub(crate) struct Handover {
    answer: Mutex<Option<Response>>,
    /// Bytes of earlier answers may still be in hyper's hands.
    is_unflushed: AtomicBool,
}

impl Handover {
    /// True for a request whose answer may be written apart.
    fn suits<B>(request: &Request<B>) -> bool {
        request.method() == Method::GET && request.version() == Version::HTTP_11
    }

    fn answer(&self) -> std::sync::MutexGuard<'_, Option<Response>> {
        // a single statement changes it
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an answer.
    fn leave(&self, answer: Response) {
        *self.answer() = Some(answer);
    }

    /// Takes the answer, once everything before it is sent.
    pub(crate) fn take(&self) -> Option<Response> {
        if self.is_unflushed.load(Ordering::Relaxed) {
            return None;
        }
        self.answer().take()
    }
}

/// The routes for the requests of one connection.
pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) peer: SocketAddr,
    pub(crate) place: Place,
    pub(crate) handover: Arc<Handover>,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, mut request: Request<Incoming>) -> Answer {
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(self.peer));
        extensions.insert(self.place);
        let handover = Handover::suits(&request).then(|| Arc::clone(&self.handover));
        Answer { route: Some(self.router.clone().call(request)), handover }
    }
}

/// An answer on its way to hyper; one that is [`Detached`] does not get there.
pub(crate) struct Answer {
    /// None once its answer was left.
    route: Option<RouteFuture<Infallible>>,
    handover: Option<Arc<Handover>>,
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(route) = &mut self.route else { return Poll::Pending };
        let Ok(answer) = ready!(Pin::new(route).poll(cx));
        match &self.handover {
            Some(handover) if answer.extensions().get::<Detached>().is_some() => {
                handover.leave(answer);
                // whoever polls the connection takes the answer and drops this
                self.route = None;
                Poll::Pending
            }
            _ => Poll::Ready(Ok(answer)),
        }
    }
}

/// A connection that knows whether hyper still holds bytes for it: hyper flushes it only when it holds none.
pub(crate) struct Watched<T> {
    pub(crate) inner: T,
    pub(crate) handover: Arc<Handover>,
}

impl<T: Read + Unpin> Read for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<T: Write + Unpin> Write for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.handover.is_unflushed.store(true, Ordering::Relaxed);
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.handover.is_unflushed.store(false, Ordering::Relaxed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.handover.is_unflushed.store(true, Ordering::Relaxed);
        Pin::new(&mut self.inner).poll_write_vectored(cx, pieces)
    }
}

/// Writes an answer and closes the connection. Ends as well when the client closes its side.
pub(crate) async fn write<T: AsyncRead + AsyncWrite + Unpin>(
    mut stream: T,
    answer: Response,
) -> io::Result<()> {
    let (mut parts, mut body) = answer.into_parts();
    for name in [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    parts.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    let head = head(parts.status, &parts.headers);
    drop(parts);
    stream.write_all(&head).await?;
    drop(head);
    stream.flush().await?;
    let mut unread = 0;
    loop {
        let next = std::future::poll_fn(|cx| poll_next(&mut stream, &mut body, &mut unread, cx)).await;
        match next {
            Next::Data(data) if data.is_empty() => {}
            Next::Data(data) => {
                let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
                chunk.extend_from_slice(&data);
                chunk.extend_from_slice(b"\r\n");
                stream.write_all(&chunk).await?;
                stream.flush().await?;
            }
            Next::End => {
                stream.write_all(b"0\r\n\r\n").await?;
                stream.flush().await?;
                return stream.shutdown().await;
            }
            // without the last chunk the reader knows that something is missing
            Next::Gone => return Ok(()),
        }
    }
}

/// Status line and headers (RFC 9112, sections 4 and 5).
fn head(status: http::StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut head = Vec::with_capacity(1024);
    let reason = status.canonical_reason().unwrap_or_default();
    head.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    if !headers.contains_key(header::DATE) {
        let now = httpdate::fmt_http_date(std::time::SystemTime::now());
        head.extend_from_slice(format!("date: {now}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// What happens next on a connection.
enum Next {
    Data(Bytes),
    End,
    /// The body failed, or the client left or sends what nobody asked for.
    Gone,
}

fn poll_next<T: AsyncRead + Unpin>(
    stream: &mut T,
    body: &mut Body,
    unread: &mut usize,
    cx: &mut Context<'_>,
) -> Poll<Next> {
    match Pin::new(body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => {
            // trailers were not announced
            return Poll::Ready(frame.into_data().map_or(Next::End, Next::Data));
        }
        Poll::Ready(Some(Err(_))) => return Poll::Ready(Next::Gone),
        Poll::Ready(None) => return Poll::Ready(Next::End),
        Poll::Pending => {}
    }
    loop {
        let mut space = [std::mem::MaybeUninit::uninit(); 512];
        let mut buffer = ReadBuf::uninit(&mut space);
        match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_)) => return Poll::Ready(Next::Gone),
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().len();
                *unread += read;
                if read == 0 || *unread > MOST_UNREAD {
                    return Poll::Ready(Next::Gone);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use hyper::body::Frame;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::*;
    use crate::serve::{Bounds, Plain, serve};

    type Piece = Result<&'static str, axum::Error>;

    /// A body of what is sent to it.
    struct Pieces(mpsc::Receiver<Piece>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(|text| Frame::data(text.into()))))
        }
    }

    /// Serves `/large`, which fills what a connection holds, and `/events`; each request of the latter is told by its sender.
    async fn start() -> (SocketAddr, mpsc::Receiver<mpsc::Sender<Piece>>) {
        let (told, asked) = mpsc::channel(4);
        let events = async move || {
            let (sender, pieces) = mpsc::channel(4);
            told.send(sender).await.expect("the test goes on");
            let mut answer = Response::new(Body::new(Pieces(pieces)));
            answer.headers_mut().insert("x-own", HeaderValue::from_static("here"));
            answer.extensions_mut().insert(Detached);
            answer
        };
        let router =
            Router::new().route("/large", get(async || "y".repeat(8 << 20))).route("/events", get(events));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(serve(listener, Plain, router, Bounds::default(), std::future::pending()));
        (address, asked)
    }

    async fn ask(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(text.as_bytes()).await.expect("sends");
        stream
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("text");
        text
    }

    const EVENTS: &str = "GET /events HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn an_answer_arrives_whole_and_in_chunks() {
        let (address, mut asked) = start().await;
        let stream = ask(address, EVENTS).await;
        let pieces = asked.recv().await.expect("asked");
        for piece in ["first", "", "a second of more than ten"] {
            pieces.send(Ok(piece)).await.expect("read");
        }
        drop(pieces);
        let text = rest(stream).await;
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for line in ["x-own: here", "transfer-encoding: chunked", "connection: close", "date: "] {
            assert_eq!(head.matches(&format!("\r\n{line}")).count(), 1, "{line} in {head}");
        }
        assert_eq!(body, "5\r\nfirst\r\n19\r\na second of more than ten\r\n0\r\n\r\n");
    }

    #[tokio::test]
    async fn a_body_that_fails_has_no_last_chunk() {
        let (address, mut asked) = start().await;
        let stream = ask(address, EVENTS).await;
        let pieces = asked.recv().await.expect("asked");
        pieces.send(Ok("first")).await.expect("read");
        pieces.send(Err(axum::Error::new(io::Error::other("lost")))).await.expect("read");
        assert!(rest(stream).await.ends_with("5\r\nfirst\r\n"));
    }

    #[tokio::test]
    async fn a_client_that_leaves_or_talks_on_ends_the_body() {
        let (address, mut asked) = start().await;
        let stream = ask(address, EVENTS).await;
        let pieces = asked.recv().await.expect("asked");
        drop(stream);
        pieces.closed().await;
        let mut stream = ask(address, EVENTS).await;
        let pieces = asked.recv().await.expect("asked");
        // less than the bound is passed over
        stream.write_all(EVENTS.as_bytes()).await.expect("sends");
        pieces.send(Ok("first")).await.expect("read");
        assert!(!pieces.is_closed() && asked.is_empty());
        // the server may have closed its side before all of it is sent
        let _ = stream.write_all(&vec![b'z'; 4 * MOST_UNREAD]).await;
        pieces.closed().await;
    }

    #[tokio::test]
    async fn what_was_asked_before_is_sent_before() {
        let (address, mut asked) = start().await;
        // together, and nothing is read until the second is being answered
        let both = ["GET /large HTTP/1.1\r\nhost: x\r\n\r\n", EVENTS].concat();
        let stream = ask(address, &both).await;
        let text = tokio::spawn(rest(stream));
        let pieces = asked.recv().await.expect("asked");
        pieces.send(Ok("first")).await.expect("read");
        drop(pieces);
        let text = text.await.expect("no panic");
        assert!(text.contains(&"y".repeat(8 << 20)));
        assert!(text.contains("yHTTP/1.1 200 OK\r\n"));
        assert!(text.ends_with("\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"));
    }

    #[tokio::test]
    async fn a_head_request_is_answered_as_ever() {
        let (address, mut asked) = start().await;
        let question = "HEAD /events HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let stream = ask(address, question).await;
        drop(asked.recv().await.expect("asked"));
        let text = rest(stream).await;
        assert!(text.contains("x-own: here") && text.ends_with("\r\n\r\n"), "{text}");
    }
}
