//! dofile
pub mod graph;
