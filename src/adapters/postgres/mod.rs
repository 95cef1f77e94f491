//! Stores: PostgreSQL. Each process has one committer, which writes batches of commits, each in one transaction under the
//! lock of the one row of heads; readers share a pool. It works behind a pooler in transaction mode: statements have names,
//! and connections settings of their own, only where no pooler was found; only signs to look earlier need a connection that
//! listens.
//! No rules of the domain here.

mod access;
mod apply;
mod audit;
mod batch;
mod batches;
mod bounds;
mod cells;
mod claim;
mod clock;
mod cluster;
mod combined;
mod committer;
mod connect;
mod dump;
mod durability;
mod follow;
mod hosts;
mod lists;
mod members;
pub mod moving;
mod outage;
mod pace;
mod progress;
mod prune;
mod queue;
mod reads;
mod rows;
mod schema;
mod session;
mod shared;
pub mod store;
mod tables;
mod transaction;
mod tries;
mod turns;
mod upkeep;
mod verify;
mod wake;
mod webhooks;
mod work;
mod writer;

pub use access::Access;
pub use clock::DatabaseClock;
pub use connect::OpenError;
pub use dump::dump;
pub use members::NodeOptions;
pub use schema::{FORMAT as TABLES_FORMAT, Migrated};
pub use store::{Options, PostgresStore};
pub use turns::in_turn;
pub use verify::{Scope, check, verify_audit};
