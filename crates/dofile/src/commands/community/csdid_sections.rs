//! Effects of `csdid` and `drdid` from repeated cross sections, without `ivar()`. Formulas: `estimators::did_sections`.

use super::csdid::Cell;
use crate::error::{Result, StataError};
use estimators::did::{Effect, Method};
use estimators::did_sections::Sections;

/// Rows of repeated cross sections.
pub(super) struct Rows {
    /// The outcome.
    pub y: Vec<f64>,
    /// Covariates of each column, the constant included.
    pub columns: Vec<Vec<f64>>,
    /// Period of each row.
    pub periods: Vec<i64>,
    /// First treated period of each row's group, 0 for never.
    pub group_of: Vec<i64>,
}

/// Refuses the method that has no formula for cross sections here.
pub(super) fn allowed(command: &str, method: Method) -> Result<()> {
    match method {
        Method::Abadie => Err(StataError::unsupported_option(command, "ipw without ivar()")),
        _ => Ok(()),
    }
}

impl Rows {
    /// The effect of a cell with the influence of all rows; nothing where it cannot be computed.
    pub(super) fn effect(&self, cell: Cell, method: Method, not_yet: bool) -> Option<Effect> {
        let until = cell.period.max(cell.base);
        let control = |g: i64| g == 0 || (not_yet && g > until && g != cell.group);
        let used: Vec<usize> = (0..self.y.len())
            .filter(|i| self.periods[*i] == cell.period || self.periods[*i] == cell.base)
            .filter(|i| self.group_of[*i] == cell.group || control(self.group_of[*i]))
            .collect();
        let y: Vec<f64> = used.iter().map(|i| self.y[*i]).collect();
        let treated: Vec<bool> = used.iter().map(|i| self.group_of[*i] == cell.group).collect();
        let later: Vec<bool> = used.iter().map(|i| self.periods[*i] == cell.period).collect();
        let columns: Vec<Vec<f64>> =
            self.columns.iter().map(|c| used.iter().map(|i| c[*i]).collect()).collect();
        let has = |t: bool, l: bool| treated.iter().zip(&later).any(|(a, b)| *a == t && *b == l);
        if ![(true, true), (true, false), (false, true), (false, false)].iter().all(|(t, l)| has(*t, *l)) {
            return None;
        }
        let sample = Sections { y: &y, treated: &treated, later: &later, columns: &columns };
        let found = sample.effect(method).filter(|e| e.value.is_finite())?;
        let mut influence = vec![0.0; self.y.len()];
        let scale = self.y.len() as f64 / used.len() as f64;
        for (row, value) in used.iter().zip(&found.influence) {
            influence[*row] = scale * value;
        }
        Some(Effect { value: found.value, influence })
    }
}
