//! `streg, frailty()`: parametric survival models whose hazard a random variable of each record multiplies ([ST] streg).

use super::streg::{Survival, equations, layout, names};
use crate::error::{Result, StataError};
use crate::estimation::likelihood;
use crate::estimation::ml_command;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, normal_quantile};
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, Likelihood, MlFit};
use estimators::ml_frailty::{Frailty, Model, Record};

/// The distribution that `frailty()` names; nothing without the option.
pub(super) fn kind(cmd: &ParsedCommand) -> Result<Option<Frailty>> {
    let Some(text) = cmd.options.text("frailty").map(str::trim) else { return Ok(None) };
    match text {
        t if !t.is_empty() && "gamma".starts_with(t) => Ok(Some(Frailty::Gamma)),
        t if !t.is_empty() && "invgaussian".starts_with(t) => Ok(Some(Frailty::InverseGaussian)),
        _ => Err(StataError::invalid(format!("frailty({text}) invalid"))),
    }
}

/// Fits with the frailty after the model without it, whose estimates are the start: both models with regressors, and the
/// log likelihood of the one with a constant alone.
pub(super) fn fit(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    frailty: Frailty,
    (plain, null): (&MlFit, Option<&MlFit>),
) -> Result<(MlFit, Option<f64>)> {
    let r = &data.records;
    let model = Model { distribution: data.distribution, aft: data.aft, frailty };
    let record = |i: usize| Record { t0: r.t0[i], t: r.t[i], d: r.d[i] };
    if names(data.distribution).2.is_empty() {
        let f = Formula::<2, _>(|i: usize, [eta, theta]: [Jet<2>; 2]| {
            model.row(record(i), eta, Jet::constant(0.0), theta)
        });
        return search(s, cmd, data, &f, (plain, null));
    }
    let f = Formula::<3, _>(|i: usize, [eta, ancillary, theta]: [Jet<3>; 3]| {
        model.row(record(i), eta, ancillary, theta)
    });
    search(s, cmd, data, &f, (plain, null))
}

/// Tries a few starts of the variance and keeps the best maximum.
fn search<L: Likelihood>(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    likelihood: &L,
    (plain, null): (&MlFit, Option<&MlFit>),
) -> Result<(MlFit, Option<f64>)> {
    let with = |slopes: bool| {
        let mut out = equations(data, slopes);
        out.push(Equation { constant: true, ..Equation::default() });
        out
    };
    let from = |fit: &MlFit, theta: f64| -> Vec<f64> { fit.b.iter().copied().chain([theta]).collect() };
    let best = |fit: &MlFit, slopes: bool| {
        let tries = [-1.0, 0.5, -3.0]
            .map(|theta| ml_command::quiet(&data.model, likelihood, with(slopes), &from(fit, theta)).ok());
        tries.into_iter().flatten().max_by(|a, b| a.ll.total_cmp(&b.ll))
    };
    let failed = || StataError::new(430, "convergence not achieved");
    let ll_0 = null.and_then(|fit| best(fit, false)).map(|fit| fit.ll);
    let found = best(plain, true).ok_or_else(failed)?;
    let fit = likelihood::maximise(
        s,
        &cmd.options,
        &data.model,
        likelihood,
        with(true),
        &found.b,
        &layout(cmd, data),
    )?;
    Ok((fit, ll_0))
}

/// Stores the variance of the frailty and the test against the model without it.
pub(super) fn store(r: &mut Results, fit: &MlFit, frailty: Frailty, ll_c: f64) {
    let chi2 = (2.0 * (fit.ll - ll_c)).max(0.0);
    let p = chi2_tail(1.0, chi2) * if chi2 > 0.0 { 0.5 } else { 1.0 };
    let theta = fit.b.last().map_or(MISSING, |x| x.exp());
    r.scalar("theta", theta).scalar("ll_c", ll_c).scalar("chi2_c", chi2).scalar("p_c", p);
    let (name, title) = match frailty {
        Frailty::Gamma => ("gamma", "Gamma frailty"),
        Frailty::InverseGaussian => ("invgaussian", "Inverse-Gaussian frailty"),
    };
    r.text("frailty", name).text("fr_title", title);
}

/// The variance on its own scale under the table, and the test.
pub(super) fn show(s: &mut Session, level: f64, with_test: bool) {
    let (Some(b), Some(v)) = (s.e.b().cloned(), s.e.v().cloned()) else { return };
    let last = b.cols() - 1;
    let (log, se) = (b.get(0, last), v.get(last, last).sqrt());
    let half = normal_quantile(0.5 + level / 200.0) * se;
    let wide = |x: f64| format::number("%9.0g", x);
    s.print(format!(
        "{:>12} |  {}  {}{:>22}   {}   {}",
        "theta",
        wide(log.exp()),
        wide(log.exp() * se),
        "",
        wide((log - half).exp()),
        wide((log + half).exp())
    ));
    s.print("-".repeat(78));
    if with_test {
        let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
        let left = format!(
            "LR test of theta=0: chibar2(01) = {}",
            format::bare("%8.2f", scalar("chi2_c")).trim_start()
        );
        let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", scalar("p_c")));
        s.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
}
