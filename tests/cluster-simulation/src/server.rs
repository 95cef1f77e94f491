//! A server: renews its lease, stands for leader, claims, starts, adopts, publishes, drains. What it may do is decided by
//! the rules; this is only the order in which it asks.

use std::time::Duration;

use stata_service::domain::cluster::{BootTime, Contact, DatabaseTime, Leadership, Lease, Standing};
use stata_service::domain::ids::RunId;

use crate::process::{Kind, Launcher, Outcome, Pending, Phase, Run, Stage};
use crate::rules::Mutant;
use crate::tables::{Answer, Decision, Owned, Request};
use crate::world::{Event, Sent, Timer, World};

/// Time limit of a request.
const LIMIT: Duration = Duration::from_secs(10);
/// How often a server works without being woken.
const POLL: Duration = Duration::from_secs(2);
/// How often it asks for work, and for its own attempts.
const ASK: Duration = Duration::from_secs(5);

impl World {
    pub(crate) fn boot(&self, node: usize) -> BootTime {
        self.machines[self.nodes[node].machine].boot_time(self.now)
    }

    fn again(&mut self, node: usize, timer: Timer, after: Duration) {
        let time = self.now + self.machines[self.nodes[node].machine].true_time(after);
        let life = self.nodes[node].life;
        self.at(time, Event::Timer { node, life, timer });
    }

    pub(crate) fn on_timer(&mut self, node: usize, timer: Timer) {
        let times = self.rules.times;
        match timer {
            Timer::Renew => {
                if let Some(me) = self.nodes[node].me.clone() {
                    let own = self.machines[self.nodes[node].machine].day_time(self.now);
                    self.send(node, Kind::Renew, Request::Renew(me, own.after(Duration::from_secs(1_000))));
                }
                self.again(node, timer, times.renew_every);
            }
            Timer::Lead => {
                if let Some(me) = self.nodes[node].me.clone() {
                    self.send(node, Kind::Stand, Request::Stand(me));
                }
                self.again(node, timer, times.renew_term_every());
            }
            Timer::Work => {
                self.work(node);
                if self.nodes[node].up {
                    self.again(node, timer, POLL);
                }
            }
        }
    }

    /// One turn: gives up requests without an answer, and begins whatever there is to do.
    pub(crate) fn work(&mut self, node: usize) {
        let now = self.boot(node);
        let expired = |pending: &Pending| now.since(pending.asked) >= LIMIT;
        if self.nodes[node].pending.iter().any(|pending| pending.is_claim() && expired(pending)) {
            self.nodes[node].claim_settled = now;
        }
        self.nodes[node].pending.retain(|pending| !expired(pending));
        match self.nodes[node].stage {
            Stage::Clearing => {
                if self.has_launchers(node) {
                    return;
                }
                self.nodes[node].stage = Stage::Joining;
                self.join(node);
            }
            Stage::Joining => self.join(node),
            Stage::Member => {
                self.attend(node, now);
                self.ask(node, now);
            }
            Stage::Left => {}
        }
    }

    fn has_launchers(&self, node: usize) -> bool {
        self.launchers.iter().any(|launcher| launcher.node == node && launcher.outcome.is_none())
    }

    /// True while an engine runs here that is none of the node's own any more.
    fn has_strangers(&self, node: usize) -> bool {
        let runs = &self.nodes[node].runs;
        let is_own = |launcher: &Launcher| runs.iter().any(|run| run.owned == launcher.owned);
        self.launchers.iter().any(|l| l.node == node && l.outcome.is_none() && !is_own(l))
    }

    fn join(&mut self, node: usize) {
        if self.nodes[node].waits_for(&Kind::Join) {
            return;
        }
        let machine = self.nodes[node].machine;
        let host = format!("machine-{machine}/boot-{}/volume-{node}", self.machines[machine].boot);
        let id = self.nodes[node].id.clone();
        self.send(node, Kind::Join, Request::Join(id, host));
    }

    /// Moves each attempt on.
    fn attend(&mut self, node: usize, now: BootTime) {
        let standing = self.nodes[node].lease.map(|lease| lease.standing(now, &self.rules.times));
        for at in 0..self.nodes[node].runs.len() {
            let run = self.nodes[node].runs[at].clone();
            match run.phase {
                Phase::Claimed if run.cancelled => {
                    self.nodes[node].runs[at].phase = Phase::Ended(Outcome::Cancelled)
                }
                Phase::Claimed if standing == Some(Standing::Full) => {
                    let launcher = self.spawn(node, run.owned);
                    let run = &mut self.nodes[node].runs[at];
                    (run.launcher, run.phase) = (Some(launcher), Phase::Started);
                }
                Phase::Claimed => self.nodes[node].runs[at].phase = Phase::Ended(Outcome::Lost),
                Phase::Started => {
                    let Some(launcher) = run.launcher else { continue };
                    match self.launchers[launcher].outcome {
                        Some(Outcome::Lost) if run.cancelled => {
                            self.nodes[node].runs[at].phase = Phase::Ended(Outcome::Cancelled);
                        }
                        Some(outcome) => self.nodes[node].runs[at].phase = Phase::Ended(outcome),
                        None if run.cancelled => self.kill_run(launcher),
                        None => {}
                    }
                }
                Phase::Ended(..) => {}
            }
            if let Phase::Ended(outcome) = self.nodes[node].runs[at].phase {
                self.end(node, self.nodes[node].runs[at].owned.clone(), outcome);
            }
        }
    }

    /// Reports the end.
    fn end(&mut self, node: usize, owned: Owned, outcome: Outcome) {
        let end = Kind::End(owned.clone());
        if self.nodes[node].waits_for(&end) {
            return;
        }
        let request = match outcome {
            Outcome::Completed => Request::Finish(owned, false),
            Outcome::Cancelled => Request::Finish(owned, true),
            Outcome::Lost => Request::GiveBack(owned),
        };
        self.send(node, end, request);
    }

    /// Asks for work and for the attempts that the database knows.
    fn ask(&mut self, node: usize, now: BootTime) {
        let Some(me) = self.nodes[node].me.clone() else { return };
        let standing = self.nodes[node].lease.map(|lease| lease.standing(now, &self.rules.times));
        let places = self.plan.places.saturating_sub(self.nodes[node].runs.len());
        let claims = !self.nodes[node].draining || self.rules.is(Mutant::DrainingClaims);
        let wants = self
            .database
            .tables
            .jobs
            .iter()
            .flatten()
            .any(|job| job.state == crate::tables::JobState::Queued);
        let due = wants || now.since(self.nodes[node].claimed) >= ASK;
        if standing == Some(Standing::Full)
            && claims
            && due
            && places > 0
            && !self.has_strangers(node)
            && !self.nodes[node].pending.iter().any(Pending::is_claim)
            && now.since(self.nodes[node].claimed) >= Duration::from_millis(100)
        {
            self.nodes[node].claimed = now;
            let runs: Vec<RunId> = (0..places).map(|_| self.new_run()).collect();
            self.send(node, Kind::Claim(runs.clone()), Request::Claim(me.clone(), runs));
        }
        if now.since(self.nodes[node].read_running) >= ASK && !self.nodes[node].waits_for(&Kind::Running) {
            self.nodes[node].read_running = now;
            self.send(node, Kind::Running, Request::Running(me.clone()));
        }
        let quiet =
            self.nodes[node].runs.is_empty() && !self.nodes[node].pending.iter().any(Pending::is_claim);
        let drained = self.nodes[node].drained.is_some_and(|at| at >= self.nodes[node].claim_settled);
        if self.nodes[node].draining {
            let leaves = quiet && drained;
            let kind = if leaves { Kind::Leave } else { Kind::Drain };
            if !self.nodes[node].waits_for(&kind) {
                let request = if leaves { Request::Leave(me) } else { Request::Drain(me) };
                self.send(node, kind, request);
            }
        }
    }

    fn new_run(&mut self) -> RunId {
        self.next_id += 1;
        RunId::parse(format!("run-{}", self.next_id)).expect("a run id")
    }

    pub(crate) fn on_answer(&mut self, node: usize, id: u64, sent: Sent) {
        let answered = self.boot(node);
        let at = self.nodes[node].pending.iter().position(|pending| pending.id == id);
        // an answer to a request that was given up is not used
        let Some(at) = at else { return };
        let Pending { kind, asked, .. } = self.nodes[node].pending.remove(at);
        let contact = self.rules.shown(Contact {
            asked,
            answered,
            database: sent.database,
            server_started: DatabaseTime::from_micros(i64::from(sent.server)),
        });
        self.nodes[node].watch.see(contact, &self.rules.times);
        match sent.answer {
            Answer::Joined(me, owned) => self.joined(node, me, owned, asked),
            Answer::Renewed => self.renewed(node, asked, answered),
            Answer::Over if self.nodes[node].stage == Stage::Member => self.over(node),
            Answer::Over => {}
            Answer::Leads(term) => {
                self.nodes[node].leadership = Some(Leadership { term, asked });
                if self.trusts(node) {
                    self.send(node, Kind::Look, Request::Look);
                    self.send(node, Kind::Lead, Request::Sweep);
                }
            }
            Answer::Follows => self.nodes[node].leadership = None,
            Answer::Nodes(rows) => {
                if self.trusts(node) && self.rules.may_declare_lost(&self.nodes[node].watch, &contact) {
                    let lost = |row: &_| {
                        stata_service::domain::cluster::NodeRow::lost(row, sent.database, &self.rules.times)
                            .is_some()
                    };
                    let rows: Vec<_> = rows.into_iter().filter(lost).collect();
                    if !rows.is_empty() {
                        let decision = Decision { read: sent.read, made: self.now };
                        self.send(node, Kind::Lead, Request::Declare { rows, decision });
                    }
                }
            }
            Answer::Claimed(claimed) => {
                self.nodes[node].claim_settled = answered;
                let new = |owned| Run {
                    owned,
                    phase: Phase::Claimed,
                    known: answered,
                    launcher: None,
                    cancelled: false,
                };
                self.nodes[node].runs.extend(claimed.into_iter().map(new));
                self.work(node);
            }
            Answer::Running(owned) => self.compare(node, owned, asked, answered),
            Answer::Done => self.done(node, kind),
        }
    }

    pub(crate) fn trusts(&self, node: usize) -> bool {
        let node_state = &self.nodes[node];
        node_state.up && node_state.leadership.is_some_and(|own| self.rules.is_trusted(&own, self.boot(node)))
    }

    fn renewed(&mut self, node: usize, asked: BootTime, answered: BootTime) {
        let machine = self.nodes[node].machine;
        if let Some(lease) = &mut self.nodes[node].lease {
            self.rules.renew(lease, asked, answered);
            self.machines[machine].files[node] = Some(lease.deadlines(&self.rules.times));
        }
    }

    /// Takes up what this epoch owns, and ends what it does not.
    fn joined(
        &mut self,
        node: usize,
        me: stata_service::domain::cluster::NodeEpoch,
        owned: Vec<Owned>,
        asked: BootTime,
    ) {
        let now = self.boot(node);
        self.nodes[node].stage = Stage::Member;
        self.nodes[node].me = Some(me);
        self.nodes[node].lease = Some(Lease::new(asked));
        self.nodes[node].claim_settled = now;
        self.renewed(node, asked, now);
        let mine: Vec<usize> =
            (0..self.launchers.len()).filter(|at| self.launchers[*at].node == node).collect();
        for launcher in &mine {
            let launcher_state = &self.launchers[*launcher];
            if launcher_state.outcome.is_none() && !owned.iter().any(|o| o.run == launcher_state.owned.run) {
                self.kill_run(*launcher);
            }
        }
        for owned in owned {
            let launcher = mine.iter().copied().find(|at| self.launchers[*at].owned.run == owned.run);
            let phase = if launcher.is_some() { Phase::Started } else { Phase::Ended(Outcome::Lost) };
            self.nodes[node].runs.push(Run { owned, phase, known: now, launcher, cancelled: false });
        }
        self.work(node);
    }

    /// Another start has this node's place, or it was declared lost: nothing here is its own any more.
    fn over(&mut self, node: usize) {
        self.log(|| format!("process {node}: its epoch is over"));
        let runs = std::mem::take(&mut self.nodes[node].runs);
        for launcher in runs.into_iter().filter_map(|run| run.launcher) {
            if self.launchers[launcher].outcome.is_none() {
                self.kill_run(launcher);
            }
        }
        let process = &mut self.nodes[node];
        (process.me, process.lease, process.leadership) = (None, None, None);
        process.pending.clear();
        process.stage = if process.draining { Stage::Left } else { Stage::Clearing };
        process.healthy_since = self.now;
        if process.stage == Stage::Left {
            self.leave(node);
        }
        self.work(node);
    }

    /// Compares the attempts that the database knows with the own ones.
    fn compare(&mut self, node: usize, owned: Vec<(Owned, bool)>, asked: BootTime, answered: BootTime) {
        if owned.is_empty() {
            self.nodes[node].drained = Some(asked);
        }
        for run in &mut self.nodes[node].runs {
            if let Some((_, cancel)) = owned.iter().find(|(known, _)| *known == run.owned) {
                run.cancelled |= cancel;
            }
        }
        let gone: Vec<Run> = self.nodes[node]
            .runs
            .extract_if(.., |run| run.known < asked && !owned.iter().any(|(known, _)| *known == run.owned))
            .collect();
        for launcher in gone.into_iter().filter_map(|run| run.launcher) {
            if self.launchers[launcher].outcome.is_none() {
                self.kill_run(launcher);
            }
        }
        for (owned, _) in owned {
            // a claim whose answer got lost; not one whose answer is under way
            let awaited = self.nodes[node].pending.iter().any(|pending| match &pending.kind {
                Kind::Claim(runs) => runs.contains(&owned.run),
                _ => false,
            });
            let is_looked_for = !awaited && !self.rules.is(Mutant::LostClaimsStay);
            if is_looked_for && !self.nodes[node].runs.iter().any(|run| run.owned == owned) {
                let phase = Phase::Ended(Outcome::Lost);
                self.nodes[node].runs.push(Run {
                    owned,
                    phase,
                    known: answered,
                    launcher: None,
                    cancelled: false,
                });
            }
        }
        self.work(node);
    }

    fn done(&mut self, node: usize, kind: Kind) {
        match kind {
            Kind::End(owned) => {
                self.nodes[node].runs.retain(|run| run.owned != owned);
                self.work(node);
            }
            Kind::Leave => self.leave(node),
            _ => {}
        }
    }

    fn leave(&mut self, node: usize) {
        self.log(|| format!("process {node} left"));
        self.kill(node);
        // the next release of the program
        let at = self.now + 2_000_000;
        self.at(at, Event::Starts { node });
    }
}
