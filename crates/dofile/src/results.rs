//! Stored results: `r()`, `e()` and `s()`, and what an estimation posts.

use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use estimators::matrix::Mat;
use std::any::Any;
use std::sync::Arc;

/// Values by name in the order of their storing.
#[derive(Debug, Clone)]
pub struct Named<T>(Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    /// Sets a value, in place when the name exists.
    pub fn set(&mut self, name: impl Into<String>, value: T) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// Removes a name.
    pub fn remove(&mut self, name: &str) -> Option<T> {
        let i = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.remove(i).1)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v))
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Results of one class.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// Scalars.
    pub scalars: Named<f64>,
    /// Macros (texts).
    pub macros: Named<String>,
    /// Matrices.
    pub matrices: Named<Matrix>,
}

impl Results {
    /// Stores a scalar.
    pub fn scalar(&mut self, name: &str, x: f64) -> &mut Self {
        self.scalars.set(name, x);
        self
    }

    /// Stores a text.
    pub fn text(&mut self, name: &str, s: impl Into<String>) -> &mut Self {
        self.macros.set(name, s.into());
        self
    }

    /// Stores a matrix.
    pub fn matrix(&mut self, name: &str, m: Matrix) -> &mut Self {
        self.matrices.set(name, m);
        self
    }

    /// A scalar.
    pub fn get_scalar(&self, name: &str) -> Option<f64> {
        self.scalars.get(name).copied()
    }

    /// A text.
    pub fn get_text(&self, name: &str) -> Option<&str> {
        self.macros.get(name).map(|s| s.as_str())
    }

    /// True when a scalar, text or matrix has the name.
    pub fn has(&self, name: &str) -> bool {
        self.scalars.get(name).is_some()
            || self.macros.get(name).is_some()
            || self.matrices.get(name).is_some()
    }

    /// Removes the scalar, text or matrix of a name.
    pub fn remove(&mut self, name: &str) {
        self.scalars.remove(name);
        self.macros.remove(name);
        self.matrices.remove(name);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.scalars.clear();
        self.macros.clear();
        self.matrices.clear();
    }

    /// True when nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.scalars.is_empty() && self.macros.is_empty() && self.matrices.is_empty()
    }
}

/// The active estimation results: `e()` with `e(sample)` and what
/// postestimation commands need besides.
#[derive(Debug, Clone, Default)]
pub struct Estimation {
    /// Everything under `e()`; `b` (1 × k) and `V` (k × k) are matrices.
    pub results: Results,
    /// Id of the row mark for `e(sample)` in [`crate::frame::Frame`].
    pub sample: Option<u64>,
    /// State private to the estimation command and its postestimation commands.
    pub extra: Option<Arc<dyn Any + Send + Sync>>,
    /// Derivatives of the log likelihood of each row of the sample in the linear indices of the equations, after a
    /// likelihood with robust standard errors.
    pub scores: Option<Arc<Mat>>,
}

/// The private state of results that a do-file posted: no command of the engine stands behind them.
#[derive(Debug)]
pub struct PostedByDoFile;

impl Estimation {
    /// True for results of `ereturn post`.
    pub fn is_posted_by_do_file(&self) -> bool {
        self.extra.as_ref().is_some_and(|state| state.is::<PostedByDoFile>())
    }

    /// `e(cmd)`, empty when there are no results.
    pub fn cmd(&self) -> &str {
        self.results.get_text("cmd").unwrap_or("")
    }

    /// `e(b)`.
    pub fn b(&self) -> Option<&Matrix> {
        self.results.matrices.get("b")
    }

    /// Copies of `e(b)` and `e(V)`.
    ///
    /// # Errors
    /// r(301) without one of them.
    pub fn b_and_v(&self) -> Result<(Matrix, Matrix)> {
        self.b().cloned().zip(self.v().cloned()).ok_or_else(StataError::no_estimates)
    }

    /// `e(V)`.
    pub fn v(&self) -> Option<&Matrix> {
        self.results.matrices.get("V")
    }
}
