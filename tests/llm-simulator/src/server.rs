//! The provider as a whole: what it holds, its routes, and how it serves and ends.

mod admin;
mod call;
mod keys;
mod limits;
mod metrics;
mod routes;
mod socket;
mod written;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use edge::client::TrustedProxies;
use edge::cors::Cors;
use edge::security::SecurityHeaders;
use edge::serve::Bounds;
use tokio::sync::Semaphore;

use self::keys::Keys;
use self::limits::Limits;
use self::metrics::Metrics;
use self::socket::Sockets;
use crate::chaos::Seen;
use crate::settings::Settings;

/// The provider.
pub struct Simulator(Arc<Inner>);

struct Inner {
    settings: Settings,
    keys: Keys,
    admin_keys: Keys,
    /// Keys that were made here.
    issued: AtomicU64,
    limits: Limits,
    /// Places of calls that are worked on at once.
    places: Option<Arc<Semaphore>>,
    waiting: AtomicUsize,
    seen: Seen,
    scripted: Seen,
    metrics: Metrics,
    draining: AtomicBool,
    /// Why an admin called the provider degraded.
    degraded: Mutex<Option<String>>,
    cors: Cors,
    proxies: TrustedProxies,
    sockets: Sockets,
    #[cfg(feature = "otel")]
    spans: Option<Arc<edge::otel::Counters>>,
}

type App = State<Arc<Inner>>;

/// The head of a request with the address it came from, where that is known.
struct Head {
    headers: HeaderMap,
    peer: Option<SocketAddr>,
}

impl<S: Sync> FromRequestParts<S> for Head {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        Ok(Self { headers: parts.headers.clone(), peer })
    }
}

impl Inner {
    /// Spans that were lost on their way, where spans are made.
    #[cfg(feature = "otel")]
    fn lost_spans(&self) -> Option<u64> {
        self.spans.as_ref().map(|counters| counters.dropped() + counters.failed())
    }

    /// No spans are made.
    #[cfg(not(feature = "otel"))]
    fn lost_spans(&self) -> Option<u64> {
        None
    }
}

impl Simulator {
    /// Builds the provider from settings that [`Settings::check`] accepts; where it does not, what is wrong is
    /// left out.
    pub fn new(settings: Settings) -> Self {
        let places = settings.queue.concurrency;
        let none = edge::cors::Rules { origins: Vec::new(), ..settings.cors_rules() };
        let cors = Cors::new(&settings.cors_rules()).or_else(|_| Cors::new(&none));
        Self(Arc::new(Inner {
            keys: Keys::new(&settings.keys),
            admin_keys: Keys::new(&settings.admin_keys),
            issued: AtomicU64::new(0),
            limits: Limits::new(&settings.limits),
            places: (places > 0).then(|| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)))),
            waiting: AtomicUsize::new(0),
            seen: Seen::default(),
            scripted: Seen::default(),
            metrics: Metrics::default(),
            draining: AtomicBool::new(false),
            degraded: Mutex::new(None),
            cors: cors.expect("an empty list of origins is sound"),
            proxies: settings.proxies().unwrap_or_default(),
            sockets: Sockets::default(),
            #[cfg(feature = "otel")]
            spans: None,
            settings,
        }))
    }

    /// Shows what became of spans in the metrics.
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn with_spans(mut self, counters: Arc<edge::otel::Counters>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.spans = Some(counters);
        }
        self
    }

    /// The routes with what stands in front of them.
    pub fn router(&self) -> Router {
        let inner = &self.0;
        let router = routes::router()
            .merge(admin::router(inner))
            .fallback(routes::nowhere)
            .layer(DefaultBodyLimit::max(inner.settings.max_request_bytes))
            .with_state(Arc::clone(inner));
        inner.cors.clone().wrap(SecurityHeaders::default().wrap(router))
    }

    /// Serves until `stop`, then lets calls end, up to the bound of the settings. Returns how many connections
    /// were broken off.
    ///
    /// # Errors
    /// None at present; an error of the listener passes.
    pub async fn serve(
        self,
        listener: tokio::net::TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<usize> {
        let inner = Arc::clone(&self.0);
        let bounds = Bounds {
            drain: Duration::from_millis(inner.settings.drain_ms),
            // clients keep idle connections for longer than a service would
            header_timeout: Duration::from_secs(60),
            ..Bounds::default()
        };
        let sockets = inner.sockets.clone();
        let signal = async move {
            stop.await;
            inner.draining.store(true, Ordering::Relaxed);
        };
        Ok(edge::serve::serve(listener, sockets, self.router(), bounds, signal).await)
    }
}
