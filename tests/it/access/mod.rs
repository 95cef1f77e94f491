//! Credentials: who gets in, who may do what, and how guessing is slowed down.

pub(crate) mod admin_access;
mod api_keys;
mod authorization;
mod idempotency;
pub(crate) mod redeem;
mod tenants;
mod trial;
