//! The series that `tssmooth` reads and writes: periods of panels on the grid of time, and rows for forecasts.

use super::series::{self, Grid};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType};
use crate::ops::predict::{Prediction, add};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

/// The smoothed expression on the grids of the panels.
pub(super) fn source(s: &Session, cmd: &ParsedCommand) -> Result<Vec<Grid>> {
    let text = cmd.exp.as_deref().ok_or_else(StataError::syntax)?;
    let mut touse = series::timed_rows(s, cmd)?;
    if let Some(panel) = series::declared(s)?.0.panel {
        s.markout(&[panel], &mut touse, false)?;
    }
    let grids = series::grids(s, &touse, &s.numbers(text, &touse)?)?;
    if grids.iter().all(|g| g.values.iter().all(|v| is_missing(*v))) {
        return Err(StataError::no_observations());
    }
    Ok(grids)
}

/// The series without the periods at either end that have no value; r(498) for gaps within.
pub(super) fn trimmed(mut grids: Vec<Grid>) -> Result<Vec<Grid>> {
    for grid in &mut grids {
        let known: Vec<usize> = (0..grid.values.len()).filter(|t| !is_missing(grid.values[*t])).collect();
        let (Some(first), Some(last)) = (known.first().copied(), known.last().copied()) else { continue };
        if known.len() != last - first + 1 {
            return Err(StataError::new(498, "sample may not contain gaps"));
        }
        grid.rows = grid.rows[first..=last].to_vec();
        grid.values = grid.values[first..=last].to_vec();
    }
    grids.retain(|g| !g.values.iter().all(|v| is_missing(*v)));
    Ok(grids)
}

/// Adds the new variable.
pub(super) fn store(
    s: &mut Session,
    target: (StorageType, &str),
    label: String,
    grids: &[(Grid, Vec<f64>)],
) -> Result<()> {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (grid, found) in grids {
        for (row, value) in grid.rows.iter().zip(found) {
            if let Some(row) = row {
                rows.push(*row);
                values.push(*value);
            }
        }
    }
    add(s, target.1, target.0, &rows, Prediction { values, label })
}

/// Makes rows for the periods after the last one of a series, where the data have none.
pub(super) fn append(s: &mut Session, grid: &mut Grid, ahead: usize) -> Result<()> {
    let (panel, time) = series::declared(s)?;
    let end = grid.rows.iter().rev().flatten().next().map_or(0.0, |r| s.frame.num_at(time, *r));
    let before = s.frame.n_rows();
    s.room_for((before + ahead) as f64, 0.0)?;
    let present: std::collections::HashMap<u64, usize> =
        (0..before).map(|r| (s.frame.num_at(time, r).to_bits(), r)).collect();
    let times: Vec<f64> = (1..=ahead).map(|k| end + k as f64 * panel.delta).collect();
    let mut next = before;
    for t in &times {
        let row = present.get(&t.to_bits()).copied().unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        grid.rows.push(Some(row));
        grid.values.push(crate::value::MISSING);
    }
    s.frame.set_n_rows(next);
    let mut column = s.frame.numeric(time)?.to_vec();
    let new = times.iter().filter(|t| !present.contains_key(&t.to_bits()));
    for (row, t) in (before..next).zip(new) {
        column[row] = *t;
    }
    let widest = column[before..].iter().copied().fold(0.0, f64::max);
    let kind = s.frame.var(time).data.storage_type().promoted_for(widest);
    s.frame.set_column(time, Column::from_f64(kind, &column));
    Ok(())
}
