//! Reading the audit chain. Events are written by commits of the store only (`store.rs`).

use futures_util::future::BoxFuture;

use super::store::ReadError;
use crate::domain::audit::{AuditFilter, ChainedEvent};

/// From where and in which direction a chain is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFrom {
    /// Oldest first, after this sequence.
    After(u64),
    /// Newest first, before this sequence (`u64::MAX` for all).
    Before(u64),
}

/// Events that were found, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEvents {
    /// The events, in the direction that was asked for.
    pub events: Vec<ChainedEvent>,
    /// The sequence to go on from in the same direction; absent at the end of the chain. A page may be
    /// short, or empty, before the end.
    pub next: Option<u64>,
}

/// The chained events of all commits. Every method may be dropped at any await.
pub trait AuditLog: Send + Sync {
    /// Returns the events of a chain after a sequence, in order; at most `limit`.
    fn events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>>;

    /// Finds events of the first chain; at most `limit`.
    fn find(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>>;
}
