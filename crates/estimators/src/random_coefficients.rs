//! Linear regression with random coefficients of units (Swamy 1970, Econometrica 38; [XT] xtrc, Methods and formulas).

use super::matrix::Mat;
use super::ols::{self, Request};

/// Least squares of each unit and what follows from them.
pub struct RandomCoefficients {
    /// Mean coefficients.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Covariance of the coefficients between units.
    pub sigma: Mat,
    /// Statistic of the test that the coefficients are the same in all units.
    pub constancy: f64,
    /// Best linear predictors of the coefficients of each unit, with their covariances.
    pub units: Vec<(Vec<f64>, Mat)>,
}

/// Fits the model to rows by unit; `columns` have the constant. Nothing where a unit does not identify its coefficients.
pub fn fit(y: &[f64], columns: &[&[f64]], units: &[Vec<usize>]) -> Option<RandomCoefficients> {
    let (k, m) = (columns.len(), units.len() as f64);
    let mut own: Vec<(Vec<f64>, Mat)> = Vec::with_capacity(units.len());
    for rows in units {
        let pick = |column: &[f64]| -> Vec<f64> { rows.iter().map(|i| column[*i]).collect() };
        let x: Vec<Vec<f64>> = columns.iter().map(|c| pick(c)).collect();
        let refs: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let y = pick(y);
        if rows.len() <= k {
            return None;
        }
        let found = ols::fit(&Request { constant: false, chosen: true, ..Request::new(&y, &refs) }).ok()?;
        if !found.basis.omitted.is_empty() {
            return None;
        }
        let s2 = found.rss / (rows.len() - k) as f64;
        own.push((found.b, found.unscaled.scaled(s2)));
    }
    let mean: Vec<f64> = (0..k).map(|j| own.iter().map(|(b, _)| b[j]).sum::<f64>() / m).collect();
    let spread = Mat::from_fn(k, k, |i, j| {
        own.iter().map(|(b, _)| (b[i] - mean[i]) * (b[j] - mean[j])).sum::<f64>() / (m - 1.0)
    });
    let within = own.iter().fold(Mat::zeros(k, k), |sum, (_, v)| sum.plus(v)).scaled(1.0 / m);
    let difference = spread.minus(&within).symmetrised();
    // The difference may fail to be definite in small samples; the first part alone is consistent as well.
    let sigma = if difference.cholesky().is_some() { difference } else { spread };
    let weights: Vec<Mat> =
        own.iter().map(|(_, v)| sigma.plus(v).inverse_definite()).collect::<Option<_>>()?;
    let (b, v) = weighted(&own, &weights)?;
    let precisions: Vec<Mat> = own.iter().map(|(_, v)| v.inverse_definite()).collect::<Option<_>>()?;
    let (common, _) = weighted(&own, &precisions)?;
    let constancy = own
        .iter()
        .zip(&precisions)
        .map(|((b, _), p)| {
            let away: Vec<f64> = b.iter().zip(&common).map(|(b, c)| b - c).collect();
            p.quadratic(&away)
        })
        .sum();
    // The covariance between units may be singular, so the predictors do not use its inverse.
    let predicted = own
        .iter()
        .zip(&weights)
        .map(|((own_b, own_v), weight)| {
            let share = sigma.times(weight);
            let away: Vec<f64> = own_b.iter().zip(&b).map(|(own, mean)| own - mean).collect();
            let moved = share.times_vector(&away);
            let predictor: Vec<f64> = b.iter().zip(&moved).map(|(mean, m)| mean + m).collect();
            (predictor, v.plus(&share.sandwich(&own_v.minus(&v))))
        })
        .collect();
    Some(RandomCoefficients { b, v, sigma, constancy, units: predicted })
}

/// Mean of coefficients weighted by matrices, and the inverse of the sum of these.
fn weighted(own: &[(Vec<f64>, Mat)], weights: &[Mat]) -> Option<(Vec<f64>, Mat)> {
    let k = own[0].0.len();
    let inverse = weights.iter().fold(Mat::zeros(k, k), |sum, w| sum.plus(w)).inverse_definite()?;
    let mut sum = vec![0.0; k];
    for ((b, _), w) in own.iter().zip(weights) {
        sum.iter_mut().zip(w.times_vector(b)).for_each(|(s, x)| *s += x);
    }
    Some((inverse.times_vector(&sum), inverse))
}
