//! The embedded store: opens the tables under the owner's lock, starts the threads, and answers the port.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::audit_query;
use super::committer::Heads;
use super::export::{Exporter, exported_sequence};
use super::lock::{LockError, OwnerLock, refuse_network_file_system};
use super::places::Places;
use super::prepare::{CHAIN, prepare};
use super::queue::Refused;
use super::readers::{QueryError, Readers};
use super::reads::{self, Conditions};
use super::rows::{self, Stored};
use super::schema::{self, SchemaError};
use super::shared::{Core, Request};
use super::{apply, checkpoint, committer, due, loss, verify};
use crate::adapters::files::create_dir_durably;
use crate::adapters::reserve::Reserve;
use crate::domain::audit::ChainedEvent;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::ids::{CodeId, JobId, KeyId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::tenant::{TenantRecord, TenantUsage};
use crate::ports::clock::Clock;
use crate::ports::store::{
    AuditFilter, AuditFrom, Change, Commit, CommitError, Due, FoundEvents, JobFilter, Key, Page, QueuedJob,
    ReadError, Receipt, Store, StoreStatus,
};

/// How the store is opened.
pub struct Options {
    pub data_dir: PathBuf,
    pub clock: Arc<dyn Clock>,
    /// How long to wait for another owner to end.
    pub lock_wait: Duration,
    /// Most commits that wait; more are refused with `Unavailable`.
    pub queue: usize,
    /// Most bytes of one commit, serialised.
    pub max_commit_bytes: usize,
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
    #[error("cannot use the store's tables: {0}")]
    Tables(#[from] SchemaError),
    #[error("cannot open the store: {0}")]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Tables(SchemaError::Sqlite(error))
    }
}

/// Threads in the order in which they end, and the lock that is freed last.
struct Running {
    committer: JoinHandle<()>,
    exporter: JoinHandle<()>,
    readers: Vec<JoinHandle<()>>,
    checkpointer: JoinHandle<()>,
    verifier: (JoinHandle<()>, InterruptHandle),
    _lock: OwnerLock,
}

/// The embedded store.
pub struct SqliteStore {
    core: Arc<Core>,
    readers: Readers,
    max_commit_bytes: usize,
    running: Mutex<Option<Running>>,
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
        let lock = OwnerLock::acquire(&dir.join("store.lock"), options.lock_wait, options.clock.now())?;
        let path = dir.join("store.sqlite3");
        let lost_commits = loss::inspect_log(&path)?;
        let writer = schema::open_writer(&path)?;
        let mut heads = Heads::load(&writer)?;
        let reserve = Reserve::of(&options.data_dir);
        let places = Places::of(&options.data_dir)?;
        let core = Arc::new(Core::new(options.queue, Arc::clone(&options.clock), reserve, places));
        core.publish_heads(heads.sequence, (heads.audit_seq, &heads.audit_hash), &heads.jobs);
        core.publish_usage(heads.usage.all().iter().map(|(tenant, usage)| (tenant.clone(), *usage)));
        loss::load_quarantine(&writer, &core)?;
        loss::withhold_lost(&core, &options.data_dir, &writer, &mut heads, lost_commits)?;
        let exported = exported_sequence(&options.data_dir);
        // copies cannot be ahead of the store they were made from; then they are of another one
        core.publish_export(Some(if exported > heads.sequence { 0 } else { exported }), None);
        let (readers, reader_threads) = Readers::start(&path, options.readers.max(1), Arc::clone(&core))?;
        let max_commit_bytes = options.max_commit_bytes;
        let running = start_threads(&core, &path, (writer, heads), reader_threads, options, lock)?;
        Ok(Arc::new(Self { core, readers, max_commit_bytes, running: Mutex::new(Some(running)) }))
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
        self.readers.close();
        running.readers.into_iter().for_each(join);
        join(running.checkpointer);
    }

    /// Stops the store where its files are not at their place any more, also while nothing is committed.
    pub fn check_places(&self) {
        // at its end the store takes files away itself
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some()
            && let Some(reason) = self.core.places.lost()
        {
            self.core.stop(&reason);
        }
    }

    fn submit(&self, commit: Commit) -> Result<oneshot::Receiver<Result<Receipt, CommitError>>, CommitError> {
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

    fn find<T: Stored>(
        &self,
        key: Option<Key>,
        by: &'static [&'static str],
        values: Vec<String>,
    ) -> BoxFuture<'_, Result<Option<T>, ReadError>> {
        let core = Arc::clone(&self.core);
        Box::pin(self.readers.read(key, move |conn| {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let found = rows::find::<T>(conn, by, &values)?.transpose()?;
            match found.as_ref().and_then(|record| rows::withheld(&core, record)) {
                Some(damage) => Err(damage.into()),
                None => Ok(found),
            }
        }))
    }

    /// Reads the jobs with an id, from memory where they were read lately. A damaged one is an error to
    /// who asks for its tenant, and left out otherwise.
    async fn jobs_with_id(
        &self,
        job_id: &JobId,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<Arc<JobRecord>>, ReadError> {
        let reading = match self.core.cache.get(job_id) {
            Ok(_) if self.core.fault().is_some() => {
                return Err(ReadError::Stopped { reason: self.core.fault().unwrap_or_default() });
            }
            Ok(jobs) => return Ok(jobs),
            Err(reading) => reading,
        };
        let id = job_id.clone();
        let wanted = tenant.map(|tenant| Key::Job(tenant.clone(), job_id.clone()));
        let asked = wanted.clone();
        let core = Arc::clone(&self.core);
        self.readers
            .read(wanted, move |conn| {
                let found = reads::jobs_with_id(conn, &core, &id, asked.as_ref())?;
                let jobs: Vec<Arc<JobRecord>> = found.jobs.iter().map(|(job, _)| Arc::clone(job)).collect();
                if found.complete {
                    core.cache.keep(&id, &reading, found.jobs);
                }
                Ok(jobs)
            })
            .await
    }

    fn query<T: Send + 'static>(
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
    Ok(Running { committer, exporter, readers, checkpointer, verifier, _lock: lock })
}

impl Store for SqliteStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        let id = commit.id.clone();
        let span = tracing::debug_span!(
            "store.commit",
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            db.system.name = "sqlite",
            db.operation.name = "commit",
            db.operation.batch.size = commit.writes.len() as u64,
        );
        let sent = self.submit(commit);
        Box::pin(async move {
            let answer = async { sent?.await.unwrap_or(Err(CommitError::Indeterminate { id })) };
            let answer = answer.instrument(span.clone()).await;
            if answer.is_err() {
                span.record("otel.status_code", "error");
            }
            answer
        })
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        let id = id.to_owned();
        self.query(move |conn, _| Ok(apply::receipt_of(conn, &id)?))
    }

    fn shared_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<Arc<JobRecord>>, ReadError>> {
        Box::pin(async move {
            let jobs = self.jobs_with_id(job_id, Some(tenant)).await?;
            Ok(jobs.into_iter().find(|job| job.tenant_id == *tenant))
        })
    }

    fn jobs_by_id<'a>(&'a self, job_id: &'a JobId) -> BoxFuture<'a, Result<Vec<Arc<JobRecord>>, ReadError>> {
        Box::pin(self.jobs_with_id(job_id, None))
    }

    fn due_jobs(
        &self,
        due: Due,
        before: DateTime<Utc>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>> {
        let before = before.timestamp_millis();
        self.query(move |conn, core| due::page(conn, core, due, before, cursor.as_deref(), limit))
    }

    fn nth_newest_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        nth: u64,
    ) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, ReadError>> {
        let tenant = tenant.to_string();
        self.query(move |conn, _| due::nth_newest_job(conn, &tenant, nth))
    }

    fn tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Option<TenantRecord>, ReadError>> {
        self.find(Some(Key::Tenant(tenant.clone())), TenantRecord::NAMES, vec![tenant.to_string()])
    }

    fn list_tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, ReadError>> {
        self.query(move |conn, core| {
            let sql = format!("SELECT {} FROM tenants ORDER BY tenant", rows::columns::<TenantRecord>());
            reads::all(conn, core, &sql, [])
        })
    }

    fn usage(&self, tenant: &TenantId) -> TenantUsage {
        self.core.usage(tenant)
    }

    fn list_jobs(&self, filter: JobFilter) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>> {
        self.query(move |conn, core| {
            reads::page(conn, core, Conditions::of_jobs(&filter), filter.cursor.as_deref(), filter.limit)
        })
    }

    fn task_code_by_hash<'a>(
        &'a self,
        code_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>> {
        self.find(None, &["code_sha256"], vec![code_sha256.to_owned()])
    }

    fn task_code<'a>(
        &'a self,
        code_id: &'a CodeId,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>> {
        self.find(Some(Key::TaskCode(code_id.clone())), TaskCodeRecord::NAMES, vec![code_id.to_string()])
    }

    fn list_task_codes(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<TaskCodeRecord>, ReadError>> {
        self.query(move |conn, core| {
            let conditions = Conditions::default().with("tenant = ?", tenant.map(|t| t.to_string()));
            reads::page(conn, core, conditions, cursor.as_deref(), limit)
        })
    }

    fn api_key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Option<ApiKeyRecord>, ReadError>> {
        self.find(Some(Key::ApiKey(key_id.clone())), ApiKeyRecord::NAMES, vec![key_id.to_string()])
    }

    fn list_api_keys(&self, tenant: Option<TenantId>) -> BoxFuture<'_, Result<Vec<ApiKeyRecord>, ReadError>> {
        self.query(move |conn, core| {
            let sql = format!(
                "SELECT {} FROM api_keys WHERE ?1 IS NULL OR tenant = ?1 ORDER BY created_at DESC, row DESC",
                rows::columns::<ApiKeyRecord>()
            );
            reads::all(conn, core, &sql, [tenant.map(|t| t.to_string())])
        })
    }

    fn idempotency<'a>(
        &'a self,
        key_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<IdempotencyRecord>, ReadError>> {
        let now = self.core.clock.now();
        let key = Key::Idempotency(key_sha256.to_owned());
        let found =
            self.find::<IdempotencyRecord>(Some(key), IdempotencyRecord::NAMES, vec![key_sha256.to_owned()]);
        Box::pin(async move { Ok(found.await?.filter(|record| record.expires_at > now)) })
    }

    fn queued(&self, after_seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<QueuedJob>, ReadError>> {
        self.query(move |conn, _| reads::queued(conn, after_seq, limit))
    }

    fn queue_position<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<u64>, ReadError>> {
        let (tenant, job_id) = (tenant.to_string(), job_id.to_string());
        self.query(move |conn, _| reads::queue_position(conn, &tenant, &job_id))
    }

    fn jobs_with_uploads(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>> {
        self.query(move |conn, core| reads::with_uploads(conn, core, now.timestamp_millis()))
    }

    fn running(&self) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>> {
        self.query(reads::running)
    }

    fn audit_events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>> {
        self.query(move |conn, _| match chain {
            CHAIN => reads::audit_events(conn, after_seq, limit),
            _ => Ok(Vec::new()),
        })
    }

    fn find_audit_events(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        self.query(move |conn, _| audit_query::find(conn, &filter, from, limit))
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.core.listen()
    }

    fn status(&self) -> StoreStatus {
        self.core.status()
    }
}
