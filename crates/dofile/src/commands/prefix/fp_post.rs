//! `fp plot` and `fp predict`: the function that `fp` found ([R] fp postestimation).

use super::fp_component::{Drawing, component, draw, is_look};
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, new_names};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::{OptSpec, ParsedCommand};

/// The regressor and the variables of its polynomial; r(301) where the active estimates are not those of `fp`.
fn polynomial(s: &Session) -> Result<(String, Vec<String>)> {
    let r = &s.e.results;
    match (r.get_text("fp_variable"), r.get_text("fp_terms")) {
        (Some(variable), Some(terms)) => {
            Ok((variable.to_string(), terms.split_whitespace().map(str::to_string).collect()))
        }
        _ => Err(StataError::new(301, "last estimates of fp not found")),
    }
}

/// `fp predict [type] newvar [if] [in] [, fp stdp equation(eqno)]`.
pub(super) fn predict(s: &mut Session, text: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("fp predict", text, false)?;
    cmd.check_options(&[OptSpec::flag("fp"), OptSpec::flag("stdp"), OptSpec::text("EQuation")], &[])?;
    if cmd.has("fp") && cmd.has("stdp") {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let (variable, terms) = polynomial(s)?;
    let (kind, names) = new_names(s, &cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = s.rows(&cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let found = component(s, &terms, cmd.options.text("equation"), &rows)?;
    let prediction = if cmd.has("stdp") {
        Prediction { values: found.errors, label: format!("S.E. of fractional polynomial of {variable}") }
    } else {
        Prediction { values: found.values, label: format!("Fractional polynomial of {variable}") }
    };
    add(s, name, kind, &rows, prediction)
}

/// `fp plot [if] [in], residuals(residual|none) [equation(eqno) level(#) twoway_options]`.
pub(super) fn plot(s: &mut Session, text: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("fp plot", text, false)?;
    if !cmd.list.trim().is_empty() || cmd.weight.is_some() {
        return Err(StataError::standard(101));
    }
    let (mut residual, mut own, mut rest) = (None, Vec::new(), Vec::new());
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, Some(text)) if abbreviates(name, "Residuals") => residual = Some(text.trim().to_string()),
            (name, Some(text)) if abbreviates(name, "EQuation") => own.push(format!("equation({text})")),
            (name, Some(text)) if abbreviates(name, "Level") => own.push(format!("level({text})")),
            (name, _) if abbreviates(name, "ADDPLOT") => {
                return Err(StataError::unsupported_option("fp plot", "addplot()"));
            }
            (name, text) if is_look(name, text.as_deref()) => {}
            _ => rest.push(option),
        }
    }
    cmd.option_text = own.join(" ");
    cmd.check_options(&[OptSpec::text("EQuation"), OptSpec::real("Level")], &[])?;
    let residual = residual.ok_or_else(|| StataError::invalid("option residuals() required"))?;
    let (variable, terms) = polynomial(s)?;
    let touse = s.rows(&cmd)?;
    let sample = s.estimation_sample().map(|m| m.as_ref().clone()).unwrap_or_default();
    let rows: Vec<usize> =
        (0..touse.len()).filter(|i| touse[*i] && sample.get(*i).copied().unwrap_or(false)).collect();
    let found = component(s, &terms, cmd.options.text("equation"), &rows)?;
    let residuals = match residual.as_str() {
        "none" => None,
        option => Some(residuals(s, option, &rows)?),
    };
    let title = format!("Fractional polynomial ({})", powers(s));
    let drawing = Drawing { variable: &variable, component: &found, rows: &rows, residuals, title };
    draw(s, &cmd, &drawing, rest)
}

/// The powers of the active polynomial as a list.
fn powers(s: &Session) -> String {
    let numbers = s.e.results.matrices.get("fp_fp").map(|m| m.values().to_vec()).unwrap_or_default();
    super::mfp_show::powers_text(Some(&numbers))
}

/// A prediction of the active estimates in some rows, without a new variable that stays.
pub(super) fn residuals(s: &mut Session, option: &str, rows: &[usize]) -> Result<Vec<f64>> {
    /// No user's variable begins like this.
    const NAME: &str = "__fp_residual";
    quietly(s, &format!("predict double {NAME}, {option}"))?;
    let place = s.frame.position(NAME)?;
    let values = rows.iter().map(|row| s.frame.num_at(place, *row)).collect();
    s.frame.drop_vars(&[place]);
    Ok(values)
}
