//! What the simulator is told: keys, models, latency, chaos and scripted answers.

use serde::{Deserialize, Serialize};

use crate::chaos::Fault;

/// All settings; every field has a default, so that an empty file is a well-behaved provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub seed: u64,
    /// Keys that are accepted; with none every caller is.
    pub keys: Vec<String>,
    /// Models that exist; with none every name does.
    pub models: Vec<String>,
    /// Longest request, in bytes.
    pub max_request_bytes: usize,
    /// How long connections may go on after a signal, in milliseconds.
    pub drain_ms: u64,
    /// Knows `response_format: json_schema`; without it such a request is refused with 400.
    pub supports_json_schema: bool,
    pub latency: Latency,
    pub chaos: Vec<Chaos>,
    pub scripts: Vec<Script>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            keys: Vec::new(),
            models: Vec::new(),
            max_request_bytes: 8 << 20,
            drain_ms: 5_000,
            supports_json_schema: true,
            latency: Latency::default(),
            chaos: Vec::new(),
            scripts: Vec::new(),
        }
    }
}

/// Times of an answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    pub first_token: Distribution,
    pub between_tokens: Distribution,
}

/// How a time is drawn.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    Fixed {
        ms: f64,
    },
    /// Cut at 0.
    Normal {
        mean_ms: f64,
        sd_ms: f64,
    },
    /// `median_ms * exp(sigma * z)`.
    LogNormal {
        median_ms: f64,
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
        }
        for script in &self.scripts {
            if script.answers.is_empty() {
                return Err(format!("scripts: {:?} has no answers", script.contains));
            }
        }
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
}
