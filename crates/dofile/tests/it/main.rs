//! Tests of the engine as one program: the language through do-files, numbers against independent sources, documents
//! and structure.

mod analyses;
mod batch;
mod collinear;
mod community;
mod comparisons_of_means;
mod data_commands;
mod density;
mod designs;
mod docs;
mod documented_options;
mod esttab_layout;
mod examples;
mod exchange;
mod family_codes;
mod figures;
mod fuzz;
mod held_estimates;
mod imputation;
mod language;
mod limits;
mod mata;
mod names;
mod oracles;
mod practice;
mod properties;
mod reference;
mod return_codes;
mod scripts;
mod stored_results;
mod structure;
mod table_options;
mod tables_of_tests;
mod templates;
mod time_series_lists;
