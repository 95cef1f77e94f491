//! What each fault does to a history.

use crate::faults::Fault;
use crate::machine::{SECOND, Time};
use crate::process::{Engine, Kind, Outcome, Stage};
use crate::tables::{Request, Tables};
use crate::world::{Event, Moment, Timer, World};

impl World {
    pub(crate) fn begin(&mut self, fault: Fault) {
        self.log(|| format!("fault: {fault:?}"));
        match fault {
            Fault::Mute { node, until } => {
                self.nodes[node].mute_until = until;
                self.disturb(node, until);
            }
            Fault::Deaf { node, until } => {
                self.nodes[node].deaf_until = until;
                self.disturb(node, until);
            }
            Fault::Kill { node, until } => {
                self.kill(node);
                self.at(until, Event::Starts { node });
            }
            Fault::Stop { node, until } => {
                // who is stopped twice continues with the later one, as its events do
                let stopped = &mut self.nodes[node].stopped_until;
                *stopped = until.max(*stopped);
                self.disturb(node, until);
            }
            Fault::StopLauncher { which, until } => self.stop_launcher(which, until),
            Fault::Freeze { machine, until, stands } => {
                self.machines[machine].freeze(self.now, until, stands);
                self.at(until, Event::Thaw { machine });
                self.disturb_machine(machine, until);
            }
            Fault::Reboot { machine, until } => self.reboot(machine, until),
            Fault::Move { node, twin, until } => {
                (self.nodes[node].mute_until, self.nodes[node].deaf_until) = (until, until);
                self.disturb(node, until);
                if !self.nodes[twin].up {
                    self.starts(twin);
                }
            }
            Fault::Drain { node } => {
                self.nodes[node].draining = true;
                if let Some(me) = self.nodes[node].me.clone() {
                    self.send(node, Kind::Drain, Request::Drain(me));
                }
            }
            Fault::Outage { until, failover, lacks, step } => self.outage(until, failover, lacks, step),
            Fault::Step { by } => {
                self.database.clock.offset += by;
                self.monitor.stepped(self.now, by);
            }
            Fault::Cancel { job } => {
                let at = self.now + self.delay();
                let request = Request::Cancel(job);
                self.at(at, Event::Arrives { from: crate::world::From::Client, id: 0, request });
            }
        }
    }

    fn disturb(&mut self, node: usize, until: Time) {
        let healthy_since = &mut self.nodes[node].healthy_since;
        *healthy_since = (*healthy_since).max(until);
    }

    fn disturb_machine(&mut self, machine: usize, until: Time) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].machine == machine {
                self.disturb(node, until);
            }
        }
    }

    pub(crate) fn kill(&mut self, node: usize) {
        if self.nodes[node].up {
            self.nodes[node].kill();
        }
    }

    fn stop_launcher(&mut self, which: usize, until: Time) {
        let running: Vec<usize> =
            (0..self.launchers.len()).filter(|at| self.launchers[*at].has_engine()).collect();
        if let Some(launcher) = running.get(which % running.len().max(1)) {
            let stopped = &mut self.launchers[*launcher].stopped_until;
            *stopped = until.max(*stopped);
        }
    }

    fn reboot(&mut self, machine: usize, until: Time) {
        self.machines[machine].reboot(self.now);
        for launcher in &mut self.launchers {
            if launcher.machine == machine && launcher.outcome.is_none() {
                if launcher.has_engine() {
                    self.monitor.engine_ended();
                }
                // an engine that had ended without an outcome file is lost as well
                launcher.engine = Engine::Ended(Outcome::Lost);
                launcher.outcome = Some(Outcome::Lost);
            }
        }
        for node in 0..self.nodes.len() {
            if self.nodes[node].machine == machine && self.nodes[node].up {
                self.kill(node);
                self.at(until, Event::Starts { node });
            }
        }
    }

    fn outage(&mut self, until: Time, failover: bool, lacks: Time, step: i64) {
        if !self.database.up {
            return;
        }
        self.database.up = false;
        self.database.outages += 1;
        self.monitor.outage(self.now, until);
        self.at(until, Event::DatabaseBack);
        for node in 0..self.nodes.len() {
            self.disturb(node, until);
        }
        if !failover {
            return;
        }
        self.database.server += 1;
        self.database.clock.offset += step;
        self.monitor.failed_over(until);
        if lacks > 0 {
            let copy = self.database.copies.iter().rev().find(|(at, _)| *at + lacks <= self.now);
            if let Some((_, tables)) = copy.or_else(|| self.database.copies.first()) {
                // a sequence is ahead of what was given out, also on a standby
                let epochs = self.database.tables.epochs;
                self.database.tables = Tables { epochs, ..tables.clone() };
            }
            self.database.copies.clear();
            self.monitor.forget(&self.database.tables, until);
        }
    }

    /// Starts a process, unless one runs.
    pub(crate) fn starts(&mut self, node: usize) {
        if self.nodes[node].up {
            return;
        }
        self.nodes[node].start(self.now);
        self.nodes[node].stage = Stage::Joining;
        let life = self.nodes[node].life;
        self.log(|| format!("process {node} starts, life {life}"));
        for timer in [Timer::Work, Timer::Renew, Timer::Lead] {
            let at = self.now + self.random.between(0, 2 * SECOND);
            self.at(at, Event::Timer { node, life, timer });
        }
    }

    /// A moment in the life of a launcher.
    pub(crate) fn on_moment(&mut self, launcher: usize, moment: Moment) {
        let now = self.now;
        if self.launchers[launcher].outcome.is_some() {
            return;
        }
        let frozen_until = self.machines[self.launchers[launcher].machine].frozen_until;
        let stopped_until = self.launchers[launcher].stopped_until;
        let is_stopped = stopped_until > now && !matches!(moment, Moment::EngineEnds | Moment::Killed);
        if frozen_until > now || is_stopped {
            let until = if is_stopped { stopped_until.max(frozen_until) } else { frozen_until };
            // a thread that sleeps between two looks wakes up somewhere in between
            let phase = if moment == Moment::Watch { self.random.between(1, SECOND) } else { 1 };
            return self.at(until + phase, Event::Launcher { launcher, moment });
        }
        if stopped_until != 0 && stopped_until <= now {
            self.launchers[launcher].woke_at = stopped_until;
            self.launchers[launcher].stopped_until = 0;
        }
        match moment {
            Moment::Start => self.launch(launcher),
            Moment::Watch => self.watch(launcher),
            Moment::EngineEnds => {
                if self.launchers[launcher].has_engine() {
                    let killed = self.launchers[launcher].engine == Engine::Ending;
                    self.engine_ended(launcher, if killed { Outcome::Lost } else { Outcome::Completed });
                }
            }
            Moment::Killed => match self.launchers[launcher].engine {
                Engine::Waiting | Engine::Running | Engine::Ending => {
                    self.engine_ended(launcher, Outcome::Lost)
                }
                Engine::Ended(_) => {}
            },
            Moment::Writes => {
                if let Engine::Ended(outcome) = self.launchers[launcher].engine {
                    self.launchers[launcher].outcome = Some(outcome);
                    let node = self.launchers[launcher].node;
                    let life = self.nodes[node].life;
                    self.at(now + 1_000, Event::Wake { node, life });
                }
            }
        }
    }
}
