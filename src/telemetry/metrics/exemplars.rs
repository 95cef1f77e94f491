//! Exemplars: for each bucket of a series, the last measurement with the trace that it belongs to. They are
//! kept next to the registry, whose series have no place for them, and are written in OpenMetrics only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

/// Length of a trace id in hexadecimal digits.
const TRACE_ID: usize = 32;

/// One measurement and its trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exemplar {
    trace_id: [u8; TRACE_ID],
    pub value: f64,
    /// Seconds of Unix time.
    pub at: f64,
}

impl Exemplar {
    /// The trace id as 32 hexadecimal digits.
    pub(super) fn trace_id(&self) -> &str {
        std::str::from_utf8(&self.trace_id).unwrap_or_default()
    }
}

/// The last exemplars of one series: one per bucket, and one for what is above all bounds. A counter has no
/// bounds and so one exemplar.
pub(super) struct Slots {
    bounds: &'static [f64],
    last: Mutex<Vec<Option<Exemplar>>>,
    clock: SharedClock,
}

impl Slots {
    /// Takes a measurement. One that meets another on the same series is left out: exemplars are examples.
    pub(super) fn note(&self, value: f64, trace_id: &str) {
        let Ok(trace_id) = <[u8; TRACE_ID]>::try_from(trace_id.as_bytes()) else { return };
        if !trace_id.iter().all(u8::is_ascii_hexdigit) {
            return;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Ok(mut last) = self.last.try_lock()
            && let Some(slot) = last.get_mut(bucket)
        {
            *slot = Some(Exemplar { trace_id, value, at: self.clock.now() });
        }
    }

    /// Returns the last exemplar of each bucket, the one above all bounds at the end.
    pub(super) fn read(&self) -> Vec<Option<Exemplar>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Unix time, counted on from the start of the process.
#[derive(Debug, Clone, Copy)]
struct SharedClock {
    start: Instant,
    unix_seconds: f64,
}

impl SharedClock {
    fn now(&self) -> f64 {
        self.unix_seconds + self.start.elapsed().as_secs_f64()
    }
}

type Family = HashMap<String, Arc<Slots>>;

/// All exemplars by family and series; as bounded as the labels of the series are.
pub(super) struct Exemplars {
    clock: SharedClock,
    families: RwLock<HashMap<&'static str, Family>>,
}

impl Exemplars {
    /// Starts without any, at a time in seconds of Unix time.
    pub(super) fn new(unix_seconds: f64) -> Self {
        let clock = SharedClock { start: Instant::now(), unix_seconds };
        Self { clock, families: RwLock::default() }
    }

    /// Returns the place of a series, made where it is new. `labels` are the values in the order of the
    /// labels' names; `bounds` those of the family's histogram, none for a counter.
    pub(super) fn slots(&self, family: &'static str, labels: &[&str], bounds: &'static [f64]) -> Arc<Slots> {
        let series = series(labels.iter().copied());
        if let Some(found) = self.find(family, &series) {
            return found;
        }
        let mut families = self.families.write().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let last = Mutex::new(vec![None; bounds.len() + 1]);
            Arc::new(Slots { bounds, last, clock: self.clock })
        };
        Arc::clone(families.entry(family).or_default().entry(series).or_insert_with(made))
    }

    /// Returns the place of a series that has exemplars, by the series' label values.
    pub(super) fn of<'a>(&self, family: &str, labels: impl Iterator<Item = &'a str>) -> Option<Arc<Slots>> {
        self.find(family, &series(labels))
    }

    fn find(&self, family: &str, series: &str) -> Option<Arc<Slots>> {
        let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
        families.get(family)?.get(series).cloned()
    }
}

/// The name of a series within its family.
fn series<'a>(labels: impl Iterator<Item = &'a str>) -> String {
    let mut name = String::new();
    for value in labels {
        name.push_str(value);
        name.push('\u{1f}');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_measurement_lands_in_the_bucket_that_counts_it() {
        let exemplars = Exemplars::new(1000.0);
        let slots = exemplars.slots("x_seconds", &["a", "b"], &[0.1, 1.0]);
        for value in [0.1, 0.5, 7.0] {
            slots.note(value, TRACE);
        }
        let found = exemplars.of("x_seconds", ["a", "b"].into_iter()).expect("the series").read();
        let values: Vec<Option<f64>> = found.iter().map(|e| e.map(|e| e.value)).collect();
        assert_eq!(values, [Some(0.1), Some(0.5), Some(7.0)], "a bound belongs to its bucket");
        assert_eq!(found[0].expect("noted").trace_id(), TRACE);
        assert!(found[0].expect("noted").at >= 1000.0);
        assert!(exemplars.of("x_seconds", ["ab", ""].into_iter()).is_none());
    }

    #[test]
    fn what_is_no_trace_id_is_left_out() {
        let slots = Exemplars::new(0.0).slots("x_total", &[], &[]);
        for text in ["", "0123", "\"} 1 # {\"\" = 0123456789abcdef0123"] {
            slots.note(1.0, text);
        }
        assert_eq!(slots.read(), [None]);
    }
}
