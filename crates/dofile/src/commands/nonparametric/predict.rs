//! Predictions of `npregress kernel`: conditional means, residuals and effects, at the observations or at new ones.

use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::kernel_model::KernelModel;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::ops::predict::{Prediction, add, chosen, combine, new_names, outcome};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

pub(super) const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Mean"), OptSpec::flag("Residuals"), OptSpec::flag("DERIVatives")]);

/// `predict` after the command.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = s.e.extra.clone();
    let Some(model) = held.as_ref().and_then(|e| e.downcast_ref::<KernelModel>()) else {
        return Err(StataError::no_estimates());
    };
    let statistic = chosen(cmd)?.map(str::to_string);
    let (kind, names) = new_names(s, cmd)?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let points = model.points(&s.frame, &rows)?;
    let centre = model.data.centre();
    if statistic.as_deref() == Some("derivatives") {
        let labels = model.effect_names();
        if labels.is_empty() {
            return Err(StataError::new(
                322,
                "derivatives were not estimated: the command had noderivatives",
            ));
        }
        let values: Vec<Vec<f64>> = points.iter().map(|p| model.effects_at(centre, p)).collect();
        let names = spread(&names, labels.len())?;
        for (k, (name, label)) in names.iter().zip(labels).enumerate() {
            let values = values.iter().map(|v| v[k]).collect();
            add(s, name, kind, &rows, Prediction { values, label: format!("Effect of {label}") })?;
        }
        return Ok(());
    }
    let [(name, false)] = &names[..] else {
        return Err(StataError::new(103, "one new variable name needed"));
    };
    let means: Vec<f64> = points.iter().map(|p| model.mean_at(centre, p)).collect();
    let (values, label) = match statistic.as_deref() {
        None | Some("mean") => {
            if statistic.is_none() {
                s.print("(statistic mean assumed; mean function)");
            }
            (means, "Mean function")
        }
        _ => {
            let y = outcome(s, &rows)?;
            (y.iter().zip(&means).map(|(y, m)| combine(*y, *m, |y, m| y - m)).collect(), "Residuals")
        }
    };
    add(s, name, kind, &rows, Prediction { values, label: label.to_string() })
}

/// The names of `wanted` variables: a list of that length, or a stub with numbers.
fn spread(names: &[(String, bool)], wanted: usize) -> Result<Vec<String>> {
    match names {
        [(stub, true)] => Ok((1..=wanted).map(|k| format!("{stub}{k}")).collect()),
        list if list.len() == wanted && list.iter().all(|n| !n.1) => {
            Ok(list.iter().map(|n| n.0.clone()).collect())
        }
        list => Err(StataError::standard(if list.len() < wanted { 102 } else { 103 })),
    }
}

/// Adds a variable of the command itself; `replace` takes the place of one of the name.
pub(super) fn write(s: &mut Session, name: &str, values: &[f64], label: &str, replace: bool) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    match s.frame.find(name) {
        Some(place) if replace => s.frame.drop_vars(&[place]),
        Some(_) => return Err(StataError::already_defined(name)),
        None => {}
    }
    let mut variable = Variable::new(name, Column::from_f64(StorageType::Double, values));
    variable.label = label.to_string();
    s.frame.add(variable).map(|_| ())
}

/// Writes the variables of `predict(newvar|stub* [, replace noderivatives])`: means, then effects.
pub(super) fn of_option(
    s: &mut Session,
    text: &str,
    labels: Vec<String>,
    rows: &[usize],
    means: &[f64],
    effects: &[Vec<f64>],
) -> Result<()> {
    let (names, options) = text.split_once(',').unwrap_or((text, ""));
    let (mut replace, mut only_mean) = (false, false);
    for word in options.split_whitespace() {
        match word {
            "replace" => replace = true,
            w if w.len() >= 7 && "noderivatives".starts_with(w) => only_mean = true,
            w => return Err(StataError::invalid(format!("option predict() does not allow {w}"))),
        }
    }
    let words: Vec<&str> = names.split_whitespace().collect();
    let whole = if only_mean { 1 } else { labels.len() };
    let names: Vec<String> = match words[..] {
        [stub] if stub.ends_with('*') => {
            (1..=whole).map(|k| format!("{}{k}", stub.trim_end_matches('*'))).collect()
        }
        [name] => vec![name.to_string()],
        ref list if list.len() == whole => list.iter().map(|n| (*n).to_string()).collect(),
        ref list => return Err(StataError::standard(if list.len() < whole { 102 } else { 103 })),
    };
    for (k, (name, label)) in names.iter().zip(&labels).enumerate() {
        let mut column = vec![MISSING; s.frame.n_rows()];
        for (i, row) in rows.iter().enumerate() {
            column[*row] = if k == 0 { means[i] } else { effects[i][k - 1] };
        }
        write(s, name, &column, label, replace)?;
    }
    Ok(())
}
