//! `predict` after `discrim` and `candisc` ([MV] discrim lda postestimation).

use super::super::StandardSyntax;
use super::discrim::{State, state};
use super::discrim_show::{assigned, chosen};
use super::shared::matrix_of;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::discriminant::{Rule, Verdict};

pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Classification"),
    OptSpec::flag("pr"),
    OptSpec::flag("MAHalanobis"),
    OptSpec::flag("DSCore"),
    OptSpec::flag("CLSCore"),
    OptSpec::flag("LOOClass"),
    OptSpec::flag("LOOPr"),
    OptSpec::flag("LOOMahal"),
    OptSpec::text("Group"),
    OptSpec::text("PRIors"),
    OptSpec::text("TIEs"),
]);

const STATISTICS: [&str; 8] =
    ["classification", "pr", "mahalanobis", "dscore", "clscore", "looclass", "loopr", "loomahal"];

pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let (kind, names) = new_names(s, cmd)?;
    let wanted: Vec<&str> = STATISTICS.into_iter().filter(|o| cmd.has(o)).collect();
    let group = cmd.options.text("group").map(|t| group_of(&state, t)).transpose()?;
    let stub = names.iter().any(|n| n.1);
    let statistic = match wanted[..] {
        [one] => one,
        [] if names.len() == 1 && !stub && group.is_none() => "classification",
        [] => "pr",
        _ => return Err(StataError::new(198, "only one statistic may be specified")),
    };
    let refused: &[&str] = match state.rule {
        Rule::Linear(_) => &[],
        Rule::Quadratic(_) => &["dscore", "clscore"],
        Rule::Nearest(_) => &["dscore", "clscore", "mahalanobis", "loomahal"],
        Rule::Logistic(_) => &["dscore", "clscore", "mahalanobis", "loomahal", "looclass", "loopr"],
    };
    if refused.contains(&statistic) {
        return Err(StataError::option_not_allowed(statistic));
    }
    if group.is_some() && matches!(statistic, "classification" | "dscore" | "looclass") {
        return Err(StataError::new(198, format!("option group() is not allowed with {statistic}")));
    }
    let columns = values(s, cmd, &state, statistic)?;
    let picked: Vec<(usize, Vec<f64>)> =
        columns.1.into_iter().enumerate().filter(|(g, _)| group.is_none_or(|one| one == *g)).collect();
    let names = expand(&names, picked.len(), statistic == "dscore")?;
    let noun = match statistic {
        "classification" | "looclass" => "Group classification",
        "pr" | "loopr" => "Group posterior probability",
        "mahalanobis" | "loomahal" => "Squared Mahalanobis distance",
        "dscore" => "Discriminant score",
        _ => "Group classification score",
    };
    for (name, (_, values)) in names.iter().zip(picked) {
        let prediction = Prediction { values, label: noun.to_string() };
        add(s, name, kind, &columns.0, prediction)?;
    }
    Ok(())
}

/// The names of the new variables: one for each column, where scores may have fewer.
fn expand(names: &[(String, bool)], count: usize, fewer: bool) -> Result<Vec<String>> {
    if let [(stub, true)] = names {
        return Ok((1..=count).map(|j| format!("{stub}{j}")).collect());
    }
    if names.iter().any(|n| n.1) {
        return Err(StataError::syntax());
    }
    match names.len() {
        n if n == count || fewer && n < count => Ok(names.iter().map(|n| n.0.clone()).collect()),
        n if n < count => Err(StataError::standard(102)),
        _ => Err(StataError::standard(103)),
    }
}

/// `#2`, a value of the group variable, or its label.
fn group_of(state: &State, text: &str) -> Result<usize> {
    let word = text.trim().trim_matches('"');
    let found = match word.strip_prefix('#') {
        Some(number) => number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
        None => {
            let number = crate::syntax::options::parse_number(word);
            let by_value = state.values.iter().position(|v| Some(*v) == number);
            by_value.or_else(|| state.labels.iter().position(|l| l == word))
        }
    };
    found
        .filter(|g| *g < state.values.len())
        .ok_or_else(|| StataError::new(198, format!("group({word}) not found")))
}

/// Rows of the prediction, and its columns.
fn values(
    s: &mut Session,
    cmd: &ParsedCommand,
    state: &State,
    statistic: &str,
) -> Result<(Vec<usize>, Vec<Vec<f64>>)> {
    let (priors, ties) = chosen(s, state, cmd.options.text("priors"), cmd.options.text("ties"))?;
    let left_out = statistic.starts_with("loo");
    let mut touse = s.rows(cmd)?;
    if left_out {
        let sample = s.estimation_sample().map_or_else(Vec::new, |m| m.to_vec());
        touse.iter_mut().zip(sample).for_each(|(t, inside)| *t &= inside);
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let variables: Vec<usize> =
        text("varlist").split_whitespace().map(|v| s.numeric_variable(v)).collect::<Result<_>>()?;
    let by = if left_out { Some(s.numeric_variable(&text("groupvar"))?) } else { None };
    let scores = match statistic {
        "dscore" => Some(matrix_of(s, "L_unstd")?),
        "clscore" => Some(matrix_of(s, "C")?),
        _ => None,
    };
    let width = match statistic {
        "classification" | "looclass" => 1,
        _ => scores.as_ref().map_or(state.values.len(), crate::matrix::Matrix::cols),
    };
    let mut out = vec![Vec::with_capacity(rows.len()); width];
    for row in &rows {
        let x: Vec<f64> = variables.iter().map(|v| s.frame.num_at(*v, *row)).collect();
        let cells = if x.iter().any(|v| is_missing(*v)) {
            None
        } else if let Some(m) = &scores {
            let last = m.rows() - 1;
            let score = |j: usize| m.get(last, j) + (0..last).map(|i| m.get(i, j) * x[i]).sum::<f64>();
            // the constants of classification functions take the logs of priors that differ
            let equal = priors.iter().all(|p| (p - priors[0]).abs() < 1e-12);
            let prior = |j: usize| if statistic == "clscore" && !equal { priors[j].ln() } else { 0.0 };
            Some((0..width).map(|j| score(j) + prior(j)).collect())
        } else {
            let verdict = match by {
                None => Some(state.rule.judge(&state.groups, &x)),
                Some(by) => {
                    let value = s.frame.num_at(by, *row);
                    let own = state.values.iter().position(|v| *v == value);
                    own.and_then(|own| state.rule.judge_without(&state.groups, &x, own))
                }
            };
            verdict.map(|v| cells_of(&v, state, statistic, &priors, &ties))
        };
        match cells {
            Some(cells) => out.iter_mut().zip(cells).for_each(|(c, v)| c.push(v)),
            None => out.iter_mut().for_each(|c| c.push(MISSING)),
        }
    }
    Ok((rows, out))
}

fn cells_of(v: &Verdict, state: &State, statistic: &str, priors: &[f64], ties: &str) -> Vec<f64> {
    match statistic {
        "classification" | "looclass" => {
            vec![assigned(&v.posterior(priors), ties).map_or(MISSING, |g| state.values[g])]
        }
        "mahalanobis" | "loomahal" => v.distances.clone(),
        _ => v.posterior(priors),
    }
}
