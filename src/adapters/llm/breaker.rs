//! A circuit breaker per provider: after several failures in a row it answers for the provider at once, and
//! lets one call through after a while to see whether the provider is back.
//! Source of the pattern: M. Nygard, Release It!, 2nd ed., section 5.2.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use crate::ports::llm::{AttemptNote, Llm, LlmCall, LlmCause, LlmFailure, LlmMeter, LlmReply};

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct BreakerOptions {
    /// Failures in a row that count against the provider.
    pub failures: u32,
    /// Time in which no call reaches the provider; then one call tests it.
    pub open_for: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is on its way to find out.
    Probing,
}

/// The decorator.
pub struct Breaker {
    inner: Arc<dyn Llm>,
    meter: Arc<dyn LlmMeter>,
    provider: String,
    options: BreakerOptions,
    state: Mutex<State>,
}

/// Gives the place of the probe back if its call is dropped half-way.
struct Probe<'a>(&'a Breaker, bool);

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.set(State::Open { until: Instant::now() });
        }
    }
}

impl Breaker {
    /// Wraps one provider.
    pub fn new(
        inner: Arc<dyn Llm>,
        meter: Arc<dyn LlmMeter>,
        provider: &str,
        options: BreakerOptions,
    ) -> Self {
        let state = Mutex::new(State::Closed { failures: 0 });
        Self { inner, meter, provider: provider.to_owned(), options, state }
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Whether a call may go through: `Some(true)` as the probe, `None` not at all.
    fn admit(&self) -> Option<bool> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { .. } => Some(false),
            State::Open { until } if Instant::now() >= until => {
                *state = State::Probing;
                Some(true)
            }
            State::Open { .. } | State::Probing => None,
        }
    }

    fn note(&self, failed: bool, probe: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let open = State::Open { until: Instant::now() + self.options.open_for };
        let next = match (*state, failed) {
            (State::Probing, true) if probe => open,
            (State::Closed { failures }, true) if failures + 1 >= self.options.failures => open,
            (State::Closed { failures }, true) => State::Closed { failures: failures + 1 },
            (State::Closed { .. }, false) => State::Closed { failures: 0 },
            (_, false) if probe => State::Closed { failures: 0 },
            (same, _) => same,
        };
        let was_open = !matches!(*state, State::Closed { .. });
        let is_open = !matches!(next, State::Closed { .. });
        *state = next;
        drop(state);
        if was_open != is_open {
            self.meter.breaker(&self.provider, is_open);
            let (provider, open_seconds) = (self.provider.as_str(), self.options.open_for.as_secs());
            if is_open {
                tracing::warn!(
                    event = "SS_LLM_BREAKER",
                    provider,
                    open = true,
                    open_seconds,
                    "calls to the provider are held back"
                );
            } else {
                tracing::info!(
                    event = "SS_LLM_BREAKER",
                    provider,
                    open = false,
                    open_seconds,
                    "the provider answers again"
                );
            }
        }
    }
}

impl Llm for Breaker {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let Some(probe) = self.admit() else {
                let detail = format!("{} failed repeatedly and is not asked for a while", self.provider);
                let mut failure = LlmFailure::new(LlmCause::BreakerOpen, detail);
                failure.attempts = vec![AttemptNote {
                    provider: self.provider.clone(),
                    attempt: 1,
                    elapsed_ms: 0,
                    outcome: LlmCause::BreakerOpen.as_str().to_owned(),
                    detail: None,
                    next_delay_ms: None,
                }];
                return Err(failure);
            };
            let mut held = Probe(self, probe);
            let outcome = self.inner.complete(call).await;
            held.1 = false;
            let failed = matches!(&outcome, Err(failure) if failure.cause.counts_against_provider());
            self.note(failed, probe);
            outcome
        })
    }
}
