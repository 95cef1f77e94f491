//! The do-template library: contract, ranking, golden runs, adversarial data.

mod adversarial_data;
mod awkward_categories;
mod cli;
mod contract;
mod do_file;
mod few_rows;
mod plans;
mod results;
mod runs;
mod selection_ranking;
mod templates;
mod words;
