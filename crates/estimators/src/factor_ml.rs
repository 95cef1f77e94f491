//! Factor analysis by maximum likelihood: the uniquenesses that minimise the discrepancy between a correlation matrix
//! and the one that the factors imply. Formulas: Jöreskog (1967), Lawley and Maxwell (1971, chapter 4).

use super::matrix::Mat;

/// Least uniqueness.
const BOUND: f64 = 1e-6;
/// Least eigenvalue of the correlations, relative to the largest one: below it they are singular but for rounding.
const LEAST_EIGENVALUE: f64 = 1e-12;
/// Least ridge of the steps.
const LEAST_RIDGE: f64 = 1e-10;

/// Why there is no solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The correlations are not positive definite.
    Singular,
    /// The iterations did not settle.
    NotConverged,
}

/// Factors of maximum likelihood.
pub struct Fit {
    /// Loadings, one column per factor; `L' inv(Psi) L` is diagonal with descending elements.
    pub loadings: Mat,
    /// Uniqueness of each variable.
    pub uniqueness: Vec<f64>,
    /// Sums of squared loadings.
    pub explained: Vec<f64>,
    /// `ln|S| - ln|R| + tr(R inv(S)) - p` at the solution.
    pub discrepancy: f64,
    /// A uniqueness is at its lower bound.
    pub heywood: bool,
}

/// Logarithm of the determinant of a positive definite matrix.
pub fn log_determinant(m: &Mat) -> Option<f64> {
    Some(2.0 * m.cholesky()?.diagonal().iter().map(|d| d.ln()).sum::<f64>())
}

/// Eigenvalues (descending) and vectors of `Psi^-1/2 R Psi^-1/2`.
fn scaled(r: &Mat, psi: &[f64]) -> (Vec<f64>, Mat) {
    Mat::from_fn(psi.len(), psi.len(), |i, j| r[(i, j)] / (psi[i] * psi[j]).sqrt()).symmetric_eigen()
}

fn discrepancy(values: &[f64], m: usize) -> f64 {
    values[m..].iter().map(|t| t - t.ln() - 1.0).sum()
}

/// Derivatives of the discrepancy by the logarithms of the uniquenesses, and Jöreskog's approximation of the second
/// ones, from the eigenvectors behind the factors.
fn derivatives(values: &[f64], vectors: &Mat, m: usize) -> (Vec<f64>, Mat) {
    let p = values.len();
    let gradient =
        (0..p).map(|i| (m..p).map(|k| (1.0 - values[k]) * vectors[(i, k)].powi(2)).sum()).collect();
    let second =
        Mat::from_fn(p, p, |i, j| (m..p).map(|k| vectors[(i, k)] * vectors[(j, k)]).sum::<f64>().powi(2));
    (gradient, second)
}

/// The Newton step with a ridge; nothing where it is too long to be trusted.
fn step(second: &Mat, gradient: &[f64], ridge: f64) -> Option<Vec<f64>> {
    let n = gradient.len();
    let damped = Mat::from_fn(n, n, |i, j| second[(i, j)] + if i == j { ridge } else { 0.0 });
    let step = damped.inverse_definite()?.times_vector(gradient);
    step.iter().all(|s| s.abs() <= 3.0).then_some(step)
}

/// Fits `m` factors to correlations by Newton steps on the logarithms of the uniquenesses, with a ridge that grows
/// until the discrepancy falls (Levenberg 1944, Quarterly of Applied Mathematics 2).
pub fn fit(r: &Mat, m: usize) -> Result<Fit, Trouble> {
    let p = r.rows();
    let inverse = r.inverse_definite().ok_or(Trouble::Singular)?;
    let (eigenvalues, _) = r.symmetric_eigen();
    if eigenvalues[p - 1] < LEAST_EIGENVALUE * eigenvalues[0] {
        return Err(Trouble::Singular);
    }
    let share = 1.0 - 0.5 * m as f64 / p as f64;
    let mut x: Vec<f64> = inverse.diagonal().iter().map(|d| (share / d).max(BOUND).ln()).collect();
    let floor = BOUND.ln();
    let at = |x: &[f64]| {
        let psi: Vec<f64> = x.iter().map(|x| x.exp()).collect();
        let (values, vectors) = scaled(r, &psi);
        (discrepancy(&values, m), values, vectors)
    };
    let mut here = at(&x);
    let mut settled = false;
    // Levenberg's ridge: near a bound the second derivatives are almost singular, and a plain Newton step may climb
    let mut ridge = LEAST_RIDGE;
    for _ in 0..2000 {
        let (gradient, second) = derivatives(&here.1, &here.2, m);
        let free: Vec<usize> = (0..p).filter(|i| x[*i] > floor || gradient[*i] < 0.0).collect();
        let largest = free.iter().map(|i| gradient[*i].abs()).fold(0.0, f64::max);
        if largest < 1e-11 {
            settled = true;
            break;
        }
        let own: Vec<f64> = free.iter().map(|i| gradient[*i]).collect();
        let second = second.select(&free, &free);
        let next = loop {
            let found = step(&second, &own, ridge).map(|step| {
                let mut to = x.clone();
                free.iter().zip(&step).for_each(|(i, s)| to[*i] = (x[*i] - s).max(floor));
                let found = at(&to);
                (to, found)
            });
            match found.filter(|(_, found)| found.0 < here.0) {
                Some(next) => break Some(next),
                None if ridge > 1e8 => break None,
                None => ridge = (4.0 * ridge).max(1e-8),
            }
        };
        match next {
            Some((to, found)) => {
                (x, here) = (to, found);
                ridge = (ridge / 10.0).max(LEAST_RIDGE);
            }
            // no step helps any more: rounding, when the slope is small
            None => {
                settled = largest < 1e-6;
                break;
            }
        }
    }
    if !settled {
        return Err(Trouble::NotConverged);
    }
    let psi: Vec<f64> = x.iter().map(|x| x.exp()).collect();
    let (value, values, vectors) = here;
    let mut loadings =
        Mat::from_fn(p, m, |i, j| psi[i].sqrt() * vectors[(i, j)] * (values[j] - 1.0).max(0.0).sqrt());
    for j in 0..m {
        if (0..p).map(|i| loadings[(i, j)]).sum::<f64>() < 0.0 {
            (0..p).for_each(|i| loadings[(i, j)] = -loadings[(i, j)]);
        }
    }
    let explained = (0..m).map(|j| (0..p).map(|i| loadings[(i, j)].powi(2)).sum()).collect();
    let heywood = x.iter().any(|x| *x <= floor);
    Ok(Fit { loadings, uniqueness: psi, explained, discrepancy: value, heywood })
}
