//! `table1_mc`: the table of baseline characteristics of a study (Chatfield, SSC, version 3). Written from its help file.

mod cells;
mod columns;
mod command;
mod request;

pub(super) use command::SPEC as TABLE1_MC;
