//! The tables of the shared store, and what each request does to them in one transaction. Transactions are serial, as the
//! one lock of the store's heads makes them; only a claim asks for the node's lease earlier than it writes.

use stata_service::domain::cluster::{DatabaseTime, Join, LeaderRow, NodeEpoch, NodeRow};
use stata_service::domain::ids::{NodeId, RunId};

use crate::machine::Time;
use crate::rules::{Mutant, Rules};

/// Where a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobState {
    /// It waits for a claim.
    Queued,
    /// An attempt has it.
    Running(RunId),
    /// A result was accepted.
    Succeeded,
    /// It was cancelled.
    Cancelled,
}

/// A job. Its number is its place in [`Tables::jobs`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Where it is.
    pub state: JobState,
    /// Number of its claims.
    pub fence: u64,
    /// Its cancel was requested while it ran.
    pub cancel: bool,
}

/// An attempt that a node owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owned {
    /// The attempt.
    pub run: RunId,
    /// The job.
    pub job: usize,
    /// The fence of its claim.
    pub fence: u64,
}

/// The rows.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    /// Nodes, in the order of their joining.
    pub nodes: Vec<NodeRow>,
    /// Attempts under way with their owners. Each has a seat of the licence.
    pub runs: Vec<(Owned, NodeEpoch)>,
    /// Seats of the licence.
    pub seats: u64,
    /// Free seats by the counter that a wrong rule keeps.
    pub counter: u64,
    /// Jobs by number; absent until they are submitted.
    pub jobs: Vec<Option<Job>>,
    /// The leader.
    pub leader: Option<LeaderRow>,
    /// The last epoch that was given to a start.
    pub(crate) epochs: u64,
}

/// True times of a leader's decision, for the invariants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision {
    /// When its transaction read the leases.
    pub read: Time,
    /// When the answer was there.
    pub made: Time,
}

/// A request of a node or of a client.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// A start joins.
    Join(NodeId, String),
    /// A node renews its lease. The time is by its own clock of the day, for a wrong rule.
    Renew(NodeEpoch, DatabaseTime),
    /// A node stands for leader.
    Stand(NodeEpoch),
    /// The leader reads the nodes.
    Look,
    /// The leader declares nodes lost, if their rows are still these.
    Declare {
        /// The rows as the leader read them.
        rows: Vec<NodeRow>,
        /// When that was.
        decision: Decision,
    },
    /// The leader ends runs without an owner and forgets nodes.
    Sweep,
    /// A node claims jobs for new attempts with these ids.
    Claim(NodeEpoch, Vec<RunId>),
    /// A node reads its attempts.
    Running(NodeEpoch),
    /// A result of an attempt. True: it was cancelled.
    Finish(Owned, bool),
    /// An attempt was lost; its job is queued again.
    GiveBack(Owned),
    /// A node claims no more.
    Drain(NodeEpoch),
    /// A node ended in order.
    Leave(NodeEpoch),
    /// A client submits a job.
    Submit(usize),
    /// A client cancels a job.
    Cancel(usize),
}

/// What a request gets back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The epoch and the attempts that it took over.
    Joined(NodeEpoch, Vec<Owned>),
    /// The lease was renewed.
    Renewed,
    /// The epoch is over.
    Over,
    /// The term of the caller.
    Leads(u64),
    /// Another node leads.
    Follows,
    /// The nodes.
    Nodes(Vec<NodeRow>),
    /// The attempts that were claimed.
    Claimed(Vec<Owned>),
    /// The attempts of the node, with those to cancel.
    Running(Vec<(Owned, bool)>),
    /// Done, or not the caller's to do.
    Done,
}

/// What happened in the tables, for the invariants.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// A result of an attempt was accepted.
    Accepted(Owned),
    /// A node was declared lost, and how the leader came to it.
    Lost(NodeEpoch, Decision),
    /// A job was claimed by a node.
    Claimed(Owned, NodeEpoch),
    /// A job was queued.
    Queued,
}

impl Tables {
    /// Returns the tables of a new installation with so many seats.
    pub(crate) fn new(seats: usize) -> Self {
        let seats = seats as u64;
        Self {
            nodes: Vec::new(),
            runs: Vec::new(),
            seats,
            counter: seats,
            jobs: Vec::new(),
            leader: None,
            epochs: 0,
        }
    }

    /// Returns the row of a start.
    pub(crate) fn node(&self, node: &NodeEpoch) -> Option<&NodeRow> {
        self.nodes.iter().find(|row| row.node == *node)
    }

    fn set_node(&mut self, row: Option<NodeRow>) -> Answer {
        let Some(row) = row else { return Answer::Over };
        match self.nodes.iter_mut().find(|old| old.node == row.node) {
            Some(old) => *old = row,
            None => self.nodes.push(row),
        }
        Answer::Done
    }

    fn owned_by(&self, node: &NodeEpoch) -> impl Iterator<Item = &Owned> {
        self.runs.iter().filter(move |(_, owner)| owner == node).map(|(owned, _)| owned)
    }

    /// Carries a request out. Claims are carried out by [`Self::claim`].
    pub(crate) fn execute(
        &mut self,
        request: &Request,
        now: DatabaseTime,
        rules: &Rules,
        facts: &mut Vec<Fact>,
    ) -> Answer {
        match request {
            Request::Join(id, host) => self.join(id, host, now, rules),
            Request::Renew(node, own) => {
                let renewed = self.node(node).and_then(|row| rules.renewed(row, now, *own));
                match self.set_node(renewed) {
                    Answer::Over => Answer::Over,
                    _ => Answer::Renewed,
                }
            }
            Request::Stand(me) => match rules.stand(self.leader.as_ref(), me, now) {
                Some(row) => {
                    let term = row.term;
                    self.leader = Some(row);
                    Answer::Leads(term)
                }
                None => Answer::Follows,
            },
            Request::Look => Answer::Nodes(self.nodes.clone()),
            Request::Declare { rows, decision } => self.declare((rows, *decision), now, rules, facts),
            Request::Sweep => self.sweep(rules, facts),
            Request::Claim(..) => unreachable!("claims are carried out in two steps"),
            Request::Running(node) => {
                let wanted = |owned: &Owned| self.jobs[owned.job].as_ref().is_some_and(|job| job.cancel);
                Answer::Running(self.owned_by(node).map(|owned| (owned.clone(), wanted(owned))).collect())
            }
            Request::Finish(owned, cancelled) => self.finish(owned, *cancelled, rules, facts),
            Request::GiveBack(owned) => {
                self.give_back(owned, rules, facts);
                Answer::Done
            }
            Request::Drain(node) => self.set_node(self.node(node).and_then(NodeRow::drained)),
            Request::Leave(node) => self.set_node(self.node(node).and_then(NodeRow::left)),
            Request::Submit(job) => {
                self.submit(*job, facts);
                Answer::Done
            }
            Request::Cancel(job) => {
                if let Some(Some(job)) = self.jobs.get_mut(*job) {
                    match job.state {
                        JobState::Queued => job.state = JobState::Cancelled,
                        JobState::Running(_) => job.cancel = true,
                        JobState::Succeeded | JobState::Cancelled => {}
                    }
                }
                Answer::Done
            }
        }
    }

    fn submit(&mut self, job: usize, facts: &mut Vec<Fact>) {
        if self.jobs.len() <= job {
            self.jobs.resize(job + 1, None);
        }
        // a repeated request finds the job
        if self.jobs[job].is_none() {
            self.jobs[job] = Some(Job { state: JobState::Queued, fence: 0, cancel: false });
            facts.push(Fact::Queued);
        }
    }

    fn join(&mut self, id: &NodeId, host: &str, now: DatabaseTime, rules: &Rules) -> Answer {
        let newest = self.nodes.iter().filter(|row| row.node.node_id == *id).max_by_key(|row| row.node.epoch);
        self.epochs += 1;
        let (from, epoch) = match rules.join(newest, host, self.epochs) {
            Join::Fresh { epoch } => (None, epoch),
            Join::TakeOver { from, epoch } => (Some(from), epoch),
        };
        let node = NodeEpoch { node_id: id.clone(), epoch };
        if let Some(from) = from {
            let old = NodeEpoch { node_id: id.clone(), epoch: from };
            self.set_node(self.node(&old).and_then(NodeRow::left));
            for (_, owner) in self.runs.iter_mut().filter(|(_, owner)| *owner == old) {
                *owner = node.clone();
            }
        }
        self.set_node(Some(NodeRow::joined(node.clone(), host.to_owned(), now, &rules.times)));
        let owned = self.owned_by(&node).cloned().collect();
        Answer::Joined(node, owned)
    }

    fn declare(
        &mut self,
        (rows, decision): (&[NodeRow], Decision),
        now: DatabaseTime,
        rules: &Rules,
        facts: &mut Vec<Fact>,
    ) -> Answer {
        for read in rows {
            let lost =
                self.node(&read.node).filter(|row| *row == read).and_then(|row| row.lost(now, &rules.times));
            if lost.is_some() {
                self.set_node(lost);
                facts.push(Fact::Lost(read.node.clone(), decision));
                if rules.is(Mutant::SweepOnce) {
                    let runs: Vec<Owned> = self.owned_by(&read.node).cloned().collect();
                    runs.iter().for_each(|owned| self.give_back(owned, rules, facts));
                }
            }
        }
        Answer::Done
    }

    fn sweep(&mut self, rules: &Rules, facts: &mut Vec<Fact>) -> Answer {
        if !rules.is(Mutant::SweepOnce) {
            let orphans =
                self.runs.iter().filter(|(_, owner)| rules.is_orphan(self.node(owner).map(|row| row.state)));
            let orphans: Vec<Owned> = orphans.map(|(owned, _)| owned.clone()).collect();
            orphans.iter().for_each(|owned| self.give_back(owned, rules, facts));
        }
        let named = |node: &NodeEpoch| self.runs.iter().any(|(_, owner)| owner == node);
        self.nodes.retain(|row| !rules.may_be_forgotten(row, named(&row.node)));
        Answer::Done
    }

    /// The second step of a claim: as many jobs as there are seats and ids of attempts. The lease was checked before.
    pub(crate) fn claim(
        &mut self,
        node: &NodeEpoch,
        runs: &[RunId],
        rules: &Rules,
        facts: &mut Vec<Fact>,
    ) -> Answer {
        let mut claimed = Vec::new();
        for run in runs {
            let own = self.owned_by(node).count();
            if rules.free_seats(self.seats, (self.runs.len(), own), self.counter) == 0 {
                break;
            }
            let queued = |job: &Option<Job>| job.as_ref().is_some_and(|job| job.state == JobState::Queued);
            let Some(number) = self.jobs.iter().position(queued) else { break };
            let Some(job) = self.jobs[number].as_mut() else { break };
            let fence = job.fence + u64::from(!rules.is(Mutant::FenceNotRaised) || job.fence == 0);
            self.counter = self.counter.saturating_sub(1);
            job.fence = fence;
            job.state = JobState::Running(run.clone());
            let owned = Owned { run: run.clone(), job: number, fence };
            self.runs.push((owned.clone(), node.clone()));
            facts.push(Fact::Claimed(owned.clone(), node.clone()));
            claimed.push(owned);
        }
        Answer::Claimed(claimed)
    }

    /// What wrong rules do to seats when the end of an attempt is reported, also of one that has the job no more.
    fn release(&mut self, owned: &Owned, rules: &Rules) {
        self.counter = (self.counter + 1).min(self.seats);
        if rules.is(Mutant::ReleaseWithoutFence) {
            self.runs.retain(|(running, _)| running.job != owned.job);
        }
    }

    /// True if this attempt has the job: what `Job::finish_run` checks.
    fn has(&self, owned: &Owned) -> bool {
        let job = self.jobs.get(owned.job).and_then(Option::as_ref);
        job.is_some_and(|job| job.state == JobState::Running(owned.run.clone()) && job.fence == owned.fence)
    }

    fn finish(&mut self, owned: &Owned, cancelled: bool, rules: &Rules, facts: &mut Vec<Fact>) -> Answer {
        self.release(owned, rules);
        let any = rules.is(Mutant::FinishWithoutFence);
        let has = self.has(owned) || any;
        if let (true, Some(Some(job))) = (has, self.jobs.get_mut(owned.job)) {
            if !matches!(job.state, JobState::Running(_)) {
                return Answer::Done;
            }
            job.state = if cancelled { JobState::Cancelled } else { JobState::Succeeded };
            self.runs.retain(|(running, _)| running.job != owned.job);
            facts.push(Fact::Accepted(owned.clone()));
        }
        Answer::Done
    }

    fn give_back(&mut self, owned: &Owned, rules: &Rules, facts: &mut Vec<Fact>) {
        self.release(owned, rules);
        if !self.has(owned) {
            return;
        }
        if let Some(Some(job)) = self.jobs.get_mut(owned.job) {
            job.state = if job.cancel { JobState::Cancelled } else { JobState::Queued };
        }
        self.runs.retain(|(running, _)| running.run != owned.run);
        facts.push(Fact::Queued);
    }

    /// True if every job has ended and nothing is owned, and so every seat is free.
    pub(crate) fn is_at_rest(&self) -> bool {
        let ended = |job: &Job| matches!(job.state, JobState::Succeeded | JobState::Cancelled);
        self.jobs.iter().flatten().all(ended) && self.runs.is_empty()
    }
}
