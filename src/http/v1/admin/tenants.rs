//! `/v1/admin/tenants`: list, read and replace the settings of tenants.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::{Json, Path};
use crate::http::extract::headers::{IfMatch, version_tag};
use crate::http::extract::roles::AdminOnly;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::access::tenants::{TenantBody, TenantView, Tenants};

/// Tenants with their own settings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TenantList {
    tenants: Vec<TenantView>,
}

/// The tenant's segment.
#[derive(Debug, Deserialize)]
pub struct TenantSegment {
    tenant_id: String,
}

fn tenant_id(segment: TenantSegment) -> Result<TenantId, Problem> {
    TenantId::parse(segment.tenant_id).map_err(|e| Problem::validation("tenant_id", e.to_string()))
}

fn tagged(view: TenantView) -> Response {
    let version = view.version;
    let mut response = Json(view).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(version));
    response
}

/// The facts of `list_tenants`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists the tenants that have their own settings, with their usage.
///
/// Tenants without their own settings use those of the service and are not listed.
#[utoipa::path(get, path = "/v1/admin/tenants", tag = "admin", operation_id = "list_tenants",
    security(("api_key" = ["admin"])), responses((status = 200, body = TenantList)))]
pub async fn list(
    State(app): State<App>,
    _access: KeyAccess<AdminOnly>,
) -> Result<Json<TenantList>, ApiError> {
    Ok(Json(TenantList { tenants: Tenants(&app.ctx).list().await? }))
}

/// The facts of `get_tenant`.
pub const GET_FACTS: RouteFacts = RouteFacts { tagged: true, ..RouteFacts::NONE };

/// Reads a tenant's settings and usage; version 0 means that it has no own settings.
///
/// Any tenant can be read; one without its own settings has version 0.
#[utoipa::path(get, path = "/v1/admin/tenants/{tenant_id}", tag = "admin", operation_id = "get_tenant",
    params(("tenant_id" = String, Path)), security(("api_key" = ["admin"])),
    responses((status = 200, body = TenantView)))]
pub async fn get(
    State(app): State<App>,
    _access: KeyAccess<AdminOnly>,
    Path(segment): Path<TenantSegment>,
) -> Result<Response, ApiError> {
    Ok(tagged(Tenants(&app.ctx).get(&tenant_id(segment)?).await?))
}

/// The facts of `put_tenant`.
pub const PUT_FACTS: RouteFacts = RouteFacts { if_match: true, tagged: true, ..RouteFacts::NONE };

/// Replaces all settings of a tenant; a hold stops every removal.
///
/// Fields that the body leaves out fall back to the settings of the service. `If-Match` names the version that is
/// replaced.
#[utoipa::path(put, path = "/v1/admin/tenants/{tenant_id}", tag = "admin", operation_id = "put_tenant",
    params(("tenant_id" = String, Path)), request_body = TenantBody, security(("api_key" = ["admin"])),
    responses((status = 200, body = TenantView)))]
pub async fn put(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    IfMatch(if_match): IfMatch,
    Path(segment): Path<TenantSegment>,
    Json(body): Json<TenantBody>,
) -> Result<Response, ApiError> {
    let view = Tenants(&app.ctx)
        .put(&access.caller, &tenant_id(segment)?, &body, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(tagged(view))
}
