//! Faults: which may happen in a history, and when. Their sizes stay within what the rules promise to bear; the reserve
//! of a lease is the sum of the sizes that add up.

use crate::machine::{SECOND, Time};
use crate::random::Random;

/// What may go wrong in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regime {
    /// Nothing.
    Calm,
    /// Messages and connections.
    Network,
    /// Processes and machines.
    Processes,
    /// The database: outages, failovers that lose nothing, steps of its clock.
    Database,
    /// All of these.
    All,
    /// All of these, and failovers that lose acknowledged commits.
    LossyFailover,
    /// All of these, and machines whose clock since boot does not count a freeze.
    StandingClock,
    /// A node that is cut off while everything that uses up the reserve of a lease comes together.
    Reserve,
    /// Faults that begin at the moment that one rule is about: a pause after a renewal was sent, a freeze when a run begins,
    /// nodes that leave while claims are under way.
    Moments,
}

impl Regime {
    /// All regimes.
    pub const ALL: [Self; 9] = [
        Self::Calm,
        Self::Network,
        Self::Processes,
        Self::Database,
        Self::All,
        Self::LossyFailover,
        Self::StandingClock,
        Self::Reserve,
        Self::Moments,
    ];

    /// Returns the regime of a seed when regimes take turns; of sixteen histories seven have all faults.
    pub fn of(seed: u64) -> Self {
        match usize::try_from(seed % 16).expect("a small number") {
            at @ 0..9 => Self::ALL[at],
            _ => Self::All,
        }
    }
}

/// Something that goes wrong. Times are true times of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A node's requests are dropped or held back.
    Mute {
        /// The process.
        node: usize,
        /// When they arrive again.
        until: Time,
    },
    /// The answers to a node are dropped or held back.
    Deaf {
        /// The process.
        node: usize,
        /// When they arrive again.
        until: Time,
    },
    /// A server is killed.
    Kill {
        /// The process.
        node: usize,
        /// When it is started again.
        until: Time,
    },
    /// A server is stopped by a signal.
    Stop {
        /// The process.
        node: usize,
        /// When it continues.
        until: Time,
    },
    /// The launcher of a running engine is stopped by a signal; the engine runs on.
    StopLauncher {
        /// Which of the running ones.
        which: usize,
        /// When it continues.
        until: Time,
    },
    /// A machine stands still with all that is on it.
    Freeze {
        /// The machine.
        machine: usize,
        /// When it continues.
        until: Time,
        /// Its clock does not count that time.
        stands: bool,
    },
    /// A machine loses its processes and boots.
    Reboot {
        /// The machine.
        machine: usize,
        /// When its servers start.
        until: Time,
    },
    /// A second process of a node starts on another machine, while the first one cannot be reached.
    Move {
        /// The process that is replaced.
        node: usize,
        /// The process that starts.
        twin: usize,
        /// When the first one can be reached again.
        until: Time,
    },
    /// A node is drained and started again when it has left.
    Drain {
        /// The process.
        node: usize,
    },
    /// The database is away.
    Outage {
        /// When it is back.
        until: Time,
        /// Another server is in charge then.
        failover: bool,
        /// That one lacks the commits of so many microseconds.
        lacks: Time,
        /// How its clock differs, in microseconds.
        step: i64,
    },
    /// The database's clock steps.
    Step {
        /// By so many microseconds.
        by: i64,
    },
    /// A client cancels a job.
    Cancel {
        /// The job.
        job: usize,
    },
}

impl Fault {
    /// When it is over, where it lasts.
    pub(crate) fn over(&self) -> Option<Time> {
        match *self {
            Self::Mute { until, .. }
            | Self::Deaf { until, .. }
            | Self::Kill { until, .. }
            | Self::Stop { until, .. }
            | Self::StopLauncher { until, .. }
            | Self::Freeze { until, .. }
            | Self::Reboot { until, .. }
            | Self::Move { until, .. }
            | Self::Outage { until, .. } => Some(until),
            Self::Drain { .. } | Self::Step { .. } | Self::Cancel { .. } => None,
        }
    }
}

/// What a history consists of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What may go wrong.
    pub regime: Regime,
    /// Processes, without twins.
    pub nodes: usize,
    /// Seats of the pool.
    pub seats: usize,
    /// Attempts at once on a node.
    pub places: usize,
    /// When each job is submitted, and how long its engine needs.
    pub jobs: Vec<(Time, Time)>,
    /// Faults by the time of their beginning.
    pub faults: Vec<(Time, Fault)>,
    /// When the last fault is over.
    pub calm_at: Time,
    /// Percentage of messages that get lost.
    pub loss: u64,
    /// Largest part of the clocks' rates that is wrong, in millionths.
    pub drift_ppm: i64,
    /// Longest time by which a launcher's thread is late.
    pub late: Time,
    /// Percentage of answers and of transactions that take up to their time limit.
    pub slow: u64,
    /// Percentage of messages that are late by up to 40 s, where messages get lost at all.
    pub late_messages: u64,
    /// Percentage of claims that take up to their time limit, where messages get lost at all.
    pub long_claims: u64,
    /// The clocks of all machines are slow and the database's is fast, by the largest drift.
    pub apart: bool,
}

/// Steps of the database's clock below this go unnoticed; a larger one begins the watch again.
const SMALL_STEP: i64 = 4_900_000;
/// Time between two small steps: one lease with its grace has to bear a single one.
const STEP_PAUSE: Time = 90 * SECOND;

impl Plan {
    /// Returns the history of a seed.
    pub(crate) fn new(regime: Regime, random: &mut Random) -> Self {
        let faulty = regime != Regime::Calm;
        let nodes = usize::try_from(random.between(1, 3)).expect("a few");
        let jobs = random.between(1, 5);
        let length = random.between(60, 400) * SECOND;
        let job = |random: &mut Random| {
            let needs = random.pick(&[1, 5, 20, 60, 150]) * SECOND + random.between(0, SECOND);
            (random.between(0, length), needs)
        };
        let jobs: Vec<_> = (0..jobs).map(|_| job(random)).collect();
        let mut plan = Self {
            regime,
            nodes,
            seats: usize::try_from(random.between(1, 2)).expect("a few"),
            places: usize::try_from(random.between(1, 2)).expect("a few"),
            jobs,
            faults: Vec::new(),
            calm_at: if faulty { length + 60 * SECOND } else { 0 },
            loss: if faulty { random.pick(&[0, 0, 1, 10]) } else { 0 },
            drift_ppm: if faulty { random.pick(&[0, 100, 30_000]) } else { 100 },
            late: if faulty { random.pick(&[0, SECOND, 8 * SECOND]) } else { 0 },
            slow: if faulty { random.pick(&[0, 0, 2, 30]) } else { 0 },
            late_messages: 2,
            long_claims: 5,
            apart: false,
        };
        match regime {
            Regime::Reserve => plan.use_up_the_reserve(random),
            Regime::Moments => plan.choose_a_moment(random),
            _ if faulty => plan.add_faults(length, random),
            _ => {}
        }
        plan
    }

    /// One node is cut off during a long run; clocks drift apart as far as they may, one of them steps, threads and
    /// answers are late.
    fn use_up_the_reserve(&mut self, random: &mut Random) {
        (self.nodes, self.seats, self.loss, self.drift_ppm) = (2, 2, 0, 30_000);
        (self.late, self.slow, self.apart) = (8 * SECOND, 20, random.percent(70));
        self.places = 2;
        let begin = random.between(100, 120) * SECOND;
        self.jobs = vec![(begin, 150 * SECOND), (begin + SECOND, 150 * SECOND)];
        let cut = begin + random.between(5, 40) * SECOND;
        let until = cut + random.pick(&[70, 80, 120]) * SECOND;
        let node = random.index(2);
        let step = cut + random.between(20, 75) * SECOND;
        self.faults = vec![
            (cut, if random.percent(50) { Fault::Mute { node, until } } else { Fault::Deaf { node, until } }),
            (step, Fault::Step { by: random.pick(&[-SMALL_STEP, SMALL_STEP, SMALL_STEP]) }),
        ];
        self.calm_at = until.max(step);
    }

    /// Faults at the moment that one rule is about.
    fn choose_a_moment(&mut self, random: &mut Random) {
        (self.nodes, self.seats, self.places) = (2, 2, 2);
        let begin = random.between(20, 100) * SECOND;
        match random.index(3) {
            0 => self.pause_after_a_renewal(begin, random),
            1 => self.freeze_when_a_run_begins(begin, random),
            _ => self.leave_while_claims_are_under_way(begin, random),
        }
        self.calm_at =
            self.faults.iter().map(|(at, fault)| fault.over().unwrap_or(*at)).max().unwrap_or(begin);
    }

    /// The answer of a renewal waits for a server that is stopped, and afterwards nothing reaches the database.
    fn pause_after_a_renewal(&mut self, begin: Time, random: &mut Random) {
        (self.loss, self.slow, self.late, self.apart) = (0, 60, 8 * SECOND, true);
        self.drift_ppm = 30_000;
        self.jobs = vec![(begin, 150 * SECOND), (begin, 150 * SECOND)];
        let node = random.index(2);
        let stop = begin + random.between(5, 30) * SECOND + random.between(0, SECOND);
        let until = stop + random.between(10, 40) * SECOND;
        // the kernel of a stopped server still sends what was written before
        let mute = stop + random.between(0, SECOND);
        self.faults = vec![
            (stop, Fault::Stop { node, until }),
            (mute, Fault::Mute { node, until: until + 120 * SECOND }),
        ];
    }

    /// A machine stands still between the start of a launcher and that of its engine, and is cut off.
    fn freeze_when_a_run_begins(&mut self, begin: Time, random: &mut Random) {
        (self.loss, self.slow) = (0, 0);
        self.jobs = (0..3).map(|at| (begin + at * 2 * SECOND, 150 * SECOND)).collect();
        let at = begin + 2 * random.between(0, 2) * SECOND + random.between(0, SECOND / 3);
        let until = at + random.pick(&[80, 90, 120]) * SECOND;
        let node = random.index(2);
        self.faults = vec![
            (at, Fault::Freeze { machine: node, until, stands: false }),
            (at, Fault::Mute { node, until: until + 60 * SECOND }),
        ];
    }

    /// A node is drained again and again while short jobs come in, messages are late, and the other one has no place.
    fn leave_while_claims_are_under_way(&mut self, begin: Time, random: &mut Random) {
        (self.loss, self.late_messages, self.long_claims, self.seats) = (10, 15, 60, 4);
        self.jobs = vec![(begin - 15 * SECOND, 150 * SECOND); 2];
        let node = random.index(2);
        for round in 0..5 {
            let at = begin + round * 30 * SECOND;
            self.faults.push((at, Fault::Drain { node }));
            self.jobs.push((at + random.between(0, 15) * SECOND, SECOND));
        }
    }

    fn add_faults(&mut self, length: Time, random: &mut Random) {
        let mut twins = 0;
        let mut steps = Vec::new();
        for _ in 0..random.between(1, 6) {
            let at = random.between(0, length);
            let lasts = random.pick(&[1, 2, 8, 14, 20, 40, 50, 65, 70, 76, 80, 90, 150]) * SECOND;
            let until = at + lasts + random.between(0, SECOND);
            let Some(fault) = self.draw(at, until, &mut twins, &mut steps, random) else { continue };
            self.calm_at = self.calm_at.max(until);
            self.faults.push((at, fault));
        }
        self.faults.sort_by_key(|(at, _)| *at);
    }

    fn draw(
        &self,
        at: Time,
        until: Time,
        twins: &mut usize,
        steps: &mut Vec<Time>,
        random: &mut Random,
    ) -> Option<Fault> {
        let node = random.index(self.nodes);
        let group = match self.regime {
            Regime::Network => 0,
            Regime::Processes => 1,
            Regime::Database => 2,
            Regime::LossyFailover => random.pick(&[0, 1, 2, 2]),
            _ => random.pick(&[0, 1, 1, 2]),
        };
        let small = |random: &mut Random| random.pick(&[-SMALL_STEP, 1_000_000, SMALL_STEP, SMALL_STEP]);
        let large = |random: &mut Random| random.pick(&[-30, 20, 61, 80]) * 1_000_000;
        let fault = match (group, random.between(0, 7)) {
            (0, 0..=4) => Fault::Mute { node, until },
            (0, _) => Fault::Deaf { node, until },
            (1, 0) => Fault::Kill { node, until },
            (1, 1) => Fault::Stop { node, until },
            (1, 2) => Fault::StopLauncher { which: random.index(4), until },
            (1, 3) => Fault::Freeze { machine: node, until, stands: self.regime == Regime::StandingClock },
            (1, 4) => Fault::Reboot { machine: node, until },
            (1, 5) if *twins == 0 => {
                *twins += 1;
                Fault::Move { node, twin: self.nodes, until }
            }
            (1, 6) => Fault::Drain { node },
            (1, _) => Fault::Cancel { job: random.index(self.jobs.len()) },
            (2, 0..=2) => Fault::Outage { until, failover: false, lacks: 0, step: 0 },
            (2, 3..=5) => {
                let lacks = if self.regime == Regime::LossyFailover {
                    random.pick(&[0, 2, 20, 120]) * SECOND
                } else {
                    0
                };
                let until = at + random.pick(&[1, 5, 12, 30, 80]) * SECOND;
                let step = if random.percent(50) { large(random) } else { small(random) };
                Fault::Outage { until, failover: true, lacks, step }
            }
            (2, 6) => Fault::Step { by: large(random) },
            _ if steps.iter().all(|step: &Time| step.abs_diff(at) >= STEP_PAUSE) => {
                steps.push(at);
                Fault::Step { by: small(random) }
            }
            _ => return None,
        };
        Some(fault)
    }
}
