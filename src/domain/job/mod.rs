//! The job: its record, its state machine and the operations that move it.

pub mod cell;
pub mod ingest;
pub mod interpretation;
pub mod ops;
pub mod record;
pub mod remarks;
pub mod removal;
pub mod renderings;
pub mod retry;
pub mod state;

pub use record::{JobRecord, SCHEMA_VERSION};
pub use state::{JobStatus, Operation};
