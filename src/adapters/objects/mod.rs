//! Blobs in an S3-compatible object store. One server writes at a time, under names that one attempt owns, so that
//! nothing depends on conditional writes; they are used where the store has them. Calls block on the adapter's own
//! runtime and may come from any thread.

mod bridge;
mod connect;
mod errors;
mod marker;
mod partial;
mod reader;
mod shards;
mod store;
mod trial;
mod upload;

pub use connect::{OpenError, Options};
pub use marker::check_unused;
pub use store::ObjectBlobStore;
