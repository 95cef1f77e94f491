//! Polynomials as rows of coefficients, the constant first ([M-5] polyeval()).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::operators::real_grid;
use crate::mata::value::Value;
use estimators::complex::Complex;
use estimators::schur::{Square, eigensystem};

pub(super) const TABLE: &[Builtin] = &[
    pure("polyeval", 2, 2, |a| {
        let c = coefficients(a, 0)?;
        let x = a.complex(1)?;
        let values = x.map(|x| c.iter().rev().fold(Complex::ZERO, |y, c| y * *x + *c));
        Ok(simplest(values, a.is_complex(0) || a.is_complex(1)))
    }),
    pure("polyadd", 2, 2, |a| {
        let (p, q) = (coefficients(a, 0)?, coefficients(a, 1)?);
        let at = |v: &[Complex], k: usize| v.get(k).copied().unwrap_or(Complex::ZERO);
        row((0..p.len().max(q.len())).map(|k| at(&p, k) + at(&q, k)).collect(), a)
    }),
    pure("polymult", 2, 2, |a| row(product(&coefficients(a, 0)?, &coefficients(a, 1)?), a)),
    pure("polyderiv", 2, 2, |a| row(derivative(coefficients(a, 0)?, a.num(1)?), a)),
    pure("polyinteg", 2, 2, |a| row(derivative(coefficients(a, 0)?, -a.num(1)?), a)),
    pure("polytrim", 1, 1, |a| row(trimmed(coefficients(a, 0)?), a)),
    pure("polysolve", 2, 2, |a| {
        let (y, x) = (coefficients(a, 0)?, coefficients(a, 1)?);
        if y.len() != x.len() {
            return Err(Fault::code(3200));
        }
        row(interpolation(&x, &y), a)
    }),
    full("polydiv", 4, 4, |_, a| {
        let (quotient, remainder) = division(coefficients(a, 0)?, trimmed(coefficients(a, 1)?))?;
        let (quotient, remainder) = (row(quotient, a)?, row(remainder, a)?);
        a.set(2, quotient);
        a.set(3, remainder);
        Ok(None)
    }),
    pure("polyroots", 1, 1, |a| {
        let c = trimmed(coefficients(a, 0)?);
        let n = c.len().saturating_sub(1);
        // the companion matrix has the roots as eigenvalues
        let cells = (0..n * n).map(|k| match (k / n, k % n) {
            (i, j) if j == n - 1 => -(c[i] / c[n]),
            (i, j) if i == j + 1 => Complex::ONE,
            _ => Complex::ZERO,
        });
        let (roots, _) = eigensystem(&Square::new(n, cells.collect())).ok_or_else(|| Fault::code(3360))?;
        Ok(Value::Complex(Grid::row(roots)))
    }),
];

fn coefficients(a: &Args, k: usize) -> Run<Vec<Complex>> {
    let g = a.complex(k)?;
    if g.rows() != 1 && g.cols() != 1 {
        return Err(Fault::code(3201));
    }
    Ok(g.data().to_vec())
}

/// A row; real where both arguments are.
fn row(data: Vec<Complex>, a: &Args) -> Run<Value> {
    let complex = (0..a.len().min(2)).any(|k| a.is_complex(k) && real_grid(a.value(k)).is_none());
    Ok(simplest(Grid::row(data), complex))
}

fn simplest(g: Grid<Complex>, complex: bool) -> Value {
    if complex { Value::Complex(g) } else { Value::real(g.map(|z| crate::value::clean(z.re))) }
}

fn product(p: &[Complex], q: &[Complex]) -> Vec<Complex> {
    let mut out = vec![Complex::ZERO; (p.len() + q.len()).saturating_sub(1)];
    for (i, x) in p.iter().enumerate() {
        for (j, y) in q.iter().enumerate() {
            out[i + j] = out[i + j] + *x * *y;
        }
    }
    out
}

/// The derivative of an order; integrals for negative orders.
fn derivative(mut c: Vec<Complex>, order: f64) -> Vec<Complex> {
    for _ in 0..order.abs().min(1000.0) as usize {
        c = if order > 0.0 {
            let rest: Vec<Complex> = c.iter().enumerate().skip(1).map(|(k, x)| x.scale(k as f64)).collect();
            if rest.is_empty() { vec![Complex::ZERO] } else { rest }
        } else {
            let terms = c.iter().enumerate().map(|(k, x)| x.scale(1.0 / (k + 1) as f64));
            std::iter::once(Complex::ZERO).chain(terms).collect()
        };
    }
    c
}

fn trimmed(mut c: Vec<Complex>) -> Vec<Complex> {
    while c.len() > 1 && c.last() == Some(&Complex::ZERO) {
        c.pop();
    }
    c
}

fn division(mut remainder: Vec<Complex>, divisor: Vec<Complex>) -> Run<(Vec<Complex>, Vec<Complex>)> {
    let (Some(top), m) = (divisor.last().copied(), divisor.len()) else { return Err(Fault::code(3300)) };
    if top == Complex::ZERO {
        return Err(Fault::code(3300));
    }
    let mut quotient = vec![Complex::ZERO; (remainder.len() + 1).saturating_sub(m).max(1)];
    while remainder.len() >= m {
        let shift = remainder.len() - m;
        let factor = remainder[remainder.len() - 1] / top;
        quotient[shift] = factor;
        for (k, d) in divisor.iter().enumerate() {
            remainder[shift + k] = remainder[shift + k] - factor * *d;
        }
        remainder.pop();
    }
    if remainder.is_empty() {
        remainder.push(Complex::ZERO);
    }
    Ok((trimmed(quotient), trimmed(remainder)))
}

/// Coefficients of the polynomial through points, by Newton's divided differences.
fn interpolation(x: &[Complex], y: &[Complex]) -> Vec<Complex> {
    let n = x.len();
    let mut d = y.to_vec();
    for order in 1..n {
        for k in (order..n).rev() {
            d[k] = (d[k] - d[k - 1]) / (x[k] - x[k - order]);
        }
    }
    let mut out = vec![Complex::ZERO];
    for k in (0..n).rev() {
        out = product(&out, &[-x[k], Complex::ONE]);
        out[0] = out[0] + d[k];
    }
    out.truncate(n.max(1));
    out
}
