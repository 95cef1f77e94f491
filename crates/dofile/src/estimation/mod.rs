//! Code shared by estimation commands, between the language and the numeric kernels: reading a model,
//! posting `e()`, printing coefficient tables, and evaluating linear predictions afterwards.
//! Formulas belong to `estimators`, the commands themselves to `commands`.

pub mod at_spec;
pub mod binary;
pub mod cluster_rows;
pub mod column_names;
mod comparison_names;
pub mod comparisons;
pub mod constraints;
pub mod contrast_terms;
pub(crate) mod derived;
pub mod design;
pub mod display;
pub mod equation_forms;
pub mod exponents;
pub mod factors;
pub mod first_stages;
pub mod header;
pub mod instruments;
pub mod interval_outcome;
pub mod layout;
pub mod likelihood;
pub mod linear;
pub mod linear_form;
pub mod margins;
pub mod ml_command;
pub mod model;
mod outcome;
pub mod post;
pub mod reference;
pub mod response;
mod response_counts;
mod response_mixed;
pub mod response_models;
pub mod response_outcomes;
mod response_pairs;
pub mod response_shares;
mod response_survival;
pub mod sample;
pub mod search;
pub mod survival;
pub mod table;
mod table_bases;
pub mod table_cells;
mod table_effects;
mod table_headings;
mod table_rows;
