//! `predict` after `frontier`: the inefficiency of each row given its residual, and its efficiency.
//! Formulas: [R] frontier postestimation; Jondrow et al. (1982), Battese and Coelli (1988).

use super::parts::text;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::ops::predict::{Prediction, add, chosen, design, new_names, outcome};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::ml_frontier::{Inefficiency, efficiency, expected, mode, posterior};

/// Options.
pub(super) const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("u"), OptSpec::flag("m"), OptSpec::flag("te")])
        .unsupported(&["stdp", "SCores"]);

/// One new variable.
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let statistic = chosen(cmd)?.unwrap_or("xb").to_string();
    if chosen(cmd)?.is_none() {
        session.print("(option xb assumed; linear prediction)");
    }
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let values = values(session, &statistic, &rows)?;
    let label = match statistic.as_str() {
        "u" => "E(u|e)",
        "m" => "M(u|e)",
        "te" => "Technical efficiency via E[exp(-su)|e]",
        _ => "Linear prediction",
    };
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}

/// Values of a linear index: an equation, or an ancillary parameter of the name.
fn index(session: &Session, parameters: &Parameters, name: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let mut positions = parameters.positions(name);
    if positions.is_empty() {
        positions = (0..parameters.b.len())
            .filter(|i| parameters.stripe[*i].eq == "/" && parameters.stripe[*i].name == name)
            .collect();
    }
    let columns = design(&session.frame, parameters, &positions, rows)?;
    let value = |i: usize| {
        let mut sum = 0.0;
        for (column, position) in columns.iter().zip(&positions) {
            if is_missing(column[i]) {
                return MISSING;
            }
            sum += column[i] * parameters.b[*position];
        }
        sum
    };
    Ok((0..rows.len()).map(value).collect())
}

fn values(session: &Session, statistic: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let parameters = Parameters::of(&session.e)?;
    let first = parameters.equations().first().cloned().unwrap_or_default();
    let xb = index(session, &parameters, &first, rows)?;
    if statistic == "xb" {
        return Ok(xb);
    }
    let y = outcome(session, rows)?;
    let sign = if text(session, "function") == "cost" { -1.0 } else { 1.0 };
    let kind = match text(session, "dist").as_str() {
        "exponential" => Inefficiency::Exponential,
        "tnormal" => Inefficiency::Truncated,
        _ => Inefficiency::HalfNormal,
    };
    let truncated = kind == Inefficiency::Truncated;
    let names = if truncated { ["lnsigma2", "lgtgamma"] } else { ["lnsig2v", "lnsig2u"] };
    let [a, b] = names.map(|name| index(session, &parameters, name, rows));
    let (a, b) = (a?, b?);
    let mu = if truncated { index(session, &parameters, "mu", rows)? } else { vec![0.0; rows.len()] };
    let value = |i: usize| {
        if [xb[i], y[i], a[i], b[i], mu[i]].iter().any(|v| is_missing(*v)) {
            return MISSING;
        }
        let scales = if truncated {
            let gamma = 1.0 / (1.0 + (-b[i]).exp());
            ((a[i].exp() * (1.0 - gamma)).sqrt(), (a[i].exp() * gamma).sqrt())
        } else {
            ((0.5 * a[i]).exp(), (0.5 * b[i]).exp())
        };
        let found = posterior(kind, sign, y[i] - xb[i], scales, mu[i]);
        match statistic {
            "u" => expected(found),
            "m" => mode(found),
            _ => efficiency(sign, found),
        }
    };
    Ok((0..rows.len()).map(value).collect())
}
