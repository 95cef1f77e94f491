//! Claims queued jobs, runs, adopts and recovers them. One scheduler task gives out the places; each
//! attempt has an owned thread, which sleeps in the kernel while its engine works.
//!
//! Effects of a commit come from the store's changes, never from the code that made the commit: a new
//! queue entry wakes the scheduler, a request to cancel reaches the attempt that it names.

mod active;
mod ahead;
mod attempt;
mod claim;
mod conclude;
pub mod dry_run;
mod ending;
mod files_away;
mod follow;
mod handle;
mod judge;
mod lost;
mod prepare;
mod probe;
mod publish;
mod renderings;
pub mod rerun;
mod scheduler;
pub mod spare;
mod start;
mod templates;
mod trace;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::cluster::Standing;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::plan::Plan;
use crate::domain::run::EngineFacts;
use crate::domain::run_outcome::RunLimits;
use crate::domain::template::TemplateMeta;
use crate::ports::blob_store::BlobStore;
use crate::ports::clock::Clock;
use crate::ports::cluster::Cluster;
use crate::ports::ids::IdSource;
use crate::ports::runner::{Runner, SandboxSpec};
use crate::ports::store::Store;
use crate::ports::volume::Volume;
use crate::ports::workspace::Workspace;
use crate::service::access::tenants::TenantCache;
use crate::service::runs::progress::ProgressTracker;
use crate::service::shared::space::DiskLow;

pub use handle::{Worker, WorkerStatus};

/// The name of a job.
type JobKey = (TenantId, JobId);

/// Dependencies of the worker.
#[derive(Clone)]
pub struct WorkerDeps {
    /// Job records, credentials and the audit chain; every write is a conditional commit.
    pub store: Arc<dyn Store>,
    /// The servers that share the store; `None` where this one has it to itself.
    pub cluster: Option<Arc<dyn Cluster>>,
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
    /// Starts, adopts and ends attempts through the launcher.
    pub runner: Arc<dyn Runner>,
    /// Writer of the do-file and of the other texts of a run.
    pub texts: Arc<dyn RunTexts>,
    /// Steps and percentages of runs under way, in memory only.
    pub progress: Arc<ProgressTracker>,
    /// Limits and retention of each tenant; follows the store's changes.
    pub tenants: Arc<TenantCache>,
    /// An existing folder for short-lived runs that belong to no job.
    pub scratch_dir: PathBuf,
}

impl WorkerDeps {
    /// True while runs may be claimed and started: by the lease of this server, where it has one.
    pub(crate) fn may_start(&self) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| cluster.standing() == Standing::Full)
    }

    /// True while the files are known to be out of reach: an attempt could not begin.
    fn files_are_away(&self) -> bool {
        self.blobs.last_trial().is_some_and(|trial| trial.found.is_err())
    }
}

/// Settings of the worker.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Attempts at once in this process; 0 turns claims off.
    pub concurrency: usize,
    /// Concurrent attempts of one tenant without its own limit.
    pub tenant_limit: Option<usize>,
    /// Most running jobs on all servers: the seats of a licence.
    pub seats: Option<usize>,
    /// Time, memory and other bounds of one run.
    pub limits: RunLimits,
    /// The engine's command; the first word is an absolute path.
    pub command: Vec<String>,
    /// Facts of the engine known before its log is read.
    pub engine: EngineFacts,
    /// Confinement of the engine's processes.
    pub sandbox: SandboxSpec,
    /// Time zone of runs, a name of the IANA database.
    pub timezone: String,
    /// Processors granted to one run.
    pub processors: u32,
    /// Free space below which nothing is claimed.
    pub disk_low: DiskLow,
}

/// Treatment of running attempts when the process ends in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// They continue and are adopted by the next start.
    Detach,
    /// They are waited for up to this bound; what outlives it is ended and queued again.
    Wait(Duration),
}

/// The do-file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainDo {
    /// The whole file, as the engine runs it.
    pub bytes: Vec<u8>,
    /// Offset of the template's body, in bytes.
    pub body_offset: u64,
    /// Size of the body, in bytes.
    pub body_bytes: u64,
}

/// Facts that only the run knows and its do-file carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFacts {
    /// Id of the attempt.
    pub run_id: String,
    /// Nonce of the begin anchor and of the body's anchors.
    pub n1: String,
    /// Nonce of the end anchor.
    pub n2: String,
    /// Processors granted to the run, at least 1.
    pub processors: u32,
    /// Memory limit less headroom, in megabytes.
    pub memory_mb: u64,
}

/// The copies of a plan's template that were frozen with it, checked against the hashes of the plan.
#[derive(Debug)]
pub struct FrozenTemplate {
    /// The meta as it was stored.
    pub meta_bytes: Vec<u8>,
    /// The meta.
    pub meta: TemplateMeta,
    /// The body of the do-file.
    pub body: Vec<u8>,
}

/// The texts of a run, made from the frozen plan alone.
pub trait RunTexts: Send + Sync {
    /// Makes `main.do` from the plan and its frozen template.
    ///
    /// # Errors
    /// Why the plan cannot be rendered; none happens to a plan that this release froze.
    fn main_do(&self, plan: &Plan, template: &FrozenTemplate, facts: &TextFacts) -> Result<MainDo, String>;

    /// True if [`ado`](Self::ado) needs the copy of the idioms that was made when the plan was frozen: this release has
    /// others.
    fn needs_frozen_idioms(&self, plan: &Plan) -> bool;

    /// Returns the files of the run's `ado` folder that `main_do` needs: names and contents. `frozen` is the copy that was
    /// made when the plan was frozen ([`IDIOMS_PATH`](crate::domain::layout::IDIOMS_PATH)), where it is needed and there is
    /// one.
    ///
    /// # Errors
    /// Says so where the idioms are not those that the plan was frozen with.
    fn ado(
        &self,
        plan: &Plan,
        frozen: Option<&[u8]>,
        main_do: &[u8],
    ) -> Result<Vec<(String, Vec<u8>)>, String>;
}
