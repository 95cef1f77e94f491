//! The two steps of `hetregress, twostep`: the log of squared residuals explained by the regressors of the variance, and
//! least squares with these variances. Formulas: [R] hetregress, Methods and formulas; Harvey (1976), Econometrica 44.

use super::WEIGHTS;
use super::parts::Listed;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::ml_command::Layout;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, digamma};
use estimators::matrix::Mat;
use estimators::ols::{self, Request};
use estimators::wald;
use estimators::weights::{WeightKind, Weights};
use std::f64::consts::{LN_2, PI};

/// Coefficients of both equations and their covariance, which has no terms between them.
struct TwoSteps {
    b: Vec<f64>,
    v: Mat,
    /// Parameters of the mean.
    width: usize,
}

fn fit(model: &Model, z: &[&[f64]]) -> Result<TwoSteps> {
    let columns = model.columns();
    let request = |y, columns, constant| Request { constant, chosen: true, ..Request::new(y, columns) };
    let first = ols::fit(&request(&model.y, &columns, model.constant)).map_err(fit_error)?;
    if first.residuals.contains(&0.0) {
        return Err(StataError::new(498, "a residual is zero, whose logarithm is missing"));
    }
    let logs: Vec<f64> = first.residuals.iter().map(|e| (e * e).ln()).collect();
    let second = ols::fit(&request(&logs, z, true)).map_err(fit_error)?;
    let mut gamma = second.b.clone();
    // the mean of the log of a chi-squared with one degree of freedom; its variance is pi^2 / 2
    if let Some(constant) = gamma.last_mut() {
        *constant -= digamma(0.5) + LN_2;
    }
    let variance = |i: usize| {
        let slopes: f64 = z.iter().zip(&gamma).map(|(c, g)| c[i] * g).sum();
        (slopes + gamma.last().copied().unwrap_or(0.0)).exp()
    };
    let mut values: Vec<f64> = (0..model.y.len()).map(|i| 1.0 / variance(i)).collect();
    // importance weights count as rows: with the mean one their number does not depend on the unit of the outcome
    let unit = values.len() as f64 / values.iter().sum::<f64>();
    values.iter_mut().for_each(|w| *w *= unit);
    let weights = Weights { kind: WeightKind::Importance, values };
    let third = ols::fit(&Request { weights: Some(&weights), ..request(&model.y, &columns, model.constant) })
        .map_err(fit_error)?;
    let (width, all) = (third.b.len(), third.b.len() + gamma.len());
    let v = Mat::from_fn(all, all, |i, j| match (i < width, j < width) {
        (true, true) => unit * third.unscaled[(i, j)],
        (false, false) => second.unscaled[(i - width, j - width)] * PI * PI / 2.0,
        _ => 0.0,
    });
    Ok(TwoSteps { b: third.b.iter().chain(&gamma).copied().collect(), v, width })
}

/// Fits and posts the two-step results.
///
/// # Errors
/// r(198) without het(), with weights or with a covariance that two steps do not have.
pub(super) fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.options.text("het").map_or("", str::trim);
    if text.is_empty() {
        return Err(StataError::invalid("option twostep needs het()"));
    }
    let other = ["mle", "waldhet", "lrmodel", "vce", "robust", "cluster"].into_iter().find(|o| cmd.has(o));
    if let Some(option) = other {
        return Err(StataError::invalid(format!("options twostep and {option} may not be combined")));
    }
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let listed = Listed::parse(session, "hetregress", text)?;
    if listed.offset.is_some() || !listed.constant {
        return Err(StataError::new(198, "het() takes no options"));
    }
    let further = listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?;
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    crate::estimation::binary::drop_collinear(session, &mut model);
    let scale = listed.part(session, "lnsigma2", &model.touse)?;
    let found = fit(&model, &scale.side.columns())?;
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    scale.add_to(&mut layout);
    let parameters = layout.parameters(&found.b, &found.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let mean = wald::test_zero(&found.b, &found.v, &slopes);
    let scales: Vec<usize> = (found.width..found.b.len() - 1).collect();
    let spread = wald::test_zero(&found.b, &found.v, &scales);
    let mut est = post::begin("hetregress", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    let (df, df_c) = (mean.df as f64, spread.df as f64);
    r.scalar("N", model.y.len() as f64).scalar("k", found.b.len() as f64).scalar("k_eq", 2.0);
    r.scalar("rank", found.b.len() as f64).scalar("df_m", df).scalar("chi2", mean.chi2);
    r.scalar("p", if mean.df == 0 { crate::value::MISSING } else { chi2_tail(df, mean.chi2) });
    r.scalar("df_m_c", df_c).scalar("chi2_c", spread.chi2).scalar("p_c", chi2_tail(df_c, spread.chi2));
    r.text("chi2type", "Wald").text("chi2_ct", "Wald").text("method", "twostep").text("vce", "twostep");
    r.text("title", "Heteroskedastic linear regression").text("predict", "hetregress_p");
    r.text("properties", "b V");
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
