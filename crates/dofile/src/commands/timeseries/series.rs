//! Reads one series, or several, in the order of time. What is computed from them is elsewhere.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;

/// A sample of a time series without gaps, in the order of time.
pub struct Series {
    /// Name as it is written in output (`D.y`).
    pub name: String,
    /// Values in the order of time.
    pub values: Vec<f64>,
}

/// The time variable; r(111) when it is not declared, r(459) for a panel.
pub fn declared(session: &Session) -> Result<(Panel, usize)> {
    let unset = || StataError::new(111, "time variable not set, use tsset varname ...");
    let panel = Panel::of(&session.frame).map_err(|_| unset())?;
    let time = panel.time.ok_or_else(unset)?;
    Ok((panel, time))
}

/// Rows of a sample in the order of time; r(459) for several panels, r(498) for gaps unless they are allowed.
pub fn order(session: &Session, touse: &[bool], gaps: bool) -> Result<Vec<usize>> {
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
pub fn timed_rows(session: &Session, cmd: &ParsedCommand) -> Result<Vec<bool>> {
    let (_, time) = declared(session)?;
    let mut touse = session.rows(cmd)?;
    session.markout(&[time], &mut touse, false)?;
    Ok(touse)
}

/// The one series of a command: r(100) and r(103) for none or several, r(109) for text, r(2000) without rows.
pub fn one(session: &Session, cmd: &ParsedCommand) -> Result<Series> {
    let all = several(session, cmd, &cmd.list)?;
    match all.len() {
        0 => Err(StataError::standard(100)),
        1 => all.into_iter().next().ok_or_else(|| StataError::standard(100)),
        _ => Err(StataError::standard(103)),
    }
}

/// All series of a list on their common sample.
pub fn several(session: &Session, cmd: &ParsedCommand, list: &str) -> Result<Vec<Series>> {
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
        .map(|term| Ok(Series { name: term.name(), values: term.values(&session.frame, &rows)? }))
        .collect()
}
