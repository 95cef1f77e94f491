//! Maximises the likelihood of a model: Newton steps on the observed information where it is positive definite, steps of
//! Fisher scoring with Levenberg's ridge where it is not. Variances stay positive as long as a maximum with positive
//! variances is found from one of several starts.

use super::Cell;
use super::likelihood::{Derivatives, Problem, dot};
use super::start::Loadings;
use crate::matrix::Mat;
use crate::ml::{Iteration, Limits};

/// Why there is no solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The covariances that the starting values imply are not positive definite.
    Start,
    /// The information is singular: these parameters take part in directions without any information.
    NotIdentified(Vec<usize>),
}

/// Smallest eigenvalue of the information, scaled to unit diagonal, of an identified model.
const IDENTIFIED: f64 = 1e-10;

/// Most iterations among positive variances.
const BOUNDED: usize = 100;

/// A maximum.
pub struct Optimum {
    /// Parameters of the problem.
    pub parameters: Vec<f64>,
    /// Log likelihood.
    pub ll: f64,
    /// Observed information.
    pub information: Mat,
    /// The iteration log.
    pub log: Vec<Iteration>,
    /// Whether the criteria were met.
    pub converged: bool,
}

/// The matrix scaled to unit diagonal, and the scales; nothing where an element of the diagonal is not positive.
fn unit(information: &Mat) -> Option<(Mat, Vec<f64>)> {
    let scale: Vec<f64> = information.diagonal().iter().map(|d| d.sqrt()).collect();
    if scale.iter().any(|s| !(s.is_finite() && *s > 0.0)) {
        return None;
    }
    let n = scale.len();
    Some((Mat::from_fn(n, n, |i, j| information[(i, j)] / (scale[i] * scale[j])), scale))
}

/// `(H + ridge diag(H))^-1 g`.
fn step(information: &Mat, gradient: &[f64], ridge: f64) -> Option<Vec<f64>> {
    let n = gradient.len();
    let raised = Mat::from_fn(n, n, |i, j| information[(i, j)] * if i == j { 1.0 + ridge } else { 1.0 });
    Some(raised.inverse_definite()?.times_vector(gradient)).filter(|s| s.iter().all(|x| x.is_finite()))
}

/// The next point, its likelihood, and the remark of the log.
struct Next {
    parameters: Vec<f64>,
    remark: &'static str,
    concave: bool,
}

impl Problem<'_> {
    /// Whether every estimated variance is positive.
    fn is_proper(&self, at: &[f64]) -> bool {
        self.free().iter().all(|(cell, k)| match cell {
            Cell::Covariance(a, b) if a == b => at[*k] > 0.0,
            _ => true,
        })
    }

    /// A point with a higher likelihood, or nothing where no step helps.
    fn next(&self, at: &[f64], here: &Derivatives, ridge: &mut f64, proper: bool) -> Option<Next> {
        let moved = |s: &[f64], by: f64| at.iter().zip(s).map(|(x, d)| x + by * d).collect::<Vec<_>>();
        let better =
            |x: &[f64]| (!proper || self.is_proper(x)) && self.value(x).is_some_and(|ll| ll > here.ll);
        if let Some(newton) = step(&here.information, &here.gradient, 0.0) {
            let mut by = 1.0;
            for halved in 0..6 {
                let to = moved(&newton, by);
                if better(&to) {
                    let remark = if halved > 0 { "backed up" } else { "" };
                    return Some(Next { parameters: to, remark, concave: true });
                }
                by *= 0.5;
            }
        }
        let expected = self.expected(at)?;
        *ridge = ridge.max(1e-6);
        while *ridge < 1e10 {
            if let Some(to) = step(&expected, &here.gradient, *ridge).map(|s| moved(&s, 1.0))
                && better(&to)
            {
                *ridge *= 0.1;
                return Some(Next { parameters: to, remark: "not concave", concave: false });
            }
            *ridge *= 4.0;
        }
        None
    }

    /// Maximises: among positive variances from several starts, and without this restriction where there is no maximum.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn maximise(&self, limits: Limits) -> Result<Optimum, Trouble> {
        let starts = [Loadings::Component, Loadings::Signed, Loadings::Positive];
        if limits.iterations < BOUNDED {
            return self.ascend(&self.start(starts[0]), limits, false);
        }
        let few = Limits { iterations: BOUNDED, ..limits };
        for kind in starts {
            if let Ok(found) = self.ascend(&self.start(kind), few, true)
                && found.converged
            {
                return Ok(found);
            }
        }
        let all = starts.map(|kind| self.ascend(&self.start(kind), limits, false));
        let rank = |found: &Result<Optimum, Trouble>| match found {
            Ok(found) => (u8::from(found.converged), found.ll),
            Err(_) => (0, f64::NEG_INFINITY),
        };
        let order = |a: &Result<Optimum, Trouble>, b: &Result<Optimum, Trouble>| {
            let (a, b) = (rank(a), rank(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        };
        // the first of equal ones, so that a message names what happens from the usual start
        all.into_iter().rev().max_by(order).unwrap_or(Err(Trouble::Start))
    }

    fn ascend(&self, start: &[f64], limits: Limits, proper: bool) -> Result<Optimum, Trouble> {
        let mut at = start.to_vec();
        let mut here = self.derivatives(&at).ok_or(Trouble::Start)?;
        let (mut log, mut remark, mut converged, mut ridge) = (Vec::new(), "", false, 1e-3);
        let mut polish = 0;
        for iteration in 0..=limits.iterations {
            if !converged {
                log.push(Iteration { ll: here.ll, remark });
            }
            let newton = step(&here.information, &here.gradient, 0.0);
            let decrement = newton.as_ref().map_or(f64::INFINITY, |s| dot(s, &here.gradient));
            let flat = here.gradient.iter().all(|g| *g == 0.0);
            converged = converged || flat || decrement.abs() < limits.newton_tolerance * 1e-3;
            if flat || iteration == limits.iterations && !converged {
                break;
            }
            // further steps until rounding, so that results do not depend on the tolerances
            if converged && (decrement < 1e-22 * (1.0 + here.ll.abs()) || polish == 8) {
                break;
            }
            polish += usize::from(converged);
            let Some(next) = self.next(&at, &here, &mut ridge, proper) else {
                // the likelihood is flat within rounding: one more full step improves the gradient only
                if let Some(to) = newton
                    .filter(|_| converged)
                    .map(|s| at.iter().zip(&s).map(|(x, d)| x + d).collect::<Vec<f64>>())
                    && let Some(last) = self.derivatives(&to)
                    && last.ll >= here.ll - 1e-9 * (1.0 + here.ll.abs())
                {
                    (at, here) = (to, last);
                }
                break;
            };
            let Some(there) = self.derivatives(&next.parameters) else { break };
            if next.concave {
                ridge = 1e-3;
            }
            remark = next.remark;
            (at, here) = (next.parameters, there);
        }
        let trouble = self.unidentified(&here.information, &at);
        if let Some(parameters) = trouble {
            return Err(Trouble::NotIdentified(parameters));
        }
        Ok(Optimum { parameters: at, ll: here.ll, information: here.information, log, converged })
    }

    /// Parameters in directions without information: both informations have to be singular there, since the observed one
    /// alone is so at a point that is no maximum.
    fn unidentified(&self, observed: &Mat, at: &[f64]) -> Option<Vec<usize>> {
        let weak = |m: &Mat| -> Vec<usize> {
            let Some((scaled, _)) = unit(m) else {
                return m.diagonal().iter().enumerate().filter(|d| *d.1 <= 0.0).map(|d| d.0).collect();
            };
            let (values, vectors) = scaled.symmetric_eigen();
            let last = values.len() - 1;
            if values[last] > IDENTIFIED {
                return Vec::new();
            }
            (0..=last).filter(|i| vectors[(*i, last)].abs() > 0.1).collect()
        };
        if observed.rows() == 0 || weak(observed).is_empty() {
            return None;
        }
        let found = weak(&self.expected(at)?);
        (!found.is_empty()).then_some(found)
    }
}
