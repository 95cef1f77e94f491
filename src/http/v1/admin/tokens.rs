//! `/v1/admin/tokens`: personal tokens of administrators.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::task_codes::Reason;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::KeyId;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::{Json, OptionalJson, Path};
use crate::http::extract::roles::AdminOnly;
use crate::http::middleware::idempotency::HoldsSecret;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::access::credential_views::PersonalTokenView;
use crate::service::access::credentials::Ports;
use crate::service::access::personal_tokens::{PersonalTokens, not_found};

/// Label and life of a new token.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTokenBody {
    /// At most 200 characters.
    label: Option<String>,
    /// 90 when absent.
    expires_in_days: Option<u32>,
}

/// Personal tokens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PersonalTokenList {
    tokens: Vec<PersonalTokenView>,
}

/// The token's segment.
#[derive(Debug, Deserialize)]
pub struct TokenSegment {
    token_id: String,
}

fn token_id(segment: TokenSegment) -> Result<KeyId, Problem> {
    KeyId::parse(segment.token_id).map_err(|_| not_found())
}

/// The facts of `create_admin_token`.
pub const CREATE_FACTS: RouteFacts = RouteFacts { secret: true, ..RouteFacts::NONE };

/// Creates a personal token for the requesting administrator.
///
/// Only this response shows the token. It works as an `admin` key until it expires or is revoked.
#[utoipa::path(post, path = "/v1/admin/tokens", tag = "admin", operation_id = "create_admin_token",
    request_body = CreateTokenBody, security(("api_key" = ["admin"])),
    responses((status = 201, body = PersonalTokenView)))]
pub async fn create(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    OptionalJson(body): OptionalJson<CreateTokenBody>,
) -> Result<Response, ApiError> {
    let issued = PersonalTokens(Ports::from(app.ctx.as_ref()))
        .create(&access.caller, body.label, body.expires_in_days)
        .await?;
    let mut response = (StatusCode::CREATED, Json(PersonalTokenView::issued(&issued))).into_response();
    response.extensions_mut().insert(HoldsSecret { resource: issued.record.resource() });
    Ok(response)
}

/// The facts of `list_admin_tokens`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists personal tokens.
///
/// Of every administrator; secrets are never shown.
#[utoipa::path(get, path = "/v1/admin/tokens", tag = "admin", operation_id = "list_admin_tokens",
    security(("api_key" = ["admin"])), responses((status = 200, body = PersonalTokenList)))]
pub async fn list(
    State(app): State<App>,
    _access: KeyAccess<AdminOnly>,
) -> Result<Json<PersonalTokenList>, ApiError> {
    let tokens = PersonalTokens(Ports::from(app.ctx.as_ref())).list().await?;
    Ok(Json(PersonalTokenList { tokens: tokens.iter().map(PersonalTokenView::from).collect() }))
}

/// The facts of `revoke_admin_token`.
pub const REVOKE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::AdminTokenNotFound]], ..RouteFacts::NONE };

/// Revokes a personal token at once.
///
/// It stays in the list. Repeating the revocation returns the same response.
#[utoipa::path(post, path = "/v1/admin/tokens/{token_id}/revoke", tag = "admin",
    operation_id = "revoke_admin_token", params(("token_id" = String, Path)), request_body = Reason,
    security(("api_key" = ["admin"])), responses((status = 200, body = PersonalTokenView)))]
pub async fn revoke(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    Path(segment): Path<TokenSegment>,
    OptionalJson(body): OptionalJson<Reason>,
) -> Result<Json<PersonalTokenView>, ApiError> {
    let caller = access.caller.because(body.reason);
    let record = PersonalTokens(Ports::from(app.ctx.as_ref())).revoke(&caller, &token_id(segment)?).await?;
    Ok(Json(PersonalTokenView::from(&record)))
}

/// The facts of `delete_admin_token`.
pub const DELETE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::AdminTokenNotFound]], ..RouteFacts::NONE };

/// Deletes a personal token; it stops working at once.
///
/// It is also removed from the list; its actions stay in the audit trail.
#[utoipa::path(delete, path = "/v1/admin/tokens/{token_id}", tag = "admin",
    operation_id = "delete_admin_token", params(("token_id" = String, Path)),
    security(("api_key" = ["admin"])), responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    Path(segment): Path<TokenSegment>,
) -> Result<StatusCode, ApiError> {
    PersonalTokens(Ports::from(app.ctx.as_ref())).delete(&access.caller, &token_id(segment)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
