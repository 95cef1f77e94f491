//! Predictions after `mixed`: best linear unbiased predictions of the effects of one or two levels and their standard
//! errors, fitted values and residuals ([ME] mixed postestimation).

use super::mixed::MixedState;
use super::mixed_post::plain_residuals;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters as Stored, predict as linear_prediction};
use crate::estimation::model::number_groups;
use crate::ops::predict::{Effects, Prediction};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::mixed::Mixed;

/// Predicted effects and their standard errors: for each level one row of values for each of its groups.
struct Found {
    /// Group of each level for the rows asked for.
    groups: Vec<Vec<u32>>,
    effects: Vec<Vec<Vec<f64>>>,
    errors: Vec<Vec<Vec<f64>>>,
}

/// Groups of each level in rows of the data; those of the second lie within those of the first.
fn nested(session: &Session, state: &MixedState, rows: &[usize]) -> Result<Vec<(Vec<u32>, usize)>> {
    let mut out: Vec<(Vec<u32>, usize)> = Vec::new();
    for level in &state.levels {
        let (of_row, count) = number_groups(&session.frame, session.frame.position(&level.group)?, rows);
        out.push(match out.last() {
            None => (of_row, count),
            Some((above, _)) => {
                let mut numbers = std::collections::HashMap::new();
                let pairs = above.iter().zip(&of_row).map(|pair| {
                    let next = numbers.len() as u32;
                    *numbers.entry(pair).or_insert(next)
                });
                let pairs: Vec<u32> = pairs.collect();
                (pairs, numbers.len())
            }
        });
    }
    Ok(out)
}

/// Columns of the effects of a level.
fn design(session: &Session, state: &MixedState, level: usize, rows: &[usize]) -> Result<Vec<Vec<f64>>> {
    let own = &state.levels[level];
    let mut z = Vec::new();
    for name in &own.slopes {
        let v = session.frame.position(name)?;
        z.push(rows.iter().map(|r| session.frame.num_at(v, *r)).collect());
    }
    z.extend(own.intercept.then(|| vec![1.0; rows.len()]));
    Ok(z)
}

/// The block diagonal of the roots: the effects of a group of the first level, then those of its groups of the second.
fn joined(state: &MixedState, inner: usize) -> Mat {
    let first = &state.levels[0].root;
    let Some(second) = state.levels.get(1).map(|l| &l.root) else { return first.clone() };
    let (p, q) = (first.rows(), second.rows());
    let size = p + q * inner;
    Mat::from_fn(size, size, |i, j| match (i < p, j < p) {
        (true, true) => first[(i, j)],
        (false, false) if (i - p) / q == (j - p) / q => second[((i - p) % q, (j - p) % q)],
        _ => 0.0,
    })
}

/// Predicts the effects of all groups in the estimation sample.
fn find(session: &Session, state: &MixedState, rows: &[usize]) -> Result<Found> {
    let stored = Stored::of(&session.e)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let sample =
        session.estimation_sample().ok_or_else(|| StataError::new(301, "estimation sample not found"))?;
    let used: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let both: Vec<usize> = used.iter().chain(rows).copied().collect();
    let levels = nested(session, state, &both)?;
    let xb = linear_prediction(&session.frame, &stored, &depvar, &used)?;
    let y = super::outcome_values(session, &depvar, &used)?;
    let z: Vec<Vec<Vec<f64>>> =
        (0..levels.len()).map(|l| design(session, state, l, &used)).collect::<Result<_>>()?;
    let fixed: Vec<usize> = (0..stored.stripe.len()).filter(|i| stored.stripe[*i].eq == depvar).collect();
    let mut grid = Grid::new(&session.frame, used.clone());
    grid.load(fixed.iter().filter_map(|p| stored.terms[*p].as_ref()))?;
    let x = grid.design(&stored, &fixed);
    let v = Mat::from_fn(fixed.len(), fixed.len(), |i, j| stored.v[(fixed[i], fixed[j])]);
    let empty = || -> Vec<Vec<Vec<f64>>> {
        levels.iter().zip(&z).map(|(l, z)| vec![vec![MISSING; z.len()]; l.1]).collect()
    };
    let (mut effects, mut errors) = (empty(), empty());
    let mut members = vec![Vec::new(); levels[0].1];
    (0..used.len()).for_each(|i| members[levels[0].0[i] as usize].push(i));
    for (group, mine) in members.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        let mut inner: Vec<u32> =
            levels.get(1).map_or(Vec::new(), |l| mine.iter().map(|i| l.0[*i]).collect());
        inner.sort_unstable();
        inner.dedup();
        let mut columns: Vec<Vec<f64>> = z[0].iter().map(|c| mine.iter().map(|i| c[*i]).collect()).collect();
        for own in &inner {
            let inside = |i: &usize, c: &[f64]| if levels[1].0[*i] == *own { c[*i] } else { 0.0 };
            columns.extend(z[1].iter().map(|c| mine.iter().map(|i| inside(i, c)).collect::<Vec<f64>>()));
        }
        let residuals: Vec<f64> = mine.iter().map(|i| y[*i] - xb[*i]).collect();
        let regressors: Vec<Vec<f64>> = x.iter().map(|c| mine.iter().map(|i| c[*i]).collect()).collect();
        let root = joined(state, inner.len());
        let Some(mut own) = Mixed::effects_of(&root, state.s2, &columns, &residuals, &regressors) else {
            continue;
        };
        if state.restricted {
            own.variance = own.variance.plus(&own.loadings.sandwich(&v));
        }
        let sd: Vec<f64> = own.variance.diagonal().iter().map(|v| v.max(0.0).sqrt()).collect();
        let p = z[0].len();
        effects[0][group].copy_from_slice(&own.effects[..p]);
        errors[0][group].copy_from_slice(&sd[..p]);
        for (at, number) in inner.iter().enumerate() {
            let q = z[1].len();
            let range = p + at * q..p + (at + 1) * q;
            effects[1][*number as usize].copy_from_slice(&own.effects[range.clone()]);
            errors[1][*number as usize].copy_from_slice(&sd[range]);
        }
    }
    let groups = levels.into_iter().map(|(of, _)| of[used.len()..].to_vec()).collect();
    Ok(Found { groups, effects, errors })
}

/// Number of levels that count, or the one level of `relevel()`: a range of them.
fn chosen_levels(state: &MixedState, cmd: &ParsedCommand) -> Result<(usize, usize)> {
    let Some(name) = cmd.options.text("relevel").map(str::trim) else { return Ok((0, state.levels.len())) };
    let at = state.levels.iter().position(|l| l.group == name);
    let at = at.ok_or_else(|| StataError::new(198, format!("{name} is not a level of the model")))?;
    Ok((at, at + 1))
}

/// `reffects` and `reses` of the levels.
fn of_groups(state: &MixedState, cmd: &ParsedCommand, found: &Found) -> Result<Effects> {
    let (from, to) = chosen_levels(state, cmd)?;
    let mut out = Effects { values: Vec::new(), errors: Vec::new() };
    for level in from..to {
        let own = &state.levels[level];
        let names = own.slopes.iter().cloned().chain(own.intercept.then(|| "_cons".to_string()));
        for (k, name) in names.enumerate() {
            let column = |of: &[Vec<f64>]| found.groups[level].iter().map(|g| of[*g as usize][k]).collect();
            let label = |what: &str| {
                let path: Vec<&str> = state.levels[..=level].iter().map(|l| l.group.as_str()).collect();
                format!("BLUP r.e. {what}for {}: {name}", path.join(">"))
            };
            out.values.push(Prediction { values: column(&found.effects[level]), label: label("") });
            out.errors
                .push(Prediction { values: column(&found.errors[level]), label: label("std. errors ") });
        }
    }
    let alone = cmd.has("reses") && !cmd.has("reffects");
    if alone {
        std::mem::swap(&mut out.values, &mut out.errors);
    }
    Ok(out)
}

/// Fitted values of the rows, with the effects down to the level of `relevel()`.
fn fitted(
    session: &Session,
    state: &MixedState,
    last: usize,
    found: &Found,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let stored = Stored::of(&session.e)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let mut out = linear_prediction(&session.frame, &stored, &depvar, rows)?;
    for level in 0..last {
        let z = design(session, state, level, rows)?;
        for (i, value) in out.iter_mut().enumerate() {
            let u = &found.effects[level][found.groups[level][i] as usize];
            let known =
                !is_missing(*value) && u.iter().zip(&z).all(|(u, c)| !is_missing(*u) && !is_missing(c[i]));
            *value = match known {
                true => *value + u.iter().zip(&z).map(|(u, c)| u * c[i]).sum::<f64>(),
                false => MISSING,
            };
        }
    }
    Ok(out)
}

/// The predictions that take the effects; nothing after other models and for other statistics.
pub(crate) fn prediction(session: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Option<Effects>> {
    let asked: Vec<&str> = cmd.options.iter().map(|o| o.0).collect();
    let ours = ["reffects", "reses", "fitted", "residuals", "relevel"];
    if session.e.cmd() != "mixed" || asked.is_empty() || !asked.iter().all(|o| ours.contains(o)) {
        return Ok(None);
    }
    plain_residuals(session)?;
    let extra = session.e.extra.clone();
    let state = extra
        .as_ref()
        .and_then(|e| e.downcast_ref::<MixedState>())
        .ok_or_else(|| StataError::new(301, "last estimates not found"))?;
    let of_effects = cmd.has("reffects") || cmd.has("reses");
    if of_effects && (cmd.has("fitted") || cmd.has("residuals")) || cmd.has("fitted") && cmd.has("residuals")
    {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    if asked == ["relevel"] {
        return Err(StataError::option_not_allowed("relevel()"));
    }
    let found = find(session, state, rows)?;
    if of_effects {
        return of_groups(state, cmd, &found).map(Some);
    }
    let values = fitted(session, state, chosen_levels(state, cmd)?.1, &found, rows)?;
    if cmd.has("fitted") {
        return Ok(Some(Effects::one(values, "Fitted values: xb + Zu")));
    }
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let y = super::outcome_values(session, &depvar, rows)?;
    let rest = |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f };
    Ok(Some(Effects::one(y.iter().zip(&values).map(rest).collect(), "Residuals")))
}
