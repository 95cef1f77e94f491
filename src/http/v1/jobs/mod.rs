//! Jobs: read, list, follow, change, remove, run, cancel, links.

pub mod cancel;
pub mod capsule;
pub mod delete;
pub mod events;
pub mod get;
pub mod links;
pub mod list;
pub mod patch;
pub mod run;
