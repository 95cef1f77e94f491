//! The series of `arima`: the rows of its sample on the grid of time, and their differences.

use super::series;
use crate::error::{Result, StataError};
use crate::estimation::model::{first_word, single_column};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

/// Coefficients of `(1 - L)^d (1 - L^s)^D` from lag 0 on.
pub(super) fn differences((d, seasonal, s): (usize, usize, usize)) -> Vec<f64> {
    let mut out = vec![1.0];
    let mut times = |lag: usize| {
        let mut next = vec![0.0; out.len() + lag];
        for (i, v) in out.iter().enumerate() {
            next[i] += v;
            next[i + lag] -= v;
        }
        out = next;
    };
    (0..d).for_each(|_| times(1));
    (0..seasonal).for_each(|_| times(s));
    out
}

/// Name of a differenced variable.
pub(super) fn differenced_name(name: &str, (d, seasonal, s): (usize, usize, usize)) -> String {
    let mut operators = String::new();
    match d {
        0 => {}
        1 => operators.push('D'),
        _ => operators.push_str(&format!("D{d}")),
    }
    for _ in 0..seasonal {
        operators.push_str(&format!("S{s}"));
    }
    if operators.is_empty() { name.to_string() } else { format!("{operators}.{name}") }
}

/// Values at every period from the first to the last, for the rows of the data; gaps are not-a-number.
pub(super) struct Calendar {
    /// Row of each period.
    pub(super) rows: Vec<Option<usize>>,
}

impl Calendar {
    pub(super) fn new(session: &Session, rows: &[usize]) -> Result<Self> {
        let (panel, time) = series::declared(session)?;
        let at = |r: &usize| session.frame.num_at(time, *r);
        let (Some(first), Some(last)) = (rows.first().map(at), rows.last().map(at)) else {
            return Err(StataError::no_observations());
        };
        let steps = ((last - first) / panel.delta).round() as usize;
        if steps > 10_000_000 {
            return Err(StataError::new(498, "the gaps between the periods are too long"));
        }
        let mut out = vec![None; steps + 1];
        for r in rows {
            out[((at(r) - first) / panel.delta).round() as usize] = Some(*r);
        }
        Ok(Self { rows: out })
    }

    pub(super) fn spread(&self, values: &[f64]) -> Vec<f64> {
        let value = |r: &Option<usize>| {
            r.map_or(f64::NAN, |r| if is_missing(values[r]) { f64::NAN } else { values[r] })
        };
        self.rows.iter().map(value).collect()
    }
}

/// A column after differencing, over a calendar.
pub(super) fn difference(values: &[f64], coefficients: &[f64]) -> Vec<f64> {
    let lost = coefficients.len() - 1;
    (0..values.len())
        .map(|t| {
            if t < lost {
                f64::NAN
            } else {
                coefficients
                    .iter()
                    .enumerate()
                    .map(|(j, c)| if *c == 0.0 { 0.0 } else { c * values[t - j] })
                    .sum()
            }
        })
        .collect()
}

/// Outcome and regressors of the sample after differencing, at every period from its first to its last.
pub(super) struct Sample {
    pub(super) depvar: String,
    /// Names of the regressors, not differenced.
    pub(super) regressors: Vec<String>,
    /// Not-a-number at periods that are not known.
    pub(super) y: Vec<f64>,
    /// One series for each regressor; what stands at a period that is not known is not used.
    pub(super) x: Vec<Vec<f64>>,
    /// Row of each period that is known.
    pub(super) rows: Vec<usize>,
    pub(super) gaps: usize,
}

impl Sample {
    /// # Errors
    /// r(2000) without a period for which all is known; errors of the lists and of `tsset`.
    pub(super) fn read(
        session: &Session,
        cmd: &ParsedCommand,
        difference_of: (usize, usize, usize),
    ) -> Result<Self> {
        let (first, rest) = first_word(&cmd.list);
        let abbrev = session.settings.varabbrev;
        let outcome = FvList::parse(&session.frame, first, abbrev)?;
        let list = FvList::parse(&session.frame, rest, abbrev)?;
        let mut touse = series::timed_rows(session, cmd)?;
        list.markout(&session.frame, &mut touse)?;
        let rows = series::order(session, &touse, true)?;
        let Some(first_row) = rows.first() else { return Err(StataError::no_observations()) };
        let every: Vec<usize> = (0..touse.len()).collect();
        let (depvar, y) = single_column(&session.frame, &outcome, &vec![true; every.len()], &every)?;
        let calendar = Calendar::new(session, &timed_rows_of_panel(session, *first_row)?)?;
        let coefficients = differences(difference_of);
        let prepare = |values: &[f64]| difference(&calendar.spread(values), &coefficients);
        let y = prepare(&y);
        let (mut regressors, mut x) = (Vec::new(), Vec::new());
        for term in list.expand(&session.frame, &touse)?.iter().filter(|t| !t.is_omitted()) {
            regressors.push(term.name());
            x.push(prepare(&term.values(&session.frame, &every)?));
        }
        let inside = |t: usize| calendar.rows[t].filter(|row| touse[*row]);
        let complete = |t: usize| !y[t].is_nan() && x.iter().all(|c| !c[t].is_nan());
        let known: Vec<Option<usize>> = (0..y.len()).map(|t| inside(t).filter(|_| complete(t))).collect();
        let (Some(from), Some(to)) =
            (known.iter().position(Option::is_some), known.iter().rposition(Option::is_some))
        else {
            return Err(StataError::no_observations());
        };
        let keep = |values: &[f64], gap: f64| -> Vec<f64> {
            (from..=to).map(|t| if known[t].is_some() { values[t] } else { gap }).collect()
        };
        let y = keep(&y, f64::NAN);
        Ok(Self {
            depvar,
            regressors,
            gaps: y.windows(2).filter(|pair| !pair[0].is_nan() && pair[1].is_nan()).count(),
            y,
            x: x.iter().map(|c| keep(c, c[from])).collect(),
            rows: known.into_iter().flatten().collect(),
        })
    }

    /// Leaves out regressors that the others, or the constant, explain.
    pub(super) fn omit(&mut self, session: &mut Session, difference: (usize, usize, usize), constant: bool) {
        let names: Vec<String> = self.regressors.iter().map(|x| differenced_name(x, difference)).collect();
        let columns: Vec<&[f64]> = self.x.iter().map(Vec::as_slice).collect();
        let kept = series::independent(session, &names, &columns, constant);
        self.regressors = kept.iter().map(|j| self.regressors[*j].clone()).collect();
        self.x = kept.iter().map(|j| std::mem::take(&mut self.x[*j])).collect();
    }

    /// Stores the first and the last period.
    pub(super) fn post_times(&self, session: &Session, r: &mut Results) -> Result<()> {
        let (_, time) = series::declared(session)?;
        if let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) {
            let at = |row: usize| session.frame.num_at(time, row);
            r.scalar("tmin", at(*first)).scalar("tmax", at(*last));
            let shown = |row: usize| format::bare(&session.frame.var(time).format, at(row));
            r.text("tmins", shown(*first)).text("tmaxs", shown(*last));
        }
        Ok(())
    }
}

/// All rows with a time in the panel of a row, in order: those before the sample supply the lags that differencing needs.
fn timed_rows_of_panel(session: &Session, row: usize) -> Result<Vec<usize>> {
    let mut timed = vec![true; session.frame.n_rows()];
    let (panel, time) = series::declared(session)?;
    session.markout(&[time], &mut timed, false)?;
    if let Some(id) = panel.panel {
        let of = |r: usize| session.frame.num_at(id, r).to_bits();
        timed.iter_mut().enumerate().for_each(|(r, timed)| *timed &= of(r) == of(row));
    }
    series::order(session, &timed, true)
}
