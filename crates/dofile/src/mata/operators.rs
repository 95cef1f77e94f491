//! Operators on values ([M-2] op_arith, op_colon, op_logical). Joins, ranges and Kronecker products are in `join`.

use super::ast::{Binary, Unary};
use super::fault::{Fault, Run};
use super::grid::Grid;
use super::join::{kronecker, sequence};
use super::value::{Text, Value};
use crate::value::{MISSING, clean, is_missing};
use estimators::complex::Complex;

/// Most elements of a result, whatever the memory: an index must fit.
pub(super) const MAX_LEN: usize = 1 << 40;

/// Elements of a result, or the error of a lack of memory.
///
/// # Errors
/// 3900 where the result would take more than `bytes`.
pub(super) fn checked_len(rows: usize, cols: usize, bytes: u64) -> Run<usize> {
    let len = rows.checked_mul(cols).filter(|n| *n < MAX_LEN && (*n as u64) * 8 <= bytes);
    len.ok_or_else(|| Fault::code(3900))
}

/// The value of an operator with one operand.
pub(super) fn unary(op: Unary, x: &Value) -> Run<Value> {
    Ok(match (op, x) {
        (Unary::Minus, Value::Num(x)) => Value::Num(negative(*x)),
        (Unary::Minus, Value::Real(g)) => Value::Real(g.map(|x| negative(*x))),
        (Unary::Minus, Value::Complex(g)) => {
            Value::Complex(g.map(|z| if is_missing(z.re) { Complex::real(MISSING) } else { -*z }))
        }
        (Unary::Not, Value::Num(x)) => Value::truth(*x == 0.0),
        (Unary::Not, Value::Real(g)) => Value::Real(g.map(|x| f64::from(u8::from(*x == 0.0)))),
        (Unary::Transpose, x) => transpose(x, true),
        (Unary::Minus, _) => return Err(Fault::code(3251)),
        (Unary::Not, _) => return Err(Fault::code(3253)),
    })
}

fn negative(x: f64) -> f64 {
    if is_missing(x) { MISSING } else { -x }
}

/// The transpose, of complex matrices with conjugates where asked.
pub(super) fn transpose(x: &Value, conjugate: bool) -> Value {
    match x {
        Value::Real(g) => Value::Real(g.transpose()),
        Value::Complex(g) if conjugate => {
            Value::Complex(g.transpose().map(|z| if is_missing(z.re) { *z } else { z.conj() }))
        }
        Value::Complex(g) => Value::Complex(g.transpose()),
        Value::Text(g) => Value::Text(g.transpose()),
        Value::Pointer(g) => Value::Pointer(g.transpose()),
        Value::Struct(g) => Value::Struct(g.transpose()),
        other => other.clone(),
    }
}

/// The value of an operator without a colon.
pub(super) fn binary(op: Binary, a: &Value, b: &Value, bytes: u64) -> Run<Value> {
    if let (Value::Num(x), Value::Num(y)) = (a, b)
        && let Some(z) = scalar(op, *x, *y)
    {
        return Ok(Value::Num(z));
    }
    match op {
        Binary::Add | Binary::Subtract => {
            if a.shape() != b.shape() {
                return Err(Fault::code(3200));
            }
            colon(op, a, b)
        }
        Binary::Multiply => multiply(a, b, bytes),
        Binary::Divide | Binary::Power if !b.is_scalar() => Err(Fault::code(3200)),
        Binary::Power if !a.is_scalar() => Err(Fault::code(3200)),
        Binary::Divide | Binary::Power => colon(op, a, b),
        Binary::Kronecker => kronecker(a, b, bytes),
        Binary::RowTo | Binary::ColumnTo => {
            let (x, y) = (real_scalar(a)?, real_scalar(b)?);
            let values = sequence(x, y, bytes)?;
            Ok(if op == Binary::RowTo { Value::row(values) } else { Value::column(values) })
        }
        Binary::Or | Binary::And | Binary::ShortOr | Binary::ShortAnd => {
            let (x, y) = (real_scalar(a)? != 0.0, real_scalar(b)? != 0.0);
            Ok(Value::truth(if matches!(op, Binary::Or | Binary::ShortOr) { x || y } else { x && y }))
        }
        _ => compare(op, a, b),
    }
}

/// Operators on two real scalars that need no matrices.
fn scalar(op: Binary, x: f64, y: f64) -> Option<f64> {
    Some(match op {
        Binary::Add
        | Binary::Subtract
        | Binary::Multiply
        | Binary::Divide
        | Binary::Power
        | Binary::Or
        | Binary::And => real(op, x, y),
        Binary::Equal
        | Binary::Unequal
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual => real(op, x, y),
        Binary::Kronecker => real(Binary::Multiply, x, y),
        _ => return None,
    })
}

/// Two real elements.
pub(super) fn real(op: Binary, x: f64, y: f64) -> f64 {
    let truth = |yes: bool| f64::from(u8::from(yes));
    match op {
        Binary::Equal => return truth(x == y),
        Binary::Unequal => return truth(x != y),
        Binary::Less => return truth(x < y),
        Binary::LessEqual => return truth(x <= y),
        Binary::Greater => return truth(x > y),
        Binary::GreaterEqual => return truth(x >= y),
        Binary::Or => return truth(x != 0.0 || y != 0.0),
        Binary::And => return truth(x != 0.0 && y != 0.0),
        _ if is_missing(x) || is_missing(y) => return MISSING,
        _ => {}
    }
    clean(match op {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide if y == 0.0 => MISSING,
        Binary::Divide => x / y,
        _ => x.powf(y),
    })
}

pub(super) fn complex(op: Binary, x: Complex, y: Complex) -> Complex {
    if is_missing(x.re) || is_missing(y.re) {
        return Complex::real(MISSING);
    }
    let z = match op {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        _ => x.pow(y),
    };
    if is_missing(clean(z.re)) || is_missing(clean(z.im)) { Complex::real(MISSING) } else { z }
}

/// The real scalar of a value.
pub(super) fn real_scalar(x: &Value) -> Run<f64> {
    match x {
        Value::Num(x) => Ok(*x),
        Value::Real(_) => Err(Fault::code(3204)),
        _ => Err(Fault::code(3253)),
    }
}

/// A real matrix, also of a scalar.
pub(super) fn real_grid(x: &Value) -> Option<Grid<f64>> {
    match x {
        Value::Num(x) => Some(Grid::scalar(*x)),
        Value::Real(g) => Some(g.clone()),
        _ => None,
    }
}

/// A complex matrix, also of real values.
pub(super) fn complex_grid(x: &Value) -> Option<Grid<Complex>> {
    match x {
        Value::Complex(g) => Some(g.clone()),
        _ => real_grid(x).map(|g| g.map(|x| Complex::real(*x))),
    }
}

/// Applies a function to pairs of elements. Where an operand has one row or column, it is repeated.
///
/// # Errors
/// 3200 where the shapes are not c-conformable.
pub(super) fn broadcast<A: Clone, B: Clone, C: Clone>(
    a: &Grid<A>,
    b: &Grid<B>,
    mut f: impl FnMut(&A, &B) -> C,
) -> Run<Grid<C>> {
    if a.rows() == b.rows() && a.cols() == b.cols() {
        let data = a.data().iter().zip(b.data()).map(|(x, y)| f(x, y)).collect();
        return Ok(Grid::new(a.rows(), a.cols(), data));
    }
    if b.is_scalar() {
        let y = &b.data()[0];
        return Ok(a.map(|x| f(x, y)));
    }
    if a.is_scalar() {
        let x = &a.data()[0];
        return Ok(b.map(|y| f(x, y)));
    }
    let size = |x: usize, y: usize| match (x, y) {
        (x, y) if x == y => Some(x),
        (1, y) => Some(y),
        (x, 1) => Some(x),
        _ => None,
    };
    let (rows, cols) = (size(a.rows(), b.rows()), size(a.cols(), b.cols()));
    let (Some(rows), Some(cols)) = (rows, cols) else { return Err(Fault::code(3200)) };
    // a row and a column together are not c-conformable
    let whole = |g: (usize, usize)| g == (rows, cols);
    if !whole((a.rows(), a.cols())) && !whole((b.rows(), b.cols())) {
        return Err(Fault::code(3200));
    }
    let at = |n: usize, k: usize| if n == 1 { 0 } else { k };
    Ok(Grid::from_fn(rows, cols, |i, j| {
        f(a.get(at(a.rows(), i), at(a.cols(), j)), b.get(at(b.rows(), i), at(b.cols(), j)))
    }))
}

/// The value of a colon operator.
pub(super) fn colon(op: Binary, a: &Value, b: &Value) -> Run<Value> {
    if let (Some(x), Some(y)) = (real_grid(a), real_grid(b)) {
        return Ok(Value::real(broadcast(&x, &y, |x, y| real(op, *x, *y))?));
    }
    if let (Value::Text(x), Value::Text(y)) = (a, b) {
        return texts(op, x, y);
    }
    if op == Binary::Multiply
        && let Some((text, times)) = duplication(a, b)
    {
        return Ok(Value::Text(broadcast(text, &times, |t, n| repeated(t, *n))?));
    }
    if let (Some(x), Some(y)) = (complex_grid(a), complex_grid(b)) {
        return match op {
            Binary::Equal => Ok(Value::real(broadcast(&x, &y, |x, y| f64::from(u8::from(x == y)))?)),
            Binary::Unequal => Ok(Value::real(broadcast(&x, &y, |x, y| f64::from(u8::from(x != y)))?)),
            Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual => {
                Ok(Value::real(broadcast(&x, &y, |x, y| real(op, modulus(*x), modulus(*y)))?))
            }
            Binary::Or | Binary::And => Err(Fault::code(3253)),
            _ => Ok(Value::Complex(broadcast(&x, &y, |x, y| complex(op, *x, *y))?)),
        };
    }
    if let (Value::Pointer(x), Value::Pointer(y)) = (a, b) {
        return match op {
            Binary::Equal | Binary::Unequal => {
                let same = broadcast(x, y, |x, y| f64::from(u8::from(x.same(y) == (op == Binary::Equal))))?;
                Ok(Value::real(same))
            }
            _ => Err(Fault::code(3012)),
        };
    }
    Err(Fault::code(3250))
}

fn modulus(z: Complex) -> f64 {
    if is_missing(z.re) { z.re } else { z.abs() }
}

fn texts(op: Binary, a: &Grid<Text>, b: &Grid<Text>) -> Run<Value> {
    if op == Binary::Add {
        return Ok(Value::Text(broadcast(a, b, |x, y| format!("{x}{y}").into())?));
    }
    let holds = |x: &Text, y: &Text| {
        let order = x.as_bytes().cmp(y.as_bytes());
        match op {
            Binary::Equal => order.is_eq(),
            Binary::Unequal => order.is_ne(),
            Binary::Less => order.is_lt(),
            Binary::LessEqual => order.is_le(),
            Binary::Greater => order.is_gt(),
            _ => order.is_ge(),
        }
    };
    match op {
        Binary::Equal
        | Binary::Unequal
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual => Ok(Value::real(broadcast(a, b, |x, y| f64::from(u8::from(holds(x, y))))?)),
        _ => Err(Fault::code(3251)),
    }
}

/// `3 * "a"` or `"a" * 3`.
fn duplication<'a>(a: &'a Value, b: &'a Value) -> Option<(&'a Grid<Text>, Grid<f64>)> {
    match (a, b) {
        (Value::Text(t), n) | (n, Value::Text(t)) => Some((t, real_grid(n)?)),
        _ => None,
    }
}

fn repeated(text: &Text, times: f64) -> Text {
    let times = if is_missing(times) || times < 1.0 { 0 } else { times as usize };
    text.repeat(times.min((1 << 24) / text.len().max(1))).into()
}

/// Comparisons without a colon: of two matrices they hold when they hold for all elements.
fn compare(op: Binary, a: &Value, b: &Value) -> Run<Value> {
    if a.shape() != b.shape() {
        return match op {
            Binary::Equal => Ok(Value::truth(false)),
            Binary::Unequal => Ok(Value::truth(true)),
            _ => Err(Fault::code(3200)),
        };
    }
    if let (Value::Struct(_), Value::Struct(_)) = (a, b) {
        let same = same(a, b);
        return match op {
            Binary::Equal => Ok(Value::truth(same)),
            Binary::Unequal => Ok(Value::truth(!same)),
            _ => Err(Fault::code(3250)),
        };
    }
    let element = if op == Binary::Unequal { Binary::Equal } else { op };
    // an empty matrix equals any other empty one
    if a.shape().0 * a.shape().1 == 0 {
        return Ok(Value::truth(op != Binary::Unequal));
    }
    let all = match colon(element, a, b)? {
        Value::Num(x) => x != 0.0,
        Value::Real(g) => g.data().iter().all(|x| *x != 0.0),
        _ => false,
    };
    Ok(Value::truth(all == (op != Binary::Unequal)))
}

/// Whether two values are equal, structures member by member.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    if a.shape() != b.shape() {
        return false;
    }
    match (a, b) {
        (Value::Struct(x), Value::Struct(y)) => x.data().iter().zip(y.data()).all(|(x, y)| {
            x.of == y.of && x.members.iter().zip(&y.members).all(|(x, y)| same(&x.get(), &y.get()))
        }),
        _ => compare(Binary::Equal, a, b).is_ok_and(|v| matches!(v, Value::Num(1.0))),
    }
}

fn multiply(a: &Value, b: &Value, bytes: u64) -> Run<Value> {
    if a.is_scalar() || b.is_scalar() {
        return colon(Binary::Multiply, a, b);
    }
    if a.shape().1 != b.shape().0 {
        return Err(Fault::code(3200));
    }
    checked_len(a.shape().0, b.shape().1, bytes)?;
    if let (Some(x), Some(y)) = (real_grid(a), real_grid(b)) {
        return Ok(Value::real(product(&x, &y)));
    }
    let (Some(x), Some(y)) = (complex_grid(a), complex_grid(b)) else { return Err(Fault::code(3251)) };
    Ok(Value::Complex(Grid::from_fn(x.rows(), y.cols(), |i, j| {
        (0..x.cols()).fold(Complex::ZERO, |sum, k| {
            let term = complex(Binary::Multiply, *x.get(i, k), *y.get(k, j));
            complex(Binary::Add, sum, term)
        })
    })))
}

/// The product of real matrices; a missing value makes the cells missing that it takes part in.
pub(super) fn product(a: &Grid<f64>, b: &Grid<f64>) -> Grid<f64> {
    let (rows, inner, cols) = (a.rows(), a.cols(), b.cols());
    let mut data = vec![0.0; rows * cols];
    for i in 0..rows {
        let target = &mut data[i * cols..(i + 1) * cols];
        for (k, x) in a.row_of(i).iter().enumerate() {
            for (cell, y) in target.iter_mut().zip(b.row_of(k)) {
                *cell += x * y;
            }
        }
    }
    let missing_row: Vec<bool> = (0..rows).map(|i| a.row_of(i).iter().any(|x| is_missing(*x))).collect();
    let missing_col: Vec<bool> = (0..cols).map(|j| b.column_of(j).any(|x| is_missing(*x))).collect();
    debug_assert_eq!(inner, b.rows());
    for i in 0..rows {
        for j in 0..cols {
            let cell = &mut data[i * cols + j];
            *cell = if missing_row[i] || missing_col[j] { MISSING } else { clean(*cell) };
        }
    }
    Grid::new(rows, cols, data)
}
