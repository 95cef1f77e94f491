//! The use cases, one file each: verb plus noun, with one public method `execute`.

pub mod authenticate;
pub mod cancel_job;
pub mod check_health;
pub mod commits;
pub mod context;
pub mod draft_request;
pub mod enqueue_run;
pub mod ingest_inputs;
pub mod job_view;
pub mod pools;
pub mod preview_inputs;
pub mod progress;
pub mod receive_upload;
pub mod select_sheet;

pub use context::{Caller, Context};
