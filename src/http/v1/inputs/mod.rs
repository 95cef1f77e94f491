//! Inputs: upload, bundles and their sessions, preview, sheets.

pub mod bundle;
pub mod cancel;
pub mod preview;
pub mod sheet;
pub mod upload;
