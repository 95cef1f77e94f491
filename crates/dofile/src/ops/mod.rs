//! Code shared by commands of several families. Families of commands do not import each other.

pub(crate) mod by_period;
pub(crate) mod collection;
pub(crate) mod data_files;
pub(crate) mod dots;
pub(crate) mod epitab;
pub(crate) mod estat;
pub(crate) mod exact_ranks;
pub(crate) mod files;
pub(crate) mod fisher;
pub(crate) mod glm;
pub(crate) mod graphs;
pub(crate) mod groups;
pub(crate) mod influence;
pub(crate) mod listing;
mod listing_boxes;
pub(crate) mod matrix_tables;
pub(crate) mod means;
pub(crate) mod panel_series;
pub(crate) mod posted;
pub(crate) mod powers;
pub(crate) mod predict;
pub(crate) mod record_groups;
pub(crate) mod rho;
pub(crate) mod run;
pub(crate) mod scores;
pub(crate) mod sources;
pub(crate) mod two_way;
