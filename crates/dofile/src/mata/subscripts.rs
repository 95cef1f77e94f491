//! Subscripts: elements and parts of a value, and assignment to them ([M-2] Subscripts).

use super::fault::{Fault, Run};
use super::grid::Grid;
use super::operators::{complex_grid, real_grid};
use super::value::Value;
use crate::value::is_missing;

/// Rows and columns that a subscript names, by position.
#[derive(Debug, Clone)]
pub struct Part {
    /// Rows.
    pub rows: Positions,
    /// Columns.
    pub cols: Positions,
}

/// Positions along one side.
#[derive(Debug, Clone)]
pub enum Positions {
    /// All of so many.
    All(usize),
    /// One.
    One(usize),
    /// These.
    These(Vec<usize>),
}

impl Positions {
    /// Number of positions.
    pub fn len(&self) -> usize {
        match self {
            Self::All(n) => *n,
            Self::One(_) => 1,
            Self::These(list) => list.len(),
        }
    }

    /// The position at a place.
    pub fn at(&self, k: usize) -> usize {
        match self {
            Self::All(_) => k,
            Self::One(i) => *i,
            Self::These(list) => list[k],
        }
    }
}

fn one(x: f64, n: usize) -> Run<usize> {
    if !is_missing(x) && x >= 1.0 && x < n as f64 + 1.0 { Ok(x as usize - 1) } else { Err(Fault::code(3301)) }
}

/// The positions that a list subscript names among `n`; a missing value names all.
///
/// # Errors
/// 3301 outside of the range.
fn positions(subscript: &Value, n: usize) -> Run<Positions> {
    match subscript {
        Value::Num(x) if is_missing(*x) => Ok(Positions::All(n)),
        Value::Num(x) => Ok(Positions::One(one(*x, n)?)),
        Value::Real(g) if g.is_vector() || g.is_empty() => {
            Ok(Positions::These(g.data().iter().map(|x| one(*x, n)).collect::<Run<_>>()?))
        }
        _ => Err(Fault::code(3301)),
    }
}

/// The part that list subscripts name of a value of a shape.
///
/// # Errors
/// 3301 outside of the value, or one subscript for a matrix.
pub(super) fn listed(shape: (usize, usize), subscripts: &[Value]) -> Run<Part> {
    let (rows, cols) = shape;
    match subscripts {
        [i, j] => Ok(Part { rows: positions(i, rows)?, cols: positions(j, cols)? }),
        [k] if rows == 1 && (cols != 1 || !is_column(k)) => {
            Ok(Part { rows: Positions::One(0), cols: positions(k, cols)? })
        }
        [k] if cols == 1 => Ok(Part { rows: positions(k, rows)?, cols: Positions::One(0) }),
        // a void matrix has no elements that a subscript could name
        [Value::Num(x)] if is_missing(*x) => {
            Ok(Part { rows: Positions::All(rows), cols: Positions::All(cols) })
        }
        _ => Err(Fault::code(3301)),
    }
}

fn is_column(v: &Value) -> bool {
    v.shape().1 == 1 && v.shape().0 != 1
}

/// The part that a range subscript names.
///
/// # Errors
/// 3301 outside of the value or without the form of a range.
pub(super) fn ranged(shape: (usize, usize), range: &Value) -> Run<Part> {
    let (rows, cols) = shape;
    let grid = real_grid(range).ok_or_else(|| Fault::code(3253))?;
    let corner =
        |x: f64, n: usize| if is_missing(x) { Positions::All(n) } else { Positions::One(x as usize) };
    let single = |x: f64, n: usize| match corner(x, n) {
        Positions::One(_) => one(x, n).map(Positions::One),
        all => Ok(all),
    };
    let span = |from: f64, to: f64, n: usize| -> Run<Positions> {
        let last = if is_missing(to) { n } else { to as usize };
        if is_missing(from) || from < 1.0 || last > n || (from as usize) > last + 1 {
            return Err(Fault::code(3301));
        }
        Ok(Positions::These((from as usize - 1..last).collect()))
    };
    let x = |i: usize, j: usize| *grid.get(i, j);
    match (grid.rows(), grid.cols()) {
        (1, 2) => Ok(Part { rows: single(x(0, 0), rows)?, cols: single(x(0, 1), cols)? }),
        (2, 2) => Ok(Part { rows: span(x(0, 0), x(1, 0), rows)?, cols: span(x(0, 1), x(1, 1), cols)? }),
        (1, 1) if rows == 1 => Ok(Part { rows: Positions::One(0), cols: single(x(0, 0), cols)? }),
        (1, 1) if cols == 1 => Ok(Part { rows: single(x(0, 0), rows)?, cols: Positions::One(0) }),
        (2, 1) if rows == 1 => Ok(Part { rows: Positions::One(0), cols: span(x(0, 0), x(1, 0), cols)? }),
        (2, 1) if cols == 1 => Ok(Part { rows: span(x(0, 0), x(1, 0), rows)?, cols: Positions::One(0) }),
        _ => Err(Fault::code(3301)),
    }
}

fn pick<T: Clone>(g: &Grid<T>, part: &Part) -> Grid<T> {
    if let (Positions::All(_), Positions::All(_)) = (&part.rows, &part.cols) {
        return g.clone();
    }
    let (rows, cols) = (part.rows.len(), part.cols.len());
    if let Positions::All(_) = part.cols {
        let mut data = Vec::with_capacity(rows * cols);
        (0..rows).for_each(|k| data.extend_from_slice(g.row_of(part.rows.at(k))));
        return Grid::new(rows, cols, data);
    }
    Grid::from_fn(rows, cols, |i, j| g.get(part.rows.at(i), part.cols.at(j)).clone())
}

/// The elements of a part.
///
/// # Errors
/// 3103 for a view, whose elements are in the data.
pub(super) fn extract(value: &Value, part: &Part) -> Run<Value> {
    Ok(match value {
        Value::Real(g) => match (&part.rows, &part.cols) {
            (Positions::One(i), Positions::One(j)) => Value::Num(*g.get(*i, *j)),
            _ => Value::real(pick(g, part)),
        },
        Value::Num(x) => Value::real(pick(&Grid::scalar(*x), part)),
        Value::Complex(g) => Value::Complex(pick(g, part)),
        Value::Text(g) => Value::Text(pick(g, part)),
        Value::Pointer(g) => Value::Pointer(pick(g, part)),
        Value::Struct(g) => Value::Struct(pick(g, part)),
        Value::Object(_) => value.clone(),
        Value::View(_) => return Err(Fault::code(3103)),
    })
}

fn put<T: Clone>(mut target: Grid<T>, part: &Part, source: &Grid<T>) -> Grid<T> {
    let cols = target.cols();
    let data = target.data_mut();
    let source = source.data();
    let mut next = 0;
    for i in 0..part.rows.len() {
        let start = part.rows.at(i) * cols;
        for j in 0..part.cols.len() {
            data[start + part.cols.at(j)] = source[next].clone();
            next += 1;
        }
    }
    target
}

/// The value with other elements in a part. A vector fits a part of its length in one row or column.
///
/// # Errors
/// 3200 for another shape, 3250 for elements of another type; the value comes back with the error.
pub(super) fn assign(target: Value, part: &Part, source: &Value) -> Result<Value, (Value, Fault)> {
    let shape = (part.rows.len(), part.cols.len());
    let line = shape.0 == 1 || shape.1 == 1;
    let given = source.shape();
    let turned = line && given == (shape.1, shape.0);
    if given != shape && !turned {
        return Err((target, Fault::code(3200)));
    }
    match (target, source) {
        (Value::Real(g), Value::Num(x)) => Ok(Value::Real(put(g, part, &Grid::scalar(*x)))),
        (Value::Num(_), Value::Num(x)) => Ok(Value::Num(*x)),
        (Value::Real(g), Value::Real(s)) => Ok(Value::Real(put(g, part, s))),
        (Value::Text(g), Value::Text(s)) => Ok(Value::Text(put(g, part, s))),
        (Value::Pointer(g), Value::Pointer(s)) => Ok(Value::Pointer(put(g, part, s))),
        (Value::Struct(g), Value::Struct(_)) => match source.clone().detached() {
            Value::Struct(s) => Ok(Value::Struct(put(g, part, &s))),
            _ => Err((Value::Struct(g), Fault::code(3259))),
        },
        (target, source) => match (complex_grid(&target), complex_grid(source)) {
            (Some(g), Some(s)) => Ok(Value::Complex(put(g, part, &s))),
            // an element of a void real matrix can not have another type; a part without elements changes nothing
            _ if shape.0 * shape.1 == 0 => Ok(target),
            _ => Err((target, Fault::code(3250))),
        },
    }
}
