//! `pdslasso`: the effect of a few regressors with controls that a lasso selects: post double selection (PDS) and
//! orthogonalised variables (CHS).
//!
//! Stores in `e()`: N, b and V of the PDS regression, beta_lasso V_lasso beta_plasso V_plasso of the CHS regressions, cmd
//! depvar dexog xselected xhighdim. Formulas: Belloni, Chernozhukov and Hansen (2014, Review of Economic Studies 81);
//! Chernozhukov, Hansen and Spindler (2015, American Economic Review 105); syntax and layout: help pdslasso.

use super::rlasso::centred;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::level;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::Parameters;
use crate::estimation::table::Table;
use crate::matrix::Stripe;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, matching_paren};
use estimators::matrix::Mat;
use estimators::rigorous_lasso::{Plan, RigorousFit, fit, independent, refit, residuals};

const OPTIONS: &[OptSpec] =
    &[OptSpec::flag("Robust"), OptSpec::text("partial"), OptSpec::text("aset"), OptSpec::real("Level")];
const UNSUPPORTED: &[&str] = &[
    "CLuster",
    "pnotpen",
    "post",
    "fe",
    "noftools",
    "rlasso",
    "sqrt",
    "NOIsily",
    "LOPTions",
    "OLSOPTions",
    "NOConstant",
];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pdslasso",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "pdslasso depvar regressors (controls) [if] [in] [, robust partial(varlist) aset(varlist) level(#)]",
    notes: "controls are selected by rlasso for the outcome and for each regressor; partial() are partialled out of all variables, aset() are added to the selected; covariances divide by N, tests are normal; robust also in the loadings; not built: cluster(), fe, sqrt, loptions(), ivlasso; stores e(b) and e(V) of the regression with the selected controls, e(beta_lasso) e(V_lasso) e(beta_plasso) e(V_plasso), e(xselected); Belloni, Chernozhukov and Hansen (2014), Chernozhukov, Hansen and Spindler (2015)",
    examples: &[Example {
        // No control is correlated with anything: the three estimates are those of a regression on d.
        run: "set obs 64\ngenerate d = mod(_n, 2)\ngenerate x = mod(ceil(_n/2), 2)\ngenerate z = mod(ceil(_n/4), 2)\ngenerate double y = 3*d + mod(ceil(_n/8), 2)\npdslasso y d (x z)",
        expect: &[
            ("_b[d]", 3.0),
            ("el(e(beta_lasso), 1, 1)", 3.0),
            ("reldif(_se[d]^2, 0.25/16) < 1e-12", 1.0),
        ],
    }],
};

/// One list of variables in the sample.
struct List {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl List {
    fn of(model: &Model) -> Self {
        let names = model.design.active().iter().map(|i| model.design.terms[*i].name()).collect();
        Self { names, columns: model.columns().iter().map(|c| c.to_vec()).collect() }
    }
}

/// The data of an estimation.
struct Sample {
    depvar: String,
    touse: Vec<bool>,
    y: Vec<f64>,
    regressors: List,
    controls: List,
    partial: List,
    aset: List,
}

fn collect(s: &mut Session, raw: &str) -> Result<(Sample, ParsedCommand)> {
    let open =
        raw.find('(').ok_or_else(|| StataError::invalid("pdslasso needs depvar regressors (controls)"))?;
    let close = matching_paren(raw, open).ok_or_else(StataError::unclosed)?;
    let (front, controls, rest) = (raw[..open].trim(), raw[open + 1..close].trim(), raw[close + 1..].trim());
    if front.contains(',') || rest.starts_with('(') || controls.contains('=') {
        return Err(StataError::unsupported_option(
            "pdslasso",
            "instruments or several lists in parentheses",
        ));
    }
    let mut line = ParsedCommand::split("pdslasso", rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if line.weight.is_some() {
        return Err(StataError::unsupported_option("pdslasso", "weights"));
    }
    let (depvar, regressors) = front.split_once(char::is_whitespace).unwrap_or((front, ""));
    if depvar.is_empty() || regressors.trim().is_empty() || controls.is_empty() {
        return Err(StataError::standard(if depvar.is_empty() { 100 } else { 102 }));
    }
    let text = |name: &str| line.options.text(name).unwrap_or("").trim().to_string();
    let (partial, aset) = (text("partial").replace("_cons", ""), text("aset"));
    let read = |s: &Session, list: &str| {
        let whole = format!("{depvar} {list}");
        let reading =
            Reading { list: &whole, vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(&line) };
        reading.model(s)?.enough()
    };
    let all = read(s, &format!("{regressors} {controls} {partial} {aset}"))?;
    let mut lists = Vec::new();
    for (list, collinear) in [(regressors, true), (controls, false), (&partial, true), (&aset, false)] {
        let mut model = read(s, list)?;
        let rows = &model.design.rows;
        let dropped: Vec<usize> = (0..rows.len()).filter(|i| !all.touse[rows[*i]]).collect();
        model.drop_rows(s, &dropped)?;
        if collinear {
            drop_collinear(s, &mut model);
        }
        lists.push(List::of(&model));
    }
    let [regressors, mut controls, partial, aset]: [List; 4] =
        lists.try_into().map_err(|_| StataError::syntax())?;
    let keep: Vec<bool> = controls.names.iter().map(|n| !partial.names.contains(n)).collect();
    let mut at = keep.iter();
    controls.names.retain(|_| *at.next().unwrap_or(&true));
    let mut at = keep.iter();
    controls.columns.retain(|_| *at.next().unwrap_or(&true));
    if controls.names.is_empty() || regressors.names.is_empty() {
        return Err(StataError::standard(102));
    }
    let sample =
        Sample { depvar: all.depvar, touse: all.touse, y: all.y, regressors, controls, partial, aset };
    Ok((sample, line))
}

/// What is left of a column after the constant and the columns that are partialled out.
fn cleaned(column: &[f64], out: &[Vec<f64>]) -> Vec<f64> {
    let (column, _) = centred(column);
    let all: Vec<usize> = (0..out.len()).collect();
    residuals(&column, out, &refit(&column, out, &all))
}

/// A regression without a constant, with covariance divided by N.
fn regression(y: &[f64], x: &[Vec<f64>], names: &[String], robust: bool) -> Result<Parameters> {
    let (n, k) = (y.len() as f64, x.len());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let inverse = Mat::from_fn(k, k, |a, b| dot(&x[a], &x[b]))
        .inverse_definite()
        .ok_or_else(|| StataError::new(498, "regressors are collinear given the controls"))?;
    let right: Vec<f64> = x.iter().map(|c| dot(c, y)).collect();
    let b = inverse.times_vector(&right);
    let e = residuals(y, x, &b);
    let v = if robust {
        let scores: Vec<Vec<f64>> =
            x.iter().map(|c| c.iter().zip(&e).map(|(v, e)| v * e).collect()).collect();
        inverse.sandwich(&Mat::from_fn(k, k, |a, b| dot(&scores[a], &scores[b])))
    } else {
        inverse.scaled(dot(&e, &e) / n)
    };
    Ok(Parameters { stripe: names.iter().map(Stripe::term).collect(), b, v })
}

/// The three regressions with the names of the selected controls.
struct Found {
    lasso: Parameters,
    after: Parameters,
    selected: Parameters,
    names: Vec<String>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.raw.trim().is_empty() {
        return Err(StataError::no_estimates());
    }
    let (sample, line) = collect(s, &cmd.raw)?;
    let robust = line.has("robust");
    let out: Vec<Vec<f64>> = sample.partial.columns.iter().map(|c| centred(c).0).collect();
    if !out.is_empty() {
        s.print("Partialling out unpenalized controls...");
    }
    let clean = |list: &[Vec<f64>]| -> Vec<Vec<f64>> { list.iter().map(|c| cleaned(c, &out)).collect() };
    let (y, d, x) =
        (cleaned(&sample.y, &out), clean(&sample.regressors.columns), clean(&sample.controls.columns));
    let plan = Plan::of(robust, y.len());
    let mut fits: Vec<RigorousFit> = Vec::new();
    for (k, column) in std::iter::once(&y).chain(&d).enumerate() {
        let what = match k {
            0 => format!("dep var {}", sample.depvar),
            _ => format!("exog regressor {}", sample.regressors.names[k - 1]),
        };
        s.print(format!("{}.  (PDS/CHS) Selecting HD controls for {what}...", if k == 0 { 1 } else { 2 }));
        let fit = fit(column, &x, &plan);
        let names: Vec<&str> = fit.selected().iter().map(|j| sample.controls.names[*j].as_str()).collect();
        s.print(format!("Selected: {}", names.join(" ")).trim_end());
        fits.push(fit);
    }
    let found = estimate(&sample, (&y, &d, &x), &fits, robust)?;
    post(s, cmd, &sample, &found, robust);
    report(s, &line, &sample, &found, robust)
}

fn estimate(
    sample: &Sample,
    (y, d, x): (&[f64], &[Vec<f64>], &[Vec<f64>]),
    fits: &[RigorousFit],
    robust: bool,
) -> Result<Found> {
    let added = |j: usize| sample.aset.names.contains(&sample.controls.names[j]);
    let union: Vec<usize> =
        (0..x.len()).filter(|j| added(*j) || fits.iter().any(|f| f.lasso[*j] != 0.0)).collect();
    let after = |column: &[f64], fit: &RigorousFit| {
        let chosen: Vec<usize> = (0..x.len()).filter(|j| added(*j) || fit.lasso[*j] != 0.0).collect();
        residuals(column, x, &refit(column, x, &chosen))
    };
    let names = &sample.regressors.names;
    let by_lasso: Vec<Vec<f64>> = d.iter().zip(&fits[1..]).map(|(c, f)| residuals(c, x, &f.lasso)).collect();
    let lasso = regression(&residuals(y, x, &fits[0].lasso), &by_lasso, names, robust)?;
    let by_after: Vec<Vec<f64>> = d.iter().zip(&fits[1..]).map(|(c, f)| after(c, f)).collect();
    let after = regression(&after(y, &fits[0]), &by_after, names, robust)?;
    let chosen: Vec<String> = union.iter().map(|j| sample.controls.names[*j].clone()).collect();
    let selected = with_selected(sample, &union, robust)?;
    Ok(Found { lasso, after, selected, names: chosen })
}

/// The outcome on the regressors, selected controls, variables that are partialled out, and a constant.
fn with_selected(sample: &Sample, union: &[usize], robust: bool) -> Result<Parameters> {
    let (one, few, controls) = (vec![1.0; sample.y.len()], &sample.regressors, &sample.controls);
    // the constant and what is never left out first, so that a collinear control gives way
    let mut all: Vec<(&str, &Vec<f64>)> = vec![("_cons", &one)];
    let pairs = |list: &'_ List| -> Vec<usize> { (0..list.names.len()).collect() };
    all.extend(pairs(few).into_iter().map(|j| (few.names[j].as_str(), &few.columns[j])));
    let partial = &sample.partial;
    all.extend(pairs(partial).into_iter().map(|j| (partial.names[j].as_str(), &partial.columns[j])));
    all.extend(union.iter().map(|j| (controls.names[*j].as_str(), &controls.columns[*j])));
    let columns: Vec<Vec<f64>> = all.iter().map(|c| c.1.clone()).collect();
    let kept = independent(&columns, &(0..all.len()).collect::<Vec<_>>());
    let first = few.names.len();
    let rank = |j: &usize| match *j {
        0 => 3,
        j if j <= first => 0,
        j if j <= first + partial.names.len() => 2,
        _ => 1,
    };
    let mut order = kept;
    order.sort_by_key(rank);
    let columns: Vec<Vec<f64>> = order.iter().map(|j| columns[*j].clone()).collect();
    let names: Vec<String> = order.iter().map(|j| all[*j].0.to_string()).collect();
    regression(&sample.y, &columns, &names, robust)
}

fn post(s: &mut Session, cmd: &ParsedCommand, sample: &Sample, found: &Found, robust: bool) {
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", "pdslasso").text("cmdline", format!("pdslasso {}", cmd.raw.trim()));
    r.text("depvar", &sample.depvar).text("dexog", sample.regressors.names.join(" "));
    r.text("xhighdim", sample.controls.names.join(" ")).text("xselected", found.names.join(" "));
    r.text("method", "PDS lasso").text("properties", "b V");
    if robust {
        r.text("vce", "robust").text("vcetype", "Robust");
    }
    r.scalar("N", sample.y.len() as f64).scalar("xhighdim_ct", sample.controls.names.len() as f64);
    r.scalar("xselected_ct", found.names.len() as f64);
    r.matrix("b", found.selected.b_matrix()).matrix("V", found.selected.v_matrix());
    r.matrix("beta_pds", found.selected.b_matrix()).matrix("V_pds", found.selected.v_matrix());
    r.matrix("beta_lasso", found.lasso.b_matrix()).matrix("V_lasso", found.lasso.v_matrix());
    r.matrix("beta_plasso", found.after.b_matrix()).matrix("V_plasso", found.after.v_matrix());
    s.post_estimation(est, sample.touse.clone());
}

/// Prints a label and names after it, in lines that fit.
fn listed(s: &mut Session, label: &str, names: &[String]) {
    let width = s.settings.linesize.max(60);
    let mut line = format!("{label:<39}");
    let empty = line.chars().count();
    for name in names {
        if line.chars().count() > empty && line.chars().count() + name.chars().count() > width {
            s.print(line.trim_end());
            line = " ".repeat(empty);
        }
        line.push_str(&format!("{name} "));
    }
    s.print(line.trim_end());
}

fn report(s: &mut Session, line: &ParsedCommand, sample: &Sample, found: &Found, robust: bool) -> Result<()> {
    let level = level(s, line)?;
    let fact = |label: &str, value: &str| format!("{label:<39}{value}");
    s.print("");
    s.print("");
    s.print("Estimation results:");
    s.print("");
    s.print("Specification:");
    s.print(fact("Regularization method:", "lasso"));
    s.print(fact("Penalty loadings:", if robust { "heteroskedastic" } else { "homoskedastic" }));
    s.print(fact("Number of observations:", &sample.y.len().to_string()));
    let counted = |label: &str, names: &[String]| format!("{label} ({}):", names.len());
    listed(s, &counted("Exogenous", &sample.regressors.names), &sample.regressors.names);
    listed(s, &counted("High-dim controls", &sample.controls.names), &sample.controls.names);
    listed(s, &counted("Selected controls", &found.names), &found.names);
    let mut free = sample.partial.names.clone();
    let label = if free.is_empty() { "Unpenalized controls" } else { "Partialled-out controls" };
    free.push("_cons".to_string());
    listed(s, &counted(label, &free), &free);
    s.print("");
    s.print("Structural equation:");
    for (title, parameters) in [
        ("OLS using CHS lasso-orthogonalized vars", &found.lasso),
        ("OLS using CHS post-lasso-orthogonalized vars", &found.after),
        ("OLS with PDS-selected variables and full regressor set", &found.selected),
    ] {
        s.print("");
        s.print(title);
        let se: Vec<f64> = (0..parameters.b.len()).map(|i| parameters.v[(i, i)].sqrt()).collect();
        Table {
            title: &sample.depvar,
            vce_title: if robust { "Robust" } else { "" },
            equations: false,
            ..Table::of_equations(&parameters.stripe, &parameters.b, &se, None, level)
        }
        .show(s);
    }
    Ok(())
}
