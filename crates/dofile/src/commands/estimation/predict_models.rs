//! Predictions after models whose predictions are formulas of their linear indices; the formulas are in
//! `estimation::response_models`.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::response::Response;
use crate::estimation::response_models;
use crate::ops::predict::{Prediction, outcome};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// The prediction, or nothing when the active estimates are of another kind of model.
pub(crate) fn one(
    session: &mut Session,
    statistic: Option<&str>,
    argument: Option<&str>,
    rows: &[usize],
) -> Result<Option<Prediction>> {
    if statistic == Some("stdp") {
        return Ok(None);
    }
    let cmd = session.e.cmd().to_string();
    let parameters = Parameters::of(&session.e)?;
    let residual = matches!(statistic, Some("residuals" | "response" | "pearson"));
    let asked = match (statistic, argument) {
        (Some(s), Some(a)) => format!("{s}({})", a.trim()),
        (Some(s), None) if !residual => s.to_string(),
        _ => String::new(),
    };
    let Some(response) = response_models::of(session, &parameters, &asked) else {
        return Ok(None);
    };
    let response = response?;
    if statistic.is_none() {
        session.print(format!("(option {} assumed; {})", default_name(&cmd), response.label.to_lowercase()));
    }
    let values = evaluate(session, &parameters, &response, &cmd, rows)?;
    if !residual {
        return Ok(Some(Prediction { values, label: response.label }));
    }
    residuals(session, statistic.unwrap_or(""), &cmd, values, rows).map(Some)
}

/// Predictions over the distribution of random effects, or of an outcome at an effect of zero: `mu marginal`,
/// `pr outcome(2) conditional(fixedonly)`; nothing for all else.
pub(in crate::commands) fn of_effects(
    session: &Session,
    cmd: &ParsedCommand,
    rows: &[usize],
) -> Result<Option<Prediction>> {
    let name = session.e.cmd().to_string();
    let (mixed, panel) =
        (response_models::is_mixed(&name), matches!(name.as_str(), "xtologit" | "xtoprobit"));
    let conditional = cmd.options.text("conditional").map(str::trim);
    if name == "mestreg" {
        if !cmd.has("marginal") {
            return Ok(None);
        }
        if cmd.options.iter().any(|(name, _)| !["mean", "marginal"].contains(&name)) {
            return Err(StataError::unsupported_option(
                "predict",
                "marginal with other statistics than the mean",
            ));
        }
        let parameters = Parameters::of(&session.e)?;
        let found =
            response_models::of(session, &parameters, "mean marginal").ok_or_else(StataError::syntax)??;
        let values = evaluate(session, &parameters, &found, &name, rows)?;
        return Ok(Some(Prediction { values, label: found.label }));
    }
    if !mixed && (cmd.has("marginal") || conditional.is_some()) {
        let option = if cmd.has("marginal") { "marginal" } else { "conditional()" };
        return Err(StataError::option_not_allowed(option));
    }
    let fixed = cmd.has("fixedonly") || conditional.is_some_and(|t| t.starts_with("fixed"));
    let of_outcome = mixed && name.starts_with("meo") && fixed;
    if !cmd.has("marginal") && !of_outcome && !(panel && (cmd.has("pr") || cmd.has("pu0"))) {
        return Ok(None);
    }
    let known = ["mu", "pr", "pu0", "outcome", "marginal", "conditional", "fixedonly"];
    if let Some((other, _)) = cmd.options.iter().find(|(name, _)| !known.contains(name)) {
        return Err(StataError::option_not_allowed(other));
    }
    let mut words: Vec<String> =
        ["mu", "pr", "pu0"].iter().filter(|o| cmd.has(o)).map(|o| (*o).to_string()).collect();
    words.extend(cmd.options.text("outcome").map(|text| format!("outcome({})", text.trim())));
    words.extend(cmd.has("marginal").then(|| "marginal".to_string()));
    words.extend(fixed.then(|| "conditional(fixedonly)".to_string()));
    let parameters = Parameters::of(&session.e)?;
    let response =
        response_models::of(session, &parameters, &words.join(" ")).ok_or_else(StataError::syntax)??;
    let values = evaluate(session, &parameters, &response, &name, rows)?;
    Ok(Some(Prediction { values, label: response.label }))
}

fn default_name(cmd: &str) -> &'static str {
    match cmd {
        "xtgee" => "mu",
        "cloglog" | "scobit" => "pr",
        "fracreg" => "cm",
        "zip" | "zinb" | "tpoisson" | "tnbreg" | "gnbreg" | "cpoisson" | "heckpoisson" => "n",
        "churdle" => "ymean",
        "biprobit" => "p11",
        "heckprobit" => "pmargin",
        "hetprobit" => "pr",
        "betareg" => "cmean",
        "etpoisson" => "pomean",
        _ => "xb",
    }
}

/// Values of a response row by row, the offset of the model added to the first index.
pub(super) fn evaluate(
    session: &Session,
    parameters: &Parameters,
    response: &Response,
    cmd: &str,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let mut grid = Grid::new(&session.frame, rows.to_vec());
    let used = |p: &usize| parameters.terms[*p].as_ref().filter(|t| !t.is_omitted());
    grid.load(response.indices.iter().flatten().filter_map(used))?;
    let designs = response.designs(&grid, parameters);
    // An incidence rate and a linear prediction of a fixed-effects model leave the offset out.
    let own = session.e.results.get_text("offset");
    // the first of two offsets is that of the count
    let own = own.or_else(|| session.e.results.get_text("offset1").filter(|_| cmd == "heckpoisson"));
    let offset = match own.filter(|_| response.request != "predict(ir)") {
        Some(text) if cmd != "clogit" => {
            let compiled = session.compile(text)?;
            let ctx = session.ctx();
            Some(rows.iter().map(|r| compiled.num(&ctx, *r)).collect::<Vec<f64>>())
        }
        _ => None,
    };
    let mut eta = vec![0.0; designs.len()];
    Ok((0..rows.len())
        .map(|row| {
            for (cell, (positions, columns)) in eta.iter_mut().zip(response.indices.iter().zip(&designs)) {
                *cell = 0.0;
                for (position, column) in positions.iter().zip(columns) {
                    if is_missing(column[row]) {
                        return MISSING;
                    }
                    *cell += parameters.b[*position] * column[row];
                }
            }
            if let Some(offset) = &offset {
                if is_missing(offset[row]) {
                    return MISSING;
                }
                eta[0] += offset[row];
            }
            response.carry(&grid, row, &mut eta);
            if eta.iter().any(|x| is_missing(*x)) {
                return MISSING;
            }
            response.at(&eta).value
        })
        .collect())
}

/// Residuals: outcome minus prediction.
fn residuals(
    session: &Session,
    statistic: &str,
    cmd: &str,
    fitted: Vec<f64>,
    rows: &[usize],
) -> Result<Prediction> {
    let known = matches!((cmd, statistic), ("xtgee" | "cnsreg" | "rreg" | "xtgls" | "xtpcse", "residuals"));
    if !known {
        return Err(StataError::new(198, format!("option {statistic} not allowed after {cmd}")));
    }
    let y = outcome(session, rows)?;
    let gap = |(y, mu): (&f64, &f64)| if is_missing(*y) || is_missing(*mu) { MISSING } else { y - mu };
    Ok(Prediction { values: y.iter().zip(&fitted).map(gap).collect(), label: "Residuals".to_string() })
}
