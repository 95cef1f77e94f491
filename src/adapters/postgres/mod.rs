//! Stores: PostgreSQL. One committer writes batches of commits, each in one transaction under the lock of the one row
//! of heads; readers share a pool. Only unnamed statements and settings of one transaction are used, so that it works
//! behind a pooler in transaction mode. No rules of the domain here.

mod apply;
mod batch;
mod cells;
mod committer;
mod connect;
mod dump;
mod lists;
pub mod moving;
mod reads;
mod rows;
mod schema;
mod shared;
pub mod store;
mod tables;
mod transaction;
mod verify;
mod webhooks;

pub use connect::OpenError;
pub use dump::dump;
pub use schema::{FORMAT as TABLES_FORMAT, Migrated};
pub use store::{Options, PostgresStore};
pub use verify::{Scope, check, verify_audit};
