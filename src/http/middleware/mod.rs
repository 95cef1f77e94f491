//! What happens to every request, outermost first: trace, metrics, problem documents, time limit.

pub mod idempotency;
pub mod observe;
pub mod problem;
pub mod unread;
