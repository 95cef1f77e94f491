//! Progress of attempts under way, as their live logs tell it; kept in memory and never relied on.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use serde::Serialize;

use crate::domain::ids::RunId;

/// Position of an attempt within its template's steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// Name of the step that began last.
    pub step: String,
    /// 1-based.
    pub index: u32,
    /// Number of steps of the template.
    pub total: u32,
}

/// Tracker that workers write and readers query.
#[derive(Debug, Default)]
pub struct ProgressTracker(RwLock<HashMap<RunId, Progress>>);

impl ProgressTracker {
    /// Notes the step that an attempt has reached.
    pub fn set(&self, run_id: &RunId, progress: Progress) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(run_id.clone(), progress);
    }

    /// Forgets an attempt that ended.
    pub fn remove(&self, run_id: &RunId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(run_id);
    }

    /// Returns the step that an attempt has reached.
    pub fn get(&self, run_id: &RunId) -> Option<Progress> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(run_id).cloned()
    }
}
