//! Panel regressions with endogenous regressors: within, between, first differences and two-stage generalised least
//! squares ([XT] xtivreg, Methods and formulas; Balestra and Varadharajan-Krishnakumar 1987, Econometric Theory 3;
//! Baltagi 2013, Econometric Analysis of Panel Data, 7.1).

use super::iv::{self, IvFit, IvRequest, Method};
use super::ols::FitError;
use super::panel::Units;
use super::vce::Vce;

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
            vce: Vce::Classical,
            weight_matrix: Vce::Classical,
            small: false,
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

/// Scales the covariance of a fit to `df` residual degrees of freedom.
fn on(mut fit: IvFit, df: f64) -> Result<PanelIv, FitError> {
    if df <= 0.0 {
        return Err(FitError::Insufficient);
    }
    fit.v = fit.v.scaled(fit.n / df);
    fit.rmse = (fit.rss / df).sqrt();
    Ok(PanelIv { fit, df })
}

/// Within: deviations from unit means, with overall means added back; degrees of freedom N - n - k.
pub fn within(model: &Model, units: &Units) -> Result<PanelIv, FitError> {
    let fit = model.transformed(|c| units.within(c)).two_stage(true)?;
    let df = model.y.len() as f64 - units.count() as f64 - model.slopes() as f64;
    on(fit, df)
}

/// Between: unit means; degrees of freedom n - k - 1.
pub fn between(model: &Model, units: &Units) -> Result<PanelIv, FitError> {
    let fit = model.transformed(|c| units.means(c, None)).two_stage(true)?;
    on(fit, units.count() as f64 - model.slopes() as f64 - 1.0)
}

/// A fit by two-stage generalised least squares with its variance components.
pub struct RandomIv {
    /// The fit.
    pub fit: PanelIv,
    /// Standard deviation of the unit effects.
    pub sigma_u: f64,
    /// Standard deviation of the remaining error.
    pub sigma_e: f64,
    /// Share of the unit means that is taken out.
    pub theta: f64,
}

/// Random effects of a balanced panel: variance components of Swamy and Arora from the within and between residuals,
/// then two-stage least squares on quasi-demeaned columns, instruments included.
///
/// # Errors
/// `Insufficient` where a step has no degrees of freedom. The units must be of one size.
pub fn random(model: &Model, units: &Units) -> Result<RandomIv, FitError> {
    let fixed = within(model, units)?;
    let means = between(model, units)?;
    let size = units.sizes[0] as f64;
    let sigma_e = fixed.fit.rmse;
    let sigma_u = (means.fit.rss / means.df - sigma_e * sigma_e / size).max(0.0).sqrt();
    let theta = 1.0 - sigma_e / (size * sigma_u * sigma_u + sigma_e * sigma_e).sqrt();
    let transform = |values: &[f64]| -> Vec<f64> {
        let means = units.means(values, None);
        values.iter().zip(&units.of_row).map(|(v, u)| v - theta * means[*u as usize]).collect()
    };
    let moved = model.transformed(transform);
    // the constant is quasi-demeaned as well; a constant column only changes its coefficient
    let fit = moved.two_stage(true)?;
    let df = model.y.len() as f64 - model.slopes() as f64 - 1.0;
    let mut fit = on(fit, df)?;
    let last = fit.fit.b.len() - 1;
    let share = 1.0 - theta;
    fit.fit.b[last] /= share;
    let scale = |i: usize| if i == last { 1.0 / share } else { 1.0 };
    let v = &fit.fit.v;
    fit.fit.v = super::matrix::Mat::from_fn(last + 1, last + 1, |i, j| scale(i) * v[(i, j)] * scale(j));
    Ok(RandomIv { fit, sigma_u, sigma_e, theta })
}

/// Pooled rows, such as first differences; degrees of freedom N - k - 1.
pub fn pooled(model: &Model) -> Result<PanelIv, FitError> {
    let df = model.y.len() as f64 - model.slopes() as f64 - 1.0;
    on(model.two_stage(true)?, df)
}
