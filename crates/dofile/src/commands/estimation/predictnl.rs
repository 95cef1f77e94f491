//! `predictnl`: a function of the estimates in every row, with standard errors by the delta method ([R] predictnl).

use super::super::{CommandSpec, Example};
use super::lincom::restore;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::frame::{StorageType, is_valid_name};
use crate::ops::predict::{Prediction, add};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::wald;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "no results; limits and p-values by the normal distribution; the expression names parameters as _b[], and no predict() or xb(); [R] predictnl",
    examples: &[Example {
        // A linear function has the standard error of predict.
        run: "set obs 12\ngenerate x = _n\ngenerate y = x + mod(_n*5, 7)\nregress y x\npredict double s, stdp\npredict double f\npredictnl double g = _b[_cons] + _b[x]*x, se(e) ci(lo hi)\nscalar same = reldif(g[3], f[3]) < 1e-7 & reldif(e[3], s[3]) < 1e-6",
        expect: &[("same", 1.0), ("round(abs(hi[3] - g[3] - invnormal(.975)*e[3]), 1e-6)", 0.0)],
    }],
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

/// Values of the expression on rows, with parameters put into `e(b)`.
fn at(session: &mut Session, b: &[f64], text: &str, rows: &[usize]) -> Result<Vec<f64>> {
    restore(session, b);
    let compiled = session.compile(text)?;
    let ctx = session.ctx();
    Ok(rows.iter().map(|row| compiled.num(&ctx, *row)).collect())
}

/// Sums of `d_j V_jk d_k` by row, from central differences that are extrapolated twice.
fn variances(session: &mut Session, parameters: &Parameters, text: &str, rows: &[usize]) -> Result<Vec<f64>> {
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
            let up = at(session, &moved, text, rows)?;
            moved[j] = b[j] - h;
            let down = at(session, &moved, text, rows)?;
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
    for word in ["predict(", "xb("] {
        if text.contains(word) {
            return Err(StataError::unsupported_option("predictnl", &format!("{word})")));
        }
    }
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
    let found = at(session, &parameters.b, &text, &rows).and_then(|values| {
        let variance =
            if wanted.len() > 1 { variances(session, &parameters, &text, &rows)? } else { Vec::new() };
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
