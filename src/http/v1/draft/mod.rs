//! Drafts: state, patch, read.

pub mod patch;
pub mod preview;
pub mod put;
pub mod suggest;
