//! The queue projection: which queued job is taken next. Fair between tenants (round robin over those
//! that have work and are under their limit), in order of queueing inside a tenant; jobs that may not
//! start yet wait in a heap. Pure; rebuilt from the store at start.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use chrono::{DateTime, Utc};

use crate::domain::ids::{JobId, TenantId};

/// The name of a job.
pub type JobKey = (TenantId, JobId);

/// A job that may not start yet; the earliest comes first.
type Delayed = Reverse<(DateTime<Utc>, u64, TenantId, JobId)>;

/// The queued jobs.
#[derive(Debug, Default)]
pub struct Queue {
    /// Order of queueing and earliest start of every known job; what the other structures name and this
    /// does not is out of date.
    known: HashMap<JobKey, (u64, DateTime<Utc>)>,
    ready: HashMap<TenantId, BTreeMap<u64, JobId>>,
    /// Tenants with ready jobs, the next one first.
    turn: VecDeque<TenantId>,
    delayed: BinaryHeap<Delayed>,
}

impl Queue {
    /// Adds a job, or moves one that is known.
    pub fn put(&mut self, key: JobKey, queue_seq: u64, ready_at: DateTime<Utc>, now: DateTime<Utc>) {
        if self.known.get(&key) == Some(&(queue_seq, ready_at)) {
            return;
        }
        self.remove(&key);
        self.known.insert(key.clone(), (queue_seq, ready_at));
        if ready_at > now {
            self.delayed.push(Reverse((ready_at, queue_seq, key.0, key.1)));
        } else {
            self.make_ready(key, queue_seq);
        }
    }

    /// Forgets a job.
    pub fn remove(&mut self, key: &JobKey) {
        let Some((queue_seq, _)) = self.known.remove(key) else { return };
        if let Some(jobs) = self.ready.get_mut(&key.0) {
            jobs.remove(&queue_seq);
            if jobs.is_empty() {
                self.ready.remove(&key.0);
                self.turn.retain(|t| t != &key.0);
            }
        }
    }

    /// Takes the next job of the next tenant that may have one more.
    pub fn take(&mut self, now: DateTime<Utc>, may_run: impl Fn(&TenantId) -> bool) -> Option<JobKey> {
        self.wake(now);
        let at = self.turn.iter().position(may_run)?;
        let tenant = self.turn.remove(at)?;
        let jobs = self.ready.get_mut(&tenant)?;
        let (_, job) = jobs.pop_first()?;
        if jobs.is_empty() {
            self.ready.remove(&tenant);
        } else {
            self.turn.push_back(tenant.clone());
        }
        let key = (tenant, job);
        self.known.remove(&key);
        Some(key)
    }

    /// Returns when the next delayed job may start.
    pub fn next_wake(&self) -> Option<DateTime<Utc>> {
        self.delayed.peek().map(|Reverse((at, ..))| *at)
    }

    /// Returns the number of queued jobs, delayed ones included.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    fn wake(&mut self, now: DateTime<Utc>) {
        while self.delayed.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((at, queue_seq, tenant, job))) = self.delayed.pop() else { return };
            let key = (tenant, job);
            if self.known.get(&key) == Some(&(queue_seq, at)) {
                self.make_ready(key, queue_seq);
            }
        }
    }

    fn make_ready(&mut self, (tenant, job): JobKey, queue_seq: u64) {
        let jobs = self.ready.entry(tenant.clone()).or_default();
        if jobs.is_empty() && !self.turn.contains(&tenant) {
            self.turn.push_back(tenant);
        }
        jobs.insert(queue_seq, job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("a valid time")
    }

    fn key(tenant: &str, job: &str) -> JobKey {
        (TenantId::parse(tenant).expect("valid"), JobId::parse(job).expect("valid"))
    }

    fn taken(queue: &mut Queue, now: i64) -> Vec<String> {
        std::iter::from_fn(|| queue.take(at(now), |_| true)).map(|(_, job)| job.to_string()).collect()
    }

    #[test]
    fn tenants_take_turns_and_each_keeps_its_order() {
        let mut queue = Queue::default();
        for (seq, (tenant, job)) in
            [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]
                .into_iter()
                .enumerate()
        {
            queue.put(key(tenant, job), seq as u64, at(0), at(0));
        }
        assert_eq!(taken(&mut queue, 0), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_tenant_at_its_limit_is_passed_over_and_keeps_its_turn() {
        let mut queue = Queue::default();
        queue.put(key("a", "a1"), 1, at(0), at(0));
        queue.put(key("b", "b1"), 2, at(0), at(0));
        let other = queue.take(at(0), |t| t.as_str() != "a").expect("b has work");
        assert_eq!(other.1.as_str(), "b1");
        assert_eq!(queue.take(at(0), |t| t.as_str() != "a"), None);
        assert_eq!(taken(&mut queue, 0), ["a1"]);
    }

    #[test]
    fn a_delayed_job_waits_and_holds_nobody_up() {
        let mut queue = Queue::default();
        queue.put(key("a", "late"), 1, at(10), at(0));
        queue.put(key("a", "now"), 2, at(0), at(0));
        assert_eq!(taken(&mut queue, 0), ["now"]);
        assert_eq!((queue.next_wake(), queue.len()), (Some(at(10)), 1));
        assert_eq!(taken(&mut queue, 9), [""; 0]);
        assert_eq!(taken(&mut queue, 10), ["late"]);
    }

    #[test]
    fn a_removed_or_moved_job_is_not_taken_twice() {
        let mut queue = Queue::default();
        queue.put(key("a", "x"), 1, at(5), at(0));
        queue.put(key("a", "x"), 1, at(5), at(0));
        queue.put(key("a", "x"), 2, at(0), at(0));
        queue.put(key("a", "gone"), 3, at(0), at(0));
        queue.remove(&key("a", "gone"));
        queue.remove(&key("a", "gone"));
        assert_eq!(queue.len(), 1);
        assert_eq!(taken(&mut queue, 100), ["x"]);
    }
}
