//! Runs: list, read, log.

pub mod get;
pub mod list;
pub mod log;
