//! Jobs: read, list, change, remove, run, cancel.

pub mod cancel;
pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
pub mod run;
