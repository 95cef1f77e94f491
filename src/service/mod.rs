//! The use cases, by subject. A use case is a type named verb plus noun with one public method `execute`. A folder
//! also has the views that its use cases return and the rules that they share.

pub mod access;
pub mod batches;
pub mod comparisons;
pub mod drafts;
pub mod inputs;
pub mod jobs;
pub mod operations;
pub mod plans;
pub mod runs;
pub mod shared;
pub mod webhooks;

pub use shared::context::{Caller, Context};
