//! `/v1/admin/task-codes`: create, list, revoke, delete.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{listed_tenant, tenant_of};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::CodeId;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::{Json, OptionalJson, Path, Query};
use crate::http::extract::roles::{AdminOnly, CodeKeepers};
use crate::http::middleware::idempotency::HoldsSecret;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::jobs::list::checked_limit;
use crate::service::access::credential_views::TaskCodeView;
use crate::service::access::credentials::Ports;
use crate::service::access::task_codes::{CreateTaskCodes, DeleteTaskCode, ListTaskCodes, RevokeTaskCode};

/// Number, tenant and life of new codes.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTaskCodesBody {
    /// 1 to 500.
    count: usize,
    /// 30 when absent.
    expires_in_days: Option<u32>,
    tenant_id: Option<String>,
}

/// Task codes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaskCodeList {
    task_codes: Vec<TaskCodeView>,
    next_cursor: Option<String>,
}

/// Why.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why, for people; kept in the audit event.
    pub reason: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// 1 to 200; 50 when absent.
    pub(in crate::http::v1) limit: Option<usize>,
    pub(in crate::http::v1) cursor: Option<String>,
}

/// The code's segment.
#[derive(Debug, Deserialize)]
pub struct CodeSegment {
    code_id: String,
}

fn code_id(segment: CodeSegment) -> Result<CodeId, Problem> {
    CodeId::parse(segment.code_id)
        .map_err(|_| Problem::new(ErrorCode::TaskCodeNotFound, "there is no such task code"))
}

/// The facts of `create_task_codes`.
pub const CREATE_FACTS: RouteFacts = RouteFacts { secret: true, ..RouteFacts::NONE };

/// Creates task codes of a tenant.
///
/// At most 500 at once. Only this response shows each `task_code`; the service keeps its hash.
#[utoipa::path(post, path = "/v1/admin/task-codes", tag = "admin", operation_id = "create_task_codes",
    request_body = CreateTaskCodesBody, security(("api_key" = ["client", "admin"])),
    responses((status = 201, body = TaskCodeList)))]
pub async fn create(
    State(app): State<App>,
    access: KeyAccess<CodeKeepers>,
    Json(body): Json<CreateTaskCodesBody>,
) -> Result<Response, ApiError> {
    let tenant = tenant_of(&access, body.tenant_id)?;
    let issued = CreateTaskCodes(Ports::from(app.ctx.as_ref()))
        .execute(&access.caller, &tenant, body.count, body.expires_in_days)
        .await?;
    let resource =
        issued.first().map(|code| format!("task_code:{}", code.record.code_id)).unwrap_or_default();
    let task_codes = issued.iter().map(TaskCodeView::issued).collect();
    let mut response =
        (StatusCode::CREATED, Json(TaskCodeList { task_codes, next_cursor: None })).into_response();
    response.extensions_mut().insert(HoldsSecret { resource });
    Ok(response)
}

/// The facts of `list_task_codes`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists task codes, newest first.
///
/// The codes themselves are never shown again; `status` is the state of each.
#[utoipa::path(get, path = "/v1/admin/task-codes", tag = "admin", operation_id = "list_task_codes",
    params(PageQuery), security(("api_key" = ["client", "admin"])),
    responses((status = 200, body = TaskCodeList)))]
pub async fn list(
    State(app): State<App>,
    access: KeyAccess<CodeKeepers>,
    Query(page): Query<PageQuery>,
) -> Result<Json<TaskCodeList>, ApiError> {
    let page = ListTaskCodes(Ports::from(app.ctx.as_ref()))
        .execute(listed_tenant(&access), page.cursor, checked_limit(page.limit)?)
        .await?;
    let now = app.ctx.clock.now();
    let task_codes = page.items.iter().map(|record| TaskCodeView::of(record, now)).collect();
    Ok(Json(TaskCodeList { task_codes, next_cursor: page.next_cursor }))
}

/// The facts of `revoke_task_code`.
pub const REVOKE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::TaskCodeNotFound]], ..RouteFacts::NONE };

/// Revokes a code; the token of a job made with it ends too.
///
/// Revoking a redeemed code also revokes its job's token; the job stays. Repeating the revocation returns the
/// same response.
#[utoipa::path(post, path = "/v1/admin/task-codes/{code_id}/revoke", tag = "admin",
    operation_id = "revoke_task_code", params(("code_id" = String, Path)), request_body = Reason,
    security(("api_key" = ["client", "admin"])), responses((status = 200, body = TaskCodeView)))]
pub async fn revoke(
    State(app): State<App>,
    access: KeyAccess<CodeKeepers>,
    Path(segment): Path<CodeSegment>,
    OptionalJson(body): OptionalJson<Reason>,
) -> Result<Json<TaskCodeView>, ApiError> {
    let tenant = listed_tenant(&access);
    let caller = access.caller.because(body.reason);
    let record = RevokeTaskCode(Ports::from(app.ctx.as_ref()))
        .execute(&caller, tenant.as_ref(), &code_id(segment)?)
        .await?;
    Ok(Json(TaskCodeView::of(&record, app.ctx.clock.now())))
}

/// The facts of `delete_task_code`.
pub const DELETE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::TaskCodeNotFound]], ..RouteFacts::NONE };

/// Deletes a code; a tombstone keeps it from working again.
///
/// Jobs created with it stay. Repeating the deletion returns the same response.
#[utoipa::path(delete, path = "/v1/admin/task-codes/{code_id}", tag = "admin",
    operation_id = "delete_task_code", params(("code_id" = String, Path)),
    security(("api_key" = ["admin"])), responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    access: KeyAccess<AdminOnly>,
    Path(segment): Path<CodeSegment>,
) -> Result<StatusCode, ApiError> {
    let tenant = listed_tenant(&access);
    DeleteTaskCode(Ports::from(app.ctx.as_ref()))
        .execute(&access.caller, tenant.as_ref(), &code_id(segment)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
