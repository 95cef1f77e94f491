//! Maximum likelihood for models whose rows depend on a few linear indices: Newton-Raphson with
//! analytic derivatives and step halving, and the covariances of the result.
//! The likelihoods themselves are in `ml_*.rs`.

use super::allowed::Allowed;
use super::blocks;
use super::matrix::Mat;
use super::ml_derivatives::Point;
use super::ml_standard::Standard;
use super::vce::{Vce, sum_by_cluster};
use super::weights::WeightKind;

/// The log likelihood of one row and its derivatives in the linear indices.
pub trait Likelihood: Sync {
    /// Number of linear indices.
    fn equations(&self) -> usize;

    /// Log likelihood of row `row` at indices `eta`; fills the gradient and the full Hessian
    /// (row-major, `equations` squared).
    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64;

    /// Whether the likelihood depends on the other indices less the first alone, as with cut points: their constants take
    /// what is subtracted from the regressors of the first index.
    fn cuts(&self) -> bool {
        false
    }
}

/// One linear index. Parameters are ordered: columns, then the constant.
#[derive(Clone, Default)]
pub struct Equation<'a> {
    /// Regressors, without collinear ones.
    pub columns: Vec<&'a [f64]>,
    /// Whether there is a constant.
    pub constant: bool,
    /// A term with coefficient one.
    pub offset: Option<&'a [f64]>,
}

impl Equation<'_> {
    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.columns.len() + usize::from(self.constant)
    }

    /// Whether the equation has no parameter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Limits of the search; the defaults are those of Stata's `maximize`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most iterations.
    pub iterations: usize,
    /// Relative change of the parameters.
    pub tolerance: f64,
    /// Relative change of the log likelihood.
    pub likelihood_tolerance: f64,
    /// Size of `g H^-1 g'`.
    pub newton_tolerance: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { iterations: 300, tolerance: 1e-6, likelihood_tolerance: 1e-7, newton_tolerance: 1e-5 }
    }
}

/// One line of the iteration log.
#[derive(Clone, Debug)]
pub struct Iteration {
    /// Log likelihood at its start.
    pub ll: f64,
    /// A remark such as `not concave` or `backed up`.
    pub remark: &'static str,
}

/// The sample of a maximum-likelihood problem.
pub struct Problem<'a, L> {
    /// The likelihood.
    pub model: &'a L,
    /// One entry per linear index.
    pub equations: Vec<Equation<'a>>,
    /// Number of rows.
    pub rows: usize,
    /// Weights as the estimator uses them, and their meaning.
    pub weights: Option<(&'a [f64], WeightKind)>,
    /// Number of observations that the rows stand for.
    pub n: f64,
}

/// Constraints that an estimate meets.
#[derive(Clone, Debug)]
pub struct Constrained {
    /// Over the parameters of the command's table: a row for each constraint, its target in the last column.
    pub written: Mat,
    /// Number of constraints that do not follow from the others.
    pub independent: usize,
}

/// What a search holds to besides the likelihood.
#[derive(Clone, Copy, Default)]
pub struct Under<'a> {
    /// Constraints on the parameters.
    pub allowed: Option<&'a Allowed>,
    /// The covariance is the inverse of the outer products of the scores ([R] vce_option, vce(opg)).
    pub outer_products: bool,
}

/// A maximised likelihood.
pub struct MlFit {
    /// Parameters, equation by equation.
    pub b: Vec<f64>,
    /// Covariance of the requested kind.
    pub v: Mat,
    /// Covariance from the information matrix.
    pub v_model: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// The iteration log.
    pub log: Vec<Iteration>,
    /// Whether the criteria were met.
    pub converged: bool,
    /// The constraints, where there are any.
    pub constrained: Option<Constrained>,
    /// Derivatives of the log likelihood of each row in its linear indices, without weights; kept with a sandwich only.
    pub scores: Option<Mat>,
}

impl<'a, L: Likelihood> Problem<'a, L> {
    /// Maximises from `start` (raw parameters, equation by equation).
    pub fn maximise(&self, start: &[f64], limits: Limits, vce: Vce<'_>) -> Option<MlFit> {
        self.maximise_under(start, limits, vce, Under::default())
    }

    /// The log likelihood at raw parameters; not a number where it cannot be computed.
    pub fn value(&self, b: &[f64]) -> Option<f64> {
        let standard = self.standardise(b);
        let at = standard.scales.coordinates(b);
        Some(self.evaluate(&standard, &at).ll)
    }

    /// [`Self::maximise`] under constraints, from the allowed point next to `start`.
    pub fn maximise_under(
        &self,
        start: &[f64],
        limits: Limits,
        vce: Vce<'_>,
        under: Under<'_>,
    ) -> Option<MlFit> {
        let standard = self.standardise(start);
        let (to_raw, to_standard) = (&standard.scales.to_raw, &standard.scales.to_standard);
        let allowed = under.allowed.map(|allowed| allowed.in_coordinates(to_standard));
        let allowed = allowed.as_ref();
        let invert = |matrix: &Mat| allowed.map_or_else(|| matrix.inverse_definite(), |a| a.inverse(matrix));
        let mut b = to_standard.times_vector(start);
        b = allowed.map_or(b.clone(), |a| a.nearest(&b));
        let mut point = self.evaluate(&standard, &b);
        let mut log = Vec::new();
        let mut converged = false;
        let mut polish = 0;
        let mut remark = "";
        for iteration in 0..=limits.iterations {
            if !converged {
                log.push(Iteration { ll: point.ll, remark });
            }
            let (step, concave) = newton_step(&point, allowed)?;
            let decrement: f64 = step.iter().zip(&point.gradient).map(|(s, g)| s * g).sum();
            if iteration == limits.iterations && !converged {
                break;
            }
            if converged && (decrement.abs() < 1e-22 * (1.0 + point.ll.abs()) || polish == 6) {
                break;
            }
            let Some((next_b, next, halved)) = self.search(&standard, &b, &point, &step) else {
                // No step along the direction improves: the point is the maximum to machine precision.
                converged = converged || (concave && decrement.abs() < limits.newton_tolerance);
                break;
            };
            let moved = largest_change(&b, &next_b);
            let gained = (next.ll - point.ll).abs() / (point.ll.abs() + 1.0);
            remark = match (concave, halved) {
                (false, _) => "not concave",
                (true, true) => "backed up",
                _ => "",
            };
            if converged {
                // a maximum at the edge of the parameters stays where it was met
                if invert(&next.information).is_none() {
                    break;
                }
                polish += 1;
            } else if concave && (moved <= limits.tolerance || gained <= limits.likelihood_tolerance) {
                let scaled = newton_step(&next, allowed)?;
                let size: f64 = scaled.0.iter().zip(&next.gradient).map(|(s, g)| s * g).sum();
                if scaled.1 && size.abs() < limits.newton_tolerance {
                    log.push(Iteration { ll: next.ll, remark });
                    converged = true;
                }
            }
            (b, point) = (next_b, next);
        }
        let inverse = invert(&point.information)?;
        let v_model = to_raw.sandwich(&inverse);
        let factor = self.sandwich_factor(vce);
        let scores = (factor.is_some() || under.outer_products).then(|| self.scores(&standard, &b));
        let meat = scores.as_ref().map(|scores| self.meat(&standard, scores, vce));
        let v = match (&meat, factor) {
            (Some(meat), _) if under.outer_products => to_raw.sandwich(&invert(meat)?),
            (Some(meat), Some(factor)) => to_raw.sandwich(&inverse.sandwich(meat).scaled(factor)),
            _ => v_model.clone(),
        };
        Some(MlFit {
            b: to_raw.times_vector(&b),
            v,
            v_model,
            ll: point.ll,
            log,
            converged,
            constrained: None,
            scores: scores.filter(|_| factor.is_some()),
        })
    }

    /// Derivatives of the log likelihood of each row in its linear indices.
    fn scores(&self, standard: &Standard, b: &[f64]) -> Mat {
        let width = self.equations.len();
        let parts = blocks::map(self.rows, |range| {
            let z = self.block(standard, range.clone());
            let eta = self.indices(standard, b, range.clone(), &z);
            let mut out = vec![0.0; eta.len()];
            let mut h = vec![0.0; width * width];
            for (i, own) in out.chunks_exact_mut(width.max(1)).enumerate() {
                self.model.row(range.start + i, &eta[i * width..(i + 1) * width], own, &mut h);
            }
            out
        });
        Mat::from_rows(self.rows, width, parts.concat())
    }

    /// Halves the step until the likelihood rises.
    fn search(
        &self,
        standard: &Standard,
        b: &[f64],
        point: &Point,
        step: &[f64],
    ) -> Option<(Vec<f64>, Point, bool)> {
        let mut length = 1.0;
        for attempt in 0..40 {
            let next: Vec<f64> = b.iter().zip(step).map(|(b, s)| b + length * s).collect();
            let at = self.evaluate(standard, &next);
            // A full step may lose the last bits of the likelihood at the maximum.
            if at.ll.is_finite()
                && at.ll >= point.ll - 1e-13 * point.ll.abs()
                && at.gradient.iter().all(|g| g.is_finite())
            {
                return Some((next, at, attempt > 0));
            }
            length *= 0.5;
        }
        None
    }

    /// The finite-sample factor of a sandwich, or nothing for the information matrix:
    /// N/(N-1) by rows, G/(G-1) by clusters ([P] _robust).
    fn sandwich_factor(&self, vce: Vce<'_>) -> Option<f64> {
        match vce {
            Vce::Cluster(c) => Some(c.count as f64 / (c.count as f64 - 1.0)),
            Vce::Classical => match self.weights {
                Some((_, WeightKind::Probability)) => Some(self.n / (self.n - 1.0)),
                _ => None,
            },
            _ => Some(self.n / (self.n - 1.0)),
        }
    }

    /// Sum of outer products of the scores in the parameters, from those in the linear indices.
    fn meat(&self, standard: &Standard, in_indices: &Mat, vce: Vce<'_>) -> Mat {
        let frequency = matches!(self.weights, Some((_, WeightKind::Frequency)));
        let by_row = !matches!(vce, Vce::Cluster(_));
        let scores = |range: std::ops::Range<usize>| {
            let count = range.len();
            let z = self.block(standard, range.clone());
            let mut out = vec![0.0; count * standard.size];
            for i in 0..count {
                let g = in_indices.row(range.start + i);
                let weight = self.weight(range.start + i);
                let weight = if frequency && by_row { weight.sqrt() } else { weight };
                for (e, equation) in self.equations.iter().enumerate() {
                    for j in standard.starts[e]..standard.starts[e] + equation.len() {
                        out[i * standard.size + j] = weight * g[e] * z[j * count + i];
                    }
                }
            }
            out
        };
        match vce {
            Vce::Cluster(clusters) => sum_by_cluster(self.rows, standard.size, clusters, scores),
            _ => {
                let size = standard.size;
                let parts = blocks::map(self.rows, |range| {
                    let rows = scores(range);
                    let mut out = Mat::zeros(size, size);
                    for row in rows.chunks_exact(size.max(1)) {
                        for i in 0..size {
                            for j in 0..size {
                                out[(i, j)] += row[i] * row[j];
                            }
                        }
                    }
                    out
                });
                parts.iter().fold(Mat::zeros(size, size), |sum, part| sum.plus(part))
            }
        }
    }
}

/// Largest change of a parameter, relative to its size above one.
fn largest_change(old: &[f64], new: &[f64]) -> f64 {
    old.iter().zip(new).map(|(old, new)| (new - old).abs() / (old.abs() + 1.0)).fold(0.0, f64::max)
}

/// Newton step within the allowed directions, and whether the likelihood is concave here; otherwise the information
/// is made definite by raising its eigenvalues.
fn newton_step(point: &Point, allowed: Option<&Allowed>) -> Option<(Vec<f64>, bool)> {
    let Some(allowed) = allowed else { return free_step(&point.gradient, &point.information) };
    let (gradient, information) = allowed.reduced(&point.gradient, &point.information);
    let (step, concave) = free_step(&gradient, &information)?;
    Some((allowed.widened(&step), concave))
}

fn free_step(gradient: &[f64], information: &Mat) -> Option<(Vec<f64>, bool)> {
    if let Some(inverse) = information.inverse_definite() {
        return Some((inverse.times_vector(gradient), true));
    }
    let (values, vectors) = information.symmetric_eigen();
    let top = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(top > 0.0 && top.is_finite()) {
        return None;
    }
    let along = vectors.transpose().times_vector(gradient);
    let shortened: Vec<f64> = along.iter().zip(&values).map(|(g, v)| g / v.abs().max(1e-6 * top)).collect();
    Some((vectors.times_vector(&shortened), false))
}
