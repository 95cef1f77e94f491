//! The integration tests: one binary, one module per subject.

mod architecture;
mod conformance;
mod errors;
mod store_sqlite;
mod support;
