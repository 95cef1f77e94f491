//! Whether a provider can be reached and takes the key: its list of models is requested, which costs no tokens
//! and tells no data. For health; calls have their own errors.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::key::LiveKey;
use super::transport::{self, Timeouts};
use crate::adapters::guard::Guard;

/// Paths and headers of a wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `Authorization: Bearer`, as every compatible endpoint takes it.
    OpenAi,
    /// `x-api-key` with `anthropic-version`.
    Anthropic,
}

/// One provider to be asked.
pub struct Reach {
    http: reqwest::Client,
    dialect: Dialect,
    url: String,
    key: LiveKey,
    limit: Duration,
}

impl Reach {
    /// Prepares; `base_url` is that of the provider's client, without a slash at its end.
    ///
    /// # Errors
    /// A text that says what is wrong with the certificates.
    pub fn new(
        dialect: Dialect,
        base_url: &str,
        key: LiveKey,
        limit: Duration,
        ca_pem: Option<&[u8]>,
        guard: Option<&Guard>,
    ) -> Result<Self, String> {
        let timeouts = Timeouts { connect: limit, first_byte: limit, idle: limit, total: limit };
        let url = match dialect {
            Dialect::OpenAi => format!("{base_url}/models"),
            Dialect::Anthropic => format!("{base_url}/v1/models"),
        };
        Ok(Self { http: transport::client(&timeouts, ca_pem, guard)?, dialect, url, key, limit })
    }

    /// Asks once.
    ///
    /// # Errors
    /// Why the provider does not count as reachable, without the key.
    pub async fn ask(&self) -> Result<(), String> {
        let key = self.key.read();
        let request = self.http.get(&self.url);
        let request = match self.dialect {
            Dialect::OpenAi => request.bearer_auth(key.expose_secret()),
            Dialect::Anthropic => request
                .header("x-api-key", key.expose_secret())
                .header("anthropic-version", super::anthropic::VERSION),
        };
        let answer = match tokio::time::timeout(self.limit, request.send()).await {
            Err(_) => return Err(format!("no answer within {:.0} s", self.limit.as_secs_f64().max(1.0))),
            Ok(Err(error)) if error.is_connect() => return Err("it cannot be reached".to_owned()),
            Ok(Err(_)) => return Err("the connection broke".to_owned()),
            Ok(Ok(answer)) => answer.status().as_u16(),
        };
        match answer {
            401 | 403 => Err(format!("it refuses the key (HTTP {answer})")),
            500.. => Err(format!("it is out of order (HTTP {answer})")),
            // Some servers have no list of models, or limit it: they answer, and that is what was asked.
            _ => Ok(()),
        }
    }
}
