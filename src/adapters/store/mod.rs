//! Stores: SQLite embedded. One committer thread writes, a few reader threads read, and background
//! threads move the write-ahead log and the readable copies along. No rules of the domain here.

pub(super) mod apply;
mod audit_log;
mod audit_query;
pub(super) mod batches;
pub(super) mod check;
pub(super) mod check_audit;
pub(super) mod check_copies;
mod checkpoint;
mod claim_order;
mod claims;
pub(super) mod committer;
mod due;
mod export;
mod export_all;
mod job_cache;
pub mod job_copy;
pub(super) mod keys;
mod lanes;
pub(super) mod listeners;
pub(super) mod lock;
pub(super) mod loss;
mod migrations;
pub(super) mod moved;
mod order_statistics;
mod places;
pub(super) mod prepare;
mod queries;
mod queue;
mod readers;
pub(super) mod reads;
mod rebuild;
pub(super) mod rows;
pub(super) mod schema;
mod shared;
pub(super) mod snapshot;
pub mod sqlite;
pub mod tools;
pub(super) mod usage;
mod verify;
mod waiting;
mod wal;
mod webhooks;

pub use lock::{Holder, LockError};
pub use schema::FORMAT as TABLES_FORMAT;
pub use sqlite::{OpenError, Options, SqliteStore};
