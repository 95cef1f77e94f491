//! Numerical derivatives ([M-5] deriv()): of functions with one value (type d), with a value for each row (v) and with
//! several results (t).

use super::optimizer_settings::{argument_number, put_argument};
use super::{Builtin, Run, full};
use crate::mata::calls::{Arg, Args};
use crate::mata::evaluate::function_name;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::objects::Object;
use crate::mata::operators::real_grid;
use crate::mata::value::{Cell, Pointer, Value};
use crate::value::{MISSING, is_missing};
use estimators::differences::{self, Function};
use estimators::matrix::Mat;
use std::sync::Arc;

/// A problem of differentiation and its results.
#[derive(Debug, Clone)]
pub struct Derivative {
    evaluator: Value,
    kind: String,
    params: Vec<f64>,
    arguments: Vec<Value>,
    values: Vec<f64>,
    scores: Option<Mat>,
    hessian: Option<Mat>,
}

pub(super) const TABLE: &[Builtin] = &[
    full("deriv_init", 0, 0, |_, _| {
        let d = Derivative {
            evaluator: Value::Pointer(Grid::scalar(Pointer::Null)),
            kind: "d".into(),
            params: Vec::new(),
            arguments: Vec::new(),
            values: Vec::new(),
            scores: None,
            hessian: None,
        };
        Ok(Some(Value::object(Object::Derivative(Box::new(d)))))
    }),
    full("deriv_init_evaluator", 1, 2, |_, a| {
        if a.len() == 1 {
            return Ok(Some(of(a)?.evaluator.clone()));
        }
        let value = a.value(1).clone();
        function_name(&value)?;
        change(a, |d| d.evaluator = value)
    }),
    full("deriv_init_evaluatortype", 1, 2, |_, a| {
        if a.len() == 1 {
            return Ok(Some(Value::text(&of(a)?.kind)));
        }
        let kind = a.text(1)?.to_string();
        if !["d", "v", "t"].contains(&kind.as_str()) {
            return Err(Fault::code(3300));
        }
        change(a, |d| d.kind = kind)
    }),
    full("deriv_init_params", 1, 2, |_, a| {
        if a.len() == 1 {
            return Ok(Some(Value::row(of(a)?.params.clone())));
        }
        let params = a.vector(1)?.data().to_vec();
        change(a, |d| d.params = params)
    }),
    full("deriv_init_argument", 2, 3, |_, a| {
        let k = argument_number(a)?;
        if a.len() == 2 {
            return Ok(Some(of(a)?.arguments.get(k - 1).cloned().unwrap_or_else(Value::empty)));
        }
        let value = a.value(2).clone();
        change(a, |d| put_argument(&mut d.arguments, k, value))
    }),
    full("deriv_init_verbose", 1, 2, |_, a| Ok((a.len() == 1).then(|| Value::text("on")))),
    full("deriv_init_search", 1, 2, |_, a| Ok((a.len() == 1).then(|| Value::text("interpolate")))),
    full("deriv", 2, 2, |m, a| {
        run(m, a)?;
        let todo = a.count(1)?;
        Ok(Some(result(of(a)?, todo)))
    }),
    full("_deriv", 2, 2, |m, a| match run(m, a) {
        Ok(()) => Ok(Some(Value::Num(0.0))),
        Err(fault) if fault.is_break() => Err(fault),
        Err(_) => Ok(Some(Value::Num(1.0))),
    }),
    full("deriv_result_value", 1, 1, |_, a| Ok(Some(Value::Num(of(a)?.values.iter().sum())))),
    full("deriv_result_values", 1, 1, |_, a| Ok(Some(Value::column(of(a)?.values.clone())))),
    full("deriv_result_gradient", 1, 1, |_, a| Ok(Some(result(of(a)?, 1)))),
    full("deriv_result_scores", 1, 1, |_, a| Ok(Some(matrix(of(a)?.scores.as_ref())))),
    full("deriv_result_Jacobian", 1, 1, |_, a| Ok(Some(matrix(of(a)?.scores.as_ref())))),
    full("deriv_result_Hessian", 1, 1, |_, a| Ok(Some(result(of(a)?, 2)))),
];

fn matrix(m: Option<&Mat>) -> Value {
    m.map_or_else(Value::empty, super::decompose::back)
}

fn of(a: &Args) -> Run<&Derivative> {
    match a.value(0) {
        Value::Object(o) => match o.as_ref() {
            Object::Derivative(d) => Ok(d),
            _ => Err(Fault::code(3250)),
        },
        _ => Err(Fault::code(3250)),
    }
}

fn change(a: &mut Args, f: impl FnOnce(&mut Derivative)) -> Run<Option<Value>> {
    let mut changed = of(a)?.clone();
    f(&mut changed);
    a.replace(0, Value::Object(Arc::new(Object::Derivative(Box::new(changed)))));
    Ok(None)
}

/// The values (0), first (1) or second (2) derivatives.
fn result(d: &Derivative, todo: usize) -> Value {
    let sums = |m: &Mat| Value::row((0..m.cols()).map(|j| (0..m.rows()).map(|i| m[(i, j)]).sum()).collect());
    match (todo, d.kind.as_str()) {
        (0, "d") => Value::Num(d.values.iter().sum()),
        (0, _) => Value::column(d.values.clone()),
        (1, "d") => d.scores.as_ref().map_or_else(Value::empty, sums),
        (1, _) => matrix(d.scores.as_ref()),
        _ => matrix(d.hessian.as_ref()),
    }
}

/// The function: `f(p, arguments, v)` fills in `v`.
struct Called<'m, 's, 'd> {
    machine: &'m mut Machine<'s>,
    name: String,
    arguments: &'d [Value],
}

impl Function for Called<'_, '_, '_> {
    type Error = Fault;
    fn at(&mut self, p: &[f64]) -> Run<Option<Vec<f64>>> {
        let v = Cell::new(Value::Num(MISSING));
        let mut args = vec![Arg::Value(Value::row(p.to_vec()))];
        args.extend(self.arguments.iter().map(|x| Arg::Value(x.clone())));
        args.push(Arg::Cell(v.clone()));
        self.machine.call_with(&self.name, args)?;
        let values = real_grid(&v.get()).ok_or_else(|| Fault::code(3253))?;
        let good = !values.is_empty() && values.data().iter().all(|x| !is_missing(*x));
        Ok(good.then(|| values.data().to_vec()))
    }
}

fn run(m: &mut Machine<'_>, a: &mut Args) -> Run<()> {
    let todo = a.count(1)?;
    let mut d = of(a)?.clone();
    let refused = || Fault::with(430, "could not calculate numerical derivatives");
    let name = function_name(&d.evaluator)?;
    let (params, arguments) = (d.params.clone(), d.arguments.clone());
    let mut f = Called { machine: m, name, arguments: &arguments };
    d.values = f.at(&params)?.ok_or_else(|| Fault::with(1400, "initial values not feasible"))?;
    d.scores = None;
    d.hessian = None;
    if todo > 0 {
        let steps = differences::steps(&mut f, &params)?.ok_or_else(refused)?;
        d.scores = Some(differences::jacobian(&mut f, &params, &steps)?.ok_or_else(refused)?);
        if todo > 1 && d.kind != "t" {
            d.hessian = Some(differences::hessian(&mut f, &params, &steps)?.ok_or_else(refused)?);
        }
    }
    a.replace(0, Value::Object(Arc::new(Object::Derivative(Box::new(d)))));
    Ok(())
}
