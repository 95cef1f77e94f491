//! Helpers that tests share.

pub mod app;
pub mod clock;
pub mod context;
pub mod memory_store;
pub mod records;
pub mod runs;
pub mod worker_bed;
