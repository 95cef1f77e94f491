//! Panel regressions with unit effects: within (`xtreg, fe`, `areg`), random effects and between.
//! Formulas: [XT] xtreg, [R] areg, Methods and formulas.

use super::absorb::{Absorber, NotConverged};
use super::blocks;
use super::matrix::Mat;
use super::ols::{self, FitError, OlsFit, Request};
use super::qr::{self, Design, weighted_mean};
use super::real::stable_sum;
use super::vce::{Clusters, Vce};
use super::weights::{WeightKind, Weights};

/// The units of a panel sample.
#[derive(Clone, Debug)]
pub struct Units {
    /// Unit number of each row, from zero.
    pub of_row: Vec<u32>,
    /// Rows per unit.
    pub sizes: Vec<usize>,
}

impl Units {
    /// Units from row labels numbered from zero without gaps.
    pub fn new(of_row: Vec<u32>) -> Self {
        let count = of_row.iter().max().map_or(0, |m| *m as usize + 1);
        let mut sizes = vec![0; count];
        of_row.iter().for_each(|unit| sizes[*unit as usize] += 1);
        Self { of_row, sizes }
    }

    /// Number of units.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// The units as clusters.
    pub fn clusters(&self) -> Clusters<'_> {
        Clusters::new(&self.of_row, self.count())
    }

    /// Weighted mean of a column in each unit.
    pub fn means(&self, values: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
        let mut sums = vec![0.0; self.count()];
        let mut totals = vec![0.0; self.count()];
        for (i, unit) in self.of_row.iter().enumerate() {
            let weight = weights.map_or(1.0, |w| w[i]);
            sums[*unit as usize] += weight * values[i];
            totals[*unit as usize] += weight;
        }
        let first: Vec<f64> = sums.iter().zip(&totals).map(|(s, t)| s / t).collect();
        // A second pass removes the rounding of the first.
        let mut rest = vec![0.0; self.count()];
        for (i, unit) in self.of_row.iter().enumerate() {
            rest[*unit as usize] += weights.map_or(1.0, |w| w[i]) * (values[i] - first[*unit as usize]);
        }
        first.iter().zip(rest.iter().zip(&totals)).map(|(m, (r, t))| m + r / t).collect()
    }

    /// The column without its unit means, with the overall mean added back.
    pub fn within(&self, values: &[f64]) -> Vec<f64> {
        self.demeaned(values, None)
    }

    /// [`Units::within`] with weights.
    fn demeaned(&self, values: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
        let means = self.means(values, weights);
        let overall = weighted_mean(values, weights);
        let spread = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        values
            .iter()
            .zip(&self.of_row)
            .map(|(value, unit)| {
                let within = value - means[*unit as usize];
                // A value that is constant in its unit leaves rounding noise, which is not variation.
                let within = if within.abs() <= 8.0 * f64::EPSILON * spread { 0.0 } else { within };
                within + overall
            })
            .collect()
    }
}

/// A within regression.
pub struct WithinFit {
    /// The regression on demeaned columns; its parameters are the slopes and the constant.
    pub ols: OlsFit,
    /// Correlation squared of within, between and overall fit.
    pub r2: [f64; 3],
    /// Standard deviation of the unit effects.
    pub sigma_u: f64,
    /// Standard deviation of the remaining error.
    pub sigma_e: f64,
    /// Correlation of the unit effects with the linear prediction.
    pub correlation: f64,
    /// F test that all unit effects are equal: statistic and degrees of freedom.
    pub effects_f: (f64, f64, f64),
    /// Unit effects, with mean zero over the sample.
    pub effects: Vec<f64>,
    /// Total sum of squares of the outcome around its mean.
    pub total_squares: f64,
}

/// Fits a within regression. `absorbed_in_cluster` counts the unit effects in the cluster factor (areg).
pub fn within(
    request: &Request<'_>,
    units: &Units,
    absorbed_in_cluster: bool,
) -> Result<WithinFit, FitError> {
    let effective = request.weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let mut demeaned = blocks::each(request.columns.len() + 1, |j| {
        units.demeaned(request.columns.get(j).copied().unwrap_or(request.y), w)
    });
    let y = demeaned.pop().expect("the outcome is the last column");
    finish(request, units, absorbed_in_cluster, &y, &demeaned, units.count() - 1)
}

/// Fits a regression that absorbs several sets of effects; the first set is the one of [`WithinFit::effects`].
/// Returns the fit and, for each set, its redundant effects. The iteration may fail to converge.
pub fn absorb(request: &Request<'_>, sets: &[Units]) -> Result<(WithinFit, Vec<usize>), FitError> {
    let effective = request.weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let absorber = Absorber::new(sets, w);
    let columns: Vec<&[f64]> = request.columns.iter().copied().chain([request.y]).collect();
    let mut cleaned = absorber.clean(&columns, w).map_err(|NotConverged| FitError::NotConverged)?;
    let y = cleaned.pop().expect("the outcome is the last column");
    let redundant = absorber.redundant();
    let levels: usize = sets.iter().map(Units::count).sum();
    let absorbed = levels - redundant.iter().sum::<usize>() - 1;
    Ok((finish(request, &sets[0], true, &y, &cleaned, absorbed)?, redundant))
}

/// The regression on cleaned columns and the statistics of the effects.
fn finish(
    request: &Request<'_>,
    units: &Units,
    absorbed_in_cluster: bool,
    y: &[f64],
    cleaned: &[Vec<f64>],
    absorbed: usize,
) -> Result<WithinFit, FitError> {
    let effective = request.weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let columns: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
    let ols = ols::fit(&Request {
        y,
        columns: &columns,
        constant: true,
        weights: request.weights,
        vce: request.vce,
        absorbed,
        absorbed_in_cluster,
        chosen: false,
    })?;
    let xb = linear_prediction(request.columns, &ols, false);
    let raw: Vec<f64> = request.y.iter().zip(&xb).map(|(y, p)| y - p).collect();
    let centre = weighted_mean(&raw, w);
    let effects: Vec<f64> = units.means(&raw, w).iter().map(|m| m - centre).collect();
    let by_row: Vec<f64> = units.of_row.iter().map(|u| effects[*u as usize]).collect();
    let sigma_e = (ols.rss / ols.df_residual).sqrt();
    let between = correlation(&units.means(request.y, w), &units.means(&xb, w), None).powi(2);
    // Overall fit and the correlation with the effects ignore weights, as Stata's stored results show.
    let overall = correlation(request.y, &xb, None).powi(2);
    // The pooled regression has the regressors that the within regression keeps.
    let kept: Vec<&[f64]> = ols.basis.kept.iter().map(|j| request.columns[*j]).collect();
    let pooled = qr::solve(Design { columns: &kept, weights: w, constant: true }, request.y);
    let df1 = absorbed as f64;
    let f = ((pooled.rss - ols.rss) / df1) / (ols.rss / ols.df_residual);
    Ok(WithinFit {
        r2: [ols.r2, between, overall],
        sigma_u: deviation(&effects),
        sigma_e,
        correlation: correlation(&by_row, &xb, None),
        effects_f: (f, df1, ols.df_residual),
        effects,
        total_squares: ols::total_squares(request.y, w, true),
        ols,
    })
}

/// Linear prediction on raw columns from a fit, with or without its constant.
pub fn linear_prediction(columns: &[&[f64]], fit: &OlsFit, constant: bool) -> Vec<f64> {
    let rows = fit.residuals.len();
    if columns.is_empty() {
        return vec![if constant { fit.b[0] } else { 0.0 }; rows];
    }
    let mut b = fit.b.clone();
    if !constant && let Some(last) = b.last_mut() {
        *last = 0.0;
    }
    qr::predict(columns, &fit.basis.kept, true, &b)
}

/// Standard deviation with divisor n - 1.
pub fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = stable_sum(values.iter().copied()) / n;
    (stable_sum(values.iter().map(|v| (v - mean).powi(2))) / (n - 1.0)).sqrt()
}

/// Weighted correlation of two columns.
pub fn correlation(a: &[f64], b: &[f64], weights: Option<&[f64]>) -> f64 {
    let (ma, mb) = (weighted_mean(a, weights), weighted_mean(b, weights));
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let product = |f: &dyn Fn(usize) -> f64| stable_sum((0..a.len()).map(|i| weight(i) * f(i)));
    let ab = product(&|i| (a[i] - ma) * (b[i] - mb));
    let aa = product(&|i| (a[i] - ma).powi(2));
    let bb = product(&|i| (b[i] - mb).powi(2));
    ab / (aa * bb).sqrt()
}

/// A random-effects regression (GLS of Swamy and Arora).
pub struct RandomFit {
    /// Coefficients: kept columns, then the constant.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Indices of the kept columns.
    pub kept: Vec<usize>,
    /// Indices of the collinear columns.
    pub omitted: Vec<usize>,
    /// Correlation squared of within, between and overall fit.
    pub r2: [f64; 3],
    /// Standard deviation of the unit effects.
    pub sigma_u: f64,
    /// Standard deviation of the remaining error.
    pub sigma_e: f64,
    /// Quasi-demeaning factor of each unit.
    pub theta: Vec<f64>,
    /// Root mean squared error of the transformed regression.
    pub rmse: f64,
}

/// Random effects with the variance components of Swamy and Arora ([XT] xtreg; on unbalanced
/// panels with the harmonic mean of the unit sizes, or with `unbalanced` as Baltagi and Chang (1994)). The covariance is by unit when `clusters` is given.
pub fn random(
    y: &[f64],
    columns: &[&[f64]],
    units: &Units,
    clusters: Option<Clusters<'_>>,
    unbalanced: bool,
) -> Result<RandomFit, FitError> {
    let (kept, omitted) = qr::choose_columns(Design { columns, weights: None, constant: true });
    let chosen: Vec<&[f64]> = kept.iter().map(|j| columns[*j]).collect();
    let fixed = within(&Request::new(y, &chosen), units, false)?;
    let between = between(y, &chosen, units, false)?;
    let count = units.count() as f64;
    let harmonic = count / units.sizes.iter().map(|t| 1.0 / *t as f64).sum::<f64>();
    let sigma_e2 = fixed.sigma_e * fixed.sigma_e;
    let rest = between.df_residual;
    if rest <= 0.0 {
        return Err(FitError::Insufficient);
    }
    let sigma_u2 = if unbalanced {
        baltagi_chang(y, &chosen, units, sigma_e2)?
    } else {
        between.rss / rest - sigma_e2 / harmonic
    };
    let sigma_u2 = sigma_u2.max(0.0);
    let theta: Vec<f64> =
        units.sizes.iter().map(|t| 1.0 - (sigma_e2 / (*t as f64 * sigma_u2 + sigma_e2)).sqrt()).collect();
    let transform = |values: &[f64]| -> Vec<f64> {
        let means = units.means(values, None);
        let unit = |i: usize| units.of_row[i] as usize;
        (0..values.len()).map(|i| values[i] - theta[unit(i)] * means[unit(i)]).collect()
    };
    let outcome = transform(y);
    let mut transformed: Vec<Vec<f64>> = chosen.iter().map(|c| transform(c)).collect();
    transformed.push(units.of_row.iter().map(|u| 1.0 - theta[*u as usize]).collect());
    let design: Vec<&[f64]> = transformed.iter().map(Vec::as_slice).collect();
    let vce = clusters.map_or(Vce::Classical, Vce::Cluster);
    let fit = ols::fit(&Request { constant: false, chosen: true, vce, ..Request::new(&outcome, &design) })?;
    // without variation within units nothing is left of the constant
    if fit.b.len() != chosen.len() + 1 {
        return Err(FitError::Insufficient);
    }
    let mut slopes = fit.b.clone();
    slopes.truncate(chosen.len());
    let xb = if chosen.is_empty() {
        vec![0.0; y.len()]
    } else {
        qr::predict(&chosen, &(0..chosen.len()).collect::<Vec<_>>(), false, &slopes)
    };
    let r2 = r_squared(y, &xb, units);
    Ok(RandomFit {
        b: fit.b,
        v: fit.v,
        kept,
        omitted,
        r2,
        sigma_u: sigma_u2.sqrt(),
        sigma_e: fixed.sigma_e,
        theta,
        rmse: fit.rmse,
    })
}

/// Variance of the unit effects with units of different sizes ([XT] xtreg, `sa`): the residual squares of the
/// regression of unit means with the unit sizes as weights, less their expectation without effects, over
/// `N - trace((X'PX)^-1 X'ZZ'X)`.
fn baltagi_chang(y: &[f64], columns: &[&[f64]], units: &Units, sigma_e2: f64) -> Result<f64, FitError> {
    let mut means: Vec<Vec<f64>> = columns.iter().map(|c| units.means(c, None)).collect();
    means.push(vec![1.0; units.count()]);
    let outcome = units.means(y, None);
    let size: Vec<f64> = units.sizes.iter().map(|t| *t as f64).collect();
    let cross = |a: &[f64], b: &[f64], power: i32| -> f64 {
        (0..size.len()).map(|i| size[i].powi(power) * a[i] * b[i]).sum()
    };
    let k = means.len();
    let inverse = Mat::from_fn(k, k, |a, b| cross(&means[a], &means[b], 1))
        .inverse_definite()
        .ok_or(FitError::Insufficient)?;
    let moments: Vec<f64> = means.iter().map(|m| cross(m, &outcome, 1)).collect();
    let b = inverse.times_vector(&moments);
    let residuals: Vec<f64> = (0..size.len())
        .map(|i| outcome[i] - means.iter().zip(&b).map(|(m, b)| m[i] * b).sum::<f64>())
        .collect();
    let trace: f64 = (0..k)
        .flat_map(|a| (0..k).map(move |b| (a, b)))
        .map(|(a, b)| inverse[(a, b)] * cross(&means[a], &means[b], 2))
        .sum();
    let rest = size.len() as f64 - k as f64;
    Ok((cross(&residuals, &residuals, 1) - rest * sigma_e2) / (y.len() as f64 - trace))
}

/// Within, between and overall squared correlation of an outcome with a linear prediction.
pub fn r_squared(y: &[f64], xb: &[f64], units: &Units) -> [f64; 3] {
    let within = correlation(&units.demeaned(y, None), &units.demeaned(xb, None), None).powi(2);
    let between = correlation(&units.means(y, None), &units.means(xb, None), None).powi(2);
    [within, between, correlation(y, xb, None).powi(2)]
}

/// Regression on unit means, each weighted by its number of rows with `weighted`.
pub fn between(y: &[f64], columns: &[&[f64]], units: &Units, weighted: bool) -> Result<OlsFit, FitError> {
    let outcome = units.means(y, None);
    let means: Vec<Vec<f64>> = columns.iter().map(|c| units.means(c, None)).collect();
    let design: Vec<&[f64]> = means.iter().map(Vec::as_slice).collect();
    let weights = weighted.then(|| Weights {
        kind: WeightKind::Analytic,
        values: units.sizes.iter().map(|n| *n as f64).collect(),
    });
    ols::fit(&Request { weights: weights.as_ref(), ..Request::new(&outcome, &design) })
}
