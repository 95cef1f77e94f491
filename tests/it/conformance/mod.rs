//! One table of cases per port, run against every adapter.

pub mod blob_store;
pub mod runner;
pub mod store;
