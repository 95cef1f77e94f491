//! Structural vector autoregressions `A u = B e` with elements of A and B that are fixed or free, by scoring. Formulas:
//! Amisano and Giannini (1997), Topics in Structural VAR Econometrics, chapters 2 and 3; [TS] var svar.

use super::lu::Lu;
use super::matrix::Mat;
use super::var::log_determinant;

/// Fixed values of the elements of a matrix; nothing where an element is free.
pub type Pattern = Vec<Option<f64>>;

/// A fitted model.
pub struct Svar {
    /// The matrix of the errors of the equations.
    pub a: Mat,
    /// The matrix of the structural errors.
    pub b: Mat,
    /// Covariance of all elements, A column by column, then B; zero where an element is fixed.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihood without restrictions.
    pub ll_free: f64,
    /// Number of free elements.
    pub free: usize,
    /// Steps.
    pub steps: usize,
    /// Whether the steps settled.
    pub converged: bool,
}

/// Why a model cannot be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// More free elements than the covariance has, or the information is singular.
    NotIdentified,
    /// The covariance of the errors is singular, or the likelihood has no value at the start.
    Singular,
}

/// Fits a model to the error covariance of `n` rows. The patterns are row by row.
///
/// # Errors
///
/// The model is not identified, or the covariance is singular.
pub fn fit(sigma: &Mat, n: f64, a: &Pattern, b: &Pattern) -> Result<Svar, Failure> {
    let m = sigma.rows();
    let problem = Problem { sigma, n, m };
    let places = free_places(a, b, m);
    if places.is_empty() || places.len() > m * (m + 1) / 2 {
        return Err(Failure::NotIdentified);
    }
    let mut now = start(sigma, a, b);
    let mut ll = problem.ll(&now).ok_or(Failure::Singular)?;
    let (mut steps, mut converged) = (0, false);
    while steps < 1000 && !converged {
        let (gradient, information) = problem.scores(&now, &places).ok_or(Failure::Singular)?;
        let inverse = information.inverse_definite().ok_or(Failure::NotIdentified)?;
        let step = inverse.times_vector(&gradient);
        let gain: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
        converged = gain < 1e-18 * ll.abs().max(1.0);
        let mut share = 1.0;
        for _ in 0..40 {
            let next = problem.moved(&now, &places, &step, share);
            match problem.ll(&next) {
                Some(value) if value >= ll => {
                    (now, ll) = (next, value);
                    break;
                }
                _ => share *= 0.5,
            }
        }
        steps += 1;
        // rounding keeps the likelihood from rising further
        converged |= share < 1e-9 && gain < 1e-9;
    }
    let (_, information) = problem.scores(&now, &places).ok_or(Failure::Singular)?;
    let inverse = information.inverse_definite().ok_or(Failure::NotIdentified)?;
    let mut v = Mat::zeros(2 * m * m, 2 * m * m);
    for (i, p) in places.iter().enumerate() {
        for (j, q) in places.iter().enumerate() {
            v[(*p, *q)] = inverse[(i, j)];
        }
    }
    let log = log_determinant(sigma).ok_or(Failure::Singular)?;
    let ll_free = -0.5 * n * (m as f64 * (1.0 + (2.0 * std::f64::consts::PI).ln()) + log);
    let (a, b) = now;
    Ok(Svar { a, b, v, ll, ll_free, free: places.len(), steps, converged })
}

/// Positions of free elements: A column by column, then B.
fn free_places(a: &Pattern, b: &Pattern, m: usize) -> Vec<usize> {
    let of = |pattern: &Pattern, from: usize| -> Vec<usize> {
        (0..m * m).filter(|p| pattern[(p % m) * m + p / m].is_none()).map(|p| from + p).collect()
    };
    of(a, 0).into_iter().chain(of(b, m * m)).collect()
}

/// Fixed values, and for free ones the scale of the errors: B near their standard deviations, A near the identity.
fn start(sigma: &Mat, a: &Pattern, b: &Pattern) -> (Mat, Mat) {
    let m = sigma.rows();
    let identity = (0..m).all(|i| (0..m).all(|j| b[i * m + j] == Some(f64::from(u8::from(i == j)))));
    let sd = |i: usize| sigma[(i, i)].sqrt();
    let first = Mat::from_fn(m, m, |i, j| {
        // with B the identity A has the scale of the inverse standard deviations
        let scale = if identity { 1.0 / sd(j) } else { 1.0 };
        a[i * m + j].unwrap_or(if i == j {
            scale
        } else {
            0.1 * scale * if identity { 1.0 } else { sd(i) / sd(j) }
        })
    });
    let second = Mat::from_fn(m, m, |i, j| b[i * m + j].unwrap_or(if i == j { sd(i) } else { 0.1 * sd(i) }));
    (first, second)
}

struct Problem<'a> {
    sigma: &'a Mat,
    n: f64,
    m: usize,
}

impl Problem<'_> {
    /// `n ln|A| - n ln|B| - n/2 tr(A'B'^-1 B^-1 A S)` and the constant.
    fn ll(&self, (a, b): &(Mat, Mat)) -> Option<f64> {
        let (det_a, det_b) = (Lu::new(a).determinant().abs(), Lu::new(b).determinant().abs());
        let k = b.inverse()?.times(a);
        let trace: f64 = k.sandwich(self.sigma).diagonal().iter().sum();
        let constant = self.m as f64 * (2.0 * std::f64::consts::PI).ln();
        let value = self.n * (det_a.ln() - det_b.ln()) - 0.5 * self.n * (constant + trace);
        value.is_finite().then_some(value)
    }

    fn moved(&self, (a, b): &(Mat, Mat), places: &[usize], step: &[f64], share: f64) -> (Mat, Mat) {
        let (mut a, mut b) = (a.clone(), b.clone());
        let size = self.m * self.m;
        for (p, s) in places.iter().zip(step) {
            let target = if *p < size { &mut a } else { &mut b };
            target[(p % size % self.m, p % size / self.m)] += share * s;
        }
        (a, b)
    }

    /// Gradient and expected information of the free elements.
    fn scores(&self, (a, b): &(Mat, Mat), places: &[usize]) -> Option<(Vec<f64>, Mat)> {
        let (m, size) = (self.m, self.m * self.m);
        let (inverse_a, inverse_b) = (a.inverse()?, b.inverse()?);
        let weight = inverse_b.transpose().times(&inverse_b);
        let spread = a.sandwich(self.sigma);
        let by_a = inverse_a.transpose().minus(&weight.times(a).times(self.sigma));
        let by_b = weight.times(&spread).times(&inverse_b.transpose()).minus(&inverse_b.transpose());
        let all = |p: usize| {
            let from = if p < size { &by_a } else { &by_b };
            self.n * from[(p % size % m, p % size / m)]
        };
        let gradient = places.iter().map(|p| all(*p)).collect();
        // d vec(B^-1 A) for each element in units of B^-1 A: of A it is B^-1 E A^-1 B, of B it is -B^-1 E
        let turn = inverse_a.times(b);
        let direction = |p: usize| {
            let (i, j) = (p % size % m, p % size / m);
            if p < size {
                Mat::from_fn(m, m, |r, c| inverse_b[(r, i)] * turn[(j, c)])
            } else {
                Mat::from_fn(m, m, |r, c| if c == j { -inverse_b[(r, i)] } else { 0.0 })
            }
        };
        let directions: Vec<Mat> = places.iter().map(|p| direction(*p)).collect();
        let size = places.len();
        // (I + commutation): tr(X'Y) + tr(XY)
        let information = Mat::from_fn(size, size, |x, y| {
            let (x, y) = (&directions[x], &directions[y]);
            let cell = |r: usize, c: usize| x[(r, c)] * (y[(r, c)] + y[(c, r)]);
            self.n * (0..m).flat_map(|r| (0..m).map(move |c| (r, c))).map(|(r, c)| cell(r, c)).sum::<f64>()
        });
        Some((gradient, information))
    }
}
