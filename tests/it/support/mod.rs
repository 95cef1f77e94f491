//! Helpers that tests share.

pub(crate) mod app;
pub(crate) mod capsules;
pub(crate) mod chain;
pub(crate) mod clock;
pub(crate) mod columns;
pub(crate) mod context;
pub(crate) mod contract;
pub(crate) mod flaky_store;
pub(crate) mod memory_blobs;
pub(crate) mod memory_store;
pub(crate) mod moving;
pub(crate) mod objects;
pub(crate) mod pdf;
pub(crate) mod postgres;
pub(crate) mod postgres_proxy;
pub(crate) mod program;
pub(crate) mod provider;
pub(crate) mod receiver;
pub(crate) mod records;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod scrape;
pub(crate) mod seeded_data_dir;
pub(crate) mod servers;
pub(crate) mod stata_expression;
pub(crate) mod worker_harness;
