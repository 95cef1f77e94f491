//! The jobs of one tenant that may start: each of its batches, and its jobs that belong to none, is a lane. Lanes take
//! turns, so that a batch of many cells does not hold back a single run; inside a lane the order of queueing counts.

use std::collections::{BTreeMap, HashMap};

use super::order_statistics::Ranks;
use crate::domain::ids::{BatchId, JobId};

/// The batch of a lane; none for the jobs that belong to none.
pub(super) type LaneKey = Option<BatchId>;

#[derive(Debug, Default)]
struct Lane {
    jobs: BTreeMap<u64, JobId>,
    ranks: Ranks,
    /// Its place in the round; lower ones are served first.
    turn: u64,
}

/// The lanes of a tenant.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<LaneKey, Lane>,
    /// Lanes by their place in the round.
    turns: BTreeMap<u64, LaneKey>,
    /// The last place given.
    last_turn: u64,
    len: u64,
}

impl Lanes {
    /// Adds a job.
    pub(super) fn insert(&mut self, key: &LaneKey, queue_seq: u64, job: JobId) {
        if !self.lanes.contains_key(key) {
            self.last_turn += 1;
            self.turns.insert(self.last_turn, key.clone());
            self.lanes.insert(key.clone(), Lane { turn: self.last_turn, ..Lane::default() });
        }
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.ranks.insert(queue_seq);
        self.len += u64::from(lane.jobs.insert(queue_seq, job).is_none());
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, key: &LaneKey, queue_seq: u64) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        if lane.jobs.remove(&queue_seq).is_none() {
            return;
        }
        lane.ranks.remove(queue_seq);
        self.len -= 1;
        if lane.jobs.is_empty() {
            let turn = lane.turn;
            self.turns.remove(&turn);
            self.lanes.remove(key);
        }
    }

    /// Takes the next job of the next lane.
    pub(super) fn take(&mut self) -> Option<JobId> {
        let (_, key) = self.turns.pop_first()?;
        let lane = self.lanes.get_mut(&key)?;
        let (queue_seq, job) = lane.jobs.pop_first()?;
        lane.ranks.remove(queue_seq);
        self.len -= 1;
        if lane.jobs.is_empty() {
            self.lanes.remove(&key);
        } else {
            self.last_turn += 1;
            lane.turn = self.last_turn;
            self.turns.insert(self.last_turn, key);
        }
        Some(job)
    }

    /// Returns the number of jobs.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Returns how many jobs of the tenant will be taken before one; `None` for a job that is not here.
    pub(super) fn before(&self, key: &LaneKey, queue_seq: u64) -> Option<u64> {
        let own = self.lanes.get(key).filter(|lane| lane.jobs.contains_key(&queue_seq))?;
        // one job of each lane per round: `rounds` of them are over when its own comes
        let rounds = own.ranks.below(queue_seq);
        let others = self.lanes.values().filter(|other| other.turn != own.turn);
        let taken = others.map(|other| other.ranks.len().min(rounds + u64::from(other.turn < own.turn)));
        Some(rounds + taken.sum::<u64>())
    }
}
