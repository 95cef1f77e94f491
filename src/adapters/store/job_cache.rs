//! Jobs that were read lately, kept in memory so that polling clients cost no query. A job is hidden while
//! a transaction that writes it becomes durable, and shown again as written: a read never goes back in time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;

/// Most bytes of serialised jobs that are kept.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// A larger job is not kept.
const MAX_JOB_BYTES: usize = 512 * 1024;

/// Result of one transaction for a job: the record with its serialised size, or nothing.
pub(super) struct Written {
    pub tenant: TenantId,
    pub job_id: JobId,
    pub record: Option<(Arc<JobRecord>, usize)>,
    /// Number in the order of queueing, while it is queued.
    pub queue_seq: Option<u64>,
}

/// All jobs with one id, in every tenant.
#[derive(Default)]
struct Entry {
    jobs: Vec<(Arc<JobRecord>, usize)>,
    /// Complete and current. False as a mere mark, while written or being read.
    shown: bool,
    /// Transactions under way that write it.
    hidden: usize,
    /// Number of the last write, so that a read that began before it is not kept.
    last_write: u64,
    used: bool,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.jobs.iter().map(|(_, bytes)| bytes).sum()
    }
}

#[derive(Default)]
struct State {
    entries: HashMap<JobId, Entry>,
    /// Every entry once, in the order in which it is checked for removal.
    order: VecDeque<JobId>,
    bytes: usize,
    /// Counts the writes of all jobs.
    writes: u64,
}

/// A read of the database that may be kept.
#[derive(Debug)]
pub(super) struct Reading(u64);

/// The cache.
#[derive(Default)]
pub(super) struct JobCache(Mutex<State>);

impl JobCache {
    fn state(&self) -> MutexGuard<'_, State> {
        // a panic while it is held is a defect of this file; what it left is dropped by `clear`
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the jobs with this id, or permission to keep what is read now.
    pub(super) fn get(&self, job_id: &JobId) -> Result<Vec<Arc<JobRecord>>, Reading> {
        let mut state = self.state();
        if !state.entries.contains_key(job_id) {
            state.make_room();
        }
        let entry = state.entry(job_id);
        entry.used = true;
        if entry.shown {
            return Ok(entry.jobs.iter().map(|(job, _)| Arc::clone(job)).collect());
        }
        Err(Reading(entry.last_write))
    }

    /// Returns a job that is kept in just this version, for lists: leaves no mark and does not count as a use.
    pub(super) fn of_version(&self, tenant: &str, job_id: &str, version: u64) -> Option<Arc<JobRecord>> {
        let state = self.state();
        let entry = state.entries.get(&job_id.parse::<JobId>().ok()?).filter(|entry| entry.shown)?;
        let mut jobs = entry.jobs.iter().map(|(job, _)| job);
        jobs.find(|job| job.tenant_id.as_str() == tenant && job.version == version).cloned()
    }

    /// Keeps what was read, unless a write came between.
    pub(super) fn keep(&self, job_id: &JobId, reading: &Reading, jobs: Vec<(Arc<JobRecord>, usize)>) {
        if jobs.is_empty() || jobs.iter().map(|(_, bytes)| bytes).sum::<usize>() > MAX_JOB_BYTES {
            return;
        }
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(job_id) else { return };
        if entry.shown || entry.hidden > 0 || entry.last_write != reading.0 {
            return;
        }
        entry.jobs = jobs;
        entry.shown = true;
        state.bytes += state.entries[job_id].bytes();
        state.make_room();
    }

    /// Hides jobs that the transaction under way writes.
    pub(super) fn hide<'a>(&self, jobs: impl Iterator<Item = &'a Written>) {
        let mut state = self.state();
        for written in jobs {
            state.writes += 1;
            let number = state.writes;
            let entry = state.entry(&written.job_id);
            entry.hidden += 1;
            entry.last_write = number;
            entry.shown = false;
        }
    }

    /// Shows the jobs again, as they were written.
    pub(super) fn show(&self, jobs: Vec<Written>) {
        let mut state = self.state();
        for written in jobs {
            state.writes += 1;
            let number = state.writes;
            let Some(entry) = state.entries.get_mut(&written.job_id) else { continue };
            let before = entry.bytes();
            entry.hidden = entry.hidden.saturating_sub(1);
            entry.last_write = number;
            // only what was complete before stays complete
            let complete = !entry.jobs.is_empty();
            entry.jobs.retain(|(job, _)| job.tenant_id != written.tenant);
            if complete {
                entry.jobs.extend(written.record);
            }
            let after = entry.bytes();
            if after > MAX_JOB_BYTES {
                entry.jobs.clear();
            }
            entry.shown = entry.hidden == 0 && !entry.jobs.is_empty();
            let after = entry.bytes();
            state.bytes = state.bytes + after - before;
        }
        state.make_room();
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.state() = State::default();
    }
}

impl State {
    fn entry(&mut self, job_id: &JobId) -> &mut Entry {
        if !self.entries.contains_key(job_id) {
            self.order.push_back(job_id.clone());
        }
        // a new entry must not accept a read that was begun under an earlier one
        let fresh = Entry { last_write: self.writes, ..Entry::default() };
        self.entries.entry(job_id.clone()).or_insert(fresh)
    }

    /// Removes entries that were not used since they were last checked. Marks count as a little.
    fn make_room(&mut self) {
        const MARK: usize = 256;
        let mut looks = 2 * self.order.len();
        while self.bytes + MARK * self.entries.len() > MAX_BYTES && looks > 0 {
            looks -= 1;
            let Some(job_id) = self.order.pop_front() else { return };
            let Some(entry) = self.entries.get_mut(&job_id) else { continue };
            if entry.used || entry.hidden > 0 {
                entry.used = false;
                self.order.push_back(job_id);
                continue;
            }
            self.bytes -= entry.bytes();
            self.entries.remove(&job_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(tenant: &str, version: u64) -> (Arc<JobRecord>, usize) {
        use crate::domain::job::ops::NewJob;
        use crate::domain::job::record::{DataSharing, TokenState};
        let now = chrono::DateTime::UNIX_EPOCH;
        let new = NewJob {
            tenant_id: tenant.parse().expect("valid"),
            job_id: "job".parse().expect("valid"),
            trace_id: "0".repeat(32).parse().expect("valid"),
            requirement: String::new(),
            client_ref: None,
            data_sharing: DataSharing::None,
            token: Some(TokenState {
                code_id: "c".parse().expect("valid"),
                secret_sha256: String::new(),
                generation: 1,
                expires_at: now,
                revoked: false,
            }),
            trial: None,
            expires_at: None,
        };
        (Arc::new(JobRecord { version, ..JobRecord::create(new, now) }), 1000)
    }

    fn written(tenant: &str, version: Option<u64>) -> Written {
        let record = version.map(|version| job(tenant, version));
        Written {
            tenant: tenant.parse().expect("valid"),
            job_id: "job".parse().expect("valid"),
            record,
            queue_seq: None,
        }
    }

    fn versions(cache: &JobCache) -> Option<Vec<u64>> {
        let found = cache.get(&"job".parse().expect("valid")).ok()?;
        Some(found.iter().map(|job| job.version).collect())
    }

    #[test]
    fn a_read_that_a_write_overtook_is_not_kept() {
        let cache = JobCache::default();
        let id: JobId = "job".parse().expect("valid");
        let reading = cache.get(&id).expect_err("nothing is kept yet");
        let write = [written("a", Some(2))];
        cache.hide(write.iter());
        cache.keep(&id, &reading, vec![job("a", 1)]);
        assert_eq!(versions(&cache), None, "hidden while it is written");
        let during = cache.get(&id).expect_err("hidden");
        cache.show(write.into());
        cache.keep(&id, &during, vec![job("a", 1)]);
        assert_eq!(versions(&cache), None, "the read may have seen the state before");
        let reading = cache.get(&id).expect_err("not kept");
        cache.clear();
        cache.keep(&id, &reading, vec![job("a", 2)]);
        assert_eq!(versions(&cache), None, "nothing asks for it any more");
    }

    #[test]
    fn what_is_complete_stays_complete_through_writes() {
        let cache = JobCache::default();
        let id: JobId = "job".parse().expect("valid");
        let reading = cache.get(&id).expect_err("nothing is kept yet");
        cache.keep(&id, &reading, vec![job("a", 1)]);
        assert_eq!(versions(&cache), Some(vec![1]));
        let writes = || vec![written("a", Some(2)), written("b", Some(1)), written("a", Some(3))];
        cache.hide(writes().iter());
        assert_eq!(versions(&cache), None);
        cache.show(writes());
        assert_eq!(
            versions(&cache).map(|mut v| {
                v.sort_unstable();
                v
            }),
            Some(vec![1, 3])
        );
        let gone = || vec![written("a", None), written("b", None)];
        cache.hide(gone().iter());
        cache.show(gone());
        assert_eq!(versions(&cache), None, "absence is read from the tables");
        assert_eq!(cache.state().bytes, 0);
    }

    #[test]
    fn a_list_gets_the_version_that_it_names_and_no_other() {
        let cache = JobCache::default();
        let id: JobId = "job".parse().expect("valid");
        let version = |version| cache.of_version("a", "job", version).map(|job| job.version);
        assert_eq!(version(1), None, "nothing is kept yet");
        assert!(cache.state().entries.is_empty(), "a list leaves no mark");
        let reading = cache.get(&id).expect_err("nothing is kept yet");
        cache.keep(&id, &reading, vec![job("a", 1), job("b", 2)]);
        assert_eq!((version(1), version(2)), (Some(1), None), "version 2 is another tenant's");
        let write = || vec![written("a", Some(2))];
        cache.hide(write().iter());
        assert_eq!((version(1), version(2)), (None, None), "hidden while it is written");
        cache.show(write());
        assert_eq!((version(1), version(2)), (None, Some(2)));
    }

    #[test]
    fn the_cache_stays_small() {
        let cache = JobCache::default();
        for n in 0..100_000 {
            let id: JobId = format!("job_{n}").parse().expect("valid");
            let reading = cache.get(&id).expect_err("nothing is kept yet");
            if n % 10 == 0 {
                cache.keep(&id, &reading, vec![(job("a", 1).0, 4000)]);
            }
        }
        let state = cache.state();
        assert!(state.bytes <= MAX_BYTES && state.entries.len() <= MAX_BYTES / 256);
        assert_eq!(state.entries.len(), state.order.len());
        assert!(state.entries.values().any(|entry| entry.shown), "recent ones are kept");
    }
}
