//! The HTTP contract: `/v1`, `/health` and `/metrics`. Handlers only extract, call one use case and answer.

pub mod error;
pub mod extract;
pub mod health;
pub mod kept_bodies;
pub mod metrics;
pub mod middleware;
mod nearest_route;
pub mod range;
pub mod route;
pub mod router;
pub mod sse;
pub mod state;
pub mod v1;
pub mod versions;
