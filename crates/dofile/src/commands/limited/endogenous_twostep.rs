//! The two-step estimator of `ivprobit`: minimum chi-squared from the reduced form of the outcome.
//! Formulas: [R] ivprobit, Methods and formulas; Newey (1987), Journal of Econometrics 36; Rivers and Vuong (1988),
//! Journal of Econometrics 39.

use super::endogenous::Sample;
use super::endogenous_show::store_exogeneity;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::ml_command::{self, Layout};
use crate::estimation::post;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::ml::Equation;
use estimators::ml_binary::{Binary, Link};
use estimators::ols::{self, Request};
use estimators::wald;

/// Fits both steps and posts them; `reduced` are the least-squares parameters of the reduced forms.
pub(super) fn estimate(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    reduced: &[Vec<f64>],
    residuals: &[Vec<f64>],
) -> Result<()> {
    let model = &sample.model;
    if model.is_robust() || model.weights.is_some() {
        return Err(StataError::unsupported_option("ivprobit", "twostep with weights or vce()"));
    }
    let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
    let probit = Binary { y: &y, link: Link::Probit };
    let p = sample.endogenous.len();
    // The probit of the reduced form on all exogenous variables and the residuals.
    let exogenous = sample.reduced[0].side.columns();
    let constant = sample.reduced[0].side.constant;
    let fit = |columns: Vec<&[f64]>| {
        let equation = Equation { columns, constant, offset: None };
        let width = equation.len();
        ml_command::quiet(model, &probit, vec![equation], &vec![0.0; width])
    };
    let errors = || residuals.iter().map(Vec::as_slice);
    let alpha = fit(errors().chain(exogenous.iter().copied()).collect())?;
    // The probit with the endogenous regressors, their residuals and the exogenous regressors.
    let structural = model.columns();
    let control = fit(errors().chain(structural.iter().copied()).collect())?;
    let positions: Vec<usize> = (0..p).collect();
    let exogeneity = wald::test_zero(&control.b, &control.v, &positions).chi2;
    let size = exogenous.len() + usize::from(constant);
    let own: Vec<usize> = (p..p + size).collect();
    // y2 (lambda - beta) on the exogenous variables: its covariance adds the noise of the reduced form. lambda belongs
    // to the probit of the reduced form, beta to the structural one.
    let gap: Vec<f64> = (0..p).map(|j| alpha.b[j] - control.b[p + j]).collect();
    let combined: Vec<f64> =
        (0..model.y.len()).map(|i| sample.endogenous.iter().zip(&gap).map(|(x, g)| x[i] * g).sum()).collect();
    let regression =
        ols::fit(&Request { constant, ..Request::new(&combined, &exogenous) }).map_err(fit_error)?;
    let omega = alpha.v.select(&own, &own).plus(&regression.v);
    let weight =
        omega.inverse_definite().ok_or_else(|| StataError::new(430, "the two-step weights are singular"))?;
    let transform = transform(sample, reduced, size, constant);
    let inner = transform.transpose().times(&weight);
    let v = inner
        .times(&transform)
        .inverse_definite()
        .ok_or_else(|| StataError::new(481, "equation not identified"))?;
    let target: Vec<f64> = own.iter().map(|i| alpha.b[*i]).collect();
    let b = v.times_vector(&inner.times_vector(&target));
    post_results(session, cmd, sample, &b, &v, exogeneity);
    Ok(())
}

/// The matrix `D` that maps structural parameters to those of the reduced form of the outcome: reduced-form parameters
/// of the endogenous regressors, and selectors of the included exogenous ones.
fn transform(sample: &Sample, reduced: &[Vec<f64>], size: usize, constant: bool) -> Mat {
    let model = &sample.model;
    let p = reduced.len();
    let names = |terms: &crate::syntax::Design| -> Vec<String> {
        terms.active().into_iter().map(|i| terms.terms[i].name()).collect()
    };
    let rows = names(&sample.reduced[0].side.design);
    let structural = names(&model.design);
    let width = structural.len() + usize::from(constant);
    Mat::from_fn(size, width, |i, j| {
        if j < p {
            reduced[j][i]
        } else if j < structural.len() {
            f64::from(u8::from(rows.get(i) == Some(&structural[j])))
        } else {
            f64::from(u8::from(i == size - 1))
        }
    })
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    b: &[f64],
    v: &Mat,
    exogeneity: f64,
) {
    let model = &sample.model;
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let parameters = layout.parameters(b, v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let test = wald::test_zero(b, v, &slopes);
    let mut est = post::begin("ivprobit", &post::command_line(cmd), &parameters, model);
    let results = &mut est.results;
    results.scalar("N", model.y.len() as f64).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    results.scalar("p", chi2_tail(test.df as f64, test.chi2)).scalar("rank", b.len() as f64);
    results.text("chi2type", "Wald").text("method", "twostep").text("vce", "twostep");
    results.text("title", "Two-step probit with endogenous regressors").text("predict", "ivprobit_p");
    results.text("properties", "b V");
    store_exogeneity(results, sample, exogeneity);
    session.post_estimation(est, model.touse.clone());
}
