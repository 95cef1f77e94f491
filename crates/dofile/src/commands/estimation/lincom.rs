//! `lincom` and `nlcom`: linear and nonlinear combinations of estimates with their standard errors.
//!
//! Stores in `r()`: `lincom` estimate se t or z df p lb ub level; `nlcom` b V. Formulas: [R] lincom, [R] nlcom
//! (delta method; derivatives by Richardson-extrapolated central differences).

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::exponents;
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form;
use crate::estimation::post::stata;
use crate::estimation::reference::{Statement, degrees};
use crate::estimation::table::{Table, row};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use estimators::matrix::Mat;

/// The command `lincom`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lincom",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "lincom exp [, level(#) df(#) eform or irr hr shr rrr]",
    notes: "stores r(estimate) r(se) r(t) or r(z) r(df) r(p) r(lb) r(ub) r(level); formulas: [R] lincom",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nlincom 2*x + 1",
        // Slope 29/35.
        expect: &[("r(estimate)", 2.657_142_857_142_857), ("r(df)", 4.0)],
    }],
};

/// The command `nlcom`.
pub(super) const SPEC_NLCOM: CommandSpec = CommandSpec {
    name: "nlcom",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: run_nlcom,
    syntax: "nlcom [name:] exp | ([name:] exp) [([name:] exp) ...] [, level(#) df(#) post noheader]",
    notes: "stores r(b) r(V), with post e(b) e(V); formulas: [R] nlcom",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nnlcom _b[x]^2\nmatrix b = r(b)",
        expect: &[("b[1,1]", 0.686_530_612_244_898)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("Level"),
    OptSpec::real("df"),
    OptSpec::flag("eform"),
    OptSpec::flag("or"),
    OptSpec::flag("irr"),
    OptSpec::flag("hr"),
    OptSpec::flag("shr"),
    OptSpec::flag("rrr"),
];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of_session(session)?;
    let (body, options) = front_and_options(&cmd.raw);
    let options = Options::parse("lincom", options, OPTIONS, &[])?;
    let level = options.real("level").unwrap_or(session.settings.level);
    let form = linear_form::parse(body, &parameters)?;
    if form.is_number() {
        return Err(StataError::new(198, "no coefficients in the expression"));
    }
    let estimate = form.weights.iter().zip(&parameters.b).map(|(w, b)| w * b).sum::<f64>() + form.constant;
    let se = parameters.v.quadratic(&form.weights).max(0.0).sqrt();
    let df_r = options.real("df").or_else(|| degrees(session, Statement::Linear));
    let heading = exponents::heading(|option| options.has(option));
    session.print("");
    let target = format::bare("%9.0g", -form.constant + 0.0);
    session.print(format!(" ( 1)  {} = {target}", form.text(&parameters)));
    session.print("");
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    show(session, &depvar, &[Stripe::term("(1)")], &[estimate], &[se], df_r, level, heading);
    let numbers = row(estimate, se, df_r, level, heading.is_some());
    let mut results = Results::default();
    results.scalar("estimate", numbers.b).scalar("se", stata(numbers.se));
    results.scalar(if df_r.is_some() { "t" } else { "z" }, numbers.ratio).scalar("p", numbers.p);
    results.scalar("lb", numbers.low).scalar("ub", numbers.high).scalar("level", level);
    if let Some(df) = df_r {
        results.scalar("df", df);
    }
    session.r = results;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the cells of one table")]
fn show(
    session: &mut Session,
    title: &str,
    stripe: &[Stripe],
    b: &[f64],
    se: &[f64],
    df_r: Option<f64>,
    level: f64,
    heading: Option<&str>,
) {
    Table {
        title,
        heading: heading.unwrap_or("Coefficient"),
        eform: heading.is_some(),
        equations: false,
        ..Table::of_equations(stripe, b, se, df_r, level)
    }
    .show(session);
}

const NLCOM_OPTIONS: &[OptSpec] =
    &[OptSpec::real("Level"), OptSpec::real("df"), OptSpec::flag("post"), OptSpec::flag("noHeader")];

fn run_nlcom(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of_session(session)?;
    let (body, options) = front_and_options(&cmd.raw);
    let options = Options::parse("nlcom", options, NLCOM_OPTIONS, &[])?;
    let level = options.real("level").unwrap_or(session.settings.level);
    let expressions = named_expressions(body)?;
    let mut jacobian = Vec::new();
    let mut values = Vec::new();
    for (_, text) in &expressions {
        values.push(value_at(session, &parameters.b, text)?);
        jacobian.extend(gradient(session, &parameters.b, &parameters.v, text)?);
    }
    restore(session, &parameters.b);
    let jacobian = Mat::from_rows(values.len(), parameters.b.len(), jacobian);
    let v = jacobian.sandwich(&parameters.v);
    let stripe: Vec<Stripe> = expressions.iter().map(|(n, _)| Stripe::term(n.clone())).collect();
    let se: Vec<f64> = v.diagonal().iter().map(|x| x.max(0.0).sqrt()).collect();
    session.print("");
    for (name, text) in expressions.iter().filter(|_| !options.has("noheader")) {
        session.print(format!("{name:>12}: {text}"));
    }
    session.print("");
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let df_r = options.real("df").or_else(|| degrees(session, Statement::Nonlinear));
    show(session, &depvar, &stripe, &values, &se, df_r, level, None);
    let b = Matrix::row_vector(values, stripe.clone());
    let v = Matrix::square(v.data().to_vec(), stripe);
    if options.has("post") {
        let n = session.e.results.get_scalar("N");
        let sample = session.estimation_sample();
        let mut est = Estimation::default();
        est.results
            .matrix("b", b.clone())
            .matrix("V", v.clone())
            .text("cmd", "nlcom")
            .text("properties", "b V");
        if let Some(n) = n {
            est.results.scalar("N", n);
        }
        let touse = sample.map_or_else(|| vec![false; session.frame.n_rows()], |s| s.to_vec());
        session.post_estimation(est, touse);
    }
    let n = session.e.results.get_scalar("N");
    session.r.matrix("b", b).matrix("V", v);
    for (name, value) in [("N", n), ("df_r", df_r)] {
        if let Some(value) = value {
            session.r.scalar(name, value);
        }
    }
    Ok(())
}

/// `(name: exp) (exp)` or one expression; unnamed ones are `_nl_1` and so on.
fn named_expressions(body: &str) -> Result<Vec<(String, String)>> {
    let (mut parts, rest) =
        leading_groups(body).ok_or_else(|| StataError::new(198, "unbalanced parentheses"))?;
    if parts.is_empty() || !rest.is_empty() {
        parts = vec![body.trim()];
    }
    Ok(parts
        .into_iter()
        .enumerate()
        .map(|(i, part)| match part.split_once(':') {
            Some((name, exp)) if crate::frame::is_valid_name(name.trim()) => {
                (name.trim().to_string(), exp.trim().to_string())
            }
            _ => (format!("_nl_{}", i + 1), part.to_string()),
        })
        .collect())
}

/// Puts parameters into `e(b)`.
pub(super) fn restore(session: &mut Session, b: &[f64]) {
    if let Some(old) = session.e.b().cloned() {
        session.e.results.matrix("b", Matrix::row_vector(b.to_vec(), old.col_names));
    }
}

pub(super) fn value_at(session: &mut Session, b: &[f64], text: &str) -> Result<f64> {
    restore(session, b);
    let value = session.eval_num(text)?;
    if crate::value::is_missing(value) {
        return Err(StataError::new(498, "the expression evaluates to missing"));
    }
    Ok(value)
}

/// Derivatives of an expression in the parameters that have a variance.
pub(super) fn gradient(session: &mut Session, b: &[f64], v: &Mat, text: &str) -> Result<Vec<f64>> {
    let mut out = vec![0.0; b.len()];
    for j in 0..b.len() {
        if v[(j, j)] <= 0.0 {
            continue;
        }
        let step = 1e-3 * b[j].abs().max(v[(j, j)].sqrt());
        let mut central = |h: f64| -> Result<f64> {
            let mut moved = b.to_vec();
            moved[j] = b[j] + h;
            let up = value_at(session, &moved, text);
            moved[j] = b[j] - h;
            let down = value_at(session, &moved, text);
            restore(session, b);
            Ok((up? - down?) / (2.0 * h))
        };
        // Two extrapolations of steps that halve: the error is of sixth order in the step.
        let (d1, d2, d3) = (central(step)?, central(step / 2.0)?, central(step / 4.0)?);
        let (e1, e2) = ((4.0 * d2 - d1) / 3.0, (4.0 * d3 - d2) / 3.0);
        out[j] = (16.0 * e2 - e1) / 15.0;
    }
    Ok(out)
}
