//! What the simulator counts, by provider and model, in the Prometheus text format.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

/// Most models of a provider that get a label of their own.
const MOST_MODELS: usize = 50;
/// A caller that went away before its answer.
const CALLER_GONE: u16 = 499;
/// Upper bounds of the histogram, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// All counters.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    series: RwLock<HashMap<&'static str, HashMap<String, Arc<Series>>>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    limited: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

/// Counters of one provider and model.
#[derive(Debug, Default)]
struct Series {
    waiting: AtomicI64,
    under_way: AtomicI64,
    statuses: Mutex<BTreeMap<u16, u64>>,
    input_tokens: AtomicU64,
    output_tokens: AtomicU64,
    /// By bucket, the last one without bound.
    durations: [AtomicU64; BOUNDS.len() + 1],
    duration_micros: AtomicU64,
}

/// A call, from when its model is known until its answer has left. Dropped before it was answered, it counts as
/// given up by its caller.
#[derive(Debug)]
pub(super) struct UnderWay {
    series: Arc<Series>,
    started: Instant,
    is_answered: bool,
    /// Its place among those that are worked on.
    place: Option<OwnedSemaphorePermit>,
}

/// A call that waits for its turn.
#[derive(Debug)]
pub(super) struct Waiting(Arc<Series>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl UnderWay {
    /// The answer begins with this status.
    pub(super) fn answered(&mut self, status: u16) {
        self.is_answered = true;
        self.series.count(status);
    }

    /// Keeps its place until its answer has left.
    pub(super) fn keep(&mut self, place: Option<OwnedSemaphorePermit>) {
        self.place = place;
    }

    /// Tokens of the prompt and of the answer.
    pub(super) fn tokens(&self, input: usize, output: usize) {
        self.series.input_tokens.fetch_add(input as u64, Ordering::Relaxed);
        self.series.output_tokens.fetch_add(output as u64, Ordering::Relaxed);
    }

    /// Counts as waiting until the guard is dropped.
    pub(super) fn waits(&self) -> Waiting {
        self.series.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(Arc::clone(&self.series))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.series.under_way.fetch_sub(1, Ordering::Relaxed);
        self.series.lasted(self.started.elapsed());
        if !self.is_answered {
            self.series.count(CALLER_GONE);
        }
    }
}

impl Series {
    fn count(&self, status: u16) {
        *self.statuses.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
    }

    fn lasted(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.durations[bucket].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.duration_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A call of a provider's model began; an unreadable one has the model `""`.
    pub(super) fn begin(&self, provider: &'static str, model: &str) -> UnderWay {
        let series = self.series(provider, model);
        series.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay { series, started: Instant::now(), is_answered: false, place: None }
    }

    /// A fault happened.
    pub(super) fn fault(&self, kind: &'static str) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    }

    /// A caller was over a limit.
    pub(super) fn limited(&self, provider: &'static str, limit: &'static str) {
        let mut counts = self.limited.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((provider, limit)).or_default() += 1;
    }

    fn series(&self, provider: &'static str, model: &str) -> Arc<Series> {
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(provider).and_then(|models| models.get(model)) {
            return Arc::clone(series);
        }
        drop(known);
        let mut all = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let models = all.entry(provider).or_default();
        let is_sound = model.len() <= 64 && !model.chars().any(char::is_control);
        let label = if is_sound && models.len() < MOST_MODELS { model } else { "other" };
        Arc::clone(models.entry(label.to_owned()).or_default())
    }

    /// The text of a scrape; `lost` are spans that did not reach the collector.
    pub(super) fn text(&self, lost: Option<u64>) -> String {
        let all = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<(String, &Series)> = Vec::new();
        for (provider, models) in &*all {
            for (model, series) in models {
                let model = model.replace('\\', "\\\\").replace('"', "\\\"");
                rows.push((format!("provider=\"{provider}\",model=\"{model}\""), series));
            }
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let mut text = String::with_capacity(4096);
        gauge(&mut text, &rows, "queue_depth", "Calls that wait for their turn.", |s| &s.waiting);
        gauge(&mut text, &rows, "in_flight", "Calls whose answer has not left yet.", |s| &s.under_way);
        head(&mut text, "requests_total", "counter", "Calls by provider, model and status.");
        for (labels, series) in &rows {
            for (status, n) in &*series.statuses.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = writeln!(text, "llm_simulator_requests_total{{{labels},status=\"{status}\"}} {n}");
            }
        }
        head(&mut text, "tokens_total", "counter", "Tokens of prompts and answers.");
        for (labels, series) in &rows {
            for (kind, n) in [("input", &series.input_tokens), ("output", &series.output_tokens)] {
                let n = n.load(Ordering::Relaxed);
                let _ = writeln!(text, "llm_simulator_tokens_total{{{labels},kind=\"{kind}\"}} {n}");
            }
        }
        histogram(&mut text, &rows);
        head(&mut text, "faults_total", "counter", "Faults that happened, by kind.");
        for (kind, n) in &*self.faults.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "llm_simulator_faults_total{{kind=\"{kind}\"}} {n}");
        }
        head(&mut text, "limited_total", "counter", "Calls over a limit of their caller.");
        for ((provider, limit), n) in &*self.limited.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(
                text,
                "llm_simulator_limited_total{{provider=\"{provider}\",limit=\"{limit}\"}} {n}"
            );
        }
        if let Some(lost) = lost {
            head(&mut text, "spans_lost_total", "counter", "Spans that did not reach the collector.");
            let _ = writeln!(text, "llm_simulator_spans_lost_total {lost}");
        }
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP llm_simulator_{name} {help}\n# TYPE llm_simulator_{name} {kind}");
}

fn gauge(
    text: &mut String,
    rows: &[(String, &Series)],
    name: &str,
    help: &str,
    of: fn(&Series) -> &AtomicI64,
) {
    head(text, name, "gauge", help);
    for (labels, series) in rows {
        let _ = writeln!(text, "llm_simulator_{name}{{{labels}}} {}", of(series).load(Ordering::Relaxed));
    }
}

fn histogram(text: &mut String, rows: &[(String, &Series)]) {
    let name = "llm_simulator_request_duration_seconds";
    head(text, "request_duration_seconds", "histogram", "From the request to the end of its answer.");
    for (labels, series) in rows {
        let mut sum = 0;
        for (i, n) in series.durations.iter().enumerate() {
            sum += n.load(Ordering::Relaxed);
            let bound = BOUNDS.get(i).map_or("+Inf".to_owned(), f64::to_string);
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {sum}");
        }
        let seconds = series.duration_micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(text, "{name}_sum{{{labels}}} {seconds}\n{name}_count{{{labels}}} {sum}");
    }
}
