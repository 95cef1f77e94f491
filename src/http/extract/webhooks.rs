//! Access to the endpoints of webhooks under `/v1/webhooks/{webhook_id}`: a job's token reaches those of its job, a key those
//! of its tenant.

use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use serde::Deserialize;

use super::access::{AnyCredential, Permission, forbidden, stated_tenant};
use super::body::Path;
use crate::domain::credential::{Principal, Role};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::WebhookId;
use crate::http::error::ApiError;
use crate::http::state::App;
use crate::service::Caller;
use crate::service::webhooks::endpoints::Reach;

/// The endpoint of a request, and what the caller reaches.
pub struct WebhookAccess<P> {
    /// Endpoints that the caller may use; whether this one is among them is decided by the use case.
    pub reach: Reach,
    /// Actor, trace and address for audit events.
    pub caller: Caller,
    id: Option<WebhookId>,
    permission: PhantomData<P>,
}

impl<P> WebhookAccess<P> {
    /// Returns the endpoint of the path.
    ///
    /// # Errors
    /// `WEBHOOK_NOT_FOUND` for what is no id.
    pub fn id(&self) -> Result<&WebhookId, Problem> {
        let absent = || Problem::new(ErrorCode::WebhookNotFound, "there is no such webhook");
        self.id.as_ref().ok_or_else(absent)
    }
}

#[derive(Deserialize)]
struct Segment {
    webhook_id: String,
}

impl<P: Permission, S> FromRequestParts<S> for WebhookAccess<P>
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(segment) = Path::<Segment>::from_request_parts(parts, state).await?;
        let AnyCredential { principal, caller, .. } = AnyCredential::from_request_parts(parts, state).await?;
        let stated = stated_tenant(&parts.headers)?;
        let reach = match principal {
            Principal::JobToken { tenant, job_id } => Reach::Job(tenant, job_id),
            Principal::ApiKey { role, .. } if !P::allows(role) => return Err(forbidden().into()),
            // as lists: administrators who name no tenant reach every one
            Principal::ApiKey { role: Role::Admin, .. } if stated.is_none() => Reach::Tenant(None),
            Principal::ApiKey { tenant, .. } => Reach::Tenant(Some(tenant)),
        };
        let id = WebhookId::parse(segment.webhook_id).ok();
        Ok(Self { reach, caller, id, permission: PhantomData })
    }
}
