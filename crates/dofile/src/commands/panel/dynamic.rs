//! The equations of `xtabond` and `xtdpdsys`: differenced equations of each unit with their instruments, and equations
//! in levels.

use crate::ops::by_period::{ByUnit, Places};
use estimators::matrix::Mat;
use estimators::panel_gmm::{Unit, error_covariance};
use estimators::qr::{Design as Columns, choose_columns};
use std::collections::BTreeMap;

/// Levels of a variable that are instruments of the differenced equations, and its difference in those of levels.
pub(super) struct Levels<'a> {
    pub(super) values: &'a ByUnit,
    /// The first lag.
    pub(super) first: i64,
    /// The number of lags at most.
    pub(super) most: i64,
    /// Lag of the difference that is the instrument of an equation in levels.
    pub(super) difference: i64,
}

/// The model, over which the equations are built.
pub(super) struct Dynamics<'a> {
    pub(super) y: &'a ByUnit,
    pub(super) lags: i64,
    /// Regressors but for the lags of the outcome.
    pub(super) x: Vec<&'a ByUnit>,
    /// Exogenous regressors: their differences are instruments.
    pub(super) standard: Vec<&'a ByUnit>,
    pub(super) gmm: Vec<Levels<'a>>,
    /// A constant, with an equation in levels for each period.
    pub(super) constant: bool,
    /// Whether differences are instruments of the equations in levels.
    pub(super) system: bool,
}

/// The equations, and the places of those in differences and those in levels.
pub(super) struct Equations {
    pub(super) units: Vec<Unit>,
    pub(super) differences: Places,
    pub(super) levels: Places,
}

/// A column of the instruments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    /// Variable, period of the equation and lag.
    Level(usize, i64, i64),
    /// Variable and period of the equation in levels.
    Difference(usize, i64),
    /// An exogenous regressor.
    Standard(usize),
    Constant,
}

/// One equation: outcome, regressors and instruments.
struct Row {
    y: f64,
    x: Vec<f64>,
    z: Vec<(Slot, f64)>,
}

fn change(values: &BTreeMap<i64, f64>, t: i64) -> Option<f64> {
    Some(values.get(&t)? - values.get(&(t - 1))?)
}

impl Dynamics<'_> {
    /// The differenced equation of a unit in a period, where all its values are known.
    fn differenced(&self, unit: usize, t: i64) -> Option<Row> {
        let y = &self.y[unit];
        let mut x = Vec::new();
        for j in 1..=self.lags {
            x.push(change(y, t - j)?);
        }
        for column in &self.x {
            x.push(change(&column[unit], t)?);
        }
        if self.constant {
            x.push(0.0);
        }
        let mut z = Vec::new();
        for (v, levels) in self.gmm.iter().enumerate() {
            let lags = levels.values[unit].range(..=t - levels.first).map(|(s, value)| (t - s, *value));
            let near = lags.filter(|(lag, _)| lag - levels.first < levels.most);
            z.extend(near.map(|(lag, value)| (Slot::Level(v, t, lag), value)));
        }
        for (i, column) in self.standard.iter().enumerate() {
            z.push((Slot::Standard(i), change(&column[unit], t)?));
        }
        Some(Row { y: change(y, t)?, x, z })
    }

    /// The equation in levels of a unit in a period, where all its values are known.
    fn level(&self, unit: usize, t: i64) -> Option<Row> {
        let y = &self.y[unit];
        let mut x = Vec::new();
        for j in 1..=self.lags {
            x.push(*y.get(&(t - j))?);
        }
        for column in &self.x {
            x.push(*column[unit].get(&t)?);
        }
        let mut z = Vec::new();
        if self.constant {
            x.push(1.0);
            z.push((Slot::Constant, 1.0));
        }
        if self.system {
            for (v, levels) in self.gmm.iter().enumerate() {
                let value = change(&levels.values[unit], t - levels.difference);
                z.extend(value.map(|value| (Slot::Difference(v, t), value)));
            }
        }
        Some(Row { y: *y.get(&t)?, x, z })
    }

    /// The equations of all units that have one in differences.
    pub(super) fn equations(&self) -> Equations {
        let mut slots: BTreeMap<Slot, usize> = BTreeMap::new();
        let (mut differences, mut levels) = (Places::new(), Places::new());
        let mut found: Vec<(Vec<i64>, Vec<Row>)> = Vec::new();
        for (unit, y) in self.y.iter().enumerate() {
            let mut periods = Vec::new();
            let mut rows = Vec::new();
            for t in y.keys().copied() {
                if let Some(row) = self.differenced(unit, t) {
                    differences.insert((unit, t));
                    periods.push(t);
                    rows.push(row);
                }
            }
            if periods.is_empty() {
                continue;
            }
            for t in y.keys().copied().filter(|_| self.constant || self.system) {
                if let Some(row) = self.level(unit, t) {
                    levels.insert((unit, t));
                    rows.push(row);
                }
            }
            for (slot, _) in rows.iter().flat_map(|r| &r.z) {
                slots.insert(*slot, 0);
            }
            found.push((periods, rows));
        }
        slots.values_mut().enumerate().for_each(|(i, at)| *at = i);
        let units = found
            .into_iter()
            .map(|(periods, rows)| {
                let x = Mat::from_fn(rows.len(), rows[0].x.len(), |r, c| rows[r].x[c]);
                let mut z = Mat::zeros(rows.len(), slots.len());
                for (r, row) in rows.iter().enumerate() {
                    row.z.iter().for_each(|(slot, value)| z[(r, slots[slot])] = *value);
                }
                let h = error_covariance(&periods, rows.len() - periods.len());
                Unit { periods, y: rows.iter().map(|r| r.y).collect(), x, z, h, tested: None }
            })
            .collect();
        Equations { units, differences, levels }
    }
}

/// Leaves out the first `width` regressors that are collinear in the differenced equations; the constant behind them stays.
pub(super) fn without_collinear(
    mut units: Vec<Unit>,
    width: usize,
    constant: bool,
) -> (Vec<Unit>, Vec<usize>, Vec<usize>) {
    let columns: Vec<Vec<f64>> = (0..width)
        .map(|j| units.iter().flat_map(|u| (0..u.periods.len()).map(move |r| u.x[(r, j)])).collect())
        .collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (mut kept, omitted) = choose_columns(Columns { columns: &views, weights: None, constant: false });
    if constant {
        kept.push(width);
    }
    if !omitted.is_empty() {
        for unit in &mut units {
            let rows: Vec<usize> = (0..unit.y.len()).collect();
            unit.x = unit.x.select(&rows, &kept);
        }
    }
    (units, kept, omitted)
}
