//! The open do-file engine: an honest interpreter of a documented subset of the do-file language.

pub mod estimators;
pub mod graph;
