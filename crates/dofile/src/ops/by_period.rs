//! Columns of a panel by unit and period, over which the equations of dynamic panel models are built.

use crate::error::Result;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{FvList, Term};
use crate::tsset::Panel;
use crate::value::is_missing;
use std::collections::{BTreeMap, BTreeSet};

/// Values of a column by unit and period.
pub(crate) type ByUnit = Vec<BTreeMap<i64, f64>>;

/// Rows of the panel: unit number and period of each row in use.
pub(crate) struct Place {
    of_row: BTreeMap<usize, (usize, i64)>,
    pub(crate) units: usize,
}

/// Units and periods of the rows in use.
///
/// # Errors
/// r(459) without a panel variable or a time variable.
pub(crate) fn places(session: &Session, panel: &Panel, touse: &[bool]) -> Result<Place> {
    let unit = panel.unit()?;
    let time = panel.series()?;
    let (id, t) = (session.frame.numeric(unit)?, session.frame.numeric(time)?);
    let mut numbers: BTreeMap<u64, usize> = BTreeMap::new();
    let mut of_row = BTreeMap::new();
    for row in (0..touse.len()).filter(|r| touse[*r] && !is_missing(id[*r]) && !is_missing(t[*r])) {
        let next = numbers.len();
        let number = *numbers.entry((id[row] + 0.0).to_bits()).or_insert(next);
        of_row.insert(row, (number, (t[row] / panel.delta).round() as i64));
    }
    Ok(Place { of_row, units: numbers.len() })
}

impl Place {
    /// Unit and period of the rows in use.
    pub(crate) fn sample(&self, touse: &[bool]) -> Places {
        self.of_row.iter().filter(|(row, _)| touse[**row]).map(|(_, place)| *place).collect()
    }

    /// Spreads the values of rows over units and periods; missing ones are left out.
    fn spread(&self, rows: &[usize], values: &[f64]) -> ByUnit {
        let mut out = vec![BTreeMap::new(); self.units];
        for (row, value) in rows.iter().zip(values) {
            if let Some((unit, period)) = self.of_row.get(row).filter(|_| !is_missing(*value)) {
                out[*unit].insert(*period, *value);
            }
        }
        out
    }
}

/// Names and values of a list over all rows in use.
pub(crate) fn columns(
    session: &Session,
    text: &str,
    touse: &[bool],
    place: &Place,
) -> Result<Vec<(Term, ByUnit)>> {
    let list = FvList::parse(&session.frame, text, session.settings.varabbrev)?;
    let mut complete = touse.to_vec();
    list.markout(&session.frame, &mut complete)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    list.expand(&session.frame, &complete)?
        .into_iter()
        .filter(|t| !t.is_omitted())
        .map(|t| {
            let values = t.values(&session.frame, &rows)?;
            Ok((t, place.spread(&rows, &values)))
        })
        .collect()
}

/// Unit and period of an equation.
pub(crate) type Places = BTreeSet<(usize, i64)>;

/// Rows of the data that have one of the equations.
pub(crate) fn sample_rows(touse: &[bool], place: &Place, used: &Places) -> Vec<bool> {
    (0..touse.len()).map(|r| touse[r] && place.of_row.get(&r).is_some_and(|p| used.contains(p))).collect()
}

/// Stores numbers of observations, of groups, and of observations in a group.
pub(crate) fn sizes(results: &mut Results, used: &Places) {
    let mut counts = BTreeMap::new();
    used.iter().for_each(|(unit, _)| *counts.entry(*unit).or_insert(0.0) += 1.0);
    let n = used.len() as f64;
    results.scalar("N", n).scalar("N_g", counts.len() as f64).scalar("g_avg", n / counts.len() as f64);
    results.scalar("g_min", counts.values().copied().fold(f64::INFINITY, f64::min));
    results.scalar("g_max", counts.values().copied().fold(0.0, f64::max));
}
