//! One table of cases per port, run against every adapter.

pub mod runner;
pub mod store;
