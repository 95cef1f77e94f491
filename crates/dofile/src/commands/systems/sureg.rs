//! `sureg`: seemingly unrelated regressions by two-step feasible GLS.
//!
//! Stores in `e()`: N k k_eq dfk, for each equation mss_# rss_# rmse_# r2_# df_m# chi2_# (small: F_#) p_#, b, V,
//! Sigma, cmd depvar eqnames. Formulas: [R] sureg; Zellner (1962), Journal of the American Statistical Association 57.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::model::{Reading, VceSpec, first_word, single_column};
use crate::estimation::post;
use crate::estimation::sample::{OpenSample, Side};
use crate::estimators::distributions::{chi2_tail, f_tail};
use crate::estimators::matrix::Mat;
use crate::estimators::ols::{self, Request};
use crate::estimators::wald;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, matching_paren};
use crate::value::MISSING;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("SMall"),
    OptSpec::flag("DFK"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noTABle"),
    OptSpec::real("Level"),
    OptSpec::flag("noCONstant"),
];
const UNSUPPORTED: &[&str] = &["ISUre", "CONSTraints", "CORR", "DFK2", "COEFLegend", "TOLerance", "ITERate"];

/// The command.
pub const SPEC: CommandSpec = CommandSpec {
    name: "sureg",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "sureg ([name:] depvar1 indepvars1) ([name:] depvar2 indepvars2) ... [if] [in] [, small dfk level(#)]",
    notes: "two steps; stores e(N) and by equation e(rss_# rmse_# r2_# chi2_# p_#), e(Sigma), e(b), e(V), r(table); formulas: [R] sureg",
    examples: &[Example {
        // The same regressors in every equation: least squares equation by equation.
        run: "set obs 8\ngen x = _n\ngen a = x + mod(_n*3, 5)\ngen b = 2 - x + mod(_n*5, 7)\nregress b x\nscalar s = _b[x]\nsureg (a x) (b x)",
        expect: &[("[b]_b[x] - s", 0.0), ("e(N)", 8.0)],
    }],
};

/// One equation in the rows of the sample.
struct Equation {
    name: String,
    depvar: String,
    y: Vec<f64>,
    side: Side,
}

impl Equation {
    /// Regressors with the constant last.
    fn columns(&self) -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = self.side.columns().into_iter().map(<[f64]>::to_vec).collect();
        out.extend(self.side.constant.then(|| vec![1.0; self.y.len()]));
        out
    }
}

/// Texts of the equations, and what follows them.
fn split(raw: &str) -> Result<(Vec<String>, String)> {
    let mut rest = raw.trim();
    let mut texts = Vec::new();
    while rest.starts_with('(') {
        let close = matching_paren(rest, 0).ok_or_else(|| StataError::new(132, "too few )"))?;
        texts.push(rest[1..close].trim().to_string());
        rest = rest[close + 1..].trim_start();
    }
    if texts.is_empty() {
        return Err(StataError::new(198, "equations must be given in parentheses"));
    }
    Ok((texts, rest.to_string()))
}

fn read(session: &mut Session, texts: &[String], cmd: &ParsedCommand) -> Result<(Vec<Equation>, OpenSample)> {
    let reading = Reading { vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(cmd) };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    let abbrev = session.settings.varabbrev;
    let mut parsed = Vec::new();
    for text in texts {
        let (name, body) = match text.split_once(':') {
            Some((name, body)) => (Some(name.trim().to_string()), body),
            None => (None, text.as_str()),
        };
        if body.contains(',') {
            return Err(StataError::unsupported_option("sureg", "options of an equation"));
        }
        let (first, rest) = first_word(body);
        if first.is_empty() {
            return Err(StataError::standard(100));
        }
        let outcome = FvList::parse(&session.frame, first, abbrev)?;
        let list = FvList::parse(&session.frame, rest, abbrev)?;
        outcome.markout(&session.frame, &mut open.touse)?;
        list.markout(&session.frame, &mut open.touse)?;
        parsed.push((name, outcome, list));
    }
    if !open.touse.iter().any(|t| *t) {
        return Err(StataError::standard(2000));
    }
    let mut equations: Vec<Equation> = Vec::new();
    for (name, outcome, list) in parsed {
        let (side, omitted) = Side::build(session, &list, &open.touse, !cmd.has("noconstant"))?;
        post::note_omitted(session, &omitted);
        let (depvar, y) = single_column(&session.frame, &outcome, &open.touse, &side.design.rows)?;
        let name = name.unwrap_or_else(|| depvar.clone());
        if equations.iter().any(|e| e.name == name) {
            return Err(StataError::new(110, format!("equation {name} already defined")));
        }
        equations.push(Equation { name, depvar, y, side });
    }
    Ok((equations, open))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if session.e.cmd() != "sureg" {
            return Err(StataError::new(301, "last estimates not found"));
        }
        let mut again = ParsedCommand::split("sureg", &raw, false)?;
        again.check_options(OPTIONS, UNSUPPORTED)?;
        return display(session, &again);
    }
    let (texts, rest) = split(&raw)?;
    let mut line = ParsedCommand::split("sureg", &rest, false)?;
    line.check_options(OPTIONS, UNSUPPORTED)?;
    let (equations, open) = read(session, &texts, &line)?;
    estimate(session, &line, &raw, equations, open)?;
    display(session, &line)
}

/// Covariance of the errors from residuals: divisor N, or `sqrt((N-k_i)(N-k_j))` with `dfk`.
fn error_covariance(residuals: &[Vec<f64>], parameters: &[usize], dfk: bool) -> Mat {
    let n = residuals[0].len() as f64;
    Mat::from_fn(residuals.len(), residuals.len(), |i, j| {
        let divisor = if dfk { ((n - parameters[i] as f64) * (n - parameters[j] as f64)).sqrt() } else { n };
        residuals[i].iter().zip(&residuals[j]).map(|(a, b)| a * b).sum::<f64>() / divisor
    })
}

fn estimate(
    session: &mut Session,
    cmd: &ParsedCommand,
    raw: &str,
    equations: Vec<Equation>,
    open: OpenSample,
) -> Result<()> {
    let columns: Vec<Vec<Vec<f64>>> = equations.iter().map(Equation::columns).collect();
    let sizes: Vec<usize> = columns.iter().map(Vec::len).collect();
    let mut first = Vec::new();
    for (equation, own) in equations.iter().zip(&columns) {
        let views: Vec<&[f64]> = own.iter().map(Vec::as_slice).collect();
        let fit =
            ols::fit(&Request { constant: false, ..Request::new(&equation.y, &views) }).map_err(fit_error)?;
        first.push(fit.residuals);
    }
    let sigma = error_covariance(&first, &sizes, cmd.has("dfk"));
    let inverse = sigma
        .inverse_definite()
        .ok_or_else(|| StataError::new(506, "covariance matrix of errors is singular"))?;
    let total: usize = sizes.iter().sum();
    let place: Vec<(usize, usize)> =
        sizes.iter().enumerate().flat_map(|(e, k)| (0..*k).map(move |j| (e, j))).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let information = Mat::from_fn(total, total, |i, j| {
        let ((e, a), (f, b)) = (place[i], place[j]);
        inverse[(e, f)] * dot(&columns[e][a], &columns[f][b])
    });
    let right: Vec<f64> = place
        .iter()
        .map(|(e, a)| {
            (0..equations.len()).map(|f| inverse[(*e, f)] * dot(&columns[*e][*a], &equations[f].y)).sum()
        })
        .collect();
    let v = information.inverse_definite().ok_or_else(|| StataError::new(506, "regressors are collinear"))?;
    let b = v.times_vector(&right);
    let mut layout = Layout::default();
    for equation in &equations {
        layout.equation(&equation.name, equation.side.names(), &equation.side.estimated());
    }
    let parameters = layout.parameters(&b, &v);
    let rows = equations[0].side.design.rows.clone();
    let n = rows.len() as f64;
    let names: Vec<String> = equations.iter().map(|e| e.name.clone()).collect();
    let depvars: Vec<String> = equations.iter().map(|e| e.depvar.clone()).collect();
    let full = vec![0.0; session.frame.n_rows()];
    let touse = open.touse.clone();
    let design = equations[0].side.design.clone();
    let model = open.close(session, depvars.join(" "), &full, design, true);
    let mut est = post::begin("sureg", &format!("sureg {raw}"), &parameters, &model);
    let results = &mut est.results;
    results
        .scalar("N", n)
        .scalar("k", total as f64)
        .scalar("k_eq", equations.len() as f64)
        .scalar("rank", total as f64);
    let small = cmd.has("small");
    let df_r = n * equations.len() as f64 - total as f64;
    if small {
        results.scalar("df_r", df_r).text("small", "small");
    }
    if cmd.has("dfk") {
        results.text("dfk", "dfk");
    }
    let mut from = 0;
    for (e, equation) in equations.iter().enumerate() {
        let own = &b[from..from + sizes[e]];
        let rss: f64 = (0..equation.y.len())
            .map(|i| (equation.y[i] - columns[e].iter().zip(own).map(|(c, b)| c[i] * b).sum::<f64>()).powi(2))
            .sum();
        let tss = ols::total_squares(&equation.y, None, equation.side.constant);
        let slopes: Vec<usize> = (from..from + equation.side.columns().len()).collect();
        equation_results(results, e + 1, &wald::test_zero(&b, &v, &slopes), small.then_some(df_r));
        let divisor = if cmd.has("dfk") { n - sizes[e] as f64 } else { n };
        let number = e + 1;
        results.scalar(&format!("rss_{number}"), rss).scalar(&format!("mss_{number}"), tss - rss);
        results
            .scalar(&format!("r2_{number}"), 1.0 - rss / tss)
            .scalar(&format!("rmse_{number}"), (rss / divisor).sqrt());
        from += sizes[e];
    }
    let stripe: Vec<Stripe> = names.iter().map(|n| Stripe::term(n.clone())).collect();
    results.matrix("Sigma", Matrix::square(sigma.data().to_vec(), stripe)).text("eqnames", names.join(" "));
    results.text("title", "Seemingly unrelated regression").text("method", "sure").text("properties", "b V");
    session.post_estimation(est, touse);
    Ok(())
}

/// Model test of one equation.
fn equation_results(results: &mut Results, number: usize, test: &wald::Wald, df_r: Option<f64>) {
    let df = test.df as f64;
    results.scalar(&format!("df_m{number}"), df);
    let p = match df_r {
        Some(df_r) => {
            results.scalar(&format!("F_{number}"), test.f());
            f_tail(df, df_r, test.f())
        }
        None => {
            results.scalar(&format!("chi2_{number}"), test.chi2);
            chi2_tail(df, test.chi2)
        }
    };
    results.scalar(&format!("p_{number}"), if test.df == 0 { MISSING } else { p });
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: String| e.get_scalar(&name).unwrap_or(MISSING);
    let names: Vec<String> = e.get_text("eqnames").unwrap_or("").split(' ').map(String::from).collect();
    let small = e.get_text("small").is_some();
    let mut lines = vec![
        String::new(),
        "Seemingly unrelated regression".to_string(),
        "-".repeat(78),
        format!(
            "Equation             Obs   Params         RMSE  \"R-squared\" {:>9}   {}",
            if small { "F-Stat" } else { "chi2" },
            if small { "P>F" } else { "P>chi2" }
        ),
        "-".repeat(78),
    ];
    for (i, name) in names.iter().enumerate() {
        let number = i + 1;
        let statistic = scalar(format!("{}_{number}", if small { "F" } else { "chi2" }));
        lines.push(format!(
            "{:<15}{:>9}{:>9}{:>13}{:>13}{:>10}   {}",
            format::abbrev(name, 15),
            format::bare("%9.0f", scalar("N".to_string())),
            format::bare("%9.0f", scalar(format!("df_m{number}"))),
            format::bare("%9.0g", scalar(format!("rmse_{number}"))),
            format::bare("%7.4f", scalar(format!("r2_{number}"))),
            format::bare("%9.2f", statistic),
            format::bare("%6.4f", scalar(format!("p_{number}")))
        ));
    }
    lines.push("-".repeat(78));
    lines.push(String::new());
    if !cmd.has("noheader") {
        lines.iter().for_each(|l| session.print(l));
    }
    ml_command::table(session, cmd, &Look { equations: true, ..Look::default() })
}
