//! Launchers: start an engine if the deadline permits it, read the deadline again and again, and end the engine.

use stata_service::domain::cluster::Order;

use crate::machine::{SECOND, Time};
use crate::process::{Engine, Launcher, Outcome};
use crate::rules::Mutant;
use crate::tables::Owned;
use crate::world::{Event, Moment, World};

/// Longest time that a kill takes.
pub(crate) const KILL: Time = 300_000;

impl World {
    /// Starts a launcher for an attempt; returns its number.
    pub(crate) fn spawn(&mut self, node: usize, owned: Owned) -> usize {
        let needs = self.plan.jobs[owned.job].1;
        let machine = self.nodes[node].machine;
        self.launchers.push(Launcher {
            node,
            machine,
            owned,
            engine: Engine::Waiting,
            outcome: None,
            stopped_until: 0,
            woke_at: 0,
            is_killed: false,
            needs,
        });
        let launcher = self.launchers.len() - 1;
        let at = self.now + self.random.between(1_000, SECOND / 4);
        self.at(at, Event::Launcher { launcher, moment: Moment::Start });
        launcher
    }

    fn order(&self, launcher: usize) -> Order {
        let launcher = &self.launchers[launcher];
        let machine = &self.machines[launcher.machine];
        let Some(deadlines) = machine.files[launcher.node] else { return Order::Kill };
        deadlines.order(machine.boot_time(self.now), &self.rules.times)
    }

    pub(crate) fn launch(&mut self, launcher: usize) {
        if self.launchers[launcher].is_killed {
            return self.engine_ended(launcher, Outcome::Lost);
        }
        let late = self.rules.is(Mutant::LateFirstWatch);
        if !late && self.order(launcher) != Order::Run {
            return self.engine_ended(launcher, Outcome::Lost);
        }
        self.launchers[launcher].engine = Engine::Running;
        self.log(|| format!("engine of launcher {launcher} starts"));
        self.monitor.engine_started();
        let needs = self.launchers[launcher].needs;
        self.at(self.now + needs, Event::Launcher { launcher, moment: Moment::EngineEnds });
        if self.rules.is(Mutant::LauncherDoesNotWatch) {
            return;
        }
        let first = if late { self.rules.times.grace / 2 } else { self.rules.times.watch_every() };
        let first = self.machines[self.launchers[launcher].machine].true_time(first);
        self.at(self.now + first, Event::Launcher { launcher, moment: Moment::Watch });
    }

    pub(crate) fn watch(&mut self, launcher: usize) {
        if !self.launchers[launcher].has_engine() {
            return;
        }
        match self.order(launcher) {
            Order::Run => {}
            Order::End => {
                if self.launchers[launcher].engine == Engine::Running {
                    self.launchers[launcher].engine = Engine::Ending;
                    self.log(|| format!("launcher {launcher} requests the end"));
                    // most engines end when they are requested to
                    if self.random.percent(60) {
                        let at = self.now + self.random.between(1_000, 4 * SECOND);
                        self.at(at, Event::Launcher { launcher, moment: Moment::EngineEnds });
                    }
                }
            }
            Order::Kill => {
                let at = self.now + self.random.between(0, KILL);
                self.at(at, Event::Launcher { launcher, moment: Moment::Killed });
            }
        }
        let at = self.next_watch(launcher);
        self.at(at, Event::Launcher { launcher, moment: Moment::Watch });
    }

    /// Returns when the launcher next reads a deadline that matters: it reads more often, and nothing comes of it.
    fn next_watch(&mut self, launcher: usize) -> Time {
        let machine = &self.machines[self.launchers[launcher].machine];
        let boot = machine.boot_time(self.now);
        let every = machine.true_time(self.rules.times.watch_every());
        let end_at = machine.files[self.launchers[launcher].node].map(|deadlines| deadlines.end_at);
        let left = end_at.filter(|end_at| *end_at > boot).map(|end_at| machine.true_time(end_at.since(boot)));
        // the thread is late; but a launcher that has just woken up is not late as well
        let late =
            if self.plan.late > 0 && left.is_some() { self.random.between(0, self.plan.late) } else { 0 };
        let phase = self.random.between(0, every);
        self.now + left.unwrap_or(0) + phase.max(1_000) + late
    }

    pub(crate) fn engine_ended(&mut self, launcher: usize, outcome: Outcome) {
        if matches!(self.launchers[launcher].engine, Engine::Ended(_)) {
            return;
        }
        if self.launchers[launcher].has_engine() {
            self.monitor.engine_ended();
        }
        self.launchers[launcher].engine = Engine::Ended(outcome);
        self.log(|| format!("engine of launcher {launcher} ended: {outcome:?}"));
        let at = self.now + self.random.between(1_000, 50_000);
        self.at(at, Event::Launcher { launcher, moment: Moment::Writes });
    }

    /// The server of an attempt requests its end, whether or not its launcher runs.
    pub(crate) fn kill_run(&mut self, launcher: usize) {
        if self.launchers[launcher].is_killed {
            return;
        }
        self.launchers[launcher].is_killed = true;
        let at = self.now + self.random.between(1_000, KILL);
        self.at(at, Event::Launcher { launcher, moment: Moment::Killed });
    }
}
