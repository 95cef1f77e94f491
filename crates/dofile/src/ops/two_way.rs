//! Two-way tables of counts, row by row: their totals, and what a cell adds to the tests of independence.

/// Row totals, column totals and the total of a table.
pub(crate) fn sums(nr: usize, nc: usize, cells: &[f64]) -> (Vec<f64>, Vec<f64>, f64) {
    let rows: Vec<f64> = (0..nr).map(|i| cells[i * nc..(i + 1) * nc].iter().sum()).collect();
    let cols: Vec<f64> = (0..nc).map(|j| (0..nr).map(|i| cells[i * nc + j]).sum()).collect();
    let total = rows.iter().sum();
    (rows, cols, total)
}

/// What cells add to the Pearson and to the likelihood-ratio statistic.
pub(crate) fn contributions(observed: f64, expected: f64) -> (f64, f64) {
    let pearson = (observed - expected).powi(2) / expected;
    let likelihood = if observed > 0.0 { 2.0 * observed * (observed / expected).ln() } else { 0.0 };
    (pearson, likelihood)
}
