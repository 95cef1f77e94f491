//! `estat impact` after `spregress`: average direct, indirect and total impacts with standard errors by the delta method
//! ([SP] spregress postestimation).

use super::predict::{Effect, effects, lag, units};
use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use estimators::spatial::impacts::{Averages, averages};

const KINDS: [&str; 3] = ["direct", "indirect", "total"];

/// Runs the command.
pub(super) fn run(s: &mut Session, call: &Call) -> Result<()> {
    let options = call
        .options_after_list(&[OptSpec::flag("noLOG"), OptSpec::text("vce"), OptSpec::real("Level")], &[])?;
    match options.text("vce").map(str::trim) {
        None | Some("delta") => {}
        Some(kind) => {
            return Err(StataError::unsupported_option("estat impact", &format!("vce({kind})")));
        }
    }
    let level = options.real("level").unwrap_or(s.settings.level);
    let units = units(s)?;
    let cmd = ParsedCommand::split("estat impact", &call.list, false)?;
    let shown = chosen(s, &cmd)?;
    let (selected, all) = (s.rows(&cmd)?, super::predict::rows_of_units(s, &units)?);
    let rows: Vec<usize> = (0..all.len()).filter(|i| selected[all[*i]]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let names: Vec<&String> = units.matrices.keys().collect();
    let matrices: Vec<&Mat> = units.matrices.values().map(|p| &p.w).collect();
    let outcome = units.outcome.as_ref().map(|m| &units.matrices[m].w).zip(lag(s, false));
    let parts = averages(all.len(), outcome, &matrices, &rows)
        .ok_or_else(|| StataError::new(504, "the reduced form does not exist: I - lambda W is singular"))?;
    let (b, v) = match (s.e.b(), s.e.v()) {
        (Some(b), Some(v)) => (b.clone(), kernel(v)),
        _ => return Err(StataError::no_estimates()),
    };
    let position = units.outcome.as_ref().and_then(|m| {
        let depvar = s.e.results.get_text("depvar").unwrap_or("");
        b.col_names.iter().position(|c| c.eq == *m && c.name == depvar)
    });
    let place = |m: &str| names.iter().position(|n| *n == m).map_or(0, |p| p + 1);
    let jacobians = KINDS.map(|kind| {
        let mut j = Mat::zeros(shown.len(), b.cols());
        for (row, effect) in shown.iter().enumerate() {
            for (column, matrix) in &effect.parameters {
                let at = matrix.as_deref().map_or(0, place);
                j[(row, *column)] += pick(&parts, kind, at, false);
                if let Some(position) = position {
                    j[(row, position)] += b.get(0, *column) * pick(&parts, kind, at, true);
                }
            }
        }
        j
    });
    let values = KINDS.map(|kind| {
        let value = |e: &Effect| {
            let part = |p: &(usize, Option<String>)| {
                b.get(0, p.0) * pick(&parts, kind, p.1.as_deref().map_or(0, place), false)
            };
            e.parameters.iter().map(part).sum::<f64>()
        };
        shown.iter().map(value).collect::<Vec<f64>>()
    });
    let covariances = jacobians.each_ref().map(|j| j.sandwich(&v));
    print(s, level, rows.len(), &shown, &values, &covariances);
    store(s, &shown, &b, values, &jacobians, &covariances);
    s.r.scalar("N", rows.len() as f64).text("vce", "delta");
    Ok(())
}

/// The regressors that were asked for; interactions are refused.
fn chosen(s: &Session, cmd: &ParsedCommand) -> Result<Vec<Effect>> {
    let all: Vec<Effect> = effects(s).into_iter().filter(|e| e.name != "_cons").collect();
    if let Some(e) = all.iter().find(|e| e.name.contains('#')) {
        return Err(StataError::unsupported_command(&format!(
            "estat impact with the interaction {}",
            e.name
        )));
    }
    if cmd.list.trim().is_empty() {
        return Ok(all);
    }
    let list = FvList::parse(&s.frame, &cmd.list, s.settings.varabbrev)?;
    let touse = s.required_estimation_sample()?;
    let mut out = Vec::new();
    for term in list.expand(&s.frame, &touse)?.iter().filter(|t| !t.is_omitted() && !t.is_base()) {
        let name = term.name();
        let found = all.iter().find(|e| e.name == name).cloned();
        out.push(found.ok_or_else(|| {
            StataError::new(111, format!("{name} is not an independent variable of the model"))
        })?);
    }
    Ok(out)
}

fn pick(parts: &Averages, kind: &str, at: usize, slope: bool) -> f64 {
    let (direct, total) = if slope {
        (parts.direct_slope[at], parts.total_slope[at])
    } else {
        (parts.direct[at], parts.total[at])
    };
    match kind {
        "direct" => direct,
        "total" => total,
        _ => total - direct,
    }
}

fn print(s: &mut Session, level: f64, n: usize, shown: &[Effect], values: &[Vec<f64>; 3], v: &[Mat; 3]) {
    let mut stripe = Vec::new();
    let (mut b, mut se) = (Vec::new(), Vec::new());
    for (k, kind) in KINDS.iter().enumerate() {
        for (i, effect) in shown.iter().enumerate() {
            stripe.push(Stripe::with_eq(*kind, effect.name.clone()));
            b.push(values[k][i]);
            se.push(v[k][(i, i)].max(0.0).sqrt());
        }
    }
    s.print("");
    let count = format::bare("%10.0fc", n as f64);
    s.print(format!("{:<47}{:<17} = {count:>10}", "Average impacts", "Number of obs"));
    let plain = Table::of_equations(&stripe, &b, &se, None, level);
    Table { heading: "dy/dx", vce_title: "Delta-method", ..plain }.show(s);
}

fn store(
    s: &mut Session,
    shown: &[Effect],
    b: &Matrix,
    values: [Vec<f64>; 3],
    jacobians: &[Mat; 3],
    covariances: &[Mat; 3],
) {
    let names: Vec<Stripe> = shown.iter().map(|e| Stripe::term(&e.name)).collect();
    for (k, (kind, values)) in KINDS.iter().zip(values).enumerate() {
        let mut jacobian = Matrix::new(names.len(), b.cols(), jacobians[k].data().to_vec());
        jacobian.row_names.clone_from(&names);
        jacobian.col_names.clone_from(&b.col_names);
        s.r.matrix(&format!("b_{kind}"), Matrix::row_vector(values, names.clone()));
        s.r.matrix(&format!("Jacobian_{kind}"), jacobian);
        s.r.matrix(&format!("V_{kind}"), Matrix::square(covariances[k].data().to_vec(), names.clone()));
    }
    let list: Vec<&str> = shown.iter().map(|e| e.name.as_str()).collect();
    s.r.text("xvars", list.join(" "));
}
