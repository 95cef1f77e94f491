//! Systems of linear equations that are estimated together by feasible generalised least squares: reading,
//! estimation in steps, results and output. Which instruments and steps there are is the command's.
//!
//! Stores in `e()`: N k k_eq dfk, for each equation mss_# rss_# rmse_# r2_# df_m# chi2_# (small: F_#) p_#, b, V,
//! Sigma, cmd depvar eqnames. Formulas: [R] sureg, [R] reg3; Zellner and Theil (1962), Econometrica 30.

use crate::error::{Result, StataError};
use crate::estimation::constraints;
use crate::estimation::display::fit_error;
use crate::estimation::layout::Layout;
use crate::estimation::model::{Reading, VceSpec, first_word, single_column};
use crate::estimation::post;
use crate::estimation::sample::{OpenSample, Side};
use crate::estimation::search;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{FvList, leading_groups};
use crate::value::MISSING;
use estimators::allowed::Allowed;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::ols::{self, Request};
use estimators::wald;

/// Weights of the systems: [R] sureg, [R] reg3, [R] mvreg.
pub(super) const WEIGHTS: &[WeightKind] = &[WeightKind::Analytic, WeightKind::Frequency];

/// How a system is estimated.
pub(super) struct Method<'a> {
    /// Name for `e(cmd)`.
    pub cmd: &'static str,
    /// Name for `e(method)`: `sure`, `3sls`, `2sls`, `ols`, `mvreg`.
    pub method: &'a str,
    /// Title.
    pub title: &'a str,
    /// Degrees of freedom in the covariance of the errors.
    pub dfk: bool,
    /// t and F instead of z and chi-squared.
    pub small: bool,
    /// Errors of different equations are uncorrelated.
    pub independent: bool,
    /// Most iterations of covariance and parameters; one is two-step (three-stage) estimation.
    pub iterations: usize,
    /// Text of `constraints()`.
    pub constraints: Option<&'a str>,
}

/// One equation in the rows of the sample.
pub(super) struct Equation {
    /// Name.
    pub name: String,
    /// Outcome.
    pub depvar: String,
    /// Values of the outcome, times the roots of the weights.
    pub y: Vec<f64>,
    /// Sum of squares of the outcome about its mean, or about zero without a constant.
    pub tss: f64,
    /// Regressors.
    pub side: Side,
    /// Roots of the weights: sums over rows that they multiply are the weighted sums.
    pub roots: Option<Vec<f64>>,
    /// Observations: the sum of frequency weights.
    pub n: f64,
}

impl Equation {
    /// The equation with the weights of the sample on its outcome.
    fn weighted(open: &OpenSample, name: String, (depvar, mut y): (String, Vec<f64>), side: Side) -> Self {
        let (weights, n) = open.effective(&side.design.rows).unzip();
        let tss = ols::total_squares(&y, weights.as_deref(), side.constant);
        let roots: Option<Vec<f64>> = weights.map(|w: Vec<f64>| w.into_iter().map(f64::sqrt).collect());
        y.iter_mut().zip(roots.iter().flatten()).for_each(|(y, root)| *y *= root);
        let n = n.unwrap_or(y.len() as f64);
        Self { name, depvar, y, tss, side, roots, n }
    }

    /// Regressors with the constant last.
    pub(super) fn columns(&self) -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = self.side.columns().into_iter().map(<[f64]>::to_vec).collect();
        out.extend(self.side.constant.then(|| vec![1.0; self.y.len()]));
        out.iter_mut().for_each(|column| self.weigh(column));
        out
    }

    /// Multiplies a column by the roots of the weights.
    pub(super) fn weigh(&self, column: &mut [f64]) {
        column.iter_mut().zip(self.roots.iter().flatten()).for_each(|(x, root)| *x *= root);
    }
}

/// Texts of the equations, and what follows them.
pub(super) fn split(raw: &str) -> Result<(Vec<String>, String)> {
    let (texts, rest) = leading_groups(raw).ok_or_else(StataError::unclosed)?;
    if texts.is_empty() {
        return Err(StataError::new(198, "equations must be given in parentheses"));
    }
    Ok((texts.into_iter().map(str::to_string).collect(), rest.to_string()))
}

/// Equations of the sample in which no variable of theirs and of `further` is missing.
pub(super) fn read(
    session: &mut Session,
    texts: &[String],
    cmd: &ParsedCommand,
    further: &[FvList],
) -> Result<(Vec<Equation>, OpenSample)> {
    let reading = Reading { vce: Some(VceSpec::Default), weight_kinds: WEIGHTS, ..Reading::new(cmd) };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    let abbrev = session.settings.varabbrev;
    for list in further {
        list.markout(&session.frame, &mut open.touse)?;
    }
    let mut parsed = Vec::new();
    for text in texts {
        let (name, body) = match text.split_once(':') {
            Some((name, body)) => (Some(name.trim().to_string()), body),
            None => (None, text.as_str()),
        };
        if body.contains(',') {
            return Err(StataError::unsupported_option(&cmd.name, "options of an equation"));
        }
        // an equals sign may stand behind the outcome
        let (first, rest) = match body.split_once('=') {
            Some((first, rest)) => (first.trim(), rest),
            None => first_word(body),
        };
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
        return Err(StataError::no_observations());
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
        equations.push(Equation::weighted(&open, name, (depvar, y), side));
    }
    Ok((equations, open))
}

/// Covariance of the errors from residuals: divisor N, or `sqrt((N-k_i)(N-k_j))` with `dfk`.
fn error_covariance(residuals: &[Vec<f64>], n: f64, parameters: &[usize], dfk: bool) -> Mat {
    Mat::from_fn(residuals.len(), residuals.len(), |i, j| {
        let divisor = if dfk { ((n - parameters[i] as f64) * (n - parameters[j] as f64)).sqrt() } else { n };
        residuals[i].iter().zip(&residuals[j]).map(|(a, b)| a * b).sum::<f64>() / divisor
    })
}

/// Feasible generalised least squares with `right` as regressors (projected ones with instruments). Under constraints
/// the sum of squares is least among the allowed parameters: with `A` the information and `a` any allowed point,
/// `b = a + T (T'AT)^-1 T' (c - A a)`, the covariance `T (T'AT)^-1 T'`.
fn gls(
    right: &[Vec<Vec<f64>>],
    y: &[&[f64]],
    inverse: &Mat,
    allowed: Option<&Allowed>,
) -> Result<(Vec<f64>, Mat)> {
    let place: Vec<(usize, usize)> =
        right.iter().enumerate().flat_map(|(e, own)| (0..own.len()).map(move |j| (e, j))).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let size = place.len();
    let mut information = Mat::zeros(size, size);
    for (i, (e, a)) in place.iter().enumerate() {
        for (j, (f, b)) in place.iter().enumerate().take(i + 1) {
            if inverse[(*e, *f)] == 0.0 {
                continue;
            }
            let value = inverse[(*e, *f)] * dot(&right[*e][*a], &right[*f][*b]);
            information[(i, j)] = value;
            information[(j, i)] = value;
        }
    }
    let target: Vec<f64> = place
        .iter()
        .map(|(e, a)| (0..y.len()).map(|f| inverse[(*e, f)] * dot(&right[*e][*a], y[f])).sum())
        .collect();
    let collinear = || StataError::new(506, "regressors are collinear");
    let Some(allowed) = allowed else {
        let v = information.inverse_definite().ok_or_else(collinear)?;
        return Ok((v.times_vector(&target), v));
    };
    let v = allowed.inverse(&information).ok_or_else(collinear)?.symmetrised();
    let point = allowed.nearest(&vec![0.0; size]);
    let gap: Vec<f64> =
        target.iter().zip(information.times_vector(&point)).map(|(c, held)| c - held).collect();
    Ok((v.times_vector(&gap).iter().zip(&point).map(|(step, a)| a + step).collect(), v))
}

fn residuals(equations: &[Equation], columns: &[Vec<Vec<f64>>], b: &[f64]) -> Vec<Vec<f64>> {
    let mut from = 0;
    equations
        .iter()
        .zip(columns)
        .map(|(equation, own)| {
            let mine = &b[from..from + own.len()];
            from += own.len();
            let fitted = |i: usize| own.iter().zip(mine).map(|(c, b)| c[i] * b).sum::<f64>();
            (0..equation.y.len()).map(|i| equation.y[i] - fitted(i)).collect()
        })
        .collect()
}

/// A fitted system.
struct Fit {
    b: Vec<f64>,
    v: Mat,
    sigma: Mat,
    steps: usize,
}

/// Least squares equation by equation on `right`, then steps of generalised least squares. Constraints hold in all of
/// them: they may join equations also in the first.
fn steps(
    equations: &[Equation],
    columns: &[Vec<Vec<f64>>],
    right: &[Vec<Vec<f64>>],
    method: &Method<'_>,
    allowed: Option<&Allowed>,
) -> Result<Fit> {
    let sizes: Vec<usize> = columns.iter().map(Vec::len).collect();
    let y: Vec<&[f64]> = equations.iter().map(|e| e.y.as_slice()).collect();
    let mut b = Vec::new();
    for (equation, own) in equations.iter().zip(right) {
        let views: Vec<&[f64]> = own.iter().map(Vec::as_slice).collect();
        let request = Request { constant: false, chosen: true, ..Request::new(&equation.y, &views) };
        let fit = ols::fit(&request).map_err(fit_error)?;
        if fit.b.len() != own.len() {
            return Err(StataError::new(481, format!("equation {} is not identified", equation.name)));
        }
        b.extend(fit.b);
    }
    if allowed.is_some() {
        b = gls(right, &y, &Mat::identity(sizes.len()), allowed)?.0;
    }
    let mut out: Option<Fit> = None;
    for step in 1..=method.iterations.max(1) {
        let sigma = error_covariance(&residuals(equations, columns, &b), equations[0].n, &sizes, method.dfk);
        let weight = if method.independent {
            Mat::from_fn(sizes.len(), sizes.len(), |i, j| if i == j { sigma[(i, i)] } else { 0.0 })
        } else {
            sigma.clone()
        };
        let inverse = weight
            .inverse_definite()
            .ok_or_else(|| StataError::new(506, "covariance matrix of errors is singular"))?;
        let (next, v) = gls(right, &y, &inverse, allowed)?;
        let moved = b.iter().zip(&next).map(|(a, b)| (a - b).abs() / (a.abs() + 1.0)).fold(0.0, f64::max);
        b.clone_from(&next);
        out = Some(Fit { b: next, v, sigma, steps: step });
        if moved < 1e-10 {
            break;
        }
    }
    out.ok_or_else(StataError::not_converged)
}

/// Estimates a system and posts it. `instruments` are columns on which the regressors are projected.
pub(super) fn estimate(
    session: &mut Session,
    raw: &str,
    equations: Vec<Equation>,
    open: OpenSample,
    instruments: Option<&[Vec<f64>]>,
    method: &Method<'_>,
) -> Result<()> {
    let columns: Vec<Vec<Vec<f64>>> = equations.iter().map(Equation::columns).collect();
    let right = match instruments {
        None => columns.clone(),
        Some(z) => {
            columns.iter().map(|own| own.iter().map(|c| project(c, z)).collect()).collect::<Result<_>>()?
        }
    };
    let mut layout = Layout::default();
    for equation in &equations {
        layout.equation(&equation.name, equation.side.names(), &equation.side.estimated());
    }
    let held = match method.constraints {
        Some(text) => search::held_to(session, &layout, text)?,
        None => None,
    };
    let fit = steps(&equations, &columns, &right, method, held.as_ref().map(|h| &h.0))?;
    let rest = residuals(&equations, &columns, &fit.b);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let n = equations[0].n;
    let names: Vec<String> = equations.iter().map(|e| e.name.clone()).collect();
    let depvars: Vec<String> = equations.iter().map(|e| e.depvar.clone()).collect();
    let full = vec![0.0; session.frame.n_rows()];
    let touse = open.touse.clone();
    let design = equations[0].side.design.clone();
    let model = open.close(session, depvars.join(" "), &full, design, true);
    let mut est = post::begin(method.cmd, &format!("{} {raw}", method.cmd), &parameters, &model);
    est.results.text("predict", format!("{}_p", method.cmd));
    let results = &mut est.results;
    let total = fit.b.len() as f64;
    let free = total - held.as_ref().map_or(0.0, |h| h.0.independent() as f64);
    results.scalar("N", n).scalar("k", total).scalar("k_eq", equations.len() as f64).scalar("rank", free);
    let df_r = n * equations.len() as f64 - free;
    if let Some((_, held)) = &held {
        let cells = held.written.data().to_vec();
        let matrix = constraints::labelled(held.written.rows(), cells, layout.stripe().to_vec());
        results.matrix("Cns", matrix);
    }
    if method.small {
        results.scalar("df_r", df_r).text("small", "small");
    }
    if method.dfk {
        results.text("dfk", "dfk");
    }
    if method.iterations > 1 {
        results.scalar("ic", fit.steps as f64);
    }
    let mut from = 0;
    for (e, equation) in equations.iter().enumerate() {
        let rss: f64 = rest[e].iter().map(|r| r * r).sum();
        let tss = equation.tss;
        let slopes: Vec<usize> = (from..from + equation.side.columns().len()).collect();
        let slopes = held.as_ref().map_or(slopes.clone(), |h| h.0.independent_among(&slopes));
        let test = wald::test_zero(&fit.b, &fit.v, &slopes);
        equation_results(results, e + 1, &test, method.small.then_some(df_r));
        let size = columns[e].len();
        let divisor = if method.dfk { n - size as f64 } else { n };
        let number = e + 1;
        results.scalar(&format!("cons_{number}"), f64::from(u8::from(equation.side.constant)));
        results.scalar(&format!("rss_{number}"), rss).scalar(&format!("mss_{number}"), tss - rss);
        results
            .scalar(&format!("r2_{number}"), 1.0 - rss / tss)
            .scalar(&format!("rmse_{number}"), (rss / divisor).sqrt());
        from += size;
    }
    let stripe: Vec<Stripe> = names.iter().map(|n| Stripe::term(n.clone())).collect();
    results
        .matrix("Sigma", Matrix::square(fit.sigma.data().to_vec(), stripe))
        .text("eqnames", names.join(" "));
    results.text("title", method.title).text("method", method.method).text("properties", "b V");
    session.post_estimation(est, touse);
    Ok(())
}

/// The part of a column that the instruments explain.
fn project(column: &[f64], instruments: &[Vec<f64>]) -> Result<Vec<f64>> {
    let views: Vec<&[f64]> = instruments.iter().map(Vec::as_slice).collect();
    let fit = ols::fit(&Request { constant: false, chosen: true, ..Request::new(column, &views) })
        .map_err(fit_error)?;
    Ok(column.iter().zip(&fit.residuals).map(|(c, r)| c - r).collect())
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
