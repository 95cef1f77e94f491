//! Outcomes that are known as a point, an interval or a bound, given by two variables ([R] intreg, [XT] xtintreg).

use crate::error::{Result, StataError};
use crate::estimation::model::{Model, Reading, first_word};
use crate::estimation::post;
use crate::estimation::sample::{OpenSample, Side};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::value::is_missing;
use estimators::ml_censored::Seen;

/// Observation of a row from its two ends; nothing when both are missing.
pub(crate) fn seen(low: f64, high: f64) -> Option<Seen> {
    match (is_missing(low), is_missing(high)) {
        (true, true) => None,
        (true, false) => Some(Seen::AtMost(high)),
        (false, true) => Some(Seen::AtLeast(low)),
        (false, false) if low == high => Some(Seen::Value(low)),
        (false, false) => Some(Seen::Between(low, high)),
    }
}

/// Reads `depvar1 depvar2 [indepvars]`: the model, whose outcome is the middle of the interval or its known end, and what is
/// seen of each row. `further` are lists of other equations, whose missing values leave the sample.
///
/// # Errors
/// r(102) without a second outcome, r(498) where the lower end is above the upper one, r(2000) without rows.
pub fn read(session: &mut Session, reading: &Reading<'_>, further: &[&FvList]) -> Result<(Model, Vec<Seen>)> {
    let cmd = reading.cmd;
    let (first, rest) = first_word(&cmd.list);
    let (second, rest) = first_word(rest);
    if second.is_empty() {
        return Err(StataError::standard(102));
    }
    let (low, high) = (session.numeric_variable(first)?, session.numeric_variable(second)?);
    let list = FvList::parse(&session.frame, rest, session.settings.varabbrev)?;
    let mut open = OpenSample::open(session, cmd, reading)?;
    list.markout(&session.frame, &mut open.touse)?;
    for list in further {
        list.markout(&session.frame, &mut open.touse)?;
    }
    let (y1, y2) = (session.frame.numeric(low)?.into_owned(), session.frame.numeric(high)?.into_owned());
    for i in 0..open.touse.len() {
        if open.touse[i] && !is_missing(y1[i]) && !is_missing(y2[i]) && y1[i] > y2[i] {
            return Err(StataError::new(498, format!("{first} > {second} in some observations")));
        }
        open.touse[i] = open.touse[i] && seen(y1[i], y2[i]).is_some();
    }
    let constant = !cmd.has("noconstant");
    let (side, omitted) = Side::build(session, &list, &open.touse, constant)?;
    post::note_omitted(session, &omitted);
    let middle: Vec<f64> = y1
        .iter()
        .zip(&y2)
        .map(|(a, b)| match (is_missing(*a), is_missing(*b)) {
            (false, false) => (a + b) / 2.0,
            (true, _) => *b,
            _ => *a,
        })
        .collect();
    let depvar = session.frame.var(low).name.clone();
    let model = open.close(session, depvar, &middle, side.design, constant);
    let rows = model.design.rows.iter().filter_map(|r| seen(y1[*r], y2[*r])).collect();
    Ok((model, rows))
}

/// Stores how many rows are points, bounds and intervals.
pub fn store_counts(results: &mut Results, rows: &[Seen]) {
    let count = |test: fn(&Seen) -> bool| rows.iter().filter(|s| test(s)).count() as f64;
    results
        .scalar("N_unc", count(|s| matches!(s, Seen::Value(_))))
        .scalar("N_lc", count(|s| matches!(s, Seen::AtMost(_))))
        .scalar("N_rc", count(|s| matches!(s, Seen::AtLeast(_))))
        .scalar("N_int", count(|s| matches!(s, Seen::Between(..))));
}
