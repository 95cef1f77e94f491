//! The use cases, one file each: verb plus noun, with one public method `execute`.

pub mod authenticate;
pub mod cancel_job;
pub mod check_health;
pub mod commits;
pub mod context;
pub mod enqueue_run;
pub mod job_view;
pub mod pools;
pub mod progress;

pub use context::{Caller, Context};
