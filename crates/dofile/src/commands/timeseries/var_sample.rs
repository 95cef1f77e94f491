//! The sample of a system of time series: values of the series, further regressors and the rows that supply lags.

use super::series;
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{FvList, numlist};
use crate::value::is_missing;

/// Series of a system.
pub(super) struct Sample {
    /// Their names.
    pub(super) names: Vec<String>,
    /// Their values in the rows.
    pub(super) y: Vec<Vec<f64>>,
    /// Further regressors by name.
    pub(super) exogenous: Vec<(String, Vec<f64>)>,
    /// Rows of the series in order; the first ones supply lags only.
    pub(super) rows: Vec<usize>,
    /// Number of rows that supply lags only.
    pub(super) from: usize,
}

/// Series over the sample and the rows before it that supply `most` lags.
pub(super) fn sample(session: &Session, cmd: &ParsedCommand, most: usize) -> Result<Sample> {
    let abbrev = session.settings.varabbrev;
    let list = FvList::parse(&session.frame, &cmd.list, abbrev)?;
    let exog = FvList::parse(&session.frame, cmd.options.text("exog").unwrap_or(""), abbrev)?;
    if list.is_empty() {
        return Err(StataError::standard(100));
    }
    if !list.factors().is_empty() {
        return Err(StataError::new(101, "factor variables not allowed"));
    }
    let mut timed = vec![true; session.frame.n_rows()];
    let (panel, time) = series::declared(session)?;
    session.markout(&[time], &mut timed, false)?;
    let every: Vec<usize> = (0..timed.len()).collect();
    let mut columns = Vec::new();
    let mut names = Vec::new();
    for term in list.expand(&session.frame, &timed)? {
        names.push(term.name());
        columns.push(term.values(&session.frame, &every)?);
    }
    let mut wanted = series::timed_rows(session, cmd)?;
    exog.markout(&session.frame, &mut wanted)?;
    let mut shifted = Vec::new();
    for lag in 1..=most {
        shifted.push(panel.shifted_rows(&session.frame, lag as i32)?);
    }
    let known = |row: usize| columns.iter().all(|c| !is_missing(c[row]));
    let usable =
        |row: &usize| wanted[*row] && known(*row) && shifted.iter().all(|s| s[*row].is_some_and(known));
    let mut marks = vec![false; timed.len()];
    every.iter().filter(|r| usable(r)).for_each(|r| marks[*r] = true);
    let used = series::order(session, &marks, false)?;
    let Some(first) = used.first().copied() else { return Err(StataError::no_observations()) };
    let mut rows: Vec<usize> = (1..=most).rev().filter_map(|lag| shifted[lag - 1][first]).collect();
    rows.extend(&used);
    let mut exogenous = Vec::new();
    for term in exog.expand(&session.frame, &marks)?.iter().filter(|t| !t.is_omitted()) {
        let values = term.values(&session.frame, &every)?;
        exogenous.push((term.name(), rows.iter().map(|r| values[*r]).collect()));
    }
    let y = columns.iter().map(|c| rows.iter().map(|r| c[*r]).collect()).collect();
    Ok(Sample { names, y, exogenous, rows, from: most })
}

/// Lags in ascending order, one and two where none are given.
pub(super) fn lag_list(text: Option<&str>) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for lag in numlist::expand(text.unwrap_or("1 2"))? {
        if lag < 1.0 || lag.fract() != 0.0 || lag > 1000.0 {
            return Err(StataError::new(198, "lags() must hold positive integers"));
        }
        out.push(lag as usize);
    }
    out.sort_unstable();
    out.dedup();
    if out.is_empty() { Err(StataError::invalid("lags() is empty")) } else { Ok(out) }
}

/// Stores the first and the last time of rows in order.
pub(super) fn span(session: &Session, used: &[usize], r: &mut Results) -> Result<()> {
    let (_, time) = series::declared(session)?;
    if let (Some(first), Some(last)) = (used.first(), used.last()) {
        let shape = &session.frame.var(time).format;
        let at = |row: usize| session.frame.num_at(time, row);
        r.scalar("tmin", at(*first)).scalar("tmax", at(*last));
        r.text("tmins", format::bare(shape, at(*first))).text("tmaxs", format::bare(shape, at(*last)));
    }
    Ok(())
}
