//! A store that applies one commit and then does not know whether it did, as after a lost connection, or that is away
//! for some commits, or that shows a record once more as it was, as a reader sees it who was a moment too early, or in which another writer
//! changes a job while it is being claimed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use stata_service::domain::job::JobRecord;
use stata_service::ports::store::{
    Change, ClaimAsk, ClaimError, Claims, Commit, CommitError, Expect, Key, MakeClaim, Page, Query,
    ReadError, Receipt, Record, Row, Store, StoreStatus, Write,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::records::commit;

/// Instead of an audit action: the first commit that has no audit event.
pub(crate) const HOUSEKEEPING: &str = "housekeeping";

/// The store.
pub(crate) struct FlakyStore {
    inner: Arc<dyn Store>,
    /// The first commit with this audit action is the one.
    action: &'static str,
    done: Arc<AtomicBool>,
    /// Commits that are refused before all others.
    away: AtomicUsize,
    /// Reads of a position that fail next: one for each refused commit.
    unread: AtomicUsize,
    /// What the other writer makes of the first job that is claimed, before the claim is committed.
    overtake: Option<fn(&JobRecord) -> JobRecord>,
    /// What another writer commits right behind it.
    next: Mutex<Option<Commit>>,
    /// What the next read of a job shows.
    earlier: Mutex<Option<Arc<JobRecord>>>,
}

impl FlakyStore {
    /// Wraps a store.
    pub(crate) fn new(inner: Arc<dyn Store>, action: &'static str) -> Self {
        Self {
            inner,
            action,
            done: Arc::default(),
            away: AtomicUsize::new(0),
            unread: AtomicUsize::new(0),
            overtake: None,
            next: Mutex::default(),
            earlier: Mutex::default(),
        }
    }

    /// Wraps a store that is away for so many commits, and for a read of a position after each.
    pub(crate) fn away(inner: Arc<dyn Store>, commits: usize) -> Self {
        Self { away: AtomicUsize::new(commits), ..Self::new(inner, "") }
    }

    /// Wraps a store in which another writer commits `next` right behind the first commit with an audit action.
    pub(crate) fn followed(inner: Arc<dyn Store>, action: &'static str, next: Commit) -> Self {
        Self { next: Mutex::new(Some(next)), ..Self::new(inner, action) }
    }

    /// Wraps a store whose next read of a job shows `earlier`; no commit is lost.
    pub(crate) fn late(inner: Arc<dyn Store>, earlier: JobRecord) -> Self {
        Self { earlier: Mutex::new(Some(Arc::new(earlier))), ..Self::new(inner, "") }
    }

    /// Wraps a store in which another writer changes the first job that is claimed, just before the claim's commit.
    pub(crate) fn overtaken(inner: Arc<dyn Store>, change: fn(&JobRecord) -> JobRecord) -> Self {
        Self { overtake: Some(change), ..Self::new(inner, "") }
    }

    fn overtaking(&self, ask: ClaimAsk, change: fn(&JobRecord) -> JobRecord) -> ClaimAsk {
        let (inner, done, make) = (Arc::clone(&self.inner), Arc::clone(&self.done), ask.make);
        let make: MakeClaim = Arc::new(move |job, run_id| {
            let made = make(job, run_id)?;
            if !done.swap(true, Ordering::SeqCst) {
                let write =
                    Write::Put { record: Record::from(change(job)), expect: Expect::Version(job.version) };
                let commit = Commit { id: format!("before:{run_id}"), ..commit(vec![write]) };
                let answer = inner.commit(commit);
                tokio::task::block_in_place(|| Handle::current().block_on(answer)).expect("committed");
            }
            Ok(made)
        });
        ClaimAsk { make, ..ask }
    }
}

impl Store for FlakyStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        let left = self.away.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            self.unread.fetch_add(1, Ordering::SeqCst);
            let retry_after = Duration::from_secs(1);
            return Box::pin(async move { Err(CommitError::Unavailable { retry_after }) });
        }
        let is_it = match commit.housekeeping {
            Some(_) => self.action == HOUSEKEEPING,
            None => commit.audit.iter().any(|event| event.action == self.action),
        };
        let lost = is_it && !self.done.swap(true, Ordering::SeqCst);
        let (id, applied) = (commit.id.clone(), self.inner.commit(commit));
        Box::pin(async move {
            let receipt = applied.await?;
            let next = if lost { self.next.lock().expect("no writer panics").take() } else { None };
            if let Some(next) = next {
                return self.inner.commit(next).await.map(|_| receipt);
            }
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
        let unread =
            || self.unread.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if matches!(key, Key::Cursor(_)) && unread().is_ok() {
            return Box::pin(async { Err(ReadError::Unavailable { retry_after: Duration::from_secs(1) }) });
        }
        self.inner.get(key)
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>> {
        self.inner.query(query)
    }

    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        let claims = self.inner.claim(match self.overtake {
            Some(change) => self.overtaking(ask, change),
            None => ask,
        });
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
