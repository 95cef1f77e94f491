//! Health: checks run in the background, each on its own thread with a time limit; readers get what was
//! found last. A check that hangs costs its own thread, never a reader or another check.

pub mod looks;
mod probe;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::gate::Finding;
use crate::ports::clock::Clock;
use crate::service::operations::gate::Gate;
use probe::Slot;
pub use probe::{Found, Need, Probe};

/// The checks by name.
pub const NAMES: [&str; 9] =
    ["store", "disk", "blobs", "engine", "workers", "queue", "servers", "llm", "gate"];

/// How long a start waits for the first results; a check that takes longer is told as not made yet.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// Response of a health route.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HealthReport {
    /// `ok`, `degraded`, `draining` or `not_ready`.
    pub status: String,
    /// Reasons why the status is not `ok`, one line per check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Results by the name of the check.
    pub checks: BTreeMap<String, Check>,
    /// The violated rules of the production gate; empty where it holds or is not required.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Finding>,
    /// Time of the oldest result in `checks` (RFC 3339, UTC).
    pub checked_at: DateTime<Utc>,
    /// Version of the service.
    pub version: String,
}

/// One check with the age of its result.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Check {
    /// True unless the check failed; `degraded` counts as true.
    pub ok: bool,
    /// `ok`, `degraded` or `failed`.
    pub status: String,
    /// The observation, for people; null if there is none.
    pub detail: String,
    /// Time of the last check (RFC 3339, UTC).
    pub checked_at: DateTime<Utc>,
    /// Duration of the last check, in milliseconds.
    pub latency_ms: f64,
    /// False for a part without which the service does its work: its failure makes it `degraded`.
    pub required: bool,
    /// True if a failure closes the service for new connections (`?scope=traffic`).
    #[serde(skip)]
    pub traffic: bool,
}

/// The checks and their last results.
pub struct Health {
    slots: RwLock<Vec<Arc<Slot>>>,
    draining: AtomicBool,
    gate: Arc<Gate>,
    clock: Arc<dyn Clock>,
    version: &'static str,
}

impl Health {
    /// Starts without a check.
    pub fn new(gate: Arc<Gate>, clock: Arc<dyn Clock>, version: &'static str) -> Self {
        Self { slots: RwLock::default(), draining: AtomicBool::new(false), gate, clock, version }
    }

    /// Adds checks and makes them; blocks until they have answered, a second at most.
    pub fn add(&self, probes: Vec<Probe>) {
        let now = self.clock.now();
        let added: Vec<Arc<Slot>> = probes.into_iter().map(|probe| Arc::new(Slot::new(probe, now))).collect();
        self.slots.write().unwrap_or_else(PoisonError::into_inner).extend(added.iter().cloned());
        self.refresh();
        let started = Instant::now();
        while added.iter().any(|slot| slot.is_awaited()) && started.elapsed() < FIRST_LOOK {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts every check that is due; never waits for one.
    pub fn refresh(&self) {
        for slot in self.slots() {
            slot.start_if_due(&self.clock);
        }
    }

    fn slots(&self) -> Vec<Arc<Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says that shutdown has begun.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// True after shutdown has begun.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Returns what a check found last.
    pub fn check(&self, name: &str) -> Option<Check> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.iter().find(|slot| slot.name() == name).map(|slot| slot.read())
    }

    /// Reports that the process runs; depends on nothing outside it.
    pub fn live(&self) -> HealthReport {
        HealthReport {
            status: "ok".to_owned(),
            reasons: Vec::new(),
            checks: BTreeMap::new(),
            violations: Vec::new(),
            checked_at: self.clock.now(),
            version: self.version.to_owned(),
        }
    }

    /// Returns whether the service can do its work; with `traffic_only`, whether it can answer at all.
    /// Reads memory only.
    pub fn ready(&self, traffic_only: bool) -> HealthReport {
        let mut checks: BTreeMap<String, Check> = {
            let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
            slots.iter().map(|slot| (slot.name().to_owned(), slot.read())).collect()
        };
        let nothing = checks.is_empty();
        let violations = self.gate_check(&mut checks);
        let closes = |check: &Check| !check.ok && (check.traffic || (check.required && !traffic_only));
        let failed = checks.values().any(closes);
        let mut reasons: Vec<String> = checks
            .iter()
            .filter(|(_, check)| check.status != "ok")
            .map(|(name, check)| format!("{name}: {}", check.detail))
            .collect();
        let status = if self.is_draining() {
            reasons.insert(0, "the service is shutting down".to_owned());
            "draining"
        } else if failed || nothing {
            "not_ready"
        } else if !reasons.is_empty() {
            "degraded"
        } else {
            "ok"
        };
        let oldest = checks.values().map(|check| check.checked_at).min();
        HealthReport {
            status: status.to_owned(),
            reasons,
            checks,
            violations,
            checked_at: oldest.unwrap_or_else(|| self.clock.now()),
            version: self.version.to_owned(),
        }
    }

    /// Adds the production gate's last result, where there is a gate; returns the violated rules.
    fn gate_check(&self, checks: &mut BTreeMap<String, Check>) -> Vec<Finding> {
        if !self.gate.is_required() {
            return Vec::new();
        }
        let report = self.gate.report();
        let violations = report.violations();
        let holds = report.holds();
        let detail = match (report.findings.len(), violations.len()) {
            (0, _) => "not evaluated yet".to_owned(),
            (rules, 0) => format!("{rules} rules hold"),
            (rules, violated) => format!("{violated} of {rules} rules are violated"),
        };
        let checked_at = report.findings.iter().map(|f| f.checked_at).min();
        let check = Check {
            ok: holds,
            status: if holds { "ok" } else { "failed" }.to_owned(),
            detail,
            checked_at: checked_at.unwrap_or_else(|| self.clock.now()),
            latency_ms: 0.0,
            required: true,
            // What held once and was lost since closes the routes that need it, not the service.
            traffic: !self.gate.is_open(),
        };
        checks.insert("gate".to_owned(), check);
        violations
    }
}
