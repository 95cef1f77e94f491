//! The store with a clock: times every operation that waits, and counts conflicts. What is answered from
//! memory without waiting is passed through.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use prometheus::Histogram;
use tokio::sync::{mpsc, oneshot};

use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::ports::audit_log::{AuditFrom, AuditLog, FoundEvents};
use crate::ports::store::{
    Change, ClaimAsk, ClaimError, Claimed, Claims, Commit, CommitError, Key, Page, Query, ReadError, Receipt,
    Record, Row, StandingAsk, Store, StoreStatus,
};
use crate::telemetry::metrics::Metrics;

/// The operations beside reads and queries.
const COMMIT: &str = "commit";
const COMMITTED: &str = "committed";
const CLAIM: &str = "claim";
const AUDIT_EVENTS: &str = "audit_events";
const FIND_AUDIT_EVENTS: &str = "find_audit_events";

/// Returns every operation that waits for the store, as metrics name them.
pub(super) fn operations() -> impl Iterator<Item = &'static str> {
    let own = [COMMIT, COMMITTED, CLAIM, AUDIT_EVENTS, FIND_AUDIT_EVENTS];
    own.into_iter().chain(Key::KINDS).chain(Query::NAMES.iter().copied())
}

/// A store and its audit log whose operations are measured.
pub(super) struct MeteredStore {
    store: Arc<dyn Store>,
    audit_log: Arc<dyn AuditLog>,
    metrics: Arc<Metrics>,
    histograms: HashMap<&'static str, Histogram>,
}

impl MeteredStore {
    /// Wraps a store and its audit log.
    pub(super) fn new(store: Arc<dyn Store>, audit_log: Arc<dyn AuditLog>, metrics: Arc<Metrics>) -> Self {
        let histograms = operations().map(|op| (op, metrics.store.op(op))).collect();
        Self { store, audit_log, metrics, histograms }
    }

    /// Times an answer that is waited for.
    fn timed<'a, T: 'a>(&'a self, op: &'static str, answer: BoxFuture<'a, T>) -> BoxFuture<'a, T> {
        let Some(histogram) = self.histograms.get(op) else { return answer };
        let started = Instant::now();
        Box::pin(async move {
            let answer = answer.await;
            histogram.observe(started.elapsed().as_secs_f64());
            answer
        })
    }
}

type Read<'a, T> = BoxFuture<'a, Result<T, ReadError>>;

impl Store for MeteredStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        // handed over now, whether or not the answer is waited for
        let answer = self.timed(COMMIT, self.store.commit(commit));
        Box::pin(async move {
            let answer = answer.await;
            if matches!(answer, Err(CommitError::Conflict { .. })) {
                self.metrics.store.conflict();
            }
            answer
        })
    }

    fn committed<'a>(&'a self, id: &'a str) -> Read<'a, Option<Receipt>> {
        self.timed(COMMITTED, self.store.committed(id))
    }

    fn get<'a>(&'a self, key: &'a Key) -> Read<'a, Option<Record>> {
        self.timed(key.kind(), self.store.get(key))
    }

    fn query(&self, query: Query) -> Read<'_, Page<Row>> {
        self.timed(query.name(), self.store.query(query))
    }

    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        self.timed(CLAIM, self.store.claim(ask))
    }

    fn leave_claim(&self, ask: StandingAsk) -> Option<oneshot::Receiver<Vec<Claimed>>> {
        self.store.leave_claim(ask)
    }

    fn withdraw_claim(&self) -> bool {
        self.store.withdraw_claim()
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.store.changes()
    }

    fn status(&self) -> StoreStatus {
        self.store.status()
    }
}

impl AuditLog for MeteredStore {
    fn events(&self, chain: u32, after_seq: u64, limit: usize) -> Read<'_, Vec<ChainedEvent>> {
        self.timed(AUDIT_EVENTS, self.audit_log.events(chain, after_seq, limit))
    }

    fn find(&self, filter: AuditFilter, from: AuditFrom, limit: usize) -> Read<'_, FoundEvents> {
        self.timed(FIND_AUDIT_EVENTS, self.audit_log.find(filter, from, limit))
    }
}
