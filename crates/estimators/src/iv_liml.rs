//! Limited-information maximum likelihood and estimators of the k-class. Formulas: [R] ivregress, Methods and formulas.

use super::iv::Coordinates;
use super::matrix::Mat;

/// Smallest eigenvalue of `(Y'M_Z Y)^-1/2 (Y'M_X1 Y) (Y'M_Z Y)^-1/2`, `Y` the outcome and the endogenous.
pub(super) fn liml_kappa(at: &Coordinates, included: usize, endogenous: usize) -> f64 {
    let size = at.x.rows();
    let k = at.x.cols();
    let column = |i: usize, j: usize| if j == 0 { at.y[i] } else { at.x[(i, k - endogenous + j - 1)] };
    let cross = |from: usize| {
        Mat::from_fn(endogenous + 1, endogenous + 1, |a, b| {
            (from..size).map(|i| column(i, a) * column(i, b)).sum()
        })
    };
    let (outside, excluded) = (cross(at.instruments), cross(included));
    let Some(lower) = outside.cholesky() else {
        return f64::NAN;
    };
    let inverse = lower.transpose().inverse_upper().transpose();
    let (values, _) = inverse.sandwich(&excluded).symmetric_eigen();
    values.last().copied().unwrap_or(f64::NAN)
}

/// The k-class estimate and `(X'(I - kappa M_Z)X)^-1`, in coordinates.
pub(super) fn k_class(at: &Coordinates, kappa: f64) -> Option<(Vec<f64>, Mat)> {
    let size = at.x.rows();
    let weight = |i: usize| if i < at.instruments { 1.0 } else { 1.0 - kappa };
    let k = at.x.cols();
    let xx = Mat::from_fn(k, k, |a, b| (0..size).map(|i| weight(i) * at.x[(i, a)] * at.x[(i, b)]).sum());
    let xy: Vec<f64> = (0..k).map(|a| (0..size).map(|i| weight(i) * at.x[(i, a)] * at.y[i]).sum()).collect();
    let bread = xx.inverse_definite()?;
    Some((bread.times_vector(&xy), bread))
}
