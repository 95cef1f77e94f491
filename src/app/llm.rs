//! The language model as the service uses it. From the outside in: a budget per tenant, failover over the
//! providers, and for each of them retries, a breaker, a bound on calls at once, the client.

use std::sync::Arc;
use std::time::Duration;

use super::options::{LlmEndpoint, LlmOptions, LlmWire};
use crate::adapters::guard::Guard;
use crate::adapters::llm::{
    Anthropic, Breaker, BreakerOptions, Budget, Concurrency, Failover, OpenAi, Provider, ProviderOptions,
    Retry, RetryOptions, Timeouts,
};
use crate::ports::clock::Clock;
use crate::ports::llm::{Llm, LlmMeter, Usage};
use crate::service::drafts::model_draft::Model;
use crate::telemetry::metrics::Metrics;

/// Builds the model.
///
/// # Errors
/// A text that says what is wrong with the certificates.
pub fn model(
    options: &LlmOptions,
    clock: &Arc<dyn Clock>,
    meter: &Arc<dyn LlmMeter>,
) -> Result<Model, String> {
    let providers = options
        .endpoints
        .iter()
        .map(|endpoint| provider(endpoint, options, clock, meter))
        .collect::<Result<Vec<_>, _>>()?;
    let failover = Arc::new(Failover::new(providers));
    Ok(Model {
        llm: Arc::new(Budget::new(failover, Arc::clone(clock), options.tokens_per_day)),
        max_output_tokens: options.max_output_tokens,
        wait: options.preview_wait,
        budget: options.draft_budget,
    })
}

fn provider(
    endpoint: &LlmEndpoint,
    options: &LlmOptions,
    clock: &Arc<dyn Clock>,
    meter: &Arc<dyn LlmMeter>,
) -> Result<Arc<dyn Llm>, String> {
    let name = endpoint.wire.as_str();
    let connection = Provider::new(
        ProviderOptions {
            name: name.to_owned(),
            base_url: endpoint.base_url.clone(),
            api_key: endpoint.api_key.clone(),
            model: endpoint.model.clone(),
            temperature: options.temperature,
            timeouts: Timeouts {
                connect: options.connect_timeout,
                first_byte: options.first_byte_timeout,
                idle: options.idle_timeout,
                total: options.timeout,
            },
            ca_pem: options.ca_pem.clone(),
            guard: options.addresses.clone().map(Guard::new),
        },
        Arc::clone(clock),
    )?;
    let client: Arc<dyn Llm> = match endpoint.wire {
        LlmWire::OpenAi => Arc::new(OpenAi::new(connection)),
        LlmWire::Anthropic => Arc::new(Anthropic::new(connection)),
    };
    let bounded = Arc::new(Concurrency::new(client, options.concurrency, options.timeout));
    let breaker = BreakerOptions { failures: 5, open_for: Duration::from_secs(30) };
    let broken = Arc::new(Breaker::new(bounded, Arc::clone(meter), name, breaker));
    let retries = RetryOptions {
        max_attempts: options.max_attempts,
        base: Duration::from_millis(500),
        cap: Duration::from_secs(8),
        total: options.draft_budget,
    };
    Ok(Arc::new(Retry::new(broken, Arc::clone(meter), name, &endpoint.model, retries)))
}

/// Reports calls to the metrics of the process.
pub struct ToMetrics(pub Arc<Metrics>);

impl LlmMeter for ToMetrics {
    fn attempt(&self, provider: &str, model: &str, outcome: &str, elapsed: Duration) {
        self.0.llm.attempt(provider, model, outcome, elapsed);
    }

    fn retry(&self, provider: &str) {
        self.0.llm.retry(provider);
    }

    fn tokens(&self, provider: &str, model: &str, usage: Usage) {
        self.0.llm.tokens(provider, model, "input", usage.input_tokens);
        self.0.llm.tokens(provider, model, "output", usage.output_tokens);
    }

    fn breaker(&self, provider: &str, open: bool) {
        self.0.llm.breaker(provider, open);
    }
}
