//! `streg, distribution(ggamma)`: the lognormal model with a further parameter of shape, kappa. Kernel:
//! `estimators::ml_generalized_gamma`.

use super::streg::{Survival, equations, layout};
use crate::error::{Result, StataError};
use crate::estimation::likelihood;
use crate::estimation::ml_command;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::ml::{Equation, MlFit};
use estimators::ml_generalized_gamma::GeneralizedGamma;

/// Whether a text names the distribution.
pub(super) fn is_named(text: &str) -> bool {
    let text = text.trim();
    (text.len() >= 2 && "ggamma".starts_with(text)) || (text.len() >= 3 && "gamma".starts_with(text))
}

/// Refuses what the model cannot be combined with.
pub(super) fn check(cmd: &ParsedCommand) -> Result<()> {
    match ["ancillary", "strata", "frailty"].into_iter().find(|o| cmd.options.has(o)) {
        Some(option) => {
            Err(StataError::unsupported_option("streg", &format!("{option}() with distribution(ggamma)")))
        }
        None => Ok(()),
    }
}

/// Fits after the lognormal model, whose estimates are the start: the model with regressors, and the log likelihood of
/// the one with a constant alone.
pub(super) fn fit(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &Survival,
    (plain, null): (&MlFit, Option<&MlFit>),
) -> Result<(MlFit, Option<f64>)> {
    let r = &data.records;
    let kernel = GeneralizedGamma { t0: &r.t0, t: &r.t, d: &r.d };
    let with = |slopes: bool| {
        let mut out = equations(data, slopes);
        out.push(Equation { constant: true, ..Equation::default() });
        out
    };
    let best = |fit: &MlFit, slopes: bool| {
        let tries = [0.1, 1.0, -0.5].map(|kappa| {
            let start: Vec<f64> = fit.b.iter().copied().chain([kappa]).collect();
            ml_command::quiet(&data.model, &kernel, with(slopes), &start).ok()
        });
        tries.into_iter().flatten().filter(|f| f.ll.is_finite()).max_by(|a, b| a.ll.total_cmp(&b.ll))
    };
    let failed = StataError::not_converged;
    let ll_0 = null.and_then(|fit| best(fit, false)).map(|fit| fit.ll);
    let found = best(plain, true).ok_or_else(failed)?;
    let fit = likelihood::maximise(
        s,
        &cmd.options,
        &data.model,
        &kernel,
        with(true),
        &found.b,
        &layout(cmd, data),
    )?;
    Ok((fit, ll_0))
}

/// Stores the names and the shape.
pub(super) fn store(r: &mut Results, fit: &MlFit) {
    r.text("cmd", "ggamma").text("title", "Generalized gamma AFT regression").text("distribution", "ggamma");
    r.scalar("kappa", fit.b.last().copied().unwrap_or(f64::NAN)).scalar("k_aux", 2.0);
}
