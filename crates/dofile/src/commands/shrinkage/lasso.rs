//! `lasso` and `elasticnet`: penalised linear, logistic and Poisson regression with the penalty chosen by
//! cross-validation, by BIC, or in adaptive steps. Formulas: [LASSO] lasso, [LASSO] elasticnet. Folds are drawn
//! from this engine's own stream of uniform numbers: rows sorted by a draw, fold numbers in turn.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::lasso_plan::{Plan, Selection, plan, whole};
use super::lasso_sample::{Sample, folds, sample};
use super::state::{Knot, State};
use crate::error::{Result, StataError};
use crate::estimation::model::first_word;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::shrinkage::{Model, Point, Shrinkage, grid};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("SELection"),
    OptSpec::int("folds"),
    OptSpec::text("RSEED"),
    OptSpec::text("grid"),
    OptSpec::text("ALPHAs"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("serule"),
    OptSpec::real("STOp"),
])
.unsupported(&[
    "noCONstant",
    "CVTOLerance",
    "BICTOLerance",
    "TOLerance",
    "OFFset",
    "EXPosure",
    "CLuster",
    "PENALTYwt",
]);

/// `lasso`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lasso",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: lasso,
    syntax: "lasso {linear|logit|poisson} depvar [(alwaysvars)] othervars [if] [in] [, selection(cv [, folds(#) serule] | bic | adaptive | none) grid(#[, ratio(#)]) stop(0) rseed(#) nolog]",
    notes: "stores e(N k_allvars k_nonzero_sel lambda_sel CV_mean_min), e(b) (penalised) e(b_standardized) e(b_postselection), e(allvars_sel); [LASSO] lasso",
    examples: &[Example {
        // Columns +-1 that are orthogonal: the first penalty is the largest mean of y times a column.
        run: "set obs 8\ngenerate a = cond(mod(_n, 2), 1, -1)\ngenerate b = cond(mod(ceil(_n/2), 2), 1, -1)\ngenerate y = 3*a + b + cond(_n > 4, .5, -.5)\nlasso linear y a b, selection(none)\nlassoknots\nmatrix m = r(table)",
        expect: &[("m[1,2]", 3.0), ("m[1,3]", 0.0)],
    }],
};

/// `elasticnet`.
pub(super) const SPEC_ELASTICNET: CommandSpec = CommandSpec {
    name: "elasticnet",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run: elasticnet,
    syntax: "elasticnet {linear|logit|poisson} depvar [(alwaysvars)] othervars [if] [in] [, alphas(numlist) selection(cv [, folds(#)] | bic | none) grid(#[, ratio(#)]) stop(0) rseed(#) nolog]",
    notes: "as lasso, with e(alpha_sel); [LASSO] elasticnet",
    examples: &[Example {
        // The first penalty of lasso over alpha.
        run: "set obs 8\ngenerate a = cond(mod(_n, 2), 1, -1)\ngenerate b = cond(mod(ceil(_n/2), 2), 1, -1)\ngenerate y = 3*a + b + cond(_n > 4, .5, -.5)\nelasticnet linear y a b, alpha(.5) selection(none)\nlassoknots\nmatrix m = r(table)",
        expect: &[("m[1,2]", 6.0), ("m[1,3]", 0.0)],
    }],
};

fn lasso(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, vec![1.0])
}

fn elasticnet(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, vec![0.5, 0.75, 1.0])
}

/// Path over a grid with its criterion at every point.
fn path(sample: &Sample, plan: &Plan, alpha: f64, penalty: &[f64], fold: Option<&[usize]>) -> Vec<Knot> {
    let n = sample.y.len();
    let all: Vec<usize> = (0..n).collect();
    let full_rows = all.clone();
    let full =
        Shrinkage { model: sample.model, y: &sample.y, x: &sample.x, rows: &full_rows, penalty, alpha };
    let ratio = plan.ratio.unwrap_or(if sample.names.len() < n { 1e-4 } else { 1e-2 });
    let lambdas = grid(full.largest(), plan.count, ratio);
    let mut knots = Vec::with_capacity(lambdas.len());
    let mut point = full.empty();
    for lambda in &lambdas {
        point = full.fit(*lambda, &point);
        let nonzero = point.b.iter().filter(|b| **b != 0.0).count();
        let loss = full.loss(&point, &all);
        // minus twice the log likelihood up to a constant of the data
        let fit = if sample.model == Model::Linear { n as f64 * loss.ln() } else { n as f64 * loss };
        knots.push(Knot {
            lambda: *lambda,
            alpha,
            point: point.clone(),
            nonzero,
            loss,
            bic: fit + (n as f64).ln() * (nonzero + 1) as f64,
            cv_mean: f64::NAN,
            cv_error: f64::NAN,
        });
    }
    if let Some(fold) = fold {
        let count = fold.iter().max().map_or(0, |m| m + 1);
        let parts: Vec<Vec<(f64, usize)>> = estimators::blocks::map(count, |range| {
            range.map(|f| fold_losses(sample, alpha, penalty, &lambdas, fold, f)).collect::<Vec<_>>()
        })
        .into_iter()
        .flatten()
        .collect();
        for (k, knot) in knots.iter_mut().enumerate() {
            let total: usize = parts.iter().map(|p| p[k].1).sum();
            knot.cv_mean = parts.iter().map(|p| p[k].0 * p[k].1 as f64).sum::<f64>() / total as f64;
            let spread: f64 =
                parts.iter().map(|p| p[k].1 as f64 * (p[k].0 - knot.cv_mean).powi(2)).sum::<f64>()
                    / total as f64;
            knot.cv_error = (spread / (count as f64 - 1.0)).sqrt();
        }
    }
    knots
}

/// Losses on the rows of a fold of the path fitted without them.
fn fold_losses(
    sample: &Sample,
    alpha: f64,
    penalty: &[f64],
    lambdas: &[f64],
    fold: &[usize],
    f: usize,
) -> Vec<(f64, usize)> {
    let (inside, outside): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|i| fold[*i] == f);
    let part = Shrinkage { model: sample.model, y: &sample.y, x: &sample.x, rows: &outside, penalty, alpha };
    let mut point = part.empty();
    lambdas
        .iter()
        .map(|lambda| {
            point = part.fit(*lambda, &point);
            (part.loss(&point, &inside), inside.len())
        })
        .collect()
}

fn choose(knots: &[Knot], plan: &Plan) -> Option<usize> {
    let best = |key: fn(&Knot) -> f64| {
        (0..knots.len())
            .filter(|k| key(&knots[*k]).is_finite())
            .min_by(|a, b| key(&knots[*a]).total_cmp(&key(&knots[*b])))
    };
    match plan.selection {
        Selection::None => None,
        Selection::Bic => best(|k| k.bic),
        _ => {
            let at = best(|k| k.cv_mean)?;
            if !plan.one_error {
                return Some(at);
            }
            let limit = knots[at].cv_mean + knots[at].cv_error;
            (0..=at).find(|k| knots[*k].alpha == knots[at].alpha && knots[*k].cv_mean <= limit)
        }
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand, alphas: Vec<f64>) -> Result<()> {
    let (word, rest) = first_word(&cmd.raw);
    let model = match word {
        "linear" => Model::Linear,
        "logit" => Model::Logit,
        "poisson" => Model::Poisson,
        "" => return Err(StataError::standard(100)),
        "probit" | "cox" => return Err(StataError::unsupported_option(&cmd.name, word)),
        _ => {
            return Err(StataError::invalid(format!(
                "model {word} not allowed; linear, logit or poisson expected"
            )));
        }
    };
    let mut parsed = ParsedCommand::split(&cmd.name, rest, false)?;
    SYNTAX.check(&parsed)?;
    parsed.check_options(SYNTAX.options, SYNTAX.unsupported)?;
    // the grid is always gone through to its end
    if parsed.options.real("stop").is_some_and(|tolerance| tolerance != 0.0) {
        return Err(StataError::unsupported_option(&cmd.name, "stop() other than stop(0)"));
    }
    let plan = plan(&parsed, alphas)?;
    let sample = sample(session, &parsed, model)?;
    if let Some(seed) = parsed.options.text("rseed") {
        let seed = whole(seed, 0.0, "rseed()")?;
        *session.rng.borrow_mut() = crate::rng::Mt64::new(seed as u64);
    }
    let n = sample.y.len();
    let needs_folds = matches!(plan.selection, Selection::CrossValidation | Selection::Adaptive);
    if needs_folds && n < 2 * plan.folds {
        return Err(StataError::new(2001, "insufficient observations for the folds"));
    }
    let fold = needs_folds.then(|| folds(session, n, plan.folds));
    let mut penalty: Vec<f64> =
        (0..sample.names.len()).map(|j| if j < sample.always { 0.0 } else { 1.0 }).collect();
    let mut knots = Vec::new();
    for alpha in &plan.alphas {
        knots.extend(path(&sample, &plan, *alpha, &penalty, fold.as_deref()));
    }
    let mut selected = choose(&knots, &plan);
    if plan.selection == Selection::Adaptive {
        // second step: penalties inverse to the first step's standardised coefficients (Zou 2006)
        if let Some(at) = selected {
            for (j, p) in penalty.iter_mut().enumerate().skip(sample.always) {
                let size = knots[at].point.b[j].abs();
                *p = if size > 0.0 { 1.0 / size } else { f64::INFINITY };
            }
            if penalty.iter().any(|p| p.is_finite() && *p > 0.0) {
                knots = path(&sample, &plan, 1.0, &penalty, fold.as_deref());
                selected = choose(&knots, &plan);
            }
        }
    }
    if session.shows_log(|o| parsed.has(o)) {
        session.print("");
        session.print(match plan.selection {
            Selection::CrossValidation | Selection::Adaptive => {
                format!("{}-fold cross-validation with {} lambdas ...", plan.folds, knots.len())
            }
            Selection::Bic => format!("Evaluating {} lambdas by BIC ...", knots.len()),
            Selection::None => format!("Evaluating {} lambdas ...", knots.len()),
        });
    }
    post(session, cmd, &plan, sample, knots, selected)?;
    super::state::show(session)
}

/// Constant and slopes in the units of the variables.
fn raw(sample: &Sample, point: &Point) -> Vec<f64> {
    let slopes: Vec<f64> = point.b.iter().zip(&sample.scale).map(|(b, s)| b / s).collect();
    let shift: f64 = slopes.iter().zip(&sample.centre).map(|(b, c)| b * c).sum();
    slopes.into_iter().chain([point.constant - shift]).collect()
}

/// The unpenalised fit of the selected variables.
fn after_selection(sample: &Sample, point: &Point) -> Vec<f64> {
    let kept: Vec<usize> = (0..point.b.len()).filter(|j| point.b[*j] != 0.0).collect();
    let x: Vec<Vec<f64>> = kept.iter().map(|j| sample.x[*j].clone()).collect();
    let rows: Vec<usize> = (0..sample.y.len()).collect();
    let penalty = vec![0.0; x.len()];
    let problem =
        Shrinkage { model: sample.model, y: &sample.y, x: &x, rows: &rows, penalty: &penalty, alpha: 1.0 };
    let fit = problem.fit(0.0, &problem.empty());
    let mut full = vec![0.0; point.b.len()];
    kept.iter().zip(&fit.b).for_each(|(j, b)| full[*j] = *b);
    raw(sample, &Point { constant: fit.constant, b: full })
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    plan: &Plan,
    sample: Sample,
    knots: Vec<Knot>,
    selected: Option<usize>,
) -> Result<()> {
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", &cmd.name).text("cmdline", format!("{} {}", cmd.name, cmd.raw.trim()));
    r.text("depvar", &sample.depvar).text("model", model_name(sample.model));
    r.text(
        "selection",
        match plan.selection {
            Selection::CrossValidation => "cv",
            Selection::Bic => "bic",
            Selection::Adaptive => "adaptive",
            Selection::None => "none",
        },
    );
    r.text("allvars", sample.names.join(" ")).scalar("N", sample.y.len() as f64);
    r.scalar("k_allvars", sample.names.len() as f64).scalar("k_grid", knots.len() as f64);
    r.scalar("folds", plan.folds as f64);
    let mut names: Vec<Stripe> = sample.names.iter().map(Stripe::term).collect();
    names.push(Stripe::term("_cons"));
    if let Some(at) = selected {
        let knot = &knots[at];
        let chosen: Vec<&str> = sample
            .names
            .iter()
            .zip(&knot.point.b)
            .filter(|(_, b)| **b != 0.0)
            .map(|(n, _)| n.as_str())
            .collect();
        r.text("allvars_sel", chosen.join(" ")).scalar("k_nonzero_sel", knot.nonzero as f64);
        r.scalar("lambda_sel", knot.lambda).scalar("alpha_sel", knot.alpha).scalar("ID_sel", (at + 1) as f64);
        if knot.cv_mean.is_finite() {
            r.scalar("CV_mean_min", knot.cv_mean);
        }
        r.scalar("BIC_sel", knot.bic);
        let standard: Vec<f64> = knot.point.b.iter().copied().chain([knot.point.constant]).collect();
        r.matrix("b", Matrix::row_vector(raw(&sample, &knot.point), names.clone()));
        r.matrix("b_standardized", Matrix::row_vector(standard, names.clone()));
        r.matrix("b_postselection", Matrix::row_vector(after_selection(&sample, &knot.point), names));
    }
    est.extra = Some(std::sync::Arc::new(State {
        model: sample.model,
        names: sample.names,
        knots,
        selected,
        y: sample.y,
        by_cv: matches!(plan.selection, Selection::CrossValidation | Selection::Adaptive),
    }));
    session.post_estimation(est, sample.touse);
    Ok(())
}

/// Name of a model.
pub(super) fn model_name(model: Model) -> &'static str {
    match model {
        Model::Linear => "linear",
        Model::Logit => "logit",
        Model::Poisson => "poisson",
    }
}

/// `%9.0g` without blanks.
pub(super) fn plain(x: f64) -> String {
    format::bare("%9.0g", x)
}
