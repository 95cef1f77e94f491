//! Rows of the regressions of `lpdid`: switches into treatment and clean controls, changes of the outcome, and weights.

use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use std::collections::HashMap;

/// Periods around a row whose mean outcome is compared with the period before it; `clean` is the last period in which
/// a control must be untreated.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub from: i64,
    pub to: i64,
    pub clean: i64,
}

/// The panel.
pub(super) struct Rows {
    /// Names of the variables of units and periods.
    pub unit: String,
    pub time: String,
    units: Vec<u32>,
    periods: Vec<i64>,
    outcome: Vec<f64>,
    treated: Vec<f64>,
    known: Vec<bool>,
    /// Units that are ever treated.
    ever: Vec<bool>,
    place: HashMap<(u32, i64), usize>,
}

impl Rows {
    /// Reads the panel; the names are those of the unit, of the period and of the treatment.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand, names: [&str; 3]) -> Result<Self> {
        let unit = s.variable(names[0])?;
        let (time, treat) = (s.numeric_variable(names[1])?, s.numeric_variable(names[2])?);
        let mut touse = s.rows(cmd)?;
        s.markout(&[unit, time], &mut touse, true)?;
        let list = FvList::parse(&s.frame, cmd.list.trim(), s.settings.varabbrev)?;
        let all: Vec<usize> = (0..touse.len()).collect();
        let (_, outcome) = crate::estimation::model::single_column(&s.frame, &list, &touse, &all)?;
        let (units, count) = number_groups(&s.frame, unit, &all);
        let column = |v: usize| s.frame.numeric(v).map(std::borrow::Cow::into_owned);
        let (periods, treated) = (column(time)?, column(treat)?);
        let mut out = Self {
            unit: s.frame.var(unit).name.clone(),
            time: s.frame.var(time).name.clone(),
            units,
            periods: periods.iter().map(|t| if is_missing(*t) { 0 } else { *t as i64 }).collect(),
            outcome,
            treated,
            known: touse,
            ever: vec![false; count],
            place: HashMap::new(),
        };
        for (i, period) in periods.iter().enumerate() {
            if !out.known[i] {
                continue;
            }
            if period.fract() != 0.0 {
                return Err(StataError::new(451, "time() must have whole numbers"));
            }
            if out.place.insert((out.units[i], out.periods[i]), i).is_some() {
                return Err(StataError::new(451, "repeated time values within units"));
            }
            let d = out.treated[i];
            if !is_missing(d) && d != 0.0 && d != 1.0 {
                return Err(StataError::new(459, format!("{} must be 0 or 1", names[2])));
            }
            out.ever[out.units[i] as usize] |= d == 1.0;
        }
        out.absorbing(names[2])?;
        Ok(out)
    }

    /// Whether nobody leaves treatment; r(459) otherwise.
    fn absorbing(&self, name: &str) -> Result<()> {
        let leaves =
            |i: usize| self.known[i] && self.treated[i] == 0.0 && self.at(&self.treated, i, -1) == Some(1.0);
        match (0..self.known.len()).any(leaves) {
            true => {
                Err(StataError::new(459, format!("{name} is not absorbing; nonabsorbing() is not supported")))
            }
            false => Ok(()),
        }
    }

    /// A value so many periods later in the same unit.
    fn at(&self, values: &[f64], row: usize, periods: i64) -> Option<f64> {
        let place = self.place.get(&(self.units[row], self.periods[row] + periods))?;
        Some(values[*place]).filter(|x| !is_missing(*x))
    }

    /// Mean outcome of a window less the outcome of the period before the row.
    fn change(&self, row: usize, window: Window) -> Option<f64> {
        let before = self.at(&self.outcome, row, -1)?;
        let values: Option<Vec<f64>> =
            (window.from..=window.to).map(|h| self.at(&self.outcome, row, h)).collect();
        let values = values?;
        Some(values.iter().sum::<f64>() / values.len() as f64 - before)
    }

    /// Changes of the outcome and switches into treatment, missing outside the sample of a window. With `common` the
    /// rows are those of all horizons from so many periods before to so many after.
    pub(super) fn changes(
        &self,
        window: Window,
        common: Option<(i64, i64)>,
        never: bool,
    ) -> (Vec<f64>, Vec<f64>) {
        let n = self.known.len();
        let (mut y, mut d) = (vec![MISSING; n], vec![MISSING; n]);
        let clean = common.map_or(window.clean, |c| c.1.max(window.clean));
        for i in (0..n).filter(|i| self.known[*i]) {
            let (Some(now), Some(before)) = (self.at(&self.treated, i, 0), self.at(&self.treated, i, -1))
            else {
                continue;
            };
            let switch = now - before;
            let control = self.at(&self.treated, i, clean) == Some(0.0)
                && !(never && self.ever[self.units[i] as usize]);
            if switch != 1.0 && !control {
                continue;
            }
            let whole = |h: i64| self.change(i, Window { from: h, to: h, clean: 0 }).is_some();
            let complete =
                common.is_none_or(|(pre, post)| (2..=pre).all(|h| whole(-h)) && (0..=post).all(whole));
            if let Some(change) = self.change(i, window).filter(|_| complete) {
                (y[i], d[i]) = (change, switch);
            }
        }
        (y, d)
    }

    /// Weights that give each switch the same part in the estimate: the inverse of the part that the plain regression
    /// gives to the switches of a period. Missing in periods without a switch.
    pub(super) fn weights(&self, y: &[f64], d: &[f64]) -> Vec<f64> {
        let mut sums: HashMap<i64, (f64, f64)> = HashMap::new();
        for i in (0..y.len()).filter(|i| !is_missing(y[*i])) {
            let own = sums.entry(self.periods[i]).or_insert((0.0, 0.0));
            (own.0, own.1) = (own.0 + 1.0, own.1 + d[i]);
        }
        let weight = |i: usize| {
            let (n, switches) = sums.get(&self.periods[i]).copied().unwrap_or((0.0, 0.0));
            let residual = 1.0 - switches / n;
            if is_missing(y[i]) || switches == 0.0 || residual <= 0.0 { MISSING } else { 1.0 / residual }
        };
        (0..y.len()).map(weight).collect()
    }
}
