//! The servers that share the store, as operators see them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::cluster::{NodeState, Role};
use crate::ports::cluster::Server;
use crate::service::shared::context::Context;

/// Longest wait for the database: the state of the service is also asked for while it does not answer.
const WAIT: Duration = Duration::from_secs(2);

/// A server that is live or drains.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ServerView {
    /// Its name, which belongs to its data directory.
    node_id: String,
    /// Number of its start; each start of any server has another one.
    epoch: u64,
    /// `all`, `api` or `worker`.
    #[schema(value_type = String)]
    role: Role,
    /// `live`, or `draining` once it takes no more work.
    #[schema(value_type = String)]
    state: NodeState,
    /// False while it is silent; others declare it lost a while later.
    has_lease: bool,
    /// True for the one that does what one server does for all: webhooks and records of batches.
    leads: bool,
    /// True for the one that answers.
    is_this: bool,
    version: String,
    /// How other servers reach it; null if it does not say.
    address: Option<String>,
    /// The engine that was attested there; null outside of production and where none is.
    engine: Option<String>,
    started_at: DateTime<Utc>,
    /// End of its lease unless it is renewed (RFC 3339, UTC).
    lease_until: DateTime<Utc>,
}

/// Returns the servers that share the store; none for an embedded store, and while the database does not answer.
pub async fn servers(ctx: &Context) -> Option<Vec<ServerView>> {
    let cluster = ctx.cluster.as_ref()?;
    let me = cluster.me();
    let found = tokio::time::timeout(WAIT, cluster.servers()).await.ok()?.ok()?;
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    let view = |server: Server| ServerView {
        is_this: server.node == me,
        node_id: server.node.node_id.to_string(),
        epoch: server.node.epoch,
        role: server.role,
        state: server.state,
        has_lease: server.has_lease,
        leads: server.leads,
        version: server.version,
        address: said(server.address),
        engine: said(server.engine),
        started_at: server.started_at,
        lease_until: server.lease_until,
    };
    Some(found.into_iter().map(view).collect())
}
