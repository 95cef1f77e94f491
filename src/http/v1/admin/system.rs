//! `/v1/admin/system`: the state of the service for operators, and reading the settings again.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::Json;
use crate::http::extract::roles::{AdminOnly, Operators};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::operations::check_health::HealthReport;
use crate::service::operations::reload::{ReloadReport, reload};
use crate::service::operations::servers::{ServerView, servers};

/// The state of this process.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SystemStatus {
    version: String,
    /// `stata` or `open`.
    engine: String,
    llm_configured: bool,
    draining: bool,
    started_at: DateTime<Utc>,
    uptime_seconds: i64,
    store: StoreFacts,
    /// Heads of the audit chains, for comparison with anchors.
    audit_heads: Vec<AuditHead>,
    /// Jobs of all tenants by status.
    jobs: BTreeMap<String, u64>,
    health: HealthReport,
    /// The servers that share the store; null for an embedded store, and while the database does not answer.
    servers: Option<Vec<ServerView>>,
    last_reload: Option<ReloadReport>,
}

/// State of the store.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StoreFacts {
    sequence: u64,
    fault: Option<String>,
    quarantined_records: u64,
    damaged_tables: Vec<String>,
    waiting_commits: u64,
}

/// Last event of a chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditHead {
    chain: u32,
    seq: u64,
    hash: String,
}

/// The facts of `system_status`.
pub const STATUS_FACTS: RouteFacts = RouteFacts::NONE;

/// Shows the state of the service.
///
/// Version, store, heads of the audit chains, health with reasons, jobs by status, the servers
/// that share the store and the last reload of the settings.
#[utoipa::path(get, path = "/v1/admin/system/status", tag = "admin", operation_id = "system_status",
    security(("api_key" = ["operator", "admin"])), responses((status = 200, body = SystemStatus)))]
pub async fn status(State(app): State<App>, _access: KeyAccess<Operators>) -> Json<SystemStatus> {
    let facts = app.ctx.store_status();
    let health = app.health.ready(false);
    Json(SystemStatus {
        version: health.version.clone(),
        engine: app.ctx.options.engine_kind.clone(),
        llm_configured: app.ctx.model.is_some(),
        draining: app.health.is_draining(),
        started_at: app.started_at,
        uptime_seconds: i64::try_from(app.started.elapsed().as_secs()).unwrap_or(i64::MAX),
        store: StoreFacts {
            sequence: facts.sequence,
            fault: facts.fault,
            quarantined_records: facts.quarantined_records,
            damaged_tables: facts.damaged_tables,
            waiting_commits: facts.waiting_commits,
        },
        audit_heads: facts
            .audit_heads
            .into_iter()
            .map(|(chain, seq, hash)| AuditHead { chain, seq, hash })
            .collect(),
        jobs: facts.jobs.iter().map(|(status, count)| (status.as_str().to_owned(), *count)).collect(),
        health,
        servers: servers(&app.ctx).await,
        last_reload: app.ctx.reloading.last(),
    })
}

/// The facts of `system_reload`.
pub const RELOAD_SETTINGS_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::ConfigReloadFailed]], ..RouteFacts::NONE };

/// Reloads the settings and the files of secrets; invalid settings change nothing.
///
/// The same as SIGHUP. `restart_needed` lists settings that take effect only after a restart. If any setting is
/// invalid, all are rejected.
#[utoipa::path(post, path = "/v1/admin/system/reload", tag = "admin", operation_id = "system_reload",
    security(("api_key" = ["admin"])), responses((status = 200, body = ReloadReport)))]
pub async fn reload_settings(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
) -> Result<Json<ReloadReport>, ApiError> {
    Ok(Json(reload(&app.ctx, &access.caller).await?))
}
