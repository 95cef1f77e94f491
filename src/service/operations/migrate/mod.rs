//! Migration of the records that older releases left: one job in one commit, by a walk over all old places
//! and on look-up meanwhile. What the upgrade does to a record is the domain's.

mod finalize;
mod lookup;
mod one;
mod walk;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{JobId, TenantId};
use crate::domain::migration::Migrator;
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::legacy::{LegacyRecords, Progress};
use crate::ports::store::Store;
use crate::service::shared::pools::Pool;

pub use lookup::LegacyAware;
pub use one::Outcome;

/// The use cases of migration, with their ports.
pub struct Migration {
    /// The store itself, without the look-up in old places.
    pub store: Arc<dyn Store>,
    /// Job records in the places of older releases.
    pub legacy: Arc<dyn LegacyRecords>,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// Source of new ids and of secrets.
    pub ids: Arc<dyn IdSource>,
    /// Rules that upgrade a record of each older version.
    pub migrator: Migrator,
    /// Validity of tokens whose record states no end, in days.
    pub token_days: u32,
    pool: Pool,
    progress: Mutex<Progress>,
    /// Nothing is left to be found on look-up.
    settled: AtomicBool,
    /// One walk at a time.
    walking: tokio::sync::Mutex<()>,
}

/// A place that was not migrated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Old path of the record.
    pub place: String,
    /// Why it was not migrated, for people.
    pub reason: String,
}

/// Result of a walk, or of its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// True if nothing was changed.
    pub dry_run: bool,
    /// The schema version of migrated records.
    pub schema_version: u32,
    /// Old places found.
    pub found: u64,
    /// Jobs that are in the store now, or would be.
    pub migrated: u64,
    /// Places whose job the store held already.
    pub present: u64,
    /// Places that stay as they were, each with its reason.
    pub failed: Vec<Failed>,
    /// Old directories that were removed; only after `--finalize`.
    pub removed: u64,
    /// True if the migration was made final: nothing old is left to read.
    pub finalized: bool,
}

impl Migration {
    /// Prepares the migration of a data directory; reads how far it is.
    pub fn new(
        store: Arc<dyn Store>,
        legacy: Arc<dyn LegacyRecords>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        migrator: Migrator,
        token_days: u32,
    ) -> Self {
        let progress = legacy.progress();
        let settled = AtomicBool::new(!legacy.present() || progress.complete);
        Self {
            store,
            legacy,
            clock,
            ids,
            migrator,
            token_days,
            pool: Pool::new("migration", 4, Duration::from_secs(600)),
            progress: Mutex::new(progress),
            settled,
            walking: tokio::sync::Mutex::new(()),
        }
    }

    /// True if every old place was checked, or there are none.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// Returns how far the migration is.
    pub fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns why a job's old record could not be migrated, if one was found.
    pub fn failure(&self, tenant: &TenantId, job_id: &JobId) -> Option<String> {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.failed.is_empty() {
            return None;
        }
        let dirs = crate::domain::migration::layout::legacy_dirs(tenant, job_id);
        dirs.iter().find_map(|dir| progress.failed.get(dir).cloned())
    }
}
