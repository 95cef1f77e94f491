//! Inputs: upload, preview, sheets.

pub mod preview;
pub mod sheet;
pub mod upload;
