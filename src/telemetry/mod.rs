//! Logs, metrics and their stable names.

pub mod metrics;
