//! The levels of the categories of a run's models, as the rows that were used have them.

use serde::{Deserialize, Serialize};

/// A level of a factor in a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunLevel {
    /// Column of the factor; of a text the numbered companion, whose name stands in the tables of the run.
    pub column: String,
    /// Number of the level in the terms of the tables.
    pub number: i64,
    /// Value label of the level, or its number; a long one is cut.
    pub label: String,
    /// True for the level that the others are compared with.
    pub base: bool,
}
