//! Extremes and counts of missing values, of the whole matrix, its rows or its columns ([M-5] minmax(), missing()).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::Value;
use crate::value::{MISSING, is_missing};

pub(super) const TABLE: &[Builtin] = &[
    pure("max", 1, 1, |a| Ok(Value::Num(extreme(a.real(0)?.data().iter(), true, false)))),
    pure("min", 1, 1, |a| Ok(Value::Num(extreme(a.real(0)?.data().iter(), false, false)))),
    pure("minmax", 1, 2, |a| {
        let (x, all) = (a.real(0)?, a.num_or(1, 0.0)? != 0.0);
        Ok(Value::row(vec![extreme(x.data().iter(), false, all), extreme(x.data().iter(), true, all)]))
    }),
    pure("rowmax", 1, 2, |a| rows(a, |r, all| extreme(r.iter(), true, all))),
    pure("rowmin", 1, 2, |a| rows(a, |r, all| extreme(r.iter(), false, all))),
    pure("colmax", 1, 2, |a| columns(a, |c, all| extreme(c.iter(), true, all))),
    pure("colmin", 1, 2, |a| columns(a, |c, all| extreme(c.iter(), false, all))),
    pure("rowminmax", 1, 2, |a| {
        let (x, all) = (a.real(0)?, a.num_or(1, 0.0)? != 0.0);
        Ok(Value::real(Grid::from_fn(x.rows(), 2, |i, j| extreme(x.row_of(i).iter(), j == 1, all))))
    }),
    pure("colminmax", 1, 2, |a| {
        let (x, all) = (a.real(0)?, a.num_or(1, 0.0)? != 0.0);
        Ok(Value::real(Grid::from_fn(2, x.cols(), |i, j| extreme(x.column_of(j), i == 1, all))))
    }),
    pure("rowmaxabs", 1, 1, |a| rows(a, |r, _| extreme(sizes(r).iter(), true, false))),
    pure("colmaxabs", 1, 1, |a| columns(a, |c, _| extreme(sizes(c).iter(), true, false))),
    full("minindex", 4, 4, |_, a| indices(a, false)),
    full("maxindex", 4, 4, |_, a| indices(a, true)),
    pure("missing", 1, 1, |a| Ok(Value::count(flags(a)?.data().iter().filter(|m| **m).count()))),
    pure("nonmissing", 1, 1, |a| Ok(Value::count(flags(a)?.data().iter().filter(|m| !**m).count()))),
    pure("hasmissing", 1, 1, |a| Ok(Value::truth(flags(a)?.data().iter().any(|m| *m)))),
    pure("rowmissing", 1, 1, |a| Ok(row_counts(&flags(a)?, true))),
    pure("rownonmissing", 1, 1, |a| Ok(row_counts(&flags(a)?, false))),
    pure("colmissing", 1, 1, |a| Ok(column_counts(&flags(a)?, true))),
    pure("colnonmissing", 1, 1, |a| Ok(column_counts(&flags(a)?, false))),
    pure("missingof", 1, 1, |a| match a.value(0) {
        Value::Text(_) => Ok(Value::text("")),
        _ => Ok(Value::Num(MISSING)),
    }),
    pure("all", 1, 1, |a| Ok(Value::truth(a.real(0)?.data().iter().all(|x| *x != 0.0)))),
    pure("any", 1, 1, |a| Ok(Value::truth(a.real(0)?.data().iter().any(|x| *x != 0.0)))),
    pure("allof", 2, 2, |a| matches_of(a, true)),
    pure("anyof", 2, 2, |a| matches_of(a, false)),
];

/// The largest or smallest number; missing values count only where `all` is set, or where there is nothing else.
fn extreme<'a>(values: impl Iterator<Item = &'a f64>, largest: bool, all: bool) -> f64 {
    let better = |x: f64, y: f64| if largest { x > y } else { x < y };
    let mut best = None;
    let mut missing = None;
    for x in values {
        if is_missing(*x) && !all {
            missing = missing.or(Some(*x));
        } else if best.is_none_or(|b| better(*x, b)) {
            best = Some(*x);
        }
    }
    best.or(missing.map(|_| MISSING)).unwrap_or(MISSING)
}

fn sizes(values: &[f64]) -> Vec<f64> {
    values.iter().map(|x| if is_missing(*x) { *x } else { x.abs() }).collect()
}

fn rows(a: &Args, f: impl Fn(&[f64], bool) -> f64) -> Run<Value> {
    let (x, all) = (a.real(0)?, a.num_or(1, 0.0)? != 0.0);
    Ok(Value::column((0..x.rows()).map(|i| f(x.row_of(i), all)).collect()))
}

fn columns(a: &Args, f: impl Fn(&[f64], bool) -> f64) -> Run<Value> {
    let (x, all) = (a.real(0)?.transpose(), a.num_or(1, 0.0)? != 0.0);
    Ok(Value::row((0..x.rows()).map(|i| f(x.row_of(i), all)).collect()))
}

/// `minindex(v, k, i, w)`: places of the `k` smallest different values in `i`; `w` has for each of them where it
/// starts in `i` and how often it occurs. A negative `k` asks for the largest.
fn indices(a: &mut Args, largest: bool) -> Run<Option<Value>> {
    let (v, k) = (a.vector(0)?, a.num(1)?);
    let largest = largest != (k < 0.0);
    let wanted = if is_missing(k) { usize::MAX } else { k.abs() as usize };
    let x = v.data();
    let mut places: Vec<usize> = (0..v.len()).filter(|p| !is_missing(x[*p])).collect();
    places.sort_by(|p, q| if largest { x[*q].total_cmp(&x[*p]) } else { x[*p].total_cmp(&x[*q]) });
    let (mut found, mut ties) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < places.len() && ties.len() < wanted {
        let length = places[at..].iter().take_while(|p| x[**p] == x[places[at]]).count();
        ties.push([(found.len() + 1) as f64, length as f64]);
        found.extend(places[at..at + length].iter().map(|p| (p + 1) as f64));
        at += length;
    }
    a.set(2, Value::column(found));
    a.set(3, Value::real(Grid::new(ties.len(), 2, ties.concat())));
    Ok(None)
}

/// Which elements are missing; empty texts and `NULL` count as missing.
fn flags(a: &Args) -> Run<Grid<bool>> {
    match a.value(0) {
        Value::Num(_) | Value::Real(_) => Ok(a.real(0)?.map(|x| is_missing(*x))),
        Value::Complex(g) => Ok(g.map(|z| is_missing(z.re))),
        Value::Text(g) => Ok(g.map(|t| t.is_empty())),
        _ => Err(Fault::code(3256)),
    }
}

fn row_counts(flags: &Grid<bool>, wanted: bool) -> Value {
    let count = |i: usize| flags.row_of(i).iter().filter(|m| **m == wanted).count() as f64;
    Value::column((0..flags.rows()).map(count).collect())
}

fn column_counts(flags: &Grid<bool>, wanted: bool) -> Value {
    let count = |j: usize| flags.column_of(j).filter(|m| **m == wanted).count() as f64;
    Value::row((0..flags.cols()).map(count).collect())
}

fn matches_of(a: &Args, all: bool) -> Run<Value> {
    let truth = |hits: usize, len: usize| Value::truth(if all { hits == len } else { hits > 0 });
    if let Value::Text(g) = a.value(0) {
        let wanted = a.text(1)?;
        return Ok(truth(g.data().iter().filter(|t| **t == wanted).count(), g.len()));
    }
    let (g, wanted) = (a.real(0)?, a.num(1)?);
    Ok(truth(g.data().iter().filter(|x| **x == wanted).count(), g.len()))
}
