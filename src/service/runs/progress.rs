//! Progress of runs under way, read from their logs: for people who watch. It is kept in memory, and shared with the other
//! servers of a store; the record never has it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::domain::ids::RunId;

/// Position of an attempt within its template's steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Progress {
    /// Name of the step that began last.
    pub step: String,
    /// 1-based.
    pub index: u32,
    /// Number of steps of the template.
    pub total: u32,
    /// Progress within the step, where it says so: replications, or parts that the template counts.
    pub part: Option<Part>,
    /// Seconds since the attempt began.
    pub elapsed_seconds: u64,
}

/// Progress within a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Part {
    /// `replications`, or the word of the template.
    pub kind: String,
    /// How many are done.
    pub done: u64,
    /// How many there are.
    pub of: u64,
    /// Seconds until the part is done, at the pace so far; null before the pace is known.
    pub remaining_seconds: Option<u64>,
}

/// Tracker that workers write and readers query.
#[derive(Debug, Default)]
pub struct ProgressTracker {
    own: RwLock<HashMap<RunId, Progress>>,
    /// What other servers shared last.
    others: RwLock<HashMap<RunId, Progress>>,
}

impl ProgressTracker {
    /// Notes how far an attempt is.
    pub fn set(&self, run_id: &RunId, progress: Progress) {
        self.own.write().unwrap_or_else(PoisonError::into_inner).insert(run_id.clone(), progress);
    }

    /// Forgets an attempt that ended.
    pub fn remove(&self, run_id: &RunId) {
        self.own.write().unwrap_or_else(PoisonError::into_inner).remove(run_id);
    }

    /// Returns how far an attempt is, on this server or another one.
    pub fn get(&self, run_id: &RunId) -> Option<Progress> {
        let of = |runs: &RwLock<HashMap<RunId, Progress>>| {
            runs.read().unwrap_or_else(PoisonError::into_inner).get(run_id).cloned()
        };
        of(&self.own).or_else(|| of(&self.others))
    }

    /// Returns how far the attempts of this server are.
    pub fn own(&self) -> HashMap<RunId, Progress> {
        self.own.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what other servers shared.
    pub fn set_others(&self, runs: HashMap<RunId, Progress>) {
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = runs;
    }
}
