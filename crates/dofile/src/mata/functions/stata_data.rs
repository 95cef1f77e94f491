//! Values of the data: copies, views and storing ([M-5] st_data(), st_view(), st_store()).

use super::{Builtin, Run, full};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::operators::{checked_len, real_grid};
use crate::mata::value::{Value, View};
use crate::syntax::{Design, FvList};
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

pub(super) const TABLE: &[Builtin] = &[
    full("_st_data", 2, 2, |m, a| Ok(Some(single(m, a, false)?))),
    full("_st_sdata", 2, 2, |m, a| Ok(Some(single(m, a, true)?))),
    full("st_data", 2, 3, |m, a| load(m, a, false)),
    full("st_sdata", 2, 3, |m, a| load(m, a, true)),
    full("st_view", 3, 4, |m, a| view(m, a, false)).raw(),
    full("st_sview", 3, 4, |m, a| view(m, a, true)).raw(),
    full("st_subview", 4, 4, subview).raw(),
    full("st_viewvars", 1, 1, |_, a| {
        let Value::View(v) = a.value(0) else { return Err(Fault::code(3104)) };
        Ok(Some(Value::row(v.vars.iter().map(|k| (k + 1) as f64).collect())))
    })
    .raw(),
    full("st_viewobs", 1, 1, |_, a| {
        let Value::View(v) = a.value(0) else { return Err(Fault::code(3104)) };
        Ok(Some(Value::column(v.rows.iter().map(|k| (k + 1) as f64).collect())))
    })
    .raw(),
    full("st_store", 3, 4, |m, a| store(m, a, false)),
    full("st_sstore", 3, 4, |m, a| store(m, a, true)),
    full("_st_store", 3, 3, |m, a| store_single(m, a, false)),
    full("_st_sstore", 3, 3, |m, a| store_single(m, a, true)),
    full("st_nvar", 0, 0, |m, _| Ok(Some(Value::count(m.session.frame.n_vars())))),
    full("st_nobs", 0, 0, |m, _| Ok(Some(Value::count(m.session.frame.n_rows())))),
];

/// Variables of an argument: numbers, names in a row, or a list in one text. Factor variables and time-series
/// operators in a text give columns of their own.
enum Columns {
    Vars(Vec<usize>),
    Terms(String),
}

/// Position of a variable from its number.
pub(super) fn by_number(m: &Machine<'_>, x: f64) -> Run<usize> {
    let n = m.session.frame.n_vars() as f64;
    if !is_missing(x) && x >= 1.0 && x < n + 1.0 { Ok(x as usize - 1) } else { Err(Fault::code(3300)) }
}

fn columns(m: &Machine<'_>, value: &Value) -> Run<Columns> {
    match value {
        Value::Num(x) if is_missing(*x) => Ok(Columns::Vars((0..m.session.frame.n_vars()).collect())),
        Value::Num(_) | Value::Real(_) => {
            let g = real_grid(value).ok_or_else(|| Fault::code(3253))?;
            let vars = g.data().iter().map(|x| by_number(m, *x)).collect::<Run<_>>()?;
            Ok(Columns::Vars(vars))
        }
        Value::Text(g) if g.is_scalar() => {
            let text = g.data()[0].trim();
            // `i.rep78`, `l.gnp`, `c.x#c.y`
            let plain = !text.contains(['.', '#']);
            if plain {
                let found =
                    crate::syntax::varlist::resolve(&m.session.frame, text, m.session.settings.varabbrev);
                return found.map(Columns::Vars).map_err(unknown);
            }
            Ok(Columns::Terms(text.to_string()))
        }
        Value::Text(g) => {
            if g.data().iter().any(|t| t.contains(['.', '#'])) {
                let list: Vec<&str> = g.data().iter().map(|t| t.trim()).collect();
                return Ok(Columns::Terms(list.join(" ")));
            }
            let vars =
                g.data().iter().map(|t| m.session.variable(t.trim()).map_err(unknown)).collect::<Run<_>>()?;
            Ok(Columns::Vars(vars))
        }
        _ => Err(Fault::code(3255)),
    }
}

/// The error of a name that is no variable: 3500 with the name.
pub(super) fn unknown(error: crate::error::StataError) -> Fault {
    Fault::with(3500, format!("invalid Stata variable name; {}", error.message))
}

/// Positions of the variables of an argument, which may have no operators.
pub(super) fn variables(m: &Machine<'_>, value: &Value) -> Run<Vec<usize>> {
    match columns(m, value)? {
        Columns::Vars(vars) => Ok(vars),
        Columns::Terms(_) => Err(Fault::code(3206)),
    }
}

/// Rows (from 0) of an argument: all, numbers in a column, ranges in rows of two.
pub(super) fn observations(m: &Machine<'_>, value: &Value) -> Run<Vec<usize>> {
    let n = m.session.frame.n_rows();
    let whole = |x: f64| if is_missing(x) { n as f64 } else { x };
    let one = |x: f64| {
        let x = whole(x);
        if x >= 1.0 && x < n as f64 + 1.0 { Ok(x as usize - 1) } else { Err(Fault::code(3300)) }
    };
    match value {
        Value::Num(x) if is_missing(*x) => Ok((0..n).collect()),
        Value::Num(x) => Ok(vec![one(*x)?]),
        Value::Real(g) if g.cols() == 1 => g.data().iter().map(|x| one(*x)).collect(),
        Value::Real(g) if g.cols() == 2 => {
            let mut out = Vec::new();
            for i in 0..g.rows() {
                let (from, to) = (whole(*g.get(i, 0)), whole(*g.get(i, 1)));
                if from < 1.0 || to > n as f64 || to < from - 1.0 {
                    return Err(Fault::code(3300));
                }
                out.extend(from as usize - 1..to as usize);
            }
            Ok(out)
        }
        Value::Real(g) if g.is_empty() => Ok(Vec::new()),
        Value::Real(_) => Err(Fault::code(3200)),
        _ => Err(Fault::code(3253)),
    }
}

/// Keeps the rows that a variable selects; 0 keeps the rows without missing values in the variables.
fn selected(m: &Machine<'_>, rows: Vec<usize>, vars: &[usize], selector: Option<&Value>) -> Run<Vec<usize>> {
    let frame = &m.session.frame;
    let var = match selector {
        None => return Ok(rows),
        Some(Value::Num(x)) if is_missing(*x) => return Ok(rows),
        Some(Value::Num(0.0)) => {
            let complete = |r: &usize| {
                vars.iter().all(|v| {
                    let column = &frame.var(*v).data;
                    if column.is_string() { !column.str(*r).is_empty() } else { !is_missing(column.num(*r)) }
                })
            };
            return Ok(rows.into_iter().filter(complete).collect());
        }
        Some(Value::Num(x)) => by_number(m, *x)?,
        Some(Value::Text(g)) if g.is_scalar() => match g.data()[0].trim() {
            "" => return Ok(rows),
            name => m.session.variable(name).map_err(unknown)?,
        },
        Some(_) => return Err(Fault::code(3255)),
    };
    Ok(rows.into_iter().filter(|r| frame.num_at(var, *r) != 0.0).collect())
}

/// One value; missing or empty outside of the data.
fn single(m: &Machine<'_>, a: &Args, strings: bool) -> Run<Value> {
    let (i, j) = (a.num(0)?, a.num(1)?);
    let frame = &m.session.frame;
    let inside = i >= 1.0 && j >= 1.0 && i < frame.n_rows() as f64 + 1.0 && j < frame.n_vars() as f64 + 1.0;
    if !inside {
        return Ok(if strings { Value::text("") } else { Value::Num(MISSING) });
    }
    let (row, var) = (i as usize - 1, j as usize - 1);
    Ok(if strings { Value::text(frame.str_at(var, row)) } else { Value::Num(frame.num_at(var, row)) })
}

/// A copy of values of the data.
fn load(m: &mut Machine<'_>, a: &mut Args, strings: bool) -> Run<Option<Value>> {
    let rows = observations(m, a.value(0))?;
    let selector = (a.len() > 2).then(|| a.value(2));
    match columns(m, a.value(1))? {
        Columns::Vars(vars) => {
            let rows = selected(m, rows, &vars, selector)?;
            checked_len(rows.len(), vars.len(), m.bytes())?;
            Ok(Some(m.cells_of(&rows, &vars, strings)))
        }
        Columns::Terms(text) => Ok(Some(Value::real(terms(m, &text, rows, selector)?))),
    }
}

/// Columns of a list with operators: one for each level of a factor, with zeros for base levels.
fn terms(m: &Machine<'_>, text: &str, rows: Vec<usize>, selector: Option<&Value>) -> Run<Grid<f64>> {
    let frame = &m.session.frame;
    let list = FvList::parse(frame, text, m.session.settings.varabbrev).map_err(unknown)?;
    let complete = matches!(selector, Some(Value::Num(0.0)));
    let rows = if complete { rows } else { selected(m, rows, &[], selector)? };
    let mut touse = vec![false; frame.n_rows()];
    rows.iter().for_each(|r| touse[*r] = true);
    let all = touse.clone();
    if complete {
        list.markout(frame, &mut touse)?;
    }
    let design = Design::build(frame, &list, &touse)?;
    let kept: Vec<usize> = rows.into_iter().filter(|r| touse[*r] && all[*r]).collect();
    checked_len(kept.len(), design.terms.len(), m.bytes())?;
    let place: Vec<usize> = kept.iter().map(|r| design.rows.partition_point(|x| x < r)).collect();
    Ok(Grid::from_fn(kept.len(), design.terms.len(), |i, j| design.column(j).map_or(0.0, |c| c[place[i]])))
}

/// `st_view(V, i, j [, selectvar])`. A list with operators gives a copy.
fn view(m: &mut Machine<'_>, a: &mut Args, strings: bool) -> Run<Option<Value>> {
    let argument = |k: usize, m: &mut Machine<'_>| {
        let value = a.value(k).clone();
        m.without_view(value)
    };
    let (i, j) = (argument(1, m)?, argument(2, m)?);
    let selector = if a.len() > 3 { Some(argument(3, m)?) } else { None };
    let rows = observations(m, &i)?;
    let value = match columns(m, &j)? {
        Columns::Vars(vars) => {
            let rows = selected(m, rows, &vars, selector.as_ref())?;
            Value::View(Arc::new(View::new(vars, rows, strings)))
        }
        Columns::Terms(text) => Value::real(terms(m, &text, rows, selector.as_ref())?),
    };
    a.set(0, value);
    Ok(None)
}

/// `st_subview(X, V, i, j)`: a view onto a part of a view.
fn subview(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let value = a.value(1).clone();
    let (i, j) = (a.value(2).clone(), a.value(3).clone());
    let (i, j) = (m.without_view(i)?, m.without_view(j)?);
    let subscripts = |v: Value| match v {
        // a row of two is a range of rows
        Value::Real(g) if g.rows() == 1 && g.cols() == 2 => {
            let (from, to) = (g.data()[0], g.data()[1]);
            let count = if to >= from { (to - from) as usize + 1 } else { 0 };
            Value::column((0..count.min(1 << 40)).map(|k| from + k as f64).collect())
        }
        other => other,
    };
    let part = crate::mata::subscripts::listed(value.shape(), &[subscripts(i), j])?;
    let new = match &value {
        Value::View(v) => {
            let rows = (0..part.rows.len()).map(|k| v.rows[part.rows.at(k)]).collect();
            let vars = (0..part.cols.len()).map(|k| v.vars[part.cols.at(k)]).collect();
            Value::View(Arc::new(View::new(vars, rows, v.strings)))
        }
        other => crate::mata::subscripts::extract(other, &part)?,
    };
    a.set(0, new);
    Ok(None)
}

/// `st_store(i, j [, selectvar], X)`.
fn store(m: &mut Machine<'_>, a: &mut Args, strings: bool) -> Run<Option<Value>> {
    let rows = observations(m, a.value(0))?;
    let vars = variables(m, a.value(1))?;
    let selector = (a.len() > 3).then(|| a.value(2));
    let rows = selected(m, rows, &vars, selector)?;
    let wrong = vars.iter().any(|v| m.session.frame.var(*v).is_string() != strings);
    if wrong {
        return Err(Fault::code(3250));
    }
    let value = a.value(a.len() - 1).clone();
    m.write_cells(&rows, &vars, &value, strings)?;
    Ok(None)
}

/// `_st_store(i, j, x)`: one value; outside of the data nothing happens.
fn store_single(m: &mut Machine<'_>, a: &mut Args, strings: bool) -> Run<Option<Value>> {
    let (i, j) = (a.num(0)?, a.num(1)?);
    let frame = &m.session.frame;
    let inside = i >= 1.0 && j >= 1.0 && i < frame.n_rows() as f64 + 1.0 && j < frame.n_vars() as f64 + 1.0;
    if !inside {
        return Err(Fault::code(3300));
    }
    let value = a.value(2).clone();
    m.write_cells(&[i as usize - 1], &[j as usize - 1], &value, strings)?;
    Ok(None)
}
