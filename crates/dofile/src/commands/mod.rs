//! The commands. A command is one file with its declaration and its `run`; `README.md` in this folder says how to
//! write one. `registry` collects the tables of the families.

pub(crate) mod data;
pub(crate) mod describe;
pub mod documents;
mod epidemiology;
mod estat;
mod estimation;
mod exchange;
mod graphics;
mod inference;
pub(crate) mod language;
mod limited;
mod multivariate;
mod nonlinear;
mod official;
mod panel;
mod predict;
mod prefix;
mod quantile;
mod registry;
mod shrinkage;
mod spec;
mod survey;
mod survival;
mod systems;
mod timeseries;
mod treatment;

pub(crate) use language::{directory_list, display_text, input_rows};
pub use official::is_official;
pub use registry::{all, by_rule, do_file_name, find, list_commands};
pub use spec::{ByRule, CommandSpec, Example, Form, StandardSyntax, UNSUPPORTED_NOTHING, Using};
