//! `forecast solve`: the model of `forecast` solved for its endogenous variables, one period after the other ([TS] forecast
//! solve).

use super::forecast_equations::{Unknown, gauss_seidel, newton, put, unknowns};
use super::forecast_model::{Solved, counted, current, current_mut};
use super::forecast_options::{Asked, Technique};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::results::Results;
use crate::session::Session;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

/// Rows in the order of time, of each panel.
fn panels(session: &Session) -> Result<(Vec<Vec<usize>>, usize)> {
    let declared = Panel::for_operators(&session.frame)?;
    let time = declared.time.ok_or_else(|| StataError::new(111, "time variable not set"))?;
    let keys: Vec<(usize, bool)> = declared.panel.into_iter().chain([time]).map(|v| (v, false)).collect();
    let frame = &session.frame;
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut last = None;
    for row in frame.sorted_order(&keys).into_iter().filter(|r| !is_missing(frame.num_at(time, *r))) {
        let own = declared.panel.map(|p| frame.num_at(p, row).to_bits());
        if last != Some(own) {
            out.push(Vec::new());
            last = Some(own);
        }
        if let Some(rows) = out.last_mut() {
            rows.push(row);
        }
    }
    Ok((out, time))
}

/// Rows of each panel that are forecast, with the first of all panels by default the period after the last one in which
/// all endogenous variables have values.
fn horizon(
    session: &Session,
    (panels, time): (&[Vec<usize>], usize),
    asked: &Asked,
    places: &[usize],
) -> Result<Vec<Vec<usize>>> {
    let frame = &session.frame;
    let known = |row: &usize| places.iter().all(|p| !is_missing(frame.num_at(*p, *row)));
    let default = || {
        let last = panels.iter().flatten().filter(|r| known(r)).map(|r| frame.num_at(time, *r));
        last.fold(f64::NEG_INFINITY, f64::max)
    };
    let inside = |t: f64| asked.begin.map_or_else(|| t > default(), |begin| t >= begin);
    let mut out = Vec::new();
    for rows in panels {
        let own = rows.iter().copied().filter(|r| {
            let t = frame.num_at(time, *r);
            inside(t) && asked.end.is_none_or(|end| t <= end)
        });
        let most = asked.periods.map_or(usize::MAX, |p| p as usize);
        out.push(own.take(most).collect::<Vec<usize>>());
    }
    if out.iter().all(Vec::is_empty) {
        return Err(StataError::new(198, "no periods to forecast; begin() names the first one"));
    }
    Ok(out)
}

/// Runs `forecast solve`.
pub(super) fn solve(session: &mut Session, rest: &str, options: &[(String, Option<String>)]) -> Result<()> {
    if !rest.is_empty() {
        return Err(StataError::syntax());
    }
    let asked = Asked::read(session, options)?;
    let model = current(session)?;
    if model.endogenous.is_empty() {
        return Err(StataError::new(198, "the forecast model has no endogenous variables"));
    }
    let unknowns = unknowns(session, model)?;
    let names: Vec<String> = model.endogenous.iter().map(|e| e.name.clone()).collect();
    let new: Vec<String> = names.iter().map(|n| format!("{}{n}{}", asked.prefix, asked.suffix)).collect();
    if let Some(name) = new.iter().find(|n| session.frame.find(n).is_some()) {
        return Err(StataError::new(110, format!("variable {name} already defined")));
    }
    let exogenous: Vec<usize> =
        model.exogenous.iter().map(|x| session.frame.position(x)).collect::<Result<_>>()?;
    let called = if model.name.is_empty() { "current model".into() } else { format!("model {}", model.name) };
    let (panels, time) = panels(session)?;
    let places: Vec<usize> = unknowns.iter().map(|u| u.place).collect();
    let rows = horizon(session, (&panels, time), &asked, &places)?;
    let lacks = |r: &usize| exogenous.iter().find(|x| is_missing(session.frame.num_at(**x, *r)));
    if let Some(x) = rows.iter().flatten().find_map(lacks) {
        let name = &session.frame.var(*x).name;
        return Err(StataError::new(
            459,
            format!("exogenous variable {name} has missing values in the horizon"),
        ));
    }
    let shown = |s: &Session, row: usize| {
        format::bare(&s.frame.var(time).format, s.frame.num_at(time, row)).trim().to_string()
    };
    let horizon_rows: Vec<usize> = rows.iter().flatten().copied().collect();
    let by_time =
        |a: &&usize, b: &&usize| session.frame.num_at(time, **a).total_cmp(&session.frame.num_at(time, **b));
    let first = horizon_rows.iter().min_by(by_time).copied().unwrap_or(0);
    let last = horizon_rows.iter().max_by(by_time).copied().unwrap_or(0);
    let ends = (shown(session, first), shown(session, last));
    heading(session, &asked, &called, &ends);
    // the columns of the data hold the forecasts while the model is solved
    let originals: Vec<Arc<Column>> = places.iter().map(|p| session.frame.var(*p).data.clone()).collect();
    for place in &places {
        let values = session.frame.numeric(*place)?.to_vec();
        session.frame.set_column(*place, Column::Double(values));
    }
    let found = all_periods(session, &asked, &unknowns, &rows, &originals, time);
    for (place, original) in places.iter().zip(&originals) {
        session.frame.set_column(*place, original.as_ref().clone());
    }
    let found = found?;
    add_variables(session, &asked, &new, &originals, &horizon_rows, found)?;
    finish(session, &asked, new, &rows, ends);
    Ok(())
}

fn heading(session: &mut Session, asked: &Asked, called: &str, ends: &(String, String)) {
    let title =
        format!("Computing {} forecasts for {called}.", if asked.fixed { "static" } else { "dynamic" });
    session.print("");
    session.print(&title);
    session.print("-".repeat(title.chars().count()));
    session.print(format!("Starting period:  {}", ends.0));
    session.print(format!("Ending period:    {}", ends.1));
    if asked.suffix.is_empty() {
        session.print(format!("Forecast prefix:  {}", asked.prefix));
    } else {
        session.print(format!("Forecast suffix:  {}", asked.suffix));
    }
    session.print("");
}

/// Solves every period; the forecasts of each row of the horizon, panel by panel, by variable.
fn all_periods(
    session: &mut Session,
    asked: &Asked,
    unknowns: &[Unknown],
    rows: &[Vec<usize>],
    originals: &[Arc<Column>],
    time: usize,
) -> Result<Vec<Vec<f64>>> {
    let mut out = Vec::new();
    for (number, own) in rows.iter().enumerate() {
        if rows.len() > 1 && asked.log != "off" {
            session.print(format!("Panel {}:", number + 1));
        }
        let mut before: Option<Vec<f64>> = None;
        for row in own {
            let actual: Vec<f64> = originals.iter().map(|c| c.num(*row)).collect();
            let free: Vec<usize> =
                (0..unknowns.len()).filter(|k| !asked.actuals || is_missing(actual[*k])).collect();
            let start = |k: usize| {
                let guess = before.as_ref().map_or(actual[k], |b| b[k]);
                if is_missing(guess) { 0.0 } else { guess }
            };
            free.iter().for_each(|k| put(session, unknowns[*k].place, *row, start(*k)));
            let parts: Vec<&Unknown> = free.iter().map(|k| &unknowns[*k]).collect();
            let iterations = match asked.technique {
                Technique::GaussSeidel(damping) => gauss_seidel(session, asked, damping, &parts, *row),
                Technique::Newton => newton(session, asked, &parts, *row),
            };
            let period = format::bare(&session.frame.var(time).format, session.frame.num_at(time, *row));
            let iterations = iterations
                .map_err(|e| StataError::new(e.code, format!("{}; period {}", e.message, period.trim())))?;
            if matches!(asked.log, "on" | "detail") || (asked.log == "brief" && rows.len() == 1) {
                session.print(format!("{}:  {}", period.trim(), ".".repeat(iterations)));
            }
            let values: Vec<f64> = unknowns.iter().map(|u| session.frame.num_at(u.place, *row)).collect();
            if asked.fixed {
                // later periods look back at actual values
                unknowns.iter().zip(&actual).for_each(|(u, a)| put(session, u.place, *row, *a));
            }
            before = Some(values.clone());
            out.push(values);
        }
    }
    Ok(out)
}

/// Adds the forecasts: actual values before the first period of the horizon, missing ones after the last.
fn add_variables(
    session: &mut Session,
    asked: &Asked,
    new: &[String],
    originals: &[Arc<Column>],
    horizon_rows: &[usize],
    found: Vec<Vec<f64>>,
) -> Result<()> {
    let (panels, time) = panels(session)?;
    let times = horizon_rows.iter().map(|r| session.frame.num_at(time, *r));
    let first = times.fold(f64::INFINITY, f64::min);
    for (k, name) in new.iter().enumerate() {
        let mut values = vec![MISSING; session.frame.n_rows()];
        for row in panels.iter().flatten().filter(|r| session.frame.num_at(time, **r) < first) {
            values[*row] = originals[k].num(*row);
        }
        horizon_rows.iter().zip(&found).for_each(|(row, all)| values[*row] = all[k]);
        let column =
            if asked.double { Column::Double(values) } else { Column::from_f64(StorageType::Float, &values) };
        session.frame.add(Variable::new(name, column))?;
    }
    Ok(())
}

/// The last lines and the stored results.
fn finish(
    session: &mut Session,
    asked: &Asked,
    new: Vec<String>,
    rows: &[Vec<usize>],
    ends: (String, String),
) {
    let count = new.len();
    let panels = rows.iter().filter(|r| !r.is_empty()).count();
    let periods = rows.iter().map(Vec::len).max().unwrap_or(0);
    let across = if rows.len() > 1 { format!(" for {}", counted(panels, "panel")) } else { String::new() };
    let said =
        format!("Forecast {} spanning {}{across}.", counted(count, "variable"), counted(periods, "period"));
    if asked.log != "off" {
        session.print("");
    }
    session.print(&said);
    session.print("-".repeat(said.chars().count()));
    let (name, damping) = match asked.technique {
        Technique::GaussSeidel(0.0) => ("gaussseidel", None),
        Technique::GaussSeidel(d) => ("dampedgaussseidel", Some(d)),
        Technique::Newton => ("newtonraphson", None),
    };
    let given = |on: bool, text: &str| if on { text.to_string() } else { String::new() };
    let texts = vec![
        ("prefix", asked.prefix.clone()),
        ("suffix", asked.suffix.clone()),
        ("actuals", given(asked.actuals, "actuals")),
        ("static", given(asked.fixed, "static")),
        ("double", given(asked.double, "double")),
        ("technique", name.to_string()),
    ];
    let mut scalars = vec![
        ("Npanels", panels as f64),
        ("Nvar", count as f64),
        ("vtolerance", asked.values),
        ("ztolerance", asked.zero),
        ("sim_nreps", 0.0),
    ];
    scalars.extend(damping.map(|d| ("damping", d)));
    let mut r = Results::default();
    let own = rows.iter().find(|r| !r.is_empty());
    let at = |row: Option<&usize>| row.map_or(MISSING, |r| *r as f64 + 1.0);
    r.scalar("first_obs", at(own.and_then(|r| r.first()))).scalar("last_obs", at(own.and_then(|r| r.last())));
    scalars.iter().for_each(|(name, value)| {
        r.scalar(name, *value);
    });
    r.scalar("iterate", asked.most);
    texts.iter().for_each(|(name, value)| {
        r.text(name, value);
    });
    r.text("logtype", asked.log);
    session.r = r;
    scalars.extend([("periods", periods as f64), ("maxiter", asked.most)]);
    let mut solved = Solved { scalars, texts };
    solved.texts.extend([("begin", ends.0), ("end", ends.1)]);
    if let Ok(model) = current_mut(session) {
        model.solved = Some(solved);
        model.made.extend(new);
    }
}
