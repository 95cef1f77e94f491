//! Asks a provider again after failures that may pass: exponential back-off with full jitter, the provider's
//! own wait obeyed, attempts and total time bounded. One log event per attempt.
//! Source of the back-off: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::headers::LONGEST_WAIT;
use crate::ports::llm::{AttemptNote, Llm, LlmCall, LlmFailure, LlmMeter, LlmReply};

/// Bounds of the attempts.
#[derive(Debug, Clone, Copy)]
pub struct RetryOptions {
    /// At least 1.
    pub max_attempts: u32,
    /// Longest wait before the second attempt without a word of the provider.
    pub base: Duration,
    /// Upper bound of the exponentially growing wait, before jitter.
    pub cap: Duration,
    /// No attempt begins after this time, counted from the first.
    pub total: Duration,
}

/// The decorator.
pub struct Retry {
    inner: Arc<dyn Llm>,
    meter: Arc<dyn LlmMeter>,
    provider: String,
    model: String,
    options: RetryOptions,
}

impl Retry {
    /// Wraps one provider.
    pub fn new(
        inner: Arc<dyn Llm>,
        meter: Arc<dyn LlmMeter>,
        provider: &str,
        model: &str,
        options: RetryOptions,
    ) -> Self {
        Self { inner, meter, provider: provider.to_owned(), model: model.to_owned(), options }
    }

    /// The wait before the next attempt, or none if there is to be no other.
    fn delay(&self, failure: &LlmFailure, attempt: u32, started: Instant) -> Option<Duration> {
        if attempt >= self.options.max_attempts || !failure.is_retryable() {
            return None;
        }
        let delay = match failure.retry_after {
            Some(wait) if wait > LONGEST_WAIT => return None,
            Some(wait) => wait,
            None => jitter(self.options, attempt),
        };
        (started.elapsed() + delay < self.options.total).then_some(delay)
    }

    /// The span of one attempt, by the OpenTelemetry conventions for generative AI (client spans).
    fn span(&self, call: &LlmCall, attempt: u32) -> Span {
        let span = tracing::debug_span!(
            "chat",
            otel.name = Empty,
            otel.kind = "client",
            otel.status_code = Empty,
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = self.provider.as_str(),
            gen_ai.request.model = self.model.as_str(),
            gen_ai.request.max_tokens = call.max_output_tokens,
            gen_ai.output.type = "json",
            gen_ai.response.model = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            error.type = Empty,
            http.status_code = Empty,
            ss.llm.purpose = call.purpose,
            ss.llm.attempt = attempt,
        );
        if !span.is_disabled() {
            span.record("otel.name", format!("chat {}", self.model));
        }
        span
    }

    /// A provider's message may repeat the prompt and is therefore not logged.
    fn log(&self, call: &LlmCall, note: &AttemptNote, status: Option<u16>) {
        let (provider, model) = (self.provider.as_str(), self.model.as_str());
        let (attempt, elapsed_ms) = (note.attempt, note.elapsed_ms);
        let (outcome, next_delay_ms) = (note.outcome.as_str(), note.next_delay_ms);
        let purpose = call.purpose;
        if outcome.ends_with("_timeout") {
            tracing::warn!(
                event = "SS_LLM_TIMEOUT",
                provider,
                model,
                purpose,
                attempt,
                elapsed_ms,
                outcome,
                next_delay_ms,
                "the language model did not answer in time"
            );
        } else {
            tracing::info!(
                event = "SS_LLM_ATTEMPT",
                provider,
                model,
                purpose,
                attempt,
                elapsed_ms,
                outcome,
                status,
                next_delay_ms,
                "an attempt at the language model ended"
            );
        }
        self.meter.attempt(provider, model, outcome, Duration::from_millis(elapsed_ms));
    }
}

/// Completes the span of an attempt; words of the provider or the prompt never stand in it.
fn tell(span: &Span, outcome: &Result<LlmReply, LlmFailure>) {
    match outcome {
        Ok(reply) => {
            span.record("gen_ai.response.model", reply.model.as_str());
            span.record("gen_ai.usage.input_tokens", reply.usage.input_tokens);
            span.record("gen_ai.usage.output_tokens", reply.usage.output_tokens);
        }
        Err(failure) => {
            span.record("otel.status_code", "error");
            span.record("error.type", failure.cause.as_str());
            if let Some(status) = failure.status {
                span.record("http.status_code", status);
            }
        }
    }
}

/// Uniform between 0 and `base * 2^(attempt - 1)`, capped.
fn jitter(options: RetryOptions, attempt: u32) -> Duration {
    let ceiling = options.base.saturating_mul(2u32.saturating_pow(attempt - 1)).min(options.cap);
    // a new state hashes with new random keys
    let draw = RandomState::new().hash_one(attempt) as u32;
    ceiling.mul_f64(f64::from(draw) / f64::from(u32::MAX))
}

impl Llm for Retry {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let started = Instant::now();
            let mut notes: Vec<AttemptNote> = Vec::new();
            for attempt in 1.. {
                let span = self.span(call, attempt);
                let outcome = self.inner.complete(call).instrument(span.clone()).await;
                tell(&span, &outcome);
                drop(span);
                let mut note = match &outcome {
                    Ok(reply) => reply.attempts.last().cloned(),
                    Err(failure) => failure.attempts.last().cloned(),
                };
                if let Some(note) = &mut note {
                    note.attempt = attempt;
                }
                match outcome {
                    Ok(mut reply) => {
                        note.iter().for_each(|note| self.log(call, note, None));
                        self.meter.tokens(&self.provider, &self.model, reply.usage);
                        notes.extend(note);
                        reply.attempts = notes;
                        return Ok(reply);
                    }
                    Err(mut failure) => {
                        let delay = self.delay(&failure, attempt, started);
                        if let Some(note) = &mut note {
                            note.next_delay_ms =
                                delay.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
                        }
                        note.iter().for_each(|note| self.log(call, note, failure.status));
                        notes.extend(note);
                        let Some(delay) = delay else {
                            failure.attempts = notes;
                            return Err(failure);
                        };
                        self.meter.retry(&self.provider);
                        tokio::time::sleep(delay).await;
                    }
                }
            }
            unreachable!("the loop ends with an answer or a failure")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_stays_under_its_cap_and_is_spread() {
        let options = RetryOptions {
            max_attempts: 9,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(8),
            total: Duration::from_secs(60),
        };
        for (attempt, most) in [(1, 500), (2, 1_000), (5, 8_000), (9, 8_000), (40, 8_000)] {
            let draws: Vec<_> = (0..200).map(|_| jitter(options, attempt)).collect();
            assert!(draws.iter().all(|d| *d <= Duration::from_millis(most)), "attempt {attempt}");
            assert!(draws.iter().any(|d| *d < Duration::from_millis(most / 2)), "attempt {attempt}");
            assert!(draws.iter().any(|d| *d > Duration::from_millis(most / 2)), "attempt {attempt}");
        }
    }
}
