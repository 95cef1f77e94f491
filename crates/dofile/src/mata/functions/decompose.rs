//! Decompositions and properties of matrices ([M-4] Matrix). The kernels are those of the crate `estimators`.

use super::construct::symmetric;
use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::Value;
use crate::value::{MISSING, clean, is_missing};
use estimators::complex::Complex;
use estimators::lu::Lu;
use estimators::matrix::Mat;
use estimators::schur::{self, Square};
use estimators::svd;

pub(super) const TABLE: &[Builtin] = &[
    pure("cholesky", 1, 1, |a| Ok(Value::real(cholesky(&a.square(0)?)))),
    full("_cholesky", 1, 1, |_, a| {
        let factor = cholesky(&a.square(0)?);
        a.set(0, Value::real(factor));
        Ok(None)
    }),
    full("lud", 4, 4, |_, a| {
        let m = a.square(0)?;
        let lu = Lu::new(&mat(&m));
        a.set(1, back(&lu.lower()));
        a.set(2, back(&lu.upper()));
        // A[p, .] = L U, so L[invorder(p), .] U is A: the manual gives the order that restores A
        let mut places = vec![0.0; m.rows()];
        lu.order().iter().enumerate().for_each(|(k, row)| places[*row] = (k + 1) as f64);
        a.set(3, Value::column(places));
        Ok(None)
    }),
    full("qrd", 3, 3, |_, a| {
        let (q, r, _) = qr(&a.real(0)?, false)?;
        a.set(1, Value::real(q));
        a.set(2, Value::real(r));
        Ok(None)
    }),
    full("qrdp", 4, 4, |_, a| {
        let (q, r, order) = qr(&a.real(0)?, true)?;
        a.set(1, Value::real(q));
        a.set(2, Value::real(r));
        a.set(3, Value::row(order.into_iter().map(|k| (k + 1) as f64).collect()));
        Ok(None)
    }),
    full("svd", 4, 4, |_, a| {
        let x = a.real(0)?;
        if x.rows() < x.cols() {
            return Err(Fault::code(3200));
        }
        set_svd(a, false)
    }),
    full("fullsvd", 4, 4, |_, a| set_svd(a, true)),
    pure("svdsv", 1, 1, |a| Ok(Value::column(singular_values(&a.real(0)?)?))),
    full("_svdsv", 1, 1, |_, a| Ok(Some(Value::column(singular_values(&a.real(0)?)?)))),
    full("eigensystem", 3, 5, |_, a| {
        let (values, vectors) = eigen(&square(a)?)?;
        a.set(1, Value::Complex(vectors));
        a.set(2, Value::Complex(Grid::row(values)));
        Ok(None)
    }),
    full("lefteigensystem", 3, 5, |_, a| {
        let adjoint = square(a)?.adjoint();
        let (values, vectors) = eigen(&adjoint)?;
        let left = vectors.transpose().map(|z| if is_missing(z.re) { *z } else { z.conj() });
        a.set(1, Value::Complex(left));
        a.set(2, Value::Complex(Grid::row(values.into_iter().map(Complex::conj).collect())));
        Ok(None)
    }),
    pure("eigenvalues", 1, 2, |a| Ok(Value::Complex(Grid::row(eigen(&square(a)?)?.0)))),
    full("symeigensystem", 3, 3, |_, a| {
        let (values, vectors) = symmetric_eigen(&a.square(0)?);
        a.set(1, Value::real(vectors));
        a.set(2, Value::row(values));
        Ok(None)
    }),
    full("_symeigensystem", 3, 3, |_, a| {
        let (values, vectors) = symmetric_eigen(&a.square(0)?);
        a.set(1, Value::real(vectors));
        a.set(2, Value::row(values));
        Ok(None)
    }),
    pure("symeigenvalues", 1, 1, |a| Ok(Value::row(symmetric_eigen(&a.square(0)?).0))),
    pure("det", 1, 1, |a| {
        let x = a.square(0)?;
        Ok(Value::Num(if whole(&x) { clean(Lu::new(&mat(&x)).determinant()) } else { MISSING }))
    }),
    pure("dettriangular", 1, 1, |a| {
        let x = a.square(0)?;
        let diagonal = (0..x.rows()).map(|i| *x.get(i, i));
        Ok(Value::Num(if whole(&x) { clean(diagonal.product()) } else { MISSING }))
    }),
    pure("rank", 1, 2, |a| {
        let x = a.real(0)?;
        if x.is_empty() || !whole(&x) {
            return Ok(Value::Num(if x.is_empty() { 0.0 } else { MISSING }));
        }
        let values = singular_values(&x)?;
        let limit = match a.num_or(1, MISSING)? {
            t if is_missing(t) => svd::default_tolerance(&mat(&x), &values),
            t if t < 0.0 => -t,
            t => t * svd::default_tolerance(&mat(&x), &values),
        };
        Ok(Value::count(values.iter().filter(|s| **s > limit).count()))
    }),
    pure("cond", 1, 2, |a| {
        let values = singular_values(&a.real(0)?)?;
        match (values.first(), values.last()) {
            (Some(top), Some(low)) if *low > 0.0 => Ok(Value::Num(clean(top / low))),
            (Some(_), _) => Ok(Value::Num(MISSING)),
            _ => Ok(Value::Num(0.0)),
        }
    }),
    pure("trace", 1, 3, trace),
    pure("norm", 1, 2, norm),
    pure("matpowersym", 2, 2, |a| {
        let p = a.num(1)?;
        Ok(Value::real(of_eigenvalues(&a.square(0)?, |x| x.powf(p))))
    }),
    pure("matexpsym", 1, 1, |a| Ok(Value::real(of_eigenvalues(&a.square(0)?, f64::exp)))),
    pure("matlogsym", 1, 1, |a| Ok(Value::real(of_eigenvalues(&a.square(0)?, f64::ln)))),
];

/// A kernel's matrix.
pub(super) fn mat(g: &Grid<f64>) -> Mat {
    Mat::from_rows(g.rows(), g.cols(), g.data().to_vec())
}

/// A kernel's matrix as a value; what is not finite is missing.
pub(super) fn back(m: &Mat) -> Value {
    Value::real(grid(m))
}

pub(super) fn grid(m: &Mat) -> Grid<f64> {
    Grid::new(m.rows(), m.cols(), m.data().iter().map(|x| clean(*x)).collect())
}

/// Whether no element is missing.
pub(super) fn whole(g: &Grid<f64>) -> bool {
    g.data().iter().all(|x| !is_missing(*x))
}

/// The lower factor; missing where the matrix is not positive definite.
pub(super) fn cholesky(g: &Grid<f64>) -> Grid<f64> {
    let lower = if whole(g) { mat(&symmetric(g)).cholesky() } else { None };
    lower.map_or_else(|| Grid::filled(g.rows(), g.cols(), MISSING), |l| grid(&l))
}

fn qr(g: &Grid<f64>, pivot: bool) -> Run<(Grid<f64>, Grid<f64>, Vec<usize>)> {
    if g.rows() < g.cols() {
        return Err(Fault::code(3200));
    }
    if !whole(g) {
        let missing = |r, c| Grid::filled(r, c, MISSING);
        return Ok((missing(g.rows(), g.cols()), missing(g.cols(), g.cols()), (0..g.cols()).collect()));
    }
    // Q is square as in the manual: qrd() of an r x c matrix has an r x r Q
    let depth = g.rows();
    let extended = Grid::from_fn(g.rows(), g.cols() + depth, |i, j| {
        if j < g.cols() { *g.get(i, j) } else { f64::from(u8::from(j - g.cols() == i)) }
    });
    let thin = estimators::householder::qr(&mat(g), pivot);
    if g.rows() == g.cols() {
        return Ok((grid(&thin.q), grid(&thin.r), thin.order));
    }
    let ordered: Vec<usize> = thin.order.iter().copied().chain(g.cols()..g.cols() + depth).collect();
    let all: Vec<usize> = (0..depth).collect();
    let full = estimators::householder::qr(&mat(&extended.select(&all, &ordered)), false);
    let r = Grid::from_fn(depth, g.cols(), |i, j| clean(full.r[(i, j)]));
    Ok((grid(&full.q), r, thin.order))
}

fn singular_values(g: &Grid<f64>) -> Run<Vec<f64>> {
    let k = g.rows().min(g.cols());
    if !whole(g) {
        return Ok(vec![MISSING; k]);
    }
    Ok(svd::svd(&mat(g)).ok_or_else(|| Fault::code(3360))?.values)
}

/// `svd(A, U, s, Vt)`; `fullsvd()` has a square U.
fn set_svd(a: &mut Args, full: bool) -> Run<Option<Value>> {
    let x = a.real(0)?;
    let (rows, cols) = (x.rows(), x.cols());
    let k = rows.min(cols);
    if !whole(&x) {
        a.set(1, Value::real(Grid::filled(rows, if full { rows } else { cols }, MISSING)));
        a.set(2, Value::column(vec![MISSING; k]));
        a.set(3, Value::real(Grid::filled(cols, cols, MISSING)));
        return Ok(None);
    }
    let parts = svd::svd(&mat(&x)).ok_or_else(|| Fault::code(3360))?;
    let (u, v) = if full { (completed(&parts.u), completed(&parts.v)) } else { (parts.u, parts.v) };
    a.set(1, back(&u));
    a.set(2, Value::column(parts.values));
    a.set(3, back(&v.transpose()));
    Ok(None)
}

/// Orthonormal columns completed to a square matrix.
fn completed(u: &Mat) -> Mat {
    let (n, k) = (u.rows(), u.cols());
    if n == k {
        return u.clone();
    }
    let extended =
        Mat::from_fn(n, k + n, |i, j| if j < k { u[(i, j)] } else { f64::from(u8::from(j - k == i)) });
    let q = estimators::householder::qr(&extended, false).q;
    Mat::from_fn(n, n, |i, j| if j < k { u[(i, j)] } else { q[(i, j)] })
}

fn square(a: &Args) -> Run<Square> {
    let g = a.complex(0)?;
    if g.rows() != g.cols() {
        return Err(Fault::code(3205));
    }
    Ok(Square::new(g.rows(), g.data().to_vec()))
}

/// Eigenvalues and right eigenvectors; missing where the matrix has missing values.
fn eigen(m: &Square) -> Run<(Vec<Complex>, Grid<Complex>)> {
    let n = m.size();
    if (0..n * n).any(|k| is_missing(m.get(k / n, k % n).re)) {
        let missing = Complex::real(MISSING);
        return Ok((vec![missing; n], Grid::filled(n, n, missing)));
    }
    let (values, vectors) = schur::eigensystem(m).ok_or_else(|| Fault::code(3360))?;
    Ok((values, Grid::from_fn(n, n, |i, j| vectors.get(i, j))))
}

/// Eigenvalues in descending order and eigenvectors as columns; the lower triangle counts.
fn symmetric_eigen(g: &Grid<f64>) -> (Vec<f64>, Grid<f64>) {
    if !whole(g) {
        return (vec![MISSING; g.rows()], Grid::filled(g.rows(), g.rows(), MISSING));
    }
    let (values, vectors) = mat(&symmetric(g)).symmetric_eigen();
    (values, grid(&vectors))
}

fn of_eigenvalues(g: &Grid<f64>, f: impl Fn(f64) -> f64) -> Grid<f64> {
    let (values, x) = symmetric_eigen(g);
    let changed: Vec<f64> =
        values.iter().map(|v| if is_missing(*v) { MISSING } else { clean(f(*v)) }).collect();
    if changed.iter().any(|v| is_missing(*v)) {
        return Grid::filled(g.rows(), g.rows(), MISSING);
    }
    let n = g.rows();
    let cell = |i: usize, j: usize| clean((0..n).map(|k| x.get(i, k) * changed[k] * x.get(j, k)).sum());
    symmetric(&Grid::from_fn(n, n, |i, j| if j <= i { cell(i, j) } else { 0.0 }))
}

/// `trace(A)`, `trace(A, B [, transpose])`: the trace of `A`, `A B` or `A' B`.
fn trace(a: &Args) -> Run<Value> {
    if a.len() == 1 {
        let x = a.square(0)?;
        return Ok(Value::Num(super::sums::add(
            &(0..x.rows()).map(|i| *x.get(i, i)).collect::<Vec<_>>(),
            1.0,
            false,
        )));
    }
    let (x, y, turned) = (a.real(0)?, a.real(1)?, a.num_or(2, 0.0)? != 0.0);
    let x = if turned { x.transpose() } else { x };
    if x.cols() != y.rows() || x.rows() != y.cols() {
        return Err(Fault::code(3200));
    }
    if !whole(&x) || !whole(&y) {
        return Ok(Value::Num(MISSING));
    }
    let sum =
        (0..x.rows()).map(|i| x.row_of(i).iter().zip(y.column_of(i)).map(|(p, q)| p * q).sum::<f64>()).sum();
    Ok(Value::Num(clean(sum)))
}

/// `norm(A [, p])`: of a vector the p-norm (2), of a matrix the norms 0 (Frobenius), 1, 2 and infinity (missing).
fn norm(a: &Args) -> Run<Value> {
    let x = a.complex(0)?;
    let p = a.num_or(1, 2.0)?;
    let sizes: Vec<f64> = x.data().iter().map(|z| if is_missing(z.re) { MISSING } else { z.abs() }).collect();
    if sizes.iter().any(|s| is_missing(*s)) {
        return Ok(Value::Num(MISSING));
    }
    let largest = |sums: Vec<f64>| sums.into_iter().fold(0.0, f64::max);
    let (rows, cols) = (x.rows(), x.cols());
    let value = if x.is_vector() {
        match p {
            p if is_missing(p) => largest(sizes),
            p if p < 1.0 => return Err(Fault::code(3300)),
            p => sizes.iter().map(|s| s.powf(p)).sum::<f64>().powf(1.0 / p),
        }
    } else {
        match p {
            p if is_missing(p) => {
                largest((0..rows).map(|i| sizes[i * cols..(i + 1) * cols].iter().sum()).collect())
            }
            0.0 => sizes.iter().map(|s| s * s).sum::<f64>().sqrt(),
            1.0 => largest((0..cols).map(|j| (0..rows).map(|i| sizes[i * cols + j]).sum()).collect()),
            2.0 => singular_values(&a.real(0)?)?.first().copied().unwrap_or(0.0),
            _ => return Err(Fault::code(3300)),
        }
    };
    Ok(Value::Num(clean(value)))
}
