//! The evaluator of optimize() as an objective: its calls, the constraints, derivatives that it does not compute.

use super::decompose::mat;
use super::optimizer::row;
use super::optimizer_settings::Problem;
use crate::format;
use crate::mata::calls::Arg;
use crate::mata::evaluate::function_name;
use crate::mata::fault::{Fault, Run};
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::operators::real_grid;
use crate::mata::value::{Cell, Value};
use crate::value::{MISSING, is_missing};
use estimators::differences::{self, Function};
use estimators::matrix::Mat;
use estimators::ml_differences::Allowed;
use estimators::optimise::Objective;

/// Steps whose values are kept.
const LOG: usize = 20;

/// The evaluator with the parameters that the constraints allow; the function to maximise is `sign` times its value.
pub(super) struct Evaluator<'m, 's> {
    machine: &'m mut Machine<'s>,
    pub(super) problem: &'m Problem,
    name: String,
    pub(super) sign: f64,
    pub(super) rows: bool,
    level: u32,
    pub(super) allowed: Option<Allowed>,
    pub(super) steps: Option<Vec<f64>>,
    pub(super) evaluations: [usize; 3],
    pub(super) log: Vec<f64>,
    pub(super) quiet: bool,
}

/// What a call of the evaluator filled in.
struct Evaluated {
    value: Grid<f64>,
    gradient: Grid<f64>,
    hessian: Grid<f64>,
}

impl Evaluator<'_, '_> {
    /// Calls the evaluator at parameters; nothing where the value is missing.
    fn call(&mut self, todo: u32, p: &[f64]) -> Run<Option<Evaluated>> {
        let np = p.len();
        self.evaluations[todo as usize] += 1;
        let cell = |v: Value| Cell::new(v);
        let (v, g, h) = (
            cell(Value::Num(MISSING)),
            cell(Value::real(Grid::filled(1, np, MISSING))),
            cell(Value::real(Grid::filled(np, np, MISSING))),
        );
        let mut args = vec![Arg::Value(Value::Num(f64::from(todo))), Arg::Value(row(p))];
        args.extend(self.problem.arguments.iter().map(|x| Arg::Value(x.clone())));
        args.extend([&v, &g, &h].map(|c| Arg::Cell(c.clone())));
        self.machine.call_with(&self.name, args)?;
        let real = |c: &Cell| real_grid(&c.get()).ok_or_else(|| Fault::code(3253));
        let value = real(&v)?;
        if value.is_empty() || value.data().iter().any(|x| is_missing(*x)) {
            return Ok(None);
        }
        Ok(Some(Evaluated { value, gradient: real(&g)?, hessian: real(&h)? }))
    }

    pub(super) fn whole(&self, free: &[f64]) -> Vec<f64> {
        match &self.allowed {
            None => free.to_vec(),
            Some(a) => a.basis.times_vector(free).iter().zip(&a.origin).map(|(x, o)| x + o).collect(),
        }
    }

    fn reduced(&self, gradient: Vec<f64>) -> Vec<f64> {
        match &self.allowed {
            None => gradient,
            Some(a) => a.basis.transpose().times_vector(&gradient),
        }
    }

    /// First derivatives of the rows at all parameters; one row for evaluators of type d.
    pub(super) fn scores(&mut self, p: &[f64]) -> Run<Option<Mat>> {
        if self.level >= 1 {
            let Some(found) = self.call(1, p)? else { return Ok(None) };
            let g = found.gradient;
            if g.cols() != p.len() {
                return Err(Fault::code(3200));
            }
            if g.data().iter().any(|x| is_missing(*x)) {
                return Ok(None);
            }
            return Ok(Some(mat(&g).scaled(self.sign)));
        }
        for fresh in [self.steps.is_none(), true] {
            if fresh {
                self.steps = differences::steps(&mut Rows(self), p)?;
            }
            let Some(steps) = self.steps.clone() else { return Ok(None) };
            if let Some(found) = differences::jacobian(&mut Rows(self), p, &steps)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Second derivatives at all parameters.
    pub(super) fn second(&mut self, p: &[f64]) -> Run<Option<Mat>> {
        if self.level >= 2 {
            let Some(found) = self.call(2, p)? else { return Ok(None) };
            let h = found.hessian;
            if (h.rows(), h.cols()) != (p.len(), p.len()) {
                return Err(Fault::code(3200));
            }
            if h.data().iter().any(|x| is_missing(*x)) {
                return Ok(None);
            }
            let sign = if self.problem.word("negH") == "on" { -self.sign } else { self.sign };
            return Ok(Some(mat(&h).scaled(sign).symmetrised()));
        }
        for fresh in [self.steps.is_none(), true] {
            if fresh {
                self.steps = differences::steps(&mut Rows(self), p)?;
            }
            let Some(steps) = self.steps.clone() else { return Ok(None) };
            let found = if self.level == 1 {
                differences::jacobian(&mut Gradient(self), p, &steps)?.map(|h| h.symmetrised())
            } else {
                differences::hessian(&mut Rows(self), p, &steps)?
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// The rows of the value as a function to differentiate.
struct Rows<'e, 'm, 's>(&'e mut Evaluator<'m, 's>);

impl Function for Rows<'_, '_, '_> {
    type Error = Fault;
    fn at(&mut self, p: &[f64]) -> Run<Option<Vec<f64>>> {
        let sign = self.0.sign;
        Ok(self.0.call(0, p)?.map(|e| e.value.data().iter().map(|v| sign * v).collect()))
    }
}

/// The gradient as a function to differentiate.
struct Gradient<'e, 'm, 's>(&'e mut Evaluator<'m, 's>);

impl Function for Gradient<'_, '_, '_> {
    type Error = Fault;
    fn at(&mut self, p: &[f64]) -> Run<Option<Vec<f64>>> {
        Ok(self.0.scores(p)?.map(|g| column_sums(&g)))
    }
}

pub(super) fn column_sums(m: &Mat) -> Vec<f64> {
    (0..m.cols()).map(|j| estimators::real::stable_sum((0..m.rows()).map(|i| m[(i, j)]))).collect()
}

impl Objective for Evaluator<'_, '_> {
    type Error = Fault;

    fn value(&mut self, p: &[f64]) -> Run<Option<f64>> {
        let whole = self.whole(p);
        let (sign, rows) = (self.sign, self.rows);
        let found = self.call(0, &whole)?;
        match found {
            Some(e) if !rows && e.value.len() != 1 => Err(Fault::code(3204)),
            Some(e) => Ok(Some(sign * estimators::real::stable_sum(e.value.data().iter().copied()))),
            None => Ok(None),
        }
    }

    fn gradient(&mut self, p: &[f64]) -> Run<Option<Vec<f64>>> {
        let whole = self.whole(p);
        Ok(self.scores(&whole)?.map(|g| self.reduced(column_sums(&g))))
    }

    fn hessian(&mut self, p: &[f64]) -> Run<Option<Mat>> {
        let whole = self.whole(p);
        Ok(self.second(&whole)?.map(|h| match &self.allowed {
            None => h,
            Some(a) => a.basis.transpose().sandwich(&h),
        }))
    }

    fn outer_products(&mut self, p: &[f64]) -> Run<Option<Mat>> {
        if !self.rows {
            return Ok(None);
        }
        let whole = self.whole(p);
        Ok(self.scores(&whole)?.map(|g| {
            let outer = g.transpose().outer();
            match &self.allowed {
                None => outer,
                Some(a) => a.basis.transpose().sandwich(&outer),
            }
        }))
    }

    fn report(&mut self, iteration: usize, _: &[f64], value: f64, remark: &'static str) {
        let value = self.sign * value;
        if self.log.len() == LOG {
            self.log.remove(0);
        }
        self.log.push(value);
        if !self.quiet {
            let (id, name) = (self.problem.word("iterid"), self.problem.word("valueid"));
            let shown = format::right(&format::bare("%10.0g", value), 10);
            let remark = if remark.is_empty() { String::new() } else { format!("  ({remark})") };
            self.machine.say(&format!("{id} {iteration}:  {name} = {shown}{remark}\n"));
        }
    }
}

pub(super) fn evaluator<'m, 's>(m: &'m mut Machine<'s>, p: &'m Problem) -> Run<Evaluator<'m, 's>> {
    let kind = p.word("evaluatortype");
    Ok(Evaluator {
        machine: m,
        problem: p,
        name: function_name(&p.setting("evaluator"))?,
        sign: if p.word("which") == "min" { -1.0 } else { 1.0 },
        rows: !kind.starts_with('d'),
        level: kind.chars().last().and_then(|c| c.to_digit(10)).unwrap_or(0),
        allowed: None,
        steps: None,
        evaluations: [0; 3],
        log: Vec::new(),
        quiet: p.word("tracelevel") == "none" || p.word("trace_value") == "off",
    })
}
