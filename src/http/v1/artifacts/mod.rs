//! Artifacts: list and download.

pub mod get;
pub mod list;
