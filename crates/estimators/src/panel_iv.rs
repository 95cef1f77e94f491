//! Panel regressions with endogenous regressors: within, between, first differences and two-stage generalised least
//! squares ([XT] xtivreg, Methods and formulas; Balestra and Varadharajan-Krishnakumar 1987, Econometric Theory 3;
//! Baltagi 2013, Econometric Analysis of Panel Data, 7.1).

use super::iv::{self, IvFit, IvRequest, Method};
use super::matrix::Mat;
use super::ols::{self, FitError, Request};
use super::panel::{self, Units};
use super::qr::{Design, choose_columns};
use super::vce::{Clusters, Vce};

/// Columns of a model with instruments.
#[derive(Clone)]
pub struct Model {
    /// Outcome.
    pub y: Vec<f64>,
    /// Instrumented regressors.
    pub endogenous: Vec<Vec<f64>>,
    /// Regressors that are their own instruments.
    pub exogenous: Vec<Vec<f64>>,
    /// Excluded instruments.
    pub instruments: Vec<Vec<f64>>,
}

impl Model {
    /// The model with every column transformed.
    pub fn transformed(&self, transform: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let each = |columns: &[Vec<f64>]| columns.iter().map(|c| transform(c)).collect();
        Self {
            y: transform(&self.y),
            endogenous: each(&self.endogenous),
            exogenous: each(&self.exogenous),
            instruments: each(&self.instruments),
        }
    }

    /// Number of slopes.
    pub fn slopes(&self) -> usize {
        self.endogenous.len() + self.exogenous.len()
    }

    /// Two-stage least squares; the covariance divides the residual sum of squares by N.
    pub fn two_stage(&self, constant: bool) -> Result<IvFit, FitError> {
        self.two_stage_by(constant, None)
    }

    /// [`Model::two_stage`] with a covariance by clusters, with the factor `G/(G-1) (N-1)/(N-k)`.
    fn two_stage_by(&self, constant: bool, clusters: Option<Clusters<'_>>) -> Result<IvFit, FitError> {
        let endogenous: Vec<&[f64]> = self.endogenous.iter().map(Vec::as_slice).collect();
        let exogenous: Vec<&[f64]> = self.exogenous.iter().map(Vec::as_slice).collect();
        let instruments: Vec<&[f64]> = self.instruments.iter().map(Vec::as_slice).collect();
        iv::fit(&IvRequest {
            y: &self.y,
            endogenous: &endogenous,
            exogenous: &exogenous,
            instruments: &instruments,
            constant,
            weights: None,
            method: Method::TwoStage,
            vce: clusters.map_or(Vce::Classical, Vce::Cluster),
            weight_matrix: Vce::Classical,
            small: clusters.is_some(),
            fuller: 0.0,
            efficient: false,
            hac_vce: None,
            hac_weight: None,
            iterated: None,
            absorbed: 0,
        })
    }

    /// Linear prediction without the constant.
    pub fn linear_prediction(&self, slopes: &[f64]) -> Vec<f64> {
        let columns: Vec<&Vec<f64>> = self.endogenous.iter().chain(&self.exogenous).collect();
        (0..self.y.len()).map(|i| columns.iter().zip(slopes).map(|(c, b)| c[i] * b).sum()).collect()
    }
}

/// A fit with its covariance on the degrees of freedom of the estimator.
pub struct PanelIv {
    /// Slopes of the endogenous and the exogenous regressors, and the constant.
    pub fit: IvFit,
    /// Residual degrees of freedom.
    pub df: f64,
}

/// A fit with its error variance on `df` residual degrees of freedom, on which a classical covariance rests too.
fn on(mut fit: IvFit, df: f64, classical: bool) -> Result<PanelIv, FitError> {
    if df <= 0.0 {
        return Err(FitError::Insufficient);
    }
    if classical {
        fit.v = fit.v.scaled(fit.n / df);
    }
    fit.rmse = (fit.rss / df).sqrt();
    Ok(PanelIv { fit, df })
}

/// Within: deviations from unit means, with overall means added back; degrees of freedom N - n - k.
pub fn within(model: &Model, units: &Units, clusters: Option<Clusters<'_>>) -> Result<PanelIv, FitError> {
    let fit = model.transformed(|c| units.within(c)).two_stage_by(true, clusters)?;
    let df = model.y.len() as f64 - units.count() as f64 - model.slopes() as f64;
    on(fit, df, clusters.is_none())
}

/// What the unit effects of a fit by [`within`] are.
pub struct Effects {
    /// Correlation of the unit means of `y - xb` with `xb`, over rows.
    pub correlation: f64,
    /// F statistic that all unit effects are zero; missing (NaN) where a regression has no solution.
    pub f: f64,
    /// Its numerator degrees of freedom, `n - 1`; the denominator is that of the fit.
    pub df: f64,
}

/// The unit effects of a fit by [`within`]. The test compares the sums of squares of the second stage without and with
/// the effects, over the error variance of the fit; the effects are instruments of the first stage in both
/// (Wooldridge 2010, Econometric Analysis of Cross Section and Panel Data, 5.2.2; [XT] xtivreg).
pub fn effects(model: &Model, units: &Units, fit: &PanelIv) -> Effects {
    let xb = model.linear_prediction(&fit.fit.b);
    let rest: Vec<f64> = model.y.iter().zip(&xb).map(|(y, f)| y - f).collect();
    let means = units.means(&rest, None);
    let of_row: Vec<f64> = units.of_row.iter().map(|u| means[*u as usize]).collect();
    let df = units.count() as f64 - 1.0;
    let f = effects_squares(model, units, &fit.fit.b).map_or(f64::NAN, |s| s / df / fit.fit.rmse.powi(2));
    Effects { correlation: panel::correlation(&of_row, &xb, None), f, df }
}

/// The sum of squares of the second stage that the unit effects take away.
fn effects_squares(model: &Model, units: &Units, b: &[f64]) -> Result<f64, FitError> {
    let moved = model.transformed(|c| units.within(c));
    let first: Vec<&[f64]> = moved.exogenous.iter().chain(&moved.instruments).map(Vec::as_slice).collect();
    let mut stage = Model { instruments: Vec::new(), endogenous: Vec::new(), ..moved.clone() };
    let mut raw: Vec<Vec<f64>> = Vec::new();
    for (x, within) in model.endogenous.iter().zip(&moved.endogenous) {
        let residuals = ols::fit(&Request::new(within, &first))?.residuals;
        stage.endogenous.push(within.iter().zip(&residuals).map(|(x, e)| x - e).collect());
        raw.push(x.iter().zip(&residuals).map(|(x, e)| x - e).collect());
    }
    let slopes = stage.linear_prediction(b);
    let free: f64 = stage.y.iter().zip(&slopes).map(|(y, f)| (y - f - b[b.len() - 1]).powi(2)).sum();
    let columns: Vec<&[f64]> = raw.iter().chain(&model.exogenous).map(Vec::as_slice).collect();
    Ok(ols::fit(&Request::new(&model.y, &columns))?.rss - free)
}

/// Between: unit means; degrees of freedom n - k - 1.
pub fn between(model: &Model, units: &Units) -> Result<PanelIv, FitError> {
    let fit = model.transformed(|c| units.means(c, None)).two_stage(true)?;
    on(fit, units.count() as f64 - model.slopes() as f64 - 1.0, true)
}

/// A fit by two-stage generalised least squares with its variance components.
pub struct RandomIv {
    /// The fit.
    pub fit: PanelIv,
    /// Standard deviation of the unit effects.
    pub sigma_u: f64,
    /// Standard deviation of the remaining error.
    pub sigma_e: f64,
    /// Share of the unit means that is taken out, of each unit.
    pub theta: Vec<f64>,
}

/// The model without regressors and instruments that do not vary within units, or are collinear there.
fn varying(model: &Model, units: &Units) -> Model {
    let kept = |columns: &[Vec<f64>], before: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let moved: Vec<Vec<f64>> = before.iter().chain(columns).map(|c| units.within(c)).collect();
        let views: Vec<&[f64]> = moved.iter().map(Vec::as_slice).collect();
        let chosen = choose_columns(Design { columns: &views, weights: None, constant: true }).0;
        chosen.into_iter().filter_map(|j| j.checked_sub(before.len())).map(|j| columns[j].clone()).collect()
    };
    let exogenous = kept(&model.exogenous, &[]);
    Model {
        y: model.y.clone(),
        endogenous: model.endogenous.clone(),
        instruments: kept(&model.instruments, &exogenous),
        exogenous,
    }
}

/// Random effects: variance components of Swamy and Arora from the residuals of the within and the between regression
/// (`consistent`: those of Baltagi and Chang without degrees of freedom), then two-stage least squares on
/// quasi-demeaned columns, instruments included. `components`: the error components estimator of Baltagi (1981), whose
/// instruments are the deviations from unit means and the unit means of all exogenous variables.
///
/// # Errors
/// `Insufficient` where a step has no degrees of freedom.
pub fn random(
    model: &Model,
    units: &Units,
    clusters: Option<Clusters<'_>>,
    (consistent, components): (bool, bool),
) -> Result<RandomIv, FitError> {
    let fixed = within(&varying(model, units), units, None)?;
    let means = between(model, units)?;
    let (n, count) = (model.y.len() as f64, units.count() as f64);
    let spread: f64 =
        means.fit.residuals.iter().zip(&units.sizes).map(|(e, size)| *size as f64 * e * e).sum();
    let (error, effect) = if consistent {
        let error = fixed.fit.rss / (n - count);
        (error, (spread - count * error) / n)
    } else {
        let error = fixed.fit.rss / fixed.df;
        (error, (spread - means.df * error) / (n - overlap(model, units)?))
    };
    let effect = effect.max(0.0);
    let theta: Vec<f64> =
        units.sizes.iter().map(|size| 1.0 - (error / (*size as f64 * effect + error)).sqrt()).collect();
    let mut moved = model.transformed(|values| quasi_demeaned(values, units, &theta));
    // the constant is quasi-demeaned as well
    let constant: Vec<f64> = units.of_row.iter().map(|u| 1.0 - theta[*u as usize]).collect();
    if components {
        moved.endogenous.append(&mut moved.exogenous);
        moved.instruments = deviations_and_means(model, units);
    }
    moved.exogenous.push(constant);
    let fit = moved.two_stage_by(false, clusters)?;
    let fit = on(fit, n - model.slopes() as f64 - 1.0, clusters.is_none())?;
    Ok(RandomIv { fit, sigma_u: effect.sqrt(), sigma_e: error.sqrt(), theta })
}

/// A column less the share `theta` of its unit means.
pub fn quasi_demeaned(values: &[f64], units: &Units, theta: &[f64]) -> Vec<f64> {
    let means = units.means(values, None);
    values.iter().zip(&units.of_row).map(|(v, u)| v - theta[*u as usize] * means[*u as usize]).collect()
}

/// Deviations from unit means and unit means of the exogenous regressors and instruments, without collinear ones.
fn deviations_and_means(model: &Model, units: &Units) -> Vec<Vec<f64>> {
    let own = || model.exogenous.iter().chain(&model.instruments);
    let spread = |c: &Vec<f64>| -> Vec<f64> {
        let means = units.means(c, None);
        units.of_row.iter().map(|u| means[*u as usize]).collect()
    };
    let all: Vec<Vec<f64>> = own().map(|c| units.within(c)).chain(own().map(spread)).collect();
    let views: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let chosen = choose_columns(Design { columns: &views, weights: None, constant: true }).0;
    chosen.into_iter().map(|j| all[j].clone()).collect()
}

/// `trace((X'PX)^-1 X'ZZ'X)` of the regressors and the constant, `P` the unit means and `Z` the units.
fn overlap(model: &Model, units: &Units) -> Result<f64, FitError> {
    let mut means: Vec<Vec<f64>> =
        model.endogenous.iter().chain(&model.exogenous).map(|c| units.means(c, None)).collect();
    means.push(vec![1.0; units.count()]);
    let cross = |a: usize, b: usize, power: i32| -> f64 {
        (0..units.count()).map(|i| (units.sizes[i] as f64).powi(power) * means[a][i] * means[b][i]).sum()
    };
    let k = means.len();
    let inverse =
        Mat::from_fn(k, k, |a, b| cross(a, b, 1)).inverse_definite().ok_or(FitError::Insufficient)?;
    Ok((0..k).flat_map(|a| (0..k).map(move |b| (a, b))).map(|(a, b)| inverse[(a, b)] * cross(a, b, 2)).sum())
}

/// Pooled rows, such as first differences; degrees of freedom N - k - 1.
pub fn pooled(model: &Model) -> Result<PanelIv, FitError> {
    let df = model.y.len() as f64 - model.slopes() as f64 - 1.0;
    on(model.two_stage(true)?, df, true)
}
