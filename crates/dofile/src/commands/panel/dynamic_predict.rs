//! `predict` after `xtabond` and `xtdpdsys`: the index, the residual and the standard error of the index, in levels or in first
//! differences ([XT] xtabond postestimation, [XT] xtdpdsys postestimation).

use super::super::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::ops::predict::{Prediction, add, combine, design, new_names, outcome};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};

/// Options of the predictions.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xb"),
    OptSpec::flag("e"),
    // the name that older do-files use for `e`
    OptSpec::flag("Residuals"),
    OptSpec::flag("stdp"),
    OptSpec::flag("DIFference"),
]);

/// Values less those of the period before; missing where the panel has none.
fn change(values: &[f64], before: &[Option<usize>]) -> Vec<f64> {
    let one = |(now, earlier): (&f64, &Option<usize>)| {
        earlier.map_or(MISSING, |row| combine(*now, values[row], |a, b| a - b))
    };
    values.iter().zip(before).map(one).collect()
}

/// `predict newvar [, xb e stdp difference]`.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let asked: Vec<&str> = ["xb", "e", "residuals", "stdp"].into_iter().filter(|o| cmd.has(o)).collect();
    if asked.len() > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    if asked.is_empty() {
        session.print("(option xb assumed)");
    }
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Parameters::of(&session.e)?;
    let every: Vec<usize> = (0..session.frame.n_rows()).collect();
    let positions: Vec<usize> = (0..parameters.b.len()).collect();
    let mut columns = design(&session.frame, &parameters, &positions, &every)?;
    let mut y = outcome(session, &every)?;
    let difference = cmd.has("difference");
    if difference {
        let before = Panel::of(&session.frame)?.shifted_rows(&session.frame, 1)?;
        columns = columns.iter().map(|c| change(c, &before)).collect();
        y = change(&y, &before);
    }
    let of_row = |row: usize| {
        let x: Vec<f64> = columns.iter().map(|c| c[row]).collect();
        if x.iter().any(|v| is_missing(*v)) {
            return MISSING;
        }
        let index: f64 = x.iter().zip(&parameters.b).map(|(x, b)| x * b).sum();
        match asked[..] {
            ["stdp"] => parameters.v.quadratic(&x).max(0.0).sqrt(),
            ["e" | "residuals"] => combine(y[row], index, |y, f| y - f),
            _ => index,
        }
    };
    let label = match (asked.first(), difference) {
        (Some(&"stdp"), _) => "S.E. of the prediction",
        (Some(&("e" | "residuals")), false) => "e[id,t]",
        (Some(&("e" | "residuals")), true) => "D.e[id,t]",
        (_, false) => "Linear prediction",
        (_, true) => "Linear prediction of differences",
    };
    let label = match session.e.results.get_text("ivar").zip(session.e.results.get_text("tvar")) {
        Some((unit, time)) => label.replace("[id,t]", &format!("[{unit},{time}]")),
        None => label.to_string(),
    };
    let values = rows.iter().map(|row| of_row(*row)).collect();
    add(session, name, kind, &rows, Prediction { values, label })
}
