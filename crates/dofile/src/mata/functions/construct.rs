//! Functions that make matrices: constant, diagonal, special and structured ones ([M-4] Standard, Utility).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::operators::checked_len;
use crate::mata::value::{Pointer, Value};
use crate::value::{MISSING, clean, is_missing};
use estimators::complex::Complex;

pub(super) const TABLE: &[Builtin] = &[
    full("J", 3, 3, constant),
    full("I", 1, 2, |m, a| {
        let rows = a.count(0)?;
        let cols = if a.len() > 1 { a.count(1)? } else { rows };
        checked_len(rows, cols, m.bytes())?;
        Ok(Some(Value::real(Grid::from_fn(rows, cols, |i, j| f64::from(u8::from(i == j))))))
    }),
    full("e", 2, 2, |m, a| {
        let (i, n) = (a.count(0)?, a.count(1)?);
        checked_len(1, n, m.bytes())?;
        if i < 1 || i > n {
            return Err(Fault::code(3300));
        }
        Ok(Some(Value::row((1..=n).map(|k| f64::from(u8::from(k == i))).collect())))
    }),
    full("diag", 1, 1, |m, a| {
        let (rows, cols) = a.value(0).shape();
        let n = if rows == 1 || cols == 1 { rows * cols } else { 0 };
        checked_len(n, n, m.bytes())?;
        Ok(Some(match a.value(0) {
            Value::Complex(g) => Value::Complex(on_diagonal(g, Complex::ZERO)),
            _ => Value::real(on_diagonal(&a.real(0)?, 0.0)),
        }))
    }),
    full("_diag", 2, 2, |_, a| {
        let (mut x, v) = (a.real(0)?, a.vector(1)?);
        let (n, cols) = (x.rows().min(x.cols()), x.cols());
        if v.len() != 1 && v.len() != n {
            return Err(Fault::code(3200));
        }
        (0..n).for_each(|i| x.data_mut()[i * cols + i] = v.data()[if v.len() == 1 { 0 } else { i }]);
        a.set(0, Value::real(x));
        Ok(None)
    }),
    pure("diagonal", 1, 1, |a| match a.value(0) {
        Value::Complex(g) => {
            let n = g.rows().min(g.cols());
            Ok(Value::Complex(Grid::column((0..n).map(|i| *g.get(i, i)).collect())))
        }
        _ => {
            let g = a.real(0)?;
            let n = g.rows().min(g.cols());
            Ok(Value::column((0..n).map(|i| *g.get(i, i)).collect()))
        }
    }),
    full("blockdiag", 2, 2, |m, a| {
        let (x, y) = (a.real(0)?, a.real(1)?);
        let (rows, cols) = (x.rows() + y.rows(), x.cols() + y.cols());
        checked_len(rows, cols, m.bytes())?;
        Ok(Some(Value::real(Grid::from_fn(rows, cols, |i, j| match (i < x.rows(), j < x.cols()) {
            (true, true) => *x.get(i, j),
            (false, false) => *y.get(i - x.rows(), j - x.cols()),
            _ => 0.0,
        }))))
    }),
    pure("vec", 1, 1, |a| {
        fn stacked<T: Clone>(g: &Grid<T>) -> Grid<T> {
            g.transpose().reshaped(g.len(), 1)
        }
        Ok(match a.value(0) {
            Value::Complex(g) => Value::Complex(stacked(g)),
            Value::Text(g) => Value::Text(stacked(g)),
            _ => Value::real(stacked(&a.real(0)?)),
        })
    }),
    pure("vech", 1, 1, |a| {
        let x = a.square(0)?;
        let n = x.rows();
        Ok(Value::column(
            (0..n).flat_map(|j| (j..n).map(move |i| (i, j))).map(|(i, j)| *x.get(i, j)).collect(),
        ))
    }),
    pure("invvech", 1, 1, |a| {
        let v = a.vector(0)?;
        let n = (((8 * v.len() + 1) as f64).sqrt() as usize).saturating_sub(1) / 2;
        if n * (n + 1) / 2 != v.len() {
            return Err(Fault::code(3200));
        }
        let at = |i: usize, j: usize| j * n - j * j.saturating_sub(1) / 2 + i - j;
        Ok(Value::real(Grid::from_fn(n, n, |i, j| v.data()[at(i.max(j), i.min(j))])))
    }),
    full("Hilbert", 1, 1, |m, a| {
        let n = a.count(0)?;
        checked_len(n, n, m.bytes())?;
        Ok(Some(Value::real(Grid::from_fn(n, n, |i, j| 1.0 / (i + j + 1) as f64))))
    }),
    full("invHilbert", 1, 1, |m, a| {
        let n = a.count(0)?;
        checked_len(n, n, m.bytes())?;
        Ok(Some(Value::real(Grid::from_fn(n, n, |i, j| inverse_hilbert(n, i, j)))))
    }),
    full("Toeplitz", 2, 2, |m, a| {
        let (c, r) = (a.vector(0)?, a.vector(1)?);
        checked_len(c.len(), r.len(), m.bytes())?;
        Ok(Some(Value::real(Grid::from_fn(c.len(), r.len(), |i, j| {
            if i >= j { c.data()[i - j] } else { r.data()[j - i] }
        }))))
    }),
    full("Vandermonde", 1, 1, |m, a| {
        let x = a.vector(0)?;
        checked_len(x.len(), x.len(), m.bytes())?;
        let power = |x: f64, k: usize| if is_missing(x) { MISSING } else { clean(x.powi(k as i32)) };
        Ok(Some(Value::real(Grid::from_fn(x.len(), x.len(), |i, j| power(x.data()[i], j)))))
    }),
    full("range", 3, 3, range),
    full("rangen", 3, 3, |m, a| {
        let (from, to, n) = (a.num(0)?, a.num(1)?, a.count(2)?);
        checked_len(n, 1, m.bytes())?;
        let step = if n > 1 { (to - from) / (n - 1) as f64 } else { 0.0 };
        Ok(Some(Value::column(
            (0..n).map(|k| if k + 1 == n && n > 1 { to } else { from + k as f64 * step }).collect(),
        )))
    }),
    pure("makesymmetric", 1, 1, |a| Ok(Value::real(symmetric(&a.square(0)?)))),
    full("_makesymmetric", 1, 1, |_, a| {
        let x = symmetric(&a.square(0)?);
        a.set(0, Value::real(x));
        Ok(None)
    }),
    pure("lowertriangle", 1, 2, |a| triangle(a, |i, j| i >= j)),
    pure("uppertriangle", 1, 2, |a| triangle(a, |i, j| i <= j)),
    full("_lowertriangle", 1, 2, |_, a| {
        let x = triangle(a, |i, j| i >= j)?;
        a.set(0, x);
        Ok(None)
    }),
    full("_uppertriangle", 1, 2, |_, a| {
        let x = triangle(a, |i, j| i <= j)?;
        a.set(0, x);
        Ok(None)
    }),
    pure("rowshape", 2, 2, |a| reshape(a, true)),
    pure("colshape", 2, 2, |a| reshape(a, false)),
    full("designmatrix", 1, 1, |m, a| {
        let v = a.vector(0)?;
        let levels: Vec<usize> = v
            .data()
            .iter()
            .map(|x| if *x >= 1.0 && !is_missing(*x) { Ok(*x as usize) } else { Err(Fault::code(3300)) })
            .collect::<Run<_>>()?;
        let cols = levels.iter().copied().max().unwrap_or(0);
        checked_len(v.len(), cols, m.bytes())?;
        Ok(Some(Value::real(Grid::from_fn(v.len(), cols, |i, j| f64::from(u8::from(levels[i] == j + 1))))))
    }),
    pure("corr", 1, 1, |a| {
        let v = a.square(0)?;
        let sd = |i: usize| v.get(i, i).sqrt();
        Ok(Value::real(Grid::from_fn(v.rows(), v.rows(), |i, j| {
            if i == j { 1.0 } else { clean(v.get(i, j) / (sd(i) * sd(j))) }
        })))
    }),
    pure("invorder", 1, 1, |a| {
        let p = permutation(&a.vector(0)?)?;
        let mut inverse = vec![0.0; p.len()];
        p.iter().enumerate().for_each(|(k, i)| inverse[*i] = (k + 1) as f64);
        Ok(oriented(inverse, a.value(0)))
    }),
    pure("revorder", 1, 1, |a| {
        let v = a.vector(0)?;
        Ok(oriented(v.data().iter().rev().copied().collect(), a.value(0)))
    }),
    full("Dmatrix", 1, 1, |m, a| duplication(m, a.count(0)?)),
    full("Lmatrix", 1, 1, |m, a| elimination(m, a.count(0)?)),
    full("Kmatrix", 2, 2, |m, a| {
        let (rows, cols) = (a.count(0)?, a.count(1)?);
        let n = rows.saturating_mul(cols);
        checked_len(n, n, m.bytes())?;
        // vec(A') = K vec(A) for A of rows x cols
        Ok(Some(Value::real(Grid::from_fn(n, n, |i, j| {
            f64::from(u8::from(i % cols == j / rows && i / cols == j % rows))
        }))))
    }),
];

/// A diagonal matrix with the elements of a vector, or the diagonal of a matrix.
fn on_diagonal<T: Clone>(g: &Grid<T>, zero: T) -> Grid<T> {
    if g.is_vector() {
        let n = g.len();
        return Grid::from_fn(n, n, |i, j| if i == j { g.data()[i].clone() } else { zero.clone() });
    }
    Grid::from_fn(g.rows(), g.cols(), |i, j| if i == j { g.get(i, j).clone() } else { zero.clone() })
}

/// `J(r, c, x)`: copies of a scalar, or of a matrix as blocks.
fn constant(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let (rows, cols) = (a.count(0)?, a.count(1)?);
    let value = a.value(2).clone();
    let (r, c) = value.shape();
    checked_len(rows.saturating_mul(r.max(1)), cols.saturating_mul(c.max(1)), m.bytes())?;
    fn tiled<T: Clone>(g: &Grid<T>, rows: usize, cols: usize) -> Grid<T> {
        if g.is_scalar() {
            return Grid::filled(rows, cols, g.data()[0].clone());
        }
        let (r, c) = (g.rows(), g.cols());
        Grid::from_fn(rows * r, cols * c, |i, j| g.get(i % r, j % c).clone())
    }
    Ok(Some(match value {
        Value::Num(x) => Value::real(Grid::filled(rows, cols, x)),
        Value::Real(g) => Value::real(tiled(&g, rows, cols)),
        Value::Complex(g) => Value::Complex(tiled(&g, rows, cols)),
        Value::Text(g) => Value::Text(tiled(&g, rows, cols)),
        Value::Pointer(g) => Value::Pointer(tiled::<Pointer>(&g, rows, cols)),
        Value::Struct(g) => Value::Struct(tiled(&g, rows, cols)).detached(),
        other => other,
    }))
}

/// Elements in the orientation of a vector.
pub(super) fn oriented(data: Vec<f64>, like: &Value) -> Value {
    if like.shape().0 == 1 { Value::row(data) } else { Value::column(data) }
}

/// The positions (from 0) of a permutation vector.
///
/// # Errors
/// 3303 where it is none.
pub(super) fn permutation(v: &Grid<f64>) -> Run<Vec<usize>> {
    let n = v.len();
    let mut seen = vec![false; n];
    v.data()
        .iter()
        .map(|x| {
            let inside = !is_missing(*x) && *x >= 1.0 && *x < n as f64 + 1.0;
            let k = if inside { *x as usize - 1 } else { return Err(Fault::code(3303)) };
            if std::mem::replace(&mut seen[k], true) { Err(Fault::code(3303)) } else { Ok(k) }
        })
        .collect()
}

/// The matrix whose upper triangle is the mirror of its lower one.
pub(super) fn symmetric(x: &Grid<f64>) -> Grid<f64> {
    Grid::from_fn(x.rows(), x.cols(), |i, j| *x.get(i.max(j), i.min(j)))
}

fn triangle(a: &Args, keep: impl Fn(usize, usize) -> bool) -> Run<Value> {
    let x = a.real(0)?;
    let diagonal = a.num_or(1, MISSING)?;
    Ok(Value::real(Grid::from_fn(x.rows(), x.cols(), |i, j| match (i == j, is_missing(diagonal)) {
        (true, false) => diagonal,
        _ if keep(i, j) => *x.get(i, j),
        _ => 0.0,
    })))
}

/// `rowshape(T, r)` keeps the order of rows; `colshape(T, c)` has so many columns.
fn reshape(a: &Args, by_rows: bool) -> Run<Value> {
    let n = a.count(1)?;
    fn shaped<T: Clone>(g: &Grid<T>, n: usize, by_rows: bool) -> Run<Grid<T>> {
        if n == 0 && g.is_empty() {
            return Ok(Grid::empty());
        }
        if n == 0 || !g.len().is_multiple_of(n) {
            return Err(Fault::code(3200));
        }
        Ok(if by_rows { g.reshaped(n, g.len() / n) } else { g.reshaped(g.len() / n, n) })
    }
    match a.value(0) {
        Value::Text(g) => Ok(Value::Text(shaped(g, n, by_rows)?)),
        Value::Complex(g) => Ok(Value::Complex(shaped(g, n, by_rows)?)),
        _ => Ok(Value::real(shaped(&a.real(0)?, n, by_rows)?)),
    }
}

fn range(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let (from, to, step) = (a.num(0)?, a.num(1)?, a.num(2)?);
    if [from, to, step].iter().any(|x| is_missing(*x)) {
        return Err(Fault::code(3351));
    }
    let step = if to < from { -step.abs() } else { step.abs() };
    if step == 0.0 && from != to {
        return Err(Fault::code(3300));
    }
    // the last value is reached although rounding leaves it a little beyond
    let count = if from == to {
        1.0
    } else {
        ((to - from) / step + 1e-12 * ((to - from) / step).abs()).floor() + 1.0
    };
    if count >= 1e15 {
        return Err(Fault::code(3900));
    }
    let count = checked_len(count as usize, 1, m.bytes())?;
    Ok(Some(Value::column((0..count).map(|k| from + k as f64 * step).collect())))
}

/// Cell of the inverse of the Hilbert matrix (Choi 1983): products of binomial coefficients.
fn inverse_hilbert(n: usize, i: usize, j: usize) -> f64 {
    let (n, i, j) = (n as f64, (i + 1) as f64, (j + 1) as f64);
    let comb = |n: f64, k: f64| (0..k as usize).fold(1.0, |c, t| c * (n - t as f64) / (t as f64 + 1.0));
    let sign = if (i + j) % 2.0 == 0.0 { 1.0 } else { -1.0 };
    let middle = comb(i + j - 2.0, i - 1.0);
    (sign * (i + j - 1.0) * comb(n + i - 1.0, n - j) * comb(n + j - 1.0, n - i) * middle * middle).round()
}

/// The place of cell (i, j), i >= j, in `vech()`.
fn half_place(n: usize, i: usize, j: usize) -> usize {
    j * n - j * j.saturating_sub(1) / 2 + i - j
}

fn duplication(m: &mut Machine<'_>, n: usize) -> Run<Option<Value>> {
    let (rows, cols) = (n.saturating_mul(n), n.saturating_mul(n + 1) / 2);
    checked_len(rows, cols, m.bytes())?;
    Ok(Some(Value::real(Grid::from_fn(rows, cols, |r, c| {
        let (i, j) = (r % n, r / n);
        f64::from(u8::from(half_place(n, i.max(j), i.min(j)) == c))
    }))))
}

fn elimination(m: &mut Machine<'_>, n: usize) -> Run<Option<Value>> {
    let (rows, cols) = (n.saturating_mul(n + 1) / 2, n.saturating_mul(n));
    checked_len(rows, cols, m.bytes())?;
    Ok(Some(Value::real(Grid::from_fn(rows, cols, |r, c| {
        let (i, j) = (c % n, c / n);
        f64::from(u8::from(i >= j && half_place(n, i, j) == r))
    }))))
}
