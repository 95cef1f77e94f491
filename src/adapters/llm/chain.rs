//! The decorators around several providers or around all of them: a bound on calls at once, a declared
//! second provider, a budget of tokens per tenant and day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::domain::ids::TenantId;
use crate::ports::clock::Clock;
use crate::ports::llm::{Llm, LlmCall, LlmCause, LlmFailure, LlmReply};

/// At most so many calls of this process are under way; others wait up to a bound.
pub struct Concurrency {
    inner: Arc<dyn Llm>,
    permits: Semaphore,
    wait: Duration,
}

impl Concurrency {
    /// Wraps a provider with a number of calls at once and the longest wait for one's turn.
    pub fn new(inner: Arc<dyn Llm>, calls: usize, wait: Duration) -> Self {
        Self { inner, permits: Semaphore::new(calls.max(1)), wait }
    }
}

impl Llm for Concurrency {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let Ok(permit) = tokio::time::timeout(self.wait, self.permits.acquire()).await else {
                return Err(LlmFailure::new(LlmCause::Busy, "too many calls of this service are under way"));
            };
            let _permit = permit.expect("the semaphore is never closed");
            self.inner.complete(call).await
        })
    }
}

/// Asks the providers in their order until one answers. Attempts of all of them are kept in the answer, which
/// names the provider that gave it.
pub struct Failover {
    providers: Vec<Arc<dyn Llm>>,
}

impl Failover {
    /// Builds the chain; `providers` is not empty.
    pub fn new(providers: Vec<Arc<dyn Llm>>) -> Self {
        Self { providers }
    }
}

impl Llm for Failover {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let mut notes = Vec::new();
            let mut last = LlmFailure::new(LlmCause::Connect, "no provider is configured");
            for provider in &self.providers {
                let outcome = provider.complete(call).await;
                let add = |attempts: &mut Vec<_>, notes: &mut Vec<_>| {
                    notes.append(attempts);
                    for (attempt, note) in (1..).zip(notes.iter_mut()) {
                        let note: &mut crate::ports::llm::AttemptNote = note;
                        note.attempt = attempt;
                    }
                };
                match outcome {
                    Ok(mut reply) => {
                        add(&mut reply.attempts, &mut notes);
                        reply.attempts = notes;
                        return Ok(reply);
                    }
                    Err(mut failure) => {
                        add(&mut failure.attempts, &mut notes);
                        let goes_on = failure.cause.may_fail_over();
                        last = failure;
                        if !goes_on {
                            break;
                        }
                    }
                }
            }
            last.attempts = notes;
            Err(last)
        })
    }
}

/// A tenant may use so many tokens a day (UTC). Counted after each answer, so that one call may pass the line.
pub struct Budget {
    inner: Arc<dyn Llm>,
    clock: Arc<dyn Clock>,
    tokens_per_day: u64,
    used: Mutex<(NaiveDate, HashMap<TenantId, u64>)>,
}

impl Budget {
    /// Wraps the chain; 0 tokens mean no bound.
    pub fn new(inner: Arc<dyn Llm>, clock: Arc<dyn Clock>, tokens_per_day: u64) -> Self {
        let today = clock.now().date_naive();
        Self { inner, clock, tokens_per_day, used: Mutex::new((today, HashMap::new())) }
    }

    fn with_today<T>(&self, act: impl FnOnce(&mut HashMap<TenantId, u64>) -> T) -> T {
        let today = self.clock.now().date_naive();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.0 != today {
            *used = (today, HashMap::new());
        }
        act(&mut used.1)
    }
}

impl Llm for Budget {
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>> {
        Box::pin(async move {
            let used = self.with_today(|used| used.get(&call.tenant).copied().unwrap_or(0));
            if self.tokens_per_day > 0 && used >= self.tokens_per_day {
                let detail = format!("{used} of {} tokens of today are used", self.tokens_per_day);
                let mut failure = LlmFailure::new(LlmCause::Budget, detail);
                let now = self.clock.now();
                let midnight = (now.date_naive() + chrono::Days::new(1)).and_time(chrono::NaiveTime::MIN);
                failure.retry_after = (midnight.and_utc() - now).to_std().ok();
                return Err(failure);
            }
            let reply = self.inner.complete(call).await?;
            let tokens = reply.usage.input_tokens + reply.usage.output_tokens;
            self.with_today(|used| *used.entry(call.tenant.clone()).or_default() += tokens);
            Ok(reply)
        })
    }
}
