//! Reads one series, or several, in the order of time. What is computed from them is elsewhere.

use crate::error::{Result, StataError};
use crate::estimation::post::note_omitted;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::qr::{Design as Columns, choose_columns};

/// A sample of a time series without gaps, in the order of time.
pub(super) struct Series {
    /// Name as it is written in output (`D.y`).
    pub name: String,
    /// Values in the order of time.
    pub values: Vec<f64>,
    /// Rows of the data in the order of time.
    pub rows: Vec<usize>,
}

/// The time variable; r(111) when it is not declared, r(459) for a panel.
pub(super) fn declared(session: &Session) -> Result<(Panel, usize)> {
    let panel = Panel::for_operators(&session.frame)?;
    let time = panel.series()?;
    Ok((panel, time))
}

/// Rows of a sample in the order of time; r(459) for several panels, r(498) for gaps unless they are allowed.
pub(super) fn order(session: &Session, touse: &[bool], gaps: bool) -> Result<Vec<usize>> {
    let (panel, time) = declared(session)?;
    let t = session.frame.numeric(time)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if let Some(id) = panel.panel {
        let first = rows.first().map(|r| session.frame.num_at(id, *r).to_bits());
        if rows.iter().any(|r| Some(session.frame.num_at(id, *r).to_bits()) != first) {
            return Err(StataError::new(459, "sample may not include multiple panels"));
        }
    }
    rows.sort_by(|a, b| t[*a].total_cmp(&t[*b]));
    if !gaps && rows.windows(2).any(|w| t[w[1]] - t[w[0]] != panel.delta) {
        return Err(StataError::new(498, "sample may not contain gaps"));
    }
    Ok(rows)
}

/// Marks out rows whose time is missing.
pub(super) fn timed_rows(session: &Session, cmd: &ParsedCommand) -> Result<Vec<bool>> {
    let (_, time) = declared(session)?;
    let mut touse = session.rows(cmd)?;
    session.markout(&[time], &mut touse, false)?;
    Ok(touse)
}

/// The one series of a command: r(100) and r(103) for none or several, r(109) for text, r(2000) without rows.
pub(super) fn one(session: &Session, cmd: &ParsedCommand) -> Result<Series> {
    let all = several(session, cmd, &cmd.list)?;
    match all.len() {
        0 => Err(StataError::standard(100)),
        1 => all.into_iter().next().ok_or_else(|| StataError::standard(100)),
        _ => Err(StataError::standard(103)),
    }
}

/// All series of a list on their common sample.
pub(super) fn several(session: &Session, cmd: &ParsedCommand, list: &str) -> Result<Vec<Series>> {
    let mut touse = timed_rows(session, cmd)?;
    let list = FvList::parse(&session.frame, list, session.settings.varabbrev)?;
    if list.is_empty() {
        return Err(StataError::standard(100));
    }
    if !list.factors().is_empty() {
        return Err(StataError::new(101, "factor variables not allowed"));
    }
    list.markout(&session.frame, &mut touse)?;
    if !touse.iter().any(|t| *t) {
        return Err(StataError::no_observations());
    }
    let rows = order(session, &touse, false)?;
    let terms = list.expand(&session.frame, &touse)?;
    terms
        .iter()
        .map(|term| {
            let values = term.values(&session.frame, &rows)?;
            Ok(Series { name: term.name(), values, rows: rows.clone() })
        })
        .collect()
}

/// Numbers of the regressors that stay, in their order; a note names those that the others, or the constant, explain.
pub(super) fn independent(
    session: &mut Session,
    names: &[String],
    columns: &[&[f64]],
    constant: bool,
) -> Vec<usize> {
    let (kept, omitted) = choose_columns(Columns { columns, weights: None, constant });
    let left: Vec<String> = omitted.iter().map(|j| names[*j].clone()).collect();
    note_omitted(session, &left);
    kept
}

/// The same of series.
pub(super) fn explaining<'a>(session: &mut Session, x: &'a [Series], constant: bool) -> Vec<&'a Series> {
    let names: Vec<String> = x.iter().map(|s| s.name.clone()).collect();
    let columns: Vec<&[f64]> = x.iter().map(|s| s.values.as_slice()).collect();
    independent(session, &names, &columns, constant).into_iter().map(|j| &x[j]).collect()
}

/// Most periods that the grids of a sample may have.
const MOST_PERIODS: f64 = 50_000_000.0;

/// One panel on the grid of time: for each period the row, where there is one, and its value (missing in gaps).
pub(super) struct Grid {
    /// Rows of the data by period.
    pub rows: Vec<Option<usize>>,
    /// Values by period.
    pub values: Vec<f64>,
}

/// The sample of each panel from its first to its last period; r(901) where the times are too far apart.
pub(super) fn grids(session: &Session, touse: &[bool], values: &[f64]) -> Result<Vec<Grid>> {
    let (panel, time) = declared(session)?;
    let keys: Vec<(usize, bool)> = panel.panel.into_iter().chain([time]).map(|v| (v, false)).collect();
    let mut panels: Vec<Vec<usize>> = Vec::new();
    let mut last = None;
    for row in session.frame.sorted_order(&keys).into_iter().filter(|r| touse[*r]) {
        let id = panel.panel.map_or(0, |p| session.frame.num_at(p, row).to_bits());
        if last != Some(id) {
            panels.push(Vec::new());
            last = Some(id);
        }
        if let Some(rows) = panels.last_mut() {
            rows.push(row);
        }
    }
    let at = |row: usize| session.frame.num_at(time, row);
    let period = |rows: &[usize], row: usize| ((at(row) - at(rows[0])) / panel.delta).round();
    let spans = panels.iter().map(|rows| period(rows, rows[rows.len() - 1]) + 1.0);
    let total: f64 = spans.clone().sum();
    if total > MOST_PERIODS {
        return Err(StataError::new(901, "no room for the periods between the first and the last time"));
    }
    session.room_for(total, 16.0)?;
    let lengths: Vec<usize> = spans.map(|s| s as usize).collect();
    Ok(panels
        .iter()
        .zip(lengths)
        .map(|(rows, length)| {
            let mut grid = Grid { rows: vec![None; length], values: vec![MISSING; length] };
            for row in rows {
                let place = period(rows, *row) as usize;
                grid.rows[place] = Some(*row);
                grid.values[place] = values[*row];
            }
            grid
        })
        .collect())
}
