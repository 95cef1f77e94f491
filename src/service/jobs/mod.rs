//! A job as its client sees it: views, events, changes of the record, cancel and removal.

pub mod cancel_job;
pub mod delete_job;
pub mod job_events;
pub mod job_view;
pub mod list_jobs;
pub mod patch_job;
pub mod read_artifact;
pub mod subscriptions;
