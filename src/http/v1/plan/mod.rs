//! Plans: freeze, read, confirm.

pub mod formats;
