//! The queue projection: which queued job is taken next. Fair between tenants (round robin over those
//! that have work and are under their limit), in order of queueing inside a tenant; jobs that may not
//! start yet wait in a heap. Pure; rebuilt from the store at start.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use chrono::{DateTime, Utc};

use super::order_statistics::Ranks;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::record::may_start;

/// The name of a job.
pub(super) type JobKey = (TenantId, JobId);

/// A job that may not start yet; the earliest comes first.
type Delayed = Reverse<(DateTime<Utc>, u64, TenantId, JobId)>;

/// The jobs of one tenant that may start, in order of queueing.
#[derive(Debug, Default)]
struct Ready {
    jobs: BTreeMap<u64, JobId>,
    ranks: Ranks,
    /// Its place in the round; lower ones are served first.
    turn: u64,
}

/// The queued jobs.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Order of queueing and earliest start of every known job; what the other structures name and this
    /// does not is out of date.
    known: HashMap<JobKey, (u64, DateTime<Utc>)>,
    ready: HashMap<TenantId, Ready>,
    /// Tenants with ready jobs by their place in the round.
    turns: BTreeMap<u64, TenantId>,
    /// The last place given.
    last_turn: u64,
    delayed: BinaryHeap<Delayed>,
}

impl Queue {
    /// Adds a job, or moves one that is known.
    pub(super) fn put(&mut self, key: JobKey, queue_seq: u64, ready_at: DateTime<Utc>, now: DateTime<Utc>) {
        if self.known.get(&key) == Some(&(queue_seq, ready_at)) {
            return;
        }
        self.remove(&key);
        self.known.insert(key.clone(), (queue_seq, ready_at));
        if may_start(ready_at, now) {
            self.make_ready(key, queue_seq);
        } else {
            self.delayed.push(Reverse((ready_at, queue_seq, key.0, key.1)));
        }
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, key: &JobKey) {
        let Some((queue_seq, _)) = self.known.remove(key) else { return };
        let Some(ready) = self.ready.get_mut(&key.0) else { return };
        if ready.jobs.remove(&queue_seq).is_some() {
            ready.ranks.remove(queue_seq);
        }
        if ready.jobs.is_empty() {
            let turn = ready.turn;
            self.turns.remove(&turn);
            self.ready.remove(&key.0);
        }
    }

    /// Takes the next job of the next tenant that may have one more.
    pub(super) fn take(&mut self, now: DateTime<Utc>, may_run: impl Fn(&TenantId) -> bool) -> Option<JobKey> {
        self.wake(now);
        let (turn, tenant) = self.turns.iter().find(|(_, tenant)| may_run(tenant))?;
        let (turn, tenant) = (*turn, tenant.clone());
        self.turns.remove(&turn);
        let ready = self.ready.get_mut(&tenant)?;
        let (queue_seq, job) = ready.jobs.pop_first()?;
        ready.ranks.remove(queue_seq);
        if ready.jobs.is_empty() {
            self.ready.remove(&tenant);
        } else {
            self.last_turn += 1;
            ready.turn = self.last_turn;
            self.turns.insert(self.last_turn, tenant.clone());
        }
        let key = (tenant, job);
        self.known.remove(&key);
        Some(key)
    }

    /// Returns how many jobs will be taken before this one, were all tenants under their limit. Before a
    /// job that may not start yet are all that may. Costs a check of each tenant that has work, however
    /// many jobs there are.
    pub(super) fn position(&self, key: &JobKey) -> Option<u64> {
        let (queue_seq, _) = self.known.get(key)?;
        let own = self.ready.get(&key.0).filter(|ready| ready.jobs.contains_key(queue_seq));
        let Some(own) = own else { return Some(self.ready.values().map(|ready| ready.ranks.len()).sum()) };
        // one job of each tenant per round: `before` rounds are over when its own comes
        let before = own.ranks.below(*queue_seq);
        let others = self.ready.values().filter(|other| other.turn != own.turn);
        let taken = others.map(|other| other.ranks.len().min(before + u64::from(other.turn < own.turn)));
        Some(before + taken.sum::<u64>())
    }

    /// Returns when the next delayed job may start.
    pub(super) fn next_wake(&self) -> Option<DateTime<Utc>> {
        self.delayed.peek().map(|Reverse((at, ..))| *at)
    }

    /// Returns the number of queued jobs, delayed ones included.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn wake(&mut self, now: DateTime<Utc>) {
        while self.delayed.peek().is_some_and(|Reverse((at, ..))| may_start(*at, now)) {
            let Some(Reverse((at, queue_seq, tenant, job))) = self.delayed.pop() else { return };
            let key = (tenant, job);
            if self.known.get(&key) == Some(&(queue_seq, at)) {
                self.make_ready(key, queue_seq);
            }
        }
    }

    fn make_ready(&mut self, (tenant, job): JobKey, queue_seq: u64) {
        if !self.ready.contains_key(&tenant) {
            self.last_turn += 1;
            self.turns.insert(self.last_turn, tenant.clone());
            self.ready.insert(tenant.clone(), Ready { turn: self.last_turn, ..Ready::default() });
        }
        if let Some(ready) = self.ready.get_mut(&tenant) {
            ready.jobs.insert(queue_seq, job);
            ready.ranks.insert(queue_seq);
        }
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
    fn a_clock_that_was_set_back_holds_no_job() {
        let mut queue = Queue::default();
        queue.put(key("a", "retry"), 1, at(3604), at(3600));
        queue.put(key("a", "queued"), 2, at(3600), at(0));
        assert_eq!(taken(&mut queue, 0), ["retry", "queued"]);
        queue.put(key("a", "retry"), 3, at(16), at(0));
        assert_eq!(taken(&mut queue, 15), [""; 0], "an honest wait is kept");
        assert_eq!(taken(&mut queue, 16), ["retry"]);
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

    #[test]
    fn a_place_is_the_number_of_jobs_that_are_taken_before() {
        let mut queue = Queue::default();
        let jobs =
            [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3"), ("c", "c1"), ("b", "b2"), ("a", "a4")];
        for (seq, (tenant, job)) in (1..).zip(jobs) {
            queue.put(key(tenant, job), seq, at(0), at(0));
        }
        queue.put(key("a", "late"), 9, at(60), at(0));
        assert_eq!(queue.position(&key("a", "late")), Some(7), "all that may start come first");
        assert_eq!(queue.position(&key("d", "none")), None);
        for _ in 0..3 {
            let places: HashMap<String, u64> = jobs
                .iter()
                .filter_map(|(t, j)| Some(((*j).to_owned(), queue.position(&key(t, j))?)))
                .collect();
            let mut again = Queue::default();
            std::mem::swap(&mut again, &mut queue);
            let order = taken(&mut again, 0);
            for (place, job) in (0..).zip(&order) {
                assert_eq!(places.get(job), Some(&place), "{job} of {order:?}");
            }
            // the same again, with one job less in front
            for (seq, (tenant, job)) in (1..).zip(jobs) {
                if order[1..].iter().any(|left| left == job) {
                    queue.put(key(tenant, job), seq, at(0), at(0));
                }
            }
        }
    }

    #[test]
    fn a_thousand_jobs_of_one_tenant_do_not_hold_back_anothers_first() {
        let mut queue = Queue::default();
        for n in 0..1000 {
            queue.put(key("big", &format!("job_{n}")), n, at(0), at(0));
        }
        assert_eq!(queue.take(at(0), |_| true).map(|k| k.0.to_string()).as_deref(), Some("big"));
        queue.put(key("small", "first"), 1000, at(0), at(0));
        assert_eq!(queue.position(&key("small", "first")), Some(1));
        assert_eq!(queue.position(&key("big", "job_999")), Some(999));
        let order: Vec<String> =
            (0..2).filter_map(|_| queue.take(at(0), |_| true)).map(|k| k.0.to_string()).collect();
        assert_eq!(order, ["big", "small"]);
    }
}
