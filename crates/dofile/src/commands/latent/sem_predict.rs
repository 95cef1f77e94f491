//! `predict` after `sem`: linear predictions of endogenous variables and scores of latent ones by the regression method.
//! Formulas: [SEM] predict after sem; Bollen (1989, 305).

use super::sem_numbers::joint;
use super::sem_state::{SemState, state};
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::sem::implied::{Implied, matrices};

/// Options of `predict`.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag_or_text("xb"),
    OptSpec::flag_or_text("XBLATent"),
    OptSpec::flag_or_text("LATent"),
])
.unsupported(&["SCores", "EQuation"]);

/// What is predicted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Statistic {
    Linear,
    LinearLatent,
    Score,
}

/// Variables that a statistic is predicted for: those named, or all of its kind.
fn wanted(state: &SemState, statistic: Statistic, text: Option<&str>) -> Result<Vec<usize>> {
    let names = &state.specification.one().names;
    let fits = |v: usize| match statistic {
        Statistic::Linear => names.endogenous[v] && !names.is_latent(v),
        Statistic::LinearLatent => names.endogenous[v] && names.is_latent(v),
        Statistic::Score => names.is_latent(v),
    };
    let found = match text {
        None => (0..names.all.len()).filter(|v| fits(*v)).collect(),
        Some(text) => {
            let mut out = Vec::new();
            for word in text.split_whitespace() {
                let v = names.number(word)?;
                if !fits(v) {
                    return Err(StataError::invalid(format!("{word} has no such prediction")));
                }
                out.push(v);
            }
            out
        }
    };
    if found.is_empty() {
        return Err(StataError::invalid("the model has no variable with such a prediction"));
    }
    Ok(found)
}

/// Values of all variables in a row, latent ones by their scores; nothing where an observed one is missing, or all are
/// after `method(mlmv)`.
fn completed(state: &SemState, implied: &Implied, values: &[f64]) -> Option<Vec<f64>> {
    let n = state.specification.model.variables;
    let known: Vec<usize> = (0..values.len()).filter(|j| !is_missing(values[*j])).collect();
    if known.is_empty() || (known.len() < state.specification.one().model.observed && !state.mlmv) {
        return None;
    }
    let inverse = implied.sigma.select(&known, &known).inverse_definite()?;
    let away: Vec<f64> = known.iter().map(|j| values[*j] - implied.mean[*j]).collect();
    let weighted = inverse.times_vector(&away);
    let expected = |v: usize| {
        let shift: f64 = known.iter().zip(&weighted).map(|(j, w)| implied.sigma[(v, *j)] * w).sum();
        implied.mean[v] + shift
    };
    let value = |v: usize| if v < values.len() && !is_missing(values[v]) { values[v] } else { expected(v) };
    Some((0..n).map(value).collect())
}

/// `predict`.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let asked: Vec<(Statistic, Option<String>)> =
        [("xb", Statistic::Linear), ("xblatent", Statistic::LinearLatent), ("latent", Statistic::Score)]
            .into_iter()
            .filter(|(name, _)| cmd.has(name))
            .map(|(name, statistic)| (statistic, cmd.options.text(name).map(str::to_string)))
            .collect();
    let (statistic, text) = match asked.as_slice() {
        [] => {
            s.print("(xb assumed)");
            (Statistic::Linear, None)
        }
        [one] => one.clone(),
        _ => return Err(StataError::new(198, "only one statistic may be specified")),
    };
    let (kind, names) = new_names(s, cmd)?;
    let variables = wanted(&state, statistic, text.as_deref())?;
    let own = &state.specification.one().names;
    let groups = state.specification.groups.as_ref();
    let count = state.specification.group_count();
    let names: Vec<String> = match names.as_slice() {
        [(stub, true)] => (1..=variables.len()).map(|i| format!("{stub}{i}")).collect(),
        _ => names.into_iter().map(|n| n.0).collect(),
    };
    if names.len() != variables.len() {
        let code = if names.len() > variables.len() { 103 } else { 102 };
        return Err(StataError::new(code, format!("{} new variable names needed", variables.len())));
    }
    let columns: Vec<usize> =
        own.all[..own.observed()].iter().map(|n| s.numeric_variable(n)).collect::<Result<_>>()?;
    let column = groups.map(|g| s.numeric_variable(&g.variable)).transpose()?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let implied = state.implied()?;
    let (b, _, constants) = matrices(&state.specification.model, &state.b);
    let group_of = |row: usize| match (groups, column) {
        (Some(groups), Some(column)) => groups.number(s.frame.num_at(column, row)),
        _ => Some(0),
    };
    // the group of each row, and the values of all variables
    let full: Vec<Option<(usize, Vec<f64>)>> = rows
        .iter()
        .map(|row| {
            let group = group_of(*row)?;
            let here = columns.iter().map(|v| s.frame.num_at(*v, *row));
            let mut values = vec![MISSING; count * columns.len()];
            values[group * columns.len()..].iter_mut().zip(here).for_each(|(to, x)| *to = x);
            Some((group, completed(&state, &implied, &values)?))
        })
        .collect();
    for (name, v) in names.iter().zip(&variables) {
        let of = |row: &Option<(usize, Vec<f64>)>| {
            row.as_ref().map_or(MISSING, |(group, values)| {
                let v = joint(*v, *group, count, own);
                match statistic {
                    Statistic::Score => values[v],
                    _ => constants[v] + b.row(v).iter().zip(values).map(|(b, x)| b * x).sum::<f64>(),
                }
            })
        };
        let what = if statistic == Statistic::Score { "Factor score" } else { "Linear prediction" };
        let label = format!("{what} ({})", own.all[*v]);
        add(s, name, kind, &rows, Prediction { values: full.iter().map(of).collect(), label })?;
    }
    Ok(())
}
