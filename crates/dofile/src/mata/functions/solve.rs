//! Inverses and solutions of linear systems ([M-4] Solvers). Singular systems have missing solutions, or zeros where the
//! manual says so.

use super::construct::symmetric;
use super::decompose::{back, cholesky, mat, whole};
use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::Value;
use crate::matrix::Matrix;
use crate::value::{MISSING, is_missing};
use estimators::complex::Complex;
use estimators::householder::least_squares;
use estimators::lu::{Lu, solve_complex};
use estimators::matrix::Mat;
use estimators::svd;

macro_rules! inverses {
    ($($name:literal, $in_place:literal, $most:literal, $f:expr;)*) => {
        &[
            $(
                pure($name, 1, $most, $f),
                full($in_place, 1, $most, |_, a| {
                    let f: fn(&Args) -> Run<Value> = $f;
                    let inverse = f(a)?;
                    a.set(0, inverse);
                    Ok(None)
                }),
            )*
            pure("diag0cnt", 1, 1, |a| {
                let x = a.square(0)?;
                Ok(Value::count((0..x.rows()).filter(|i| *x.get(*i, *i) == 0.0).count()))
            }),
            pure("lusolve", 2, 3, lu_solution),
            full("_lusolve", 2, 3, |_, a| {
                let x = lu_solution(a)?;
                a.set(1, x);
                Ok(None)
            }),
            pure("cholsolve", 2, 3, |a| solution(a, |m, b, _| Some(m.symmetrised().inverse_definite()?.times(b)))),
            full("_cholsolve", 2, 3, |_, a| {
                let x = solution(a, |m, b, _| Some(m.symmetrised().inverse_definite()?.times(b)))?;
                a.set(1, x);
                Ok(None)
            }),
            full("qrsolve", 2, 4, |_, a| {
                let (x, rank) = qr_solution(a)?;
                a.set(2, Value::count(rank));
                Ok(Some(x))
            }),
            full("svsolve", 2, 4, |_, a| {
                let (m, b) = (a.real(0)?, a.real(1)?);
                if m.rows() != b.rows() {
                    return Err(Fault::code(3200));
                }
                let (inverse, rank) = pseudoinverse(&m, a.num_or(3, MISSING)?)?;
                a.set(2, Value::count(rank));
                Ok(Some(if whole(&b) && whole(&m) { back(&inverse.times(&mat(&b))) } else { missing(m.cols(), b.cols()) }))
            }),
            pure("solvelower", 2, 4, |a| triangular(a, true)),
            pure("solveupper", 2, 4, |a| triangular(a, false)),
        ]
    };
}

pub(super) const TABLE: &[Builtin] = inverses! {
    "invsym", "_invsym", 2, |a| invsym(&a.square(0)?, a);
    "luinv", "_luinv", 2, |a| {
        if let Value::Complex(g) = a.value(0) {
            let n = g.rows();
            return complex_solution(g, &Grid::from_fn(n, n, |i, j| Complex::real(f64::from(u8::from(i == j)))));
        }
        let x = a.square(0)?;
        let lu = Lu::new(&mat(&x));
        if !whole(&x) || lu.is_singular(1e-13 * a.num_or(1, 1.0)?) {
            return Ok(missing(x.rows(), x.cols()));
        }
        Ok(back(&lu.solve(&Mat::identity(x.rows()))))
    };
    "cholinv", "_cholinv", 2, |a| {
        let x = a.square(0)?;
        if !whole(&cholesky(&x)) {
            return Ok(missing(x.rows(), x.cols()));
        }
        Ok(mat(&symmetric(&x)).inverse_definite().map_or_else(|| missing(x.rows(), x.cols()), |m| back(&m)))
    };
    "qrinv", "_qrinv", 3, |a| {
        let x = a.real(0)?;
        if x.rows() < x.cols() {
            return Err(Fault::code(3200));
        }
        if !whole(&x) {
            return Ok(missing(x.cols(), x.rows()));
        }
        let (inverse, rank) = least_squares(&mat(&x), &Mat::identity(x.rows()), TOLERANCE);
        a.set(1, Value::count(rank));
        Ok(if rank < x.cols() { missing(x.cols(), x.rows()) } else { back(&inverse) })
    };
    "pinv", "_pinv", 3, |a| {
        let x = a.real(0)?;
        let (inverse, rank) = pseudoinverse(&x, a.num_or(2, MISSING)?)?;
        a.set(1, Value::count(rank));
        Ok(if whole(&x) { back(&inverse) } else { missing(x.cols(), x.rows()) })
    };
};

/// Share of the first pivot below which a column counts as dependent.
const TOLERANCE: f64 = 1e-13;

fn missing(rows: usize, cols: usize) -> Value {
    Value::real(Grid::filled(rows, cols, MISSING))
}

/// `invsym(A [, order])`: the inverse by the sweep operator, with zeros for dependent rows. With an order the rows that
/// it names first are kept before the others.
fn invsym(x: &Grid<f64>, a: &Args) -> Run<Value> {
    let n = x.rows();
    if !whole(x) {
        return Ok(missing(n, n));
    }
    let lower = symmetric(x);
    let order: Vec<usize> = match a.len() {
        1 => (0..n).collect(),
        _ => {
            let wanted = a.vector(1)?;
            let mut order = Vec::new();
            for k in wanted.data() {
                let inside = !is_missing(*k) && *k >= 1.0 && *k < n as f64 + 1.0;
                let k = if inside { *k as usize - 1 } else { return Err(Fault::code(3300)) };
                if !order.contains(&k) {
                    order.push(k);
                }
            }
            let rest: Vec<usize> = (0..n).filter(|k| !order.contains(k)).collect();
            order.into_iter().chain(rest).collect()
        }
    };
    let ordered = lower.select(&order, &order);
    let inverse = Matrix::new(n, n, ordered.data().to_vec()).inverse_symmetric()?;
    let mut places = vec![0; n];
    order.iter().enumerate().for_each(|(at, k)| places[*k] = at);
    Ok(Value::real(Grid::from_fn(n, n, |i, j| inverse.get(places[i], places[j]))))
}

fn solution(a: &Args, solve: impl Fn(&Mat, &Mat, f64) -> Option<Mat>) -> Run<Value> {
    let (m, b) = (a.square(0)?, a.real(1)?);
    if m.rows() != b.rows() {
        return Err(Fault::code(3200));
    }
    let found = if whole(&m) && whole(&b) { solve(&mat(&m), &mat(&b), a.num_or(2, 1.0)?) } else { None };
    Ok(found.map_or_else(|| missing(m.cols(), b.cols()), |x| back(&x)))
}

fn lu_solution(a: &Args) -> Run<Value> {
    if a.is_complex(0) || a.is_complex(1) {
        return complex_solution(&a.complex(0)?, &a.complex(1)?);
    }
    solution(a, |m, b, eta| {
        let lu = Lu::new(m);
        (!lu.is_singular(eta * TOLERANCE)).then(|| lu.solve(b))
    })
}

fn complex_solution(m: &Grid<Complex>, b: &Grid<Complex>) -> Run<Value> {
    if m.rows() != m.cols() {
        return Err(Fault::code(3205));
    }
    if m.rows() != b.rows() {
        return Err(Fault::code(3200));
    }
    let missing = |g: &Grid<Complex>| g.data().iter().any(|z| is_missing(z.re));
    let found = if missing(m) || missing(b) { None } else { solve_complex(m.rows(), m.data(), b.data()) };
    let data = found.unwrap_or_else(|| vec![Complex::real(MISSING); b.len()]);
    Ok(Value::Complex(Grid::new(b.rows(), b.cols(), data)))
}

fn qr_solution(a: &Args) -> Run<(Value, usize)> {
    let (m, b) = (a.real(0)?, a.real(1)?);
    if m.rows() != b.rows() || m.rows() < m.cols() {
        return Err(Fault::code(3200));
    }
    if !whole(&m) || !whole(&b) {
        return Ok((missing(m.cols(), b.cols()), 0));
    }
    let (x, rank) = least_squares(&mat(&m), &mat(&b), TOLERANCE);
    Ok((back(&x), rank))
}

fn pseudoinverse(x: &Grid<f64>, tolerance: f64) -> Run<(Mat, usize)> {
    if !whole(x) {
        return Ok((Mat::zeros(x.cols(), x.rows()), 0));
    }
    let m = mat(x);
    let limit = |values: &[f64]| match tolerance {
        t if is_missing(t) => svd::default_tolerance(&m, values),
        t if t < 0.0 => -t,
        t => t * svd::default_tolerance(&m, values),
    };
    svd::pseudoinverse(&m, limit).ok_or_else(|| Fault::code(3360))
}

/// `solvelower(A, B [, tol [, d]])`: only one triangle counts; a zero on the diagonal gives a row of zeros.
fn triangular(a: &Args, lower: bool) -> Run<Value> {
    let (m, b) = (a.square(0)?, a.real(1)?);
    let unit = a.num_or(3, MISSING)?;
    if m.rows() != b.rows() {
        return Err(Fault::code(3200));
    }
    if !whole(&m) || !whole(&b) {
        return Ok(missing(m.rows(), b.cols()));
    }
    let n = m.rows();
    let own = |i: usize| if is_missing(unit) { *m.get(i, i) } else { unit };
    let mean = (0..n).map(|i| own(i).abs()).sum::<f64>() / n.max(1) as f64;
    let limit = TOLERANCE * mean;
    let mut x = b.clone();
    for j in 0..b.cols() {
        for step in 0..n {
            let i = if lower { step } else { n - 1 - step };
            let known = if lower { 0..i } else { i + 1..n };
            let sum: f64 = known.map(|k| m.get(i, k) * x.get(k, j)).sum();
            let value = if own(i).abs() <= limit { 0.0 } else { (b.get(i, j) - sum) / own(i) };
            x.data_mut()[i * b.cols() + j] = value;
        }
    }
    Ok(Value::real(x.map(|v| crate::value::clean(*v))))
}
