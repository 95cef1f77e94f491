//! `regress`: linear regression.
//!
//! Syntax: `regress depvar [indepvars] [if] [in] [weight] [, noconstant hascons vce(ols|robust|cluster v|hc2|hc3)
//! robust cluster(v) level(#) beta noheader notable eform(string)]`.
//! Stores in `e()`: N df_m df_r F r2 r2_a rmse mss rss ll ll_0 rank N_clust, b V, cmd depvar vce vcetype
//! clustvar wtype wexp predict title model; `r(table)`. Formulas: [R] regress.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{fit_error, level, note_weights, show_table};
use crate::estimation::header::{Fact, show, sums_of_squares};
use crate::estimation::linear::LinearState;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe, spread_square, stata};
use crate::matrix::Matrix;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::ols::{self, OlsFit, Request};
use estimators::qr::{Design, solve};
use std::sync::Arc;

/// Options of `regress`.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("noConstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("Beta"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noTABle"),
    OptSpec::text("EForm"),
    OptSpec::flag("HASCons"),
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance])
    .unsupported(&["TSSCONS", "DEPname", "PLus", "MSE1"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "regress",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "regress depvar [indepvars] [if] [in] [weight] [, noconstant hascons vce(ols|robust|cluster v|hc2|hc3) robust cluster(v) level(#) beta noheader notable eform(string)]",
    notes: "stores e(N df_m df_r F r2 r2_a rmse mss rss ll ll_0 rank N_clust), e(b), e(V), r(table); formulas: [R] regress",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x",
        // By hand: Sxx = 17.5, Sxy = 14.5, Syy = 17.5.
        expect: &[("_b[x]", 0.828_571_428_571_428_6), ("e(r2)", 0.686_530_612_244_898), ("e(df_r)", 4.0)],
    }],
};

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && matches!(session.e.cmd(), "regress" | "anova") {
        return replay(session, cmd);
    }
    let mut model = Reading::new(cmd).model(session)?.enough()?;
    let own_constant = cmd.has("hascons") && has_constant(session, &mut model)?;
    if model.design.blocks().len() > 1 {
        drop_collinear(session, &mut model);
    }
    let mut fit = {
        let columns = model.columns();
        ols::fit(&Request {
            y: &model.y,
            columns: &columns,
            constant: model.constant,
            weights: model.weights.as_ref(),
            vce: model.kernel_vce(),
            absorbed: 0,
            absorbed_in_cluster: false,
            chosen: false,
        })
        .map_err(fit_error)?
    };
    if own_constant {
        centre(&mut fit, &model);
    }
    let omitted = model.omit(&fit.basis.omitted);
    note_weights(session, &model);
    post::note_omitted(session, &omitted);
    let mut estimation = estimation(cmd, &model, &fit);
    let touse = model.touse.clone();
    let beta = standardised(&model, &fit);
    let mut stripe = plain_stripe(model.names());
    stripe.retain(|s| s.name != "_cons");
    if !stripe.is_empty() {
        let vector = Matrix::row_vector(beta[..stripe.len()].iter().copied().map(stata).collect(), stripe);
        estimation.results.matrix("beta", vector);
    }
    session.post_estimation(estimation, touse);
    display(session, cmd, cmd.options.has("beta").then_some(beta.as_slice()))
}

/// Option `hascons`: whether the regressors have a constant among them, or a sum that is one. The model is then without a
/// constant of its own; otherwise it keeps it, with a note.
fn has_constant(session: &mut Session, model: &mut Model) -> Result<bool> {
    let columns = model.columns();
    let ones = vec![1.0; model.y.len()];
    let design = Design { columns: &columns, weights: None, constant: false };
    let found = !columns.is_empty() && solve(design, &ones).rss < 1e-12 * ones.len() as f64;
    if !found {
        session.print("note: hascons false");
        return Ok(false);
    }
    if model.is_robust() {
        return Err(StataError::unsupported_option("regress", "hascons with vce(robust) or vce(cluster)"));
    }
    model.constant = false;
    Ok(true)
}

/// Sums of squares about the mean and what rests on them, for a model that has its constant among the regressors.
fn centre(fit: &mut OlsFit, model: &Model) {
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let tss = ols::total_squares(&model.y, effective.as_ref().map(|(w, _)| w.as_slice()), true);
    fit.df_m -= 1.0;
    fit.mss = if fit.df_m > 0.0 { tss - fit.rss } else { 0.0 };
    fit.r2 = if fit.df_m > 0.0 { 1.0 - fit.rss / tss } else { 0.0 };
    fit.r2_a = 1.0 - (fit.rss / fit.df_residual) / (tss / (fit.n - 1.0));
    fit.f = (fit.df_m > 0.0).then(|| fit.mss / fit.df_m / (fit.rss / fit.df_residual));
    fit.ll_0 = fit.ll - 0.5 * fit.n * (tss / fit.rss).ln();
}

/// Posts the results of `regress`, also for commands that are a regression underneath.
pub(super) fn estimation(cmd: &ParsedCommand, model: &Model, fit: &OlsFit) -> Estimation {
    let estimated = model.estimated();
    let parameters = Parameters::spread(plain_stripe(model.names()), &estimated, &fit.b, &fit.v);
    let mut est = post::begin("regress", &post::command_line(cmd), &parameters, model);
    let results = &mut est.results;
    results
        .scalar("N", fit.n)
        .scalar("df_m", if fit.f.is_none() && model.is_robust() { robust_df(fit) } else { fit.df_m })
        .scalar("df_r", fit.df_r)
        .scalar("F", stata(fit.f.unwrap_or(f64::NAN)))
        .scalar("r2", stata(fit.r2))
        .scalar("rmse", stata(fit.rmse))
        .scalar("mss", stata(fit.mss))
        .scalar("rss", stata(fit.rss))
        .scalar("r2_a", stata(fit.r2_a))
        .scalar("ll", stata(fit.ll))
        .scalar("ll_0", stata(fit.ll_0))
        .scalar("rank", fit.rank as f64);
    results.text("title", "Linear regression").text("model", "ols").text("predict", "regres_p");
    results.text("properties", "b V").text("estat_cmd", "regress_estat");
    if model.vce == VceSpec::Default && !model.is_robust() {
        results.text("vce", "ols");
    }
    let unscaled = spread_square(parameters.b.len(), &estimated, &fit.unscaled);
    est.extra =
        Some(Arc::new(LinearState { unscaled, s2: fit.rss / fit.df_residual, df_residual: fit.df_residual }));
    est
}

fn robust_df(fit: &OlsFit) -> f64 {
    fit.df_m
}

/// Standardised coefficients: `b * sd(x) / sd(y)` over all parameters.
fn standardised(model: &Model, fit: &OlsFit) -> Vec<f64> {
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let spread = |values: &[f64]| ols::total_squares(values, w, true).sqrt();
    let of_y = spread(&model.y);
    let mut out = vec![0.0; model.names().len()];
    for (position, (index, b)) in model.design.active().iter().zip(&fit.b).enumerate() {
        debug_assert!(position < fit.b.len());
        if let Some(column) = model.design.column(*index) {
            out[*index] = b * spread(column) / of_y;
        }
    }
    out
}

fn replay(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.options.has("beta") {
        return Err(StataError::unsupported_option("regress", "beta on replay"));
    }
    display(session, cmd, None)
}

/// Prints the header and the table of the active estimates.
fn display(session: &mut Session, cmd: &ParsedCommand, beta: Option<&[f64]>) -> Result<()> {
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let robust = session.e.results.get_text("vcetype").is_some();
    let (n, df_m, df_r, f) = (scalar("N"), scalar("df_m"), scalar("df_r"), scalar("F"));
    let (r2, r2_a, rmse) = (scalar("r2"), scalar("r2_a"), scalar("rmse"));
    let (mss, rss) = (scalar("mss"), scalar("rss"));
    let p = if crate::value::is_missing(f) { MISSING } else { stata(f_tail(df_m, df_r, f)) };
    if !cmd.options.has("noheader") {
        session.print("");
        let mut facts = vec![
            Fact::observations(n),
            Fact::statistic("F", &[df_m, df_r], f),
            Fact::probability("Prob > F", p),
            Fact::probability("R-squared", r2),
        ];
        if robust {
            facts.push(Fact::root_mse(rmse));
            show(session, &["Linear regression".to_string()], &facts, 17, 10);
        } else {
            facts.push(Fact::probability("Adj R-squared", r2_a));
            facts.push(Fact::root_mse(rmse));
            show(session, &sums_of_squares(mss, rss, df_m, df_r, n), &facts, 15, 9);
        }
    }
    if !cmd.options.has("notable") {
        session.print("");
        table(session, cmd, beta)?;
    }
    Ok(())
}

fn table(session: &mut Session, cmd: &ParsedCommand, beta: Option<&[f64]>) -> Result<()> {
    let level = level(session, cmd)?;
    show_table(session, level, cmd.options.text("eform"), beta)
}
