//! The bytes of an object for readers that block.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::bridge::Bridge;
use super::errors::to_io;

/// Reads a stream piece by piece. A connection that breaks is taken up again by the client at the same byte, for as
/// long as its retries last.
pub(super) struct ObjectReader {
    bridge: Arc<Bridge>,
    /// Absent once it has ended or failed.
    stream: Option<BoxStream<'static, object_store::Result<Bytes>>>,
    piece: Bytes,
    /// Bytes that must still come.
    left: u64,
}

impl ObjectReader {
    /// Reads a stream of so many bytes.
    pub(super) fn new(
        bridge: Arc<Bridge>,
        stream: BoxStream<'static, object_store::Result<Bytes>>,
        bytes: u64,
    ) -> Self {
        Self { bridge, stream: Some(stream), piece: Bytes::new(), left: bytes }
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !buffer.is_empty() {
            let Some(mut stream) = self.stream.take() else {
                return if self.left == 0 { Ok(0) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            };
            let next = async move {
                let piece = stream.next().await;
                (piece, stream)
            };
            if let (Some(piece), stream) = self.bridge.run(next)? {
                self.piece = piece.map_err(to_io)?;
                self.stream = Some(stream);
            }
        }
        let n = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..n]);
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}
