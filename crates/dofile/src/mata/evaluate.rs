//! Values of expressions, and assignment to variables, parts, members and through pointers.

use super::ast::{Binary, Expr};
use super::fault::{Fault, Run};
use super::grid::Grid;
use super::join;
use super::machine::{Frame, Machine};
use super::operators::{self, real_scalar};
use super::subscripts::{self, Part};
use super::value::{Cell, Instance, Pointer, Value};
use estimators::complex::Complex;
use std::sync::Arc;

impl Machine<'_> {
    /// The value of an expression; 0 × 0 where a void function is called.
    pub fn value(&mut self, frame: &mut Frame, e: &Expr) -> Run<Value> {
        Ok(self.outcome(frame, e)?.unwrap_or_else(Value::empty))
    }

    /// The value of an expression; nothing where a void function is called.
    pub fn outcome(&mut self, frame: &mut Frame, e: &Expr) -> Run<Option<Value>> {
        Ok(Some(match e {
            Expr::Num(x) => Value::Num(*x),
            Expr::Imaginary(x) => Value::Complex(Grid::scalar(Complex::new(0.0, *x))),
            Expr::Text(t) => Value::Text(Grid::scalar(t.clone())),
            Expr::Null => Value::Pointer(Grid::scalar(Pointer::Null)),
            Expr::Var(k) => {
                let value = self.cell(frame, *k)?.get();
                self.without_view(value)?
            }
            Expr::Index(base, subscripts) => self.index(frame, base, subscripts)?,
            Expr::Range(base, range) => {
                let range = self.value(frame, range)?;
                let value = self.place_or_value(frame, base)?;
                let part = subscripts::ranged(value.shape(), &range)?;
                self.part(&value, &part)?
            }
            Expr::Member(base, name) => {
                let value = self.member(frame, base, name)?.get();
                self.without_view(value)?
            }
            Expr::Call(call) => return self.call(frame, &call.name, &call.args),
            Expr::Through(function, args) => {
                let Expr::Deref(pointer) = function.as_ref() else { return Err(Fault::code(3101)) };
                let pointer = self.value(frame, pointer)?;
                let name = function_name(&pointer)?;
                return self.call(frame, &name, args);
            }
            Expr::Unary(op, x) => {
                let x = self.value(frame, x)?;
                operators::unary(*op, &x)?
            }
            Expr::Join(below, parts) => {
                let mut values = Vec::with_capacity(parts.len());
                for part in parts {
                    values.push(self.value(frame, part)?);
                }
                join::join(*below, values, self.bytes())?
            }
            Expr::Binary(..) => self.chain(frame, e)?,
            Expr::Conditional(condition, yes, no) => {
                let holds = real_scalar(&self.value(frame, condition)?)? != 0.0;
                return self.outcome(frame, if holds { yes } else { no });
            }
            Expr::Assign(target, value) => {
                let value = self.value(frame, value)?.detached();
                self.assign(frame, target, value.clone())?;
                value
            }
            Expr::Step(target, step, before) => self.step(frame, target, *step, *before)?,
            Expr::Address(e) => Value::Pointer(Grid::scalar(self.address(frame, e)?)),
            Expr::FunctionAddress(name) => Value::Pointer(Grid::scalar(Pointer::Function(name.clone()))),
            Expr::Deref(p) => {
                let value = self.pointed(frame, p)?.get();
                self.without_view(value)?
            }
            Expr::Void(e) => {
                self.outcome(frame, e)?;
                return Ok(None);
            }
        }))
    }

    /// Binary operators from the left: a long sum needs no deep recursion.
    fn chain(&mut self, frame: &mut Frame, e: &Expr) -> Run<Value> {
        let mut terms = Vec::new();
        let mut first = e;
        while let Expr::Binary(op, colon, left, right) = first {
            terms.push((*op, *colon, right));
            first = left;
        }
        let mut value = self.value(frame, first)?;
        for (op, colon, right) in terms.into_iter().rev() {
            if matches!(op, Binary::ShortAnd | Binary::ShortOr) {
                let left = real_scalar(&value)? != 0.0;
                if left == (op == Binary::ShortOr) {
                    value = Value::truth(left);
                    continue;
                }
            }
            let right = self.value(frame, right)?;
            let result = if colon {
                operators::colon(op, &value, &right)
            } else {
                operators::binary(op, &value, &right, self.bytes())
            };
            let symbol = || format!("{}{}", if colon { ":" } else { "" }, op.symbol());
            value = result.map_err(|fault| fault.found_by(&symbol()))?;
        }
        Ok(value)
    }

    /// The variable at a place.
    ///
    /// # Errors
    /// 3499 for a global variable that does not exist.
    pub fn cell(&mut self, frame: &mut Frame, k: usize) -> Run<Cell> {
        if let Some(cell) = &frame.cells[k] {
            return Ok(cell.clone());
        }
        let name = &frame.code.slots[k].name;
        let found = self.state().globals.get(name).cloned().ok_or_else(|| Fault::not_found(name))?;
        frame.cells[k] = Some(found.clone());
        Ok(found)
    }

    /// The values of a view; any other value as it is.
    pub fn without_view(&mut self, value: Value) -> Run<Value> {
        match value {
            Value::View(view) => self.read_view(&view),
            other => Ok(other),
        }
    }

    /// The value of an expression whose part is read: a view stays a view.
    fn place_or_value(&mut self, frame: &mut Frame, e: &Expr) -> Run<Value> {
        match e {
            Expr::Var(k) => Ok(self.cell(frame, *k)?.get()),
            Expr::Member(base, name) => Ok(self.member(frame, base, name)?.get()),
            Expr::Deref(p) => Ok(self.pointed(frame, p)?.get()),
            e => self.value(frame, e),
        }
    }

    fn part(&mut self, value: &Value, part: &Part) -> Run<Value> {
        match value {
            Value::View(view) => self.read_part(view, part),
            value => subscripts::extract(value, part),
        }
    }

    fn index(&mut self, frame: &mut Frame, base: &Expr, list: &[Expr]) -> Run<Value> {
        let mut subscripts = Vec::with_capacity(2);
        for e in list {
            subscripts.push(self.value(frame, e)?);
        }
        if let Expr::Var(k) = base {
            // one element of a real matrix is the most frequent case
            let cell = self.cell(frame, *k)?;
            let element = cell.with(|value| match (value, &subscripts[..]) {
                (Value::Real(g), [Value::Num(i), Value::Num(j)]) => element(g, *i, *j),
                (Value::Real(g), [Value::Num(i)]) if g.rows() == 1 => element(g, 1.0, *i),
                (Value::Real(g), [Value::Num(i)]) if g.cols() == 1 => element(g, *i, 1.0),
                _ => None,
            });
            if let Some(x) = element {
                return Ok(Value::Num(x));
            }
        }
        let value = self.place_or_value(frame, base)?;
        let part = subscripts::listed(value.shape(), &subscripts)?;
        self.part(&value, &part)
    }

    /// The structure that an expression stands for.
    fn instance(&mut self, frame: &mut Frame, e: &Expr) -> Run<Arc<Instance>> {
        match self.value(frame, e)? {
            Value::Struct(grid) if grid.is_scalar() => Ok(grid.data()[0].clone()),
            Value::Struct(_) => Err(Fault::code(3204)),
            _ => Err(Fault::code(3259)),
        }
    }

    /// The member of a structure.
    pub fn member(&mut self, frame: &mut Frame, base: &Expr, name: &str) -> Run<Cell> {
        let instance = self.instance(frame, base)?;
        let missing = || Fault::with(3000, format!("struct {} has no member {name}", instance.of.name));
        instance.member(name).cloned().ok_or_else(missing)
    }

    /// The variable that a pointer points to.
    pub fn pointed(&mut self, frame: &mut Frame, p: &Expr) -> Run<Cell> {
        match self.value(frame, p)? {
            Value::Pointer(grid) if grid.is_scalar() => match &grid.data()[0] {
                Pointer::To(cell) => Ok(cell.clone()),
                Pointer::Null => Err(Fault::code(3010)),
                Pointer::Function(_) => Err(Fault::code(3102)),
            },
            Value::Pointer(_) => Err(Fault::code(3204)),
            _ => Err(Fault::code(3257)),
        }
    }

    fn address(&mut self, frame: &mut Frame, e: &Expr) -> Run<Pointer> {
        Ok(Pointer::To(match e {
            Expr::Var(k) => self.cell(frame, *k)?,
            Expr::Member(base, name) => self.member(frame, base, name)?,
            Expr::Deref(p) => self.pointed(frame, p)?,
            e => Cell::new(self.value(frame, e)?),
        }))
    }

    fn step(&mut self, frame: &mut Frame, target: &Expr, step: f64, before: bool) -> Run<Value> {
        let old = real_scalar(&self.value(frame, target)?)?;
        let new = operators::binary(Binary::Add, &Value::Num(old), &Value::Num(step), self.bytes())?;
        self.assign(frame, target, new.clone())?;
        Ok(if before { Value::Num(old) } else { new })
    }

    /// Assigns a value that is no view and has its own structures.
    pub fn assign(&mut self, frame: &mut Frame, target: &Expr, value: Value) -> Run<()> {
        match target {
            Expr::Var(k) => self.assign_variable(frame, *k, value),
            Expr::Member(base, name) => {
                let instance = self.instance(frame, base)?;
                let declared = instance.of.members.iter().find(|(n, _)| n == name).map(|(_, t)| t.clone());
                let cell = self.member(frame, base, name)?;
                cell.set(fitted(declared.as_ref(), value)?);
                Ok(())
            }
            Expr::Deref(p) => {
                self.pointed(frame, p)?.set(value);
                Ok(())
            }
            Expr::Index(base, list) => {
                let mut subscripts = Vec::with_capacity(2);
                for e in list {
                    subscripts.push(self.value(frame, e)?);
                }
                let cell = self.base_cell(frame, base)?;
                let part = subscripts::listed(cell.with(Value::shape), &subscripts)?;
                self.assign_part(&cell, &part, &value)
            }
            Expr::Range(base, range) => {
                let range = self.value(frame, range)?;
                let cell = self.base_cell(frame, base)?;
                let part = subscripts::ranged(cell.with(Value::shape), &range)?;
                self.assign_part(&cell, &part, &value)
            }
            _ => Err(Fault::code(3011)),
        }
    }

    fn assign_variable(&mut self, frame: &mut Frame, k: usize, value: Value) -> Run<()> {
        let value = fitted(frame.code.slots[k].ty.as_ref(), value)?;
        match &frame.cells[k] {
            Some(cell) => cell.set(value),
            None => {
                let name = frame.code.slots[k].name.clone();
                let cell =
                    self.state().globals.entry(name).or_insert_with(|| Cell::new(Value::empty())).clone();
                cell.set(value);
                frame.cells[k] = Some(cell);
            }
        }
        Ok(())
    }

    /// The variable whose part is assigned.
    fn base_cell(&mut self, frame: &mut Frame, base: &Expr) -> Run<Cell> {
        match base {
            Expr::Var(k) => self.cell(frame, *k),
            Expr::Member(inner, name) => self.member(frame, inner, name),
            Expr::Deref(p) => self.pointed(frame, p),
            _ => Err(Fault::code(3011)),
        }
    }

    fn assign_part(&mut self, cell: &Cell, part: &Part, value: &Value) -> Run<()> {
        let current = cell.take();
        if let Value::View(view) = &current {
            let view = view.clone();
            cell.set(current);
            return self.write_view(&view, part, value);
        }
        match subscripts::assign(current, part, value) {
            Ok(changed) => {
                cell.set(changed);
                Ok(())
            }
            Err((unchanged, fault)) => {
                cell.set(unchanged);
                Err(fault)
            }
        }
    }
}

/// A value as a declared type holds it: real values become complex where the type asks for it.
fn fitted(ty: Option<&super::types::Type>, value: Value) -> Run<Value> {
    let Some(ty) = ty else { return Ok(value) };
    let value = match (&ty.element, &value) {
        (super::types::Element::Complex, Value::Num(_) | Value::Real(_)) => {
            operators::complex_grid(&value).map_or(value, Value::Complex)
        }
        _ => value,
    };
    match ty.violation(&value) {
        Some(code) => Err(Fault::code(code)),
        None => Ok(value),
    }
}

/// The name of the function that a pointer points to.
///
/// # Errors
/// 3010 for `NULL`, 3101 for a pointer to a variable.
pub(super) fn function_name(pointer: &Value) -> Run<String> {
    match pointer {
        Value::Pointer(grid) if grid.is_scalar() => match &grid.data()[0] {
            Pointer::Function(name) => Ok(name.to_string()),
            Pointer::Null => Err(Fault::code(3010)),
            Pointer::To(_) => Err(Fault::code(3101)),
        },
        _ => Err(Fault::code(3257)),
    }
}

/// One element by subscripts from 1; nothing where they are not inside of the matrix.
fn element(g: &Grid<f64>, i: f64, j: f64) -> Option<f64> {
    let inside = i >= 1.0 && j >= 1.0 && i < g.rows() as f64 + 1.0 && j < g.cols() as f64 + 1.0;
    inside.then(|| *g.get(i as usize - 1, j as usize - 1))
}
