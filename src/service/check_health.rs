//! Health: real checks, run in the background with time limits; readers get the cached report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::check_gate::Gate;
use super::context::Context;
use crate::domain::gate::Finding;

/// The checks by name.
pub const NAMES: [&str; 5] = ["store", "disk", "engine", "llm", "gate"];

/// What a health route answers.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HealthReport {
    /// `ok`, `degraded`, `draining` or `not_ready`.
    pub status: String,
    pub checks: BTreeMap<String, Check>,
    /// The violated rules of the production gate; empty where it holds or is not required.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Finding>,
    pub checked_at: DateTime<Utc>,
    pub version: String,
}

/// One check with the age of its result.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Check {
    pub ok: bool,
    /// `ok`, `degraded` or `failed`.
    pub status: String,
    pub detail: String,
    pub checked_at: DateTime<Utc>,
    pub latency_ms: f64,
    /// True if a failure closes the service for new connections (`?scope=traffic`).
    #[serde(skip)]
    pub traffic: bool,
}

/// Tells whether the engine can be started; answered by the worker's side.
pub type EngineProbe = Box<dyn Fn() -> Result<String, String> + Send + Sync>;

/// The checks and their last results.
pub struct Health {
    report: ArcSwap<BTreeMap<String, Check>>,
    checked_at: ArcSwap<DateTime<Utc>>,
    draining: AtomicBool,
    engine: EngineProbe,
    gate: Arc<Gate>,
    version: &'static str,
}

impl Health {
    /// Builds the checks; the first results come from [`Health::refresh`].
    pub fn new(engine: EngineProbe, gate: Arc<Gate>, now: DateTime<Utc>, version: &'static str) -> Self {
        Self {
            report: ArcSwap::from_pointee(BTreeMap::new()),
            checked_at: ArcSwap::from_pointee(now),
            draining: AtomicBool::new(false),
            engine,
            gate,
            version,
        }
    }

    /// Says that shutdown has begun.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// True after shutdown has begun.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Runs every check once; blocks for the time of a few system calls.
    pub fn refresh(&self, ctx: &Context) {
        let now = ctx.clock.now();
        let mut checks = BTreeMap::new();
        let mut record = |name: &str, traffic: bool, check: &dyn Fn() -> (&'static str, String)| {
            let started = Instant::now();
            let (status, detail) = check();
            let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
            let check = Check {
                ok: status != "failed",
                status: status.to_owned(),
                detail,
                checked_at: now,
                latency_ms,
                traffic,
            };
            checks.insert(name.to_owned(), check);
        };
        record("store", true, &|| {
            let facts = ctx.store.status();
            match facts.fault {
                Some(fault) => ("failed", format!("store_fault: {fault}")),
                None if facts.quarantined_records > 0 => {
                    ("degraded", format!("{} quarantined records", facts.quarantined_records))
                }
                None if !facts.damaged_tables.is_empty() => {
                    ("degraded", format!("damaged tables: {}", facts.damaged_tables.join(", ")))
                }
                None => ("ok", format!("sequence {}", facts.sequence)),
            }
        });
        record("disk", false, &|| match ctx.options.disk_low.look(ctx.files.as_ref()) {
            Ok(space) => {
                let mut detail = format!("{} of {} bytes free", space.free_bytes, space.total_bytes);
                if space.is_low() {
                    detail.push_str(&format!("; {} are needed: new work is refused", space.needed_bytes));
                }
                (if space.is_low() { "degraded" } else { "ok" }, detail)
            }
            Err(error) => ("failed", format!("the data volume cannot be read: {}", error.kind())),
        });
        record("engine", false, &|| match (self.engine)() {
            Ok(detail) => ("ok", detail),
            Err(detail) => ("failed", detail),
        });
        record("llm", false, &|| {
            if ctx.model.is_some() {
                ("ok", "configured".to_owned())
            } else {
                ("ok", "not configured; clients state drafts themselves".to_owned())
            }
        });
        self.report.store(checks.into());
        self.checked_at.store(now.into());
    }

    /// Answers that the process runs; depends on nothing outside it.
    pub fn live(&self) -> HealthReport {
        HealthReport {
            status: "ok".to_owned(),
            checks: BTreeMap::new(),
            violations: Vec::new(),
            checked_at: **self.checked_at.load(),
            version: self.version.to_owned(),
        }
    }

    /// Answers whether the service can do its work; with `traffic_only`, whether it can answer at all.
    pub fn ready(&self, traffic_only: bool) -> HealthReport {
        let mut checks = (**self.report.load()).clone();
        let violations = self.gate_check(&mut checks);
        let failed = checks.values().any(|c| !c.ok && (c.traffic || !traffic_only));
        let degraded = checks.values().any(|c| c.status != "ok");
        let status = if self.is_draining() {
            "draining"
        } else if failed || checks.is_empty() {
            "not_ready"
        } else if degraded {
            "degraded"
        } else {
            "ok"
        };
        HealthReport {
            status: status.to_owned(),
            checks,
            violations,
            checked_at: **self.checked_at.load(),
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
            checked_at: checked_at.unwrap_or_else(|| **self.checked_at.load()),
            latency_ms: 0.0,
            // What held once and was lost since closes the routes that need it, not the service.
            traffic: !self.gate.is_open(),
        };
        checks.insert("gate".to_owned(), check);
        violations
    }
}
