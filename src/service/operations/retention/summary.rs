//! What a pass removed, or would remove.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Most removals that a summary names one by one.
const NAMED: usize = 1000;

/// One thing that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// `job`, `unfinished`, `batch`, `inputs`, `workdir` or `upload`.
    pub kind: &'static str,
    /// Tenant of the job.
    pub tenant_id: String,
    /// Job that loses content.
    pub job_id: String,
    /// Below the job's directory, for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Until when it was to be kept.
    pub due_at: DateTime<Utc>,
}

/// Result of one pass, or of its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// True if nothing was removed.
    pub dry_run: bool,
    /// Number of removals by kind.
    pub removed: BTreeMap<&'static str, u64>,
    /// The first thousand of them.
    pub removals: Vec<Removal>,
    /// Due, but held.
    pub held: u64,
    /// Records and folders that were checked.
    pub looked_at: u64,
    /// Due, but not removed now because something changed or failed; a later pass tries again.
    pub postponed: u64,
    /// The pass ended at its bound; the next one continues there.
    pub more: bool,
}

impl Summary {
    /// Adds what a further pass did.
    pub fn add(&mut self, other: Summary) {
        for (kind, n) in other.removed {
            *self.removed.entry(kind).or_default() += n;
        }
        let room = NAMED.saturating_sub(self.removals.len());
        self.removals.extend(other.removals.into_iter().take(room));
        self.held += other.held;
        self.looked_at += other.looked_at;
        self.postponed += other.postponed;
        self.more = other.more;
    }

    pub(super) fn note(&mut self, removal: Removal) {
        *self.removed.entry(removal.kind).or_default() += 1;
        if self.removals.len() < NAMED {
            self.removals.push(removal);
        }
    }
}

/// Every kind of removal.
pub const KINDS: [&str; 6] = ["job", "unfinished", "batch", "inputs", "workdir", "upload"];
