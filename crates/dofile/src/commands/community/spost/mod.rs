//! Commands for the interpretation of models, written from the documentation of Long and Freese (2014), Regression
//! models for categorical dependent variables using Stata (SPost), and of Bartus (2005), Stata Journal 5(3), `margeff`.

mod fitstat;
mod fitstat_show;
mod listcoef;
mod listcoef_pairs;
mod margeff;
mod mchange;
mod mchange_show;
mod mlincom;
mod model;
mod mtable;
mod mtable_show;
mod prchange;
mod prvalue;

pub(super) use fitstat::SPEC as FITSTAT;
pub(super) use listcoef::SPEC as LISTCOEF;
pub(super) use margeff::SPEC as MARGEFF;
pub(super) use mchange::SPEC as MCHANGE;
pub(super) use mlincom::SPEC as MLINCOM;
pub(super) use mtable::SPEC as MTABLE;
pub(super) use prchange::SPEC as PRCHANGE;
pub(super) use prvalue::SPEC as PRVALUE;
