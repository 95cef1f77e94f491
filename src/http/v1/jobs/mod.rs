//! Jobs: read, list, run, cancel.

pub mod cancel;
pub mod get;
pub mod list;
pub mod run;
