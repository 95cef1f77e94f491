//! Operators' requests: served on the control socket by the owner of the store, and asked for by the
//! command line, on the store directly where nobody owns it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::maintenance::{Maintenance, MaintenanceRequest, blocking};
use super::opened_files::OpenedFiles;
use super::opened_store::{OpenedStore, Opening, StoreError};
use super::options::FilesOptions;
use super::sweep;
use crate::adapters::control::{ControlSocket, Handler, ask};
use crate::adapters::ids::SystemIds;
use crate::adapters::legacy::LocalLegacyRecords;
use crate::adapters::objects;
use crate::adapters::postgres::{self, Access};
use crate::adapters::store::{LockError, OpenError};
use crate::domain::audit::Actor;
use crate::domain::error::Problem;
use crate::domain::ids::TraceId;
use crate::domain::tenant::RetentionPolicy;
use crate::ports::blob_store::BlobStore;
use crate::ports::ids::IdSource;
use crate::service::access::accounts::BootstrapKey;
use crate::service::access::administer::{AdminRequest, administer};
use crate::service::access::credentials::Ports;
use crate::service::operations::retention::{Deps, Summary, SweepError};
use crate::service::shared::pools::Pools;
use crate::service::{Caller, Context};

/// One try for the lock while the owner may still be opening its socket.
pub(super) const TRY: Duration = Duration::from_millis(200);

/// Serves the control socket of a data directory until `stop` fires. Call it once the store is open.
///
/// # Errors
/// Any I/O error of binding the socket. Needs a tokio runtime.
pub fn serve_control(
    ctx: Arc<Context>,
    maintenance: Option<Arc<Maintenance>>,
    data_dir: &Path,
    stop: CancellationToken,
) -> io::Result<tokio::task::JoinHandle<()>> {
    let socket = ControlSocket::bind(&data_dir.join("store"))?;
    let handler: Handler = Arc::new(move |line, uid| {
        let (ctx, maintenance) = (Arc::clone(&ctx), maintenance.clone());
        Box::pin(async move {
            let asked = serde_json::from_str::<MaintenanceRequest>(&line);
            if let (Ok(request), Some(maintenance)) = (asked, &maintenance) {
                return answer_of(maintenance.execute(request).await).to_string();
            }
            handle(&ctx, &line, uid).await.to_string()
        })
    });
    Ok(tokio::spawn(socket.serve(handler, stop)))
}

async fn handle(ctx: &Context, line: &str, uid: u32) -> Value {
    let outcome = match serde_json::from_str::<AdminRequest>(line) {
        Ok(request) => {
            let caller = operator(ctx.ids.as_ref(), uid);
            if let AdminRequest::SweepRetention { dry_run } = request {
                return sweep_answer(sweep::once(&sweep::deps(ctx), dry_run).await);
            }
            administer(Ports::from(ctx), ctx.accounts.load().bootstrap_key.as_ref(), &caller, request).await
        }
        Err(error) => Err(Problem::validation("", error.to_string())),
    };
    answer_of(outcome)
}

fn answer_of(outcome: Result<Value, Problem>) -> Value {
    match outcome {
        Ok(answer) => json!({"ok": answer}),
        Err(problem) => json!({"error": {"code": problem.code.as_str(), "message": problem.message}}),
    }
}

fn sweep_answer(swept: Result<Summary, SweepError>) -> Value {
    match swept {
        Ok(summary) => json!({"ok": summary}),
        Err(error) => json!({"error": {"code": "STORE_UNAVAILABLE", "message": error.to_string()}}),
    }
}

/// An operator on this machine.
fn operator(ids: &dyn IdSource, uid: u32) -> Caller {
    Caller {
        actor: Actor { kind: "cli".to_owned(), id: format!("uid:{uid}") },
        trace_id: TraceId::parse(hex::encode(ids.secret(16))).expect("16 bytes are a trace id"),
        address: None,
        reason: None,
    }
}

/// Target of an operator's request.
#[derive(Debug, Clone)]
pub struct Target {
    /// Data directory whose owner is asked; without an owner the caller opens the store itself.
    pub data_dir: PathBuf,
    /// Address of the PostgreSQL database; `None` for the embedded store.
    pub database_url: Option<SecretString>,
    /// Where the files of jobs are.
    pub files: FilesOptions,
    /// How long to wait for an owner that does not answer yet, or for the lock.
    pub wait: Duration,
    /// The administrator's key of the configuration, which can be revoked too.
    pub bootstrap_key: Option<BootstrapKey>,
    /// Validity of job tokens, in days.
    pub token_days: u32,
    /// How long things are kept where a tenant states nothing of its own.
    pub retention: RetentionPolicy,
}

impl Target {
    /// Opens the place of the files of jobs.
    ///
    /// # Errors
    /// [`RequestError`].
    pub(super) async fn blobs(&self) -> Result<Arc<dyn BlobStore>, RequestError> {
        let (data_dir, files) = (self.data_dir.clone(), self.files.clone());
        Ok(blocking(move || OpenedFiles::open(&data_dir, &files)).await??.blobs)
    }

    /// Opens the store: the embedded one where nobody else has it, one in PostgreSQL beside the server.
    pub(super) fn open(&self, access: Access, readers: usize) -> Result<OpenedStore, RequestError> {
        let opened = OpenedStore::open(Opening {
            data_dir: &self.data_dir,
            node: None,
            database_url: self.database_url.as_ref(),
            listen_url: None,
            lock_wait: TRY.min(self.wait),
            access,
            readers: Some(readers),
        });
        opened.map_err(|error| match error {
            StoreError::File(error) => error.into(),
            StoreError::Postgres(error) => error.into(),
        })
    }
}

/// Why an operator's request was not done.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The request ended with a problem of the use case.
    #[error("{message} ({code})")]
    Refused {
        /// Error code of `docs/errors.md`.
        code: String,
        /// Detail of the problem, for people.
        message: String,
    },
    /// Another process owns the store and does not answer.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store in PostgreSQL could not be opened.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// The place of the files could not be opened.
    #[error(transparent)]
    Files(#[from] objects::OpenError),
    /// The connection to the control socket failed, or its response was unreadable.
    #[error("the service did not answer: {0}")]
    Io(#[from] io::Error),
}

impl RequestError {
    /// Returns the exit code: 2 for a refused request, 69 for a service or database that is unavailable, 74 for
    /// I/O, 75 for a store that another process owns, 78 for a database that the settings or its
    /// tables rule out, and for records that were moved away.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { code, .. } if code == "STORE_UNAVAILABLE" => 69,
            Self::Refused { .. } => 2,
            _ if self.is_held() => 75,
            Self::Store(OpenError::Moved { .. }) => 78,
            Self::Postgres(postgres::OpenError::Database(_)) => 69,
            Self::Postgres(error) if !matches!(error, postgres::OpenError::Io(_)) => 78,
            Self::Files(error) if error.may_pass() => 69,
            Self::Files(error) if !matches!(error, objects::OpenError::Io(_)) => 78,
            Self::Store(_) | Self::Postgres(_) | Self::Files(_) | Self::Io(_) => 74,
        }
    }

    /// True if another process has the store and may give it free.
    pub(super) fn is_held(&self) -> bool {
        matches!(
            self,
            Self::Store(OpenError::Lock(LockError::Held(_)))
                | Self::Postgres(postgres::OpenError::Lock(LockError::Held(_)))
        )
    }
}

/// Does an operator's request: through the owner of the store, else on the store directly.
///
/// # Errors
/// [`RequestError`].
pub async fn request(target: &Target, request: &AdminRequest) -> Result<Value, RequestError> {
    let store_dir = target.data_dir.join("store");
    let line = serde_json::to_string(request).expect("requests serialise to JSON");
    let start = Instant::now();
    loop {
        if let Some(answer) = ask(&store_dir, &line).await? {
            return read_answer(&answer);
        }
        match direct(target, request.clone()).await {
            Err(error) if error.is_held() && start.elapsed() < target.wait => {}
            outcome => return outcome,
        }
    }
}

pub(super) fn read_answer(answer: &str) -> Result<Value, RequestError> {
    let mut answer: Value = serde_json::from_str(answer).map_err(io::Error::from)?;
    if let Some(error) = answer.get("error") {
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        return Err(RequestError::Refused { code: text("code"), message: text("message") });
    }
    Ok(answer["ok"].take())
}

async fn direct(target: &Target, request: AdminRequest) -> Result<Value, RequestError> {
    // a sweep removes files of the data directory, too
    let is_sweep = matches!(request, AdminRequest::SweepRetention { .. });
    let access = if is_sweep { Access::Directory } else { Access::Beside };
    let opened = target.open(access, 1)?;
    let (store, clock) = (opened.store(), opened.clock());
    if let AdminRequest::SweepRetention { dry_run } = request {
        let files = match OpenedFiles::open(&target.data_dir, &target.files) {
            Ok(files) => files,
            Err(error) => {
                opened.shutdown();
                return Err(error.into());
            }
        };
        let deps = Deps {
            store,
            clock,
            ids: Arc::new(SystemIds),
            blobs: files.blobs,
            workspace: files.workspace,
            legacy: Arc::new(LocalLegacyRecords::new(target.data_dir.clone())),
            pool: Pools::for_cores(1).writes,
            policy: target.retention,
        };
        let swept = sweep::once(&deps, dry_run).await;
        opened.shutdown();
        return swept.map(|summary| json!(summary)).map_err(|e| io::Error::other(e).into());
    }
    let ports = Ports { store: store.as_ref(), clock: clock.as_ref(), ids: &SystemIds };
    let caller = operator(&SystemIds, rustix::process::geteuid().as_raw());
    let outcome = administer(ports, target.bootstrap_key.as_ref(), &caller, request).await;
    opened.shutdown();
    outcome.map_err(|problem| RequestError::Refused {
        code: problem.code.as_str().to_owned(),
        message: problem.message,
    })
}
