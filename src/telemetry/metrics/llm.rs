//! Metrics of calls to language models. Providers and models are those of the settings, outcomes a closed
//! list, so that the labels are bounded; without a model both are `none`.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use super::Registrar;

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
    /// Builds and registers the family. `models` are the configured providers with their models.
    pub(super) fn new(r: &Registrar<'_>, models: &[(String, String)]) -> Self {
        let metrics = Self {
            requests: r.counters(
                "ss_llm_requests_total",
                "Attempts at a model by outcome: answered, or the cause of the failure.",
                &["provider", "model", "outcome"],
            ),
            duration: r.histograms(
                "ss_llm_request_duration_seconds",
                "Time of one attempt at a model.",
                BUCKETS,
                &["provider", "model"],
            ),
            tokens: r.counters(
                "ss_llm_tokens_total",
                "Tokens as the provider counts them.",
                &["provider", "model", "direction"],
            ),
            retries: r.counters(
                "ss_llm_retries_total",
                "Attempts that followed a failed one.",
                &["provider"],
            ),
            breaker: r.gauges(
                "ss_llm_breaker_open",
                "1 while calls to the provider are held back.",
                &["provider"],
            ),
        };
        let none = [("none".to_owned(), "none".to_owned())];
        for (provider, model) in if models.is_empty() { &none } else { models } {
            metrics.requests.with_label_values(&[provider.as_str(), model, "answered"]);
            metrics.duration.with_label_values(&[provider, model]);
            for direction in ["input", "output"] {
                metrics.tokens.with_label_values(&[provider.as_str(), model, direction]);
            }
            metrics.retries.with_label_values(&[provider]);
            metrics.breaker.with_label_values(&[provider]);
        }
        metrics
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
