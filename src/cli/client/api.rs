//! Requests of the client: safe to repeat, bounded, and never sent with a credential to another address.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::failure::{Failure, Refusal};
use super::output::Out;
use crate::adapters::ids::SystemIds;
use crate::adapters::llm::install_tls;
use crate::domain::error::ErrorCode;
use crate::ports::ids::IdSource;

/// Attempts of each request that can be repeated.
const ATTEMPTS: u32 = 6;
/// Longest wait that the service may ask for; a longer one is an error for the person, not a silent wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Longest back-off without a wish of the service.
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);
/// Waits from this on are shown.
const SHOWN_PAUSE: Duration = Duration::from_secs(2);
/// Longest time to connect, and longest silence within a response.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(90);
/// Largest JSON document that is read.
const MOST_JSON: usize = 64 << 20;

/// One service and one credential.
pub(in crate::cli) struct Api {
    http: reqwest::Client,
    base: String,
    credential: Option<SecretString>,
    tenant: Option<String>,
    out: Out,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Nothing,
    Json(&'a Value),
    /// Media type, length in bytes, and the bytes from their beginning, for each attempt.
    Stream(&'a str, u64, &'a (dyn Fn() -> reqwest::Body + Send + Sync)),
}

/// Whether a response that is not a success asks for the same request again.
enum Course {
    Done(Response),
    Again(Duration),
}

impl Api {
    /// A client for the service at `base`, with the certificates of `ca_file` instead of the system's.
    ///
    /// # Errors
    /// [`Failure::Read`] or [`Failure::Usage`] for the certificates.
    pub(in crate::cli) fn new(base: &str, ca_file: Option<&Path>, out: Out) -> Result<Self, Failure> {
        install_tls();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENCE)
            // a redirection must not carry a credential elsewhere; downloads follow theirs without one
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stata-service-client/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = ca_file {
            let pem = std::fs::read(path).map_err(|error| Failure::read(path, error))?;
            let roots = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| {
                Failure::Usage(format!("{} holds no certificates: {error}", path.display()))
            })?;
            builder = builder.tls_certs_only(roots);
        }
        let http = builder.build().map_err(|error| Failure::Usage(format!("no HTTPS client: {error}")))?;
        Ok(Self { http, base: base.to_owned(), credential: None, tenant: None, out })
    }

    /// The same service with a credential.
    #[must_use]
    pub(in crate::cli) fn with_credential(mut self, credential: SecretString) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The same service, asked for a tenant.
    #[must_use]
    pub(super) fn for_tenant(mut self, tenant: Option<String>) -> Self {
        self.tenant = tenant;
        self
    }

    pub(in crate::cli) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, Body::Nothing).await
    }

    pub(in crate::cli) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, path, Body::Json(body)).await
    }

    pub(in crate::cli) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(Method::PUT, path, Body::Json(body)).await
    }

    /// Sends a request, repeated while the service asks for that or cannot be reached, and reads its JSON.
    ///
    /// # Errors
    /// [`Failure::Refused`], [`Failure::Unreachable`] after the last attempt, [`Failure::Unexpected`].
    pub(super) async fn send(&self, method: Method, path: &str, body: Body<'_>) -> Result<Value, Failure> {
        self.exchange(method, path, body).await.map(|(_, value)| value)
    }

    /// As [`Self::send`], with the status.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<(StatusCode, Value), Failure> {
        // the same key on each attempt: what was done already is not done again
        let key = (method == Method::POST).then(|| hex::encode(SystemIds.secret(16)));
        let mut attempt = 1;
        loop {
            let mut request = self.request(method.clone(), path);
            if let Some(key) = &key {
                request = request.header("Idempotency-Key", key);
            }
            request = match body {
                Body::Nothing => request,
                Body::Json(value) => request.json(value),
                Body::Stream(media_type, length, bytes) => {
                    request.header(CONTENT_TYPE, media_type).header("Content-Length", length).body(bytes())
                }
            };
            match self.attempt(request, attempt).await? {
                Course::Done(response) => {
                    let response = self.not_elsewhere(response)?;
                    let status = response.status();
                    // the connection may break while the body arrives
                    match read_json(response).await {
                        Ok(value) => return Ok((status, value)),
                        Err(Broken::Cut(cause)) if attempt == ATTEMPTS => {
                            return Err(self.unreachable(&cause));
                        }
                        Err(Broken::Cut(_)) => tokio::time::sleep(backoff(attempt)).await,
                        Err(Broken::NotJson) => return Err(self.not_the_service(status)),
                    }
                }
                Course::Again(pause) => self.wait(pause).await,
            }
            attempt += 1;
        }
    }

    /// Opens a response whose body the caller reads, such as a stream of events.
    pub(super) async fn open(&self, path: &str, headers: &[(&str, String)]) -> Result<Response, Failure> {
        let response = self.open_any(path, headers).await?;
        self.not_elsewhere(response)
    }

    /// As [`Self::open`], redirections included.
    async fn open_any(&self, path: &str, headers: &[(&str, String)]) -> Result<Response, Failure> {
        for attempt in 1.. {
            let mut request = self.request(Method::GET, path);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            match self.attempt(request, attempt).await? {
                Course::Done(response) => return Ok(response),
                Course::Again(pause) => self.wait(pause).await,
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Writes the body of a GET to `target`, at most `most` bytes; returns their number. A redirection is followed
    /// where the caller knows what the bytes must be: once, and without the credential.
    ///
    /// # Errors
    /// As [`Self::send`]; [`Failure::Write`] for the target; a connection that breaks is [`Failure::Unreachable`].
    pub(super) async fn download(
        &self,
        path: &str,
        (most, may_redirect): (u64, bool),
        mut target: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let mut response = self.open_any(path, &[]).await?;
        if !may_redirect {
            response = self.not_elsewhere(response)?;
        }
        if response.status().is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let to = response.url().join(to).map_err(|_| self.not_the_service(response.status()))?;
            response = self.http.get(to).send().await.map_err(|error| self.unreachable(&why(&error)))?;
            if !response.status().is_success() {
                return Err(self.not_the_service(response.status()));
            }
        }
        let mut written: u64 = 0;
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&why(&error)))? {
            written += piece.len() as u64;
            if written > most {
                return Err(Failure::Unexpected(format!("{path} is longer than the service recorded")));
            }
            target(&piece)?;
        }
        Ok(written)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(credential) = &self.credential {
            request = request.bearer_auth(credential.expose_secret());
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("X-SS-Tenant-ID", tenant);
        }
        request
    }

    /// One attempt: a success or redirection, or the pause before the next one.
    async fn attempt(&self, request: RequestBuilder, attempt: u32) -> Result<Course, Failure> {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_builder() => {
                return Err(Failure::Usage(format!("{}: {}", self.base, why(&error))));
            }
            Err(error) if attempt >= ATTEMPTS => return Err(self.unreachable(&why(&error))),
            Err(_) => return Ok(Course::Again(backoff(attempt))),
        };
        let status = response.status();
        if status.is_success() || matches!(status.as_u16(), 307 | 308) {
            return Ok(Course::Done(response));
        }
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let document = match read_json(response).await {
            Ok(document) => document,
            Err(Broken::Cut(_)) if attempt < ATTEMPTS => return Ok(Course::Again(backoff(attempt))),
            Err(_) => Value::Null,
        };
        let later = matches!(status.as_u16(), 429 | 502..=504);
        let Some(refusal) = refusal_of(status, document) else {
            // a proxy in front of a service that is starting
            if later && attempt < ATTEMPTS {
                return Ok(Course::Again(backoff(attempt)));
            }
            return Err(self.not_the_service(status));
        };
        let pause = asked.or(refusal.retry_after).map_or(backoff(attempt), Duration::from_secs);
        // another server is still at work on an earlier sending of this request
        let in_progress = refusal.code == ErrorCode::IdempotencyInProgress.as_str();
        if (later || in_progress) && refusal.retryable && attempt < ATTEMPTS && pause <= LONGEST_PAUSE {
            return Ok(Course::Again(pause));
        }
        Err(Failure::Refused(Box::new(refusal)))
    }

    /// Refuses a redirection: only downloads have them.
    fn not_elsewhere(&self, response: Response) -> Result<Response, Failure> {
        match response.status() {
            status if status.is_redirection() => Err(self.not_the_service(status)),
            _ => Ok(response),
        }
    }

    async fn wait(&self, pause: Duration) {
        if pause >= SHOWN_PAUSE {
            self.out.note(&format!("waiting {} s for {}", pause.as_secs(), self.base));
        }
        tokio::time::sleep(pause).await;
    }

    pub(super) fn unreachable(&self, cause: &str) -> Failure {
        Failure::Unreachable { server: self.base.clone(), cause: cause.to_owned() }
    }

    fn not_the_service(&self, status: StatusCode) -> Failure {
        Failure::Unexpected(format!("{} returned {status} without a document of the service", self.base))
    }
}

/// Exponential back-off with full jitter; `attempt` counts from 1.
pub(super) fn backoff(attempt: u32) -> Duration {
    let longest = (250_u64 << attempt.min(6)).min(LONGEST_BACKOFF.as_millis() as u64);
    let random = SystemIds.secret(2);
    let share = f64::from(u16::from_le_bytes([random[0], random[1]])) / f64::from(u16::MAX);
    Duration::from_millis((longest as f64 * share) as u64)
}

/// Why a body is not a JSON document.
enum Broken {
    Cut(String),
    NotJson,
}

async fn read_json(mut response: Response) -> Result<Value, Broken> {
    let mut body: Vec<u8> = Vec::new();
    loop {
        let piece: Option<Bytes> = response.chunk().await.map_err(|error| Broken::Cut(why(&error)))?;
        let Some(piece) = piece else { break };
        if body.len() + piece.len() > MOST_JSON {
            return Err(Broken::NotJson);
        }
        // a Vec never refuses bytes
        let _ = body.write_all(&piece);
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).map_err(|_| Broken::NotJson)
}

/// The refusal of a problem document; `None` if the service did not write it.
fn refusal_of(status: StatusCode, document: Value) -> Option<Refusal> {
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    document["error_code"].as_str()?;
    Some(Refusal {
        status: status.as_u16(),
        code: text("error_code"),
        message: text("message"),
        trace_id: text("trace_id"),
        retryable: document["retryable"].as_bool().unwrap_or(false),
        retry_after: document["retry_after_seconds"].as_u64(),
        context: document["context"].clone(),
        allowed: Vec::new(),
    })
}

/// The innermost cause of a failed request, which names the reason; its outer texts repeat the address.
fn why(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for attempt in 1..12 {
            assert!(backoff(attempt) <= LONGEST_BACKOFF);
        }
    }
}
