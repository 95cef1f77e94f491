//! Plans: freeze, read, confirm.

pub mod confirm;
pub mod formats;
pub mod freeze;
pub mod get;
pub mod preview;
pub mod revise;
