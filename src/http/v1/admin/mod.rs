//! Administration: login, keys and tokens, task codes, jobs, tenants, the state of the system.

pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod jobs;
pub mod system;
pub mod task_codes;
pub mod tenants;
pub mod tokens;

use crate::domain::credential::Role;
use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::roles::Roles;

/// Returns the tenant of an admin request: the body's `tenant_id` for administrators, else the key's.
///
/// # Errors
/// `TENANT_ID_UNSAFE`-like validation for a bad id; `JOB_NOT_FOUND`-like refusals never: another tenant's
/// things are absent for keys of a tenant.
pub fn tenant_of<R: Roles>(access: &KeyAccess<R>, stated: Option<String>) -> Result<TenantId, Problem> {
    let Some(text) = stated else { return Ok(access.tenant.clone()) };
    let tenant = TenantId::parse(text).map_err(|e| Problem::validation("tenant_id", e.to_string()))?;
    if access.role == Role::Admin && access.stated_tenant.as_ref().is_none_or(|header| *header == tenant) {
        return Ok(tenant);
    }
    if tenant == access.tenant {
        return Ok(tenant);
    }
    Err(Problem::validation("tenant_id", "must agree with the credential and with X-SS-Tenant-ID"))
}

/// Returns the tenant whose things a list shows; administrators without a stated tenant see all.
pub fn listed_tenant<R: Roles>(access: &KeyAccess<R>) -> Option<TenantId> {
    match (access.role, &access.stated_tenant) {
        (Role::Admin, None) => None,
        _ => Some(access.tenant.clone()),
    }
}
