//! Serving over HTTP/1.1 with bounds: on the head of a request (time, size, number of headers), on open
//! connections, and on the end. Bodies and handlers have their own bounds elsewhere.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use crate::detached::Detached;
use crate::detached::{self, Service, Watched};
pub use crate::places::{Exempt, Place};
use crate::places::{Places, Room, Seat};

/// The bounds.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// To receive the head of a request, and for an idle connection to ask again.
    pub header_timeout: Duration,
    /// Largest head, in bytes; at least 8,192. Beyond it the answer is 431.
    pub max_head_bytes: usize,
    /// Most headers of a request. Beyond it the answer is 431.
    pub max_headers: usize,
    /// Open connections. More get a place of the reserve; without one they wait in the listener's backlog.
    pub max_connections: usize,
    /// Open connections of one address (of one /64 network, IPv6). More get a place of the reserve; without one they
    /// are closed.
    pub max_per_address: usize,
    /// Addresses without that bound.
    pub exempt: Exempt,
    /// Connections beside [`Bounds::max_connections`], for one short request each: see [`Place`].
    pub reserve: usize,
    /// For calls that are under way when the end comes.
    pub drain: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_head_bytes: 32 << 10,
            max_headers: 100,
            max_connections: 10_000,
            max_per_address: usize::MAX,
            exempt: Exempt::default(),
            reserve: 0,
            drain: Duration::from_secs(30),
        }
    }
}

/// Makes a stream of an accepted connection: as it is, or with TLS.
pub trait Accept: Clone + Send + Sync + 'static {
    /// Connection that carries HTTP.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Called on its own task, and within [`Bounds::header_timeout`].
    fn accept(&self, stream: TcpStream) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// No TLS.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Accept for Plain {
    type Stream = TcpStream;

    async fn accept(&self, stream: TcpStream) -> io::Result<TcpStream> {
        Ok(stream)
    }
}

/// Serves until `stop`, then closes the listener, lets the calls that are under way end within
/// [`Bounds::drain`], and breaks off the rest. Returns how many connections were broken off. The peer's address
/// is in the extensions as `ConnectInfo<SocketAddr>`. Dropping the future breaks off everything.
pub async fn serve<A: Accept>(
    listener: TcpListener,
    accept: A,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()> + Send,
) -> usize {
    // routes are put together once, not for each connection
    let router = router.with_state(());
    let (stopping, stopped) = watch::channel(false);
    let places = Places::new(Room {
        general: bounds.max_connections,
        reserve: bounds.reserve,
        per_address: bounds.max_per_address,
        exempt: bounds.exempt.clone(),
    });
    let bounds = Arc::new(bounds);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let free = places.free().await;
            (free, next_connection(&listener).await)
        };
        tokio::select! {
            () = &mut stop => break,
            (free, (stream, peer)) = next => {
                // without a place it is closed
                let Some(seat) = places.seat(free, peer.ip()) else { continue };
                let handover = Arc::default();
                let service = Service { router: router.clone(), peer, place: seat.place, handover };
                let (accept, stopped, bounds) = (accept.clone(), stopped.clone(), Arc::clone(&bounds));
                connections.spawn(async move { seated(seat, stream, accept, service, &bounds, stopped).await });
            }
            // collects those that have ended
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    stopping.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let is_at_rest = tokio::time::timeout(bounds.drain, all).await.is_ok();
    if is_at_rest { 0 } else { connections.len() }
}

/// Longest time to receive a head on a connection of the reserve.
const RESERVE_HEAD: Duration = Duration::from_secs(2);
/// Longest life of a connection of the reserve.
const RESERVE_LIFE: Duration = Duration::from_secs(5);

/// Serves a connection, which has its place until it ends.
async fn seated<A: Accept>(
    seat: Seat,
    stream: TcpStream,
    accept: A,
    service: Service,
    bounds: &Bounds,
    stopped: watch::Receiver<bool>,
) {
    match seat.place {
        Place::General => connection(stream, accept, service, bounds, true, stopped).await,
        Place::Reserve => {
            let header_timeout = bounds.header_timeout.min(RESERVE_HEAD);
            let bounds = Bounds { header_timeout, ..bounds.clone() };
            let served = connection(stream, accept, service, &bounds, false, stopped);
            // one that takes longer is broken off: others wait for its place
            let _ = tokio::time::timeout(RESERVE_LIFE, served).await;
        }
    }
}

/// The next connection; errors of a connection that is already gone, and a shortage of files, pass.
async fn next_connection(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_connection(&error) => {}
            // out of files or memory: connections that end make room
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

async fn connection<A: Accept>(
    stream: TcpStream,
    accept: A,
    service: Service,
    bounds: &Bounds,
    keeps_alive: bool,
    mut stopped: watch::Receiver<bool>,
) {
    // small pieces of a stream are to leave at once; a connection that is gone says so later
    let _ = stream.set_nodelay(true);
    let accepted = tokio::time::timeout(bounds.header_timeout, accept.accept(stream)).await;
    let Ok(Ok(stream)) = accepted else { return };
    let handover = Arc::clone(&service.handover);
    let watched = Watched { inner: TokioIo::new(stream), handover: Arc::clone(&handover) };
    // in a place of its own, which an answer that outlives it gives back
    let mut connection = Box::new(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(keeps_alive)
            .header_read_timeout(bounds.header_timeout)
            .max_headers(bounds.max_headers)
            .max_buf_size(bounds.max_head_bytes.max(8_192))
            .serve_connection(watched, service),
    );
    let mut is_stopping = false;
    let detached = loop {
        let served = poll_fn(|cx| match Pin::new(&mut *connection).poll(cx) {
            // how it ended is the caller's matter: requests are logged where they are answered
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => handover.take().map_or(Poll::Pending, |answer| Poll::Ready(Some(answer))),
        });
        tokio::select! {
            ended = served => break ended,
            // the sender lives as long as the server
            _ = stopped.wait_for(|stopped| *stopped), if !is_stopping => {
                is_stopping = true;
                Pin::new(&mut *connection).graceful_shutdown();
            }
        }
    };
    let Some(answer) = detached else { return };
    drop((stopped, handover));
    let stream = connection.into_parts().io.inner.into_inner();
    // a client that leaves is no fault
    let _ = detached::write(stream, answer).await;
}

#[cfg(test)]
mod tests {
    use axum::extract::{ConnectInfo, Extension};
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;

    struct Server {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: tokio::task::JoinHandle<usize>,
    }

    async fn start(bounds: Bounds) -> Server {
        let router = Router::new()
            .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()))
            .route("/place", get(async |Extension(place): Extension<Place>| format!("{place:?}")))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(150)).await))
            .route("/stuck", get(async || std::future::pending::<()>().await));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let stop_signal = async move {
            // a server whose test is over may continue until it is dropped
            let _ = stopped.await;
        };
        let ended = tokio::spawn(serve(listener, Plain, router, bounds, stop_signal));
        Server { address, stop, ended }
    }

    async fn send(address: SocketAddr, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(head.as_bytes()).await.expect("sends");
        stream
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        // a reset ends the text as well
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Asks until the answer is as it should be: the end of another connection takes a moment to be seen.
    async fn until(address: SocketAddr, head: &str, holds: impl Fn(&str) -> bool) {
        let mut text = String::new();
        for _ in 0..1000 {
            text = rest(send(address, head).await).await;
            if holds(&text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never as it should be: {text}");
    }

    const ASK: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn the_peer_is_known_to_handlers() {
        let server = start(Bounds::default()).await;
        let text = rest(send(server.address, ASK).await).await;
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("127.0.0.1"), "{text}");
        assert!(!text.to_lowercase().contains("server:"));
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off_and_a_large_one_refused() {
        let bounds =
            Bounds { header_timeout: Duration::from_millis(200), max_headers: 10, ..Bounds::default() };
        let server = start(bounds).await;
        let slow = rest(send(server.address, "GET / HTTP/1.1\r\nhost: ").await).await;
        assert!(!slow.contains("200 OK"), "{slow}");
        let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(20));
        assert!(rest(send(server.address, &many).await).await.starts_with("HTTP/1.1 431"));
        let large = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(100_000));
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        // the server may close before it has read everything
        let _ = stream.write_all(large.as_bytes()).await;
        assert!(!rest(stream).await.contains("200 OK"));
        assert!(rest(send(server.address, ASK).await).await.contains("200 OK"), "others are served");
    }

    #[tokio::test]
    async fn more_connections_than_allowed_wait() {
        let server = start(Bounds { max_connections: 1, ..Bounds::default() }).await;
        let first = send(server.address, "GET / HTTP/1.1\r\nhost: x\r\n").await;
        let mut second = send(server.address, ASK).await;
        let early = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
        assert!(early.is_err(), "no place yet");
        drop(first);
        assert!(rest(second).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn the_reserve_answers_one_request_and_closes() {
        let server = start(Bounds { max_connections: 1, reserve: 1, ..Bounds::default() }).await;
        let ask = "GET /place HTTP/1.1\r\nhost: x\r\n\r\n";
        let mut first = send(server.address, ask).await;
        let mut head = [0; 15];
        first.read_exact(&mut head).await.expect("an answer");
        let second = rest(send(server.address, ask).await).await;
        assert!(
            second.ends_with("Reserve") && second.to_lowercase().contains("connection: close"),
            "{second}"
        );
        drop(first);
        let once = ask.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        until(server.address, &once, |text| text.ends_with("General")).await;
    }

    #[tokio::test]
    async fn an_address_with_all_its_connections_is_turned_away() {
        let server = start(Bounds { max_per_address: 1, ..Bounds::default() }).await;
        let first = send(server.address, "GET / HTTP/1.1\r\nhost: x\r\n").await;
        assert_eq!(rest(send(server.address, ASK).await).await, "");
        drop(first);
        until(server.address, ASK, |text| text.contains("200 OK")).await;
    }

    #[tokio::test]
    async fn the_end_waits_for_calls_but_not_for_ever() {
        let server = start(Bounds { drain: Duration::from_millis(600), ..Bounds::default() }).await;
        let slow = send(server.address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let stuck = send(server.address, "GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let idle = TcpStream::connect(server.address).await.expect("connects");
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.stop.send(()).expect("serving");
        let answered = rest(slow).await;
        assert!(answered.starts_with("HTTP/1.1 200 OK"), "{answered}");
        assert!(answered.to_lowercase().contains("connection: close"), "{answered}");
        assert_eq!(server.ended.await.expect("ends"), 1, "the stuck call is broken off");
        assert_eq!(rest(stuck).await, "");
        drop(idle);
        assert!(TcpStream::connect(server.address).await.is_err(), "the listener is closed");
    }
}
