//! Language models behind the port `llm`: clients of two wire formats and the decorators around them. The
//! composition root decides which decorator wraps which.

mod anthropic;
mod breaker;
mod chain;
pub(super) mod headers;
mod key;
mod openai;
mod provider;
mod reach;
mod retry;
mod sse;
mod transport;

pub use anthropic::Anthropic;
pub use breaker::{Breaker, BreakerOptions};
pub use chain::{Budget, Concurrency, Failover};
pub use key::LiveKey;
pub use openai::OpenAi;
pub use provider::{Provider, ProviderOptions};
pub use reach::{Dialect, Reach};
pub use retry::{Retry, RetryOptions};
pub use transport::{Timeouts, install_tls};
