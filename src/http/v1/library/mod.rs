//! The library and what this service can do.

pub mod capabilities;
pub mod templates;
