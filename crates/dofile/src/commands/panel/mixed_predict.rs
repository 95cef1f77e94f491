//! Predictions after `mixed`: best linear unbiased predictions of the effects of the levels and their standard errors,
//! fitted values and residuals ([ME] mixed postestimation).

use super::mixed_levels::{Level, groups_of, values};
use super::mixed_plan::{Kind, Piece, Plan};
use super::mixed_post::plain_residuals;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters as Stored, predict as linear_prediction};
use crate::ops::predict::{Effects, Prediction};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::mixed::Mixed;

/// State for predictions, in addition to `e(b)`.
pub(super) struct MixedState {
    /// Group variables of the levels, or `_all`, the highest first.
    levels: Vec<String>,
    tiers: Vec<TierState>,
    /// Residual variance.
    s2: f64,
    /// Whether the likelihood was the restricted one.
    restricted: bool,
}

/// The effects of a tier of the kernel (`mixed_plan`).
struct TierState {
    units: Vec<String>,
    pieces: Vec<PieceState>,
    /// Root of the covariance of all of them.
    root: Mat,
}

/// A block of effects.
struct PieceState {
    block: usize,
    /// Position of its level.
    level: usize,
    names: Vec<String>,
    kind: KindState,
}

enum KindState {
    Columns { slopes: Vec<String>, intercept: bool },
    Indicators(Vec<String>),
}

impl MixedState {
    /// The state of a plan whose tiers have these roots, with the residual variance and whether it is of the restricted
    /// likelihood.
    pub(super) fn new(
        session: &Session,
        levels: &[Level],
        plan: &Plan,
        roots: Vec<Mat>,
        (s2, restricted): (f64, bool),
    ) -> Self {
        let name = |v: &usize| session.frame.var(*v).name.clone();
        let of_level = |(at, level): (usize, &Level)| -> Vec<(usize, Vec<String>)> {
            level.parts.iter().map(|part| (at, part.names(session))).collect()
        };
        let blocks: Vec<(usize, Vec<String>)> = levels.iter().enumerate().flat_map(of_level).collect();
        let piece = |piece: &Piece| {
            let (level, names) = blocks[piece.block].clone();
            let kind = match &piece.kind {
                Kind::Columns { slopes, intercept } => {
                    KindState::Columns { slopes: slopes.iter().map(name).collect(), intercept: *intercept }
                }
                Kind::Indicators(units) => KindState::Indicators(units.iter().map(name).collect()),
            };
            PieceState { block: piece.block, level, names, kind }
        };
        let tiers = plan.tiers.iter().zip(roots).map(|(tier, root)| TierState {
            units: tier.units.iter().map(name).collect(),
            pieces: tier.pieces.iter().map(piece).collect(),
            root,
        });
        let tiers = tiers.collect();
        Self { levels: levels.iter().map(|l| l.group.clone()).collect(), tiers, s2, restricted }
    }
}

/// Predicted effects of a block in the rows asked for, and what they multiply.
struct Found {
    block: usize,
    level: usize,
    names: Vec<String>,
    effects: Vec<Vec<f64>>,
    errors: Vec<Vec<f64>>,
    z: Vec<Vec<f64>>,
}

/// Columns of the effects of a tier in the rows of the sample, and for each of its pieces what finds the effects of a row.
struct TierDesign {
    columns: Vec<Vec<f64>>,
    lookups: Vec<Lookup>,
    /// Group of each row of the sample and then of those asked for; number of groups.
    of_row: Vec<u32>,
    count: usize,
}

enum Lookup {
    /// As many columns, and the values that they have in the rows asked for.
    Columns(usize, Vec<Vec<f64>>),
    /// As many columns, and the one of each row asked for: none for a level that is not in the sample.
    Indicators(usize, Vec<Option<usize>>),
}

fn positions(session: &Session, names: &[String]) -> Result<Vec<usize>> {
    names.iter().map(|name| session.frame.position(name)).collect()
}

impl TierDesign {
    fn new(session: &Session, tier: &TierState, used: &[usize], rows: &[usize]) -> Result<Self> {
        let both: Vec<usize> = used.iter().chain(rows).copied().collect();
        let (of_row, count) = groups_of(session, &positions(session, &tier.units)?, &both);
        let (mut columns, mut lookups) = (Vec::new(), Vec::new());
        for piece in &tier.pieces {
            match &piece.kind {
                KindState::Columns { slopes, intercept } => {
                    let slopes = positions(session, slopes)?;
                    let of = |rows: &[usize]| -> Vec<Vec<f64>> {
                        let own = slopes.iter().map(|v| values(session, *v, rows));
                        own.chain(intercept.then(|| vec![1.0; rows.len()])).collect()
                    };
                    let own = of(used);
                    lookups.push(Lookup::Columns(own.len(), of(rows)));
                    columns.extend(own);
                }
                KindState::Indicators(units) => {
                    let further = positions(session, &units[tier.units.len()..])?;
                    // Levels are numbered as they come: those of the sample first.
                    let (level, _) = groups_of(session, &further, &both);
                    let count = level[..used.len()].iter().max().map_or(0, |last| *last as usize + 1);
                    let mut own = vec![vec![0.0; used.len()]; count];
                    level[..used.len()].iter().enumerate().for_each(|(i, l)| own[*l as usize][i] = 1.0);
                    columns.extend(own);
                    let asked = level[used.len()..].iter().map(|l| Some(*l as usize).filter(|l| *l < count));
                    lookups.push(Lookup::Indicators(count, asked.collect()));
                }
            }
        }
        Ok(Self { columns, lookups, of_row, count })
    }

    /// Effects and errors of the pieces in the rows asked for, from those of each group.
    fn spread(
        &self,
        tier: &TierState,
        asked: &[u32],
        effects: &[Vec<f64>],
        errors: &[Vec<f64>],
    ) -> Vec<Found> {
        let mut from = 0;
        let mut out = Vec::new();
        for (piece, lookup) in tier.pieces.iter().zip(&self.lookups) {
            let pick = |of: &[Vec<f64>]| -> Vec<Vec<f64>> {
                match lookup {
                    Lookup::Columns(q, _) => {
                        (from..from + q).map(|k| asked.iter().map(|g| of[*g as usize][k]).collect()).collect()
                    }
                    Lookup::Indicators(_, column) => {
                        let value =
                            |(g, k): (&u32, &Option<usize>)| k.map_or(MISSING, |k| of[*g as usize][from + k]);
                        vec![asked.iter().zip(column).map(value).collect()]
                    }
                }
            };
            let (count, z) = match lookup {
                Lookup::Columns(q, z) => (*q, z.clone()),
                Lookup::Indicators(q, column) => (*q, vec![vec![1.0; column.len()]]),
            };
            let (block, level, names) = (piece.block, piece.level, piece.names.clone());
            out.push(Found { block, level, names, effects: pick(effects), errors: pick(errors), z });
            from += count;
        }
        out
    }
}

/// The block diagonal of the roots: the effects of a group of the first tier, then those of its groups of the second.
fn joined(state: &MixedState, inner: usize) -> Mat {
    let first = &state.tiers[0].root;
    let Some(second) = state.tiers.get(1).map(|l| &l.root) else { return first.clone() };
    let (p, q) = (first.rows(), second.rows());
    let size = p + q * inner;
    Mat::from_fn(size, size, |i, j| match (i < p, j < p) {
        (true, true) => first[(i, j)],
        (false, false) if (i - p) / q == (j - p) / q => second[((i - p) % q, (j - p) % q)],
        _ => 0.0,
    })
}

/// Predicts the effects of all groups in the estimation sample, and returns those of the rows asked for, block by block.
fn find(session: &Session, state: &MixedState, rows: &[usize]) -> Result<Vec<Found>> {
    let stored = Stored::of(&session.e)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let sample = session.required_estimation_sample()?;
    let used: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let tiers: Vec<TierDesign> =
        state.tiers.iter().map(|tier| TierDesign::new(session, tier, &used, rows)).collect::<Result<_>>()?;
    let xb = linear_prediction(&session.frame, &stored, &depvar, &used)?;
    let y = super::outcome_values(session, &depvar, &used)?;
    let fixed: Vec<usize> = (0..stored.stripe.len()).filter(|i| stored.stripe[*i].eq == depvar).collect();
    let mut grid = Grid::new(&session.frame, used.clone());
    grid.load(fixed.iter().filter_map(|p| stored.terms[*p].as_ref()))?;
    let x = grid.design(&stored, &fixed);
    let v = Mat::from_fn(fixed.len(), fixed.len(), |i, j| stored.v[(fixed[i], fixed[j])]);
    let empty = || -> Vec<Vec<Vec<f64>>> {
        tiers.iter().map(|t| vec![vec![MISSING; t.columns.len()]; t.count]).collect()
    };
    let (mut effects, mut errors) = (empty(), empty());
    let mut members = vec![Vec::new(); tiers[0].count];
    (0..used.len()).for_each(|i| members[tiers[0].of_row[i] as usize].push(i));
    for (group, mine) in members.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        let mut inner: Vec<u32> =
            tiers.get(1).map_or(Vec::new(), |t| mine.iter().map(|i| t.of_row[*i]).collect());
        inner.sort_unstable();
        inner.dedup();
        let own = |c: &Vec<f64>| -> Vec<f64> { mine.iter().map(|i| c[*i]).collect() };
        let mut columns: Vec<Vec<f64>> = tiers[0].columns.iter().map(own).collect();
        for number in &inner {
            let inside = |i: &usize, c: &[f64]| if tiers[1].of_row[*i] == *number { c[*i] } else { 0.0 };
            let lower = tiers[1].columns.iter();
            columns.extend(lower.map(|c| mine.iter().map(|i| inside(i, c)).collect::<Vec<f64>>()));
        }
        let residuals: Vec<f64> = mine.iter().map(|i| y[*i] - xb[*i]).collect();
        let regressors: Vec<Vec<f64>> = x.iter().map(own).collect();
        let root = joined(state, inner.len());
        let Some(mut own) = Mixed::effects_of(&root, state.s2, &columns, &residuals, &regressors) else {
            continue;
        };
        if state.restricted {
            own.variance = own.variance.plus(&own.loadings.sandwich(&v));
        }
        let sd: Vec<f64> = own.variance.diagonal().iter().map(|v| v.max(0.0).sqrt()).collect();
        let p = tiers[0].columns.len();
        effects[0][group].copy_from_slice(&own.effects[..p]);
        errors[0][group].copy_from_slice(&sd[..p]);
        for (at, number) in inner.iter().enumerate() {
            let q = tiers[1].columns.len();
            let range = p + at * q..p + (at + 1) * q;
            effects[1][*number as usize].copy_from_slice(&own.effects[range.clone()]);
            errors[1][*number as usize].copy_from_slice(&sd[range]);
        }
    }
    let spread = |at: usize| {
        let asked = &tiers[at].of_row[used.len()..];
        tiers[at].spread(&state.tiers[at], asked, &effects[at], &errors[at])
    };
    let mut out: Vec<Found> = (0..tiers.len()).flat_map(spread).collect();
    out.sort_by_key(|found| found.block);
    Ok(out)
}

/// Number of levels that count, or the one level of `relevel()`: a range of them.
fn chosen_levels(state: &MixedState, cmd: &ParsedCommand) -> Result<(usize, usize)> {
    let Some(name) = cmd.options.text("relevel").map(str::trim) else { return Ok((0, state.levels.len())) };
    let at = state.levels.iter().position(|l| l == name);
    let at = at.ok_or_else(|| StataError::new(198, format!("{name} is not a level of the model")))?;
    Ok((at, at + 1))
}

/// `reffects` and `reses` of the levels.
fn of_groups(state: &MixedState, cmd: &ParsedCommand, found: Vec<Found>) -> Result<Effects> {
    let (from, to) = chosen_levels(state, cmd)?;
    let mut out = Effects { values: Vec::new(), errors: Vec::new() };
    for block in found.into_iter().filter(|f| (from..to).contains(&f.level)) {
        // Groups lie within the levels above them, except _all.
        let above = state.levels[..block.level].iter().filter(|l| *l != "_all");
        let path: Vec<&str> = above.chain([&state.levels[block.level]]).map(String::as_str).collect();
        let path = path.join(">");
        let columns = block.names.iter().zip(block.effects).zip(block.errors);
        for ((name, effects), errors) in columns {
            let label = |what: &str| format!("BLUP r.e. {what}for {path}: {name}");
            out.values.push(Prediction { values: effects, label: label("") });
            out.errors.push(Prediction { values: errors, label: label("std. errors ") });
        }
    }
    let alone = cmd.has("reses") && !cmd.has("reffects");
    if alone {
        std::mem::swap(&mut out.values, &mut out.errors);
    }
    Ok(out)
}

/// Fitted values of the rows, with the effects down to the level of `relevel()`.
fn fitted(session: &Session, last: usize, found: &[Found], rows: &[usize]) -> Result<Vec<f64>> {
    let stored = Stored::of(&session.e)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let mut out = linear_prediction(&session.frame, &stored, &depvar, rows)?;
    for block in found.iter().filter(|block| block.level < last) {
        for (effects, z) in block.effects.iter().zip(&block.z) {
            for ((value, u), z) in out.iter_mut().zip(effects).zip(z) {
                let known = !is_missing(*value) && !is_missing(*u) && !is_missing(*z);
                *value = if known { *value + u * z } else { MISSING };
            }
        }
    }
    Ok(out)
}

/// The predictions that take the effects; nothing after other models and for other statistics.
pub(crate) fn prediction(session: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Option<Effects>> {
    let asked: Vec<&str> = cmd.options.iter().map(|o| o.0).collect();
    let ours = ["reffects", "reses", "fitted", "residuals", "rstandard", "relevel"];
    if session.e.cmd() != "mixed" || asked.is_empty() || !asked.iter().all(|o| ours.contains(o)) {
        return Ok(None);
    }
    plain_residuals(session)?;
    let extra = session.e.extra.clone();
    let state =
        extra.as_ref().and_then(|e| e.downcast_ref::<MixedState>()).ok_or_else(StataError::no_estimates)?;
    let of_effects = cmd.has("reffects") || cmd.has("reses");
    let others = ["fitted", "residuals", "rstandard"].iter().filter(|o| cmd.has(o)).count();
    if of_effects && others > 0 || others > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    if asked == ["relevel"] {
        return Err(StataError::option_not_allowed("relevel()"));
    }
    let found = find(session, state, rows)?;
    if of_effects {
        return of_groups(state, cmd, found).map(Some);
    }
    let values = fitted(session, chosen_levels(state, cmd)?.1, &found, rows)?;
    if cmd.has("fitted") {
        return Ok(Some(Effects::one(values, "Fitted values: xb + Zu")));
    }
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let y = super::outcome_values(session, &depvar, rows)?;
    let (scale, label) = match cmd.has("rstandard") {
        // the errors are independent with one variance
        true => (state.s2.sqrt(), "Standardized residuals"),
        false => (1.0, "Residuals"),
    };
    let rest =
        |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { (y - f) / scale };
    Ok(Some(Effects::one(y.iter().zip(&values).map(rest).collect(), label)))
}
