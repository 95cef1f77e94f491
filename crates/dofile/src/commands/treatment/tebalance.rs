//! `tebalance summarize`, `tebalance density` and `teoverlap`: balance of covariates and overlap of propensity
//! scores after `teffects`. Formulas: [TE] tebalance summarize, [TE] teoverlap.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::model::State;
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::graphs::plain::{Plain, show_panels};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use figure::{Series, Shape, Style};
use std::sync::Arc;

/// `tebalance`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tebalance",
    min: 9,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "tebalance summarize [, baseline] | tebalance density [varname] [, twoway_options] | tebalance overid [, nolog]",
    notes: "after teffects; stores r(table) (standardised differences and variance ratios, raw and weighted or matched) and r(size); overid r(chi2) r(df) r(p) (continuously updated moments, ATE); [TE] tebalance summarize, [TE] tebalance overid",
    examples: &[Example {
        // Shares of x 3/4 and 1/4, both with variance 1/4; weights of a saturated model balance x.
        run: "input y t x\n1 0 0\n3 0 0\n2 0 0\n4 1 0\n2 0 1\n8 1 1\n9 1 1\n10 1 1\nend\nteffects ipw (y) (t x)\ntebalance summarize\nmatrix m = r(table)",
        expect: &[("m[1,1]", 1.0), ("abs(m[1,2]) < 1e-6", 1.0)],
    }],
};

/// `teoverlap`.
pub(super) const SPEC_TEOVERLAP: CommandSpec = CommandSpec {
    name: "teoverlap",
    min: 9,
    form: Form::Raw,
    by: ByRule::No,
    run: teoverlap,
    syntax: "teoverlap [, n(#) twoway_options]",
    notes: "densities of the propensity score by treatment level (Epanechnikov kernel); [TE] teoverlap",
    examples: &[Example {
        run: "input y t x\n1 0 0\n3 0 0\n2 0 0\n4 1 0\n2 0 1\n8 1 1\n9 1 1\n10 1 1\nend\nteffects ipw (y) (t x)\nteoverlap\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

fn state(session: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    session
        .e
        .extra
        .clone()
        .filter(|e| session.e.cmd() == "teffects" && e.downcast_ref::<State>().is_some())
        .ok_or_else(|| StataError::new(301, "last estimates not found; teffects has to be run first"))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = state(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let cmd = ParsedCommand::whole("tebalance", &cmd.raw)?;
    let (word, list) = crate::estimation::model::first_word(&cmd.list);
    match word {
        w if abbreviates(w, "SUMmarize") => summarize(session, &cmd, state),
        w if abbreviates(w, "DENsity") => {
            let which =
                match list.trim() {
                    "" if !state.score.is_empty() => None,
                    "" => return Err(StataError::standard(100)),
                    name => Some(state.covariates.names.iter().position(|n| n == name).ok_or_else(|| {
                        StataError::new(111, format!("{name} is no covariate of the model"))
                    })?),
                };
            density(session, &cmd, state, which)
        }
        "overid" => super::overid::run(session, &cmd, state),
        "box" => Err(StataError::unsupported_option("tebalance", word)),
        _ => Err(StataError::invalid("subcommand summarize or density required")),
    }
}

/// Weighted mean and variance of a covariate in a group; weights are scaled to sum to the group's rows and
/// the variance divides by their sum less one.
fn moments(values: &[f64], weights: &[f64], rows: &[usize]) -> (f64, f64) {
    let total: f64 = rows.iter().map(|i| weights[*i]).sum();
    let mean = rows.iter().map(|i| weights[*i] * values[*i]).sum::<f64>() / total;
    let squares = rows.iter().map(|i| weights[*i] * (values[*i] - mean).powi(2)).sum::<f64>();
    let size = rows.iter().filter(|i| weights[**i] > 0.0).count() as f64;
    (mean, squares / total * size / (size - 1.0))
}

/// Standardised difference and variance ratio.
fn balance(values: &[f64], weights: &[f64], state: &State) -> (f64, f64) {
    let group = |treated: bool| -> Vec<usize> {
        (0..values.len()).filter(|i| state.treated[*i] == treated).collect()
    };
    let (m1, v1) = moments(values, weights, &group(true));
    let (m0, v0) = moments(values, weights, &group(false));
    ((m1 - m0) / ((v1 + v0) / 2.0).sqrt(), v1 / v0)
}

fn summarize(session: &mut Session, cmd: &ParsedCommand, state: &State) -> Result<()> {
    let mut baseline = false;
    for (name, argument) in split_options(&cmd.option_text)? {
        if argument.is_none() && abbreviates(&name, "BASEline") {
            baseline = true;
        } else {
            return Err(StataError::option_not_allowed(&name));
        }
    }
    let after = if state.matched { "Matched" } else { "Weighted" };
    session.print("");
    session.print("Covariate balance summary");
    session.print("");
    let ones: f64 = state.treated.iter().filter(|t| **t).count() as f64;
    let n = state.treated.len() as f64;
    let total = |weights: &[f64], treated: bool| -> f64 {
        weights.iter().zip(&state.treated).filter(|(_, t)| **t == treated).map(|(w, _)| w).sum()
    };
    let (w1, w0) = (total(&state.balance, true), total(&state.balance, false));
    let sizes = if state.matched {
        [n, w1 + w0, ones, w1, n - ones, w0]
    } else {
        // weights are scaled to the number of rows
        [n, n, ones, n * w1 / (w1 + w0), n - ones, n * w0 / (w1 + w0)]
    };
    session.print(format!("{:>43}{:>15}", "Raw", after));
    session.print(format!("  {}", "-".repeat(57)));
    for (label, at) in [("Number of obs", 0), ("Treated obs", 2), ("Control obs", 4)] {
        let cell = |x: f64| format::bare("%12.1fc", x);
        session.print(format!("  {label:<15}= {:>24}{:>15}", cell(sizes[at]), cell(sizes[at + 1])));
    }
    session.print(format!("  {}", "-".repeat(57)));
    session.print("");
    session.print("-".repeat(64));
    session.print(if baseline {
        format!("{:>16}{:>24}{:>24}", "", "Means  ", "Variances  ")
    } else {
        format!("{:>16}{:>24}{:>24}", "", "Standardized differences", "Variance ratio  ")
    });
    let (first, second) = if baseline { ("Control", "Treated") } else { ("Raw", after) };
    session.print(format!("{:>16}{first:>12}{second:>12}{first:>12}{second:>12}", ""));
    session.print(format!("----------------+{}", "-".repeat(47)));
    let mut values = Vec::new();
    for (name, column) in state.covariates.names.iter().zip(&state.covariates.values) {
        let numbers = if baseline {
            let group = |treated: bool| -> Vec<usize> {
                (0..column.len()).filter(|i| state.treated[*i] == treated).collect()
            };
            let (m0, v0) = moments(column, &state.raw, &group(false));
            let (m1, v1) = moments(column, &state.raw, &group(true));
            [m0, m1, v0, v1]
        } else {
            let (d, r) = balance(column, &state.raw, state);
            let (dw, rw) = balance(column, &state.balance, state);
            [d, dw, r, rw]
        };
        let cells: String =
            numbers.iter().map(|x| format!("{:>12}", format::bare("%9.0g", stata(*x)))).collect();
        session.print(format!("{:>15} |{}", format::abbrev(name, 15), &cells[1..]));
        values.extend(numbers.map(stata));
    }
    session.print("-".repeat(64));
    let mut table = Matrix::new(state.covariates.names.len(), 4, values);
    table.row_names = state.covariates.names.iter().map(Stripe::term).collect();
    let columns = if baseline {
        ["mean0", "mean1", "var0", "var1"]
    } else if state.matched {
        ["std_diff_raw", "std_diff_matched", "ratio_raw", "ratio_matched"]
    } else {
        ["std_diff_raw", "std_diff_weighted", "ratio_raw", "ratio_weighted"]
    };
    table.col_names = columns.map(Stripe::term).to_vec();
    let mut size = Matrix::new(3, 2, sizes.to_vec());
    size.row_names = ["N", "N1", "N0"].map(Stripe::term).to_vec();
    let mut results = Results::default();
    results.matrix("table", table).matrix("size", size);
    session.r = results;
    Ok(())
}

/// Epanechnikov density with weights on `n` points over the range of the data and one bandwidth beyond.
fn kernel_density(values: &[f64], weights: &[f64], n: usize) -> Vec<(f64, f64)> {
    let mut pairs: Vec<(f64, f64)> =
        values.iter().copied().zip(weights.iter().copied()).filter(|p| p.1 > 0.0).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = pairs.iter().map(|p| p.1).sum();
    let mean = pairs.iter().map(|p| p.0 * p.1).sum::<f64>() / total;
    let sd = (pairs.iter().map(|p| p.1 * (p.0 - mean).powi(2)).sum::<f64>() / total).sqrt();
    let quantile = |share: f64| {
        let mut sum = 0.0;
        pairs
            .iter()
            .find(|p| {
                sum += p.1;
                sum >= share * total
            })
            .map_or(0.0, |p| p.0)
    };
    let spread = (quantile(0.75) - quantile(0.25)) / 1.349;
    let m = if spread > 0.0 { sd.min(spread) } else { sd };
    let width = 0.9 * m / (pairs.len() as f64).powf(0.2);
    if width <= 0.0 || width.is_nan() {
        return Vec::new();
    }
    let (low, high) = (pairs[0].0 - width, pairs[pairs.len() - 1].0 + width);
    let root5 = 5.0_f64.sqrt();
    (0..n)
        .map(|i| {
            let x = low + (high - low) * i as f64 / (n - 1) as f64;
            let sum: f64 = pairs
                .iter()
                .map(|p| (p.1, (x - p.0) / width))
                .filter(|(_, z)| z.abs() < root5)
                .map(|(w, z)| w * 0.75 * (1.0 - z * z / 5.0) / root5)
                .sum();
            (x, sum / (total * width))
        })
        .collect()
}

fn densities(state: &State, values: &[f64], weights: &[f64], n: usize) -> Vec<Series> {
    [false, true]
        .into_iter()
        .enumerate()
        .map(|(number, treated)| {
            let rows: Vec<usize> = (0..values.len()).filter(|i| state.treated[*i] == treated).collect();
            let pick = |c: &[f64]| -> Vec<f64> { rows.iter().map(|i| c[*i]).collect() };
            Series {
                label: state.level_names[number].clone(),
                number,
                shape: Shape::Line { points: kernel_density(&pick(values), &pick(weights), n), step: false },
                style: Style { dash: treated.then_some("8 4"), ..Style::default() },
            }
        })
        .collect()
}

fn density(session: &mut Session, cmd: &ParsedCommand, state: &State, which: Option<usize>) -> Result<()> {
    let (values, name) = match which {
        Some(at) => (&state.covariates.values[at], state.covariates.names[at].clone()),
        None => (&state.score, "Propensity score".to_string()),
    };
    let after = if state.matched { "Matched" } else { "Weighted" };
    let panel = |weights: &[f64]| Plain {
        series: densities(state, values, weights, 200),
        title: "Balance plot".to_string(),
        x_title: name.clone(),
        y_title: "Density".to_string(),
        used: Some(state.rows.len()),
        ..Plain::default()
    };
    let panels = vec![("Raw".to_string(), panel(&state.raw)), (after.to_string(), panel(&state.balance))];
    show_panels(session, panels, &split_options(&cmd.option_text)?)
}

fn teoverlap(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = state(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    if state.score.is_empty() {
        return Err(StataError::new(321, "teoverlap needs a treatment model"));
    }
    let cmd = ParsedCommand::whole("teoverlap", &cmd.raw)?;
    let mut points = 200;
    let mut rest = Vec::new();
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, Some(text)) if name == "n" => {
                points = parse_number(text)
                    .filter(|n| *n >= 2.0)
                    .ok_or_else(|| StataError::invalid("n() must be at least 2"))?
                    as usize;
            }
            (name, _) if ["ptlevel", "kernel", "bwidth", "at"].contains(&name.as_str()) => {
                return Err(StataError::unsupported_option("teoverlap", name));
            }
            _ => rest.push(option),
        }
    }
    let figure = Plain {
        series: densities(state, &state.score, &state.raw, points),
        title: "Overlap of propensity scores".to_string(),
        x_title: format!("Propensity score, {}", state.level_names[1]),
        y_title: "Density".to_string(),
        used: Some(state.rows.len()),
        ..Plain::default()
    };
    show_panels(session, vec![(String::new(), figure)], &rest)
}
