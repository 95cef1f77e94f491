//! Local polynomial regression: weighted least squares around a point. Formulas: Fan and Gijbels (1996), Local
//! Polynomial Modelling and Its Applications, sections 3.1 and 4.3; [R] lpoly.

use super::matrix::Mat;

/// The fit around a point.
pub struct LocalFit {
    /// The smooth at the point.
    pub value: f64,
    /// Variance of the smooth for errors of variance 1.
    pub variance: f64,
    /// Weighted residual sum of squares over its degrees of freedom, `tr(W) - tr((X'WX)^-1 X'W^2X)`: the variance of the
    /// errors near the point.
    pub residual_variance: f64,
}

/// Fits a polynomial of a degree in the distance from `x0` to points with weights that are not negative. Nothing where
/// fewer distinct points than coefficients have weight.
pub fn fit(points: &[(f64, f64)], weights: &[f64], x0: f64, scale: f64, degree: usize) -> Option<LocalFit> {
    let k = degree + 1;
    let rows: Vec<(f64, f64, f64)> = points
        .iter()
        .zip(weights)
        .filter(|(_, w)| **w > 0.0)
        .map(|((x, y), w)| ((x - x0) / scale, *y, *w))
        .collect();
    let powers = |z: f64| -> Vec<f64> {
        let mut out = vec![1.0; k];
        (1..k).for_each(|j| out[j] = out[j - 1] * z);
        out
    };
    let mut distinct: Vec<f64> = rows.iter().map(|r| r.0).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() < k {
        return None;
    }
    let (mut cross, mut squared, mut right) = (Mat::zeros(k, k), Mat::zeros(k, k), vec![0.0; k]);
    for (z, y, w) in &rows {
        let p = powers(*z);
        for i in 0..k {
            right[i] += w * p[i] * y;
            for j in 0..k {
                cross[(i, j)] += w * p[i] * p[j];
                squared[(i, j)] += w * w * p[i] * p[j];
            }
        }
    }
    let inverse = cross.inverse_definite()?;
    let b = inverse.times_vector(&right);
    let fitted = |z: f64| powers(z).iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
    let rss: f64 = rows.iter().map(|(z, y, w)| w * (y - fitted(*z)).powi(2)).sum();
    let total: f64 = rows.iter().map(|r| r.2).sum();
    let used: f64 = inverse.times(&squared).diagonal().iter().sum();
    let spread = inverse.sandwich(&squared);
    Some(LocalFit { value: b[0], variance: spread[(0, 0)], residual_variance: rss / (total - used) })
}
