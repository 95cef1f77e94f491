//! Stores: SQLite embedded. One committer thread writes, a few reader threads read, and background
//! threads move the write-ahead log and the readable copies along. No rules of the domain here.

mod apply;
mod audit_log;
mod checkpoint;
mod committer;
mod export;
mod job_cache;
mod job_copy;
mod keys;
mod lock;
mod prepare;
mod queue;
mod readers;
mod reads;
mod rows;
mod schema;
mod shared;
pub mod sqlite;

pub use lock::{Holder, LockError};
pub use sqlite::{OpenError, Options, SqliteStore};
