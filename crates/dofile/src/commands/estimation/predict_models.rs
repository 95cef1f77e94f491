//! Predictions after models whose predictions are formulas of their linear indices; the formulas are in
//! `estimation::response_models`.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::response::Response;
use crate::estimation::response_models;
use crate::ops::predict::{Prediction, outcome};
use crate::session::Session;
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
        (Some(s), Some(a)) => format!("{s}({a})"),
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

fn default_name(cmd: &str) -> &'static str {
    match cmd {
        "xtgee" => "mu",
        "cloglog" => "pr",
        "fracreg" => "cm",
        "zip" | "zinb" | "tpoisson" | "tnbreg" | "gnbreg" => "n",
        "biprobit" => "p11",
        "heckprobit" => "pmargin",
        "hetprobit" => "pr",
        "betareg" => "cmean",
        _ => "xb",
    }
}

/// Values of a response row by row, the offset of the model added to the first index.
fn evaluate(
    session: &Session,
    parameters: &Parameters,
    response: &Response,
    cmd: &str,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let mut grid = Grid::new(&session.frame, rows.to_vec());
    let used = |p: &usize| parameters.terms[*p].as_ref().filter(|t| !t.is_omitted());
    grid.load(response.indices.iter().flatten().filter_map(used))?;
    let designs: Vec<Vec<Vec<f64>>> = response.indices.iter().map(|p| grid.design(parameters, p)).collect();
    // An incidence rate and a linear prediction of a fixed-effects model leave the offset out.
    let offset = match session.e.results.get_text("offset").filter(|_| response.request != "predict(ir)") {
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
    let known = matches!(
        (cmd, statistic),
        ("xtgee" | "xtabond" | "xtdpdsys" | "cnsreg" | "rreg" | "xtgls" | "xtpcse", "residuals")
    );
    if !known {
        return Err(StataError::new(198, format!("option {statistic} not allowed after {cmd}")));
    }
    let y = outcome(session, rows)?;
    let gap = |(y, mu): (&f64, &f64)| if is_missing(*y) || is_missing(*mu) { MISSING } else { y - mu };
    Ok(Prediction { values: y.iter().zip(&fitted).map(gap).collect(), label: "Residuals".to_string() })
}
