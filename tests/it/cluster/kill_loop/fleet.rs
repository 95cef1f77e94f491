//! The servers of the kill loop, each with its own way to the database, and what is done to them.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::task::block_in_place;

use super::databases::{Databases, Loss};
use super::engines::Engines;
use crate::faults::Rng;
use crate::faults::steps::{Victim, kill_of_run, launchers_below, run_dirs};
use crate::support::app::folders_at_depth;
use crate::support::link::{Link, Passage};
use crate::support::objects;
use crate::support::program::{Program, Start, leases};
use crate::support::servers::variable;

/// The usual times of leases are divided by this: a server is lost after 15 seconds, and 5 seconds of them are reserve.
const DIVISOR: u64 = 5;
/// Time after which a silent server is lost, in milliseconds.
const LOST_AFTER_MS: u64 = 75_000 / DIVISOR;
/// Engines that may run at once; fewer than the servers have places for.
const SEATS: usize = 3;
/// Servers that take requests, and servers that run jobs; `SS_TEST_API` and `SS_TEST_WORKERS` ask for others.
const SERVERS: [(&str, &str, usize); 2] = [("api", "SS_TEST_API", 2), ("worker", "SS_TEST_WORKERS", 3)];
/// Longest time that a server may take to start once nothing is in its way.
const START: Duration = Duration::from_secs(180);

/// What is done to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Killed, and started again after a while.
    Kill,
    /// Ended in order, and started again.
    End,
    /// Stopped as a whole process, and continued.
    Stop,
    /// Its connections to the database end, and it gets no other.
    Cut,
    /// The database is silent.
    Silence,
}

const FAULTS: [Fault; 7] =
    [Fault::Kill, Fault::Kill, Fault::End, Fault::Stop, Fault::Stop, Fault::Cut, Fault::Silence];

/// What is done to all servers at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    Database,
    Objects,
    Promotion(Loss),
}

/// One server: its settings, its ways to the database, and its process while it runs.
struct Place {
    name: String,
    start: Start,
    links: Vec<Link>,
    base: RwLock<String>,
    program: Mutex<Option<Program>>,
}

/// All of them with what they share.
pub(super) struct Fleet {
    places: Vec<Place>,
    pub engines: Engines,
    databases: Databases,
    objects: objects::Server,
    _folder: tempfile::TempDir,
}

/// A number that the environment asks for.
pub(super) fn number(name: &str) -> Option<usize> {
    variable(name)?.to_str()?.parse().ok()
}

impl Place {
    fn new(folder: &Path, name: String, role: &str, databases: &Databases) -> Self {
        let folder = folder.join(&name);
        let links = databases.links(&folder);
        let start = Start::on(&folder)
            .with("SS_JOB_STORE_BACKEND", "postgres")
            .with("SS_DATABASE_URL", &databases.url(&links))
            .with("SS_SERVER__ROLE", role)
            .with("SS_TOKENS__LINK_KEYS", "one-key-for-links-of-all-servers-0123")
            .with("SS_WORKER_CONCURRENCY", "2")
            .with("SS_STATA_SEATS", &SEATS.to_string());
        let start = leases(start, DIVISOR);
        Self { name, start, links, base: RwLock::default(), program: Mutex::new(None) }
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Program>> {
        self.program.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it; again as long as the database does not answer.
    async fn run(&self) {
        let deadline = Instant::now() + START;
        loop {
            match block_in_place(|| self.start.try_go()) {
                Ok(program) => {
                    program.base.clone_into(&mut self.base.write().expect("not poisoned"));
                    *self.process() = Some(program);
                    return;
                }
                Err(status) => {
                    let is_away = status.code() == Some(69) && Instant::now() < deadline;
                    assert!(is_away, "{} does not start: {status}\n{}", self.name, self.last_log());
                    // what heals the database may wait on this thread
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn base(&self) -> String {
        self.base.read().expect("not poisoned").clone()
    }

    fn last_log(&self) -> String {
        let log = self.start.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    async fn suffer(&self, fault: Fault, lasts: Duration) {
        let take = || self.process().take().unwrap_or_else(|| panic!("{} runs", self.name));
        match fault {
            Fault::Kill => {
                block_in_place(|| take().kill());
                tokio::time::sleep(lasts).await;
                self.run().await;
            }
            Fault::End => {
                let status = block_in_place(|| take().end());
                assert!(status.success(), "{} ended with {status}\n{}", self.name, self.last_log());
                tokio::time::sleep(lasts).await;
                self.run().await;
            }
            Fault::Stop => {
                self.signal(Signal::STOP);
                tokio::time::sleep(lasts).await;
                self.signal(Signal::CONT);
            }
            Fault::Cut | Fault::Silence => {
                let passage = if fault == Fault::Cut { Passage::Cut } else { Passage::Silent };
                self.links.iter().for_each(|link| link.set(passage));
                tokio::time::sleep(lasts).await;
                self.links.iter().for_each(|link| link.set(Passage::Open));
            }
        }
    }

    /// Kills a launcher of its runs, if there is one; true if there was.
    fn kill_launcher(&self) -> bool {
        let jobs = folders_at_depth(&self.start.data.join("tenants"), 4);
        let mut runs = jobs.iter().flat_map(|job| run_dirs(job));
        runs.any(|run| kill_of_run(Victim::Launcher, &run) > 0)
    }

    fn signal(&self, signal: Signal) {
        self.process().as_ref().expect("it runs").signal(signal);
    }

    /// Checks that the process did not end by itself.
    fn check_alive(&self) {
        let mut process = self.process();
        let program = process.as_mut().expect("it runs");
        let ended = program.child.try_wait().expect("waits");
        assert!(ended.is_none(), "{} ended by itself: {ended:?}\n{}", self.name, self.last_log());
    }
}

impl Fleet {
    /// Starts all; `None`, with a message, where a program is not here.
    pub(super) async fn start(is_pooled: bool) -> Option<Self> {
        let (databases, objects) = (Databases::start(is_pooled)?, objects::Server::rclone()?);
        let folder = tempfile::tempdir().expect("a directory");
        let engines = Engines::new(folder.path(), SEATS);
        let prefix = objects.options().prefix;
        let mut places = Vec::new();
        for (role, asked, usual) in SERVERS {
            for n in 0..number(asked).unwrap_or(usual) {
                let mut place = Place::new(folder.path(), format!("{role}-{n}"), role, &databases);
                place.start = engines.used_by(objects.settings(place.start, &prefix));
                place.run().await;
                places.push(place);
            }
        }
        Some(Self { places, engines, databases, objects, _folder: folder })
    }

    /// The places of servers that take requests.
    fn takers(&self) -> Range<usize> {
        0..self.places.iter().filter(|place| place.name.starts_with("api")).count()
    }

    /// The address of a server that takes requests.
    pub(super) fn base(&self, dice: &mut Rng) -> String {
        self.places[dice.below(self.takers().len())].base()
    }

    /// From each promotion to a write that a server acknowledged, shortest first, by how the one before was lost.
    pub(super) fn back(&self) -> Vec<(Loss, Duration)> {
        self.databases.back()
    }

    /// Does one or two things to one or two servers, or to what they share, and promotes the standby of the database if that
    /// is asked for; returns once all is well again, and what it was.
    pub(super) async fn suffer(&self, dice: &mut Rng, is_promoted: bool) -> String {
        let first = dice.below(self.places.len());
        let second = (first + 1 + dice.below(self.places.len() - 1)) % self.places.len();
        let mut faults = Vec::new();
        for n in [first, second] {
            // every other one lasts longer than a lease
            let most = if dice.below(2) == 0 { LOST_AFTER_MS * 3 / 2 } else { LOST_AFTER_MS / 5 };
            let lasts = Duration::from_millis(dice.next() % most);
            faults.push((n, *dice.one(&FAULTS), lasts));
        }
        let loss = *dice.one(&[Loss::Dead, Loss::Silent]);
        let outage = match dice.below(8) {
            _ if is_promoted => Some(Outage::Promotion(loss)),
            0 => Some(Outage::Database),
            1 => Some(Outage::Objects),
            2 => Some(Outage::Promotion(loss)),
            _ => None,
        };
        let lasts = Duration::from_millis(dice.next() % (LOST_AFTER_MS / 2));
        if dice.below(3) == 0 || outage.is_some() {
            faults.pop();
        }
        let workers = self.places.iter().filter(|_| dice.below(2) == 0);
        let launchers = workers.filter(|place| place.kill_launcher()).count();
        let what = format!(
            "{:?}, {outage:?}, {launchers} launchers",
            faults.iter().map(|(n, fault, lasts)| (&self.places[*n].name, fault, lasts)).collect::<Vec<_>>()
        );
        let suffered = faults.iter().map(|(n, fault, lasts)| self.places[*n].suffer(*fault, *lasts));
        let well = self.takers().filter(|n| faults.iter().all(|(ill, ..)| ill != n));
        let well: Vec<String> = well.map(|n| self.places[n].base()).collect();
        futures_util::future::join(
            futures_util::future::join_all(suffered),
            self.outage(outage, lasts, &well),
        )
        .await;
        self.places.iter().for_each(Place::check_alive);
        what
    }

    async fn outage(&self, outage: Option<Outage>, lasts: Duration, well: &[String]) {
        match outage {
            Some(Outage::Database) => self.databases.restart(lasts).await,
            Some(Outage::Promotion(loss)) => {
                let links: Vec<&[Link]> = self.places.iter().map(|place| &place.links[..]).collect();
                self.databases.promote(loss, &links, well).await;
            }
            Some(Outage::Objects) => {
                self.objects.front().cut_at(0, lasts);
                tokio::time::sleep(lasts).await;
                self.objects.front().heal();
            }
            None => {}
        }
    }

    /// Ends all servers in order and checks that nothing of them is left; then the records, the files and the audit chain.
    pub(super) fn end(&self) {
        for place in &self.places {
            let program = place.process().take().expect("it runs");
            let status = program.end();
            assert!(status.success(), "{} ended with {status}\n{}", place.name, place.last_log());
            assert_eq!(launchers_below(&place.start.data), [0_i32; 0], "no launcher is left");
        }
        for (what, sql) in [
            ("server", "SELECT node_id FROM ss.nodes WHERE state IN ('live', 'draining')"),
            ("run", "SELECT run_id FROM ss.active_runs"),
            ("queued job", "SELECT job_id FROM ss.queue"),
        ] {
            assert_eq!(self.databases.sql(sql), [""; 0], "no {what} is left over");
        }
        for words in [&["store", "check", "--deep", "--json"][..], &["audit", "verify", "--json"]] {
            let checked = self.places[0].start.tool(words).output().expect("runs");
            let report = String::from_utf8_lossy(&checked.stdout).into_owned();
            assert!(
                checked.status.success(),
                "{words:?}: {report} {}",
                String::from_utf8_lossy(&checked.stderr)
            );
        }
    }

    /// The last lines of what each server logged.
    pub(super) fn logs(&self) -> String {
        let last = |place: &Place| format!("== {}\n{}\n", place.name, place.last_log());
        self.places.iter().map(last).collect()
    }
}
