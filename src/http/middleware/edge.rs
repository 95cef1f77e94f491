//! Checks of every request before its route: limits on its head, on its rate and on its time, the address of
//! its client, and the headers that protect its response. Rates by credential and tenant are checked when the
//! credential is known, by the extractors of `access.rs`.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::response::{IntoResponse, Response};
use edge::client::{TrustedProxies, limit_key};
use edge::cors::{BadOrigins, Cors, Rules};
use edge::limit::{Decision, Limiter, Rate, write_headers};
use edge::security::SecurityHeaders;
use edge::serve::{Exempt, Place};

use super::body_idle_timeout::{self, JsonLimit};
use super::observe::RequestMeta;
use super::streams::{OpenStream, Streams};
use crate::domain::credential::Principal;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::http::error::ApiError;
use crate::http::state::App;

/// Longest path with its query, in bytes.
pub const MAX_URI_BYTES: usize = 8 << 10;
/// Most headers of a request, and most bytes of them.
pub const MAX_HEADERS: usize = 100;
/// See [`MAX_HEADERS`].
pub const MAX_HEADER_BYTES: usize = 32 << 10;
/// Most callers of each kind that are counted at once.
const MAX_KEYS: usize = 50_000;
/// When a client that got a place of the reserve may try again, in seconds.
const PLACE_RETRY: u64 = 2;
/// Time for which a browser may reuse a file without asking again.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);
/// How long a browser keeps to TLS.
const HSTS_AGE: Duration = Duration::from_secs(365 * 86_400);

/// Rates of requests: so many a second, so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests of one credential: per second, at once.
    pub credential: (u32, u32),
    /// Requests of one tenant: per second, at once.
    pub tenant: (u32, u32),
    /// Requests of one address: per second, at once.
    pub address: (u32, u32),
}

/// How requests are met; `rates`, `streams`, `origins` and `proxies` can be replaced while serving.
#[derive(Debug, Clone)]
pub struct EdgeRules {
    /// Rates of credentials, tenants and addresses.
    pub rates: Rates,
    /// Open streams of events of one credential.
    pub streams: usize,
    /// Origins of web pages that may call the service; `*` is every origin.
    pub origins: Vec<String>,
    /// Proxies whose forwarded addresses are trusted.
    pub proxies: TrustedProxies,
    /// Largest JSON body, in bytes.
    pub json_max_bytes: usize,
    /// Time limit of a request that is no upload, download or stream.
    pub request_timeout: Duration,
    /// Longest pause between two chunks of a body.
    pub body_timeout: Duration,
    /// The service itself speaks TLS.
    pub tls: bool,
}

/// The limits and headers in force.
pub struct Edge {
    /// Rules for web pages of other origins.
    pub cors: Cors,
    headers: SecurityHeaders,
    proxies: Arc<ArcSwap<TrustedProxies>>,
    streams: Streams,
    pub(super) credential: Limiter<String>,
    pub(super) tenant: Limiter<TenantId>,
    pub(super) address: Limiter<IpAddr>,
    json_limit: JsonLimit,
    request_timeout: Duration,
    body_timeout: Duration,
}

/// Decisions of the limiters on one request.
#[derive(Debug, Default)]
pub struct Decisions(Mutex<Vec<Decision>>);

impl Decisions {
    fn add(&self, decision: Decision) {
        let mut decisions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if decisions.is_empty() {
            // address, credential, tenant
            decisions.reserve_exact(3);
        }
        decisions.push(decision);
    }

    /// Writes the headers of what was decided.
    pub fn write(&self, headers: &mut HeaderMap) {
        write_headers(headers, &self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Edge {
    /// Builds limits and headers.
    ///
    /// # Errors
    /// An origin that is none.
    pub fn new(rules: &EdgeRules) -> Result<Self, BadOrigins> {
        let headers = SecurityHeaders::default();
        let rates = rules.rates;
        Ok(Self {
            cors: Cors::new(&cors_rules(&rules.origins))?,
            headers: if rules.tls { headers.with_hsts(HSTS_AGE) } else { headers },
            proxies: Arc::new(ArcSwap::from_pointee(rules.proxies.clone())),
            streams: Streams::new(rules.streams),
            credential: Limiter::new("credential", rate(rates.credential), MAX_KEYS),
            tenant: Limiter::new("tenant", rate(rates.tenant), MAX_KEYS),
            address: Limiter::new("address", rate(rates.address), MAX_KEYS),
            json_limit: JsonLimit(rules.json_max_bytes),
            request_timeout: rules.request_timeout,
            body_timeout: rules.body_timeout,
        })
    }

    /// Puts other rates, origins and proxies in force.
    ///
    /// # Errors
    /// An origin that is none; then everything stays as it was.
    pub fn replace(&self, rules: &EdgeRules) -> Result<(), BadOrigins> {
        self.cors.replace_origins(&rules.origins)?;
        self.credential.set_rate(rate(rules.rates.credential));
        self.tenant.set_rate(rate(rules.rates.tenant));
        self.address.set_rate(rate(rules.rates.address));
        self.streams.set_most(rules.streams);
        self.proxies.store(Arc::new(rules.proxies.clone()));
        Ok(())
    }

    /// The client of a connection: the peer, or whom a trusted proxy names.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.proxies.load().client(peer, headers)
    }

    /// The addresses whose connections are not counted: proxies bring those of many clients.
    pub fn proxies(&self) -> Exempt {
        let proxies = Arc::clone(&self.proxies);
        Exempt::when(move |peer| proxies.load().trusts(peer))
    }

    /// Opens a stream of events of a known caller.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn open_stream(&self, principal: &Principal) -> Result<OpenStream, Problem> {
        self.streams.open(credential_of(principal))
    }

    /// Writes the headers that protect an answer.
    pub fn protect(&self, headers: &mut HeaderMap) {
        self.headers.write(headers);
    }

    /// Counts a request of a known caller.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn admit(&self, principal: &Principal, decisions: &Decisions) -> Result<(), Problem> {
        self.judged(self.credential.take(&credential_of(principal)), decisions)?;
        self.judged(self.tenant.take(principal.tenant()), decisions)
    }

    fn judged(&self, decision: Decision, decisions: &Decisions) -> Result<(), Problem> {
        decisions.add(decision);
        if decision.is_allowed {
            return Ok(());
        }
        let seconds = decision.retry_after.as_secs_f64().ceil().max(1.0);
        let message = format!("too many requests of this {}; wait before the next one", decision.name);
        Err(Problem::new(ErrorCode::RateLimited, message)
            .with("limit", decision.name)
            .retry_after(seconds as u64))
    }

    /// Checks what is known before the route: the size of the head, and the rate of the address.
    fn meet(&self, request: &Request) -> Result<(), Problem> {
        let uri = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        if uri > MAX_URI_BYTES {
            let message = format!("path and query are longer than {MAX_URI_BYTES} bytes");
            return Err(Problem::new(ErrorCode::UriTooLong, message).with("limit_bytes", MAX_URI_BYTES));
        }
        let headers = request.headers();
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
            let message = format!(
                "there are more than {MAX_HEADERS} headers, or more than {MAX_HEADER_BYTES} bytes of them"
            );
            return Err(Problem::new(ErrorCode::HeadersTooLarge, message)
                .with("limit_count", MAX_HEADERS)
                .with("limit_bytes", MAX_HEADER_BYTES));
        }
        let path = request.uri().path();
        let probe = path.starts_with("/health/") || path == "/metrics";
        if !probe && request.extensions().get::<Place>() == Some(&Place::Reserve) {
            let message =
                "too many connections, of this address or in all; close some, or wait for others to end";
            return Err(Problem::new(ErrorCode::RateLimited, message)
                .with("limit", "connections")
                .retry_after(PLACE_RETRY));
        }
        let meta = request.extensions().get::<RequestMeta>();
        match meta.and_then(|meta| Some((meta.address?, &meta.decisions))) {
            Some((address, decisions)) if !probe => {
                self.judged(self.address.take(&limit_key(address)), decisions)
            }
            _ => Ok(()),
        }
    }
}

/// A name of the caller's credential.
fn credential_of(principal: &Principal) -> String {
    match principal {
        Principal::JobToken { tenant, job_id } => ["job:", tenant.as_str(), ":", job_id.as_str()].concat(),
        Principal::ApiKey { key_id, .. } => format!("key:{key_id}"),
    }
}

fn rate((per_second, burst): (u32, u32)) -> Rate {
    Rate::per_second(per_second.max(1).into(), burst.max(1)).expect("one a second and more is a rate")
}

/// CORS rules for pages of allowed origins. Credentials go in a header, never in cookies.
fn cors_rules(origins: &[String]) -> Rules {
    let name = HeaderName::from_static;
    Rules {
        origins: origins.to_vec(),
        methods: vec![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
        request_headers: vec![
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            name("idempotency-key"),
            header::RANGE,
            name("last-event-id"),
            name("x-ss-tenant-id"),
            name("traceparent"),
        ],
        exposed_headers: vec![
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            edge::limit::RATE_LIMIT,
            edge::limit::RATE_LIMIT_POLICY,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            name("x-trace-id"),
            name("x-request-id"),
            name("idempotency-replayed"),
        ],
        allows_credentials: false,
        max_age: PREFLIGHT_AGE,
    }
}

/// Passes a request on within its limits.
pub async fn guard<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if let Err(problem) = app.edge.meet(&request) {
        return ApiError::from(problem).into_response();
    }
    let takes_its_time = request.extensions().get::<MatchedPath>().is_some_and(|path| is_long(path.as_str()));
    let (mut request, stalled) = body_idle_timeout::bound_body(request, app.edge.body_timeout);
    request.extensions_mut().insert(app.edge.json_limit);
    let answer = next(request);
    let response = if takes_its_time {
        answer.await
    } else {
        match tokio::time::timeout(app.edge.request_timeout, answer).await {
            Ok(response) => response,
            Err(_) => ApiError::from(overdue()).into_response(),
        }
    };
    if stalled.happened() && response.status().is_client_error() {
        let problem = Problem::new(ErrorCode::RequestTimeout, "the body stopped arriving");
        return ApiError::from(problem).into_response();
    }
    response
}

/// Passes a request on whose head is within its bounds; nothing else is asked.
pub async fn bound_head<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    match app.edge.meet(&request) {
        Ok(()) => next(request).await,
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

fn overdue() -> Problem {
    Problem::new(ErrorCode::ServiceNotReady, "the answer took too long; what was begun goes on or is undone")
        .retry_after(2)
}

/// Routes that take as long as their bodies (uploads, downloads, streams) or as the reading of a file, which has its own
/// limits and can be cancelled.
fn is_long(route: &str) -> bool {
    ["/upload", "/sheet", "/log", "/events", "/capsule", "/render", "/interpretation", "{*rel_path}"]
        .iter()
        .any(|part| route.contains(part))
}
