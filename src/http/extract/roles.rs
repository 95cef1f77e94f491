//! Which roles a route of keys takes: named in the handler's argument list, enforced before the body is read.

use crate::domain::credential::Role;

/// The roles of an API key that a route takes.
pub trait Roles: Send + Sync {
    /// The roles.
    const ALLOWED: &'static [Role];
}

/// Every role.
#[derive(Debug)]
pub struct AnyRole;
/// Administrators.
#[derive(Debug)]
pub struct AdminOnly;
/// Roles that may create task codes for clients.
#[derive(Debug)]
pub struct CodeKeepers;
/// Roles that may operate the service.
#[derive(Debug)]
pub struct Operators;

impl Roles for AnyRole {
    const ALLOWED: &'static [Role] = &[Role::Viewer, Role::Client, Role::Operator, Role::Admin];
}

impl Roles for AdminOnly {
    const ALLOWED: &'static [Role] = &[Role::Admin];
}

impl Roles for CodeKeepers {
    const ALLOWED: &'static [Role] = &[Role::Client, Role::Admin];
}

impl Roles for Operators {
    const ALLOWED: &'static [Role] = &[Role::Operator, Role::Admin];
}
