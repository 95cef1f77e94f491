//! Source of a job's position in the queue for readers: the worker's projection of it, which knows
//! the order in which jobs will be taken.

use std::sync::OnceLock;

use crate::domain::ids::{JobId, TenantId};

/// Returns how many jobs will be taken before one, or `None` where the job is not known to the projection.
type Places = Box<dyn Fn(&TenantId, &JobId) -> Option<u64> + Send + Sync>;

/// The board; empty where no worker runs in this process.
#[derive(Default)]
pub struct QueuePositions(OnceLock<Places>);

impl QueuePositions {
    /// Connects the projection. Only the first one counts.
    pub fn connect(&self, places: impl Fn(&TenantId, &JobId) -> Option<u64> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(places));
    }

    /// Returns how many jobs will be taken before this one, where that is known here.
    pub fn place(&self, tenant: &TenantId, job_id: &JobId) -> Option<u64> {
        self.0.get().and_then(|places| places(tenant, job_id))
    }
}
