//! Calls: arguments, which are passed by reference, functions that were defined, built-in functions.

use super::ast::{Expr, Function};
use super::fault::{Fault, Run};
use super::functions;
use super::grid::Grid;
use super::machine::{Flow, Frame, Machine};
use super::operators::{complex_grid, real_grid, real_scalar};
use super::value::{Cell, Text, Value};
use estimators::complex::Complex;
use std::sync::Arc;

/// An argument: a variable, or a value without a name.
#[derive(Debug, Clone)]
pub enum Arg {
    /// A variable, which the function may change.
    Cell(Cell),
    /// A value.
    Value(Value),
}

/// Arguments of a built-in function.
#[derive(Debug)]
pub struct Args {
    cells: Vec<Option<Cell>>,
    values: Vec<Value>,
}

/// Whether a name belongs to a function that reads the running function.
pub(super) fn is_special(name: &str) -> bool {
    name == "args"
}

impl Machine<'_> {
    /// Calls a function by its name with arguments that are still expressions.
    pub fn call(&mut self, frame: &mut Frame, name: &str, args: &[Expr]) -> Run<Option<Value>> {
        if is_special(name) {
            return Ok(Some(Value::count(frame.given)));
        }
        let mut given = Vec::with_capacity(args.len());
        for e in args {
            given.push(self.argument(frame, e)?);
        }
        self.call_with(name, given)
    }

    /// Calls a function by its name.
    pub fn call_with(&mut self, name: &str, args: Vec<Arg>) -> Run<Option<Value>> {
        let defined = self.state().functions.get(name).cloned();
        if let Some(code) = defined {
            return self.call_defined(&code, args);
        }
        let shown = || format!("{name}()");
        if self.state().structs.contains_key(name) {
            return self.construct(name, args).map(Some).map_err(|f| f.left(&shown()));
        }
        let Some(function) = functions::find(name) else {
            return match functions::refused(name) {
                true => Err(Fault::unsupported(&shown())),
                false => Err(Fault::not_found(&shown())),
            };
        };
        if !function.accepts(args.len()) {
            return Err(Fault::code(3001).left(&shown()));
        }
        let mut args = self.prepared(args, function.keeps_views())?;
        function.run(self, &mut args).map_err(|f| f.left(&shown()))
    }

    fn prepared(&mut self, args: Vec<Arg>, keep_views: bool) -> Run<Args> {
        let mut out = Args { cells: Vec::with_capacity(args.len()), values: Vec::with_capacity(args.len()) };
        for arg in args {
            let (cell, value) = match arg {
                Arg::Cell(cell) => {
                    let value = cell.get();
                    (Some(cell), value)
                }
                Arg::Value(value) => (None, value),
            };
            out.cells.push(cell);
            out.values.push(if keep_views { value } else { self.without_view(value)? });
        }
        Ok(out)
    }

    /// An argument: variables, members and what pointers point to are passed by reference.
    fn argument(&mut self, frame: &mut Frame, e: &Expr) -> Run<Arg> {
        Ok(match e {
            Expr::Var(k) => Arg::Cell(self.cell(frame, *k)?),
            Expr::Member(base, name) => Arg::Cell(self.member(frame, base, name)?),
            Expr::Deref(p) => Arg::Cell(self.pointed(frame, p)?),
            // `f(X = .)` passes X
            Expr::Assign(target, _) if matches!(target.as_ref(), Expr::Var(_)) => {
                self.value(frame, e)?;
                return self.argument(frame, target);
            }
            e => Arg::Value(self.value(frame, e)?),
        })
    }

    fn call_defined(&mut self, code: &Arc<Function>, args: Vec<Arg>) -> Run<Option<Value>> {
        self.run_defined(code, args).map_err(|f| f.left(&format!("{}()", code.name)))
    }

    fn run_defined(&mut self, code: &Arc<Function>, args: Vec<Arg>) -> Run<Option<Value>> {
        if args.len() < code.required || args.len() > code.parameters {
            return Err(Fault::code(3001));
        }
        self.check_stack()?;
        if self.session.interrupted() {
            return Err(Fault::exit(1, "--Break--"));
        }
        let mut frame = self.frame(code, args.len())?;
        for (k, arg) in args.into_iter().enumerate() {
            let cell = match arg {
                Arg::Cell(cell) => cell,
                Arg::Value(value) => Cell::new(value),
            };
            if let Some(ty) = &code.slots[k].ty
                && let Some(wrong) = cell.with(|value| ty.violation(value))
            {
                return Err(Fault::code(wrong));
            }
            frame.cells[k] = Some(cell);
        }
        let returned = match self.block(&mut frame, &code.body)? {
            Flow::Return(value) => value,
            _ => None,
        };
        let Some(ty) = &code.returns else { return Ok(None) };
        match returned {
            Some(value) => match ty.violation(&value) {
                Some(wrong) => Err(Fault::code(wrong)),
                None => Ok(Some(value)),
            },
            None => Ok(None),
        }
    }

    fn construct(&mut self, name: &str, args: Vec<Arg>) -> Run<Value> {
        if args.len() > 2 {
            return Err(Fault::code(3001));
        }
        let args = self.prepared(args, false)?;
        let rows = if args.len() > 0 { args.count(0)? } else { 1 };
        let cols = if args.len() > 1 { args.count(1)? } else { 1 };
        self.structures(name, rows, cols)
    }
}

impl Args {
    /// Number of arguments.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// An argument as it is.
    pub fn value(&self, k: usize) -> &Value {
        &self.values[k]
    }

    /// The variable of an argument.
    pub fn cell(&self, k: usize) -> Option<&Cell> {
        self.cells.get(k)?.as_ref()
    }

    /// Sets the variable of an argument and the argument itself.
    pub fn replace(&mut self, k: usize, value: Value) {
        self.set(k, value.clone());
        self.values[k] = value;
    }

    /// Forgets the value of an argument, so that its variable is its only owner.
    pub fn forget(&mut self, k: usize) {
        self.values[k] = Value::empty();
    }

    /// Sets the variable of an argument; a value without a name is lost.
    pub fn set(&self, k: usize, value: Value) {
        if let Some(Some(cell)) = self.cells.get(k) {
            cell.set(value);
        }
    }

    /// A real matrix; 3253 otherwise.
    pub fn real(&self, k: usize) -> Run<Grid<f64>> {
        real_grid(&self.values[k]).ok_or_else(|| Fault::code(3253))
    }

    /// A real matrix with as many rows as columns; 3205 otherwise.
    pub fn square(&self, k: usize) -> Run<Grid<f64>> {
        let g = self.real(k)?;
        if g.rows() == g.cols() { Ok(g) } else { Err(Fault::code(3205)) }
    }

    /// A real vector; 3201 otherwise.
    pub fn vector(&self, k: usize) -> Run<Grid<f64>> {
        let g = self.real(k)?;
        if g.is_vector() || g.is_empty() { Ok(g) } else { Err(Fault::code(3201)) }
    }

    /// A complex matrix, also of real values; 3251 otherwise.
    pub fn complex(&self, k: usize) -> Run<Grid<Complex>> {
        complex_grid(&self.values[k]).ok_or_else(|| Fault::code(3251))
    }

    /// True for a complex argument.
    pub fn is_complex(&self, k: usize) -> bool {
        matches!(self.values[k], Value::Complex(_))
    }

    /// True for a string argument.
    pub fn is_text(&self, k: usize) -> bool {
        matches!(self.values[k], Value::Text(_))
    }

    /// A real scalar.
    pub fn num(&self, k: usize) -> Run<f64> {
        real_scalar(&self.values[k])
    }

    /// A real scalar, or a default where the argument is not given.
    pub fn num_or(&self, k: usize, default: f64) -> Run<f64> {
        if k < self.len() { self.num(k) } else { Ok(default) }
    }

    /// A whole number that is not negative; 3300 otherwise.
    pub fn count(&self, k: usize) -> Run<usize> {
        let x = self.num(k)?;
        if (0.0..1e15).contains(&x) { Ok(x as usize) } else { Err(Fault::code(3300)) }
    }

    /// A string scalar.
    pub fn text(&self, k: usize) -> Run<Text> {
        match &self.values[k] {
            Value::Text(g) if g.is_scalar() => Ok(g.data()[0].clone()),
            Value::Text(_) => Err(Fault::code(3204)),
            _ => Err(Fault::code(3254)),
        }
    }

    /// A string matrix.
    pub fn texts(&self, k: usize) -> Run<Grid<Text>> {
        match &self.values[k] {
            Value::Text(g) => Ok(g.clone()),
            _ => Err(Fault::code(3254)),
        }
    }
}
