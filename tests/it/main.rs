//! The integration tests: one binary, one module per subject.

mod api_keys;
mod architecture;
mod cli_settings;
mod config_settings;
mod conformance;
mod control;
mod errors;
mod http_conventions;
mod ingest_docs;
mod ingest_fixtures;
mod ingest_refusals;
mod journey;
mod redeem;
mod runner_faults;
mod runner_limits;
mod store_crash;
mod store_model;
mod store_sqlite;
mod support;
mod telemetry_logs;
mod verdict_docs;
mod verdict_runs;
mod worker_recovery;
mod worker_runs;
