//! The embedded store: opens the tables under the owner's lock, starts the threads, and answers the port.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};

use super::audit_query;
use super::export::{Exporter, exported_sequence};
use super::heads::Heads;
use super::lock::{LockError, OwnerLock, refuse_network_file_system};
use super::moved::refuse_moved;
use super::places::places_of;
use super::prepare::{CHAIN, prepare};
use super::queue::Refused;
use super::readers::{QueryError, Readers};
use super::rows::Stored;
use super::schema::{self, SchemaError};
use super::shared::{Core, Request};
use super::traced::{Answer, commit_in_span};
use super::{apply, checkpoint, committer, loss, queries, reads, verify};
use crate::adapters::files::create_dir_durably;
use crate::adapters::reserve::Reserve;
use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::tenant::TenantRecord;
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};
use crate::ports::audit_log::{AuditFrom, AuditLog, FoundEvents};
use crate::ports::clock::Clock;
use crate::ports::store::{
    Change, ClaimAsk, ClaimError, Claimed, Claims, Commit, CommitError, Key, Page, Query, ReadError, Receipt,
    Record, Row, StandingAsk, Store, StoreStatus,
};

/// How the store is opened.
pub struct Options {
    /// Data directory; the database lies in its folder `store`.
    pub data_dir: PathBuf,
    /// Source of the current time, for the lock's holder and expiries.
    pub clock: Arc<dyn Clock>,
    /// How long to wait for another owner to end.
    pub lock_wait: Duration,
    /// Most commits that wait; more are refused with `Unavailable`.
    pub queue: usize,
    /// Most bytes of one commit, serialised.
    pub max_commit_bytes: usize,
    /// Number of threads that read, each with a connection.
    pub readers: usize,
    /// How long after the opening the whole database is looked through, in the background.
    pub verify_after: Duration,
}

impl Options {
    /// The usual options for a data directory.
    pub fn new(data_dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let readers = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
        Self {
            data_dir,
            clock,
            lock_wait: Duration::from_secs(10),
            queue: 4096,
            max_commit_bytes: 16 * 1024 * 1024,
            readers,
            verify_after: Duration::from_secs(5),
        }
    }
}

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Owned by another process, or not on a local file system.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// SQLite cannot open the tables, or a newer release wrote them.
    #[error("cannot use the store's tables: {0}")]
    Tables(#[from] SchemaError),
    /// The records were moved into a PostgreSQL database.
    #[error(
        "the records of this data directory were moved to {target} at {}; set store.backend = \"postgres\" with the \
         address of that database, or undo the move with `stata-service store move --take-back`",
        .at.to_rfc3339()
    )]
    Moved {
        /// The database, for people.
        target: String,
        /// Time of the move (UTC).
        at: chrono::DateTime<chrono::Utc>,
    },
    /// A folder or file of the store could not be used.
    #[error("cannot open the store: {0}")]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Tables(SchemaError::Sqlite(error))
    }
}

/// Threads in the order in which they end, and the lock that is freed last.
pub(super) struct Running {
    committer: JoinHandle<()>,
    exporter: JoinHandle<()>,
    readers: Vec<JoinHandle<()>>,
    /// Reads the queue, once somebody claims.
    pub(super) loader: Option<JoinHandle<()>>,
    checkpointer: JoinHandle<()>,
    verifier: (JoinHandle<()>, InterruptHandle),
    _lock: OwnerLock,
}

/// The embedded store.
pub struct SqliteStore {
    core: Arc<Core>,
    readers: Readers,
    pub(super) path: PathBuf,
    pub(super) max_commit_bytes: usize,
    pub(super) running: Mutex<Option<Running>>,
}

impl SqliteStore {
    /// Takes the lock, opens the tables and starts the threads. Blocks while it waits for the lock;
    /// reads no record, whatever their number.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: Options) -> Result<Arc<Self>, OpenError> {
        let dir = options.data_dir.join("store");
        create_dir_durably(&dir)?;
        std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        refuse_network_file_system(&dir)?;
        let lock = OwnerLock::acquire(&options.data_dir, options.lock_wait, options.clock.now())?;
        refuse_moved(&options.data_dir)?;
        let path = dir.join("store.sqlite3");
        let lost_commits = loss::inspect_log(&path)?;
        let writer = schema::open_writer(&path)?;
        let mut heads = Heads::load(&writer)?;
        let reserve = Reserve::of(&options.data_dir);
        let places = places_of(&options.data_dir)?;
        let core = Arc::new(Core::new(options.queue, Arc::clone(&options.clock), reserve, places));
        core.publish_heads(heads.sequence, (heads.audit_seq, &heads.audit_hash), &heads.jobs);
        core.waiting.note_running(&writer)?;
        loss::load_quarantine(&writer, &core)?;
        loss::withhold_lost(&core, &options.data_dir, &writer, &mut heads, lost_commits)?;
        let exported = exported_sequence(&options.data_dir);
        // copies cannot be ahead of the store they were made from; then they are of another one
        core.publish_export(Some(if exported > heads.sequence { 0 } else { exported }), None);
        let (readers, reader_threads) = Readers::start(&path, options.readers.max(1), Arc::clone(&core))?;
        let max_commit_bytes = options.max_commit_bytes;
        let running = start_threads(&core, &path, (writer, heads), reader_threads, options, lock)?;
        Ok(Arc::new(Self { core, readers, path, max_commit_bytes, running: Mutex::new(Some(running)) }))
    }

    /// Finishes what waits, brings the readable copies up to date, empties the write-ahead log and frees
    /// the lock. Blocks until that is done; later calls of the port answer `Stopped`.
    pub fn shutdown(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        self.core.verifies.close();
        running.verifier.1.interrupt();
        join(running.verifier.0);
        self.core.requests.close();
        join(running.committer);
        join(running.exporter);
        running.loader.into_iter().for_each(join);
        self.readers.close();
        running.readers.into_iter().for_each(join);
        join(running.checkpointer);
    }

    /// State shared with the threads.
    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    fn submit(&self, commit: Commit) -> Result<Answer, CommitError> {
        if let Some(reason) = self.core.fault() {
            return Err(CommitError::Stopped { reason });
        }
        let commit = Box::new(prepare(commit, self.max_commit_bytes)?);
        let (reply, answer) = oneshot::channel();
        match self.core.requests.push(Request::Commit { commit, reply }) {
            Ok(()) => Ok(answer),
            Err(Refused::Full(_)) => Err(CommitError::Unavailable { retry_after: Duration::from_secs(1) }),
            Err(Refused::Closed(_)) => {
                let reason = self.core.fault().unwrap_or_else(|| "the store is closed".to_owned());
                Err(CommitError::Stopped { reason })
            }
        }
    }

    /// Reads one record of a table by its name.
    fn record<T: Stored + Into<Record>>(
        &self,
        key: &Key,
        name: &str,
    ) -> BoxFuture<'_, Result<Option<Record>, ReadError>> {
        let (core, name) = (Arc::clone(&self.core), name.to_owned());
        let found = self
            .readers
            .read(Some(key.clone()), move |conn| queries::record::<T>(conn, &core, T::NAMES, &[&name]));
        Box::pin(async move { Ok(found.await?.map(T::into)) })
    }

    /// Returns the jobs with an id, where they were read lately.
    fn remembered(&self, job_id: &JobId) -> Option<Result<Vec<Arc<JobRecord>>, ReadError>> {
        let jobs = self.core.cache.get(job_id).ok()?;
        Some(self.core.fault().map_or(Ok(jobs), |reason| Err(ReadError::Stopped { reason })))
    }

    /// Reads a job. Damage of another tenant's job with the same id does not matter.
    async fn job(
        &self,
        key: &Key,
        tenant: &TenantId,
        job_id: &JobId,
    ) -> Result<Option<Arc<JobRecord>>, ReadError> {
        let jobs = match self.remembered(job_id) {
            Some(jobs) => jobs?,
            None => {
                let (core, id, asked) = (Arc::clone(&self.core), job_id.clone(), key.clone());
                let read = move |conn: &Connection| queries::jobs_with_id(conn, &core, &id, Some(&asked));
                self.readers.read(Some(key.clone()), read).await?
            }
        };
        Ok(jobs.into_iter().find(|job| job.tenant_id == *tenant))
    }

    fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection, &Core) -> Result<T, QueryError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadError>> {
        let core = Arc::clone(&self.core);
        Box::pin(self.readers.read(None, move |conn| query(conn, &core)))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!(event = "SS_STORE_PANICKED", "a thread of the store ended by a panic");
    }
}

fn start_threads(
    core: &Arc<Core>,
    path: &Path,
    (writer, heads): (Connection, Heads),
    readers: Vec<JoinHandle<()>>,
    options: Options,
    lock: OwnerLock,
) -> Result<Running, OpenError> {
    let Options { data_dir, verify_after, .. } = options;
    let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
    let checkpoints = schema::open_checkpointer(path)?;
    let exporter = Exporter::new(Arc::clone(core), schema::open_reader(path)?, data_dir, heads.sequence);
    let shared = Arc::clone(core);
    let checkpointer = named("store-checkpoint").spawn(move || checkpoint::run(&shared, &checkpoints))?;
    let exporter = named("store-export").spawn(move || exporter.run())?;
    let shared = Arc::clone(core);
    let committer = named("store-commit").spawn(move || committer::run(&shared, writer, heads))?;
    let look = schema::open_reader(path)?;
    let interrupt = look.get_interrupt_handle();
    let shared = Arc::clone(core);
    let verifier = named("store-verify").spawn(move || verify::run(&shared, &look, verify_after))?;
    let verifier = (verifier, interrupt);
    Ok(Running { committer, exporter, readers, loader: None, checkpointer, verifier, _lock: lock })
}

impl Store for SqliteStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        commit_in_span("sqlite", commit, |commit| self.submit(commit))
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        let id = id.to_owned();
        self.read(move |conn, _| Ok(apply::receipt_of(conn, &id)?))
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, ReadError>> {
        match key {
            Key::Job(tenant, job_id) => {
                Box::pin(async move { Ok(self.job(key, tenant, job_id).await?.map(Record::Job)) })
            }
            Key::TaskCode(id) => self.record::<TaskCodeRecord>(key, id.as_str()),
            Key::ApiKey(id) => self.record::<ApiKeyRecord>(key, id.as_str()),
            Key::Tenant(id) => self.record::<TenantRecord>(key, id.as_str()),
            Key::Webhook(id) => self.record::<WebhookRecord>(key, id.as_str()),
            Key::Delivery(id) => self.record::<DeliveryRecord>(key, id.as_str()),
            Key::Cursor(name) => self.record::<CursorRecord>(key, name),
            Key::Batch(id) => self.record::<BatchRecord>(key, id.as_str()),
            Key::Idempotency(id) => {
                let now = self.core.clock.now();
                let found = self.record::<IdempotencyRecord>(key, id);
                let lives = move |record: &Record| match record {
                    Record::Idempotency(answer) => answer.expires_at > now,
                    _ => true,
                };
                Box::pin(async move { Ok(found.await?.filter(lives)) })
            }
        }
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>> {
        if let Query::JobsById(job_id) = &query
            && let Some(jobs) = self.remembered(job_id)
        {
            return Box::pin(ready(jobs.map(queries::jobs)));
        }
        if let Query::QueuePosition { tenant, job_id } = &query
            && let Some(before) = self.core.waiting.position(&(tenant.clone(), job_id.clone()))
        {
            return Box::pin(ready(Ok(Page::whole(vec![Row::Position(before)]))));
        }
        self.read(move |conn, core| queries::answer(conn, core, query))
    }

    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        Box::pin(self.claim_jobs(ask))
    }

    fn leave_claim(&self, ask: StandingAsk) -> Option<oneshot::Receiver<Vec<Claimed>>> {
        self.leave(ask)
    }

    fn withdraw_claim(&self) -> bool {
        self.core.standing.withdraw()
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.core.listeners.listen()
    }

    fn status(&self) -> StoreStatus {
        self.core.status()
    }
}

impl AuditLog for SqliteStore {
    fn events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>> {
        self.read(move |conn, _| match chain {
            CHAIN => reads::audit_events(conn, after_seq, limit),
            _ => Ok(Vec::new()),
        })
    }

    fn find(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        self.read(move |conn, _| audit_query::find(conn, &filter, from, limit))
    }
}
