//! Readings of uploads of which no record has a note yet: their requests are still under way, so that only this process
//! knows of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::stop::Stop;

type Key = (TenantId, JobId);

/// The handles of such readings, by job.
#[derive(Debug, Default)]
pub struct Readings(Mutex<HashMap<Key, Vec<(u64, Stop)>>>);

/// One such reading; dropping it ends the entry.
#[derive(Debug)]
pub struct Entry {
    readings: Arc<Readings>,
    key: Key,
    number: u64,
    /// The handle of the reading.
    pub stop: Stop,
}

impl Readings {
    /// Enters a reading that begins.
    pub fn enter(self: &Arc<Self>, job: &JobRecord) -> Entry {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let stop = Stop::default();
        let mut readings = self.lock();
        let of_job = readings.entry(key.clone()).or_default();
        let number = of_job.last().map_or(0, |(last, _)| last + 1);
        of_job.push((number, stop.clone()));
        drop(readings);
        Entry { readings: Arc::clone(self), key, number, stop }
    }

    /// Stops every such reading of a job; false if there was none to stop.
    pub fn stop(&self, job: &JobRecord) -> bool {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let stops: Vec<Stop> =
            self.lock().get(&key).into_iter().flatten().map(|(_, stop)| stop.clone()).collect();
        stops.iter().filter(|stop| stop.stop()).count() > 0
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<(u64, Stop)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut readings = self.readings.lock();
        if let Some(of_job) = readings.get_mut(&self.key) {
            of_job.retain(|(number, _)| *number != self.number);
            if of_job.is_empty() {
                readings.remove(&self.key);
            }
        }
    }
}
