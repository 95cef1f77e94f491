//! Dependencies of every use case: the ports, the library, the pools and the options that come from settings.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::domain::audit::Actor;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId, TraceId};
use crate::domain::job::JobRecord;
use crate::domain::signed_link::LinkKeys;
use crate::domain::tenant::RetentionPolicy;
use crate::library::Library;
use crate::ports::audit_log::AuditLog;
use crate::ports::blob_store::BlobStore;
use crate::ports::clock::Clock;
use crate::ports::cluster::Cluster;
use crate::ports::ids::IdSource;
use crate::ports::legacy::LegacyRecords;
use crate::ports::peers::Peers;
use crate::ports::store::{Store, StoreExt, StoreStatus};
use crate::ports::tabular::Tabular;
use crate::ports::volume::Volume;
use crate::ports::workspace::Workspace;

use crate::service::access::accounts::Accounts;
use crate::service::access::failure_limiter::FailureLimiter;
use crate::service::access::offer_trial::Trials;
use crate::service::access::tenants::TenantCache;
use crate::service::drafts::model_draft::Model;
use crate::service::drafts::model_draft::call_tracker::CallTracker;
use crate::service::inputs::reading_progress::ReadingTracker;
use crate::service::inputs::readings::Readings;
use crate::service::jobs::subscriptions::JobSubscriptions;
use crate::service::operations::reload::Reloading;
use crate::service::runs::progress::ProgressTracker;
use crate::service::shared::commits::read_problem;
use crate::service::shared::key_locks::KeyLocks;
use crate::service::shared::pools::Pools;
use crate::service::shared::space::{self, DiskLow, Space};
use crate::service::webhooks::Webhooks;

/// The dependencies of the use cases.
pub struct Context {
    /// Names this process; another start is another server.
    pub server_id: String,
    /// The servers that share the store; `None` for an embedded one, which has one server.
    pub cluster: Option<Arc<dyn Cluster>>,
    /// The way to them; `None` where there are none.
    pub peers: Option<Arc<dyn Peers>>,
    /// Job records, credentials and the audit chain; every write is a conditional commit.
    pub store: Arc<dyn Store>,
    /// Reader of the audit chains.
    pub audit_log: Arc<dyn AuditLog>,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// Source of new ids and of secrets.
    pub ids: Arc<dyn IdSource>,
    /// Published files that records cite; immutable.
    pub blobs: Arc<dyn BlobStore>,
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: Arc<dyn Workspace>,
    /// Free space of the data volume.
    pub volume: Arc<dyn Volume>,
    /// Job records in the places of older releases.
    pub legacy: Arc<dyn LegacyRecords>,
    /// Readers of uploaded tables and writers of canonical data.
    pub tabular: Arc<dyn Tabular>,
    /// The do-templates in force.
    pub library: Arc<Library>,
    /// Permits of blocking work, so that no kind of it takes every thread.
    pub pools: Pools,
    /// Steps and percentages of runs under way, in memory only.
    pub progress: Arc<ProgressTracker>,
    /// The language model, where one is configured.
    pub model: Option<Arc<Model>>,
    /// Calls to the model that are under way.
    pub calls: Arc<CallTracker>,
    /// Limits and retention of each tenant; follows the store's changes.
    pub tenants: Arc<TenantCache>,
    /// Administrators; replaced when the settings are reloaded.
    pub accounts: Arc<ArcSwap<Accounts>>,
    /// Failed logins, redeems and credentials of the last minute.
    pub failure_limiter: Arc<FailureLimiter>,
    /// Trials that addresses began in the last hour; `None` where none are offered.
    pub trials: Option<Arc<Trials>>,
    /// The keys that sign links.
    pub link_keys: LinkKeys,
    /// The way to read the settings again, and the outcome of the last time.
    pub reloading: Arc<Reloading>,
    /// Waiting readers of job events.
    pub subscriptions: Arc<JobSubscriptions>,
    /// Readings of uploads whose requests are under way.
    pub readings: Arc<Readings>,
    /// How far the uploads are that this server reads.
    pub reading_progress: Arc<ReadingTracker>,
    /// Jobs for which a batch is being made, so that equal requests are judged once.
    pub batches_in_turn: Arc<KeyLocks<JobId>>,
    /// Sending of webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Options of the use cases.
    pub options: Options,
}

/// Options of the use cases, converted from settings by `app`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Largest upload, in bytes.
    pub upload_max_bytes: u64,
    /// Most files of one upload.
    pub upload_max_files: usize,
    /// Longest time that the response to an upload waits for its reading.
    pub upload_answer_within: Duration,
    /// Free space below which uploads, redeem and runs are refused.
    pub disk_low: DiskLow,
    /// Days until a job token expires.
    pub token_days: u32,
    /// How long things are kept where the tenant states nothing of its own.
    pub retention: RetentionPolicy,
    /// Longest wall-clock time of one run, in seconds.
    pub run_timeout_seconds: u64,
    /// How long a session lasts.
    pub session_hours: u32,
    /// `stata` or `open`.
    pub engine_kind: String,
    /// Runs at once in this process, for estimates of time.
    pub run_places: usize,
    /// Most cells of a batch.
    pub batch_cells: usize,
    /// Clients send parts of uploads to the object store.
    pub direct_uploads: bool,
    /// Clients fetch large artifacts from the object store.
    pub direct_downloads: bool,
}

/// Actor and trace of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who acts, for audit events.
    pub actor: Actor,
    /// Trace of the request, for audit events and records.
    pub trace_id: TraceId,
    /// Address of the client; `None` where no network is between.
    pub address: Option<String>,
    /// Reason given by the caller, for audit events.
    pub reason: Option<String>,
}

impl Caller {
    /// Returns this caller with a stated reason.
    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }
}

impl Context {
    /// Reads a job.
    ///
    /// # Errors
    /// `JOB_NOT_FOUND`, `JOB_CORRUPT`, `STORE_UNAVAILABLE`.
    pub async fn load_job(&self, tenant: &TenantId, job_id: &JobId) -> Result<JobRecord, Problem> {
        self.load_shared_job(tenant, job_id).await.map(Arc::unwrap_or_clone)
    }

    /// Reads a job without changing it.
    ///
    /// # Errors
    /// As [`Context::load_job`].
    pub async fn load_shared_job(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
    ) -> Result<Arc<JobRecord>, Problem> {
        self.store
            .shared_job(tenant, job_id)
            .await
            .map_err(read_problem)?
            .ok_or_else(|| Problem::new(ErrorCode::JobNotFound, "there is no such job"))
    }

    /// Returns how long things of a tenant are kept.
    pub fn retention_of(&self, tenant: &TenantId) -> RetentionPolicy {
        match self.tenants.get(tenant) {
            Some(own) => self.options.retention.with(&own.retention),
            None => self.options.retention,
        }
    }

    /// Returns facts of the store for health and metrics; never waits.
    pub fn store_status(&self) -> StoreStatus {
        self.store.status()
    }

    /// Returns how many jobs are queued of the tenants that have their own record, and so may have a limit.
    ///
    /// # Errors
    /// As reads of the store.
    pub async fn queued_of_limited_tenants(&self) -> Result<u64, Problem> {
        let limited = self.tenants.all();
        if limited.is_empty() {
            return Ok(0);
        }
        let all = self.store.usage_of_all().await.map_err(read_problem)?;
        Ok(all.iter().filter(|(tenant, _)| limited.contains_key(tenant)).map(|(_, usage)| usage.queued).sum())
    }

    /// Refuses new work when the data volume is nearly full, read-only or not the one that was opened.
    ///
    /// # Errors
    /// `STORAGE_FULL {free_bytes, needed_bytes}`, `STORE_UNAVAILABLE`.
    pub async fn check_space(&self) -> Result<(), Problem> {
        match self.look_at_volume().await? {
            Ok(space) if space.is_low() => Err(space.problem()),
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => Err(space::read_only()),
            Err(error) if error.kind() == ErrorKind::StaleNetworkFileHandle => {
                Err(space::not_in_place(&error))
            }
            // A volume that cannot be asked will say so when it is written to.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Returns what a failure comes from, where that is not in itself: files that cannot be found or used because another
    /// folder is in the place of the data directory are neither lost nor damaged.
    pub async fn cause_of(&self, code: ErrorCode) -> Option<Problem> {
        use ErrorCode::{ArtifactExpired, InternalError, JobCorrupt};
        if !matches!(code, InternalError | JobCorrupt | ArtifactExpired) {
            return None;
        }
        match self.look_at_volume().await {
            Ok(Err(error)) if error.kind() == ErrorKind::StaleNetworkFileHandle => {
                Some(space::not_in_place(&error))
            }
            _ => None,
        }
    }

    async fn look_at_volume(&self) -> Result<std::io::Result<Space>, Problem> {
        let volume = Arc::clone(&self.volume);
        let low = self.options.disk_low;
        self.pools.reads.run(move || low.look(volume.as_ref())).await
    }
}
