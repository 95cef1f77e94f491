//! Estimation under linear constraints: the parameters that they allow, and the same in other coordinates. Newton steps
//! are taken in the free parameters only, as `b = T free + a` of [P] makecns.

use super::matrix::Mat;

/// The parameters that constraints allow: `origin + basis * free`.
pub struct Allowed {
    /// Orthonormal columns, one for each free parameter.
    pub basis: Mat,
    /// A point that meets the constraints.
    pub origin: Vec<f64>,
}

impl Allowed {
    /// Solutions of `matrix * b = targets`; nothing where they contradict each other.
    pub fn new(matrix: &Mat, targets: &[f64]) -> Option<Self> {
        let size = matrix.cols();
        let (inverse, ..) = matrix.times(&matrix.transpose()).inverse_semidefinite(1e-12);
        let back = matrix.transpose().times(&inverse);
        let origin = back.times_vector(targets);
        let held = matrix.times_vector(&origin);
        let scale = targets.iter().fold(1.0_f64, |m, t| m.max(t.abs()));
        if held.iter().zip(targets).any(|(h, t)| (h - t).abs() > 1e-8 * scale) {
            return None;
        }
        let projection = Mat::identity(size).minus(&back.times(matrix)).symmetrised();
        let (values, vectors) = projection.symmetric_eigen();
        let free: Vec<usize> = (0..size).filter(|j| values[*j] > 0.5).collect();
        let basis = Mat::from_fn(size, free.len(), |i, j| vectors[(i, free[j])]);
        Some(Self { basis, origin })
    }

    /// The allowed point next to another.
    pub fn nearest(&self, b: &[f64]) -> Vec<f64> {
        let away: Vec<f64> = b.iter().zip(&self.origin).map(|(b, o)| b - o).collect();
        let along = self.basis.transpose().times_vector(&away);
        self.basis.times_vector(&along).iter().zip(&self.origin).map(|(a, o)| a + o).collect()
    }

    /// The same parameters in the coordinates `to_standard * b`; the columns of the basis stay orthonormal.
    pub fn in_coordinates(&self, to_standard: &Mat) -> Self {
        let (basis, _) = to_standard.times(&self.basis).thin_qr();
        Self { basis, origin: to_standard.times_vector(&self.origin) }
    }

    /// A gradient and an information matrix in the free parameters.
    pub fn reduced(&self, gradient: &[f64], information: &Mat) -> (Vec<f64>, Mat) {
        let across = self.basis.transpose();
        (across.times_vector(gradient), across.sandwich(information))
    }

    /// A step of the free parameters as one of all of them.
    pub fn widened(&self, step: &[f64]) -> Vec<f64> {
        self.basis.times_vector(step)
    }

    /// The inverse of a definite matrix within the allowed directions: `T (T' A T)^-1 T'`.
    pub fn inverse(&self, matrix: &Mat) -> Option<Mat> {
        Some(self.basis.sandwich(&self.basis.transpose().sandwich(matrix).inverse_definite()?))
    }

    /// Those of the parameters at `positions` that are no functions of the ones before them; a parameter with one allowed
    /// value is none of them.
    pub fn independent_among(&self, positions: &[usize]) -> Vec<usize> {
        let row = |i: usize| (0..self.basis.cols()).map(move |j| self.basis[(i, j)]);
        let product = |a: usize, b: usize| row(a).zip(row(b)).map(|(x, y)| x * y).sum::<f64>();
        let varying: Vec<usize> = positions.iter().copied().filter(|i| product(*i, *i) > 1e-20).collect();
        let gram = Mat::from_fn(varying.len(), varying.len(), |a, b| product(varying[a], varying[b]));
        let (_, _, kept) = gram.inverse_semidefinite(1e-10);
        kept.into_iter().map(|i| varying[i]).collect()
    }

    /// Number of constraints that do not follow from the others.
    pub fn independent(&self) -> usize {
        self.origin.len() - self.basis.cols()
    }
}
