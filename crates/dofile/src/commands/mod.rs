//! The commands. A command is one file with its declaration and its `run`; `README.md` in this folder says how to
//! write one. `registry` collects the tables of the families.

mod community;
mod data;
mod describe;
pub mod documented;
mod documented_rows;
mod documented_series;
pub(crate) mod documents;
mod epidemiology;
mod estat;
mod estimation;
mod exchange;
mod graphics;
mod imputation;
mod inference;
pub(crate) mod language;
mod latent;
mod likelihood;
mod limited;
mod meta;
mod multivariate;
mod nonlinear;
mod nonparametric;
pub(crate) mod official;
mod panel;
mod predict;
pub(crate) mod prefix;
mod quantile;
pub mod registry;
mod shrinkage;
mod spatial;
mod spec;
mod survey;
mod survival;
mod systems;
mod timeseries;
mod treatment;

use graphics::{LineLooks, PlotLooks, SmootherLooks};
pub use spec::{
    ByRule, CommandSpec, Example, Form, Interpreter, SearchOptions, StandardSyntax, UNSUPPORTED_NOTHING,
    Using,
};
