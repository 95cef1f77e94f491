//! Counters in the Prometheus text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Most models that get a label of their own.
const MOST_MODELS: usize = 50;

/// What the simulator counts.
#[derive(Debug, Default)]
pub struct Metrics {
    under_way: AtomicI64,
    /// By provider, model and status.
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
}

/// A caller that went away before its answer.
const CALLER_GONE: u16 = 499;

/// Counts a call as under way until it is dropped, and as given up if it was not answered.
pub struct UnderWay<'a> {
    metrics: &'a Metrics,
    provider: &'static str,
    answered: bool,
}

impl UnderWay<'_> {
    /// The call was answered.
    pub fn answered(&mut self, model: &str, status: u16) {
        self.answered = true;
        self.metrics.count(self.provider, model, status);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.metrics.under_way.fetch_sub(1, Ordering::Relaxed);
        if !self.answered {
            self.metrics.count(self.provider, "", CALLER_GONE);
        }
    }
}

impl Metrics {
    /// A call began.
    pub fn begin(&self, provider: &'static str) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay { metrics: self, provider, answered: false }
    }

    fn count(&self, provider: &str, model: &str, status: u16) {
        let mut map = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let known = map.keys().any(|(_, m, _)| m == model) || map.len() < MOST_MODELS;
        let model: String = if known {
            model.chars().filter(|c| !c.is_control()).take(64).collect()
        } else {
            "other".to_owned()
        };
        *map.entry((provider.to_owned(), model, status)).or_default() += 1;
    }

    /// The text of a scrape.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# HELP llm_simulator_queue_depth Calls that are being prepared.\n# TYPE llm_simulator_queue_depth gauge\n",
        );
        let _ = writeln!(text, "llm_simulator_queue_depth {}", self.under_way.load(Ordering::Relaxed));
        text.push_str("# HELP llm_simulator_requests_total Calls by provider, model and status.\n");
        text.push_str("# TYPE llm_simulator_requests_total counter\n");
        for ((provider, model, status), n) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let model = model.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(
                text,
                "llm_simulator_requests_total{{provider=\"{provider}\",model=\"{model}\",status=\"{status}\"}} {n}"
            );
        }
        text
    }
}
