//! Types and shapes of values ([M-5] eltype(), rows(), isreal()).

use super::{Builtin, full, pure};
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::operators::complex_grid;
use crate::mata::value::Value;
use crate::value::is_missing;

macro_rules! is {
    ($($name:literal: $kind:literal;)*) => {
        &[
            $(pure($name, 1, 1, |a| Ok(Value::truth(a.value(0).element_type() == $kind))).raw(),)*
            pure("eltype", 1, 1, |a| Ok(Value::text(a.value(0).element_type()))).raw(),
            pure("orgtype", 1, 1, |a| Ok(Value::text(a.value(0).organisation()))).raw(),
            pure("rows", 1, 1, |a| Ok(Value::count(a.value(0).shape().0))).raw(),
            pure("cols", 1, 1, |a| Ok(Value::count(a.value(0).shape().1))).raw(),
            pure("length", 1, 1, |a| Ok(Value::count(a.value(0).shape().0 * a.value(0).shape().1))).raw(),
            pure("isview", 1, 1, |a| Ok(Value::truth(matches!(a.value(0), Value::View(_))))).raw(),
            full("isfleeting", 1, 1, |_, a| Ok(Some(Value::truth(a.cell(0).is_none())))).raw(),
            pure("issymmetric", 1, 1, |a| Ok(Value::truth(symmetric(a.value(0), true)?))),
            pure("issymmetriconly", 1, 1, |a| Ok(Value::truth(symmetric(a.value(0), false)?))),
            pure("isdiagonal", 1, 1, |a| {
                let x = a.complex(0)?;
                let zero = |i: usize, j: usize| i == j || (x.get(i, j).re == 0.0 && x.get(i, j).im == 0.0);
                Ok(Value::truth((0..x.rows()).all(|i| (0..x.cols()).all(|j| zero(i, j)))))
            }),
            pure("sizeof", 1, 1, |a| {
                let (rows, cols) = a.value(0).shape();
                let each = match a.value(0) {
                    Value::Complex(_) => 16,
                    Value::Text(g) => return Ok(Value::count(g.data().iter().map(|t| t.len() + 16).sum())),
                    _ => 8,
                };
                Ok(Value::count(rows * cols * each))
            }),
        ]
    };
}

pub(super) const TABLE: &[Builtin] = is! {
    "isreal": "real";
    "iscomplex": "complex";
    "isstring": "string";
    "ispointer": "pointer";
    "isstruct": "struct";
};

/// Whether a matrix equals its transpose, for complex matrices with conjugates where asked.
fn symmetric(value: &Value, conjugate: bool) -> Result<bool, Fault> {
    if let Value::Text(g) = value {
        return Ok(g.rows() == g.cols() && *g == g.transpose());
    }
    let g: Grid<_> = complex_grid(value).ok_or_else(|| Fault::code(3251))?;
    let n = g.rows();
    Ok(n == g.cols()
        && (0..n).all(|i| {
            (0..=i).all(|j| {
                let (x, y) = (*g.get(i, j), *g.get(j, i));
                x == y && (x.im == 0.0 || !conjugate)
                    || (conjugate && x == y.conj())
                    || (is_missing(x.re) && x.re == y.re)
            })
        }))
}
