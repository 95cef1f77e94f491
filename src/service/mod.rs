//! The use cases, one file each: verb plus noun, with one public method `execute`.

pub mod administer;
pub mod api_keys;
pub mod authenticate;
pub mod cancel_job;
pub mod check_health;
pub mod commits;
pub mod context;
pub mod credential_views;
pub mod credentials;
pub mod draft_request;
pub mod draft_view;
pub mod enqueue_run;
pub mod evidence;
pub mod freeze_plan;
pub mod ingest_inputs;
pub mod job_view;
pub mod migrate;
pub mod model_draft;
pub mod pools;
pub mod preview_inputs;
pub mod progress;
pub mod queue_places;
pub mod receive_upload;
pub mod redeem_task_code;
pub mod select_sheet;
pub mod state_draft;
pub mod task_codes;
pub mod tenants;

pub use context::{Caller, Context};
