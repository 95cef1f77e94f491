//! `xtpmg`: error correction models of panels with long time series.

mod command;
mod model;
mod show;

pub(super) use command::SPEC;
