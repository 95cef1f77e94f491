//! Permissions as types: a handler's argument list names the permission, and the extractor enforces it.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use edge::client::limit_key;
use serde::Deserialize;

use super::body::Path;
use super::link;
use super::roles::Roles;
use crate::domain::audit::Actor;
use crate::domain::bundle::job_of_session;
use crate::domain::credential::{KeyKind, Principal, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, KeyId, TenantId};
use crate::domain::job::JobRecord;
use crate::http::error::ApiError;
use crate::http::middleware::observe::RequestMeta;
use crate::http::state::App;
use crate::service::Caller;
use crate::service::access::authenticate::{Authenticated, authenticate, parse_credential};

/// A permission on the job routes.
pub trait Permission: Send + Sync {
    /// True if an API key of this role has it. Job tokens have every permission on their own job.
    fn allows(role: Role) -> bool;
    /// True for routes that no job token opens, not even its own job's.
    const KEYS_ONLY: bool = false;
    /// True for what is still there once a job's content was removed.
    const WITHOUT_CONTENT: bool = false;
}

/// GET on a job's routes that need its content.
#[derive(Debug)]
pub struct Read;
/// GET of what stays when a job's content is removed: the job, ids, hashes.
#[derive(Debug)]
pub struct ReadTrace;
/// Removal of a job's content.
#[derive(Debug)]
pub struct Remove;
/// Changes of inputs, draft and plan.
#[derive(Debug)]
pub struct Change;
/// Run and cancel.
#[derive(Debug)]
pub struct Operate;
/// Permission to administer; no job token has it.
#[derive(Debug)]
pub struct Administer;

impl Permission for Read {
    fn allows(_: Role) -> bool {
        true
    }
}

impl Permission for ReadTrace {
    fn allows(_: Role) -> bool {
        true
    }
    const WITHOUT_CONTENT: bool = true;
}

impl Permission for Remove {
    fn allows(role: Role) -> bool {
        matches!(role, Role::Operator | Role::Admin)
    }
    const WITHOUT_CONTENT: bool = true;
}

impl Permission for Change {
    fn allows(role: Role) -> bool {
        matches!(role, Role::Client | Role::Admin)
    }
}

impl Permission for Operate {
    fn allows(role: Role) -> bool {
        matches!(role, Role::Client | Role::Operator | Role::Admin)
    }
}

impl Permission for Administer {
    fn allows(role: Role) -> bool {
        matches!(role, Role::Operator | Role::Admin)
    }
    const KEYS_ONLY: bool = true;
    const WITHOUT_CONTENT: bool = true;
}

/// A job that the caller may use in the way `P` says, and who the caller is.
pub struct JobAccess<P> {
    /// The record as it was when access was checked; its version guards later commits.
    pub job: Arc<JobRecord>,
    /// The authenticated caller: the job's token, or a key of its tenant.
    pub principal: Principal,
    /// Actor, trace and address for audit events.
    pub caller: Caller,
    permission: PhantomData<P>,
}

/// The job id in a route's path, or the upload session that names its job; other segments are read by the
/// handler.
#[derive(Deserialize)]
struct JobSegment {
    job_id: Option<String>,
    upload_session_id: Option<String>,
}

impl JobSegment {
    fn job_id(self) -> Result<JobId, Problem> {
        let of_session = self.upload_session_id.as_deref().and_then(job_of_session).map(str::to_owned);
        JobId::parse(self.job_id.or(of_session).unwrap_or_default()).map_err(|_| not_found())
    }
}

impl<P: Permission, S> FromRequestParts<S> for JobAccess<P>
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = App::from_ref(state);
        let Path(segment) = Path::<JobSegment>::from_request_parts(parts, state).await?;
        let job_id = segment.job_id();
        let linked = match &job_id {
            Ok(job_id) => link::linked(parts, &app, job_id).await?,
            Err(_) => None,
        };
        let Authenticated { principal, job } = match linked {
            Some(authenticated) => authenticated,
            None => principal_of(parts, &app).await?,
        };
        let job_id = job_id?;
        let job = match &principal {
            Principal::JobToken { .. } if P::KEYS_ONLY => return Err(forbidden().into()),
            Principal::JobToken { job_id: own, .. } if *own != job_id => {
                Some(cell_of(&app, &principal, &job_id).await?)
            }
            Principal::ApiKey { role, .. } if !P::allows(*role) => return Err(forbidden().into()),
            _ => job,
        };
        let job = match job {
            Some(job) => job,
            None => app.ctx.load_shared_job(principal.tenant(), &job_id).await?,
        };
        let meta = parts.extensions.get::<RequestMeta>();
        meta.expect("the observe layer runs before every handler").trace.is_about(&job);
        if !P::WITHOUT_CONTENT {
            job.check_kept()?;
        }
        let caller = caller_of(parts, principal.actor());
        Ok(Self { job, principal, caller, permission: PhantomData })
    }
}

/// Returns a cell of a batch of the job whose token this is; the token opens no other job.
async fn cell_of(app: &App, principal: &Principal, job_id: &JobId) -> Result<Arc<JobRecord>, Problem> {
    let Principal::JobToken { tenant, job_id: own } = principal else { return Err(forbidden()) };
    match app.ctx.load_shared_job(tenant, job_id).await {
        Ok(job) if job.cell.as_ref().is_some_and(|cell| cell.job_id == *own) => Ok(job),
        Err(problem) if problem.code != ErrorCode::JobNotFound => Err(problem),
        _ => Err(forbidden()),
    }
}

/// A valid credential of any kind.
pub struct AnyCredential {
    /// The authenticated caller.
    pub principal: Principal,
    /// The client's network, for the limits on failed attempts.
    pub network: String,
    /// Actor, trace and address for audit events.
    pub caller: Caller,
}

impl<S> FromRequestParts<S> for AnyCredential
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = App::from_ref(state);
        let Authenticated { principal, .. } = principal_of(parts, &app).await?;
        let caller = caller_of(parts, principal.actor());
        Ok(Self { principal, network: network_of(parts), caller })
    }
}

/// An API key, session or personal token with one of the roles `R`; job tokens are refused.
pub struct KeyAccess<R> {
    /// Tenant of the request: the key's, or the header's where an administrator names one.
    pub tenant: TenantId,
    /// The header's tenant, where the request names one.
    pub stated_tenant: Option<TenantId>,
    /// Role of the key, one of `R`.
    pub role: Role,
    /// Kind of the credential: API key, session or personal token.
    pub kind: KeyKind,
    /// Public id of the credential.
    pub key_id: KeyId,
    /// Actor, trace and address for audit events.
    pub caller: Caller,
    roles: PhantomData<R>,
}

impl<R: Roles, S> FromRequestParts<S> for KeyAccess<R>
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = App::from_ref(state);
        let Authenticated { principal, .. } = principal_of(parts, &app).await?;
        let stated_tenant = stated_tenant(&parts.headers)?;
        let caller = caller_of(parts, principal.actor());
        match principal {
            Principal::ApiKey { tenant, key_id, role, kind } if R::ALLOWED.contains(&role) => {
                tracing::Span::current().record("tenant_id", tenant.as_str());
                Ok(Self { tenant, stated_tenant, role, kind, key_id, caller, roles: PhantomData })
            }
            _ => Err(forbidden().into()),
        }
    }
}

/// A caller without a credential (redeem, login): its tenant is the header's, or `default`.
pub struct Anonymous {
    /// Tenant of the request; nothing proves it.
    pub tenant: TenantId,
    /// The client's network, for the limits on failed attempts.
    pub network: String,
    /// Actor, trace and address for audit events.
    pub caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for Anonymous {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let tenant = stated_tenant(&parts.headers)?.unwrap_or_else(TenantId::default_tenant);
        let caller = caller_of(parts, Actor { kind: "task_code".to_owned(), id: String::new() });
        Ok(Self { tenant, network: network_of(parts), caller })
    }
}

async fn principal_of(parts: &Parts, app: &App) -> Result<Authenticated, Problem> {
    let known = identify(parts, app).await?;
    admit(parts, app, &known.principal)?;
    Ok(known)
}

/// Returns whom the request's credential stands for, without counting the request.
///
/// # Errors
/// `AUTH_*`, `TENANT_ID_UNSAFE`, `JOB_NOT_FOUND` for another tenant's header, `RATE_LIMITED` after failures.
pub(in crate::http) async fn identify(parts: &Parts, app: &App) -> Result<Authenticated, Problem> {
    let stated = stated_tenant(&parts.headers);
    let bearer = only_value(&parts.headers, &header::AUTHORIZATION).map_err(|()| {
        Problem::new(
            ErrorCode::AuthBearerTokenInvalid,
            "the request has two different Authorization headers; send one",
        )
    })?;
    let bearer = bearer.ok_or_else(|| {
        Problem::new(
            ErrorCode::AuthBearerTokenMissing,
            "send Authorization: Bearer with the job token or an API key",
        )
    })?;
    let credential = bearer
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            Problem::new(
                ErrorCode::AuthBearerTokenInvalid,
                "the Authorization header is not a bearer credential",
            )
        })?;
    authenticate(&app.ctx, parse_credential(credential)?, stated?.as_ref(), || network_of(parts)).await
}

/// Returns the value of a header that may be sent once; an error where it is sent with different values, of which a proxy
/// and the service could read different ones.
fn only_value<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.all(|value| Some(value) == first) { Ok(first) } else { Err(()) }
}

/// Counts a request against the rates of its caller.
///
/// # Errors
/// `RATE_LIMITED`.
pub(in crate::http) fn admit(parts: &Parts, app: &App, principal: &Principal) -> Result<(), Problem> {
    let meta = parts.extensions.get::<RequestMeta>().expect("the observe layer runs before every handler");
    app.edge.admit(principal, &meta.decisions)
}

/// The network that failures of a client count against: the address, or the /64 of an IPv6 one, which one
/// subscriber has whole.
fn network_of(parts: &Parts) -> String {
    let address = parts.extensions.get::<RequestMeta>().and_then(|meta| meta.address);
    address.map(|address| limit_key(address).to_string()).unwrap_or_default()
}

pub(super) fn stated_tenant(headers: &HeaderMap) -> Result<Option<TenantId>, Problem> {
    let name = header::HeaderName::from_static("x-ss-tenant-id");
    let value = only_value(headers, &name).map_err(|()| {
        Problem::new(
            ErrorCode::TenantIdUnsafe,
            "the request has two different X-SS-Tenant-ID headers; send one",
        )
    })?;
    let Some(value) = value else { return Ok(None) };
    value.to_str().ok().and_then(|text| TenantId::parse(text).ok()).map(Some).ok_or_else(|| {
        Problem::new(
            ErrorCode::TenantIdUnsafe,
            "X-SS-Tenant-ID must have 1 to 64 letters, digits, - or _, and begin with a letter or digit",
        )
    })
}

fn caller_of(parts: &Parts, actor: Actor) -> Caller {
    let meta = parts.extensions.get::<RequestMeta>().expect("the observe layer runs before every handler");
    Caller {
        actor,
        trace_id: meta.trace.id().clone(),
        address: meta.address.map(|a| a.to_string()),
        reason: None,
    }
}

pub(super) fn forbidden() -> Problem {
    Problem::new(ErrorCode::AuthTokenForbidden, "this credential does not permit that")
}

fn not_found() -> Problem {
    Problem::new(ErrorCode::JobNotFound, "there is no such job")
}
