//! `predictnl`: a function of the estimates in every row, with standard errors by the delta method ([R] predictnl).

use super::super::{CommandSpec, Example};
use super::lincom::restore;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::frame::{StorageType, is_valid_name};
use crate::ops::predict::{Prediction, add};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, matching_paren};
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::wald;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "no results; limits and p-values by the normal distribution; the expression may have parameters as _b[], predict(options) and xb(equation); [R] predictnl",
    examples: &[
        Example {
            // A linear function has the standard error of predict.
            run: "set obs 12\ngenerate x = _n\ngenerate y = x + mod(_n*5, 7)\nregress y x\npredict double s, stdp\npredict double f\npredictnl double g = _b[_cons] + _b[x]*x, se(e) ci(lo hi)\nscalar same = reldif(g[3], f[3]) < 1e-7 & reldif(e[3], s[3]) < 1e-6",
            expect: &[("same", 1.0), ("round(abs(hi[3] - g[3] - invnormal(.975)*e[3]), 1e-6)", 0.0)],
        },
        Example {
            // The derivative of the probability is p(1 - p) for each unit of the index.
            run: "set obs 12\ngenerate x = _n\ngenerate d = mod(_n*5, 7) > 3\nlogit d x\npredict double s, stdp\npredictnl double p = predict(pr), se(e)\npredictnl double q = invlogit(xb()) - p",
            expect: &[("reldif(e[4], p[4]*(1 - p[4])*s[4]) < 1e-6", 1.0), ("abs(q[4]) < 1e-7", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "predictnl",
        9,
        run,
        "predictnl [type] newvar = exp [if] [in] [, se(newvar) variance(newvar) wald(newvar) p(newvar) ci(newvar newvar) level(#)]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("se"),
    OptSpec::text("VARiance"),
    OptSpec::text("wald"),
    OptSpec::text("p"),
    OptSpec::text("ci"),
    OptSpec::real("Level"),
];

/// An expression whose calls of `predict()` and `xb()` are names of temporary variables.
struct Expression {
    text: String,
    /// Each variable with the options of `predict` that make it.
    calls: Vec<(String, String)>,
}

impl Expression {
    fn parse(text: &str) -> Result<Self> {
        let mut out = Self { text: String::new(), calls: Vec::new() };
        let mut rest = text;
        while let Some((at, word)) = next_call(rest) {
            let open = at + word.len();
            let close = matching_paren(rest, open).ok_or_else(StataError::syntax)?;
            let argument = rest[open + 1..close].trim();
            let options = match word {
                "xb" if argument.is_empty() => "xb".to_string(),
                "xb" => format!("xb equation({argument})"),
                _ => argument.to_string(),
            };
            let known = position(&out.calls, &options);
            let name = known
                .map_or_else(|| format!("__predictnl{}", out.calls.len() + 1), |i| out.calls[i].0.clone());
            out.text.push_str(&rest[..at]);
            out.text.push_str(&name);
            if known.is_none() {
                out.calls.push((name, options));
            }
            rest = &rest[close + 1..];
        }
        out.text.push_str(rest);
        Ok(out)
    }

    /// Makes the variables of the calls, which `drop` takes away.
    fn predict(&self, session: &mut Session) -> Result<()> {
        for (name, options) in &self.calls {
            let comma = if options.is_empty() { "" } else { ", " };
            quietly(session, &format!("predict double {name}{comma}{options}"))?;
        }
        Ok(())
    }

    fn drop(&self, session: &mut Session) {
        let made: Vec<usize> = self.calls.iter().filter_map(|(name, _)| session.frame.find(name)).collect();
        session.frame.drop_vars(&made);
    }
}

fn position(calls: &[(String, String)], options: &str) -> Option<usize> {
    calls.iter().position(|call| call.1 == options)
}

/// Position and name of the first call of `predict()` or `xb()`.
fn next_call(text: &str) -> Option<(usize, &'static str)> {
    let found = ["predict", "xb"].into_iter().filter_map(|word| {
        let mut starts = text.match_indices(word).map(|(at, _)| at);
        starts.find(|at| starts_call(text, *at, word)).map(|at| (at, word))
    });
    found.min()
}

fn starts_call(text: &str, at: usize, word: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text[at + word.len()..].starts_with('(') && !text[..at].chars().next_back().is_some_and(name)
}

/// Values of the expression on rows, with parameters put into `e(b)`.
fn at(session: &mut Session, b: &[f64], expression: &Expression, rows: &[usize]) -> Result<Vec<f64>> {
    restore(session, b);
    let values = expression.predict(session).and_then(|()| {
        let compiled = session.compile(&expression.text)?;
        let ctx = session.ctx();
        Ok(rows.iter().map(|row| compiled.num(&ctx, *row)).collect())
    });
    expression.drop(session);
    values
}

/// Sums of `d_j V_jk d_k` by row, from central differences that are extrapolated twice.
fn variances(
    session: &mut Session,
    parameters: &Parameters,
    expression: &Expression,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let (b, v) = (&parameters.b, &parameters.v);
    let mut slopes: Vec<Vec<f64>> = Vec::new();
    for j in 0..b.len() {
        if v[(j, j)] <= 0.0 {
            slopes.push(vec![0.0; rows.len()]);
            continue;
        }
        let step = 1e-3 * b[j].abs().max(v[(j, j)].sqrt());
        let mut central = |h: f64| -> Result<Vec<f64>> {
            let mut moved = b.clone();
            moved[j] = b[j] + h;
            let up = at(session, &moved, expression, rows)?;
            moved[j] = b[j] - h;
            let down = at(session, &moved, expression, rows)?;
            let slope = |(u, d): (&f64, &f64)| {
                if is_missing(*u) || is_missing(*d) { MISSING } else { (u - d) / (2.0 * h) }
            };
            Ok(up.iter().zip(&down).map(slope).collect())
        };
        let (d1, d2, d3) = (central(step)?, central(step / 2.0)?, central(step / 4.0)?);
        let refined = (0..rows.len()).map(|i| {
            if [d1[i], d2[i], d3[i]].iter().any(|d| is_missing(*d)) {
                return MISSING;
            }
            let (e1, e2) = ((4.0 * d2[i] - d1[i]) / 3.0, (4.0 * d3[i] - d2[i]) / 3.0);
            (16.0 * e2 - e1) / 15.0
        });
        slopes.push(refined.collect());
    }
    Ok((0..rows.len())
        .map(|i| {
            let d: Vec<f64> = slopes.iter().map(|s| s[i]).collect();
            if d.iter().any(|x| is_missing(*x)) { MISSING } else { v.quadratic(&d).max(0.0) }
        })
        .collect())
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("predictnl", &cmd.raw, true)?;
    cmd.check_options(OPTIONS, &["Force", "G", "ITERate", "df", "BIAScorr"])?;
    let parameters = Parameters::of(&session.e)?;
    let text = cmd.exp.clone().ok_or_else(StataError::syntax)?;
    let expression = Expression::parse(&text)?;
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let (kind, name) = match words[..] {
        [name] => (session.settings.default_type, name),
        [kind, name] => (StorageType::parse(kind).ok_or_else(StataError::syntax)?, name),
        _ => return Err(StataError::syntax()),
    };
    let mut wanted = vec![("", name.to_string())];
    for option in ["se", "variance", "wald", "p", "ci"] {
        let names: Vec<String> =
            cmd.options.text(option).unwrap_or("").split_whitespace().map(str::to_string).collect();
        if names.len() > if option == "ci" { 2 } else { 1 } || option == "ci" && names.len() == 1 {
            return Err(StataError::invalid(format!("option {option}() incorrectly specified")));
        }
        wanted.extend(names.into_iter().enumerate().map(|(i, n)| (if i == 1 { "upper" } else { option }, n)));
    }
    for (_, name) in &wanted {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if session.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
    }
    let level = cmd.options.real("level").unwrap_or(session.settings.level);
    let touse = session.rows(&cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let found = at(session, &parameters.b, &expression, &rows).and_then(|values| {
        let variance =
            if wanted.len() > 1 { variances(session, &parameters, &expression, &rows)? } else { Vec::new() };
        Ok((values, variance))
    });
    restore(session, &parameters.b);
    let (values, variance) = found?;
    let z = wald::critical(level, None);
    for (what, name) in wanted {
        let of = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            let one = |(value, v): (&f64, &f64)| {
                if is_missing(*value) || is_missing(*v) { MISSING } else { f(*value, *v) }
            };
            values.iter().zip(&variance).map(one).collect()
        };
        let (column, label) = match what {
            "se" => (of(&|_, v| v.sqrt()), format!("Standard error of prediction: {text}")),
            "variance" => (of(&|_, v| v), format!("Variance of prediction: {text}")),
            "wald" => (of(&|x, v| x * x / v), format!("Wald test statistic: {text}")),
            "p" => (of(&|x, v| chi2_tail(1.0, x * x / v)), format!("P-value: {text}")),
            "ci" => (of(&|x, v| x - z * v.sqrt()), format!("{level}% lower bound: {text}")),
            "upper" => (of(&|x, v| x + z * v.sqrt()), format!("{level}% upper bound: {text}")),
            _ => (values.clone(), format!("Prediction: {text}")),
        };
        add(session, &name, kind, &rows, Prediction { values: column, label })?;
    }
    Ok(())
}
