//! Runs and their results: enqueue, progress, renderings, interpretation, capsules.

pub mod capsule;
pub mod capsule_check;
pub mod enqueue_run;
pub mod interpretation;
pub mod pass_on;
pub mod progress;
pub mod read_findings;
pub mod read_log;
pub mod render_run;
pub mod renderings;
