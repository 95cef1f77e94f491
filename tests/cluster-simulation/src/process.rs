//! What the processes of a worker hold in memory: the server, and one launcher for each attempt.

use stata_service::domain::cluster::{BootTime, Leadership, Lease, NodeEpoch, Watch};
use stata_service::domain::ids::{NodeId, RunId};

use crate::machine::Time;
use crate::tables::Owned;

/// How an attempt ended on its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The engine came to its end.
    Completed,
    /// It was cancelled.
    Cancelled,
    /// It was ended or never started: nothing can be published.
    Lost,
}

/// Where an attempt is on its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Claimed, and not given to a launcher yet.
    Claimed,
    /// A launcher has it.
    Started,
    /// It ended.
    Ended(Outcome),
}

/// An attempt in the memory of its node.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The attempt with its fence.
    pub owned: Owned,
    /// Where it is.
    pub phase: Phase,
    /// Since when the node knows it.
    pub known: BootTime,
    /// Its launcher, by number.
    pub launcher: Option<usize>,
    /// Its cancel was requested.
    pub cancelled: bool,
}

/// What a request in flight is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Join, renewal, term, reading of nodes.
    Join,
    /// A renewal of the lease.
    Renew,
    /// A renewal of the term.
    Stand,
    /// The leader's reading of nodes.
    Look,
    /// Work of the leader.
    Lead,
    /// A claim for attempts with these ids.
    Claim(Vec<RunId>),
    /// The node's own attempts.
    Running,
    /// The end of this attempt.
    End(Owned),
    /// A drain.
    Drain,
    /// The end of a drain.
    Leave,
}

/// A request in flight.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// Its number.
    pub id: u64,
    /// What it is for.
    pub kind: Kind,
    /// When it was begun.
    pub asked: BootTime,
}

impl Pending {
    /// True for a claim.
    pub(crate) fn is_claim(&self) -> bool {
        matches!(self.kind, Kind::Claim(_))
    }
}

/// What a server is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It ends engines that are not its own any more.
    Clearing,
    /// It joins.
    Joining,
    /// It has an epoch.
    Member,
    /// It left in order.
    Left,
}

/// A server process. Its number names its work volume too.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Its name. Two processes on two machines can have the same one.
    pub id: NodeId,
    /// Its machine.
    pub machine: usize,
    /// Number of the process; events for an earlier one are void.
    pub life: u32,
    /// A process exists.
    pub up: bool,
    /// Stopped by a signal until this time.
    pub stopped_until: Time,
    /// Requests do not arrive until this time.
    pub mute_until: Time,
    /// Answers do not arrive until this time.
    pub deaf_until: Time,
    /// Since when nothing disturbed it (true time), for the invariant about healthy nodes.
    pub healthy_since: Time,
    /// What it is about.
    pub stage: Stage,
    /// Its epoch.
    pub me: Option<NodeEpoch>,
    /// Its lease.
    pub lease: Option<Lease>,
    /// What it saw of the database.
    pub watch: Watch,
    /// Its term.
    pub leadership: Option<Leadership>,
    /// It claims no more.
    pub draining: bool,
    /// Its attempts.
    pub runs: Vec<Run>,
    /// Its requests in flight.
    pub pending: Vec<Pending>,
    /// When it last asked for a claim.
    pub claimed: BootTime,
    /// When the last claim was answered or given up.
    pub claim_settled: BootTime,
    /// When it last asked for its own attempts.
    pub read_running: BootTime,
    /// The database knew of no attempt of a draining node, asked at this time.
    pub drained: Option<BootTime>,
}

impl Node {
    /// Returns a process that does not run yet.
    pub(crate) fn new(id: NodeId, machine: usize) -> Self {
        let zero = BootTime::new(std::time::Duration::ZERO);
        Self {
            id,
            machine,
            life: 0,
            up: false,
            stopped_until: 0,
            mute_until: 0,
            deaf_until: 0,
            healthy_since: 0,
            stage: Stage::Joining,
            me: None,
            lease: None,
            watch: Watch::default(),
            leadership: None,
            draining: false,
            runs: Vec::new(),
            pending: Vec::new(),
            claimed: zero,
            claim_settled: zero,
            read_running: zero,
            drained: None,
        }
    }

    /// Starts a process: nothing of the last one's memory is left.
    pub(crate) fn start(&mut self, now: Time) {
        let life = self.life + 1;
        let (mute_until, deaf_until) = (self.mute_until, self.deaf_until);
        *self = Self {
            life,
            up: true,
            mute_until,
            deaf_until,
            healthy_since: now,
            ..Self::new(self.id.clone(), self.machine)
        };
    }

    /// Ends the process.
    pub(crate) fn kill(&mut self) {
        self.up = false;
        self.life += 1;
    }

    /// True if a request for this is in flight.
    pub(crate) fn waits_for(&self, kind: &Kind) -> bool {
        self.pending.iter().any(|pending| pending.kind == *kind)
    }
}

/// Where a launcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Not started yet.
    Waiting,
    /// Running.
    Running,
    /// Requested to end.
    Ending,
    /// Ended; the launcher has not written the outcome yet.
    Ended(Outcome),
}

/// A launcher with its engine: it outlives its server.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    /// The server that started it, and its work volume.
    pub node: usize,
    /// Its machine.
    pub machine: usize,
    /// The attempt.
    pub owned: Owned,
    /// Its engine.
    pub engine: Engine,
    /// Its outcome file. `Lost` also where it died without one.
    pub outcome: Option<Outcome>,
    /// Stopped by a signal until this time.
    pub stopped_until: Time,
    /// When it last continued after a stop.
    pub woke_at: Time,
    /// The server requested a kill.
    pub is_killed: bool,
    /// True time that the engine needs.
    pub needs: Time,
}

impl Launcher {
    /// True while the engine exists.
    pub(crate) fn has_engine(&self) -> bool {
        matches!(self.engine, Engine::Running | Engine::Ending)
    }
}
