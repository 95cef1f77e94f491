//! Blobs in an S3-compatible object store. Servers write under names that one attempt owns, so that
//! nothing depends on conditional writes; they are used where the store has them. Calls block on the adapter's own
//! runtime and may come from any thread.

mod bridge;
mod connect;
mod errors;
mod marker;
pub mod moving;
mod partial;
mod place;
mod presign;
mod reader;
mod shards;
mod store;
mod trial;
mod upload;

pub use connect::{Credentials, OpenError, Options};
pub use marker::{check_unused, is_noted};
pub use store::ObjectBlobStore;
