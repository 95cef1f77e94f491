//! The two-step estimator of `heckman`: probit, then least squares with the inverse Mills ratio, and the
//! covariance that allows for the first step. Formulas: [R] heckman, Methods and formulas; Heckman (1979).

use super::heckman::{Selected, store_counts};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::ml_command::{self, Layout};
use crate::estimation::post;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, inverse_mills};
use estimators::matrix::Mat;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::{Binary, Link};
use estimators::ols::{self, Request};
use estimators::stacked::{Centred, uncentred};
use estimators::wald;

/// Both steps.
pub(super) struct TwoStep {
    /// The probit.
    pub selection: MlFit,
    /// Coefficients of the outcome equation.
    pub slopes: Vec<f64>,
    /// Coefficient of the inverse Mills ratio.
    pub lambda: f64,
    /// Covariance of the slopes and lambda.
    pub v: Mat,
    /// Standard deviation of the outcome's error.
    pub sigma: f64,
    /// Correlation of both errors.
    pub rho: f64,
}

impl TwoStep {
    /// Log likelihood of the outcome equation alone, for the test of independence.
    pub(super) fn outcome_ll(&self, sample: &Selected) -> f64 {
        plain_outcome(sample).unwrap_or(f64::NAN)
    }
}

/// Columns of the outcome equation in the selected rows.
fn outcome_columns(sample: &Selected) -> Vec<Vec<f64>> {
    let keep = |c: &[f64]| c.iter().zip(&sample.selected).filter(|(_, s)| **s).map(|(v, _)| *v).collect();
    sample.outcome.columns().into_iter().map(keep).collect()
}

/// Normal log likelihood of least squares on the selected rows.
fn plain_outcome(sample: &Selected) -> Option<f64> {
    let columns = outcome_columns(sample);
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let pick = |v: &[f64]| -> Vec<f64> {
        v.iter().zip(&sample.selected).filter(|(_, s)| **s).map(|(v, _)| *v).collect()
    };
    let y = pick(&sample.model.y);
    let weights = sample
        .model
        .weights
        .as_ref()
        .map(|w| estimators::weights::Weights { kind: w.kind, values: pick(&w.values) });
    let request = Request {
        constant: sample.outcome.constant,
        weights: weights.as_ref(),
        ..Request::new(&y, &columns)
    };
    ols::fit(&request).ok().map(|f| f.ll)
}

/// Fits both steps.
pub(super) fn fit(sample: &Selected) -> Result<TwoStep> {
    let model = &sample.model;
    let probit = Binary { y: &sample.selected, link: Link::Probit };
    // both steps use columns less their means: a regressor far from zero keeps its digits
    let ones = vec![1.0; model.y.len()];
    let mut chooser = model.columns();
    if model.constant {
        chooser.push(&ones);
    }
    let chooser = Centred::of(&chooser);
    let mut own = chooser.slices();
    if model.constant {
        own.pop();
    }
    let equation = Equation { columns: own, constant: model.constant, offset: None };
    let start = vec![0.0; equation.len()];
    let mut selection = ml_command::quiet(model, &probit, vec![equation], &start)?;
    let z = &chooser.columns;
    let index: Vec<f64> =
        (0..model.y.len()).map(|i| z.iter().zip(&selection.b).map(|(c, b)| c[i] * b).sum()).collect();
    let rows: Vec<usize> = (0..model.y.len()).filter(|i| sample.selected[*i]).collect();
    let mills: Vec<f64> = rows.iter().map(|i| inverse_mills(index[*i])).collect();
    let delta: Vec<f64> = rows.iter().zip(&mills).map(|(i, m)| m * (m + index[*i])).collect();
    let y: Vec<f64> = rows.iter().map(|i| model.y[*i]).collect();
    let selected = outcome_columns(sample);
    let mut columns: Vec<&[f64]> = selected.iter().map(Vec::as_slice).collect();
    if sample.outcome.constant {
        columns.push(&ones[..rows.len()]);
    }
    let centred = Centred::of(&columns);
    let mut design = centred.columns.clone();
    design.push(mills);
    let columns: Vec<&[f64]> = design.iter().map(Vec::as_slice).collect();
    let second = ols::fit(&Request { constant: false, chosen: true, ..Request::new(&y, &columns) })
        .map_err(fit_error)?;
    if !second.basis.omitted.is_empty() {
        return Err(StataError::new(498, "the inverse Mills ratio is collinear with the regressors"));
    }
    let size = columns.len();
    let lambda = second.b[size - 1];
    let n = rows.len() as f64;
    let s2 = (second.rss + lambda * lambda * delta.iter().sum::<f64>()) / n;
    let sigma = s2.sqrt();
    let rho = (lambda / sigma).clamp(-1.0, 1.0);
    let cross = |left: &[Vec<f64>],
                 right: &dyn Fn(usize, usize) -> f64,
                 width: usize,
                 weight: &dyn Fn(usize) -> f64| {
        Mat::from_fn(left.len(), width, |i, j| {
            (0..rows.len()).map(|r| left[i][r] * weight(r) * right(j, r)).sum()
        })
    };
    let own = |j: usize, r: usize| design[j][r];
    let middle = cross(&design, &own, size, &|r| 1.0 - rho * rho * delta[r]);
    let first = cross(&design, &|j, r| z[j][rows[r]], z.len(), &|r| delta[r]);
    let q = first.sandwich(&selection.v_model).scaled(rho * rho);
    let v = second.unscaled.sandwich(&middle.plus(&q)).scaled(s2);
    let (mut slopes, v) = uncentred(&second.b, &v, &[(0, &centred)]);
    slopes.pop();
    (selection.b, selection.v_model) = uncentred(&selection.b, &selection.v_model, &[(0, &chooser)]);
    Ok(TwoStep { selection, slopes, lambda, v, sigma, rho })
}

/// Posts the two-step results.
pub(super) fn post(session: &mut Session, cmd: &ParsedCommand, sample: &Selected, fit: &TwoStep) {
    let model = &sample.model;
    let (k, g) = (fit.slopes.len(), fit.selection.b.len());
    let mut b = fit.slopes.clone();
    b.extend(&fit.selection.b);
    b.push(fit.lambda);
    // Outcome parameters and lambda stand at the ends, the probit between them.
    let place = |i: usize| if i < k { i } else { k + g };
    let mut v = Mat::zeros(k + g + 1, k + g + 1);
    for i in 0..=k {
        for j in 0..=k {
            v[(place(i), place(j))] = fit.v[(i, j)];
        }
    }
    for i in 0..g {
        for j in 0..g {
            v[(k + i, k + j)] = fit.selection.v_model[(i, j)];
        }
    }
    let mut layout = Layout::default();
    layout.equation(&model.depvar, sample.outcome.names(), &sample.outcome.estimated());
    layout.equation(&sample.selection_name, model.names(), &model.estimated());
    layout.named(Stripe::with_eq("/mills", "lambda"));
    let parameters = layout.parameters(&b, &v);
    let slopes: Vec<usize> = (0..sample.outcome.columns().len()).collect();
    let test = wald::test_zero(&b, &v, &slopes);
    let mut est = post::begin("heckman", &post::command_line(cmd), &parameters, model);
    let results = &mut est.results;
    results.scalar("N", model.y.len() as f64).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    results.scalar("p", chi2_tail(test.df as f64, test.chi2)).text("chi2type", "Wald");
    results.scalar("rho", fit.rho).scalar("sigma", fit.sigma).scalar("lambda", fit.lambda);
    results.scalar("selambda", fit.v[(k, k)].sqrt()).scalar("rank", b.len() as f64);
    results.text("method", "two-step").text("vce", "twostep").text("predict", "heckma_p");
    results.text("title", "Heckman selection model -- two-step estimates").text("properties", "b V");
    store_counts(sample, results);
    session.post_estimation(est, model.touse.clone());
}
