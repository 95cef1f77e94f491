//! State shared by handlers.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::kept_bodies::KeptBodies;
use super::middleware::edge::Edge;
use crate::domain::cluster::Role;
use crate::service::Context;
use crate::service::access::refused_requests::RefusedRequests;
use crate::service::operations::gate::Gate;
use crate::service::shared::key_locks::KeyLocks;
use crate::telemetry::metrics::Metrics;

/// Shared by every handler. A request clones it several times, so it is one pointer.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// Shares the parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// State shared by the handlers.
pub struct Parts {
    /// Dependencies of the use cases.
    pub ctx: Arc<Context>,
    /// What this server does among those that share its store.
    pub role: Role,
    /// Metrics that `/metrics` exports.
    pub metrics: Arc<Metrics>,
    /// Locks of requests with one `Idempotency-Key`, so that they run one after the other.
    pub idempotency_locks: Arc<KeyLocks<String>>,
    /// Audit events of refused requests, limited per minute.
    pub refused: Arc<RefusedRequests>,
    /// When this process was built.
    pub started_at: DateTime<Utc>,
    /// The same on the clock that nobody sets.
    pub started: Instant,
    /// Limits and headers in force.
    pub edge: Arc<Edge>,
    /// Results of the background checks.
    pub health: Arc<crate::service::operations::check_health::Health>,
    /// Whether business routes are served.
    pub gate: Arc<Gate>,
    /// Bodies of jobs that were read lately.
    pub bodies: KeptBodies,
}
