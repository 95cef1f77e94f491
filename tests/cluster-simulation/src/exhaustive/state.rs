//! A state of the small cluster in its normal form, and what can happen to a node.

use std::time::Duration;

use stata_service::domain::cluster::{BootTime, Contact, DatabaseTime};

/// A step, in seconds.
pub(super) const STEP: u64 = 10;
/// Ages from here on are alike: L + G is 75 s.
pub(super) const OLD: u8 = 8;
/// The moment of every state, in steps since boot and since the database's epoch.
pub(super) const NOW: u64 = 1_000;

/// What happens to a node in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing.
    Fair,
    /// Requests arrive, answers do not.
    Deaf,
    /// Nothing arrives; or the server is stopped.
    Mute,
    /// As `Mute`, but what it sends about its run arrives later.
    Held,
    /// The server is killed and started again; launcher and engine live on.
    Restart,
    /// The machine stands still.
    Frozen,
}

pub(super) const WEATHERS: [Weather; 6] =
    [Weather::Fair, Weather::Deaf, Weather::Mute, Weather::Held, Weather::Restart, Weather::Frozen];

/// A number of an attempt; rises with each claim, and is the fence of the claim as well.
pub(super) type Run = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Engine {
    None,
    Waiting(Run),
    Running(Run),
    Completed(Run),
    Lost(Run),
}

impl Engine {
    pub(super) fn run(self) -> Option<Run> {
        match self {
            Self::None => None,
            Self::Waiting(run) | Self::Running(run) | Self::Completed(run) | Self::Lost(run) => Some(run),
        }
    }
}

/// A request that is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Late {
    Claim,
    /// The end of a run. True: it completed.
    End(Run, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Machine {
    /// The server has an epoch: the newest one (true), or one that is over.
    pub(super) member: Option<bool>,
    /// Steps since the start of the last renewal that it knows of.
    pub(super) age: u8,
    /// The same in the file for the launcher.
    pub(super) file: u8,
    /// Steps since the first and the last contact of its watch.
    pub(super) watch: Option<(u8, u8)>,
    /// The run that the server knows.
    pub(super) knows: Option<Run>,
    pub(super) engine: Engine,
    pub(super) late: Option<Late>,
    /// It stood still in the last step.
    pub(super) woke: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) held: bool,
    pub(super) lost: bool,
    pub(super) age: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Job {
    Queued,
    /// The run, the node that owns it, and whether by its newest epoch.
    Running(Run, u8, bool),
    Done,
}

/// A state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct State {
    pub(super) machines: [Machine; 2],
    pub(super) rows: [Option<Row>; 2],
    pub(super) job: Job,
    /// The last claim.
    pub(super) last: Run,
}

pub(super) fn steps(count: u8) -> Duration {
    Duration::from_secs(u64::from(count) * STEP)
}

pub(super) fn now() -> BootTime {
    BootTime::new(Duration::from_secs(NOW * STEP))
}

pub(super) fn boot(age: u8) -> BootTime {
    BootTime::new(Duration::from_secs((NOW - u64::from(age)) * STEP))
}

pub(super) fn database(age: u8) -> DatabaseTime {
    DatabaseTime::from_micros(i64::try_from((NOW - u64::from(age)) * STEP * 1_000_000).expect("small"))
}

pub(super) fn contact(age: u8) -> Contact {
    Contact { asked: boot(age), answered: boot(age), database: database(age), server_started: database(100) }
}

pub(super) fn older(age: u8) -> u8 {
    (age + 1).min(OLD)
}

/// Gives the attempts the smallest numbers in the same order.
pub(super) fn renumber(state: &mut State) {
    let mut used = [false; 64];
    let mut mark = |run: Option<Run>| {
        if let Some(run) = run {
            used[usize::from(run)] = true;
        }
    };
    let of_job = |job: &Job| if let Job::Running(run, ..) = job { Some(*run) } else { None };
    let of_late = |late: &Option<Late>| if let Some(Late::End(run, _)) = late { Some(*run) } else { None };
    mark(of_job(&state.job));
    for machine in &state.machines {
        mark(machine.knows);
        mark(machine.engine.run());
        mark(of_late(&machine.late));
    }
    mark(Some(state.last));
    let mut numbers = [0; 64];
    let mut next = 0;
    for (at, number) in numbers.iter_mut().enumerate().filter(|(at, _)| used[*at]) {
        next += u8::from(at > 0);
        *number = next;
    }
    let new = |run: Run| numbers[usize::from(run)];
    if let Job::Running(run, ..) = &mut state.job {
        *run = new(*run);
    }
    state.last = new(state.last);
    for machine in &mut state.machines {
        machine.knows = machine.knows.map(new);
        machine.engine = match machine.engine {
            Engine::None => Engine::None,
            Engine::Waiting(run) => Engine::Waiting(new(run)),
            Engine::Running(run) => Engine::Running(new(run)),
            Engine::Completed(run) => Engine::Completed(new(run)),
            Engine::Lost(run) => Engine::Lost(new(run)),
        };
        if let Some(Late::End(run, _)) = &mut machine.late {
            *run = new(*run);
        }
    }
}

/// The nodes are alike: of a state and its mirror image one is enough.
pub(super) fn normal(state: State) -> State {
    let mut mirror = state;
    mirror.machines.swap(0, 1);
    mirror.rows.swap(0, 1);
    if let Job::Running(_, owner, _) = &mut mirror.job {
        *owner = 1 - *owner;
    }
    state.min(mirror)
}
