//! Helpers that tests share.

pub mod app;
pub mod capsules;
pub mod chain;
pub mod clock;
pub mod columns;
pub mod context;
pub mod contract;
pub mod fickle_store;
pub mod lived_in;
pub mod memory_store;
pub mod pdf;
pub mod program;
pub mod provider;
pub mod records;
pub mod runs;
pub mod schema;
pub mod scrape;
pub mod stata_expression;
pub mod worker_bed;
