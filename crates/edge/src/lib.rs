//! Network edge in front of an axum router, for every HTTP program of this workspace: rate limits,
//! CORS, security headers, client addresses behind proxies, and serving with bounds and an orderly end.
//! Nothing here knows a route, a credential or an error format of any program.

pub mod client;
pub mod cors;
mod detached;
pub mod limit;
#[cfg(feature = "otel")]
pub mod otel;
pub mod places;
pub mod security;
pub mod serve;
