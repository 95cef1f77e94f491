//! Spatial weights and models with spatial lags. A weighting matrix has one row and one column for each unit, zeros on
//! its diagonal, and is dense.

pub mod gmm;
pub mod hessenberg;
pub mod impacts;
pub mod ml;
pub mod moran;
pub mod weights;

/// The value of `sum a_i b_i`.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `a - factor * b`.
pub(crate) fn less(a: &[f64], factor: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x - factor * y).collect()
}
