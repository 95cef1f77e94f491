//! The use cases, one file each: verb plus noun, with one public method `execute`.

pub mod authenticate;
pub mod check_health;
pub mod commits;
pub mod context;
pub mod pools;

pub use context::{Caller, Context};
