//! The equations of `xtabond2` with their instruments. Rules: Roodman (2009), Stata Journal 9(1), and help xtabond2.

use crate::error::{Result, StataError};
use crate::ops::by_period::{ByUnit, Place, Places, columns};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::top_level_comma;
use estimators::matrix::Mat;
use estimators::panel_gmm::{Tested, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Equations that instruments belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum In {
    Differences,
    Levels,
    Both,
}

/// Instruments of one variable, a set for each period and lag (`gmmstyle()`).
pub(super) struct Lagged {
    values: ByUnit,
    /// The smallest and the largest lag.
    lags: (i64, i64),
    /// One column for each lag, for all periods together.
    collapse: bool,
    place: In,
}

/// An instrument as it is (`ivstyle()`).
pub(super) struct Standard {
    values: ByUnit,
    place: In,
    /// Whether a missing value counts as zero; without, its row leaves the sample.
    zero: bool,
}

fn equation(text: &str) -> Result<In> {
    Ok(match text.trim() {
        t if !t.is_empty() && "diff".starts_with(t) => In::Differences,
        t if !t.is_empty() && "level".starts_with(t) => In::Levels,
        t if !t.is_empty() && "both".starts_with(t) => In::Both,
        other => return Err(StataError::invalid(format!("equation({other}): diff, level or both expected"))),
    })
}

/// A list of variables, and the options behind the comma with their arguments.
type Parts<'a> = (&'a str, Vec<(String, Option<String>)>);

fn parts(text: &str) -> Result<Parts<'_>> {
    match top_level_comma(text) {
        Some(at) => Ok((text[..at].trim(), split_options(&text[at + 1..])?)),
        None => Ok((text.trim(), Vec::new())),
    }
}

fn refused(option: &str) -> StataError {
    StataError::unsupported_option("xtabond2", option)
}

/// Reads `gmmstyle(varlist [, laglimits(# #) collapse equation(diff|both)])`.
pub(super) fn gmmstyle(session: &Session, text: &str, place: &Place) -> Result<Vec<Lagged>> {
    let (list, options) = parts(text)?;
    let (mut lags, mut collapse, mut into) = ((1, i64::MAX), false, In::Both);
    for (name, argument) in &options {
        match argument.as_deref() {
            Some(limits) if abbreviates(name, "LAGlimits") => lags = limits_of(limits)?,
            None if abbreviates(name, "Collapse") => collapse = true,
            Some(text) if abbreviates(name, "Equation") => into = equation(text)?,
            None if ["Passthru", "SPlit", "Orthogonal"].iter().any(|o| abbreviates(name, o)) => {
                return Err(refused(&format!("gmmstyle(, {name})")));
            }
            _ => return Err(StataError::option_not_allowed(name)),
        }
    }
    if into == In::Levels {
        return Err(refused("gmmstyle(, equation(level))"));
    }
    let all = vec![true; session.frame.n_rows()];
    let found = columns(session, list, &all, place)?;
    Ok(found.into_iter().map(|(_, values)| Lagged { values, lags, collapse, place: into }).collect())
}

/// `# #` or `# .`; the smaller first.
fn limits_of(text: &str) -> Result<(i64, i64)> {
    let wrong = || StataError::invalid(format!("laglimits({text}): two numbers expected"));
    let [a, b] = text.split_whitespace().collect::<Vec<_>>()[..] else { return Err(wrong()) };
    let number = |word: &str, missing: i64| match word {
        "." => Ok(missing),
        _ => parse_number(word).filter(|v| v.fract() == 0.0).map(|v| v as i64).ok_or_else(wrong),
    };
    let (a, b) = (number(a, 1)?, number(b, i64::MAX)?);
    Ok((a.min(b), a.max(b)))
}

/// Reads `ivstyle(varlist [, equation(diff|level|both) mz])`.
pub(super) fn ivstyle(session: &Session, text: &str, place: &Place) -> Result<Vec<Standard>> {
    let (list, options) = parts(text)?;
    let (mut into, mut zero) = (In::Both, false);
    for (name, argument) in &options {
        match argument.as_deref() {
            Some(text) if abbreviates(name, "Equation") => into = equation(text)?,
            None if name == "mz" => zero = true,
            None if abbreviates(name, "Passthru") => return Err(refused("ivstyle(, passthru)")),
            _ => return Err(StataError::option_not_allowed(name)),
        }
    }
    let all = vec![true; session.frame.n_rows()];
    let found = columns(session, list, &all, place)?;
    Ok(found.into_iter().map(|(_, values)| Standard { values, place: into, zero }).collect())
}

/// The covariance of the errors that the first step assumes (`h()`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    /// 1: equal variances, no covariance.
    Identity,
    /// 2: that of differences among the differenced errors, none between differences and levels.
    Separate,
    /// 3: that of independent errors in levels.
    Full,
}

/// The model, over which the equations are built.
pub(super) struct Model<'a> {
    pub(super) y: &'a ByUnit,
    pub(super) x: Vec<&'a ByUnit>,
    pub(super) gmm: Vec<Lagged>,
    pub(super) iv: Vec<Standard>,
    /// Equations in levels, next to those in differences.
    pub(super) levels: bool,
    pub(super) constant: bool,
    /// Orthogonal deviations in the place of differences.
    pub(super) orthogonal: bool,
    pub(super) errors: Errors,
    /// Units and periods in use.
    pub(super) sample: BTreeSet<(usize, i64)>,
    /// What is subtracted from the regressors and from the instruments of `ivstyle()` in levels, where a constant takes it
    /// up: far from zero they would be nearly collinear with it.
    pub(super) means: (Vec<f64>, Vec<f64>),
}

/// A column of the instruments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Constant,
    Standard(usize),
    /// Variable, period of the equation, or zero where all share a column, and lag.
    Level(usize, i64, i64),
    /// Variable and period of the equation in levels.
    Difference(usize, i64),
}

/// Errors in levels by period, with their weights in the error of an equation.
type ErrorWeights = Vec<(i64, f64)>;

struct Row {
    y: f64,
    x: Vec<f64>,
    z: Vec<(Slot, f64)>,
    errors: ErrorWeights,
}

/// How the fixed effect is taken out in a period.
enum Transform {
    /// The change since the period before.
    Difference,
    /// The distance from the mean of the later periods, times the factor that keeps the variance (Arellano and Bover
    /// 1995). It stands one period later, so that lags are counted as for differences.
    Orthogonal { later: Vec<i64>, factor: f64 },
}

impl Transform {
    fn weights(&self, t: i64) -> ErrorWeights {
        match self {
            Self::Difference => vec![(t, 1.0), (t - 1, -1.0)],
            Self::Orthogonal { later, factor } => {
                let share = -factor / later.len() as f64;
                std::iter::once((t - 1, *factor)).chain(later.iter().map(|s| (*s, share))).collect()
            }
        }
    }
}

fn combined(values: &BTreeMap<i64, f64>, weights: &ErrorWeights) -> Option<f64> {
    weights.iter().map(|(t, w)| values.get(t).map(|v| w * v)).sum()
}

/// Covariance of two errors, for independent errors in levels of variance 1.
fn covariance(a: &ErrorWeights, b: &ErrorWeights) -> f64 {
    a.iter().flat_map(|(t, v)| b.iter().filter(move |(s, _)| s == t).map(move |(_, w)| v * w)).sum()
}

impl Model<'_> {
    /// Whether all values of a unit in a period are known, and the row is in use.
    fn complete(&self, unit: usize, t: i64) -> bool {
        self.sample.contains(&(unit, t))
            && self.y[unit].contains_key(&t)
            && self.x.iter().all(|column| column[unit].contains_key(&t))
            && self.iv.iter().all(|own| own.zero || own.values[unit].contains_key(&t))
    }

    /// Sets [`Self::means`] to those of the rows in use.
    pub(super) fn centre(&mut self) {
        let mean = |values: &ByUnit| {
            let all =
                values.iter().enumerate().flat_map(|(unit, own)| own.iter().map(move |(t, v)| (unit, t, v)));
            let used = all.filter(|(unit, t, _)| self.sample.contains(&(*unit, **t)));
            let (sum, count) = used.fold((0.0, 0.0), |(sum, count), (_, _, v)| (sum + v, count + 1.0));
            if self.constant && count > 0.0 { sum / count } else { 0.0 }
        };
        self.means =
            (self.x.iter().map(|x| mean(x)).collect(), self.iv.iter().map(|z| mean(&z.values)).collect());
    }

    /// Outcome and regressors of a transformed equation.
    fn sides(&self, unit: usize, errors: &ErrorWeights) -> Option<(f64, Vec<f64>)> {
        let y = combined(&self.y[unit], errors)?;
        let mut x = Vec::new();
        for column in &self.x {
            x.push(combined(&column[unit], errors)?);
        }
        if self.constant {
            x.push(0.0);
        }
        Some((y, x))
    }

    fn transformed(&self, unit: usize, t: i64, transform: &Transform) -> Option<Row> {
        let errors = transform.weights(t);
        let (y, x) = self.sides(unit, &errors)?;
        let mut z = Vec::new();
        for (v, lagged) in self.gmm.iter().enumerate() {
            let (first, last) = lagged.lags;
            let oldest = t.saturating_sub(last);
            let period = if lagged.collapse { 0 } else { t };
            for (s, value) in lagged.values[unit].range(oldest..=t - first) {
                z.push((Slot::Level(v, period, t - s), *value));
            }
        }
        for (v, own) in self.iv.iter().enumerate().filter(|(_, own)| own.place != In::Levels) {
            match combined(&own.values[unit], &errors) {
                Some(value) => z.push((Slot::Standard(v), value)),
                None if own.zero => {}
                None => return None,
            }
        }
        Some(Row { y, x, z, errors })
    }

    fn level(&self, unit: usize, t: i64) -> Option<Row> {
        if !self.complete(unit, t) {
            return None;
        }
        let y = *self.y[unit].get(&t)?;
        let mut x = Vec::new();
        for (column, mean) in self.x.iter().zip(&self.means.0) {
            x.push(*column[unit].get(&t)? - mean);
        }
        let mut z = Vec::new();
        if self.constant {
            x.push(1.0);
            z.push((Slot::Constant, 1.0));
        }
        for (v, lagged) in self.gmm.iter().enumerate().filter(|(_, lagged)| lagged.place == In::Both) {
            // Older differences are redundant next to the levels in the differenced equations.
            let period = if lagged.collapse { 0 } else { t };
            let at = t - (lagged.lags.0 - 1);
            let value = combined(&lagged.values[unit], &Transform::Difference.weights(at));
            z.extend(value.map(|value| (Slot::Difference(v, period), value)));
        }
        for (v, own) in self.iv.iter().enumerate().filter(|(_, own)| own.place != In::Differences) {
            // a missing value that is allowed counts as zero
            let value = own.values[unit].get(&t).copied().unwrap_or(0.0);
            z.push((Slot::Standard(v), value - self.means.1[v]));
        }
        Some(Row { y, x, z, errors: vec![(t, 1.0)] })
    }

    /// The covariance that the first step assumes, with `split` transformed equations first.
    fn assumed(&self, rows: &[Row], split: usize) -> Mat {
        Mat::from_fn(rows.len(), rows.len(), |i, j| match self.errors {
            Errors::Identity => f64::from(u8::from(i == j)),
            Errors::Separate if (i < split) != (j < split) => 0.0,
            _ => covariance(&rows[i].errors, &rows[j].errors),
        })
    }

    /// Periods of a unit that have a transformed equation.
    fn transforms(&self, complete: &[i64]) -> Vec<(i64, Transform)> {
        let pairs = complete.windows(2).filter(|pair| pair[1] == pair[0] + 1);
        if !self.orthogonal {
            return pairs.map(|pair| (pair[1], Transform::Difference)).collect();
        }
        (1..complete.len())
            .map(|k| {
                let later = complete[k..].to_vec();
                let count = later.len() as f64;
                let factor = (count / (count + 1.0)).sqrt();
                (complete[k - 1] + 1, Transform::Orthogonal { later, factor })
            })
            .collect()
    }

    /// The equations in differences that tests of serial correlation need after orthogonal deviations.
    fn tested(&self, unit: usize, complete: &[i64], rows: &[Row]) -> Option<Tested> {
        let mut periods = Vec::new();
        let mut sides = Vec::new();
        let mut errors = Vec::new();
        for pair in complete.windows(2).filter(|pair| pair[1] == pair[0] + 1) {
            let weights = Transform::Difference.weights(pair[1]);
            sides.push(self.sides(unit, &weights)?);
            periods.push(pair[1]);
            errors.push(weights);
        }
        let width = rows.first()?.x.len();
        Some(Tested {
            y: sides.iter().map(|side| side.0).collect(),
            x: Mat::from_fn(periods.len(), width, |r, c| sides[r].1[c]),
            h: Mat::from_fn(periods.len(), periods.len(), |i, j| covariance(&errors[i], &errors[j])),
            cross: Mat::from_fn(rows.len(), periods.len(), |i, j| covariance(&rows[i].errors, &errors[j])),
            periods,
        })
    }

    /// The equations of all units, and the places of the transformed ones and of those in levels.
    pub(super) fn equations(&self) -> (Vec<Unit>, Places, Places) {
        let mut slots: BTreeMap<Slot, usize> = BTreeMap::new();
        let (mut transformed, mut levels) = (Places::new(), Places::new());
        let mut found: Vec<(Vec<i64>, Vec<Row>, Option<Tested>)> = Vec::new();
        for unit in 0..self.y.len() {
            let complete: Vec<i64> =
                self.y[unit].keys().copied().filter(|t| self.complete(unit, *t)).collect();
            let (mut periods, mut rows) = (Vec::new(), Vec::new());
            for (t, transform) in self.transforms(&complete) {
                if let Some(row) = self.transformed(unit, t, &transform) {
                    transformed.insert((unit, t));
                    periods.push(t);
                    rows.push(row);
                }
            }
            for t in complete.iter().filter(|_| self.levels) {
                if let Some(row) = self.level(unit, *t) {
                    levels.insert((unit, *t));
                    rows.push(row);
                }
            }
            rows.iter().flat_map(|r| &r.z).for_each(|(slot, _)| {
                slots.insert(*slot, 0);
            });
            if !rows.is_empty() {
                let tested = self.orthogonal.then(|| self.tested(unit, &complete, &rows)).flatten();
                found.push((periods, rows, tested));
            }
        }
        slots.values_mut().enumerate().for_each(|(i, at)| *at = i);
        let unit = |(periods, rows, tested): (Vec<i64>, Vec<Row>, Option<Tested>)| {
            let x = Mat::from_fn(rows.len(), rows[0].x.len(), |r, c| rows[r].x[c]);
            let mut z = Mat::zeros(rows.len(), slots.len());
            for (r, row) in rows.iter().enumerate() {
                row.z.iter().for_each(|(slot, value)| z[(r, slots[slot])] = *value);
            }
            let h = self.assumed(&rows, periods.len());
            Unit { periods, y: rows.iter().map(|r| r.y).collect(), x, z, h, tested }
        };
        (found.into_iter().map(unit).collect(), transformed, levels)
    }
}
