//! Requests that take long and concern the whole store: migration, checks, exports, backups. Done by the
//! owner of the store where one runs, else on the data directory directly.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::build::migration;
use super::control::{RequestError, TRY, Target, read_answer};
use super::opened_store::OpenedStore;
use crate::adapters::backup::{BackupError, Protection, Records, Report, Spec, back_up};
use crate::adapters::clock::SystemClock;
use crate::adapters::control::ask_patiently;
use crate::adapters::postgres::{self, Access};
use crate::adapters::store::{OpenError, tools};
use crate::domain::error::{ErrorCode, Problem};
use crate::ports::blob_store::BlobStore;
use crate::ports::clock::Clock;
use crate::service::operations::migrate::Migration;
use crate::service::shared::pools::Pool;
use crate::telemetry::metrics::Metrics;

/// Longest wait for the owner's answer.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// A request of an operator about the whole store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum MaintenanceRequest {
    /// Migrates what older releases left; with `finalize`, for good.
    Migrate {
        /// Reports what a migration would do and changes nothing.
        dry_run: bool,
        /// Removes the old directories of migrated jobs; there is no way back.
        finalize: bool,
    },
    /// Verifies everything; with `deep`, the contents of artifacts too.
    StoreCheck {
        /// Hashes the contents of artifacts too, which reads every file.
        deep: bool,
    },
    /// Verifies the audit chain, against anchors too.
    AuditVerify {
        /// Heads of the chain that were noted earlier and must be in it.
        anchors: Vec<tools::Anchor>,
    },
    /// Writes every record into an empty directory.
    StoreExport {
        /// An absent or empty directory.
        dir: PathBuf,
    },
    /// Backs everything up into a directory.
    Backup {
        /// Directory of the repository.
        to: PathBuf,
        /// Adds to the repository; otherwise the directory must be absent or empty.
        incremental: bool,
        /// `age1…`
        recipients: Vec<String>,
        /// File with a passphrase to encrypt with; `None` where recipients or nothing encrypt.
        passphrase_file: Option<PathBuf>,
    },
}

/// Why requests about the files of the embedded store are refused where the records are in PostgreSQL.
const OF_FILES: &str = "the records are in PostgreSQL (store.backend), and this command reads the files of the \
                        embedded store; see docs/storage.md for what to use instead";

impl MaintenanceRequest {
    /// True if it works on the files of the embedded store alone.
    fn is_of_files(&self) -> bool {
        matches!(self, Self::StoreExport { .. })
    }
}

/// Refuses a request about the files of the embedded store where the records are in PostgreSQL.
fn refuse_without_files(target: &Target) -> Result<(), RequestError> {
    match target.database_url {
        None => Ok(()),
        Some(_) => {
            let code = ErrorCode::InputValidationFailed.as_str().to_owned();
            Err(RequestError::Refused { code, message: OF_FILES.to_owned() })
        }
    }
}

/// Dependencies of these requests.
pub struct Maintenance {
    /// Data directory of the store.
    pub data_dir: PathBuf,
    /// The store, whose lock this process holds.
    pub store: OpenedStore,
    /// The use cases of migration.
    pub migration: Arc<Migration>,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// Metrics of the running service; absent on the command line.
    pub metrics: Option<Arc<Metrics>>,
    pool: Pool,
    /// One backup at a time.
    backing_up: tokio::sync::Mutex<()>,
    /// The files of jobs, and where the records are.
    blobs: Arc<dyn BlobStore>,
    records: Records,
}

impl Maintenance {
    /// Wires the requests of one data directory.
    pub fn new(
        data_dir: PathBuf,
        store: OpenedStore,
        migration: Arc<Migration>,
        clock: Arc<dyn Clock>,
        metrics: Option<Arc<Metrics>>,
        (blobs, records): (Arc<dyn BlobStore>, Records),
    ) -> Self {
        let pool = Pool::new("maintenance", 2, Duration::from_secs(600));
        if let Some(metrics) = &metrics {
            metrics.host.backup(last_backup(&data_dir));
        }
        let backing_up = tokio::sync::Mutex::new(());
        Self { data_dir, store, migration, clock, metrics, pool, backing_up, blobs, records }
    }

    /// Does what is requested.
    ///
    /// # Errors
    /// As the use case behind the request.
    pub async fn execute(self: &Arc<Self>, request: MaintenanceRequest) -> Result<Value, Problem> {
        // its tables are verified beside the service, not by it
        let is_done_here =
            matches!(request, MaintenanceRequest::Migrate { .. } | MaintenanceRequest::Backup { .. });
        if matches!(self.store, OpenedStore::Postgres(_)) && !is_done_here {
            return Err(Problem::validation("", OF_FILES));
        }
        match request {
            MaintenanceRequest::Migrate { finalize: true, .. } => {
                self.migration.finalize().await.map(|report| json!(report))
            }
            MaintenanceRequest::Migrate { dry_run, .. } => {
                self.migration.migrate_all(dry_run).await.map(|report| json!(report))
            }
            MaintenanceRequest::StoreCheck { deep } => {
                let (data_dir, blobs) = (self.data_dir.clone(), Arc::clone(&self.blobs));
                let report =
                    self.pool.run(move || tools::check(&data_dir, blobs.as_ref(), deep, true)).await?;
                report.map(|report| json!(report)).map_err(|error| unusable(&error))
            }
            MaintenanceRequest::AuditVerify { anchors } => {
                let data_dir = self.data_dir.clone();
                let report = self.pool.run(move || tools::verify_audit(&data_dir, &anchors, true)).await?;
                report.map(|report| json!(report)).map_err(|error| unusable(&error))
            }
            MaintenanceRequest::StoreExport { dir } => {
                let data_dir = self.data_dir.clone();
                let report = self.pool.run(move || tools::export(&data_dir, &dir)).await?;
                report.map(|report| json!(report)).map_err(|error| unusable(&error))
            }
            MaintenanceRequest::Backup { to, incremental, recipients, passphrase_file } => {
                let protection = protection(recipients, passphrase_file);
                self.back_up(to, incremental, protection).await.map(|report| json!(report))
            }
        }
    }

    async fn back_up(
        self: &Arc<Self>,
        to: PathBuf,
        incremental: bool,
        protection: Protection,
    ) -> Result<Report, Problem> {
        let Ok(_one) = self.backing_up.try_lock() else {
            return Err(Problem::validation("", "another backup is being made"));
        };
        let now = self.clock.now();
        let (data_dir, records, blobs) =
            (self.data_dir.clone(), self.records.clone(), Arc::clone(&self.blobs));
        let spec = Spec { data_dir, records, blobs, to, incremental, protection, now };
        let report = self.pool.run(move || make_backup(&spec)).await??;
        if report.missing.is_empty()
            && let Some(metrics) = &self.metrics
        {
            metrics.host.backup(Some(now.timestamp()));
        }
        Ok(report)
    }
}

/// Makes a backup, and notes when it was made.
fn make_backup(spec: &Spec) -> Result<Report, Problem> {
    let report = back_up(spec).map_err(|error| {
        tracing::error!(event = "SS_BACKUP_FAILED", %error, "no backup was made");
        let code = match error {
            BackupError::Unavailable(_) => ErrorCode::StoreUnavailable,
            _ => ErrorCode::InputValidationFailed,
        };
        Problem::new(code, error.to_string())
    })?;
    if report.missing.is_empty() {
        note_backup(&spec.data_dir, spec.now.timestamp());
    }
    tracing::info!(
        event = "SS_BACKUP_DONE",
        id = report.id,
        sequence = report.sequence,
        audit_seq = report.audit_seq,
        new_bytes = report.new_bytes,
        missing = report.missing.len(),
        "a backup was made"
    );
    Ok(report)
}

/// How a backup is protected.
fn protection(recipients: Vec<String>, passphrase_file: Option<PathBuf>) -> Protection {
    match passphrase_file {
        Some(path) => Protection::PassphraseFile(path),
        None if recipients.is_empty() => Protection::None,
        None => Protection::Recipients(recipients),
    }
}

fn last_backup_file(data_dir: &Path) -> PathBuf {
    data_dir.join("store").join("last_backup")
}

/// Returns when the last whole backup was made, in seconds of Unix time.
fn last_backup(data_dir: &Path) -> Option<i64> {
    std::fs::read_to_string(last_backup_file(data_dir)).ok()?.trim().parse().ok()
}

/// Keeps the time for the metric of the next start; a failure costs the metric only.
fn note_backup(data_dir: &Path, seconds: i64) {
    if let Err(error) = std::fs::write(last_backup_file(data_dir), seconds.to_string()) {
        tracing::warn!(event = "SS_DATA_IO_FAILED", %error, "the time of the backup cannot be kept");
    }
}

/// An error of a file or directory, in words for the operator who asked.
fn unusable(error: &io::Error) -> Problem {
    tracing::error!(event = "SS_DATA_IO_FAILED", %error, "a request about the whole store failed");
    Problem::new(ErrorCode::InputValidationFailed, error.to_string())
}

/// Does a request: through the owner of the store, else on the data directory directly.
///
/// # Errors
/// [`RequestError`].
pub async fn maintain(target: &Target, request: &MaintenanceRequest) -> Result<Value, RequestError> {
    if request.is_of_files() {
        refuse_without_files(target)?;
    }
    if let Some(url) = &target.database_url
        && let Some(report) = verify_tables(url, target, request).await
    {
        return report;
    }
    let store_dir = target.data_dir.join("store");
    let line = serde_json::to_string(request).expect("requests serialise to JSON");
    let start = Instant::now();
    loop {
        if let Some(answer) = ask_patiently(&store_dir, &line, PATIENCE).await? {
            return read_answer(&answer);
        }
        match direct(target, request.clone()).await {
            Err(error) if error.is_held() && start.elapsed() < target.wait => {}
            outcome => return outcome,
        }
    }
}

/// Verifies the tables of a PostgreSQL database, beside the service or without it; `None` for other requests.
async fn verify_tables(
    url: &SecretString,
    target: &Target,
    request: &MaintenanceRequest,
) -> Option<Result<Value, RequestError>> {
    let url = url.clone();
    let report = match request.clone() {
        MaintenanceRequest::AuditVerify { anchors } => {
            blocking(move || postgres::verify_audit(&url, anchors)).await
        }
        MaintenanceRequest::StoreCheck { deep } => match target.blobs().await {
            Ok(blobs) => blocking(move || postgres::check(&url, postgres::Scope { blobs, deep })).await,
            Err(error) => return Some(Err(error)),
        },
        _ => return None,
    };
    Some(report.and_then(|report| Ok(json!(report?))))
}

/// Makes the tables of a PostgreSQL database, or brings them to the format of this release.
///
/// # Errors
/// [`RequestError`].
pub async fn migrate_tables(target: &Target) -> Result<Value, RequestError> {
    let Some(url) = target.database_url.clone() else {
        let message =
            "the embedded store needs no migration: `serve` brings its tables up to date".to_owned();
        let code = ErrorCode::InputValidationFailed.as_str().to_owned();
        return Err(RequestError::Refused { code, message });
    };
    let migrated = blocking(move || postgres::store::migrate(&url)).await??;
    Ok(json!(migrated))
}

/// Makes a new database of the readable copies; the service must not run. In PostgreSQL, makes the queue again out of the
/// jobs; the service may run.
///
/// # Errors
/// [`RequestError`].
pub async fn rebuild(target: &Target) -> Result<Value, RequestError> {
    if let Some(url) = target.database_url.clone() {
        let queued = blocking(move || postgres::store::rebuild_queue(&url)).await??;
        return Ok(json!({ "queued": queued }));
    }
    let _owned = own(target)?;
    let (data_dir, now) = (target.data_dir.clone(), SystemClock.now());
    let report = blocking(move || tools::rebuild(&data_dir, now)).await?;
    Ok(json!(report?))
}

fn own(target: &Target) -> Result<tools::Owned, OpenError> {
    tools::own(&target.data_dir, target.wait, SystemClock.now())
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RequestError> {
    let pool = Pool::new("maintenance", 1, Duration::from_secs(1));
    pool.run(work).await.map_err(refusal)
}

async fn direct(target: &Target, request: MaintenanceRequest) -> Result<Value, RequestError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // a store that may be damaged is checked without starting it
    match &request {
        MaintenanceRequest::StoreCheck { deep } => {
            let _owned = tools::own(&target.data_dir, TRY.min(target.wait), clock.now())?;
            let (data_dir, blobs, deep) = (target.data_dir.clone(), target.blobs().await?, *deep);
            return Ok(json!(blocking(move || tools::check(&data_dir, blobs.as_ref(), deep, false)).await??));
        }
        MaintenanceRequest::AuditVerify { anchors } => {
            let _owned = tools::own(&target.data_dir, TRY.min(target.wait), clock.now())?;
            let (data_dir, anchors) = (target.data_dir.clone(), anchors.clone());
            let report = blocking(move || tools::verify_audit(&data_dir, &anchors, false)).await??;
            return Ok(json!(report));
        }
        MaintenanceRequest::StoreExport { dir } => {
            let _owned = tools::own(&target.data_dir, TRY.min(target.wait), clock.now())?;
            let (data_dir, dir) = (target.data_dir.clone(), dir.clone());
            return Ok(json!(blocking(move || tools::export(&data_dir, &dir)).await??));
        }
        MaintenanceRequest::Migrate { .. } | MaintenanceRequest::Backup { .. } => {}
    }
    let blobs = target.blobs().await?;
    if let (MaintenanceRequest::Backup { to, incremental, recipients, passphrase_file }, Some(url)) =
        (&request, &target.database_url)
    {
        // a snapshot needs no ownership, which a service with another data directory may have
        let spec = Spec {
            data_dir: target.data_dir.clone(),
            records: Records::Postgres(url.clone()),
            blobs,
            to: to.clone(),
            incremental: *incremental,
            protection: protection(recipients.clone(), passphrase_file.clone()),
            now: clock.now(),
        };
        return blocking(move || make_backup(&spec)).await?.map(|report| json!(report)).map_err(refusal);
    }
    let store = target.open(Access::Directory, 2)?;
    let migration = migration(&store, &target.data_dir, &clock, target.token_days);
    let maintenance = Arc::new(Maintenance::new(
        target.data_dir.clone(),
        store.clone(),
        migration,
        clock,
        None,
        (blobs, Records::of(target.database_url.as_ref())),
    ));
    let outcome = maintenance.execute(request).await;
    store.shutdown();
    outcome.map_err(refusal)
}

fn refusal(problem: Problem) -> RequestError {
    RequestError::Refused { code: problem.code.as_str().to_owned(), message: problem.message }
}
