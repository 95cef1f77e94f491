//! State shared by the threads of the store: the queue of commits, the state shown in health, the fault that
//! stopped the store, and the subscribers to changes.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::job_cache::JobCache;
use super::listeners::Listeners;
use super::prepare::Prepared;
use super::queue::HandOver;
use super::standing::Standing;
use super::waiting::Waiting;
use crate::adapters::files::Places;
use crate::adapters::reserve::Reserve;
use crate::domain::ids::JobId;
use crate::domain::job::JobStatus;
use crate::ports::clock::Clock;
use crate::ports::store::{CommitError, Key, Receipt, StoreStatus};

/// Requests to the committer.
pub(super) enum Request {
    Commit {
        commit: Box<Prepared>,
        reply: oneshot::Sender<Result<Receipt, CommitError>>,
    },
    /// The indexes of a table disagree with it.
    Reindex {
        table: &'static str,
    },
    /// A reader found a damaged record.
    Quarantine {
        key: Key,
        reason: String,
    },
}

/// Message to the exporter after each transaction.
pub(super) struct Committed {
    pub sequence: u64,
    /// Jobs written or deleted.
    pub jobs: Vec<Key>,
}

/// Facts of the last durable transaction, with those of the background threads.
#[derive(Default)]
struct Facts {
    fault: Option<String>,
    sequence: u64,
    jobs: BTreeMap<JobStatus, u64>,
    audit_seq: u64,
    audit_hash: String,
    quarantined: HashSet<Key>,
    /// Quarantined records that are older than what was acknowledged.
    withheld: HashSet<Key>,
    /// Tables that are damaged, with what was found.
    damaged_tables: BTreeMap<&'static str, String>,
    verified: bool,
    export_fault: Option<String>,
    exported_sequence: u64,
}

/// Shared by all threads of one store.
pub(super) struct Core {
    pub requests: HandOver<Request>,
    pub exports: HandOver<Committed>,
    /// Wakes the checkpoint thread.
    pub checkpoints: HandOver<()>,
    /// The write-ahead log is worth being brought to its end.
    pub log_is_long: AtomicBool,
    /// Asks for a look through the database; closed with the store.
    pub verifies: HandOver<()>,
    pub clock: Arc<dyn Clock>,
    pub cache: JobCache,
    /// The queued jobs, for claims.
    pub waiting: Waiting,
    /// The claim that waits for jobs.
    pub standing: Standing,
    /// Disk space that is given up when the volume is full.
    pub reserve: Reserve,
    /// What must stay where it is while anything is acknowledged.
    pub places: Places,
    /// True once any record is withheld; almost always false, and then reads look no further.
    withholds: AtomicBool,
    /// A damaged page has asked for a look.
    looked: AtomicBool,
    audit_write_failures: AtomicU64,
    facts: Mutex<Facts>,
    pub listeners: Listeners,
}

impl Core {
    /// Starts with nothing committed.
    pub(super) fn new(queue: usize, clock: Arc<dyn Clock>, reserve: Reserve, places: Places) -> Self {
        Self {
            requests: HandOver::new(queue),
            // one small entry per transaction; the exporter merges them each time it wakes
            exports: HandOver::new(usize::MAX),
            checkpoints: HandOver::new(1),
            log_is_long: AtomicBool::new(false),
            verifies: HandOver::new(1),
            clock,
            cache: JobCache::default(),
            waiting: Waiting::default(),
            standing: Standing::default(),
            reserve,
            places,
            withholds: AtomicBool::new(false),
            looked: AtomicBool::new(false),
            audit_write_failures: AtomicU64::new(0),
            facts: Mutex::default(),
            listeners: Listeners::default(),
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
        self.requests.close();
    }

    /// Returns why the store stopped.
    pub(super) fn fault(&self) -> Option<String> {
        self.facts().fault.clone()
    }

    /// Publishes the heads of a durable transaction.
    pub(super) fn publish_heads(&self, sequence: u64, audit: (u64, &str), jobs: &BTreeMap<JobStatus, u64>) {
        let mut facts = self.facts();
        facts.sequence = sequence;
        facts.audit_seq = audit.0;
        facts.audit_hash = audit.1.to_owned();
        facts.jobs.clone_from(jobs);
    }

    /// Publishes how far the readable copies are.
    pub(super) fn publish_export(&self, sequence: Option<u64>, fault: Option<String>) {
        let mut facts = self.facts();
        if let Some(sequence) = sequence {
            facts.exported_sequence = sequence;
        }
        facts.export_fault = fault;
    }

    /// Counts writes of audit events that failed.
    pub(super) fn count_audit_failures(&self, failed: usize) {
        self.audit_write_failures.fetch_add(failed as u64, Ordering::Relaxed);
    }

    /// Returns the sequence up to which the readable copies are complete.
    pub(super) fn exported_sequence(&self) -> u64 {
        self.facts().exported_sequence
    }

    /// Marks a record as damaged; true the first time.
    pub(super) fn mark_quarantined(&self, key: &Key) -> bool {
        self.facts().quarantined.insert(key.clone())
    }

    /// Keeps a record from readers until it is written again.
    pub(super) fn withhold(&self, key: &Key) {
        self.facts().withheld.insert(key.clone());
        self.withholds.store(true, Ordering::Release);
    }

    /// True if the record is kept from readers.
    pub(super) fn is_withheld(&self, key: &Key) -> bool {
        self.withholds.load(Ordering::Acquire) && self.facts().withheld.contains(key)
    }

    /// Returns the withheld job with this id.
    pub(super) fn withheld_job(&self, job_id: &JobId) -> Option<Key> {
        if !self.withholds.load(Ordering::Acquire) {
            return None;
        }
        let facts = self.facts();
        facts.withheld.iter().find(|key| matches!(key, Key::Job(_, id) if id == job_id)).cloned()
    }

    /// True if the record is marked as damaged.
    pub(super) fn is_quarantined(&self, key: &Key) -> bool {
        self.facts().quarantined.contains(key)
    }

    /// Takes the mark off records that were written again.
    pub(super) fn clear_quarantined(&self, keys: &[Key]) {
        if keys.is_empty() {
            return;
        }
        let mut facts = self.facts();
        for key in keys {
            facts.quarantined.remove(key);
            facts.withheld.remove(key);
        }
    }

    /// Reports a damaged record that a reader found. Where the queue is full the next read reports it.
    pub(super) fn report_damage(&self, key: &Key, reason: &str) {
        if self.mark_quarantined(key) {
            tracing::error!(
                event = "SS_RECORD_DAMAGED",
                ?key,
                reason,
                "a stored record is damaged and quarantined"
            );
            let request = Request::Quarantine { key: key.clone(), reason: reason.to_owned() };
            if self.requests.push(request).is_err() {
                self.clear_quarantined(std::slice::from_ref(key));
            }
        }
    }

    /// Asks for a look through the database, once however often a damaged page is met.
    pub(super) fn ask_for_look(&self) {
        if !self.looked.swap(true, Ordering::AcqRel) {
            // Full means that it is requested already.
            let _ = self.verifies.push(());
        }
    }

    /// True once the store is ending.
    pub(super) fn is_closing(&self) -> bool {
        self.verifies.is_closed()
    }

    /// Notes a damaged table, or with an empty text that it is repaired.
    pub(super) fn note_damage(&self, table: &'static str, what: &str) {
        let mut facts = self.facts();
        match what {
            "" => facts.damaged_tables.remove(table),
            what => facts.damaged_tables.insert(table, what.to_owned()),
        };
    }

    /// Notes that the whole database was looked through.
    pub(super) fn note_verified(&self) {
        self.facts().verified = true;
    }

    /// Returns the facts for health and metrics.
    pub(super) fn status(&self) -> StoreStatus {
        let waiting = self.requests.len() as u64;
        let facts = self.facts();
        StoreStatus {
            fault: facts.fault.clone(),
            quarantined_records: facts.quarantined.len() as u64,
            sequence: facts.sequence,
            jobs: facts.jobs.clone(),
            audit_heads: vec![(super::prepare::CHAIN, facts.audit_seq, facts.audit_hash.clone())],
            waiting_commits: waiting,
            damaged_tables: facts.damaged_tables.iter().map(|(t, what)| format!("{t}: {what}")).collect(),
            verified: facts.verified,
            export_fault: facts.export_fault.clone(),
            exported_sequence: facts.exported_sequence,
            audit_write_failures: self.audit_write_failures.load(Ordering::Relaxed),
            // writes are synced to the local disk, and nothing takes over
            crash_risk: None,
            failover_risk: None,
        }
    }
}
