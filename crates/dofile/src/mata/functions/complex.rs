//! Parts of complex numbers ([M-5] C(), Re(), conj()).

use super::{Builtin, pure};
use crate::mata::fault::Fault;
use crate::mata::operators::{broadcast, transpose};
use crate::mata::value::Value;
use crate::value::{MISSING, is_missing};
use estimators::complex::Complex;

pub(super) const TABLE: &[Builtin] = &[
    pure("C", 1, 2, |a| {
        if a.len() == 1 {
            return Ok(Value::Complex(a.complex(0)?));
        }
        let joined = broadcast(&a.real(0)?, &a.real(1)?, |re, im| {
            if is_missing(*re) || is_missing(*im) { Complex::real(MISSING) } else { Complex::new(*re, *im) }
        })?;
        Ok(Value::Complex(joined))
    }),
    pure("Re", 1, 1, |a| Ok(Value::real(a.complex(0)?.map(|z| z.re)))),
    pure("Im", 1, 1, |a| Ok(Value::real(a.complex(0)?.map(|z| if is_missing(z.re) { z.re } else { z.im })))),
    pure("arg", 1, 1, |a| {
        Ok(Value::real(
            a.complex(0)?.map(|z| if is_missing(z.re) || *z == Complex::ZERO { MISSING } else { z.arg() }),
        ))
    }),
    pure("conj", 1, 1, |a| match a.value(0) {
        Value::Complex(g) => Ok(Value::Complex(g.map(|z| if is_missing(z.re) { *z } else { z.conj() }))),
        Value::Num(_) | Value::Real(_) => Ok(a.value(0).clone()),
        _ => Err(Fault::code(3251)),
    }),
    pure("transposeonly", 1, 1, |a| Ok(transpose(a.value(0), false))),
    pure("isrealvalues", 1, 1, |a| match a.value(0) {
        Value::Complex(g) => Ok(Value::truth(g.data().iter().all(|z| z.im == 0.0))),
        Value::Num(_) | Value::Real(_) => Ok(Value::truth(true)),
        _ => Err(Fault::code(3251)),
    }),
];
