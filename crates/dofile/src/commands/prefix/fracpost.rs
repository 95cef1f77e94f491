//! `fracplot` and `fracpred`: the functions that `fracpoly` and `mfp` found ([R] mfp postestimation, Methods and formulas).

use super::fp_component::{Drawing, component, draw, is_look};
use super::fp_post::residuals;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

pub(super) const SPEC_PLOT: CommandSpec = CommandSpec {
    name: "fracplot",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run: plot,
    syntax: "fracplot [varname] [if] [in] [, level(#) twoway_options]",
    notes: "after fracpoly and mfp; the first regressor unless varname: constant and function with pointwise limits (by t where the command has residual degrees of freedom), and these plus the deviance residuals as points after regress, qreg, logit, logistic, probit, cloglog, poisson, glm, stcox and streg; no results; [R] mfp postestimation",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n/4\ngenerate y = 3 + 2/x + mod(_n*7, 5)/100\nfracpoly, degree(1): regress y x\nfracplot\nfracpred double f, for(x)\npredict double xb",
        expect: &[("reldif(f[9], xb[9]) < 1e-12", 1.0)],
    }],
};

pub(super) const SPEC_PREDICT: CommandSpec = CommandSpec {
    name: "fracpred",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run: predict,
    syntax: "fracpred [type] newvar [if] [in] [, for(varname) stdp dresid]",
    notes: "after fracpoly and mfp; the index of the whole model, with dresid its deviance residuals, or with for() constant and function of one regressor, with stdp the standard error of that; no results; [R] mfp postestimation",
    examples: &[Example {
        // deviance residuals of a linear model are its residuals
        run: "set obs 40\ngenerate x = _n/4\ngenerate y = 3 + 2/x + mod(_n*7, 5)/100\nfracpoly, degree(1): regress y x\nfracpred double d, dresid\npredict double e, residuals\nfracpred double i\npredict double xb",
        expect: &[("d[3] == e[3]", 1.0), ("i[3] == xb[3]", 1.0)],
    }],
};

/// The variables of a regressor in the active model; none where it was left out.
struct Function {
    name: String,
    variables: Vec<String>,
    powers: String,
    /// Whether the model has other variables.
    adjusted: bool,
}

/// The function of a regressor, the first one without a name.
fn function(s: &Session, wanted: Option<&str>) -> Result<Function> {
    let r = &s.e.results;
    let text = |name: &str| r.get_text(name).map(str::to_string);
    let known =
        ["fracpoly", "mfp"].contains(&r.get_text("fp_cmd2").or(r.get_text("fp_cmd")).unwrap_or_default());
    if !known {
        return Err(StataError::new(301, "last estimates of fracpoly or mfp not found"));
    }
    let wanted = match wanted {
        Some(name) => Some(s.frame.var(s.numeric_variable(name)?).name.clone()),
        None => None,
    };
    let names: Vec<String> = (1..).map_while(|j| text(&format!("fp_x{j}"))).collect();
    let place = match &wanted {
        Some(name) => names.iter().position(|n| n == name),
        None => (!names.is_empty()).then_some(0),
    };
    let Some(place) = place else {
        let name = wanted.unwrap_or_default();
        return Err(StataError::new(198, format!("{name} is not a regressor of the model")));
    };
    let powers = text(&format!("fp_k{}", place + 1)).unwrap_or_default();
    let list = text("fp_fvl").unwrap_or_default();
    let final_list: Vec<String> = list.split_whitespace().map(str::to_string).collect();
    // the list has the variables of the regressors in their order, one for each power
    let count = |j: usize| match text(&format!("fp_k{}", j + 1)) {
        Some(powers) if powers.trim() != "." => powers.split_whitespace().count(),
        _ => 0,
    };
    let from: usize = (0..place).map(count).sum();
    let variables: Vec<String> = final_list.iter().skip(from).take(count(place)).cloned().collect();
    if variables.is_empty() {
        return Err(StataError::new(198, format!("{} is not in the final model", names[place])));
    }
    let adjusted = final_list.len() > variables.len();
    Ok(Function { name: names[place].clone(), variables, powers, adjusted })
}

fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut own = ParsedCommand::split("fracpred", &cmd.raw, false)?;
    own.check_options(&[OptSpec::text("FOR"), OptSpec::flag("Stdp"), OptSpec::flag("Dresid")], &[])?;
    let (kind, names) = new_names(s, &own)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = s.rows(&own)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let wanted = own.options.text("for");
    if own.has("stdp") && wanted.is_none() {
        return Err(StataError::invalid("option stdp requires for()"));
    }
    if own.has("dresid") && (wanted.is_some() || own.has("stdp")) {
        return Err(StataError::invalid("option dresid not allowed with for() or stdp"));
    }
    let first = function(s, wanted)?;
    let prediction = match wanted {
        None if own.has("dresid") => {
            let values = deviance_residuals(s, &rows)?.ok_or_else(|| {
                StataError::new(198, format!("deviance residuals are not available after {}", command(s)))
            })?;
            Prediction { values, label: "Deviance residuals".to_string() }
        }
        None => Prediction { values: residuals(s, "xb", &rows)?, label: "Linear prediction".to_string() },
        Some(_) => {
            let found = component(s, &first.variables, None, &rows)?;
            if own.has("stdp") {
                Prediction { values: found.errors, label: format!("S.E. of function of {}", first.name) }
            } else {
                Prediction { values: found.values, label: format!("Function of {}", first.name) }
            }
        }
    };
    add(s, name, kind, &rows, prediction)
}

fn plot(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut own = ParsedCommand::split("fracplot", &cmd.raw, false)?;
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for option in split_options(&own.option_text)? {
        match &option {
            (name, Some(text)) if abbreviates(name, "Level") => kept.push(format!("level({text})")),
            (name, _) if abbreviates(name, "ADDPLOT") => {
                return Err(StataError::unsupported_option("fracplot", "addplot()"));
            }
            (name, text) if is_look(name, text.as_deref()) => {}
            _ => rest.push(option),
        }
    }
    own.option_text = kept.join(" ");
    own.check_options(&[OptSpec::real("Level")], &[])?;
    let wanted = own.list.trim().to_string();
    let found = function(s, (!wanted.is_empty()).then_some(wanted.as_str()))?;
    let touse = s.rows(&own)?;
    let sample = s.estimation_sample().map(|m| m.as_ref().clone()).unwrap_or_default();
    let rows: Vec<usize> =
        (0..touse.len()).filter(|i| touse[*i] && sample.get(*i).copied().unwrap_or(false)).collect();
    let part = component(s, &found.variables, None, &rows)?;
    let residuals = deviance_residuals(s, &rows)?;
    let comma = if found.adjusted { ", adjusted for covariates" } else { "" };
    let title = format!("Fractional polynomial ({}){comma}", found.powers);
    let drawing = Drawing { variable: &found.name, component: &part, rows: &rows, residuals, title };
    draw(s, &own, &drawing, rest)
}

/// The command behind the active estimates.
fn command(s: &Session) -> String {
    let cmd = s.e.cmd();
    s.e.results.get_text("cmd2").filter(|c| c.starts_with("st")).unwrap_or(cmd).to_string()
}

/// Deviance residuals in some rows; nothing after commands that have none.
///
/// # Errors
/// r(199) after `regress` with weights.
fn deviance_residuals(s: &mut Session, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    let name = command(s);
    let deviance: fn(f64, f64) -> f64 = match name.as_str() {
        "regress" | "qreg" => {
            if s.e.results.get_text("wtype").is_some_and(|w| !w.is_empty() && w != "fweight") {
                return Err(StataError::unsupported_option(&name, "residuals with weights"));
            }
            return Ok(Some(residuals(s, "residuals", rows)?));
        }
        "glm" | "stcox" | "streg" => return Ok(Some(residuals(s, "deviance", rows)?)),
        "logit" | "logistic" | "probit" | "cloglog" => of_binary,
        "poisson" => of_count,
        _ => return Ok(None),
    };
    let mean = residuals(s, if name == "poisson" { "n" } else { "pr" }, rows)?;
    let outcome = s.e.results.get_text("depvar").unwrap_or_default().to_string();
    let place = s.numeric_variable(&outcome)?;
    let value = |(row, mu): (&usize, &f64)| {
        let y = s.frame.num_at(place, *row);
        if is_missing(y) || is_missing(*mu) { MISSING } else { deviance(y, *mu) }
    };
    Ok(Some(rows.iter().zip(&mean).map(value).collect()))
}

/// The deviance residual of a binary outcome.
fn of_binary(y: f64, p: f64) -> f64 {
    if y == 0.0 { -(-2.0 * (-p).ln_1p()).sqrt() } else { (-2.0 * p.ln()).sqrt() }
}

/// The deviance residual of a count.
fn of_count(y: f64, mu: f64) -> f64 {
    let log = if y > 0.0 { y * (y / mu).ln() } else { 0.0 };
    (2.0 * (log - (y - mu))).max(0.0).sqrt().copysign(y - mu)
}
