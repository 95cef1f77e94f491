//! Tests for unit roots in panels with common factors: `xtcips`, `pescadf`.

mod command;
mod show;

pub(super) use command::{SPEC, SPEC_CADF};
