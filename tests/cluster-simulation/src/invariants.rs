//! What must hold after every event of a history, seen from outside: with the true time and all machines in view.

use std::time::Duration;

use stata_service::domain::cluster::NodeEpoch;
use stata_service::domain::ids::RunId;

use crate::faults::Regime;
use crate::launcher::KILL;
use crate::machine::{SECOND, Time};
use crate::process::Stage;
use crate::tables::{Decision, Fact, JobState, Tables};
use crate::world::{Figures, World};

/// What was violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// Two engines of one job ran at once, beyond the stated bound.
    OneEngineOfAJob,
    /// More engines ran than there are seats, beyond the stated bound.
    NoMoreEnginesThanSeats,
    /// A second result of a job was accepted, or one of an attempt that does not have the job.
    OneResult,
    /// A commit that was acknowledged is not there.
    AcknowledgedStays,
    /// A job was claimed with a fence that is not higher.
    FencesRise,
    /// A node was declared lost although the database had been away, failed over, or stepped its clock.
    Amnesty,
    /// A node was declared lost before its launchers had ended its engines.
    LostAfterTheEnd,
    /// A node that nothing disturbed was declared lost.
    HealthyNodesStay,
    /// Two nodes trusted to lead.
    OneLeader,
    /// A draining node claimed.
    DrainingNodesDoNotClaim,
    /// A node that was declared lost claimed with the same epoch.
    LostNodesStayLost,
    /// Faults stopped, and something did not come to its end.
    EveryJobEnds,
}

/// A violation of an invariant.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What was violated.
    pub invariant: Invariant,
    /// When, in microseconds of true time.
    pub at: Time,
    /// What was seen.
    pub detail: String,
}

/// What the invariants remember.
pub(crate) struct Monitor {
    pub figures: Figures,
    /// Submissions that were answered.
    answered: Vec<bool>,
    /// Those that no failover has lost since.
    acknowledged: Vec<bool>,
    /// The attempt whose result was accepted.
    accepted: Vec<Option<RunId>>,
    /// The last claim of each job.
    claimed: Vec<Option<(u64, RunId)>>,
    /// Outages of the database.
    outages: Vec<(Time, Time)>,
    failovers: Vec<Time>,
    steps: Vec<(Time, i64)>,
    /// Effects of commits that a failover lost are over then.
    lossy_until: Time,
    drains: Vec<(NodeEpoch, Time)>,
    lost: Vec<NodeEpoch>,
    engines: usize,
    /// Since when two engines of one job run, whether or not the bound permits it.
    overlap_since: Option<Time>,
    broken: Option<Violation>,
}

impl Monitor {
    pub(crate) fn new(jobs: usize) -> Self {
        Self {
            figures: Figures::default(),
            answered: vec![false; jobs],
            acknowledged: vec![false; jobs],
            accepted: vec![None; jobs],
            claimed: vec![None; jobs],
            outages: Vec::new(),
            failovers: Vec::new(),
            steps: Vec::new(),
            lossy_until: 0,
            drains: Vec::new(),
            lost: Vec::new(),
            engines: 0,
            overlap_since: None,
            broken: None,
        }
    }

    pub(crate) fn is_answered(&self, job: usize) -> bool {
        self.answered[job]
    }

    pub(crate) fn answered(&mut self, job: usize) {
        (self.answered[job], self.acknowledged[job]) = (true, true);
    }

    pub(crate) fn stepped(&mut self, now: Time, by: i64) {
        self.steps.push((now, by));
    }

    pub(crate) fn outage(&mut self, from: Time, until: Time) {
        self.outages.push((from, until));
    }

    pub(crate) fn failed_over(&mut self, at: Time) {
        self.failovers.push(at);
    }

    pub(crate) fn drained(&mut self, node: &NodeEpoch, now: Time) {
        if !self.drains.iter().any(|(drained, _)| drained == node) {
            self.drains.push((node.clone(), now));
        }
    }

    pub(crate) fn engine_started(&mut self) {
        self.engines += 1;
    }

    pub(crate) fn engine_ended(&mut self) {
        self.engines -= 1;
    }

    /// A failover lost commits: only what the tables say counts from here.
    pub(crate) fn forget(&mut self, tables: &Tables, until: Time) {
        // engines that the database does not know of any more run until their lease is over at the latest
        self.lossy_until = until + 75 * SECOND;
        self.drains.clear();
        self.lost.clear();
        for job in 0..self.claimed.len() {
            let found = tables.jobs.get(job).and_then(Option::as_ref);
            self.acknowledged[job] &= found.is_some();
            self.claimed[job] = None;
            if !found.is_some_and(|job| matches!(job.state, JobState::Succeeded | JobState::Cancelled)) {
                self.accepted[job] = None;
            }
        }
    }
}

fn micros(time: Duration) -> Time {
    Time::try_from(time.as_micros()).expect("a short time")
}

impl World {
    fn broken(&mut self, invariant: Invariant, detail: String) {
        let at = self.now;
        self.monitor.broken.get_or_insert(Violation { invariant, at, detail });
    }

    pub(crate) fn on_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Accepted(owned) => {
                let current = self.monitor.claimed[owned.job].as_ref();
                let stale = current.is_some_and(|(fence, run)| *fence != owned.fence || *run != owned.run);
                let before = self.monitor.accepted[owned.job].replace(owned.run.clone());
                if stale || before.is_some() {
                    self.broken(Invariant::OneResult, format!("{owned:?} after {before:?}"));
                }
            }
            Fact::Claimed(owned, node) => {
                self.monitor.figures.claims += 1;
                let before = self.monitor.claimed[owned.job].replace((owned.fence, owned.run.clone()));
                if let Some((fence, _)) = before.filter(|(fence, _)| *fence >= owned.fence) {
                    self.broken(Invariant::FencesRise, format!("{owned:?} after {fence}"));
                }
                if self.monitor.lost.contains(node) {
                    self.broken(Invariant::LostNodesStayLost, format!("{owned:?} by {node:?}"));
                }
                // a claim may have been under way when the drain was committed
                let drained = self.monitor.drains.iter().find(|(drained, _)| drained == node);
                if drained.is_some_and(|(_, at)| self.now - at > 11 * SECOND) {
                    self.broken(Invariant::DrainingNodesDoNotClaim, format!("{owned:?} by {node:?}"));
                }
            }
            Fact::Lost(node, decision) => {
                self.monitor.figures.lost += 1;
                self.monitor.lost.push(node.clone());
                self.on_lost(node, *decision);
            }
            Fact::Queued => {}
        }
    }

    /// What happens after the leader's transaction read the lease takes nothing from its decision, because the row has to be the
    /// one that was read.
    fn on_lost(&mut self, node: &NodeEpoch, decision: Decision) {
        let times = self.rules.times;
        // the leader's clock may be fast by the largest drift
        let watched = decision.made.saturating_sub(micros(times.lost_after()) * 96 / 100);
        let silence = micros(times.silence()) * 104 / 100;
        let step = i64::try_from(2 * micros(times.clock_step())).expect("a short time");
        let seen = |at: Time| at > watched && at <= decision.read;
        let monitor = &self.monitor;
        let outage = monitor.outages.iter().find(|(from, until)| seen(*until) && until - from > silence);
        let outage = outage.map(|outage| format!("an outage {outage:?}"));
        let failover = monitor.failovers.iter().find(|at| seen(**at)).map(|at| format!("a failover at {at}"));
        let stepped = monitor.steps.iter().find(|(at, by)| seen(*at) && by.abs() > step);
        let stepped = stepped.map(|step| format!("a step {step:?}"));
        if let Some(found) = outage.or(failover).or(stepped) {
            self.broken(Invariant::Amnesty, format!("{node:?} was declared lost after {found}"));
        }
        let holder = self.nodes.iter().position(|process| process.me.as_ref() == Some(node));
        let Some(at) = holder else { return };
        let machine = &self.machines[self.nodes[at].machine];
        let stood =
            machine.clock_stood || machine.is_frozen(self.now) && self.plan.regime == Regime::StandingClock;
        let end = micros(times.end_within());
        if let Some(deadlines) = machine.files[at].filter(|_| !stood && self.now >= self.monitor.lossy_until)
        {
            let killed = deadlines.end_at.after(Duration::from_micros(end));
            if machine.boot_time(self.now) < killed {
                let detail = format!("{node:?} of process {at} would kill its engines at {killed:?}");
                self.broken(Invariant::LostAfterTheEnd, detail);
            }
        }
        // those of a machine that stands still end when it wakes up
        let frozen = self.machines[self.nodes[at].machine].is_frozen(self.now);
        let runs = |launcher: &usize| {
            let it = &self.launchers[*launcher];
            it.node == at && it.has_engine() && !frozen && !self.is_excused(*launcher)
        };
        if let Some(launcher) = (0..self.launchers.len()).find(runs) {
            let detail = format!("{node:?} of process {at}: the engine of launcher {launcher} runs");
            self.broken(Invariant::LostAfterTheEnd, detail);
        }
        let process = &self.nodes[at];
        let settled = process.healthy_since + micros(2 * times.renew_every) + 20 * SECOND;
        if process.up && self.plan.loss == 0 && self.now > settled {
            self.broken(Invariant::HealthyNodesStay, format!("{node:?} of process {at}"));
        }
    }

    /// True where the stated bound permits an engine that should have ended: its machine or its launcher has just
    /// woken up, or cannot act.
    fn is_excused(&self, launcher: usize) -> bool {
        let launcher = &self.launchers[launcher];
        let machine = &self.machines[launcher.machine];
        let notice = micros(self.rules.times.watch_every()) * 105 / 100 + KILL + 10_000;
        let just = |woke_at: Time| woke_at > 0 && self.now - woke_at <= notice;
        let whole = micros(self.rules.times.lost_after());
        just(machine.woke_at)
            || just(launcher.woke_at)
            || launcher.stopped_until != 0
            || machine.clock_stood && self.now - machine.woke_at <= whole
            || self.now < self.monitor.lossy_until
    }

    pub(crate) fn check(&mut self) -> Result<(), Violation> {
        if self.monitor.engines >= 2 {
            self.check_engines();
        }
        let leaders = (0..self.nodes.len()).filter(|node| self.leads(*node)).count();
        if leaders > 1 && self.terms_mean_something() {
            self.broken(Invariant::OneLeader, format!("{leaders} nodes trust their terms"));
        }
        self.check_commits();
        self.monitor.broken.take().map_or(Ok(()), Err)
    }

    fn leads(&self, node: usize) -> bool {
        let process = &self.nodes[node];
        let machine = &self.machines[process.machine];
        process.leadership.is_some()
            && process.stopped_until <= self.now
            && !machine.is_frozen(self.now)
            && self.trusts(node)
    }

    fn terms_mean_something(&self) -> bool {
        let stepped =
            self.monitor.steps.iter().map(|(at, _)| *at).chain(self.monitor.failovers.iter().copied());
        let recent = |at: Time| self.now.saturating_sub(at) < 30 * SECOND;
        let stood = self.machines.iter().any(|machine| machine.clock_stood && recent(machine.woke_at));
        !stood && !stepped.into_iter().any(recent)
    }

    fn check_engines(&mut self) {
        let runs = |at: &usize| {
            let launcher = &self.launchers[*at];
            launcher.has_engine() && !self.machines[launcher.machine].is_frozen(self.now)
        };
        let running: Vec<usize> = (0..self.launchers.len()).filter(runs).collect();
        let due: Vec<usize> = running.iter().copied().filter(|at| !self.is_excused(*at)).collect();
        let twice = |engines: &[usize]| {
            let job = |at: &usize| self.launchers[*at].owned.job;
            let pair = |(n, at): (usize, &usize)| {
                engines[..n].iter().find(|other| job(other) == job(at)).map(|other| (*other, *at))
            };
            engines.iter().enumerate().find_map(pair)
        };
        let overlap = twice(&running);
        if let Some((one, other)) = twice(&due) {
            let detail = format!("{:?} and {:?}", self.launchers[one], self.launchers[other]);
            self.broken(Invariant::OneEngineOfAJob, detail);
        }
        if due.len() > self.plan.seats {
            self.broken(Invariant::NoMoreEnginesThanSeats, format!("{} engines", due.len()));
        }
        match (overlap, self.monitor.overlap_since) {
            (Some(_), None) => self.monitor.overlap_since = Some(self.now),
            (None, Some(since)) => {
                self.monitor.overlap_since = None;
                self.monitor.figures.overlap = self.monitor.figures.overlap.max(self.now - since);
            }
            _ => {}
        }
    }

    fn check_commits(&mut self) {
        for job in 0..self.plan.jobs.len() {
            let found = self.database.tables.jobs.get(job).and_then(Option::as_ref);
            let ended =
                found.is_some_and(|job| matches!(job.state, JobState::Succeeded | JobState::Cancelled));
            let missing = self.monitor.acknowledged[job] && found.is_none();
            let taken_back = self.monitor.accepted[job].is_some() && !ended;
            if missing || taken_back {
                self.broken(Invariant::AcknowledgedStays, format!("job {job}: {found:?}"));
            }
        }
    }

    /// True once faults are over and nothing is left to do.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.now >= self.plan.calm_at
            && self.plan.jobs.iter().all(|(at, _)| *at < self.now)
            && self.monitor.answered.iter().all(|answered| *answered)
            && self.database.tables.is_at_rest()
            && self.monitor.engines == 0
            && self.rows_are_of_processes()
    }

    fn rows_are_of_processes(&self) -> bool {
        let held = |node: &NodeEpoch| {
            let of = |process: &&crate::process::Node| process.up && process.me.as_ref() == Some(node);
            self.nodes.iter().filter(of).count() == 1
        };
        self.database.tables.nodes.iter().filter(|row| row.state.holds()).all(|row| held(&row.node))
            && self
                .nodes
                .iter()
                .all(|process| !process.up || process.stage == Stage::Member && !process.draining)
    }

    pub(crate) fn unfinished(&self) -> Violation {
        let tables = &self.database.tables;
        let processes: Vec<_> =
            self.nodes.iter().map(|node| (node.up, node.stage, &node.me, node.draining)).collect();
        let detail = format!(
            "{} engines, jobs {:?}, runs {:?}, nodes {:?}, processes {processes:?}",
            self.monitor.engines, tables.jobs, tables.runs, tables.nodes
        );
        Violation { invariant: Invariant::EveryJobEnds, at: self.now, detail }
    }
}
