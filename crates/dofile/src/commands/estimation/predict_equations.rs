//! Predictions of one equation of several, standard errors of indices and of their differences, and scores of
//! equations ([R] sureg postestimation, [R] mlogit postestimation, [R] heckman postestimation, [R] tobit postestimation).

use super::predict_choice::position;
use super::predictions::{compute, quadratic_root, stdp};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::ops::equation_scores::of_equations;
use crate::ops::predict::{Prediction, column, combine, design, map};
use crate::ops::scores::offset;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Commands whose default prediction is the index of the equation that `equation()` names.
const SYSTEMS: [&str; 6] = ["sureg", "reg3", "mvreg", "heckman", "etregress", "mlogit"];

/// The prediction, or nothing for other commands and statistics.
pub(in crate::commands) fn one(
    session: &mut Session,
    cmd: &ParsedCommand,
    statistic: Option<&str>,
    rows: &[usize],
) -> Result<Option<Prediction>> {
    let name = session.e.cmd().to_string();
    let equation = cmd.options.text("equation").map(str::trim);
    let system = SYSTEMS.contains(&name.as_str());
    let parameters = Parameters::of(&session.e)?;
    let made = |values: Vec<f64>, label: &str| Ok(Some(Prediction { values, label: label.to_string() }));
    match (name.as_str(), statistic) {
        (_, Some(what @ ("stddp" | "difference"))) => {
            let pair = pair(session, cmd, &parameters)?;
            difference(session, &parameters, &pair, what, rows).map(Some)
        }
        ("mlogit", Some("stdp")) => {
            let equation = match (cmd.options.text("outcome"), equation) {
                (Some(text), _) => of_outcome(session, &parameters, text)?,
                (None, Some(name)) => name.to_string(),
                (None, None) => parameters.equations().first().cloned().unwrap_or_default(),
            };
            made(stdp(&session.frame, &parameters, &equation, rows)?, "S.E. of the prediction")
        }
        ("ologit" | "oprobit", Some("stdp")) if !cmd.options.has("outcome") => {
            compute(session, statistic, None, rows).map(Some)
        }
        ("heckman" | "heckprobit" | "heckpoisson", Some("stdpsel")) => {
            second(session, &parameters, "S.E. of the prediction of selection", rows)
        }
        ("gnbreg", Some("stdplna")) => second(session, &parameters, "S.E. of ln(alpha)", rows),
        ("tobit" | "intreg" | "truncreg" | "heckman", Some("stdf")) => {
            let variance = error_variance(session, &parameters)?;
            let index = compute(session, Some("stdp"), None, rows)?.values;
            made(map(index, |s| (s * s + variance).sqrt()), "S.E. of the forecast")
        }
        ("sureg" | "reg3" | "mvreg", Some("residuals")) => residuals(session, equation, rows).map(Some),
        (_, Some("xb" | "stdp")) | (_, None) if equation.is_some() && (system || statistic.is_some()) => {
            if statistic.is_none() {
                session.print("(option xb assumed; linear prediction)");
            }
            compute(session, statistic.or(Some("xb")), equation, rows).map(Some)
        }
        _ => Ok(None),
    }
}

/// Commands after which scores are known.
const SCORED: [&str; 18] = [
    "regress",
    "logit",
    "logistic",
    "probit",
    "cloglog",
    "poisson",
    "ologit",
    "oprobit",
    "mlogit",
    "nbreg",
    "heckman",
    "heckprobit",
    "biprobit",
    "zip",
    "zinb",
    "tobit",
    "intreg",
    "truncreg",
];

/// The scores of all equations in their order, or that of `equation()`. The base outcome of `mlogit` has none.
pub(in crate::commands) fn scores(
    session: &Session,
    equation: Option<&str>,
    rows: &[usize],
) -> Result<Vec<Prediction>> {
    let name = session.e.cmd();
    if !SCORED.contains(&name) {
        return Err(StataError::unsupported_option("predict", "scores"));
    }
    let mut found = of_equations(session, name, &Parameters::of(&session.e)?, rows)?;
    if let Some(base) = session.e.results.get_scalar("ibaseout").filter(|_| name == "mlogit") {
        found.remove(base as usize - 1);
    }
    if let Some((_, of_variance)) = found.get_mut(1).filter(|_| name == "tobit") {
        // the manual promises the derivative in sigma, while e(b) holds its square
        let sigma = session.e.results.get_scalar("sigma").unwrap_or(MISSING);
        *of_variance = map(std::mem::take(of_variance), |u| u * 2.0 * sigma);
    }
    if let Some(text) = equation {
        let number = text.strip_prefix('#').and_then(|n| n.trim().parse::<usize>().ok());
        let at = match number {
            Some(n) => n.checked_sub(1),
            None => found.iter().position(|(name, _)| name == text || name.strip_prefix('/') == Some(text)),
        };
        let one = at.and_then(|at| found.get(at).cloned());
        found = vec![one.ok_or_else(|| StataError::new(303, format!("equation {text} not found")))?];
    }
    let label = || "Equation-level score".to_string();
    Ok(found.into_iter().map(|(_, values)| Prediction { values, label: label() }).collect())
}

fn second(
    session: &Session,
    parameters: &Parameters,
    label: &str,
    rows: &[usize],
) -> Result<Option<Prediction>> {
    let equation = parameters.equations().get(1).cloned().ok_or_else(StataError::syntax)?;
    let values = stdp(&session.frame, parameters, &equation, rows)?;
    Ok(Some(Prediction { values, label: label.to_string() }))
}

/// The equation of an outcome of `mlogit`; the base outcome has none.
fn of_outcome(session: &Session, parameters: &Parameters, text: &str) -> Result<String> {
    let at = position(session, text)?;
    parameters
        .equations()
        .get(at)
        .cloned()
        .ok_or_else(|| StataError::new(303, format!("equation {text} not found")))
}

/// The two equations of `equation(a, b)`, after `mlogit` also of `outcome(a, b)`.
fn pair(session: &Session, cmd: &ParsedCommand, parameters: &Parameters) -> Result<[String; 2]> {
    let bad = || StataError::new(198, "you must specify two equations");
    let (text, outcomes) = match (cmd.options.text("equation"), cmd.options.text("outcome")) {
        (Some(text), _) => (text, false),
        (None, Some(text)) if session.e.cmd() == "mlogit" => (text, true),
        _ => return Err(bad()),
    };
    let (first, second) = text.split_once(',').ok_or_else(bad)?;
    let equations = parameters.equations();
    let find = |text: &str| -> Result<String> {
        let text = text.trim();
        if outcomes {
            return of_outcome(session, parameters, text);
        }
        let number = text.strip_prefix('#').and_then(|n| n.trim().parse::<usize>().ok());
        let found = match number {
            Some(n) => equations.get(n.wrapping_sub(1)).cloned(),
            None => equations.iter().find(|e| *e == text).cloned(),
        };
        found.ok_or_else(|| StataError::new(303, format!("equation {text} not found")))
    };
    Ok([find(first)?, find(second)?])
}

/// The difference of two indices, or its standard error.
fn difference(
    session: &Session,
    parameters: &Parameters,
    [first, second]: &[String; 2],
    what: &str,
    rows: &[usize],
) -> Result<Prediction> {
    if what == "difference" {
        let index = |equation: &str| linear_prediction(&session.frame, parameters, equation, rows);
        let (a, b) = (index(first)?, index(second)?);
        let values = a.iter().zip(&b).map(|(a, b)| combine(*a, *b, |a, b| a - b)).collect();
        return Ok(Prediction { values, label: "Difference of linear predictions".to_string() });
    }
    let (one, two) = (parameters.positions(first), parameters.positions(second));
    let mut columns = design(&session.frame, parameters, &one, rows)?;
    let minus = design(&session.frame, parameters, &two, rows)?;
    columns.extend(minus.into_iter().map(|column| map(column, |x| -x)));
    let both: Vec<usize> = one.into_iter().chain(two).collect();
    let values = quadratic_root(&columns, &parameters.v.select(&both, &both), rows.len());
    Ok(Prediction { values, label: "S.E. of the difference in linear predictions".to_string() })
}

/// Variance of the errors of the outcome: a parameter of the model, or a result of a two-step one.
fn error_variance(session: &Session, parameters: &Parameters) -> Result<f64> {
    let by_name = |name: &str| {
        parameters
            .stripe
            .iter()
            .position(|s| s.name == name || s.name.trim_start_matches('/') == name)
            .map(|i| parameters.b[i])
    };
    let last = parameters.b.last().copied().unwrap_or(MISSING);
    if session.e.results.get_text("het").is_some() {
        return Err(StataError::unsupported_option("predict", "stdf with het()"));
    }
    Ok(match session.e.cmd() {
        "tobit" => last,
        "truncreg" => last * last,
        "intreg" => (2.0 * last).exp(),
        _ => match by_name("lnsigma") {
            Some(ln_sigma) => (2.0 * ln_sigma).exp(),
            None => session.e.results.get_scalar("sigma").unwrap_or(MISSING).powi(2),
        },
    })
}

/// Outcome minus index of one equation of a system.
fn residuals(session: &mut Session, equation: Option<&str>, rows: &[usize]) -> Result<Prediction> {
    let parameters = Parameters::of(&session.e)?;
    let equations = parameters.equations();
    let at = match equation {
        None => 0,
        Some(text) => {
            let number = text.strip_prefix('#').and_then(|n| n.trim().parse::<usize>().ok());
            let found =
                number.map(|n| n.wrapping_sub(1)).or_else(|| equations.iter().position(|e| e == text));
            found
                .filter(|at| *at < equations.len())
                .ok_or_else(|| StataError::new(303, format!("equation {text} not found")))?
        }
    };
    let depvars = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let depvar = depvars.split_whitespace().nth(at).ok_or_else(StataError::syntax)?;
    let y = column(&session.frame, depvar, rows)?;
    let index = linear_prediction(&session.frame, &parameters, &equations[at], rows)?;
    let shift = offset(session, rows)?;
    let values = y
        .iter()
        .zip(index.iter().zip(&shift))
        .map(|(y, (e, o))| combine(*y, combine(*e, *o, |e, o| e + o), |y, f| y - f));
    Ok(Prediction { values: values.collect(), label: "Residuals".to_string() })
}
