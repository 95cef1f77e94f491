//! Helpers that tests share.

pub mod app;
pub mod capsules;
pub mod chain;
pub mod clock;
pub mod columns;
pub mod context;
pub mod contract;
pub mod flaky_store;
pub mod memory_blobs;
pub mod memory_store;
pub mod pdf;
pub mod program;
pub mod provider;
pub mod records;
pub mod runs;
pub mod schema;
pub mod scrape;
pub mod seeded_data_dir;
pub mod stata_expression;
pub mod worker_harness;
