//! Logs, metrics and their stable names.

pub mod events;
mod json;
pub mod logging;
pub mod metrics;
pub mod sparse;
pub mod traces;
