//! The integration tests: one binary, one folder per subject.

#![allow(clippy::unwrap_used, reason = "a test and its helpers end with the panic")]

mod access;
mod batches;
mod client;
mod cluster;
mod comparisons;
mod conformance;
mod faults;
mod http;
mod inputs;
mod library;
mod llm;
mod operations;
mod plans;
mod runs;
mod security;
mod store;
mod structure;
mod support;
mod webhooks;
