//! Sums of all elements, of rows and columns, and running sums ([M-5] sum(), runningsum()). The functions with `quad`
//! add in double-double arithmetic.

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::grid::Grid;
use crate::mata::value::Value;
use crate::value::{MISSING, clean, is_missing};
use estimators::complex::Complex;
use estimators::real::stable_sum;

pub(super) const TABLE: &[Builtin] = &[
    pure("sum", 1, 2, |a| {
        if let Value::Complex(g) = a.value(0) {
            let kept = g.data().iter().filter(|z| !is_missing(z.re));
            return Ok(Value::Complex(Grid::scalar(kept.fold(Complex::ZERO, |s, z| s + *z))));
        }
        Ok(Value::Num(add(a.real(0)?.data(), a.num_or(1, 0.0)?, false)))
    }),
    pure("quadsum", 1, 2, |a| Ok(Value::Num(add(a.real(0)?.data(), a.num_or(1, 0.0)?, true)))),
    pure("rowsum", 1, 2, |a| rows(a, false)),
    pure("quadrowsum", 1, 2, |a| rows(a, true)),
    pure("colsum", 1, 2, |a| columns(a, false)),
    pure("quadcolsum", 1, 2, |a| columns(a, true)),
    pure("runningsum", 1, 2, |a| running(a, false)),
    pure("quadrunningsum", 1, 2, |a| running(a, true)),
    full("_runningsum", 2, 3, |_, a| in_place(a, false)),
    full("_quadrunningsum", 2, 3, |_, a| in_place(a, true)),
];

/// A sum; missing values are left out, or make it missing where `missing` is not zero.
pub(super) fn add(values: &[f64], missing: f64, quad: bool) -> f64 {
    if missing != 0.0 && values.iter().any(|x| is_missing(*x)) {
        return MISSING;
    }
    let kept = values.iter().copied().filter(|x| !is_missing(*x));
    clean(if quad { stable_sum(kept) } else { kept.sum() })
}

fn rows(a: &Args, quad: bool) -> Run<Value> {
    let (x, missing) = (a.real(0)?, a.num_or(1, 0.0)?);
    Ok(Value::column((0..x.rows()).map(|i| add(x.row_of(i), missing, quad)).collect()))
}

fn columns(a: &Args, quad: bool) -> Run<Value> {
    let (x, missing) = (a.real(0)?.transpose(), a.num_or(1, 0.0)?);
    Ok(Value::row((0..x.rows()).map(|i| add(x.row_of(i), missing, quad)).collect()))
}

fn running(a: &Args, quad: bool) -> Run<Value> {
    running_of(&a.vector(0)?, a.num_or(1, 0.0)?, quad)
}

fn running_of(v: &Grid<f64>, missing: f64, quad: bool) -> Run<Value> {
    let (mut sum, mut error, mut lost) = (0.0f64, 0.0f64, false);
    let sums = v.map(|x| {
        if is_missing(*x) {
            lost |= missing != 0.0;
        } else if quad {
            let (high, low) = estimators::real::two_sum(sum, *x);
            (sum, error) = (high, error + low);
        } else {
            sum += x;
        }
        if lost { MISSING } else { clean(sum + error) }
    });
    Ok(Value::real(sums))
}

/// `_runningsum(y, x)` stores in `y`.
fn in_place(a: &mut Args, quad: bool) -> Run<Option<Value>> {
    let sums = running_of(&a.vector(1)?, a.num_or(2, 0.0)?, quad)?;
    a.set(0, sums);
    Ok(None)
}
