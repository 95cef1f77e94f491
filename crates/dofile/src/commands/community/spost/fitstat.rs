//! `fitstat`: measures of fit of a model, saved for the comparison with another one. Formulas: Long and Freese (2014),
//! section 3.3.

use super::fitstat_show::{Saved, show, store};
use super::model::{Kind, Model, predicted};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::session::{Extension, Session};
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use std::f64::consts::PI;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("SAVe"),
    OptSpec::flag("Diff"),
    OptSpec::flag("Ic"),
    OptSpec::flag("Force"),
])
.unsupported(&["SAving", "Using", "Bic", "Debug"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "fitstat",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "fitstat [, save diff ic force]",
    notes: "after regress, logit, logistic, probit, cloglog, ologit, oprobit, mlogit, poisson and nbreg; save keeps the measures in memory, diff compares with them; stores r(ll) r(ll_0) r(dev) r(dev_df) r(lrx2) r(lrx2_df) r(lrx2_p) r(r2_mf) r(r2_mfadj) r(r2_ml) r(r2_cu) r(r2_mz) r(r2_ef) r(r2_tj) r(r2_ct) r(r2_ctadj) r(r2) r(r2_adj) r(aic) r(aic_n) r(bic) r(bic_d) r(bic_p) r(v_error) r(v_ystar) r(N), those that the model has; Long and Freese (2014), section 3.3",
    examples: &[Example {
        // four of eight outcomes are one, three in the one group of x and one in the other
        run: "set obs 8\ngenerate x = _n > 4\ngenerate y = inlist(_n, 4, 5, 6, 7)\nlogit y x\nfitstat",
        expect: &[
            ("r(ll)", -4.498_681_156_950_466),
            ("r(ll_0)", -5.545_177_444_479_562),
            ("r(r2_ef)", 0.25),
            ("r(r2_tj)", 0.25),
            ("r(r2_ct)", 0.75),
            ("r(r2_ctadj)", 0.5),
            ("r(aic)", 12.997_362_313_900_93),
        ],
    }],
};

/// The measures saved by `fitstat, save`.
#[derive(Debug, Default)]
struct Kept(Option<Saved>);

impl Extension for Kept {}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = Model::of(s, "fitstat")?;
    let fit = measure(s, &model)?;
    let saved = match cmd.has("diff") {
        false => None,
        true => {
            let saved = s.extensions.state::<Kept>().0.clone();
            Some(saved.ok_or_else(|| StataError::new(198, "no measures were saved by fitstat, save"))?)
        }
    };
    if let Some(saved) = &saved {
        let force = cmd.has("force");
        if saved.n != fit.n && !force {
            return Err(StataError::new(
                459,
                "the models have different numbers of observations; option force compares them all the same",
            ));
        }
        if saved.command != fit.command && !force {
            return Err(StataError::new(
                459,
                format!(
                    "the models are of {} and {}; option force compares them all the same",
                    fit.command, saved.command
                ),
            ));
        }
    }
    show(s, &fit, saved.as_ref(), cmd.has("ic"));
    store(s, &fit, saved.as_ref());
    if cmd.has("save") {
        s.extensions.set(Kept(Some(fit)));
    }
    Ok(())
}

/// The measures of the active estimates.
fn measure(s: &mut Session, model: &Model) -> Result<Saved> {
    let of = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (n, ll, ll_0) = (of(s, "N"), of(s, "ll"), of(s, "ll_0"));
    let (k, df) = (of(s, "rank"), of(s, "df_m"));
    let mut fit = Saved { command: model.command.clone(), n, df, k, values: Vec::new() };
    let known = |x: f64| !crate::value::is_missing(x);
    let both = known(ll) && known(ll_0);
    let when = |known: bool, x: f64| if known { x } else { MISSING };
    let lr = when(both, 2.0 * (ll - ll_0));
    fit.set("ll", ll);
    fit.set("ll_0", ll_0);
    fit.set("dev", -2.0 * ll);
    fit.set("dev_df", n - k);
    fit.set("lrx2", lr);
    fit.set("lrx2_df", df);
    fit.set("lrx2_p", when(both, chi2_tail(df, lr)));
    fit.set("aic", -2.0 * ll + 2.0 * k);
    fit.set("aic_n", (-2.0 * ll + 2.0 * k) / n);
    fit.set("bic", -2.0 * ll + k * n.ln());
    fit.set("bic_d", -2.0 * ll - (n - k) * n.ln());
    fit.set("bic_p", when(both, -lr + df * n.ln()));
    if model.kind == Kind::Linear {
        fit.set("r2", of(s, "r2"));
        fit.set("r2_adj", of(s, "r2_a"));
        return Ok(fit);
    }
    if both {
        let ml = -(2.0 * (ll_0 - ll) / n).exp_m1();
        fit.set("r2_mf", 1.0 - ll / ll_0);
        fit.set("r2_mfadj", 1.0 - (ll - k) / ll_0);
        fit.set("r2_ml", ml);
        fit.set("r2_cu", ml / -(2.0 * ll_0 / n).exp_m1());
    }
    latent(s, model, &mut fit)?;
    counted(s, model, &mut fit)?;
    Ok(fit)
}

/// The measure of McKelvey and Zavoina, from the variance of the latent outcome.
fn latent(s: &mut Session, model: &Model, fit: &mut Saved) -> Result<()> {
    let error = match model.command.as_str() {
        "logit" | "logistic" | "ologit" => PI * PI / 3.0,
        "probit" | "oprobit" => 1.0,
        _ => return Ok(()),
    };
    let index = predicted(s, model, ", xb")?;
    let explained = model.sample(&index).variance();
    fit.set("r2_mz", explained / (explained + error));
    fit.set("v_error", error);
    fit.set("v_ystar", explained + error);
    Ok(())
}

/// Measures from the predicted probabilities of outcomes.
fn counted(s: &mut Session, model: &Model, fit: &mut Saved) -> Result<()> {
    if model.kind == Kind::Count {
        return Ok(());
    }
    let y = crate::ops::predict::outcome(s, &model.rows)?;
    let w = |i: usize| model.weights[i];
    let total: f64 = model.weights.iter().sum();
    let rows = 0..y.len();
    let at: Vec<usize>;
    let guess: Vec<usize>;
    if model.kind == Kind::Binary {
        at = y.iter().map(|y| usize::from(*y != 0.0)).collect();
        let p = predicted(s, model, ", pr")?;
        guess = p.iter().map(|p| usize::from(*p > 0.5)).collect();
        let mean = rows.clone().map(|i| w(i) * at[i] as f64).sum::<f64>() / total;
        let sum = |f: &dyn Fn(usize) -> f64| rows.clone().map(|i| w(i) * f(i)).sum::<f64>();
        let left = sum(&|i| (at[i] as f64 - p[i]).powi(2));
        let all = sum(&|i| (at[i] as f64 - mean).powi(2));
        fit.set("r2_ef", 1.0 - left / all);
        let yes = sum(&|i| at[i] as f64 * p[i]) / (mean * total);
        let no = sum(&|i| (1 - at[i]) as f64 * p[i]) / ((1.0 - mean) * total);
        fit.set("r2_tj", yes - no);
    } else {
        at = y.iter().map(|y| model.values.partition_point(|v| v < y)).collect();
        let mut best = vec![(f64::NEG_INFINITY, 0); y.len()];
        for k in 0..model.values.len() {
            let p = predicted(s, model, &format!(", pr outcome(#{})", k + 1))?;
            best.iter_mut().zip(&p).filter(|(b, p)| **p > b.0).for_each(|(b, p)| *b = (*p, k));
        }
        guess = best.into_iter().map(|b| b.1).collect();
    }
    let right: f64 = rows.clone().filter(|i| at[*i] == guess[*i]).map(w).sum();
    let largest = (0..model.values.len())
        .map(|k| rows.clone().filter(|i| at[*i] == k).map(w).sum::<f64>())
        .fold(0.0, f64::max);
    fit.set("r2_ct", right / total);
    fit.set("r2_ctadj", (right - largest) / (total - largest));
    Ok(())
}
