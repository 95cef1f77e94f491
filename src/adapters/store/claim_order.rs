//! The order of claims: which queued job is taken next. Fair between tenants (round robin over those
//! that have work and are under their limit), inside a tenant between its lanes (`lanes.rs`); jobs that may
//! not start yet wait in a heap. Pure; rebuilt from the tables after a start.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use chrono::{DateTime, Utc};

use super::lanes::{LaneKey, Lanes};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::record::may_start;

/// The name of a job.
pub(super) type JobKey = (TenantId, JobId);

/// A job that may not start yet; the earliest comes first.
type Delayed = Reverse<(DateTime<Utc>, u64, TenantId, JobId)>;

/// The jobs of one tenant that may start.
#[derive(Debug, Default)]
struct Ready {
    lanes: Lanes,
    /// Its place in the round; lower ones are served first.
    turn: u64,
}

/// Where a job stands: order of queueing, earliest start, lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub queue_seq: u64,
    pub ready_at: DateTime<Utc>,
    pub lane: LaneKey,
}

/// The queued jobs.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The place of every known job; what the other structures name and this does not is out of date.
    known: HashMap<JobKey, Place>,
    ready: HashMap<TenantId, Ready>,
    /// Tenants with ready jobs by their place in the round.
    turns: BTreeMap<u64, TenantId>,
    /// The last place given.
    last_turn: u64,
    delayed: BinaryHeap<Delayed>,
}

impl Queue {
    /// Adds a job, or moves one that is known.
    pub(super) fn put(&mut self, key: JobKey, place: Place, now: DateTime<Utc>) {
        if self.known.get(&key) == Some(&place) {
            return;
        }
        self.remove(&key);
        self.known.insert(key.clone(), place.clone());
        if may_start(place.ready_at, now) {
            self.make_ready(key, &place);
        } else {
            self.delayed.push(Reverse((place.ready_at, place.queue_seq, key.0, key.1)));
        }
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, key: &JobKey) {
        let Some(place) = self.known.remove(key) else { return };
        let Some(ready) = self.ready.get_mut(&key.0) else { return };
        ready.lanes.remove(&place.lane, place.queue_seq);
        if ready.lanes.len() == 0 {
            let turn = ready.turn;
            self.turns.remove(&turn);
            self.ready.remove(&key.0);
        }
    }

    /// Takes the next job of the next tenant that may have one more.
    pub(super) fn take(
        &mut self,
        now: DateTime<Utc>,
        may_run: impl Fn(&TenantId) -> bool,
    ) -> Option<(JobKey, Place)> {
        self.wake(now);
        let (turn, tenant) = self.turns.iter().find(|(_, tenant)| may_run(tenant))?;
        let (turn, tenant) = (*turn, tenant.clone());
        self.turns.remove(&turn);
        let ready = self.ready.get_mut(&tenant)?;
        let job = ready.lanes.take()?;
        if ready.lanes.len() == 0 {
            self.ready.remove(&tenant);
        } else {
            self.last_turn += 1;
            ready.turn = self.last_turn;
            self.turns.insert(self.last_turn, tenant.clone());
        }
        let key = (tenant, job);
        let place = self.known.remove(&key)?;
        Some((key, place))
    }

    /// True if a tenant that may have one more has a job that may start.
    pub(super) fn has_ready(&mut self, now: DateTime<Utc>, may_run: impl Fn(&TenantId) -> bool) -> bool {
        self.wake(now);
        self.turns.values().any(may_run)
    }

    /// Returns how many jobs will be taken before this one, were all tenants under their limit. Before a
    /// job that may not start yet are all that may. Costs a check of each tenant that has work, and of each lane
    /// of its own, however many jobs there are.
    pub(super) fn position(&self, key: &JobKey) -> Option<u64> {
        let place = self.known.get(key)?;
        let own = self.ready.get(&key.0);
        let before = own.and_then(|own| Some((own, own.lanes.before(&place.lane, place.queue_seq)?)));
        let Some((own, before)) = before else {
            return Some(self.ready.values().map(|ready| ready.lanes.len()).sum());
        };
        // one job of each tenant per round: `before` rounds are over when its own comes
        let others = self.ready.values().filter(|other| other.turn != own.turn);
        let taken = others.map(|other| other.lanes.len().min(before + u64::from(other.turn < own.turn)));
        Some(before + taken.sum::<u64>())
    }

    /// Returns when the next delayed job may start.
    pub(super) fn next_wake(&self) -> Option<DateTime<Utc>> {
        self.delayed.peek().map(|Reverse((at, ..))| *at)
    }

    fn wake(&mut self, now: DateTime<Utc>) {
        while self.delayed.peek().is_some_and(|Reverse((at, ..))| may_start(*at, now)) {
            let Some(Reverse((at, queue_seq, tenant, job))) = self.delayed.pop() else { return };
            let key = (tenant, job);
            let place = self.known.get(&key).filter(|p| (p.queue_seq, p.ready_at) == (queue_seq, at));
            if let Some(place) = place.cloned() {
                self.make_ready(key, &place);
            }
        }
    }

    fn make_ready(&mut self, (tenant, job): JobKey, place: &Place) {
        if !self.ready.contains_key(&tenant) {
            self.last_turn += 1;
            self.turns.insert(self.last_turn, tenant.clone());
            self.ready.insert(tenant.clone(), Ready { turn: self.last_turn, ..Ready::default() });
        }
        if let Some(ready) = self.ready.get_mut(&tenant) {
            ready.lanes.insert(&place.lane, place.queue_seq, job);
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

    fn place(queue_seq: u64, ready: i64) -> Place {
        Place { queue_seq, ready_at: at(ready), lane: None }
    }

    fn cell(queue_seq: u64, batch: &str) -> Place {
        Place { lane: Some(batch.parse().expect("valid")), ..place(queue_seq, 0) }
    }

    fn taken(queue: &mut Queue, now: i64) -> Vec<String> {
        std::iter::from_fn(|| queue.take(at(now), |_| true)).map(|((_, job), _)| job.to_string()).collect()
    }

    #[test]
    fn tenants_take_turns_and_each_keeps_its_order() {
        let mut queue = Queue::default();
        for (seq, (tenant, job)) in
            [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]
                .into_iter()
                .enumerate()
        {
            queue.put(key(tenant, job), place(seq as u64, 0), at(0));
        }
        assert_eq!(taken(&mut queue, 0), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(queue.known.len(), 0);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_no_job() {
        let mut queue = Queue::default();
        queue.put(key("a", "retry"), place(1, 3604), at(3600));
        queue.put(key("a", "queued"), place(2, 3600), at(0));
        assert_eq!(taken(&mut queue, 0), ["retry", "queued"]);
        queue.put(key("a", "retry"), place(3, 16), at(0));
        assert_eq!(taken(&mut queue, 15), [""; 0], "an honest wait is kept");
        assert_eq!(taken(&mut queue, 16), ["retry"]);
    }

    #[test]
    fn a_tenant_at_its_limit_is_passed_over_and_keeps_its_turn() {
        let mut queue = Queue::default();
        queue.put(key("a", "a1"), place(1, 0), at(0));
        queue.put(key("b", "b1"), place(2, 0), at(0));
        let other = queue.take(at(0), |t| t.as_str() != "a").expect("b has work");
        assert_eq!(other.0.1.as_str(), "b1");
        assert_eq!(queue.take(at(0), |t| t.as_str() != "a"), None);
        assert_eq!(taken(&mut queue, 0), ["a1"]);
    }

    #[test]
    fn a_delayed_job_waits_and_holds_nobody_up() {
        let mut queue = Queue::default();
        queue.put(key("a", "late"), place(1, 10), at(0));
        queue.put(key("a", "now"), place(2, 0), at(0));
        assert_eq!(taken(&mut queue, 0), ["now"]);
        assert_eq!((queue.next_wake(), queue.known.len()), (Some(at(10)), 1));
        assert_eq!(taken(&mut queue, 9), [""; 0]);
        assert_eq!(taken(&mut queue, 10), ["late"]);
    }

    #[test]
    fn a_removed_or_moved_job_is_not_taken_twice() {
        let mut queue = Queue::default();
        queue.put(key("a", "x"), place(1, 5), at(0));
        queue.put(key("a", "x"), place(1, 5), at(0));
        queue.put(key("a", "x"), place(2, 0), at(0));
        queue.put(key("a", "gone"), place(3, 0), at(0));
        queue.remove(&key("a", "gone"));
        queue.remove(&key("a", "gone"));
        assert_eq!(queue.known.len(), 1);
        assert_eq!(taken(&mut queue, 100), ["x"]);
    }

    #[test]
    fn a_place_is_the_number_of_jobs_that_are_taken_before() {
        let mut queue = Queue::default();
        let jobs =
            [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3"), ("c", "c1"), ("b", "b2"), ("a", "a4")];
        for (seq, (tenant, job)) in (1..).zip(jobs) {
            queue.put(key(tenant, job), place(seq, 0), at(0));
        }
        queue.put(key("a", "late"), place(9, 60), at(0));
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
                    queue.put(key(tenant, job), place(seq, 0), at(0));
                }
            }
        }
    }

    #[test]
    fn a_thousand_jobs_of_one_tenant_do_not_hold_back_anothers_first() {
        let mut queue = Queue::default();
        for n in 0..1000 {
            queue.put(key("big", &format!("job_{n}")), place(n, 0), at(0));
        }
        assert_eq!(queue.take(at(0), |_| true).map(|(k, _)| k.0.to_string()).as_deref(), Some("big"));
        queue.put(key("small", "first"), place(1000, 0), at(0));
        assert_eq!(queue.position(&key("small", "first")), Some(1));
        assert_eq!(queue.position(&key("big", "job_999")), Some(999));
        let order: Vec<String> =
            (0..2).filter_map(|_| queue.take(at(0), |_| true)).map(|(k, _)| k.0.to_string()).collect();
        assert_eq!(order, ["big", "small"]);
    }

    /// Jobs of one tenant in the order of queueing, cells with their batch.
    const LANES: [(&str, Option<&str>); 9] = [
        ("p1", Some("p")),
        ("p2", Some("p")),
        ("p3", Some("p")),
        ("q1", Some("q")),
        ("one", None),
        ("p4", Some("p")),
        ("two", None),
        ("q2", Some("q")),
        ("three", None),
    ];

    fn with_lanes() -> Queue {
        let mut queue = Queue::default();
        for (seq, (job, batch)) in (1..).zip(LANES) {
            let place = batch.map_or_else(|| place(seq, 0), |batch| cell(seq, batch));
            queue.put(key("a", job), place, at(0));
        }
        queue
    }

    #[test]
    fn batches_and_single_runs_of_a_tenant_take_turns() {
        let mut queue = with_lanes();
        queue.put(key("b", "other"), place(99, 0), at(0));
        let order = taken(&mut queue, 0);
        assert_eq!(order, ["p1", "other", "q1", "one", "p2", "q2", "two", "p3", "three", "p4"]);
    }

    #[test]
    fn a_place_counts_the_turns_of_batches() {
        let mut queue = with_lanes();
        for n in 0..5 {
            queue.put(key("b", &format!("b{n}")), place(50 + n, 0), at(0));
        }
        let names = LANES.map(|(job, _)| job);
        let places: HashMap<&str, Option<u64>> =
            names.iter().map(|job| (*job, queue.position(&key("a", job)))).collect();
        let order = taken(&mut queue, 0);
        for (place, job) in (0..).zip(&order) {
            assert!(job.starts_with('b') || places[job.as_str()] == Some(place), "{job} of {order:?}");
        }
    }

    #[test]
    fn a_batch_of_many_cells_does_not_hold_back_a_single_run() {
        let mut queue = Queue::default();
        for n in 0..64 {
            queue.put(key("a", &format!("cell_{n}")), cell(n, "batch"), at(0));
        }
        assert!(queue.take(at(0), |_| true).is_some());
        queue.put(key("a", "single"), place(64, 0), at(0));
        assert_eq!(queue.position(&key("a", "single")), Some(1));
        assert_eq!(queue.position(&key("a", "cell_63")), Some(63));
        let next: Vec<String> =
            (0..2).filter_map(|_| queue.take(at(0), |_| true)).map(|(k, _)| k.1.to_string()).collect();
        assert_eq!(next, ["cell_1", "single"]);
        queue.remove(&key("a", "cell_2"));
        assert_eq!((queue.known.len(), taken(&mut queue, 0).len()), (61, 61));
    }
}
