//! `GET /v1/admin/audit`: who changed what, when and why.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::listed_tenant;
use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::error::Problem;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::{Json, Query};
use crate::http::extract::roles::Operators;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::operations::read_audit::ReadAudit;

/// Most events of one page.
const MAX_LIMIT: usize = 200;

/// Filters of events; absent ones do not apply.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// `job:<id>`, `task_code:<id>`, `api_key:<id>`, `tenant:<id>`, `route:<method> <route>` …
    resource: Option<String>,
    /// `plan.frozen`; with a dot at its end all actions with this prefix: `run.`
    action: Option<String>,
    /// The public id of a credential, or the part of the service.
    actor: Option<String>,
    /// Not before.
    since: Option<DateTime<Utc>>,
    /// Before.
    until: Option<DateTime<Utc>>,
    /// 1 to 200; 50 when absent.
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One page of events, newest first. A page may be short, even empty, while there is a `next_cursor`: a
/// query without an index scans a bounded part of the chain at a time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    #[schema(value_type = Vec<Object>)]
    events: Vec<ChainedEvent>,
    next_cursor: Option<String>,
}

/// The facts of `find_audit_events`.
pub const FACTS: RouteFacts = RouteFacts::NONE;

/// Finds audit events of the key's tenant; for administrators without X-SS-Tenant-ID those of every tenant.
///
/// The chain of the audit trail, newest first; each event has the hash of the one before it. Pages are
/// bounded in work: follow `next_cursor` to its end even where a page is empty.
#[utoipa::path(get, path = "/v1/admin/audit", tag = "admin", operation_id = "find_audit_events",
    params(AuditQuery), security(("api_key" = ["operator", "admin"])),
    responses((status = 200, body = AuditPage)))]
pub async fn handler(
    State(app): State<App>,
    access: KeyAccess<Operators>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    let limit = query.limit.unwrap_or(50);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(Problem::validation("limit", format!("must be 1 to {MAX_LIMIT}")).into());
    }
    let before = match query.cursor.as_deref().map(str::parse) {
        None => u64::MAX,
        Some(Ok(seq)) => seq,
        Some(Err(_)) => {
            return Err(Problem::validation("cursor", "use next_cursor as it was answered").into());
        }
    };
    let asked = AuditFilter {
        tenant: listed_tenant(&access),
        resource: query.resource,
        action: query.action,
        actor: query.actor,
        since: query.since,
        until: query.until,
    };
    let (events, next) = ReadAudit(&app.ctx).execute(asked, before, limit).await?;
    Ok(Json(AuditPage { events, next_cursor: next.map(|seq| seq.to_string()) }))
}
