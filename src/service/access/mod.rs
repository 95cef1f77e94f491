//! Permissions: administrators, API keys, task codes, job tokens, tenants.

pub mod accounts;
pub mod admin_session;
pub mod administer;
pub mod api_keys;
pub mod authenticate;
pub mod credential_views;
pub mod credentials;
pub mod failure_limiter;
pub mod offer_trial;
pub mod open_link;
pub mod personal_tokens;
pub mod redeem_task_code;
pub mod refused_requests;
pub mod shared_failures;
pub mod task_codes;
pub mod tenants;
