//! Runs: list, read, log, findings, render, interpretation.

pub mod findings;
pub mod get;
pub mod interpretation;
pub mod list;
pub mod log;
mod passed_on;
pub mod render;
