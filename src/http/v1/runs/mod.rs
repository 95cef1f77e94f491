//! Runs: list, read, log, render, interpretation.

pub mod get;
pub mod interpretation;
pub mod list;
pub mod log;
mod passed_on;
pub mod render;
