//! dofile
pub mod estimators;
