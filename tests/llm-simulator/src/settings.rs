//! What the simulator is told: keys, models, latency, chaos and scripted answers.

use std::time::Duration;

use axum::http::{HeaderName, Method};
use edge::client::{ForwardedBy, TrustedProxies};
use serde::{Deserialize, Serialize};

use crate::chaos::Fault;

/// All settings; every field has a default, so that an empty file is a well-behaved provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Decides everything random: the same request gets the same bytes.
    pub seed: u64,
    /// Keys that are accepted; with none every caller is.
    pub keys: Vec<String>,
    /// Keys of the admin routes; with none those routes are closed.
    pub admin_keys: Vec<String>,
    /// Models that exist; with none every name does.
    pub models: Vec<String>,
    /// Longest request, in bytes.
    pub max_request_bytes: usize,
    /// How long connections may go on after a signal, in milliseconds.
    pub drain_ms: u64,
    /// Knows `response_format: json_schema`; without it such a request is refused with 400.
    pub supports_json_schema: bool,
    /// Rates of requests and tokens.
    pub limits: Limits,
    /// Calls at once, and calls that wait.
    pub queue: Queue,
    /// Pages that may call.
    pub cors: Cors,
    /// Addresses or networks of proxies whose forwarded addresses are believed.
    pub trusted_proxies: Vec<String>,
    /// Export of traces.
    pub telemetry: Telemetry,
    /// Times of an answer.
    pub latency: Latency,
    /// Faults and when they happen.
    pub chaos: Vec<Chaos>,
    /// Written answers.
    pub scripts: Vec<Script>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            keys: Vec::new(),
            admin_keys: Vec::new(),
            models: Vec::new(),
            max_request_bytes: 8 << 20,
            drain_ms: 5_000,
            supports_json_schema: true,
            limits: Limits::default(),
            queue: Queue::default(),
            cors: Cors::default(),
            trusted_proxies: Vec::new(),
            telemetry: Telemetry::default(),
            latency: Latency::default(),
            chaos: Vec::new(),
            scripts: Vec::new(),
        }
    }
}

/// Token buckets of each caller: of each key, or of each address where no keys are asked for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// 0 is no limit.
    pub requests_per_second: f64,
    /// Requests at once.
    pub burst: u32,
    /// Tokens of prompts and answers; 0 is no limit.
    pub tokens_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_second: 0.0, burst: 20, tokens_per_minute: 0 }
    }
}

/// How many calls are worked on at once, and how many wait for that.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Calls at once; 0 is without bound.
    pub concurrency: usize,
    /// Waiting calls; more are refused as an overloaded provider does.
    pub most_waiting: usize,
    /// Waiting calls from which on health is degraded.
    pub degraded_at: usize,
}

impl Default for Queue {
    fn default() -> Self {
        Self { concurrency: 0, most_waiting: 1_000, degraded_at: 100 }
    }
}

/// Web pages that may call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// `scheme://host[:port]`, or `*` alone.
    pub origins: Vec<String>,
}

/// Traces over OTLP; without an endpoint there are none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// `http://host:port`.
    pub endpoint: Option<String>,
    /// `http` (protobuf) or `grpc`.
    pub protocol: Protocol,
    /// Share of the traces that begin here; a caller's decision counts before it.
    pub sample_ratio: f64,
    /// Longest wait of a span for others, in milliseconds.
    pub interval_ms: u64,
}

/// How traces travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// OTLP over HTTP with protobuf bodies.
    #[default]
    Http,
    /// OTLP over gRPC.
    Grpc,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { endpoint: None, protocol: Protocol::default(), sample_ratio: 1.0, interval_ms: 1_000 }
    }
}

/// Times of an answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// From the request to the first piece.
    pub first_token: Distribution,
    /// Between two pieces.
    pub between_tokens: Distribution,
}

/// How a time is drawn.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Always the same.
    Fixed {
        /// The time.
        ms: f64,
    },
    /// Cut at 0.
    Normal {
        /// Mean before the cut.
        mean_ms: f64,
        /// Standard deviation before the cut.
        sd_ms: f64,
    },
    /// `median_ms * exp(sigma * z)`.
    LogNormal {
        /// The median.
        median_ms: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

impl Default for Distribution {
    fn default() -> Self {
        Self::Fixed { ms: 0.0 }
    }
}

/// A fault and when it happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// What goes wrong.
    pub fault: Fault,
    /// Share of the requests that meet it.
    #[serde(default = "always")]
    pub probability: f64,
    /// Only requests whose prompt holds this text.
    #[serde(default)]
    pub contains: Option<String>,
    /// Only the first so many of equal requests; 0 is all.
    #[serde(default)]
    pub first: u32,
}

fn always() -> f64 {
    1.0
}

/// A written answer for prompts that hold a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The text that the prompt holds.
    pub contains: String,
    /// Given one after the other; the last one again and again.
    pub answers: Vec<String>,
}

impl Settings {
    /// Checks what cannot be right.
    ///
    /// # Errors
    /// The problem in words.
    pub fn check(&self) -> Result<(), String> {
        for chaos in &self.chaos {
            if !(0.0..=1.0).contains(&chaos.probability) {
                return Err(format!("chaos: probability {} is not between 0 and 1", chaos.probability));
            }
            chaos.fault.check().map_err(|problem| format!("chaos: {problem}"))?;
        }
        for script in &self.scripts {
            if script.answers.is_empty() {
                return Err(format!("scripts: {:?} has no answers", script.contains));
            }
        }
        if !(self.limits.requests_per_second.is_finite() && self.limits.requests_per_second >= 0.0) {
            return Err("limits: requests_per_second must be finite and not negative".to_owned());
        }
        if self.limits.burst == 0 {
            return Err("limits: burst must be above 0".to_owned());
        }
        if !(0.0..=1.0).contains(&self.telemetry.sample_ratio) {
            return Err("telemetry: sample_ratio must be between 0 and 1".to_owned());
        }
        edge::cors::Cors::new(&self.cors_rules()).map_err(|e| format!("cors: {e}"))?;
        self.proxies().map_err(|e| format!("trusted_proxies: {e}"))?;
        let draws = [self.latency.first_token, self.latency.between_tokens];
        let sound = |draw: &Distribution| match *draw {
            Distribution::Fixed { ms } => ms.is_finite() && ms >= 0.0,
            Distribution::Normal { mean_ms, sd_ms } => {
                mean_ms.is_finite() && sd_ms.is_finite() && sd_ms >= 0.0
            }
            Distribution::LogNormal { median_ms, sigma } => {
                median_ms.is_finite() && median_ms >= 0.0 && sigma.is_finite() && sigma >= 0.0
            }
        };
        if draws.iter().all(sound) {
            Ok(())
        } else {
            Err("latency: times must be finite and not negative".to_owned())
        }
    }

    /// The CORS rules: what the clients of the providers send from a browser.
    pub(crate) fn cors_rules(&self) -> edge::cors::Rules {
        let names = |list: &[&'static str]| list.iter().copied().map(HeaderName::from_static).collect();
        edge::cors::Rules {
            origins: self.cors.origins.clone(),
            methods: vec![Method::GET, Method::POST],
            request_headers: names(&REQUEST_HEADERS),
            exposed_headers: names(&EXPOSED_HEADERS),
            allows_credentials: false,
            max_age: Duration::from_secs(600),
        }
    }

    /// Starts the export of traces on the current runtime, if there is a collector.
    ///
    /// # Errors
    /// An endpoint that is none.
    #[cfg(feature = "otel")]
    pub fn start_telemetry(&self) -> Result<Option<edge::otel::Telemetry>, edge::otel::BadSettings> {
        let Some(endpoint) = &self.telemetry.endpoint else { return Ok(None) };
        let settings = edge::otel::Settings {
            protocol: match self.telemetry.protocol {
                Protocol::Http => edge::otel::Protocol::HttpProtobuf,
                Protocol::Grpc => edge::otel::Protocol::Grpc,
            },
            service_version: env!("CARGO_PKG_VERSION").to_owned(),
            sample_ratio: self.telemetry.sample_ratio,
            interval: Duration::from_millis(self.telemetry.interval_ms),
            ..edge::otel::Settings::new(endpoint, "llm-simulator", &["llm_simulator"])
        };
        edge::otel::Telemetry::start(&settings).map(Some)
    }

    pub(crate) fn proxies(&self) -> Result<TrustedProxies, edge::client::BadNetwork> {
        TrustedProxies::parse(&self.trusted_proxies, ForwardedBy::Either)
    }
}

const REQUEST_HEADERS: [&str; 18] = [
    "authorization",
    "content-type",
    "x-api-key",
    "anthropic-version",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "x-goog-api-key",
    "x-goog-api-client",
    "openai-organization",
    "openai-project",
    "x-stainless-arch",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "traceparent",
    "x-simulator-faults",
];

const EXPOSED_HEADERS: [&str; 7] = [
    "x-request-id",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "ratelimit",
    "ratelimit-policy",
    "x-trace-id",
];
