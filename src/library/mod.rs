//! The do-template library: load, validate, index, select, bind, freeze, render. Pure over its files: the
//! only I/O is reading a library from a directory.
//!
//! Entry points for the use cases:
//! - [`Library::embedded`], [`Library::from_dir`], [`validate::check`], [`index::drift`];
//! - [`select::select`]: question, draft and data to ranked candidates and the evidence of it;
//! - [`missing_parameters::draft_gaps`], [`missing_parameters::parameter_views`], [`missing_parameters::column_candidates`]: what a draft lacks;
//! - [`freeze::freeze`] and [`freeze::preview`]: draft and request to a plan;
//! - [`render::render`]: plan to `main.do`; those of [`Library::ado_files`] that it reaches ([`Library::reached`]) are staged
//!   below [`render::ADO_DIR`], and an empty folder [`render::EMPTY_DIR`] next to it.

mod absent_columns;
pub mod applicability;
mod base_levels;
pub mod binding;
pub mod categories;
mod corrections;
pub mod data_steps;
pub mod derived;
mod duplicates;
mod everyday;
pub mod facts;
pub mod files;
pub mod freeze;
pub mod handbook;
pub mod idioms;
pub mod index;
mod interactions;
pub mod known_names;
pub mod lint;
pub mod load;
pub mod missing_parameters;
mod misspelt;
mod nearest;
pub mod plan_content;
pub mod question;
pub mod rank;
pub mod render;
pub mod repairs;
pub mod select;
pub mod sketch;
pub mod suggest;
pub mod terms;
mod tokens;
pub mod validate;

pub use load::{Library, LibraryProblem, Template};
