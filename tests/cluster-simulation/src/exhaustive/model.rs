//! A step of the small cluster: what its nodes do by the rules.

use stata_service::domain::cluster::{
    Deadlines, Lease, NodeEpoch, NodeRow, NodeState, Order, Standing, Watch,
};
use stata_service::domain::ids::NodeId;

use super::state::{
    Engine, Job, Late, Machine, OLD, Row, State, Weather, boot, contact, database, now, older, renumber,
    steps,
};
use crate::rules::{Mutant, Rules};

/// The rules and the names that they need.
pub(super) struct Model<'a> {
    pub(super) rules: &'a Rules,
    pub(super) nodes: [NodeEpoch; 2],
}

impl Model<'_> {
    pub(super) fn new(rules: &Rules) -> Model<'_> {
        let node = |name| NodeEpoch { node_id: NodeId::parse(name).expect("a node id"), epoch: 1 };
        Model { rules, nodes: [node("a"), node("b")] }
    }

    pub(super) fn first() -> State {
        let machine = Machine {
            member: None,
            age: 0,
            file: OLD,
            watch: None,
            knows: None,
            engine: Engine::None,
            late: None,
            woke: false,
        };
        State { machines: [machine; 2], rows: [None; 2], job: Job::Queued, last: 0 }
    }

    pub(super) fn row(&self, node: usize, row: Row) -> NodeRow {
        let state = match (row.held, row.lost) {
            (true, _) => NodeState::Live,
            (false, true) => NodeState::Lost,
            (false, false) => NodeState::Gone,
        };
        let lease_until = database(row.age).after(self.rules.times.lease);
        NodeRow { node: self.nodes[node].clone(), host: node.to_string(), state, lease_until }
    }

    pub(super) fn watch(&self, machine: &Machine) -> Watch {
        let mut watch = Watch::default();
        if let Some((first, last)) = machine.watch {
            // as if it had seen the database in every step between
            (last..=first).rev().for_each(|age| watch.see(contact(age), &self.rules.times));
        }
        watch
    }

    fn sees(&self, machine: &mut Machine) {
        let mut watch = self.watch(machine);
        let before = watch;
        watch.see(contact(0), &self.rules.times);
        let mut again = Watch::default();
        again.see(contact(0), &self.rules.times);
        machine.watch = match machine.watch {
            Some((first, _)) if watch != again || before == again => Some((first, 0)),
            _ => Some((0, 0)),
        };
    }

    /// The turn of a server that runs.
    fn turn(&self, state: &mut State, node: usize, weather: Weather) -> Result<(), String> {
        let hears = matches!(weather, Weather::Fair | Weather::Restart);
        let speaks = hears || weather == Weather::Deaf;
        self.start(state, node);
        if state.machines[node].member.is_none() {
            // the engines of an epoch that is over end first
            if speaks && (weather == Weather::Restart || state.machines[node].knows.is_none()) {
                self.join(state, node);
                if hears {
                    self.joined(state, node);
                }
            }
            return Ok(());
        }
        if speaks && state.machines[node].member == Some(true) {
            let renewed = self.renew(state, node);
            if hears {
                self.sees(&mut state.machines[node]);
                if !renewed {
                    self.over(state, node);
                    return Ok(());
                }
                (state.machines[node].age, state.machines[node].file) = (0, 0);
                self.sweep(state, node);
                self.compare(state, node);
            }
        }
        self.report(state, node, weather)?;
        self.ask(state, node, weather);
        Ok(())
    }

    /// Gives a run that was claimed in an earlier step to its launcher.
    fn start(&self, state: &mut State, node: usize) {
        let machine = &mut state.machines[node];
        let Engine::Waiting(run) = machine.engine else { return };
        let standing = Lease::new(boot(machine.age)).standing(now(), &self.rules.times);
        let starts = standing == Standing::Full && self.order(machine) == Order::Run;
        machine.engine = if starts { Engine::Running(run) } else { Engine::Lost(run) };
    }

    fn order(&self, machine: &Machine) -> Order {
        let end_at = boot(machine.file).after(self.rules.times.end_runs_after);
        Deadlines { end_at }.order(now(), &self.rules.times)
    }

    fn joined(&self, state: &mut State, node: usize) {
        let machine = &mut state.machines[node];
        (machine.member, machine.age, machine.file) = (Some(true), 0, 0);
        self.sees(machine);
        match state.job {
            Job::Running(run, owner, true) if usize::from(owner) == node => {
                state.machines[node].knows = Some(run);
                if state.machines[node].engine.run() != Some(run) {
                    state.machines[node].engine = Engine::Lost(run);
                }
            }
            _ => (state.machines[node].knows, state.machines[node].engine) = (None, Engine::None),
        }
    }

    /// Its epoch is over: its engine is killed within the step.
    fn over(&self, state: &mut State, node: usize) {
        let machine = &mut state.machines[node];
        (machine.member, machine.knows, machine.engine) = (None, None, Engine::None);
    }

    fn compare(&self, state: &mut State, node: usize) {
        let owned = match state.job {
            Job::Running(run, owner, true) if usize::from(owner) == node => Some(run),
            _ => None,
        };
        let machine = &mut state.machines[node];
        if machine.knows.is_some() && machine.knows != owned {
            (machine.knows, machine.engine) = (None, Engine::None);
        }
        let is_looked_for = !self.rules.is(Mutant::LostClaimsStay);
        if let Some(run) = owned.filter(|run| machine.knows != Some(*run) && is_looked_for) {
            self.give_back(state, run);
        }
    }

    fn report(&self, state: &mut State, node: usize, weather: Weather) -> Result<(), String> {
        let (run, completed) = match state.machines[node].engine {
            Engine::Completed(run) => (run, true),
            Engine::Lost(run) => (run, false),
            _ => return Ok(()),
        };
        match weather {
            Weather::Fair | Weather::Deaf | Weather::Restart => self.end(state, run, completed)?,
            Weather::Held => state.machines[node].late = Some(Late::End(run, completed)),
            Weather::Mute | Weather::Frozen => {}
        }
        if matches!(weather, Weather::Fair | Weather::Restart) {
            (state.machines[node].knows, state.machines[node].engine) = (None, Engine::None);
        }
        Ok(())
    }

    fn ask(&self, state: &mut State, node: usize, weather: Weather) {
        let machine = &state.machines[node];
        let standing = Lease::new(boot(machine.age)).standing(now(), &self.rules.times);
        if standing != Standing::Full || machine.engine != Engine::None || machine.member != Some(true) {
            return;
        }
        match weather {
            Weather::Fair | Weather::Restart => {
                if let Some(run) = self.claim(state, node) {
                    (state.machines[node].knows, state.machines[node].engine) =
                        (Some(run), Engine::Waiting(run));
                }
            }
            Weather::Deaf => drop(self.claim(state, node)),
            Weather::Held if machine.late.is_none() => state.machines[node].late = Some(Late::Claim),
            Weather::Held | Weather::Mute | Weather::Frozen => {}
        }
    }

    fn late(&self, state: &mut State, node: usize) -> Result<(), String> {
        match state.machines[node].late.take() {
            Some(Late::Claim) => drop(self.claim(state, node)),
            Some(Late::End(run, completed)) => self.end(state, run, completed)?,
            None => {}
        }
        Ok(())
    }

    // A step.

    /// # Errors
    /// What was violated.
    pub(super) fn step(
        &self,
        from: &State,
        weathers: [Weather; 2],
        order: [usize; 2],
        choices: u8,
    ) -> Result<State, String> {
        let mut state = *from;
        for node in order {
            // a message that was held back arrives before or after the other node's turn
            if choices & (1 << node) != 0 {
                self.late(&mut state, node)?;
            }
            if weathers[node] == Weather::Restart {
                let machine = &mut state.machines[node];
                (machine.member, machine.watch, machine.age) = (None, None, OLD);
            }
            if weathers[node] != Weather::Frozen {
                self.turn(&mut state, node, weathers[node])?;
            }
        }
        for (node, machine) in state.machines.iter_mut().enumerate() {
            let completes = choices & (4 << node) != 0;
            machine.woke = weathers[node] == Weather::Frozen;
            if let Engine::Running(run) = machine.engine
                && !machine.woke
            {
                let watched = !self.rules.is(Mutant::LauncherDoesNotWatch);
                if watched && self.order(machine) != Order::Run {
                    machine.engine = Engine::Lost(run);
                } else if completes {
                    machine.engine = Engine::Completed(run);
                }
            }
        }
        self.check(&state)?;
        Ok(self.later(state))
    }

    fn check(&self, state: &State) -> Result<(), String> {
        let runs = |machine: &Machine| matches!(machine.engine, Engine::Running(_)) && !machine.woke;
        if state.machines.iter().all(runs) { Err("two engines of the job".to_owned()) } else { Ok(()) }
    }

    /// The state a step later, in its normal form.
    fn later(&self, mut state: State) -> State {
        for machine in &mut state.machines {
            (machine.age, machine.file) = (older(machine.age), older(machine.file));
            machine.watch = machine.watch.map(|(first, last)| (older(first), older(last)));
            // nothing comes of a watch that has ended
            machine.watch = machine.watch.filter(|(_, last)| steps(*last) <= self.rules.times.silence());
        }
        for row in state.rows.iter_mut().flatten() {
            row.age = older(row.age);
        }
        renumber(&mut state);
        state
    }
}
