//! `stata-service` runs empirical analyses: a question and data in, a frozen plan, a real run and
//! checkable numbers out.
//!
//! Rooms, from the inside out (imports point inwards; `tests/it/structure/architecture.rs` checks them):
//! - [`domain`]: pure types and rules (job life cycle, plan contract, expressions, verdict).
//! - [`ports`]: the traits at the edge of the domain (store, runner, clock, ids …).
//! - [`library`]: the do-template library (load, validate, index, rank, render).
//! - [`render`]: a run's tables and figures as xlsx, docx, tex, pdf, png, dta.
//! - [`service`]: the use cases, one file each.
//! - [`adapters`]: what implements the ports (SQLite, launcher and sandbox, tabular files).
//! - [`worker`]: claims queued jobs, runs, adopts and recovers them.
//! - [`http`]: the `/v1` contract, health and metrics.
//! - [`config`]: typed settings; the only reader of the environment.
//! - [`telemetry`]: logs, metrics and their stable names.
//! - [`app`]: the composition root; owns start and shutdown.
//! - [`cli`]: one file per subcommand.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod library;
pub mod ports;
pub mod render;
pub mod service;
pub mod telemetry;
pub mod worker;
