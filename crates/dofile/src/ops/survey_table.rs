//! The estimates of the last `svy: tabulate`, kept for `estpost svy: tabulate`.

use crate::session::Extension;

/// A table with its totals.
#[derive(Debug, Default)]
pub(crate) struct SurveyTable {
    /// Labels of the rows.
    pub(crate) rows: Vec<String>,
    /// Labels of the columns; none for one variable.
    pub(crate) columns: Vec<String>,
    /// Name and cells of each vector, row by row: a row and a column more than the table has, for the totals.
    pub(crate) vectors: Vec<(&'static str, Vec<f64>)>,
    /// Numbers of cells in a row.
    pub(crate) width: usize,
}

impl Extension for SurveyTable {}
