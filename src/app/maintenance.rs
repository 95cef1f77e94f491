//! Requests that take long and concern the whole store: migration, checks, exports, backups. Done by the
//! owner of the store where one runs, else on the data directory directly.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::build::migration;
use super::control::{RequestError, TRY, Target, read_answer};
use crate::adapters::clock::SystemClock;
use crate::adapters::control::ask_patiently;
use crate::adapters::store::{LockError, OpenError, Options as StoreOptions, SqliteStore};
use crate::domain::error::Problem;
use crate::ports::clock::Clock;
use crate::service::migrate::Migration;
use crate::telemetry::metrics::Metrics;

/// Longest wait for the owner's answer.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// A request of an operator about the whole store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum MaintenanceRequest {
    /// Migrates what older releases left; with `finalize`, for good.
    Migrate { dry_run: bool, finalize: bool },
}

/// What these requests are done with.
pub struct Maintenance {
    pub data_dir: PathBuf,
    pub store: Arc<SqliteStore>,
    pub migration: Arc<Migration>,
    pub clock: Arc<dyn Clock>,
    pub metrics: Option<Arc<Metrics>>,
}

impl Maintenance {
    /// Wires the requests of one data directory.
    pub fn new(
        data_dir: PathBuf,
        store: Arc<SqliteStore>,
        migration: Arc<Migration>,
        clock: Arc<dyn Clock>,
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        Self { data_dir, store, migration, clock, metrics }
    }

    /// Does what is asked for.
    ///
    /// # Errors
    /// As the use case behind the request.
    pub async fn execute(self: &Arc<Self>, request: MaintenanceRequest) -> Result<Value, Problem> {
        match request {
            MaintenanceRequest::Migrate { finalize: true, .. } => {
                self.migration.finalize().await.map(|report| json!(report))
            }
            MaintenanceRequest::Migrate { dry_run, .. } => {
                self.migration.migrate_all(dry_run).await.map(|report| json!(report))
            }
        }
    }
}

/// Does a request: through the owner of the store, else on the data directory directly.
///
/// # Errors
/// [`RequestError`].
pub async fn maintain(target: &Target, request: &MaintenanceRequest) -> Result<Value, RequestError> {
    let store_dir = target.data_dir.join("store");
    let line = serde_json::to_string(request).expect("requests serialise to JSON");
    let start = Instant::now();
    loop {
        if let Some(answer) = ask_patiently(&store_dir, &line, PATIENCE).await? {
            return read_answer(&answer);
        }
        match direct(target, request.clone()).await {
            Err(RequestError::Store(OpenError::Lock(LockError::Held(_))))
                if start.elapsed() < target.wait => {}
            outcome => return outcome,
        }
    }
}

async fn direct(target: &Target, request: MaintenanceRequest) -> Result<Value, RequestError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut options = StoreOptions::new(target.data_dir.clone(), Arc::clone(&clock));
    options.lock_wait = TRY.min(target.wait);
    options.readers = 2;
    let store = SqliteStore::open(options)?;
    let migration = migration(&store, &target.data_dir, &clock, target.token_days);
    let maintenance =
        Arc::new(Maintenance::new(target.data_dir.clone(), Arc::clone(&store), migration, clock, None));
    let outcome = maintenance.execute(request).await;
    store.shutdown();
    outcome.map_err(|problem| RequestError::Refused {
        code: problem.code.as_str().to_owned(),
        message: problem.message,
    })
}
