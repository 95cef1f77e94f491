//! `/v1/admin/api-keys`: create, list, rotate, revoke.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::task_codes::Reason;
use super::{listed_tenant, tenant_of};
use crate::domain::credential::Role;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::KeyId;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::{Json, OptionalJson, Path};
use crate::http::extract::roles::AdminOnly;
use crate::http::middleware::idempotency::HoldsSecret;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::access::api_keys::{
    CreateApiKey, IssuedKey, ListApiKeys, NewApiKey, RevokeApiKey, RotateApiKey,
};
use crate::service::access::credential_views::ApiKeyView;
use crate::service::access::credentials::Ports;

/// Role, tenant and life of a new key.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKeyBody {
    role: Role,
    tenant_id: Option<String>,
    label: Option<String>,
    /// Never when absent.
    expires_in_days: Option<u32>,
}

/// Overlap during which the old key still works.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateBody {
    /// 24 when absent; 0 ends the old key at once.
    overlap_hours: Option<u32>,
}

/// API keys.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ApiKeyList {
    api_keys: Vec<ApiKeyView>,
}

/// The key's segment.
#[derive(Debug, Deserialize)]
pub struct KeySegment {
    key_id: String,
}

fn key_id(segment: KeySegment) -> Result<KeyId, Problem> {
    KeyId::parse(segment.key_id)
        .map_err(|_| Problem::new(ErrorCode::ApiKeyNotFound, "there is no such API key"))
}

fn shown_once(issued: &IssuedKey) -> Response {
    let resource = format!("api_key:{}", issued.record.key_id);
    let mut response = (StatusCode::CREATED, Json(ApiKeyView::from(issued))).into_response();
    response.extensions_mut().insert(HoldsSecret { resource });
    response
}

/// The facts of `create_api_key`.
pub const CREATE_FACTS: RouteFacts = RouteFacts { secret: true, ..RouteFacts::NONE };

/// Creates an API key.
///
/// Only this response shows the key; the service keeps its hash. The tenant comes from `tenant_id` or
/// `X-SS-Tenant-ID`, else `default`.
#[utoipa::path(post, path = "/v1/admin/api-keys", tag = "admin", operation_id = "create_api_key",
    request_body = CreateApiKeyBody, security(("api_key" = ["admin"])),
    responses((status = 201, body = ApiKeyView)))]
pub async fn create(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    Json(body): Json<CreateApiKeyBody>,
) -> Result<Response, ApiError> {
    let new = NewApiKey {
        tenant_id: tenant_of(&access, body.tenant_id)?,
        role: body.role,
        label: body.label,
        expires_in_days: body.expires_in_days,
    };
    let issued = CreateApiKey(Ports::from(app.ctx.as_ref())).execute(&access.caller, new).await?;
    Ok(shown_once(&issued))
}

/// The facts of `list_api_keys`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists API keys.
///
/// Secrets are never shown. Administrators who name no tenant see the keys of every tenant.
#[utoipa::path(get, path = "/v1/admin/api-keys", tag = "admin", operation_id = "list_api_keys",
    security(("api_key" = ["admin"])), responses((status = 200, body = ApiKeyList)))]
pub async fn list(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
) -> Result<Json<ApiKeyList>, ApiError> {
    let keys = ListApiKeys(Ports::from(app.ctx.as_ref())).execute(listed_tenant(&access)).await?;
    Ok(Json(ApiKeyList { api_keys: keys.iter().map(ApiKeyView::from).collect() }))
}

/// The facts of `rotate_api_key`.
pub const ROTATE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::ApiKeyNotFound]], secret: true, ..RouteFacts::NONE };

/// Replaces a key by a new one; the old one still works for the given overlap.
///
/// The new key has the role, tenant and label of the old one. With `overlap_hours: 0` the old one ends at
/// once.
#[utoipa::path(post, path = "/v1/admin/api-keys/{key_id}/rotate", tag = "admin",
    operation_id = "rotate_api_key", params(("key_id" = String, Path)), request_body = RotateBody,
    security(("api_key" = ["admin"])), responses((status = 201, body = ApiKeyView)))]
pub async fn rotate(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    Path(segment): Path<KeySegment>,
    OptionalJson(body): OptionalJson<RotateBody>,
) -> Result<Response, ApiError> {
    let tenant = listed_tenant(&access);
    let issued = RotateApiKey(Ports::from(app.ctx.as_ref()))
        .execute(&access.caller, tenant.as_ref(), &key_id(segment)?, body.overlap_hours)
        .await?;
    Ok(shown_once(&issued))
}

/// The facts of `revoke_api_key`.
pub const REVOKE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::ApiKeyNotFound]], ..RouteFacts::NONE };

/// Revokes an API key at once.
///
/// The next request with the key is already refused. Repeating the revocation returns the same response; the
/// bootstrap key ends with its setting.
#[utoipa::path(post, path = "/v1/admin/api-keys/{key_id}/revoke", tag = "admin",
    operation_id = "revoke_api_key", params(("key_id" = String, Path)), request_body = Reason,
    security(("api_key" = ["admin"])), responses((status = 200, body = ApiKeyView)))]
pub async fn revoke(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    Path(segment): Path<KeySegment>,
    OptionalJson(body): OptionalJson<Reason>,
) -> Result<Json<ApiKeyView>, ApiError> {
    let tenant = listed_tenant(&access);
    let caller = access.caller.because(body.reason);
    let record = RevokeApiKey(Ports::from(app.ctx.as_ref()))
        .execute(&caller, tenant.as_ref(), &key_id(segment)?, app.ctx.accounts.load().bootstrap_key.as_ref())
        .await?;
    Ok(Json(ApiKeyView::from(&record)))
}
