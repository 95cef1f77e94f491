//! Logs, metrics and their stable names.

pub mod events;
mod json;
pub mod llm_metrics;
pub mod logging;
pub mod metrics;
