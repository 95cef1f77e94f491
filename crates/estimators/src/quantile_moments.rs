//! Quantiles via moments: Machado and Santos Silva (2019, Journal of Econometrics 213, 145-173). The outcome is
//! `x'b + (x'g) U` with errors `U` that do not depend on `x`, `E(U) = 0` and `E|U| = 1`; the coefficients of the quantile
//! `tau` are `b + q g` with `q` the quantile of `U`. Effects of groups may be in both parts. Covariance with effects of
//! several sets: Rios-Avila, Siles and Canavire-Bacarreza (2024, IZA Discussion Paper 17262).

use super::absorb::{Absorber, NotConverged};
use super::matrix::Mat;
use super::ols::{self, FitError, Request};
use super::panel::Units;
use super::quantile::{self, QuantileData};
use super::quantile_variance::{Bandwidth, Density, Errors, variance};
use super::vce::Clusters;

/// The covariance of the estimates.
pub enum Covariance<'a> {
    /// Errors do not depend on the regressors, as the model says.
    Model,
    /// From the influence of each row alone.
    Robust,
    /// From the sums of the influence within clusters.
    Cluster(Clusters<'a>),
}

/// The location and the scale of an outcome.
pub struct LocationScale {
    /// Coefficients of the location, the constant last.
    pub location: Vec<f64>,
    /// Coefficients of the scale, the constant last.
    pub scale: Vec<f64>,
    /// Fitted scale of each row.
    pub sigma: Vec<f64>,
    /// Errors `U`.
    pub errors: Vec<f64>,
    /// Residuals of the location.
    residuals: Vec<f64>,
    /// Residuals of the regression of the scale.
    deviations: Vec<f64>,
    /// Regressors without the effects of the groups, with their means.
    columns: Vec<Vec<f64>>,
    /// `(X'X)^-1`.
    inverse: Mat,
    /// Columns that are collinear with others or with the effects, by position; they have no coefficient.
    pub omitted: Vec<usize>,
}

/// A quantile of the errors.
#[derive(Clone, Copy, Debug)]
pub struct ErrorQuantile {
    /// Share below it.
    pub tau: f64,
    /// Its value.
    pub q: f64,
    /// Reciprocal of the density of the errors there.
    pub sparsity: f64,
}

/// Fits location and scale, with the effects of the sets in both. The scale is the regression of `2 R (1{R >= 0} - share of R >= 0)`, which gives the coefficients of that of `|R|`, since the residuals `R`
/// are orthogonal to the regressors, and residuals whose influence takes the estimated location into account.
///
/// # Errors
/// `Insufficient` with too few rows, `NotConverged` where the effects could not be taken out.
pub fn location_scale(y: &[f64], columns: &[&[f64]], sets: &[Units]) -> Result<LocationScale, FitError> {
    let mut sorted: Vec<Units> = sets.to_vec();
    sorted.sort_by_key(|units| std::cmp::Reverse(units.count()));
    let absorber = (!sorted.is_empty()).then(|| Absorber::new(&sorted, None));
    let clean = |all: &[&[f64]]| -> Result<Vec<Vec<f64>>, FitError> {
        match &absorber {
            None => Ok(all.iter().map(|c| c.to_vec()).collect()),
            Some(absorber) => absorber.clean(all, None).map_err(|NotConverged| FitError::NotConverged),
        }
    };
    let all: Vec<&[f64]> = columns.iter().copied().chain([y]).collect();
    let mut cleaned: Vec<Vec<f64>> = clean(&all)?;
    let outcome = cleaned.pop().unwrap_or_default();
    let views: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
    let first = ols::fit(&Request::new(&outcome, &views))?;
    let kept: Vec<Vec<f64>> = first.basis.kept.iter().map(|j| cleaned[*j].clone()).collect();
    let views: Vec<&[f64]> = kept.iter().map(Vec::as_slice).collect();
    let n = y.len() as f64;
    let above = first.residuals.iter().filter(|r| **r >= 0.0).count() as f64 / n;
    let signed = |r: &f64| 2.0 * r * (f64::from(u8::from(*r >= 0.0)) - above);
    let sizes: Vec<f64> = first.residuals.iter().map(signed).collect();
    let within = clean(&[sizes.as_slice()])?;
    let second = ols::fit(&Request { chosen: true, ..Request::new(&within[0], &views) })?;
    let sigma: Vec<f64> = sizes.iter().zip(&second.residuals).map(|(s, e)| s - e).collect();
    let errors = first.residuals.iter().zip(&sigma).map(|(r, s)| r / s).collect();
    Ok(LocationScale {
        location: first.b,
        scale: second.b,
        sigma,
        errors,
        residuals: first.residuals,
        deviations: second.residuals,
        inverse: first.unscaled,
        omitted: first.basis.omitted,
        columns: kept,
    })
}

impl LocationScale {
    /// Parameters of the location.
    pub fn size(&self) -> usize {
        self.location.len()
    }

    /// Rows whose fitted scale is not positive.
    pub fn not_positive(&self) -> usize {
        self.sigma.iter().filter(|s| **s <= 0.0).count()
    }

    /// The quantile of the errors with its density, as quantile regression on a constant has them ([R] qreg: fitted, Hall and
    /// Sheather's bandwidth at 95 %). `None` where the density cannot be estimated.
    pub fn quantile(&self, tau: f64) -> Option<ErrorQuantile> {
        let data = QuantileData { y: &self.errors, columns: &[], w: None, constant: true };
        let fit = quantile::fit(data, tau)?;
        let rule = (Bandwidth::HallSheather, Density::Fitted, Errors::Independent);
        let sparsity = variance(data, &fit, tau, self.errors.len() as f64, rule, 95.0)?.sparsity?;
        (sparsity.is_finite() && sparsity > 0.0).then_some(ErrorQuantile { tau, q: fit.b[0], sparsity })
    }

    /// Coefficients of a quantile.
    pub fn coefficients(&self, at: &ErrorQuantile) -> Vec<f64> {
        self.location.iter().zip(&self.scale).map(|(b, g)| b + at.q * g).collect()
    }

    fn regressor(&self, row: usize, j: usize) -> f64 {
        self.columns.get(j).map_or(1.0, |c| c[row])
    }

    /// Influence of a row on a quantile of the errors: `sparsity (tau - 1{U <= q}) - U - q V`, with `V` the deviation of the scale over the scale.
    fn influence_of(&self, at: &ErrorQuantile, row: usize) -> f64 {
        let u = self.errors[row];
        let below = f64::from(u8::from(u <= at.q));
        at.sparsity * (at.tau - below) - u - at.q * self.deviations[row] / self.sigma[row]
    }

    /// Covariance of location, scale and the quantiles `q` of the errors, then of the coefficients of each quantile by the
    /// rule `b + q g`: the parameters of location, scale and the quantiles in turn.
    pub fn covariance(&self, at: &[ErrorQuantile], kind: &Covariance<'_>) -> Mat {
        let (k, m) = (self.size(), at.len());
        let joint = match kind {
            Covariance::Model => self.of_model(at),
            Covariance::Robust => self.outer(at, None),
            Covariance::Cluster(clusters) => {
                let g = clusters.count as f64;
                self.outer(at, Some(clusters)).scaled(g / (g - 1.0))
            }
        };
        // derivatives of the parameters in location, scale and the quantiles of the errors
        let derivative = |row: usize, col: usize| {
            if row < 2 * k {
                return f64::from(u8::from(row == col));
            }
            let (l, j) = ((row - 2 * k) / k, (row - 2 * k) % k);
            match col {
                _ if col == j => 1.0,
                _ if col == k + j => at[l].q,
                _ if col == 2 * k + l => self.scale[j],
                _ => 0.0,
            }
        };
        let d = Mat::from_fn(2 * k + m * k, 2 * k + m, derivative);
        d.times(&joint).times(&d.transpose()).symmetrised()
    }

    /// Sum of outer products of the influence of rows, or of clusters.
    fn outer(&self, at: &[ErrorQuantile], clusters: Option<&Clusters<'_>>) -> Mat {
        let (k, n) = (self.size(), self.errors.len());
        let size = 2 * k + at.len();
        let mut totals = vec![0.0; size * clusters.map_or(n, |c| c.count)];
        for i in 0..n {
            let x: Vec<f64> = (0..k).map(|j| self.regressor(i, j)).collect();
            let direction = self.inverse.times_vector(&x);
            let place = clusters.map_or(i, |c| c.of_row[i] as usize) * size;
            let total = &mut totals[place..place + size];
            for j in 0..k {
                total[j] += direction[j] * self.residuals[i];
                total[k + j] += direction[j] * self.deviations[i];
            }
            for (l, at) in at.iter().enumerate() {
                total[2 * k + l] += self.influence_of(at, i) / n as f64;
            }
        }
        let mut out = Mat::zeros(size, size);
        for total in totals.chunks_exact(size) {
            for i in 0..size {
                for j in 0..size {
                    out[(i, j)] += total[i] * total[j];
                }
            }
        }
        out
    }

    /// The covariance where `U` does not depend on the regressors: products of moments of `U`, `V` and the influence of
    /// the quantiles with moments of the regressors and the scale.
    fn of_model(&self, at: &[ErrorQuantile]) -> Mat {
        let (k, n) = (self.size(), self.errors.len());
        let (mut square, mut first) = (Mat::zeros(k, k), vec![0.0; k]);
        let moments = 2 + at.len();
        let mut products = Mat::zeros(moments, moments);
        for i in 0..n {
            let sigma = self.sigma[i];
            let mut parts = vec![self.errors[i], self.deviations[i] / sigma];
            parts.extend(at.iter().map(|at| self.influence_of(at, i)));
            for a in 0..moments {
                for b in 0..moments {
                    products[(a, b)] += parts[a] * parts[b] / n as f64;
                }
            }
            for a in 0..k {
                let left = sigma * self.regressor(i, a);
                first[a] += left / n as f64;
                for b in 0..k {
                    square[(a, b)] += left * sigma * self.regressor(i, b);
                }
            }
        }
        let whole = self.inverse.sandwich(&square);
        let alone = self.inverse.times_vector(&first);
        Mat::from_fn(2 * k + at.len(), 2 * k + at.len(), |a, b| {
            // the part (0 location, 1 scale, then quantiles) and the coefficient in it
            let split = |i: usize| if i < 2 * k { (i / k, Some(i % k)) } else { (2 + i - 2 * k, None) };
            let ((pa, ja), (pb, jb)) = (split(a), split(b));
            products[(pa, pb)]
                * match (ja, jb) {
                    (Some(ja), Some(jb)) => whole[(ja, jb)],
                    (Some(j), None) | (None, Some(j)) => alone[j],
                    (None, None) => 1.0 / n as f64,
                }
        })
    }
}
