//! The description of an optimisation problem: `optimize_init()` and `optimize_init_*()` ([M-5] optimize()).

use super::{Builtin, Run, full};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::objects::Object;
use crate::mata::value::{Pointer, Value};
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A problem: its settings, what is passed to the evaluator, and the result.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    settings: BTreeMap<&'static str, Value>,
    /// Further arguments of the evaluator.
    pub arguments: Vec<Value>,
    /// The result of the last run.
    pub result: Solution,
}

/// The result of a run.
#[derive(Debug, Clone, Default)]
pub struct Solution {
    /// Parameters.
    pub p: Vec<f64>,
    /// Value, and the value at the start.
    pub value: (f64, f64),
    /// Gradient.
    pub gradient: Vec<f64>,
    /// Second derivatives.
    pub hessian: Option<Mat>,
    /// Scores by row, for evaluators of type gf.
    pub scores: Option<Mat>,
    /// Inverse of the negative second derivatives.
    pub v_oim: Option<Mat>,
    /// Inverse of the outer products of the scores.
    pub v_opg: Option<Mat>,
    /// The sandwich of both, by cluster where there are clusters.
    pub v_robust: Option<Mat>,
    /// Steps.
    pub iterations: usize,
    /// Whether the tolerances are met.
    pub converged: bool,
    /// Values of the last steps.
    pub log: Vec<f64>,
    /// Number of the error, and the return code and text that belong to it.
    pub error: (i32, i32, &'static str),
    /// Calls of the evaluator for values, gradients and second derivatives.
    pub evaluations: [usize; 3],
}

/// What a setting takes.
#[derive(Clone, Copy)]
enum Kind {
    Words(&'static [&'static str]),
    Text,
    Positive,
    Row,
    Matrix,
    Function,
}

const SWITCH: Kind = Kind::Words(&["on", "off"]);

macro_rules! settings {
    ($($name:literal, $key:literal, $kind:expr;)*) => {
        &[
            full("optimize_init", 0, 0, |_, _| {
                Ok(Some(Value::object(Object::Problem(Box::default()))))
            }),
            full("optimize_init_argument", 2, 3, argument),
            full("optimize_init_narguments", 1, 2, |_, a| {
                if a.len() == 1 {
                    return Ok(Some(Value::count(problem(a)?.arguments.len())));
                }
                let count = a.count(1)?.min(50);
                change(a, |p| p.arguments.resize(count, Value::empty()))?;
                Ok(None)
            }),
            $(full($name, 1, 2, |_, a| set_or_get(a, $key, $kind)),)*
        ]
    };
}

pub(super) const TABLE: &[Builtin] = settings! {
    "optimize_init_which", "which", Kind::Words(&["max", "min"]);
    "optimize_init_evaluator", "evaluator", Kind::Function;
    "optimize_init_evaluatortype", "evaluatortype", Kind::Words(&["d0", "d1", "d2", "gf0", "gf1", "gf2", "v0", "v1", "v2"]);
    "optimize_init_negH", "negH", SWITCH;
    "optimize_init_params", "params", Kind::Row;
    "optimize_init_nmsimplexdeltas", "nmsimplexdeltas", Kind::Row;
    "optimize_init_cluster", "cluster", Kind::Matrix;
    "optimize_init_colstripe", "colstripe", Kind::Text;
    "optimize_init_technique", "technique", Kind::Text;
    "optimize_init_singularHmethod", "singularHmethod", Kind::Words(&["m-marquardt", "hybrid"]);
    "optimize_init_conv_maxiter", "conv_maxiter", Kind::Positive;
    "optimize_init_conv_warning", "conv_warning", SWITCH;
    "optimize_init_conv_ptol", "conv_ptol", Kind::Positive;
    "optimize_init_conv_vtol", "conv_vtol", Kind::Positive;
    "optimize_init_conv_nrtol", "conv_nrtol", Kind::Positive;
    "optimize_init_conv_ignorenrtol", "conv_ignorenrtol", SWITCH;
    "optimize_init_iterid", "iterid", Kind::Text;
    "optimize_init_valueid", "valueid", Kind::Text;
    "optimize_init_tracelevel", "tracelevel", Kind::Words(&[
        "none", "value", "tolerance", "step", "paramdiffs", "params", "gradient", "hessian",
    ]);
    "optimize_init_trace_dots", "trace_dots", SWITCH;
    "optimize_init_trace_value", "trace_value", SWITCH;
    "optimize_init_trace_tol", "trace_tol", SWITCH;
    "optimize_init_trace_step", "trace_step", SWITCH;
    "optimize_init_trace_paramdiffs", "trace_paramdiffs", SWITCH;
    "optimize_init_trace_params", "trace_params", SWITCH;
    "optimize_init_trace_gradient", "trace_gradient", SWITCH;
    "optimize_init_trace_Hessian", "trace_Hessian", SWITCH;
    "optimize_init_evaluations", "evaluations", SWITCH;
    "optimize_init_constraints", "constraints", Kind::Matrix;
    "optimize_init_verbose", "verbose", SWITCH;
};

impl Problem {
    /// A setting, or its default.
    pub fn setting(&self, key: &str) -> Value {
        if let Some(value) = self.settings.get(key) {
            return value.clone();
        }
        match key {
            "which" => Value::text("max"),
            "evaluatortype" => Value::text("d0"),
            "technique" => Value::text("nr"),
            "singularHmethod" => Value::text("m-marquardt"),
            "conv_maxiter" => Value::Num(300.0),
            "conv_ptol" => Value::Num(1e-6),
            "conv_vtol" => Value::Num(1e-7),
            "conv_nrtol" => Value::Num(1e-5),
            "iterid" => Value::text("Iteration"),
            "valueid" => Value::text("f(p)"),
            "tracelevel" => Value::text("value"),
            "conv_warning" | "trace_value" | "verbose" => Value::text("on"),
            "params" | "nmsimplexdeltas" => Value::Real(Grid::new(1, 0, Vec::new())),
            "cluster" | "constraints" => Value::empty(),
            "colstripe" => Value::Text(Grid::empty()),
            "evaluator" => Value::Pointer(Grid::scalar(Pointer::Null)),
            _ => Value::text("off"),
        }
    }

    /// A setting that is a text.
    pub fn word(&self, key: &str) -> String {
        match self.setting(key) {
            Value::Text(g) => g.data().first().map_or(String::new(), |t| t.to_string()),
            _ => String::new(),
        }
    }

    /// A setting that is a number.
    pub fn number(&self, key: &str) -> f64 {
        match self.setting(key) {
            Value::Num(x) => x,
            _ => MISSING,
        }
    }

    /// A setting that is a real matrix.
    pub fn matrix(&self, key: &str) -> Grid<f64> {
        crate::mata::operators::real_grid(&self.setting(key)).unwrap_or_else(Grid::empty)
    }
}

/// The problem of the first argument.
pub(super) fn problem(a: &Args) -> Run<&Problem> {
    match a.value(0) {
        Value::Object(o) => match o.as_ref() {
            Object::Problem(p) => Ok(p),
            _ => Err(Fault::code(3250)),
        },
        _ => Err(Fault::code(3250)),
    }
}

/// Changes the problem of the first argument.
pub(super) fn change(a: &mut Args, f: impl FnOnce(&mut Problem)) -> Run<()> {
    problem(a)?;
    let Some(cell) = a.cell(0).cloned() else { return Ok(()) };
    a.forget(0);
    if let Value::Object(mut object) = cell.take() {
        if let Object::Problem(p) = Arc::make_mut(&mut object) {
            f(p);
        }
        cell.set(Value::Object(object));
    }
    Ok(())
}

/// Sets a setting, or returns it where no value is given.
fn set_or_get(a: &mut Args, key: &'static str, kind: Kind) -> Run<Option<Value>> {
    if a.len() == 1 {
        return Ok(Some(problem(a)?.setting(key)));
    }
    let value = a.value(1).clone();
    match kind {
        Kind::Words(words) => {
            let word = a.text(1)?;
            if !words.contains(&word.as_ref()) {
                let refused = ["d1debug", "d2debug", "gf1debug", "gf2debug"].contains(&word.as_ref());
                return Err(if refused {
                    Fault::unsupported(&format!("the evaluator type {word}"))
                } else {
                    Fault::code(3300)
                });
            }
        }
        Kind::Text => {
            a.texts(1)?;
        }
        Kind::Positive => {
            let x = a.num(1)?;
            if is_missing(x) || x < 0.0 {
                return Err(Fault::code(3300));
            }
        }
        Kind::Row => {
            if a.vector(1)?.data().iter().any(|x| is_missing(*x)) {
                return Err(Fault::code(3351));
            }
        }
        Kind::Matrix => {
            a.real(1)?;
        }
        Kind::Function => {
            crate::mata::evaluate::function_name(&value)?;
        }
    }
    change(a, |p| {
        p.settings.insert(key, value);
    })?;
    Ok(None)
}

/// `optimize_init_argument(S, k [, X])`.
fn argument(_: &mut super::Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let k = argument_number(a)?;
    if a.len() == 2 {
        return Ok(Some(problem(a)?.arguments.get(k - 1).cloned().unwrap_or_else(Value::empty)));
    }
    let value = a.value(2).clone();
    change(a, |p| put_argument(&mut p.arguments, k, value))?;
    Ok(None)
}

/// Number (from 1) of a further argument of an evaluator, which is the second argument of the call.
pub(super) fn argument_number(a: &Args) -> Run<usize> {
    let k = a.count(1)?;
    if (1..=50).contains(&k) { Ok(k) } else { Err(Fault::code(3300)) }
}

/// Sets the further argument with a number; those before it that are not set are empty.
pub(super) fn put_argument(arguments: &mut Vec<Value>, k: usize, value: Value) {
    if arguments.len() < k {
        arguments.resize(k, Value::empty());
    }
    arguments[k - 1] = value;
}
