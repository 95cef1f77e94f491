//! Newton-Raphson with step halving in the parameters that the constraints allow.

use super::scales::Scaled;
use super::{Covariance, Failure, Local, Problem, Values};
use crate::matrix::Mat;
use crate::ml::{Iteration, Limits, MlFit};

/// Values of a parameter that a search for a start tries.
pub const TRIED: &[f64] = &[
    0.0, 0.1, -0.1, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 5.0, -5.0, 10.0, -10.0, 50.0, -50.0, 100.0, -100.0, 1e3,
    -1e3, 1e4, -1e4,
];

/// Parameters after a step, their log likelihood, and whether the step was shortened.
type Risen = (Vec<f64>, f64, bool);
/// A point and its log likelihood, where that can be computed.
pub type Point = (Vec<f64>, Option<f64>);

impl Problem<'_> {
    /// The gradient and information in the free parameters.
    pub(super) fn reduced(&self, local: &Local) -> (Vec<f64>, Mat) {
        match &self.allowed {
            None => (local.gradient.clone(), local.information.clone()),
            Some(allowed) => allowed.reduced(&local.gradient, &local.information),
        }
    }

    fn spread(&self, step: Vec<f64>) -> Vec<f64> {
        self.allowed.as_ref().map_or(step.clone(), |a| a.widened(&step))
    }

    /// Newton step in all parameters, its decrement, and whether the log likelihood is concave here.
    fn newton(&self, local: &Local) -> Option<(Vec<f64>, f64, bool)> {
        let (gradient, information) = self.reduced(local);
        let decrement = |step: &[f64]| step.iter().zip(&gradient).map(|(s, g)| s * g).sum::<f64>();
        if let Some(inverse) = information.inverse_definite() {
            let step = inverse.times_vector(&gradient);
            let size = decrement(&step);
            return Some((self.spread(step), size, true));
        }
        let (values, vectors) = information.symmetric_eigen();
        let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if !(top > 0.0 && top.is_finite()) {
            return None;
        }
        let along = vectors.transpose().times_vector(&gradient);
        let short: Vec<f64> = along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-6 * top)).collect();
        let step = vectors.times_vector(&short);
        let size = decrement(&step);
        Some((self.spread(step), size, false))
    }

    /// Halves the step until the log likelihood rises.
    fn search<V: Values>(
        &self,
        values: &mut V,
        b: &[f64],
        ll: f64,
        step: &[f64],
    ) -> Result<Option<Risen>, Failure<V::Error>> {
        let mut length = 1.0;
        for attempt in 0..40 {
            let next: Vec<f64> = b.iter().zip(step).map(|(b, s)| b + length * s).collect();
            if let Some(rows) = self.moved(values, &next, &[])? {
                let found = self.total(&rows);
                if found.is_finite() && found >= ll - 1e-12 * ll.abs() {
                    return Ok(Some((next, found, attempt > 0)));
                }
            }
            length *= 0.5;
        }
        Ok(None)
    }

    /// Total log likelihood at parameters, where it can be computed.
    pub fn value<V: Values>(&self, values: &mut V, b: &[f64]) -> Result<Option<f64>, Failure<V::Error>> {
        Ok(self.moved(values, b, &[])?.map(|rows| self.total(&rows)))
    }

    /// Tries values of single parameters, twice over; returns the best point and its log likelihood, or the start
    /// and nothing where none can be computed.
    pub fn improve<V: Values>(
        &self,
        values: &mut V,
        start: Vec<f64>,
        tried: &[(usize, Vec<f64>)],
    ) -> Result<Point, Failure<V::Error>> {
        let nearest = |b: Vec<f64>| self.allowed.as_ref().map_or(b.clone(), |a| a.nearest(&b));
        let mut best = nearest(start);
        let mut top = self.value(values, &best)?;
        for _ in 0..2 {
            for (place, candidates) in tried {
                for candidate in candidates {
                    let mut b = best.clone();
                    b[*place] = *candidate;
                    let b = nearest(b);
                    let found = self.value(values, &b)?;
                    if found.is_some_and(|f| top.is_none_or(|t| f > t)) {
                        (best, top) = (b, found);
                    }
                }
            }
        }
        Ok((best, top))
    }

    /// Maximises from `start`, which meets the constraints; the second part is the gradient.
    pub fn maximise<V: Values>(
        &self,
        values: &mut V,
        start: &[f64],
        limits: Limits,
        covariance: Covariance<'_>,
    ) -> Result<(MlFit, Vec<f64>), Failure<V::Error>> {
        let scales = self.scales();
        let columns = self.standard_columns(&scales);
        let inner = self.in_coordinates(&scales, &columns);
        let mut scaled = Scaled { values, scales: &scales };
        Ok(Self::raw(&scales, inner.climb(&mut scaled, &scales.coordinates(start), limits, covariance)?))
    }

    /// [`Self::maximise`] in the coordinates that the shape has.
    fn climb<V: Values>(
        &self,
        values: &mut V,
        start: &[f64],
        limits: Limits,
        covariance: Covariance<'_>,
    ) -> Result<(MlFit, Vec<f64>), Failure<V::Error>> {
        let mut b = start.to_vec();
        let mut steps = Vec::new();
        let mut local = self.local(values, &b, &mut steps)?.ok_or(Failure::Start)?;
        let (mut log, mut converged, mut polish, mut remark) = (Vec::new(), false, 0, "");
        for iteration in 0..=limits.iterations {
            if !converged {
                log.push(Iteration { ll: local.ll, remark });
            }
            if iteration == limits.iterations && !converged {
                break;
            }
            let (step, decrement, concave) = self.newton(&local).ok_or(Failure::Derivatives)?;
            if converged && (decrement.abs() < 1e-16 || polish == 2) {
                break;
            }
            let Some((next, ll, halved)) = self.search(values, &b, local.ll, &step)? else {
                converged = converged || (concave && decrement.abs() < limits.newton_tolerance);
                break;
            };
            let change = |(old, new): (&f64, &f64)| (new - old).abs() / (old.abs() + 1.0);
            let moved = b.iter().zip(&next).map(change).fold(0.0, f64::max);
            let gained = (ll - local.ll).abs() / (local.ll.abs() + 1.0);
            remark = match (concave, halved) {
                (false, _) => "not concave",
                (true, true) => "backed up",
                _ => "",
            };
            local = self.local(values, &next, &mut steps)?.ok_or(Failure::Derivatives)?;
            b = next;
            if converged {
                polish += 1;
            } else if concave && (moved <= limits.tolerance || gained <= limits.likelihood_tolerance) {
                let (_, size, definite) = self.newton(&local).ok_or(Failure::Derivatives)?;
                if definite && size.abs() < limits.newton_tolerance {
                    log.push(Iteration { ll: local.ll, remark });
                    converged = true;
                }
            }
        }
        let v_model = self.covariance_of(&local).ok_or(Failure::Derivatives)?;
        let v = self.requested(&local, &v_model, covariance).ok_or(Failure::Derivatives)?;
        let gradient = local.gradient.clone();
        Ok((MlFit { b, v, v_model, ll: local.ll, log, converged, constrained: None, scores: None }, gradient))
    }
}
