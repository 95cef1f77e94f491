//! `/v1/admin/auth`: the administrator's login with name and password, and the logout.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::credential::KeyKind;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{Anonymous, KeyAccess};
use crate::http::extract::body::Json;
use crate::http::extract::roles::AdminOnly;
use crate::http::middleware::idempotency::HoldsSecret;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::access::admin_session::{Login, LoginRequest, Logout};
use crate::service::access::credentials::Ports;

/// The account of the settings (`admin.username`, `admin.password_hash`).
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    username: String,
    #[schema(format = Password)]
    password: String,
}

/// The session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LoginAnswer {
    /// `sss_<id>_<secret>`, for `Authorization: Bearer`.
    token: String,
    session_id: String,
    username: String,
    expires_at: Option<DateTime<Utc>>,
}

/// The facts of `admin_login`.
pub const LOGIN_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::AuthLoginFailed]],
    secret: true,
    tenant_header: true,
    ..RouteFacts::NONE
};

/// Opens a session. Wrong names and wrong passwords get the same response and are throttled.
///
/// The account is in the settings of the service. After ten failures within a minute, by address or
/// account, the next attempt must wait (429).
#[utoipa::path(post, path = "/v1/admin/auth/login", tag = "admin", operation_id = "admin_login",
    request_body = LoginBody, responses((status = 200, body = LoginAnswer)))]
pub async fn login(
    State(app): State<App>,
    anonymous: Anonymous,
    Json(body): Json<LoginBody>,
) -> Result<Response, ApiError> {
    let request =
        LoginRequest { username: body.username, password: body.password.into(), network: anonymous.network };
    let issued = Login(&app.ctx).execute(&anonymous.caller, request).await?;
    let record = &issued.record;
    let mut response = Json(LoginAnswer {
        token: issued.api_key.clone(),
        session_id: record.key_id.to_string(),
        username: record.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default(),
        expires_at: record.expires_at,
    })
    .into_response();
    response.extensions_mut().insert(HoldsSecret { resource: record.resource() });
    Ok(response)
}

/// The facts of `admin_logout`.
pub const LOGOUT_FACTS: RouteFacts = RouteFacts::NONE;

/// Ends the session of the request.
///
/// Only for sessions; API keys and personal tokens are revoked instead.
#[utoipa::path(post, path = "/v1/admin/auth/logout", tag = "admin", operation_id = "admin_logout",
    security(("api_key" = ["admin"])), responses((status = 204)))]
pub async fn logout(State(app): State<App>, access: KeyAccess<AdminOnly>) -> Result<StatusCode, ApiError> {
    if access.kind != KeyKind::Session {
        let message = "only a session can log out; API keys and personal tokens are revoked";
        return Err(Problem::new(ErrorCode::AuthTokenForbidden, message).into());
    }
    Logout(Ports::from(app.ctx.as_ref())).execute(&access.caller, &access.key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
