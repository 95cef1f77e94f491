//! Metrics of HTTP requests. A series is looked up once per request by its route, and holds its counter, its
//! histogram and the exemplars of both.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge};

use super::Registrar;
use super::exemplars::{Exemplars, Slots};

/// Upper bounds of request durations, in seconds.
const BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const REQUESTS: &str = "ss_http_requests_total";
const DURATION: &str = "ss_http_request_duration_seconds";

/// The family `ss_http_*`.
pub struct HttpMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
    exemplars: Arc<Exemplars>,
    /// Series by route; few of each.
    routes: RwLock<HashMap<String, Vec<Arc<Series>>, foldhash::fast::RandomState>>,
}

struct Series {
    method: &'static str,
    status: u16,
    requests: IntCounter,
    duration: Histogram,
    counted: Arc<Slots>,
    timed: Arc<Slots>,
}

/// Counts a request as in flight until it is dropped.
pub struct InFlight<'a>(&'a IntGauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl HttpMetrics {
    pub(super) fn new(r: &Registrar<'_>, exemplars: &Arc<Exemplars>) -> Self {
        let metrics = Self {
            requests: r.counters(REQUESTS, "Requests answered.", &["method", "route", "status"]),
            duration: r.histograms(
                DURATION,
                "Time to the answer's first byte.",
                BUCKETS,
                &["method", "route"],
            ),
            in_flight: r.gauge("ss_http_in_flight", "Requests being answered."),
            exemplars: Arc::clone(exemplars),
            routes: RwLock::default(),
        };
        metrics.series("GET", "/metrics", 200);
        metrics
    }

    /// Counts a request as in flight.
    pub fn started(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    /// Records an answered request. `route` is the route's pattern, never a path.
    pub fn finished(&self, method: &str, route: &str, status: u16, seconds: f64, trace_id: &str) {
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        let series = self.series(method, route, status);
        series.requests.inc();
        series.duration.observe(seconds);
        series.counted.note(1.0, trace_id);
        series.timed.note(seconds, trace_id);
    }

    fn series(&self, method: &'static str, route: &str, status: u16) -> Arc<Series> {
        let same = |series: &&Arc<Series>| series.method == method && series.status == status;
        {
            let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = routes.get(route).and_then(|known| known.iter().find(same)) {
                return Arc::clone(found);
            }
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let known = routes.entry(route.to_owned()).or_default();
        if let Some(found) = known.iter().find(same) {
            return Arc::clone(found);
        }
        let status_text = status.to_string();
        let made = Arc::new(Series {
            method,
            status,
            requests: self.requests.with_label_values(&[method, route, &status_text]),
            duration: self.duration.with_label_values(&[method, route]),
            counted: self.exemplars.slots(REQUESTS, &[method, route, &status_text], &[]),
            timed: self.exemplars.slots(DURATION, &[method, route], BUCKETS),
        });
        known.push(Arc::clone(&made));
        made
    }
}
