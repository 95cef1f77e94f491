//! Runs: list, read, log, render.

pub mod get;
pub mod list;
pub mod log;
pub mod render;
