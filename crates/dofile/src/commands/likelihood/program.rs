//! Runs the user's program at given coefficients and reads the log likelihood that it computed.

use super::model::{Method, MlSpec, Prepared};
use crate::error::{Result, StataError};
use crate::estimation::likelihood::effective_weights;
use crate::frame::{Column, Frame, Variable};
use crate::matrix::Matrix;
use crate::ops::run::quietly;
use crate::session::{Extension, Session};
use crate::value::{MISSING, Value, is_missing};
use estimators::ml_differences::Values;
use std::sync::Arc;

/// What `mleval` and `mlsum` need while a program runs.
#[derive(Clone)]
pub(super) struct Running {
    /// Sample and design.
    pub prepared: Arc<Prepared>,
    /// Rows of the data that are the sample.
    pub rows: Arc<Vec<usize>>,
    /// Weights of these rows.
    pub weights: Option<Arc<Vec<f64>>>,
    /// What is added to the index of each equation.
    pub shift: Vec<f64>,
    /// Equations whose index the program asked for.
    pub used: Vec<bool>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({} rows)", self.rows.len())
    }
}

impl Extension for Running {}

/// The user's program with its sample in the data.
pub(super) struct Program<'a> {
    s: &'a mut Session,
    name: String,
    method: Method,
    prepared: Arc<Prepared>,
    rows: Arc<Vec<usize>>,
    saved: Frame,
    globals: Vec<String>,
    /// Name of the variable or scalar with the log likelihood.
    result: String,
    /// Names of the indices (`lf`), or of the vector of coefficients.
    inputs: Vec<String>,
    /// Names of scores, gradient and Hessian, which are never asked for.
    outputs: Vec<String>,
    /// Values of the linear indices that the program asked for at the last call.
    used: Vec<bool>,
}

impl<'a> Program<'a> {
    /// Reduces the data to the sample and sets the macros `ML_*` until [`Program::close`].
    pub(super) fn open(s: &'a mut Session, spec: &MlSpec, prepared: Arc<Prepared>) -> Result<Self> {
        let saved = s.frame.clone();
        let mut rows = prepared.model.design.rows.clone();
        if !spec.cmd.has("nopreserve") {
            s.frame.keep_rows(&prepared.model.touse);
            rows = (0..rows.len()).collect();
        }
        let weights = effective_weights(&prepared.model).0.map(|(w, _)| Arc::new(w));
        let equations = spec.equations.len();
        let count = if spec.method == Method::Lf { equations } else { 1 };
        let mut program = Self {
            name: spec.program.clone(),
            method: spec.method,
            rows: Arc::new(rows),
            saved,
            globals: Vec::new(),
            result: s.fresh_name(),
            inputs: (0..count).map(|_| s.fresh_name()).collect(),
            outputs: Vec::new(),
            used: vec![spec.method == Method::Lf; equations],
            prepared,
            s,
        };
        let further = match spec.method_name.as_str() {
            "lf1" => equations,
            "lf2" => equations + 1,
            "d1" => 1,
            "d2" => 2,
            _ => 0,
        };
        program.outputs = (0..further).map(|_| program.s.fresh_name()).collect();
        match program.publish(spec, weights) {
            Ok(()) => Ok(program),
            Err(error) => {
                program.close();
                Err(error)
            }
        }
    }

    /// Variables and macros that programs read.
    fn publish(&mut self, spec: &MlSpec, weights: Option<Arc<Vec<f64>>>) -> Result<()> {
        let n = self.s.frame.n_rows();
        let at = |values: &[f64]| {
            let mut column = vec![MISSING; n];
            self.rows.iter().zip(values).for_each(|(r, v)| column[*r] = *v);
            Column::Double(column)
        };
        let ones = vec![1.0; self.rows.len()];
        let mut sample = vec![0.0; n];
        self.rows.iter().for_each(|r| sample[*r] = 1.0);
        let weight_values = at(weights.as_deref().map_or(&ones, |w| w));
        let outcomes: Vec<Column> = self.prepared.outcomes.iter().map(|y| at(y)).collect();
        let (sample_name, weight_name) = (self.s.fresh_name(), self.s.fresh_name());
        self.s.frame.add(Variable::new(&sample_name, Column::Double(sample)))?;
        self.s.frame.add(Variable::new(&weight_name, weight_values))?;
        self.set("ML_samp", &sample_name);
        self.set("ML_w", &weight_name);
        self.set("ML_n", &spec.equations.len().to_string());
        self.set("ML_method", &spec.method_name);
        let prepared = self.prepared.clone();
        let mut names = Vec::new();
        for (k, (name, values)) in prepared.depvars.iter().zip(outcomes).enumerate() {
            let name = match self.s.frame.find(name) {
                Some(_) => name.clone(),
                None => {
                    let own = self.s.fresh_name();
                    self.s.frame.add(Variable::new(&own, values))?;
                    own
                }
            };
            self.set(&format!("ML_y{}", k + 1), &name);
            names.push(name);
        }
        self.set("ML_y", &names.join(" "));
        let by_row = self.method != Method::Total;
        let inputs = if self.method == Method::Lf { self.inputs.clone() } else { Vec::new() };
        let scores = if by_row { self.outputs.clone() } else { Vec::new() };
        for name in inputs.iter().chain(by_row.then_some(&self.result)).chain(&scores) {
            self.s.frame.add(Variable::new(name, Column::Double(vec![MISSING; n])))?;
        }
        let equations = spec.equations.len();
        self.s.extensions.set(Running {
            prepared: self.prepared.clone(),
            rows: self.rows.clone(),
            weights,
            shift: vec![0.0; equations],
            used: vec![false; equations],
        });
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) {
        self.s.set_global(name, value);
        self.globals.push(name.to_string());
    }

    /// Whether the program takes all its linear indices from `ml`, so far as the calls until now showed.
    pub(super) fn by_index(&self) -> bool {
        self.method != Method::Total && self.used.iter().all(|u| *u)
    }

    /// Puts the data back.
    pub(super) fn close(self) {
        self.s.frame = self.saved;
        for name in &self.globals {
            self.s.globals.remove(name);
        }
        for name in self.inputs.iter().chain(&self.outputs).chain([&self.result]) {
            self.s.matrices.remove(name);
            self.s.scalars.remove(name);
        }
        self.s.extensions.remove::<Running>();
    }

    fn column(&mut self, name: &str, values: Column) -> Result<()> {
        let position = self.s.frame.position(name)?;
        self.s.frame.set_column(position, values);
        Ok(())
    }

    fn call(&mut self, full: &[f64], shift: &[f64]) -> Result<()> {
        let n = self.s.frame.n_rows();
        let mut arguments = Vec::new();
        if self.method == Method::Lf {
            arguments.push(self.result.clone());
            let indices = self.prepared.indices(full);
            for (e, index) in indices.into_iter().enumerate() {
                let by = shift.get(e).copied().unwrap_or(0.0);
                let mut column = vec![MISSING; n];
                self.rows.iter().zip(index).for_each(|(r, v)| column[*r] = v + by);
                let name = self.inputs[e].clone();
                self.column(&name, Column::Double(column))?;
                arguments.push(name);
            }
        } else {
            let b = Matrix::row_vector(full.to_vec(), self.prepared.stripe.clone());
            self.s.matrices.insert(self.inputs[0].clone(), Arc::new(b));
            arguments.extend(["0".to_string(), self.inputs[0].clone(), self.result.clone()]);
            arguments.extend(self.outputs.iter().cloned());
        }
        if self.method == Method::Total {
            self.s.scalars.remove(&self.result);
        } else {
            let name = self.result.clone();
            self.column(&name, Column::Double(vec![MISSING; n]))?;
        }
        if let Some(running) = self.s.extensions.get_mut::<Running>() {
            running.shift = shift.to_vec();
            running.used.iter_mut().for_each(|u| *u = false);
        }
        let line = format!("{} {}", self.name, arguments.join(" "));
        quietly(self.s, &line)?;
        if self.method != Method::Lf
            && let Some(running) = self.s.extensions.get::<Running>()
        {
            self.used = running.used.clone();
        }
        Ok(())
    }
}

impl Values for Program<'_> {
    type Error = StataError;

    fn at(&mut self, b: &[f64], shift: &[f64]) -> Result<Option<Vec<f64>>> {
        let full = self.prepared.spread(b);
        self.call(&full, shift)?;
        if self.method == Method::Total {
            let value = self.s.scalars.get(&self.result).and_then(Value::as_num);
            return Ok(value.filter(|v| !is_missing(*v)).map(|v| vec![v]));
        }
        let position = self.s.frame.position(&self.result)?;
        let values: Vec<f64> = self.rows.iter().map(|r| self.s.frame.num_at(position, *r)).collect();
        Ok(values.iter().all(|v| !is_missing(*v)).then_some(values))
    }
}
