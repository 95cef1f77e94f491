//! A store that applies one commit and then does not know whether it did, as after a lost connection, or that
//! shows a record once more as it was, as a reader sees it who was a moment too early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use stata_service::domain::job::JobRecord;
use stata_service::ports::store::{
    Change, ClaimAsk, ClaimError, Claims, Commit, CommitError, Key, Page, Query, ReadError, Receipt, Record,
    Row, Store, StoreStatus,
};
use tokio::sync::mpsc;

/// The store.
pub(crate) struct FlakyStore {
    inner: Arc<dyn Store>,
    /// The first commit with this audit action is the one.
    action: &'static str,
    done: AtomicBool,
    /// What the next read of a job shows.
    earlier: Mutex<Option<Arc<JobRecord>>>,
}

impl FlakyStore {
    /// Wraps a store.
    pub(crate) fn new(inner: Arc<dyn Store>, action: &'static str) -> Self {
        Self { inner, action, done: AtomicBool::new(false), earlier: Mutex::default() }
    }

    /// Wraps a store whose next read of a job shows `earlier`; no commit is lost.
    pub(crate) fn late(inner: Arc<dyn Store>, earlier: JobRecord) -> Self {
        Self { earlier: Mutex::new(Some(Arc::new(earlier))), ..Self::new(inner, "") }
    }
}

impl Store for FlakyStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        let lost = commit.audit.iter().any(|event| event.action == self.action)
            && !self.done.swap(true, Ordering::SeqCst);
        let (id, applied) = (commit.id.clone(), self.inner.commit(commit));
        Box::pin(async move {
            let receipt = applied.await?;
            if lost { Err(CommitError::Indeterminate { id }) } else { Ok(receipt) }
        })
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        self.inner.committed(id)
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, ReadError>> {
        if let Key::Job(..) = key
            && let Some(earlier) = self.earlier.lock().expect("no reader panics").take()
        {
            return Box::pin(async move { Ok(Some(Record::Job(earlier))) });
        }
        self.inner.get(key)
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>> {
        self.inner.query(query)
    }

    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        let claims = self.inner.claim(ask);
        Box::pin(async move {
            let claims = claims.await?;
            let lost = self.action == "run.started"
                && !claims.jobs.is_empty()
                && !self.done.swap(true, Ordering::SeqCst);
            if lost { Err(ClaimError::Indeterminate) } else { Ok(claims) }
        })
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.inner.changes()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }
}
