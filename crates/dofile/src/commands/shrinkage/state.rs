//! State and output of `lasso`, and `lassoknots`, `lassocoef` and `predict` on it.
//! Formulas: [LASSO] lassoknots, [LASSO] lasso postestimation.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::lasso::{model_name, plain};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::shrinkage::{Model, Point};

/// One point of the path.
pub(super) struct Knot {
    /// Penalty.
    pub lambda: f64,
    /// Share of the absolute penalty.
    pub alpha: f64,
    /// Coefficients on standardised candidates.
    pub point: Point,
    /// Number of slopes that are not zero.
    pub nonzero: usize,
    /// Mean deviance in the sample.
    pub loss: f64,
    /// Bayesian information criterion, up to a constant.
    pub bic: f64,
    /// Mean deviance out of the folds.
    pub cv_mean: f64,
    /// Its standard error.
    pub cv_error: f64,
}

/// Results of the last `lasso` or `elasticnet`.
pub(super) struct State {
    /// The model.
    pub model: Model,
    /// Names of the candidates.
    pub names: Vec<String>,
    /// The path.
    pub knots: Vec<Knot>,
    /// The selected point.
    pub selected: Option<usize>,
    /// Outcome.
    pub y: Vec<f64>,
    /// Whether cross-validation was done.
    pub by_cv: bool,
}

const KNOTS: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("ALLlambdas")]).unsupported(&["DISplay", "STEPs", "noSTOP"]);
const COEF: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::text("DISplay")]).unsupported(&["SORT", "LEGend", "noFVLABel"]);

/// `lassoknots`.
pub(super) const SPEC_KNOTS: CommandSpec = CommandSpec {
    name: "lassoknots",
    min: 10,
    form: Form::Standard(&KNOTS),
    by: ByRule::No,
    run: knots,
    syntax: "lassoknots [, alllambdas]",
    notes: "stores r(table): id, lambda, nonzero, in-sample R2 or deviance ratio, CV mean, its standard error, BIC; [LASSO] lassoknots",
    examples: &[Example {
        // With a alone in the model the mean squared error is lambda^2 + 1.25 of 10.25.
        run: "set obs 8\ngenerate a = cond(mod(_n, 2), 1, -1)\ngenerate b = cond(mod(ceil(_n/2), 2), 1, -1)\ngenerate y = 3*a + b + cond(_n > 4, .5, -.5)\nlasso linear y a b, selection(none)\nlassoknots\nmatrix m = r(table)",
        expect: &[("m[2,3]", 1.0), ("1 - m[2,4] - ((m[2,2]^2 + 1.25)/10.25)", 0.0)],
    }],
};

/// `lassocoef`.
pub(super) const SPEC_COEF: CommandSpec = CommandSpec {
    name: "lassocoef",
    min: 9,
    form: Form::Standard(&COEF),
    by: ByRule::No,
    run: coef,
    syntax: "lassocoef [, display(x | coef [, standardized penalized postselection])]",
    notes: "selected variables; stores r(coef) with display(coef); [LASSO] lassocoef",
    examples: &[Example {
        // After selection of both: least squares of orthogonal columns.
        run: "set obs 8\ngenerate a = cond(mod(_n, 2), 1, -1)\ngenerate b = cond(mod(ceil(_n/2), 2), 1, -1)\ngenerate y = 3*a + b + cond(_n > 4, .5, -.5)\nlasso linear y a b, selection(bic)\nlassocoef, display(coef, postselection)\nmatrix m = r(coef)",
        expect: &[("m[1,1]", 3.0), ("m[2,1]", 1.0)],
    }],
};

fn held(session: &Session) -> Result<std::sync::Arc<dyn std::any::Any + Send + Sync>> {
    session.e.extra.clone().filter(|e| e.downcast_ref::<State>().is_some()).ok_or_else(|| {
        StataError::new(301, "last estimates not found; lasso or elasticnet has to be run first")
    })
}

pub(super) fn with<T>(
    session: &mut Session,
    work: impl FnOnce(&mut Session, &State) -> Result<T>,
) -> Result<T> {
    let held = held(session)?;
    match held.downcast_ref::<State>() {
        Some(state) => work(session, state),
        None => Err(StataError::no_estimates()),
    }
}

/// Deviance of the constant-only model.
pub(super) fn null_loss(model: Model, y: &[f64]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    y.iter().map(|v| model.deviance(*v, mean)).sum::<f64>() / y.len() as f64
}

/// Knots to be listed: where the number of selected variables changes, the selected one, the ends.
fn listed(state: &State, all: bool) -> Vec<usize> {
    let last = state.knots.len().saturating_sub(1);
    let selected = |k: usize| {
        let own = state.knots[k].point.b.iter().map(|b| *b != 0.0);
        own.collect::<Vec<bool>>()
    };
    (0..state.knots.len())
        .filter(|k| {
            all || *k == 0 || *k == last || Some(*k) == state.selected || selected(*k) != selected(*k - 1)
        })
        .collect()
}

/// Prints the header and the table of the last `lasso`.
pub(super) fn show(session: &mut Session) -> Result<()> {
    with(session, |session, state| {
        let name = if session.e.cmd() == "lasso" { "Lasso" } else { "Elastic net" };
        session.print("");
        session.print(format!(
            "{:<44}No. of obs        = {:>9}",
            format!("{name} {} model", model_name(state.model)),
            format::bare("%9.0fc", state.y.len() as f64)
        ));
        session.print(format!("{:<44}No. of covariates = {:>9}", "", state.names.len()));
        let selection = session.e.results.get_text("selection").unwrap_or("").to_string();
        session.print(match selection.as_str() {
            "cv" | "adaptive" => format!(
                "{:<44}No. of CV folds   = {:>9}",
                format!("Selection: {}", if selection == "cv" { "Cross-validation" } else { "Adaptive" }),
                session.e.results.get_scalar("folds").unwrap_or(MISSING)
            ),
            "bic" => "Selection: Bayesian information criterion".to_string(),
            _ => "Selection: None".to_string(),
        });
        table(session, state, &summary(state));
        Ok(())
    })
}

/// First, neighbours of the selected, selected and last knot.
fn summary(state: &State) -> Vec<usize> {
    let last = state.knots.len() - 1;
    let mut out = vec![0];
    if let Some(at) = state.selected {
        out.extend([at.saturating_sub(1), at, (at + 1).min(last)]);
    }
    out.push(last);
    out.sort_unstable();
    out.dedup();
    out
}

fn table(session: &mut Session, state: &State, which: &[usize]) {
    let null = null_loss(state.model, &state.y);
    let criterion = if state.by_cv { "CV mean" } else { "" };
    let fit = if state.model == Model::Linear { "R-squared" } else { "dev. ratio" };
    session.print("");
    session.print("-".repeat(78));
    session.print(format!(
        "{:>8} |{:>12}{:>12}{:>14}{:>15}{:>15}",
        "ID",
        "lambda",
        "nonzero",
        fit,
        if state.by_cv { criterion } else { "BIC" },
        ""
    ));
    session.print(format!("---------+{}", "-".repeat(68)));
    for k in which {
        let knot = &state.knots[*k];
        let mark = if Some(*k) == state.selected { "* " } else { "" };
        let value = if state.by_cv { knot.cv_mean } else { knot.bic };
        session.print(format!(
            "{:>8} |{:>12}{:>12}{:>14}{:>15}",
            format!("{mark}{}", k + 1),
            plain(knot.lambda),
            knot.nonzero,
            format::bare("%9.4f", 1.0 - knot.loss / null),
            plain(value)
        ));
    }
    session.print("-".repeat(78));
    if let Some(at) = state.selected {
        session.print(format!("* lambda selected ({}).", plain(state.knots[at].lambda)));
    }
}

fn knots(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let all = cmd.has("alllambdas");
    with(session, |session, state| {
        let which = listed(state, all);
        table(session, state, &which);
        let null = null_loss(state.model, &state.y);
        let mut values = Vec::new();
        for k in &which {
            let knot = &state.knots[*k];
            let known = |x: f64| if x.is_finite() { x } else { MISSING };
            values.extend([
                (*k + 1) as f64,
                knot.lambda,
                knot.nonzero as f64,
                1.0 - knot.loss / null,
                known(knot.cv_mean),
                known(knot.cv_error),
                knot.bic,
                knot.alpha,
            ]);
        }
        let mut table = Matrix::new(which.len(), 8, values);
        table.col_names =
            ["id", "lambda", "nonzero", "fit", "cv_mean", "cv_se", "bic", "alpha"].map(Stripe::term).to_vec();
        let mut results = Results::default();
        results.matrix("table", table);
        session.r = results;
        Ok(())
    })
}

fn coef(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let display = cmd.options.text("display").unwrap_or("x").to_string();
    let (what, option) = display.split_once(',').unwrap_or((&display, ""));
    let numbers = match what.trim() {
        "x" | "u" => false,
        w if !w.is_empty() && "coef".starts_with(w) => true,
        other => return Err(StataError::invalid(format!("display({other}) not allowed"))),
    };
    let name = match option.trim() {
        "" => "b_standardized",
        o if o.len() >= 5 && "standardized".starts_with(o) => "b_standardized",
        o if o.len() >= 3 && "penalized".starts_with(o) => "b",
        o if o.len() >= 7 && "postselection".starts_with(o) => "b_postselection",
        other => return Err(StataError::invalid(format!("display(, {other}) not allowed"))),
    };
    with(session, |session, state| {
        let Some(at) = state.selected else {
            return Err(StataError::new(498, "no lambda was selected"));
        };
        let b = session.e.results.matrices.get(name).cloned().ok_or_else(StataError::no_estimates)?;
        let standard = name == "b_standardized";
        let shown: Vec<usize> = (0..b.cols())
            .filter(|j| {
                (*j + 1 == b.cols() && !standard)
                    || state.knots[at].point.b.get(*j).is_some_and(|v| *v != 0.0)
            })
            .collect();
        session.print("");
        session.print("------------------------");
        session.print(format!("{:>12} |  active", ""));
        session.print("-------------+----------");
        for j in &shown {
            let cell = if numbers { format::number("%9.0g", b.get(0, *j)) } else { "     x".to_string() };
            session.print(format!("{:>12} | {cell}", format::abbrev(&b.col_names[*j].name, 12)));
        }
        session.print("------------------------");
        session.print(if numbers { "" } else { "Legend:\n  x - estimated" });
        let mut out = Matrix::new(shown.len(), 1, shown.iter().map(|j| b.get(0, *j)).collect());
        out.row_names = shown.iter().map(|j| b.col_names[*j].clone()).collect();
        out.col_names = vec![Stripe::term("active")];
        let mut results = Results::default();
        results.matrix("coef", out);
        session.r = results;
        Ok(())
    })
}

/// Linear index of rows of the data at penalised or postselection coefficients.
pub(super) fn index(session: &Session, state: &State, post: bool, rows: &[usize]) -> Result<Vec<f64>> {
    let name = if post { "b_postselection" } else { "b" };
    let b =
        session.e.results.matrices.get(name).ok_or_else(|| StataError::new(498, "no lambda was selected"))?;
    let mut out = vec![b.get(0, b.cols() - 1); rows.len()];
    for (j, name) in state.names.iter().enumerate().filter(|(j, _)| b.get(0, *j) != 0.0) {
        let column = crate::ops::predict::column(&session.frame, name, rows)?;
        for (cell, value) in out.iter_mut().zip(column) {
            *cell =
                if is_missing(*cell) || is_missing(value) { MISSING } else { *cell + b.get(0, j) * value };
        }
    }
    Ok(out)
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xb"),
    OptSpec::flag("pr"),
    OptSpec::flag("n"),
    OptSpec::flag("PENalized"),
    OptSpec::flag("POSTselection"),
])
.unsupported(&["ir", "noOFFset"]);

/// The linear index, probability or number of events.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    with(session, |session, state| {
        let xb = cmd.has("xb") || (state.model == Model::Linear && !cmd.has("pr") && !cmd.has("n"));
        let wrong =
            (cmd.has("pr") && state.model != Model::Logit) || (cmd.has("n") && state.model != Model::Poisson);
        if wrong {
            return Err(StataError::new(198, "statistic not allowed after this model"));
        }
        let touse = session.rows(cmd)?;
        let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
        let eta = index(session, state, cmd.has("postselection"), &rows)?;
        let label = match (xb, state.model) {
            (true, _) | (_, Model::Linear) => "Linear prediction",
            (_, Model::Logit) => "Predicted probability",
            (_, Model::Poisson) => "Predicted number of events",
        };
        let values =
            eta.into_iter().map(|e| if is_missing(e) || xb { e } else { state.model.mean(e) }).collect();
        add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
    })
}
