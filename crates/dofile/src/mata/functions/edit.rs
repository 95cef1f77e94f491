//! Changes of single elements: missing values, values near zero or near whole numbers ([M-4] Manipulation).

use super::math::epsilon;
use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::operators::transpose;
use crate::mata::value::{Text, Value};
use crate::value::is_missing;

type Edit = fn(&Args) -> Run<Value>;

macro_rules! edits {
    ($($name:literal, $in_place:literal, $least:literal, $most:literal, $edit:expr;)*) => {
        &[
            $(
                pure($name, $least, $most, $edit),
                full($in_place, $least, $most, |_, a| {
                    let edit: Edit = $edit;
                    let changed = edit(a)?;
                    a.set(0, changed);
                    Ok(None)
                }),
            )*
            full("_transpose", 1, 1, |_, a| {
                let x = transpose(a.value(0), true);
                a.set(0, x);
                Ok(None)
            }),
            full("swap", 2, 2, |_, a| {
                let (x, y) = (a.value(0).clone(), a.value(1).clone());
                a.set(0, y);
                a.set(1, x);
                Ok(None)
            })
            .raw(),
        ]
    };
}

pub(super) const TABLE: &[Builtin] = edits! {
    "editmissing", "_editmissing", 2, 2, |a| {
        let value = a.num(1)?;
        Ok(Value::real(a.real(0)?.map(|x| if is_missing(*x) { value } else { *x })))
    };
    "editvalue", "_editvalue", 3, 3, edit_value;
    "edittozero", "_edittozero", 2, 2, |a| {
        let x = a.real(0)?;
        let sizes: Vec<f64> = x.data().iter().filter(|v| !is_missing(**v)).map(|v| v.abs()).collect();
        let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
        Ok(to_zero(&x, (a.num(1)? * epsilon(mean)).abs()))
    };
    "edittozerotol", "_edittozerotol", 2, 2, |a| Ok(to_zero(&a.real(0)?, a.num(1)?));
    "edittoint", "_edittoint", 2, 2, |a| {
        let x = a.real(0)?;
        let sizes: Vec<f64> = x.data().iter().filter(|v| !is_missing(**v)).map(|v| v.abs()).collect();
        let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
        Ok(to_whole(&x, (a.num(1)? * epsilon(mean)).abs()))
    };
    "edittointtol", "_edittointtol", 2, 2, |a| Ok(to_whole(&a.real(0)?, a.num(1)?));
};

fn to_zero(x: &Grid<f64>, tolerance: f64) -> Value {
    Value::real(x.map(|v| if !is_missing(*v) && v.abs() <= tolerance { 0.0 } else { *v }))
}

fn to_whole(x: &Grid<f64>, tolerance: f64) -> Value {
    Value::real(x.map(|v| if !is_missing(*v) && (v - v.round()).abs() <= tolerance { v.round() } else { *v }))
}

fn edit_value(a: &Args) -> Run<Value> {
    match (a.value(0), a.value(1), a.value(2)) {
        (Value::Text(g), Value::Text(_), Value::Text(_)) => {
            let (from, to): (Text, Text) = (a.text(1)?, a.text(2)?);
            Ok(Value::Text(g.map(|t| if *t == from { to.clone() } else { t.clone() })))
        }
        (Value::Text(_), ..) => Err(Fault::code(3254)),
        _ => {
            let (from, to) = (a.num(1)?, a.num(2)?);
            Ok(Value::real(a.real(0)?.map(|x| if *x == from { to } else { *x })))
        }
    }
}
