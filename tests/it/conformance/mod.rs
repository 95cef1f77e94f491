//! One table of cases per port, run against every adapter.

pub(crate) mod blob_store;
pub(crate) mod runner;
pub(crate) mod store;
