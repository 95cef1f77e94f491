//! Fisher's exact test, with Stata's refusal of tables that are too large.

use crate::error::{Result, StataError};

/// Two-sided p-value of an r × c table, and the one-sided one for 2 × 2 tables; r(910) for tables that are too large.
pub(crate) fn exact(nr: usize, nc: usize, cells: &[f64]) -> Result<(f64, Option<f64>)> {
    estimators::fisher::exact(nr, nc, cells)
        .ok_or_else(|| StataError::new(910, "exact test: table too large"))
}

/// Two-sided and one-sided p-value of Fisher's exact test of a 2x2 table given row by row.
pub(crate) fn exact_two_by_two(cells: [f64; 4]) -> Result<(f64, f64)> {
    let (two, one) = exact(2, 2, &cells)?;
    Ok((two, one.unwrap_or(f64::NAN)))
}
