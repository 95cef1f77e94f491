//! One table of cases per port, run against every adapter.

pub(crate) mod blob_store;
mod bounds;
pub(crate) mod claims;
mod lists;
pub(crate) mod runner;
pub(crate) mod store;
