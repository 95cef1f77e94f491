//! State shared by the committer and the readers: facts for health, the fault that stopped the store, listeners.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::apply::Heads;
use super::claim::ClaimRequest;
use super::connect::Target;
use super::durability::Risks;
use super::follow::Order;
use super::schema::TablesFormat;
use super::wake::Wake;
use crate::adapters::store::keys;
use crate::adapters::store::loss::BEHIND;
use crate::adapters::store::prepare::{CHAIN, Prepared};
use crate::adapters::store::rows::{Damage, Stored, key_of};
use crate::domain::job::JobStatus;
use crate::ports::clock::Clock;
use crate::ports::store::{
    Change, ChangedRecord, ClaimError, Claims, CommitError, Key, ReadError, Receipt, StoreStatus,
};

/// Why a process that lost the store stops.
const FENCED: &str = "another process has taken the store over";
/// Why a process stops whose tables were changed.
const MIGRATED: &str = "the tables were brought to another format";
/// Why a process stops that told commits which the database does not have any more.
const SET_BACK: &str = "the database has lost commits, by a failover or because it was set back";

/// A commit that waits for the committer.
pub(super) struct Submitted {
    pub commit: Prepared,
    /// Resource of each audit event, in their order.
    pub resources: Vec<String>,
}

/// Who waits for a commit.
pub(super) type Reply = oneshot::Sender<Result<Receipt, CommitError>>;
/// Who waits for a claim.
pub(super) type ClaimReply = oneshot::Sender<Result<Claims, ClaimError>>;

/// A request to the committer.
pub(super) enum Request {
    Commit(Submitted, Reply),
    Claim(ClaimRequest, ClaimReply),
}

#[derive(Default)]
struct Facts {
    fault: Option<String>,
    sequence: u64,
    jobs: BTreeMap<JobStatus, u64>,
    audit: (u64, String),
    /// Records that were found damaged since the opening and not written again.
    quarantined: HashSet<Key>,
    /// Those of them that the table of quarantine names.
    kept: HashSet<Key>,
    /// Those of them that are whole, but older than what was acknowledged: they are not served.
    withheld: HashSet<Key>,
    risks: Risks,
}

/// Shared by the tasks of one store.
pub(super) struct Core {
    pub target: Target,
    pub clock: Arc<dyn Clock>,
    /// The number under which this process, with others that serve, has the store; `None` for one that works beside them.
    epoch: Option<i64>,
    /// The order in which commits are told.
    pub order: Order,
    /// What others are told.
    pub wake: Wake,
    audit_write_failures: AtomicU64,
    /// True once any record is withheld; almost always false, and then reads look no further.
    withholds: AtomicBool,
    facts: Mutex<Facts>,
    /// Absent once the store is closed.
    requests: Mutex<Option<mpsc::Sender<Request>>>,
}

fn key_of_change(change: &Change) -> Key {
    match &change.record {
        ChangedRecord::Job(job) => Key::Job(job.tenant_id.clone(), job.job_id.clone()),
        ChangedRecord::Other(key) | ChangedRecord::Deleted(key) => key.clone(),
    }
}

impl Core {
    /// Starts with the heads that the opening read. `is_fenced` where it stops once another process takes the store over.
    pub(super) fn new(
        target: Target,
        clock: Arc<dyn Clock>,
        heads: Heads,
        is_fenced: bool,
        requests: mpsc::Sender<Request>,
    ) -> Self {
        let core = Self {
            target,
            clock,
            epoch: is_fenced.then_some(heads.epoch),
            order: Order::after(heads.sequence),
            wake: Wake::new(),
            audit_write_failures: AtomicU64::new(0),
            withholds: AtomicBool::new(false),
            facts: Mutex::default(),
            requests: Mutex::new(Some(requests)),
        };
        core.publish(heads.sequence, heads.jobs, (heads.audit_seq, heads.audit_hash));
        core
    }

    /// Says why this process may not write any more, if so: by the owner's epoch, the form of the tables, and the
    /// newest sequence where it is known.
    pub(super) fn bar(&self, epoch: i64, tables: TablesFormat, newest: Option<u64>) -> Option<&'static str> {
        match self.epoch {
            _ if !tables.fit() => Some(MIGRATED),
            Some(own) if own != epoch => Some(FENCED),
            _ if newest.is_some_and(|newest| newest < self.order.delivered()) => Some(SET_BACK),
            _ => None,
        }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        // single assignments only: a panic elsewhere leaves nothing half changed
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the store for good; the first reason stays.
    pub(super) fn stop(&self, reason: &str) {
        let mut facts = self.facts();
        if facts.fault.is_none() {
            tracing::error!(event = "SS_STORE_STOPPED", reason, "the store stops");
            facts.fault = Some(reason.to_owned());
        }
        drop(facts);
        self.close();
    }

    /// Returns why the store stopped.
    pub(super) fn fault(&self) -> Option<String> {
        self.facts().fault.clone()
    }

    /// Returns where commits are handed over, while the store is open.
    pub(super) fn requests(&self) -> Option<mpsc::Sender<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes no more commits; those that wait are done.
    pub(super) fn close(&self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Why a request that came too late is refused.
    pub(super) fn closed(&self) -> String {
        self.fault().unwrap_or_else(|| "the store is closed".to_owned())
    }

    /// Shows the heads of a durable transaction, unless newer ones were seen.
    pub(super) fn publish(&self, sequence: u64, jobs: BTreeMap<JobStatus, u64>, audit: (u64, String)) {
        let mut facts = self.facts();
        if sequence >= facts.sequence {
            (facts.sequence, facts.jobs, facts.audit) = (sequence, jobs, audit);
        }
    }

    /// Sequence of the newest commit that was seen.
    pub(super) fn sequence(&self) -> u64 {
        self.facts().sequence
    }

    /// Takes over which records were known to be damaged when they were moved here: their names with the reasons.
    pub(super) fn load_quarantine(&self, known: Vec<(String, String)>) {
        let mut facts = self.facts();
        for (name, reason) in known {
            let Some(key) = keys::decode(&name) else { continue };
            if reason == BEHIND {
                facts.withheld.insert(key.clone());
                self.withholds.store(true, Ordering::Release);
            }
            facts.kept.insert(key.clone());
            facts.quarantined.insert(key);
        }
    }

    /// Returns the damage of a record that was read whole but is kept from readers.
    pub(super) fn withheld<T: Stored>(&self, record: &T) -> Option<Damage> {
        if !self.withholds.load(Ordering::Acquire) {
            return None;
        }
        let key = key_of(record).filter(|key| self.facts().withheld.contains(key))?;
        Some(Damage { key: Some(key), reason: BEHIND, newer: false })
    }

    /// Notes what the server told about its durability; says so where it changed for the worse.
    pub(super) fn note_risks(&self, risks: Risks) {
        let mut facts = self.facts();
        if facts.risks == risks {
            return;
        }
        for reason in [&risks.crash, &risks.failover].into_iter().flatten() {
            tracing::warn!(event = "SS_STORE_NOT_DURABLE", reason, "acknowledged changes may be lost");
        }
        facts.risks = risks;
    }

    /// Returns the names in the table of quarantine of records that are written again.
    pub(super) fn healed_names(&self, changes: &[Change]) -> Vec<String> {
        let facts = self.facts();
        if facts.kept.is_empty() {
            return Vec::new();
        }
        changes
            .iter()
            .map(key_of_change)
            .filter(|key| facts.kept.contains(key))
            .map(|k| keys::encode(&k))
            .collect()
    }

    /// Takes the mark off records that were written again.
    pub(super) fn heal(&self, changes: &[Change]) {
        let mut facts = self.facts();
        if facts.quarantined.is_empty() {
            return;
        }
        for key in changes.iter().map(key_of_change) {
            facts.quarantined.remove(&key);
            facts.kept.remove(&key);
            facts.withheld.remove(&key);
        }
    }

    /// Counts audit events that could not be written.
    pub(super) fn count_audit_failures(&self, failed: usize) {
        self.audit_write_failures.fetch_add(failed as u64, Ordering::Relaxed);
    }

    /// Reports a damaged record, the first time as an error.
    pub(super) fn report(&self, damage: &Damage) {
        match &damage.key {
            Some(key) if damage.newer => {
                tracing::error!(
                    event = "SS_RECORD_NEWER",
                    ?key,
                    "a stored record was written by a newer release"
                );
            }
            Some(key) => {
                if self.facts().quarantined.insert(key.clone()) {
                    let reason = damage.reason;
                    tracing::error!(event = "SS_RECORD_DAMAGED", ?key, reason, "a stored record is damaged");
                }
            }
            None => tracing::error!(
                event = "SS_RECORD_DAMAGED",
                damage.reason,
                "a damaged record has no readable name"
            ),
        }
    }

    /// The answer to a read of one record that is damaged.
    pub(super) fn refuse(&self, damage: Damage) -> ReadError {
        self.report(&damage);
        match damage.key {
            Some(key) if damage.newer => ReadError::NewerSchema { key },
            Some(key) => ReadError::Corrupt { key },
            None => ReadError::Stopped { reason: "a damaged record has no readable name".to_owned() },
        }
    }

    /// Returns the facts for health and metrics.
    pub(super) fn status(&self) -> StoreStatus {
        let requests = self.requests();
        let waiting = requests.map_or(0, |requests| requests.max_capacity() - requests.capacity());
        let facts = self.facts();
        StoreStatus {
            fault: facts.fault.clone(),
            quarantined_records: facts.quarantined.len() as u64,
            sequence: facts.sequence,
            jobs: facts.jobs.clone(),
            audit_heads: vec![(CHAIN, facts.audit.0, facts.audit.1.clone())],
            waiting_commits: waiting as u64,
            // there are no readable copies that could lag behind
            exported_sequence: facts.sequence,
            audit_write_failures: self.audit_write_failures.load(Ordering::Relaxed),
            crash_risk: facts.risks.crash.clone(),
            failover_risk: facts.risks.failover.clone(),
            ..StoreStatus::default()
        }
    }
}
