//! Rows and columns that a vector selects ([M-5] select()).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::{Value, View};
use std::sync::Arc;

pub(super) const TABLE: &[Builtin] = &[
    pure("select", 2, 2, |a| {
        let (rows, cols) = selected(a)?;
        Ok(match a.value(0) {
            Value::Complex(g) => Value::Complex(g.select(&rows, &cols)),
            Value::Text(g) => Value::Text(g.select(&rows, &cols)),
            Value::Pointer(g) => Value::Pointer(g.select(&rows, &cols)),
            Value::Struct(g) => Value::Struct(g.select(&rows, &cols)),
            _ => Value::real(a.real(0)?.select(&rows, &cols)),
        })
    }),
    pure("selectindex", 1, 1, |a| {
        let v = a.vector(0)?;
        let hits: Vec<f64> =
            v.data().iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(k, _)| (k + 1) as f64).collect();
        Ok(if v.rows() == 1 && v.cols() != 1 { Value::row(hits) } else { Value::column(hits) })
    }),
    full("st_select", 3, 3, |_, a| {
        let Value::View(view) = a.value(1) else { return Err(Fault::code(3104)) };
        let (view, v) = (view.clone(), a.vector(2)?);
        let by_row = v.cols() != 1 && v.rows() == 1 || (v.is_scalar() && view.rows.len() != 1);
        let wanted = if by_row { view.vars.len() } else { view.rows.len() };
        if v.len() != wanted {
            return Err(Fault::code(3200));
        }
        let pick = |list: &[usize]| -> Vec<usize> {
            list.iter().zip(v.data()).filter(|(_, x)| **x != 0.0).map(|(k, _)| *k).collect()
        };
        let new = if by_row {
            View::new(pick(&view.vars), view.rows.clone(), view.strings)
        } else {
            View::new(view.vars.clone(), pick(&view.rows), view.strings)
        };
        a.set(0, Value::View(Arc::new(new)));
        Ok(None)
    })
    .raw(),
];

/// Rows and columns that are kept: a column vector selects rows, a row vector columns.
fn selected(a: &Args) -> Run<(Vec<usize>, Vec<usize>)> {
    let (rows, cols) = a.value(0).shape();
    let v: Grid<f64> = a.vector(1)?;
    let hits = || v.data().iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(k, _)| k).collect::<Vec<_>>();
    let (all_rows, all_cols) = ((0..rows).collect(), (0..cols).collect());
    match (v.rows(), v.cols()) {
        (r, 1) if r == rows => Ok((hits(), all_cols)),
        (1, c) if c == cols => Ok((all_rows, hits())),
        _ => Err(Fault::code(3200)),
    }
}
