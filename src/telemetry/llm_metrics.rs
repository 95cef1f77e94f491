//! Metrics of calls to language models. Providers and models are those of the settings, outcomes a closed
//! list, so that the labels are bounded.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry};

/// Upper bounds of calls, in seconds.
const BUCKETS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0];

/// The family `ss_llm_*`.
pub struct LlmMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    tokens: IntCounterVec,
    retries: IntCounterVec,
    breaker: IntGaugeVec,
}

impl LlmMetrics {
    /// Builds and registers the family.
    pub fn new(registry: &Registry) -> Self {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name, help), labels).expect("names are constants");
            registry.register(Box::new(metric.clone())).expect("each metric is registered once");
            metric
        };
        let options =
            HistogramOpts::new("ss_llm_request_duration_seconds", "Time of one attempt at a model.");
        let duration = HistogramVec::new(options.buckets(BUCKETS.to_vec()), &["provider", "model"])
            .expect("names are constants");
        registry.register(Box::new(duration.clone())).expect("each metric is registered once");
        let breaker = IntGaugeVec::new(
            Opts::new("ss_llm_breaker_open", "1 while calls to the provider are held back."),
            &["provider"],
        )
        .expect("names are constants");
        registry.register(Box::new(breaker.clone())).expect("each metric is registered once");
        Self {
            requests: counter(
                "ss_llm_requests_total",
                "Attempts at a model by outcome: answered, or the cause of the failure.",
                &["provider", "model", "outcome"],
            ),
            duration,
            tokens: counter(
                "ss_llm_tokens_total",
                "Tokens as the provider counts them.",
                &["provider", "model", "direction"],
            ),
            retries: counter("ss_llm_retries_total", "Attempts that followed a failed one.", &["provider"]),
            breaker,
        }
    }

    /// One attempt ended.
    pub fn attempt(&self, provider: &str, model: &str, outcome: &str, elapsed: Duration) {
        self.requests.with_label_values(&[provider, model, outcome]).inc();
        self.duration.with_label_values(&[provider, model]).observe(elapsed.as_secs_f64());
    }

    /// Another attempt follows.
    pub fn retry(&self, provider: &str) {
        self.retries.with_label_values(&[provider]).inc();
    }

    /// Tokens of an answer; `direction` is `input` or `output`.
    pub fn tokens(&self, provider: &str, model: &str, direction: &str, tokens: u64) {
        self.tokens.with_label_values(&[provider, model, direction]).inc_by(tokens);
    }

    /// A breaker opened or closed.
    pub fn breaker(&self, provider: &str, open: bool) {
        self.breaker.with_label_values(&[provider]).set(i64::from(open));
    }
}
