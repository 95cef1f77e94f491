//! Operators that build larger matrices: joins, ranges, the Kronecker product ([M-2] op_join, op_range, op_kronecker).

use super::ast::Binary;
use super::fault::{Fault, Run};
use super::grid::Grid;
use super::operators::{MAX_LEN, checked_len, complex, complex_grid, real, real_grid};
use super::value::Value;
use crate::value::is_missing;

pub(super) fn kronecker(a: &Value, b: &Value, bytes: u64) -> Run<Value> {
    let ((ra, ca), (rb, cb)) = (a.shape(), b.shape());
    let rows = ra.checked_mul(rb).ok_or_else(|| Fault::code(3900))?;
    let cols = ca.checked_mul(cb).ok_or_else(|| Fault::code(3900))?;
    checked_len(rows, cols, bytes)?;
    if let (Some(x), Some(y)) = (real_grid(a), real_grid(b)) {
        return Ok(Value::real(Grid::from_fn(rows, cols, |i, j| {
            real(Binary::Multiply, *x.get(i / rb, j / cb), *y.get(i % rb, j % cb))
        })));
    }
    let (Some(x), Some(y)) = (complex_grid(a), complex_grid(b)) else { return Err(Fault::code(3251)) };
    Ok(Value::Complex(Grid::from_fn(rows, cols, |i, j| {
        complex(Binary::Multiply, *x.get(i / rb, j / cb), *y.get(i % rb, j % cb))
    })))
}

/// `a..b`: from `a` towards `b` in steps of one.
pub(super) fn sequence(a: f64, b: f64, bytes: u64) -> Run<Vec<f64>> {
    if is_missing(a) || is_missing(b) {
        return Err(Fault::code(3351));
    }
    let steps = (b - a).abs().floor();
    if steps >= MAX_LEN as f64 {
        return Err(Fault::code(3900));
    }
    let count = checked_len(steps as usize + 1, 1, bytes)?;
    let sign = if b < a { -1.0 } else { 1.0 };
    Ok((0..count).map(|k| a + sign * k as f64).collect())
}

/// Joins values beside or below each other; void values take part without cells.
pub(super) fn join(below: bool, parts: Vec<Value>, bytes: u64) -> Run<Value> {
    let element = |v: &Value| v.element_type();
    let kind = parts.iter().map(element).fold("", |kind, e| match (kind, e) {
        ("" | "real", "complex") | ("complex", "real") => "complex",
        ("", e) => e,
        (kind, e) if kind == e => kind,
        _ => "mixed",
    });
    let total = parts.iter().fold(0usize, |n, p| n.saturating_add(p.shape().0.saturating_mul(p.shape().1)));
    checked_len(total, 1, bytes)?;
    match kind {
        "real" => Ok(Value::real(joined(below, parts.iter().filter_map(real_grid).collect())?)),
        "complex" => Ok(Value::Complex(joined(below, parts.iter().filter_map(complex_grid).collect())?)),
        "string" => {
            grids(below, parts, |v| if let Value::Text(g) = v { Some(g) } else { None }).map(Value::Text)
        }
        "pointer" => grids(below, parts, |v| if let Value::Pointer(g) = v { Some(g) } else { None })
            .map(Value::Pointer),
        "struct" => {
            grids(below, parts, |v| if let Value::Struct(g) = v { Some(g) } else { None }).map(Value::Struct)
        }
        // a void real matrix joins anything: it is what undeclared variables hold first
        _ => {
            let (void, rest): (Vec<Value>, Vec<Value>) =
                parts.into_iter().partition(|p| p.shape() == (0, 0) && p.element_type() == "real");
            if void.is_empty() || rest.is_empty() { Err(Fault::code(3250)) } else { join(below, rest, bytes) }
        }
    }
}

fn grids<T: Clone>(below: bool, parts: Vec<Value>, pick: impl Fn(Value) -> Option<Grid<T>>) -> Run<Grid<T>> {
    let count = parts.len();
    let picked: Vec<Grid<T>> = parts.into_iter().filter_map(pick).collect();
    if picked.len() < count {
        return Err(Fault::code(3250));
    }
    joined(below, picked)
}

fn joined<T: Clone>(below: bool, parts: Vec<Grid<T>>) -> Run<Grid<T>> {
    let across = |g: &Grid<T>| if below { g.cols() } else { g.rows() };
    // a 0 x 0 matrix is neutral
    let parts: Vec<Grid<T>> = if parts.iter().any(|g| g.rows() + g.cols() > 0) {
        parts.into_iter().filter(|g| g.rows() + g.cols() > 0).collect()
    } else {
        parts
    };
    let width = parts.first().map_or(0, across);
    if parts.iter().any(|g| across(g) != width) {
        return Err(Fault::code(3200));
    }
    if below {
        let rows = parts.iter().map(Grid::rows).sum();
        let data = parts.iter().flat_map(|g| g.data().iter().cloned()).collect();
        return Ok(Grid::new(rows, width, data));
    }
    let cols = parts.iter().map(Grid::cols).sum();
    let mut data = Vec::with_capacity(width * cols);
    for i in 0..width {
        parts.iter().for_each(|g| data.extend_from_slice(g.row_of(i)));
    }
    Ok(Grid::new(width, cols, data))
}
