//! Diagnostics after instrumental-variables estimation: strength of the first stage, endogeneity
//! and overidentification ([R] ivregress postestimation, Methods and formulas).

use super::distributions::{chi2_tail, f_tail};
use super::iv::{IvFit, IvRequest, Method, coordinates};
use super::matrix::Mat;
use super::ols::{self, FitError, Request};
use super::qr;
use super::vce::Vce;
use super::wald;
use super::weights::Weights;

/// A test: its statistic, degrees of freedom and p-value.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Denominator degrees of freedom of an F statistic.
    pub df_r: Option<f64>,
    /// p-value.
    pub p: f64,
}

impl Test {
    pub(super) fn chi2(statistic: f64, df: f64) -> Self {
        Self { statistic, df, df_r: None, p: chi2_tail(df, statistic) }
    }

    pub(super) fn f(statistic: f64, df: f64, df_r: f64) -> Self {
        Self { statistic, df, df_r: Some(df_r), p: f_tail(df, df_r, statistic) }
    }
}

/// First-stage summary of one endogenous regressor.
#[derive(Clone, Copy, Debug)]
pub struct FirstStage {
    /// Root mean squared error.
    pub rmse: f64,
    /// R squared.
    pub r2: f64,
    /// Adjusted R squared.
    pub r2_a: f64,
    /// R squared of the excluded instruments given the exogenous regressors.
    pub partial_r2: f64,
    /// Shea's partial R squared.
    pub shea: f64,
    /// The same, adjusted for degrees of freedom.
    pub shea_a: f64,
    /// Test that the excluded instruments are irrelevant, with the covariance of the model.
    pub test: Test,
}

pub(super) fn join<'a>(first: &[&'a [f64]], second: &[&'a [f64]]) -> Vec<&'a [f64]> {
    first.iter().chain(second).copied().collect()
}

pub(super) fn plain<'a>(
    request: &IvRequest<'a>,
    y: &'a [f64],
    columns: &'a [&'a [f64]],
    vce: Vce<'a>,
) -> Request<'a> {
    Request {
        constant: request.constant,
        weights: request.weights,
        vce,
        absorbed: request.absorbed,
        absorbed_in_cluster: true,
        ..Request::new(y, columns)
    }
}

/// First-stage statistics of every endogenous regressor, in order.
pub fn first_stage(request: &IvRequest<'_>) -> Result<Vec<FirstStage>, FitError> {
    let effective = request.weights.map(Weights::effective);
    let weights = effective.as_ref().map(|(w, _)| w.as_slice());
    let at = coordinates(request, weights);
    let all = join(request.exogenous, request.instruments);
    let rows: Vec<usize> = (0..at.instruments).collect();
    let cols: Vec<usize> = (0..at.x.cols()).collect();
    let whole = at.x.transpose().times(&at.x).inverse_definite();
    let inside = at.x.select(&rows, &cols);
    let projected = inside.transpose().times(&inside).inverse_definite();
    let (Some(whole), Some(projected)) = (whole, projected) else {
        return Err(FitError::Insufficient);
    };
    let lead = usize::from(request.constant) + request.exogenous.len();
    let n = effective.as_ref().map_or(request.y.len() as f64, |(_, n)| *n);
    let adjustment = (n - 1.0) / (n - request.all_with_absorbed(at.instruments) + 1.0);
    request
        .endogenous
        .iter()
        .enumerate()
        .map(|(j, column)| {
            let full = ols::fit(&plain(request, column, &all, request.vce))?;
            let restricted = rss_of(request, column, request.exogenous, weights);
            let positions: Vec<usize> = (request.exogenous.len()..all.len()).collect();
            let test = wald::test_zero(&full.b, &full.v, &positions);
            let shea = whole[(lead + j, lead + j)] / projected[(lead + j, lead + j)];
            Ok(FirstStage {
                rmse: full.rmse,
                r2: full.r2,
                r2_a: full.r2_a,
                partial_r2: (restricted - full.rss) / restricted,
                shea,
                shea_a: 1.0 - (1.0 - shea) * adjustment,
                test: Test::f(test.f(), test.df as f64, full.df_r),
            })
        })
        .collect()
}

/// Residual sum of squares of a column on regressors (which may be only the constant, or nothing).
fn rss_of(request: &IvRequest<'_>, y: &[f64], columns: &[&[f64]], weights: Option<&[f64]>) -> f64 {
    qr::solve(qr::Design { columns, weights, constant: request.constant }, y).rss
}

/// Smallest eigenvalue of the matrix analogue of the first-stage F (Cragg and Donald 1993; Stock and Yogo 2005).
pub fn minimum_eigenvalue(request: &IvRequest<'_>) -> f64 {
    let effective = request.weights.map(Weights::effective);
    let weights = effective.as_ref().map(|(w, _)| w.as_slice());
    let n = effective.as_ref().map_or(request.y.len() as f64, |(_, n)| *n);
    let at = coordinates(request, weights);
    let lead = usize::from(request.constant) + request.exogenous.len();
    let m = request.endogenous.len();
    let cross = |from: usize, to: usize| {
        Mat::from_fn(m, m, |a, b| (from..to).map(|i| at.x[(i, lead + a)] * at.x[(i, lead + b)]).sum())
    };
    let excluded = cross(lead, at.instruments);
    let variance =
        cross(at.instruments, at.x.rows()).scaled(1.0 / (n - request.all_with_absorbed(at.instruments)));
    let Some(lower) = variance.cholesky() else {
        return f64::NAN;
    };
    let root = lower.transpose().inverse_upper().transpose();
    let (values, _) = root.sandwich(&excluded).symmetric_eigen();
    values.last().map_or(f64::NAN, |v| v / request.instruments.len() as f64)
}

/// Tests that the endogenous regressors are exogenous.
pub struct Endogeneity {
    /// Durbin's score test, or Wooldridge's robust score test.
    pub score: Option<Test>,
    /// Wu and Hausman's F, or the robust regression-based F.
    pub regression: Test,
}

/// Endogeneity tests after two-stage least squares.
pub fn endogeneity(request: &IvRequest<'_>) -> Result<Endogeneity, FitError> {
    let all = join(request.exogenous, request.instruments);
    let m = request.endogenous.len();
    let mut first_residuals = Vec::with_capacity(m);
    for column in request.endogenous {
        first_residuals.push(ols::fit(&plain(request, column, &all, Vce::Classical))?.residuals);
    }
    let extra: Vec<&[f64]> = first_residuals.iter().map(Vec::as_slice).collect();
    let regressors = join(request.endogenous, request.exogenous);
    let augmented = join(&regressors, &extra);
    let restricted = ols::fit(&plain(request, request.y, &regressors, Vce::Classical))?;
    let full = ols::fit(&plain(request, request.y, &augmented, request.vce))?;
    let df = m as f64;
    if matches!(request.vce, Vce::Classical) {
        let gain = restricted.rss - full.rss;
        return Ok(Endogeneity {
            score: Some(Test::chi2(restricted.n * gain / restricted.rss, df)),
            regression: Test::f(gain / df / (full.rss / full.df_residual), df, full.df_residual),
        });
    }
    let positions: Vec<usize> = (regressors.len()..augmented.len()).collect();
    let test = wald::test_zero(&full.b, &full.v, &positions);
    let score = match request.vce {
        Vce::Cluster(_) => None,
        _ => Some(Test::chi2(robust_score(request, &extra, &regressors, &restricted.residuals)?, df)),
    };
    Ok(Endogeneity { score, regression: Test::f(test.f(), test.df as f64, full.df_r) })
}

/// Wooldridge's (1995) score statistic: regress the candidates on the regressors, multiply their
/// residuals by the model's, and take N minus the residual sum of squares of ones on the products.
fn robust_score(
    request: &IvRequest<'_>,
    candidates: &[&[f64]],
    regressors: &[&[f64]],
    residuals: &[f64],
) -> Result<f64, FitError> {
    let mut products = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let rest = ols::fit(&plain(request, candidate, regressors, Vce::Classical))?.residuals;
        products.push(rest.iter().zip(residuals).map(|(r, e)| r * e).collect::<Vec<f64>>());
    }
    let columns: Vec<&[f64]> = products.iter().map(Vec::as_slice).collect();
    let ones = vec![1.0; residuals.len()];
    let fit =
        ols::fit(&Request { constant: false, weights: request.weights, ..Request::new(&ones, &columns) })?;
    Ok(fit.n - fit.rss)
}

/// Tests of the overidentifying restrictions.
pub enum Overidentification {
    /// Sargan's and Basmann's chi-squared.
    Classical {
        /// Sargan (1958).
        sargan: Test,
        /// Basmann (1960).
        basmann: Test,
    },
    /// Wooldridge's robust score.
    Score(Test),
    /// Anderson and Rubin's chi-squared and Basmann's F (LIML).
    Liml {
        /// Anderson and Rubin (1950).
        anderson_rubin: Test,
        /// Basmann (1960).
        basmann: Test,
    },
    /// Hansen's J (GMM).
    Hansen(Test),
}

/// Overidentification test after a fit; nothing when the model is exactly identified.
pub fn overidentification(
    request: &IvRequest<'_>,
    fit: &IvFit,
) -> Result<Option<Overidentification>, FitError> {
    let q = request.instruments.len() - request.endogenous.len();
    if q == 0 {
        return Ok(None);
    }
    let (df, n) = (q as f64, fit.n);
    let rest = n - fit.instruments as f64;
    Ok(Some(match request.method {
        Method::Gmm => Overidentification::Hansen(Test::chi2(fit.j.unwrap_or(f64::NAN), df)),
        Method::Liml => {
            let kappa = fit.kappa.unwrap_or(f64::NAN);
            Overidentification::Liml {
                // Stata 18 gives n (kappa - 1), not n ln(kappa)
                anderson_rubin: Test::chi2(n * (kappa - 1.0), df),
                basmann: Test::f((kappa - 1.0) * rest / df, df, rest),
            }
        }
        Method::TwoStage if matches!(request.vce, Vce::Classical) => {
            let inside = fit.explained_by_instruments;
            Overidentification::Classical {
                sargan: Test::chi2(n * inside / fit.rss, df),
                basmann: Test::chi2(rest * inside / (fit.rss - inside), df),
            }
        }
        Method::TwoStage => {
            let all = join(request.exogenous, request.instruments);
            let mut fitted = Vec::with_capacity(request.endogenous.len());
            for column in request.endogenous {
                let stage = ols::fit(&plain(request, column, &all, Vce::Classical))?;
                fitted.push(column.iter().zip(&stage.residuals).map(|(x, e)| x - e).collect::<Vec<f64>>());
            }
            let fitted: Vec<&[f64]> = fitted.iter().map(Vec::as_slice).collect();
            let regressors = join(request.exogenous, &fitted);
            let extra = &request.instruments[..q];
            Overidentification::Score(Test::chi2(
                robust_score(request, extra, &regressors, &fit.residuals)?,
                df,
            ))
        }
    }))
}
