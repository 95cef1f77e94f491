//! The standard command syntax `varlist [=exp] [if] [in] [weight] [using]
//! [, options]`: splitting a command's text, options by declared specs,
//! variable lists, number lists, factor-variable and time-series terms.

pub mod blanks;
mod checks;
pub mod design;
pub mod factor;
mod factor_spec;
mod groups;
pub mod numlist;
pub mod options;
pub mod split;
pub mod term;
mod trailing;
pub mod varlist;

pub use design::Design;
pub use factor::FvList;
pub(crate) use factor_spec::canonical_operators;
pub use groups::{InstrumentList, leading_groups};
pub use options::{OptKind, OptSpec, Options};
pub use split::{ParsedCommand, Weight, WeightKind};
pub use term::{Atom, Term};
