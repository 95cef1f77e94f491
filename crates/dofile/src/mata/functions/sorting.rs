//! Orders: sorting rows, permutations, different rows ([M-5] sort(), uniqrows()). Rows with equal keys keep their order.

use super::construct::permutation;
use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::value::{Text, Value};
use crate::value::is_missing;
use std::cmp::Ordering;

pub(super) const TABLE: &[Builtin] = &[
    pure("sort", 2, 2, |a| Ok(rows_of(a.value(0), &order_of(a)?))),
    full("_sort", 2, 2, |_, a| {
        let sorted = rows_of(a.value(0), &order_of(a)?);
        a.set(0, sorted);
        Ok(None)
    }),
    pure("order", 2, 2, |a| Ok(Value::column(order_of(a)?.into_iter().map(|k| (k + 1) as f64).collect()))),
    pure("collate", 2, 2, |a| Ok(rows_of(a.value(0), &collation(a)?))),
    full("_collate", 2, 2, |_, a| {
        let rows = rows_of(a.value(0), &collation(a)?);
        a.set(0, rows);
        Ok(None)
    }),
    full("unorder", 1, 1, |m, a| {
        let n = a.count(0)?;
        let order = shuffled(m, n);
        Ok(Some(Value::column(order.into_iter().map(|k| (k + 1) as f64).collect())))
    }),
    full("jumble", 1, 1, |m, a| {
        let order = shuffled(m, a.value(0).shape().0);
        Ok(Some(rows_of(a.value(0), &order)))
    }),
    full("_jumble", 1, 1, |m, a| {
        let order = shuffled(m, a.value(0).shape().0);
        let rows = rows_of(a.value(0), &order);
        a.set(0, rows);
        Ok(None)
    }),
    pure("uniqrows", 1, 2, unique_rows),
];

/// Rows of a value in an order (from 0).
pub(super) fn rows_of(value: &Value, order: &[usize]) -> Value {
    match value {
        Value::Real(g) => Value::real(g.select_rows(order)),
        Value::Complex(g) => Value::Complex(g.select_rows(order)),
        Value::Text(g) => Value::Text(g.select_rows(order)),
        Value::Pointer(g) => Value::Pointer(g.select_rows(order)),
        Value::Struct(g) => Value::Struct(g.select_rows(order)),
        Value::Num(x) => Value::real(Grid::column(vec![*x; order.len()])),
        other => other.clone(),
    }
}

fn compare_texts(a: &Text, b: &Text) -> Ordering {
    a.as_bytes().cmp(b.as_bytes())
}

/// The order of the rows by columns; a negative column number sorts downwards.
fn order_of(a: &Args) -> Run<Vec<usize>> {
    let keys = a.vector(1)?;
    let (rows, cols) = a.value(0).shape();
    let mut columns = Vec::with_capacity(keys.len());
    for k in keys.data() {
        let place = k.abs();
        if is_missing(*k) || place < 1.0 || place >= cols as f64 + 1.0 {
            return Err(Fault::code(3300));
        }
        columns.push((place as usize - 1, *k < 0.0));
    }
    let mut order: Vec<usize> = (0..rows).collect();
    match a.value(0) {
        Value::Text(g) => {
            order.sort_by(|x, y| by_columns(&columns, |j| compare_texts(g.get(*x, j), g.get(*y, j))))
        }
        _ => {
            let g = a.real(0)?;
            order.sort_by(|x, y| by_columns(&columns, |j| g.get(*x, j).total_cmp(g.get(*y, j))));
        }
    }
    Ok(order)
}

fn by_columns(columns: &[(usize, bool)], compare: impl Fn(usize) -> Ordering) -> Ordering {
    columns
        .iter()
        .map(|(j, down)| if *down { compare(*j).reverse() } else { compare(*j) })
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn collation(a: &Args) -> Run<Vec<usize>> {
    let order = permutation(&a.vector(1)?)?;
    if order.len() == a.value(0).shape().0 { Ok(order) } else { Err(Fault::code(3200)) }
}

/// A random order: Fisher and Yates with the draws of `runiformint()`.
pub(super) fn shuffled(m: &Machine<'_>, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut rng = m.session.rng.borrow_mut();
    for k in (1..n).rev() {
        let other = rng.uniform_int(0.0, k as f64) as usize;
        order.swap(k, other);
    }
    order
}

/// `uniqrows(X [, freq])`: different rows, sorted; with `freq` a last column counts them.
fn unique_rows(a: &Args) -> Run<Value> {
    let (rows, cols) = a.value(0).shape();
    let counted = a.num_or(1, 0.0)? != 0.0;
    let columns: Vec<(usize, bool)> = (0..cols).map(|j| (j, false)).collect();
    let mut order: Vec<usize> = (0..rows).collect();
    let firsts = |order: &[usize], equal: &dyn Fn(usize, usize) -> bool| {
        let mut out: Vec<(usize, usize)> = Vec::new();
        for row in order {
            match out.last_mut() {
                Some((first, count)) if equal(*first, *row) => *count += 1,
                _ => out.push((*row, 1)),
            }
        }
        out
    };
    if let Value::Text(g) = a.value(0) {
        order.sort_by(|x, y| by_columns(&columns, |j| compare_texts(g.get(*x, j), g.get(*y, j))));
        let kept = firsts(&order, &|x, y| g.row_of(x) == g.row_of(y));
        return Ok(Value::Text(g.select_rows(&kept.iter().map(|k| k.0).collect::<Vec<_>>())));
    }
    let g = a.real(0)?;
    order.sort_by(|x, y| by_columns(&columns, |j| g.get(*x, j).total_cmp(g.get(*y, j))));
    let kept = firsts(&order, &|x, y| g.row_of(x) == g.row_of(y));
    let picked = g.select_rows(&kept.iter().map(|k| k.0).collect::<Vec<_>>());
    let counts = Grid::column(kept.iter().map(|k| k.1 as f64).collect());
    Ok(Value::real(if counted { picked.beside(&counts) } else { picked }))
}
