//! The store in PostgreSQL: opens it under the lock of the data directory, takes it over by the next epoch, and answers
//! the port. Its tasks run on a small runtime of their own, so that it can be opened and closed from any thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::access::{Access, check_moved, lock_directory};
use super::batch;
use super::claim::{self, ClaimRequest};
use super::clock::DatabaseClock;
use super::committer;
use super::connect::{OpenError, Target};
use super::durability::{self, Risks};
use super::follow;
use super::members::{self, Membership, NodeOptions};
use super::prune;
use super::reads::Readers;
use super::rows::query;
use super::schema;
use super::shared::{Core, Reply, Request, Submitted};
pub use super::upkeep::{migrate, rebuild_queue};
use super::wake;
use super::writer;
use crate::adapters::machine;
use crate::adapters::store::lock::OwnerLock;
use crate::adapters::store::moved::{self, MoveState};
use crate::adapters::store::prepare::prepare;
use crate::adapters::store::traced::{Answer, commit_in_span};
use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::tenant::TenantRecord;
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};
use crate::ports::audit_log::{AuditFrom, AuditLog, FoundEvents};
use crate::ports::clock::Clock;
use crate::ports::store::{
    Change, ClaimAsk, ClaimError, Claims, Commit, CommitError, Key, Page, Query, ReadError, Receipt, Record,
    Row, Store, StoreStatus,
};

/// Longest wait for the commits under way when the store is closed.
const REST: Duration = Duration::from_secs(12);

/// How the store is opened.
pub struct Options {
    /// What the process does with it.
    pub access: Access,
    /// `postgres://…`
    pub url: SecretString,
    /// Where files are; one process at a time owns it ([`Access`]).
    pub data_dir: PathBuf,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// A clock that the store keeps at the database's time.
    pub database_clock: Arc<DatabaseClock>,
    /// How long to wait for another owner of the data directory to end.
    pub lock_wait: Duration,
    /// Most commits that wait; more are refused with `Unavailable`.
    pub queue: usize,
    /// Most bytes of one commit, serialised.
    pub max_commit_bytes: usize,
    /// Most connections that read; one more writes.
    pub readers: usize,
    /// How a server joins those that share the store; absent for commands.
    pub node: Option<NodeOptions>,
    /// Address by which the signs of other processes are heard, without a pooler in transaction mode; `url` if absent.
    pub listen_url: Option<SecretString>,
}

impl Options {
    /// The usual options for a database and a data directory.
    pub fn new(url: SecretString, data_dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            access: Access::Own,
            url,
            data_dir,
            clock,
            database_clock: Arc::default(),
            lock_wait: Duration::from_secs(10),
            queue: 4096,
            max_commit_bytes: 16 * 1024 * 1024,
            readers: 8,
            node: None,
            listen_url: None,
        }
    }
}

/// The store in PostgreSQL.
pub struct PostgresStore {
    core: Arc<Core>,
    pub(super) readers: Arc<Readers>,
    pub(super) member: Option<Arc<Membership>>,
    max_commit_bytes: usize,
    pub(super) runtime: Option<Runtime>,
    running: Mutex<Option<Running>>,
}

/// What ends with the store; the lock is freed last.
struct Running {
    ended: std::sync::mpsc::Receiver<()>,
    tasks: Vec<JoinHandle<()>>,
    _lock: Option<OwnerLock>,
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_name("store-postgres").enable_all().build()
}

/// Runs work on a runtime of a thread of its own: a runtime cannot end within another one. Blocks.
pub(super) fn apart<T: Send, E: Send + From<OpenError>>(
    work: impl AsyncFnOnce() -> Result<T, E> + Send,
) -> Result<T, E> {
    let run = || runtime().map_err(OpenError::from)?.block_on(work());
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Err(OpenError::Database("a task ended by a panic".to_owned()).into()))
}

/// Runs work on a runtime, whatever runtime the caller is in. Blocks.
fn wait<T: Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T, OpenError>> + Send + 'static,
) -> Result<T, OpenError> {
    let (done, answer) = std::sync::mpsc::channel();
    runtime.spawn(async move { done.send(work.await) });
    answer.recv().unwrap_or_else(|_| Err(OpenError::Database("a task ended by a panic".to_owned())))
}

impl PostgresStore {
    /// Takes the lock of the data directory, checks the tables, and takes the store over, as far as [`Access`] says so.
    /// Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: Options) -> Result<Arc<Self>, OpenError> {
        let target = Target::parse(&options.url)?;
        let listens = target.directly(options.listen_url.as_ref())?;
        let dir = options.data_dir.join("store");
        let moved = moved::read(&options.data_dir)?.filter(|mark| mark.state == MoveState::Moved);
        if moved.is_none() && dir.join("store.sqlite3").exists() {
            return Err(OpenError::EmbeddedStore);
        }
        let lock = match options.access {
            Access::Own | Access::Serve | Access::Directory => Some(lock_directory(&dir, &options)?),
            Access::Beside => None,
        };
        let runtime = runtime()?;
        let owns = options.access == Access::Own;
        let is_fenced = owns || options.access == Access::Serve;
        let (node, clock) = (options.node, options.database_clock);
        let owner = format!("{}:{}", machine::hostname(), std::process::id());
        let opened = wait(&runtime, async move {
            let link = target.connect().await?;
            schema::check(&link.client).await?;
            check_moved(&link.client, moved).await?;
            let heads = if owns {
                batch::take_over(&link.client, &owner).await?
            } else {
                batch::present(&link.client).await?
            };
            let known = query(&link.client, "SELECT key, reason FROM ss.quarantine", &[]).await?;
            let known = known.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
            let known = known.collect::<Result<Vec<_>, tokio_postgres::Error>>()?;
            let risks = Risks::read(&link.client.query_typed_one(durability::LOOK, &[]).await?)?;
            clock.ask(&link.client).await?;
            let member = match node {
                Some(node) => Some(Membership::join(&link.client, node, clock).await?),
                None => None,
            };
            Ok((target, heads, known, risks, member))
        });
        let (target, heads, known, risks, member) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let (sender, requests) = mpsc::channel(options.queue.max(1));
        let core = Arc::new(Core::new(target, options.clock, heads, is_fenced, sender));
        core.load_quarantine(known);
        core.note_risks(risks);
        let readers = Arc::new(Readers::new(Arc::clone(&core), options.readers.max(1))?);
        let (done, ended) = std::sync::mpsc::channel();
        let shared = Arc::clone(&core);
        runtime.spawn(async move {
            let ended = tokio::spawn(committer::run(Arc::clone(&shared), requests)).await;
            if ended.is_err() {
                shared.stop("the committer panicked");
                shared.order.listeners().end();
            }
            // nobody waits where the store was dropped
            let _ = done.send(());
        });
        let member = member.map(Arc::new);
        let mut tasks = vec![
            runtime.spawn(prune::run(Arc::clone(&readers))),
            runtime.spawn(follow::run(Arc::clone(&readers))),
            runtime.spawn(writer::watch(core.target.clone())),
            runtime.spawn(wake::tell(Arc::clone(&readers))),
        ];
        if is_fenced {
            tasks.push(runtime.spawn(wake::listen(Arc::clone(&readers), listens)));
        }
        tasks.extend(member.clone().map(|member| runtime.spawn(members::run(Arc::clone(&readers), member))));
        let running = Mutex::new(Some(Running { ended, tasks, _lock: lock }));
        let max_commit_bytes = options.max_commit_bytes;
        Ok(Arc::new(Self { core, readers, member, max_commit_bytes, runtime: Some(runtime), running }))
    }

    /// Returns the clock of the options.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.core.clock)
    }

    /// Finishes what waits and frees the lock. Blocks until that is done; later calls of the port answer `Stopped`.
    pub fn shutdown(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        self.core.close();
        running.tasks.iter().for_each(JoinHandle::abort);
        self.leave();
        if running.ended.recv_timeout(REST).is_err() {
            tracing::warn!(event = "SS_STORE_UNREACHABLE", "the store ends while commits are under way");
        }
    }

    fn submit(&self, commit: Commit) -> Result<Answer, CommitError> {
        let resources = commit.audit.iter().map(|event| event.resource.clone()).collect();
        let commit = prepare(commit, self.max_commit_bytes)?;
        let (reply, answer): (Reply, _) = oneshot::channel();
        self.hand_over(Request::Commit(Submitted { commit, resources }, reply))?;
        Ok(answer)
    }

    fn submit_claim(
        &self,
        ask: ClaimAsk,
    ) -> Result<oneshot::Receiver<Result<Claims, ClaimError>>, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(Request::Claim(
            ClaimRequest {
                ask,
                holder: self.member.as_ref().map(|member| member.me()),
                max_bytes: self.max_commit_bytes,
            },
            reply,
        ))?;
        Ok(answer)
    }

    fn hand_over(&self, request: Request) -> Result<(), CommitError> {
        let stopped = || CommitError::Stopped { reason: self.core.closed() };
        match self.core.requests().ok_or_else(stopped)?.try_send(request) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(CommitError::Unavailable { retry_after: Duration::from_secs(1) })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(stopped()),
        }
    }

    /// Runs a read to its end on the store's own threads, even if its caller goes away: a connection is never left in
    /// the middle of an answer.
    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ReadError>> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadError>> {
        let stopped = |reason: String| ReadError::Stopped { reason };
        let Some(runtime) = &self.runtime else {
            return Box::pin(std::future::ready(Err(stopped(self.core.closed()))));
        };
        let answer = runtime.spawn(work);
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(stopped("a reader ended".to_owned()))) })
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.shutdown();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Store for PostgresStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        commit_in_span("postgresql", commit, |commit| self.submit(commit))
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        let (readers, id) = (Arc::clone(&self.readers), id.to_owned());
        self.read(async move { readers.committed(&id).await })
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, ReadError>> {
        let (readers, key) = (Arc::clone(&self.readers), key.clone());
        self.read(async move {
            Ok(match &key {
                Key::Job(tenant, id) => readers.job(tenant, id).await?.map(Record::from),
                Key::TaskCode(id) => {
                    readers.record::<TaskCodeRecord>("code_id", id.as_str()).await?.map(Record::from)
                }
                Key::ApiKey(id) => {
                    readers.record::<ApiKeyRecord>("key_id", id.as_str()).await?.map(Record::from)
                }
                Key::Tenant(id) => {
                    readers.record::<TenantRecord>("tenant", id.as_str()).await?.map(Record::from)
                }
                Key::Webhook(id) => {
                    readers.record::<WebhookRecord>("webhook_id", id.as_str()).await?.map(Record::from)
                }
                Key::Delivery(id) => {
                    readers.record::<DeliveryRecord>("delivery_id", id.as_str()).await?.map(Record::from)
                }
                Key::Batch(id) => {
                    readers.record::<BatchRecord>("batch_id", id.as_str()).await?.map(Record::from)
                }
                Key::Cursor(name) => readers.record::<CursorRecord>("name", name).await?.map(Record::from),
                Key::Idempotency(id) => {
                    let now = readers.core.clock.now();
                    let found = readers.record::<IdempotencyRecord>("key_sha256", id).await?;
                    found.filter(|answer| answer.expires_at > now).map(Record::from)
                }
            })
        })
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>> {
        let readers = Arc::clone(&self.readers);
        self.read(async move { readers.answer(query).await })
    }

    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        let readers = Arc::clone(&self.readers);
        let looked = self.read(async move { claim::nothing_waits(&readers).await });
        Box::pin(async move {
            // where it cannot be read, the claim says why
            if let Ok(Some(nothing)) = looked.await {
                return Ok(nothing);
            }
            self.submit_claim(ask)?.await.unwrap_or(Err(ClaimError::Indeterminate))
        })
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.core.order.listeners().listen()
    }

    fn status(&self) -> StoreStatus {
        self.core.status()
    }
}

impl AuditLog for PostgresStore {
    fn events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>> {
        let readers = Arc::clone(&self.readers);
        self.read(async move { readers.events(chain, after_seq, limit).await })
    }

    fn find(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        let readers = Arc::clone(&self.readers);
        self.read(async move { readers.find(filter, from, limit).await })
    }
}
