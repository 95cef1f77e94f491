//! Connections that can be reset: a reset (RST) throws away what is under way, where an ordinary close (FIN)
//! lets it arrive. Handlers know a connection by its peer's address.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The open connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Sockets(Arc<Mutex<HashMap<SocketAddr, Arc<AtomicBool>>>>);

impl Sockets {
    /// When the connection of this peer ends, it ends with a reset.
    pub(super) fn reset(&self, peer: SocketAddr) {
        if let Some(is_reset) = self.lock().get(&peer) {
            is_reset.store(true, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Arc<AtomicBool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl edge::serve::Accept for Sockets {
    type Stream = Socket;

    async fn accept(&self, stream: TcpStream) -> io::Result<Socket> {
        let peer = stream.peer_addr()?;
        let is_reset = Arc::<AtomicBool>::default();
        self.lock().insert(peer, Arc::clone(&is_reset));
        Ok(Socket { stream, peer, is_reset, all: self.clone() })
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    peer: SocketAddr,
    is_reset: Arc<AtomicBool>,
    all: Sockets,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.all.lock().remove(&self.peer);
        if self.is_reset.load(Ordering::Relaxed) {
            // a connection that is gone already cannot be reset
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
