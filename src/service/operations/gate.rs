//! The state of the production gate: what was found last, and whether business routes are served.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};

use crate::domain::gate::{Finding, Rule};

/// Last result of the gate, as readers see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateReport {
    /// One per rule, in the order of the rules; empty before the first evaluation.
    pub findings: Vec<Finding>,
}

impl GateReport {
    /// Returns the violated rules.
    pub fn violations(&self) -> Vec<Finding> {
        self.findings.iter().filter(|finding| !finding.ok).cloned().collect()
    }

    /// True once every rule was checked and holds.
    pub fn holds(&self) -> bool {
        !self.findings.is_empty() && self.findings.iter().all(|finding| finding.ok)
    }
}

/// The gate's state, shared by everybody who asks; asking costs a few memory reads.
pub struct Gate {
    required: bool,
    report: ArcSwap<GateReport>,
    /// Every rule held once: what is lost later closes the routes that need it, not the service.
    opened: AtomicBool,
    /// Since when a rule is violated.
    since: Mutex<BTreeMap<&'static str, DateTime<Utc>>>,
}

impl Gate {
    /// A gate that is always open: everything but production.
    pub fn open() -> Self {
        Self::with(false)
    }

    /// A production gate: closed until a report without violations is published.
    pub fn closed() -> Self {
        Self::with(true)
    }

    fn with(required: bool) -> Self {
        Self {
            required,
            report: ArcSwap::from_pointee(GateReport::default()),
            opened: AtomicBool::new(false),
            since: Mutex::default(),
        }
    }

    /// True in production.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Takes what an evaluation found; returns the rules whose state changed, with their new finding.
    pub fn publish(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let before = self.report.load_full();
        let was_ok = |id: &str| before.findings.iter().find(|f| f.id == id).map(|f| f.ok);
        let changed: Vec<Finding> =
            findings.iter().filter(|f| was_ok(f.id).is_none_or(|ok| ok != f.ok)).cloned().collect();
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in &findings {
            if finding.ok {
                since.remove(finding.id);
            } else {
                since.entry(finding.id).or_insert(finding.checked_at);
            }
        }
        drop(since);
        let report = GateReport { findings };
        if report.holds() {
            self.opened.store(true, Ordering::SeqCst);
        }
        self.report.store(Arc::new(report));
        changed
    }

    /// True if business routes are served.
    pub fn is_open(&self) -> bool {
        !self.required || self.opened.load(Ordering::SeqCst)
    }

    /// Returns what was found last.
    pub fn report(&self) -> Arc<GateReport> {
        self.report.load_full()
    }

    /// Returns since when a rule is violated that held before; `None` where it holds, or the gate is closed
    /// or not required.
    pub fn lost_since(&self, rule: Rule) -> Option<DateTime<Utc>> {
        if !self.required || !self.is_open() {
            return None;
        }
        self.since.lock().unwrap_or_else(PoisonError::into_inner).get(rule.id()).copied()
    }
}
