//! A history: events in the order of true time. Processes that are stopped and machines that stand still get their
//! events when they continue; a process that was killed never gets them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use stata_service::domain::cluster::{DatabaseTime, NodeEpoch};
use stata_service::domain::ids::{NodeId, RunId};

use crate::faults::{Fault, Plan, Regime};
use crate::invariants::{Monitor, Violation};
use crate::machine::{DatabaseClock, Machine, SECOND, Time};
use crate::process::{Kind, Launcher, Node};
use crate::random::Random;
use crate::rules::Rules;
use crate::tables::{Answer, Fact, Request, Tables};

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Node { node: usize, life: u32 },
    Client,
}

/// A recurring duty of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timer {
    Renew,
    Lead,
    Work,
}

/// A moment in the life of a launcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Start,
    Watch,
    EngineEnds,
    Killed,
    Writes,
}

/// An answer of the database with what its transaction read.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub answer: Answer,
    /// True time of the transaction, for the invariants.
    pub read: Time,
    pub database: DatabaseTime,
    pub server: u32,
    /// Number of the outage that had ended when it was sent.
    pub outage: u32,
}

#[derive(Debug)]
pub(crate) enum Event {
    Timer {
        node: usize,
        life: u32,
        timer: Timer,
    },
    /// An extra turn of [`Timer::Work`].
    Wake {
        node: usize,
        life: u32,
    },
    Arrives {
        from: From,
        id: u64,
        request: Request,
    },
    /// The second step of a claim.
    Claims {
        from: From,
        id: u64,
        node: NodeEpoch,
        runs: Vec<RunId>,
    },
    Answers {
        node: usize,
        life: u32,
        id: u64,
        sent: Sent,
    },
    Launcher {
        launcher: usize,
        moment: Moment,
    },
    Fault(Fault),
    Thaw {
        machine: usize,
    },
    Starts {
        node: usize,
    },
    DatabaseBack,
    Submit {
        job: usize,
    },
    Calm,
}

struct At {
    time: Time,
    order: u64,
    event: Event,
}

impl PartialEq for At {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.order) == (other.time, other.order)
    }
}

impl Eq for At {}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for At {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.order).cmp(&(other.time, other.order))
    }
}

/// The database: one server in charge.
pub(crate) struct Database {
    pub tables: Tables,
    pub clock: DatabaseClock,
    /// Number of the server in charge.
    pub server: u32,
    pub up: bool,
    /// Outages so far.
    pub outages: u32,
    /// The last join of each process that was carried out.
    pub joins: Vec<u64>,
    /// Earlier states, for a failover that lacks commits: when they were taken.
    pub copies: Vec<(Time, Tables)>,
}

/// A history under way.
pub struct World {
    pub(crate) now: Time,
    queue: BinaryHeap<Reverse<At>>,
    order: u64,
    pub(crate) random: Random,
    pub(crate) rules: Rules,
    pub(crate) plan: Plan,
    pub(crate) database: Database,
    pub(crate) machines: Vec<Machine>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) launchers: Vec<Launcher>,
    pub(crate) monitor: Monitor,
    pub(crate) next_id: u64,
    events: u64,
    trace: Option<Vec<String>>,
}

/// Figures of a history.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Events that were handled.
    pub events: u64,
    /// Claims.
    pub claims: u64,
    /// Nodes that were declared lost.
    pub lost: u64,
    /// Longest overlap of two engines of one job that the stated bound permits, in microseconds.
    pub overlap: Time,
}

impl Figures {
    /// Adds the figures of another history.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.claims += other.claims;
        self.lost += other.lost;
        self.overlap = self.overlap.max(other.overlap);
    }
}

impl World {
    /// Begins the history of a seed.
    pub fn new(regime: Regime, seed: u64, rules: Rules) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(regime, &mut random);
        let processes = plan.nodes + 1;
        let drift = i64::from(plan.drift_ppm != 0);
        let mut rate = || drift * random.pick(&[-plan.drift_ppm, 0, plan.drift_ppm]);
        let mut rates: Vec<i64> = (0..=processes).map(|_| rate()).collect();
        if plan.apart {
            rates.fill(-plan.drift_ppm);
            rates[processes] = plan.drift_ppm;
        }
        let machine = |at: usize| Machine::new(processes, rates[at], [0, -40, 40, 3][at % 4] * 1_000_000);
        let machines: Vec<Machine> = (0..processes).map(machine).collect();
        let name = |at: usize| NodeId::parse(format!("node-{at}")).expect("a node id");
        let mut nodes: Vec<Node> = (0..processes).map(|at| Node::new(name(at), at)).collect();
        for (_, fault) in &plan.faults {
            if let Fault::Move { node, twin, .. } = *fault {
                nodes[twin].id = nodes[node].id.clone();
            }
        }
        let database = Database {
            tables: Tables::new(plan.seats),
            clock: DatabaseClock { rate_ppm: rates[processes], offset: 0 },
            server: 1,
            up: true,
            outages: 0,
            joins: vec![0; processes],
            copies: Vec::new(),
        };
        let monitor = Monitor::new(plan.jobs.len());
        let mut world = Self {
            now: 0,
            queue: BinaryHeap::new(),
            order: 0,
            random,
            rules,
            plan,
            database,
            machines,
            nodes,
            launchers: Vec::new(),
            monitor,
            next_id: 0,
            events: 0,
            trace: None,
        };
        for node in 0..world.plan.nodes {
            let at = world.random.between(0, 3 * SECOND);
            world.at(at, Event::Starts { node });
        }
        for (at, fault) in world.plan.faults.clone() {
            world.at(at, Event::Fault(fault));
        }
        for (job, (at, _)) in world.plan.jobs.clone().into_iter().enumerate() {
            world.at(at, Event::Submit { job });
        }
        world.at(world.plan.calm_at, Event::Calm);
        world
    }

    /// Keeps a line for each event from here.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = Some(vec![format!("{:?}", self.plan)]);
        self
    }

    /// Returns the lines.
    pub fn lines(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    pub(crate) fn log(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>10.3} {}", now as f64 / SECOND as f64, line()));
        }
    }

    pub(crate) fn at(&mut self, time: Time, event: Event) {
        self.order += 1;
        self.queue.push(Reverse(At { time: time.max(self.now), order: self.order, event }));
    }

    /// Runs the history to its end.
    ///
    /// # Errors
    /// The first violation of an invariant.
    pub fn run(&mut self) -> Result<Figures, Violation> {
        let needs: Time = self.plan.jobs.iter().map(|(_, needs)| *needs).sum();
        let lost_after = Time::try_from(self.rules.times.lost_after().as_micros()).expect("a short time");
        // an amnesty, the loss of the last node and its successor's runs one after the other; twice for good measure
        let rest_by = self.plan.calm_at.max(self.plan.jobs.iter().map(|(at, _)| *at).max().unwrap_or(0))
            + 2 * (2 * lost_after + 3 * needs)
            + 120 * SECOND;
        while let Some(Reverse(At { time, event, .. })) = self.queue.pop() {
            self.now = time;
            self.events += 1;
            self.handle(event);
            self.check()?;
            if self.events.is_multiple_of(16) && self.is_at_rest() {
                break;
            }
            if self.now > rest_by {
                return Err(self.unfinished());
            }
        }
        Ok(Figures { events: self.events, ..self.monitor.figures })
    }

    /// Returns when the processes of a server continue, if they do not run now.
    fn continues_at(&self, node: usize) -> Option<Time> {
        let machine = &self.machines[self.nodes[node].machine];
        let until = self.nodes[node].stopped_until.max(machine.frozen_until);
        (until > self.now).then_some(until)
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Timer { node, life, timer } => {
                if self.nodes[node].life != life || !self.nodes[node].up {
                    return;
                }
                match self.continues_at(node) {
                    Some(until) => self.at(until, Event::Timer { node, life, timer }),
                    None => self.on_timer(node, timer),
                }
            }
            Event::Wake { node, life } => {
                if self.nodes[node].life != life || !self.nodes[node].up {
                    return;
                }
                match self.continues_at(node) {
                    Some(until) => self.at(until, Event::Wake { node, life }),
                    None => self.work(node),
                }
            }
            Event::Arrives { from, id, request } => self.arrives(from, id, request),
            Event::Claims { from, id, node, runs } => {
                if self.database.up {
                    let mut facts = Vec::new();
                    let answer = self.database.tables.claim(&node, &runs, &self.rules, &mut facts);
                    self.observe(&facts);
                    self.answer(from, id, answer);
                }
            }
            Event::Answers { node, life, id, sent } => {
                if self.nodes[node].life != life || !self.nodes[node].up {
                    return;
                }
                // those under way when the connection broke
                if sent.outage != self.database.outages && self.random.percent(70) {
                    return;
                }
                match self.continues_at(node) {
                    Some(until) => self.at(until, Event::Answers { node, life, id, sent }),
                    None => self.on_answer(node, id, sent),
                }
            }
            Event::Launcher { launcher, moment } => self.on_moment(launcher, moment),
            Event::Fault(fault) => self.begin(fault),
            Event::Thaw { machine } => {
                if self.machines[machine].frozen_until != 0 && self.now >= self.machines[machine].frozen_until
                {
                    self.machines[machine].thaw(self.now);
                }
            }
            Event::Starts { node } => self.starts(node),
            Event::DatabaseBack => self.database.up = true,
            Event::Submit { job } => self.submit(job),
            Event::Calm => {
                if self.plan.loss > 0 {
                    // renewals may have got lost until now
                    for process in &mut self.nodes {
                        process.healthy_since = process.healthy_since.max(self.now);
                    }
                }
                (self.plan.loss, self.plan.late, self.plan.slow) = (0, 0, 0);
            }
        }
    }

    fn submit(&mut self, job: usize) {
        if self.monitor.is_answered(job) {
            return;
        }
        // a client repeats its request until it is answered
        self.at(self.now + 5 * SECOND, Event::Submit { job });
        let delay = self.delay();
        self.at(
            self.now + delay,
            Event::Arrives { from: From::Client, id: job as u64, request: Request::Submit(job) },
        );
    }

    /// Returns how long a message is under way.
    pub(crate) fn delay(&mut self) -> Time {
        if self.plan.loss > 0 && self.random.percent(self.plan.late_messages) {
            return self.random.between(1, 40) * SECOND;
        }
        self.random.between(200, 20_000)
    }

    /// Sends a request; returns its number.
    pub(crate) fn send(&mut self, node: usize, kind: Kind, request: Request) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        let machine = &self.machines[self.nodes[node].machine];
        let asked = machine.boot_time(self.now);
        self.nodes[node].pending.push(crate::process::Pending { id, kind, asked });
        let from = From::Node { node, life: self.nodes[node].life };
        let mut arrival = self.now + self.delay();
        let mute_until = self.nodes[node].mute_until;
        if mute_until > self.now {
            // lost, or kept by the network until it works again
            if self.random.percent(60) {
                return id;
            }
            arrival = mute_until + self.random.between(0, SECOND);
        } else if self.random.percent(self.plan.loss) {
            return id;
        }
        self.at(arrival, Event::Arrives { from, id, request });
        id
    }

    fn arrives(&mut self, from: From, id: u64, request: Request) {
        if !self.database.up {
            return;
        }
        let now = self.database.clock.now(self.now);
        if let Request::Claim(node, runs) = request {
            let may = self.database.tables.node(&node).is_some_and(|row| self.rules.may_claim(row, now));
            if !may {
                return self.answer(from, id, Answer::Claimed(Vec::new()));
            }
            // statements of a transaction have their time limit
            let slow = self.plan.loss > 0 && self.random.percent(self.plan.long_claims);
            let gap =
                if slow { self.random.between(0, 10 * SECOND) } else { self.random.between(200, 5_000) };
            return self.at(self.now + gap, Event::Claims { from, id, node, runs });
        }
        // a join is a transaction of several requests, and the next one waits for its end: none overtakes another
        if let (Request::Join(..), From::Node { node, .. }) = (&request, from) {
            if id < self.database.joins[node] {
                return;
            }
            self.database.joins[node] = id;
        }
        self.copy();
        if let Request::Drain(node) = &request {
            self.monitor.drained(node, self.now);
        }
        let mut facts = Vec::new();
        let answer = self.database.tables.execute(&request, now, &self.rules, &mut facts);
        self.log(|| format!("database: {request:?} -> {answer:?}"));
        self.observe(&facts);
        if facts.iter().any(|fact| matches!(fact, Fact::Queued)) {
            self.wake_all();
        }
        match from {
            From::Client => {
                if let Request::Submit(job) = request
                    && !self.random.percent(self.plan.loss)
                {
                    self.monitor.answered(job);
                }
            }
            From::Node { .. } => self.answer(from, id, answer),
        }
    }

    /// Keeps an earlier state for failovers that lack commits.
    fn copy(&mut self) {
        let due = self.database.copies.last().is_none_or(|(at, _)| self.now - at > SECOND);
        if self.plan.regime == Regime::LossyFailover && due {
            self.database.copies.push((self.now, self.database.tables.clone()));
        }
    }

    fn answer(&mut self, from: From, id: u64, answer: Answer) {
        let From::Node { node, life } = from else { return };
        let sent = Sent {
            answer,
            read: self.now,
            database: self.database.clock.now(self.now),
            server: self.database.server,
            outage: self.database.outages,
        };
        let mut arrival = self.now + self.delay();
        let deaf_until = self.nodes[node].deaf_until;
        if deaf_until > self.now {
            if self.random.percent(60) {
                return;
            }
            arrival = deaf_until + self.random.between(0, SECOND);
        } else if self.random.percent(self.plan.loss) {
            return;
        } else if self.random.percent(self.plan.slow) {
            arrival = self.now + self.random.between(0, 99 * SECOND / 10);
        }
        self.at(arrival, Event::Answers { node, life, id, sent });
    }

    /// Every server learns of a queued job, most of the time.
    fn wake_all(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].up && self.random.percent(80) {
                let life = self.nodes[node].life;
                let at = self.now + self.random.between(500, 5_000);
                self.at(at, Event::Wake { node, life });
            }
        }
    }

    fn observe(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.log(|| format!("{fact:?}"));
            self.on_fact(fact);
        }
    }
}
