//! Cross products, means, variances and correlations ([M-5] cross(), crossdev(), mean()). Rows with missing values are
//! left out; the functions with `quad` add in double-double arithmetic.

use super::{Builtin, Run, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::Value;
use crate::value::{MISSING, clean, is_missing};
use estimators::real::stable_sum;

pub(super) const TABLE: &[Builtin] = &[
    pure("cross", 2, 5, |a| cross(a, false)),
    pure("quadcross", 2, 5, |a| cross(a, true)),
    pure("crossdev", 4, 7, |a| crossdev(a, false)),
    pure("quadcrossdev", 4, 7, |a| crossdev(a, true)),
    pure("mean", 1, 2, |a| Ok(Value::row(Sample::new(a)?.means()))),
    pure("variance", 1, 2, |a| Ok(Value::real(Sample::new(a)?.variances()))),
    pure("quadvariance", 1, 2, |a| Ok(Value::real(Sample::new(a)?.variances()))),
    pure("meanvariance", 1, 2, mean_variance),
    pure("quadmeanvariance", 1, 2, mean_variance),
    pure("correlation", 1, 2, |a| Ok(Value::real(correlations(&Sample::new(a)?.variances())))),
    pure("quadcorrelation", 1, 2, |a| Ok(Value::real(correlations(&Sample::new(a)?.variances())))),
];

/// One side of a cross product: a matrix whose last column can be a constant.
struct Side {
    x: Grid<f64>,
    constant: bool,
}

impl Side {
    fn cols(&self) -> usize {
        self.x.cols() + usize::from(self.constant)
    }

    fn get(&self, i: usize, j: usize) -> f64 {
        if j < self.x.cols() { *self.x.get(i, j) } else { 1.0 }
    }
}

/// Rows without missing values on either side or in the weights, and their weights.
fn rows(x: &Side, w: &Grid<f64>, z: &Side) -> Run<Vec<(usize, f64)>> {
    let n = x.x.rows();
    if z.x.rows() != n || !(w.is_scalar() || (w.is_vector() && w.len() == n)) {
        return Err(Fault::code(3200));
    }
    let weight = |i: usize| w.data()[if w.is_scalar() { 0 } else { i }];
    let whole = |s: &Side, i: usize| s.x.row_of(i).iter().all(|v| !is_missing(*v));
    Ok((0..n)
        .filter(|i| whole(x, *i) && whole(z, *i) && !is_missing(weight(*i)))
        .map(|i| (i, weight(i)))
        .collect())
}

fn products(x: &Side, w: &Grid<f64>, z: &Side, centres: (&[f64], &[f64]), quad: bool) -> Run<Value> {
    let kept = rows(x, w, z)?;
    let (p, q) = (x.cols(), z.cols());
    let at =
        |s: &Side, centre: &[f64], i: usize, j: usize| s.get(i, j) - centre.get(j).copied().unwrap_or(0.0);
    if quad {
        return Ok(Value::real(Grid::from_fn(p, q, |a, b| {
            clean(stable_sum(kept.iter().map(|(i, w)| at(x, centres.0, *i, a) * w * at(z, centres.1, *i, b))))
        })));
    }
    let mut data = vec![0.0; p * q];
    let mut right = vec![0.0; q];
    for (i, w) in kept {
        (0..q).for_each(|b| right[b] = at(z, centres.1, i, b));
        for a in 0..p {
            let left = at(x, centres.0, i, a) * w;
            for (cell, r) in data[a * q..(a + 1) * q].iter_mut().zip(&right) {
                *cell += left * r;
            }
        }
    }
    Ok(Value::real(Grid::new(p, q, data.into_iter().map(clean).collect())))
}

/// `cross(X, Z)`, `cross(X, w, Z)`, `cross(X, xc, w, Z, zc)`.
fn cross(a: &Args, quad: bool) -> Run<Value> {
    let one = Grid::scalar(1.0);
    let side = |k: usize, constant: bool| a.real(k).map(|x| Side { x, constant });
    let (x, w, z) = match a.len() {
        2 => (side(0, false)?, one, side(1, false)?),
        3 => (side(0, false)?, a.real(1)?, side(2, false)?),
        4 => (side(0, a.num(1)? != 0.0)?, one, side(2, a.num(3)? != 0.0)?),
        _ => (side(0, a.num(1)? != 0.0)?, a.real(2)?, side(3, a.num(4)? != 0.0)?),
    };
    products(&x, &w, &z, (&[], &[]), quad)
}

/// `crossdev(X, x, Z, z)`, `crossdev(X, x, w, Z, z)`, `crossdev(X, xc, x, w, Z, zc, z)`: deviations from `x` and `z`.
fn crossdev(a: &Args, quad: bool) -> Run<Value> {
    let one = Grid::scalar(1.0);
    let side = |k: usize, constant: bool| a.real(k).map(|x| Side { x, constant });
    let (x, cx, w, z, cz) = match a.len() {
        4 => (side(0, false)?, a.vector(1)?, one, side(2, false)?, a.vector(3)?),
        5 => (side(0, false)?, a.vector(1)?, a.real(2)?, side(3, false)?, a.vector(4)?),
        7 => (side(0, a.num(1)? != 0.0)?, a.vector(2)?, a.real(3)?, side(4, a.num(5)? != 0.0)?, a.vector(6)?),
        _ => return Err(Fault::code(3001)),
    };
    if cx.len() != x.cols() || cz.len() != z.cols() {
        return Err(Fault::code(3200));
    }
    products(&x, &w, &z, (cx.data(), cz.data()), quad)
}

/// Columns with weights, without rows that have missing values.
struct Sample {
    x: Grid<f64>,
    weights: Vec<f64>,
}

impl Sample {
    fn new(a: &Args) -> Run<Self> {
        let x = a.real(0)?;
        let w = if a.len() > 1 { a.real(1)? } else { Grid::scalar(1.0) };
        let side = Side { x, constant: false };
        let kept = rows(&side, &w, &side)?;
        let places: Vec<usize> = kept.iter().map(|k| k.0).collect();
        Ok(Self { x: side.x.select_rows(&places), weights: kept.into_iter().map(|k| k.1).collect() })
    }

    fn total(&self) -> f64 {
        self.weights.iter().sum()
    }

    fn means(&self) -> Vec<f64> {
        let total = self.total();
        if self.x.rows() == 0 || total == 0.0 {
            return vec![MISSING; self.x.cols()];
        }
        (0..self.x.cols())
            .map(|j| clean(stable_sum(self.x.column_of(j).zip(&self.weights).map(|(x, w)| x * w)) / total))
            .collect()
    }

    /// Variances with the divisor sum of weights - 1.
    fn variances(&self) -> Grid<f64> {
        let (k, means, total) = (self.x.cols(), self.means(), self.total());
        if total <= 1.0 {
            return Grid::filled(k, k, MISSING);
        }
        let cell = |i: usize, j: usize| {
            let terms = (0..self.x.rows())
                .map(|r| (self.x.get(r, i) - means[i]) * self.weights[r] * (self.x.get(r, j) - means[j]));
            clean(stable_sum(terms) / (total - 1.0))
        };
        let lower = Grid::from_fn(k, k, |i, j| if j <= i { cell(i, j) } else { 0.0 });
        super::construct::symmetric(&lower)
    }
}

/// The means above the variances.
fn mean_variance(a: &Args) -> Run<Value> {
    let sample = Sample::new(a)?;
    Ok(Value::real(Grid::row(sample.means()).above(&sample.variances())))
}

fn correlations(v: &Grid<f64>) -> Grid<f64> {
    Grid::from_fn(v.rows(), v.cols(), |i, j| {
        let (a, b, c) = (*v.get(i, i), *v.get(j, j), *v.get(i, j));
        if [a, b, c].iter().any(|x| is_missing(*x)) {
            MISSING
        } else if i == j {
            1.0
        } else {
            clean(c / (a * b).sqrt())
        }
    })
}
