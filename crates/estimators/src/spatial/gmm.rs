//! Generalised spatial two-stage least squares of `y = l W y + X b + u`, `u = r M u + e` (Kelejian and Prucha 1998,
//! 2010; Arraiz, Drukker, Kelejian and Prucha 2010; Drukker, Prucha and Raciborski 2013, Stata Journal 13: 221-241,
//! whose steps and moments these are).
//!
//! 1a two-stage least squares; 1b `r` by the two moments of its residuals, weighted equally; 2a two-stage least squares
//! of the outcome and regressors less `r M` times them; 2b `r` by the moments weighted by the inverse of their
//! covariance. The covariance of all parameters is that of the moments at the last estimates.

use super::{dot, less};
use crate::blocks;
use crate::matrix::Mat;

/// A model in the rows of its sample.
pub struct Model<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Exogenous regressors with the constant, then the lag of the outcome if the model has one.
    pub z: &'a [Vec<f64>],
    /// Instruments, the exogenous regressors among them, none of them collinear.
    pub h: &'a [Vec<f64>],
    /// Matrix of the lag of the errors.
    pub m: Option<&'a Mat>,
    /// Reciprocal of the spectral radius of that matrix.
    pub limit: f64,
    /// Whether the errors have unequal variances.
    pub heteroskedastic: bool,
}

/// Why there are no estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Regressors or instruments do not identify the coefficients.
    NotIdentified,
    /// The moments have no minimum where the lag of the errors is below its limit.
    AtLimit,
}

/// Estimates.
#[derive(Debug, Clone)]
pub struct GmmFit {
    /// Coefficients in the order of the regressors, then the lag of the errors.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Coefficients of the first step.
    pub first: Vec<f64>,
    /// Lag of the errors of the first step.
    pub first_lag: Option<f64>,
}

/// The matrices of both moments: `c (M'M - D)` and `M`.
struct Moments<'a> {
    m: &'a Mat,
    /// `M'M`.
    cross: Mat,
    /// `D`.
    diagonal: Vec<f64>,
    factor: f64,
    heteroskedastic: bool,
}

/// Results of two-stage least squares: coefficients, projected regressors and the inverse of their cross products.
struct TwoStage {
    b: Vec<f64>,
    projected: Vec<Vec<f64>>,
    inverse: Mat,
}

fn columns(data: &[Vec<f64>]) -> Mat {
    Mat::from_fn(data.first().map_or(0, Vec::len), data.len(), |i, j| data[j][i])
}

fn two_stage(y: &[f64], z: &[Vec<f64>], q: &Mat) -> Option<TwoStage> {
    let qt = q.transpose();
    let projected: Vec<Vec<f64>> = z.iter().map(|c| q.times_vector(&qt.times_vector(c))).collect();
    let (basis, r) = columns(&projected).thin_qr();
    let diagonal = r.diagonal();
    let scale = |j: usize| dot(&projected[j], &projected[j]).sqrt();
    if (0..z.len()).any(|j| diagonal[j].is_nan() || diagonal[j] <= 1e-12 * scale(j)) {
        return None;
    }
    let root = r.inverse_upper();
    let b = root.times_vector(&basis.transpose().times_vector(y));
    Some(TwoStage { b, projected, inverse: root.outer() })
}

fn residuals(y: &[f64], z: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    z.iter().zip(b).fold(y.to_vec(), |e, (x, b)| less(&e, *b, x))
}

impl<'a> Moments<'a> {
    fn of(m: &'a Mat, heteroskedastic: bool) -> Self {
        let (n, t) = (m.rows(), m.transpose());
        let rows = blocks::each(n, |i| (i..n).map(|j| dot(t.row(i), t.row(j))).collect::<Vec<f64>>());
        let mut cross = Mat::zeros(n, n);
        for (i, row) in rows.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                cross[(i, i + j)] = *x;
                cross[(i + j, i)] = *x;
            }
        }
        let own = cross.diagonal();
        if heteroskedastic {
            return Self { m, cross, diagonal: own, factor: 1.0, heteroskedastic };
        }
        let mean = own.iter().sum::<f64>() / n as f64;
        Self { m, cross, diagonal: vec![mean; n], factor: 1.0 / (1.0 + mean * mean), heteroskedastic }
    }

    /// `(A + A') v` for both matrices.
    fn symmetric_times(&self, v: &[f64]) -> [Vec<f64>; 2] {
        let first = self.cross.times_vector(v).into_iter().zip(&self.diagonal).zip(v);
        let first = first.map(|((c, d), x)| 2.0 * self.factor * (c - d * x)).collect();
        let mut second = self.m.times_vector(v);
        for (i, x) in v.iter().enumerate() {
            for (sum, w) in second.iter_mut().zip(self.m.row(i)) {
                *sum += w * x;
            }
        }
        [first, second]
    }

    /// Both moments as polynomials of the lag: coefficients of one, of the lag and of its square.
    fn polynomials(&self, u: &[f64]) -> [[f64; 3]; 2] {
        let n = u.len() as f64;
        let lagged = self.m.times_vector(u);
        let (of_u, of_lagged) = (self.symmetric_times(u), self.symmetric_times(&lagged));
        [0, 1].map(|r| {
            [
                dot(u, &of_u[r]) / (2.0 * n),
                -dot(&lagged, &of_u[r]) / n,
                dot(&lagged, &of_lagged[r]) / (2.0 * n),
            ]
        })
    }

    /// Diagonals of both matrices.
    fn diagonals(&self) -> [Vec<f64>; 2] {
        let own = self.cross.diagonal();
        let first = own.iter().zip(&self.diagonal).map(|(c, d)| self.factor * (c - d)).collect();
        [first, self.m.diagonal()]
    }

    /// Traces of the products of `(A + A') S`, over twice the size; `S` has these numbers on its diagonal.
    fn traces(&self, s: &[f64]) -> [[f64; 2]; 2] {
        let n = s.len();
        let parts = blocks::each(n, |i| {
            let mut sums = [0.0; 3];
            for j in 0..n {
                let own = if i == j { self.diagonal[i] } else { 0.0 };
                let first = 2.0 * self.factor * (self.cross[(i, j)] - own);
                let second = self.m[(i, j)] + self.m[(j, i)];
                let both = s[i] * s[j];
                sums[0] += first * first * both;
                sums[1] += first * second * both;
                sums[2] += second * second * both;
            }
            sums
        });
        let total = |k: usize| parts.iter().map(|p| p[k]).sum::<f64>() / (2.0 * n as f64);
        [[total(0), total(1)], [total(1), total(2)]]
    }
}

/// The covariance of the moments, with what the covariance of all parameters needs besides.
struct Spread {
    /// Covariance of both moments of the lag.
    lag: Mat,
    /// Covariance of the coefficients' moments.
    own: Mat,
    /// Covariance between them: one column for each moment of the lag.
    between: Mat,
}

fn spread(moments: &Moments<'_>, stage: &TwoStage, z: &[Vec<f64>], e: &[f64]) -> Spread {
    let n = e.len() as f64;
    let of_e = moments.symmetric_times(e);
    // T = n Z^ (Z^'Z^)^-1, the influence of each observation on the coefficients
    let hat = columns(&stage.projected);
    let t = hat.times(&stage.inverse).scaled(n);
    let tt = t.transpose();
    let a: Vec<Vec<f64>> = of_e
        .iter()
        .map(|v| t.times_vector(&z.iter().map(|c| -dot(c, v) / n).collect::<Vec<f64>>()))
        .collect();
    let s2: Vec<f64> = e.iter().map(|x| x * x).collect();
    let mean = |p: i32| e.iter().map(|x| x.powi(p)).sum::<f64>() / n;
    let (sigma2, third, fourth) = (mean(2), mean(3), mean(4));
    let weight: Vec<f64> = if moments.heteroskedastic { s2 } else { vec![sigma2; e.len()] };
    let traces = moments.traces(&weight);
    let diagonals = moments.diagonals();
    let weighted = |v: &[f64]| -> Vec<f64> { v.iter().zip(&weight).map(|(x, w)| x * w).collect() };
    let lag = Mat::from_fn(2, 2, |r, s| {
        let plain = traces[r][s] + dot(&a[r], &weighted(&a[s])) / n;
        if moments.heteroskedastic {
            return plain;
        }
        let (dr, ds) = (&diagonals[r], &diagonals[s]);
        let kurtosis = (fourth - 3.0 * sigma2 * sigma2) * dot(dr, ds);
        plain + (kurtosis + third * (dot(&a[r], ds) + dot(&a[s], dr))) / n
    });
    let between = Mat::from_fn(z.len(), 2, |j, r| {
        let plain = dot(tt.row(j), &weighted(&a[r])) / n;
        if moments.heteroskedastic { plain } else { plain + third * dot(tt.row(j), &diagonals[r]) / n }
    });
    let own = Mat::from_fn(z.len(), z.len(), |i, j| dot(tt.row(i), &weighted(tt.row(j))) / n);
    Spread { lag, own, between }
}

/// The lag that makes the weighted sum of squares of both moments smallest, within the limit.
fn best_lag(p: &[[f64; 3]; 2], weight: &Mat, limit: f64) -> f64 {
    let value = |x: f64| {
        let m = p.map(|c| c[0] + x * (c[1] + x * c[2]));
        weight.quadratic(&m)
    };
    // first and second derivative
    let slopes = |x: f64| {
        let (m, d) = (p.map(|c| c[0] + x * (c[1] + x * c[2])), p.map(|c| c[1] + 2.0 * x * c[2]));
        let bend = p.map(|c| 2.0 * c[2]);
        let (wm, wd) = (weight.times_vector(&m), weight.times_vector(&d));
        (2.0 * dot(&d, &wm), 2.0 * (dot(&d, &wd) + dot(&bend, &wm)))
    };
    let points = 4000;
    let at = |i: i32| limit * (f64::from(2 * i) / f64::from(points) - 1.0);
    let mut x = (1..points).map(at).min_by(|a, b| value(*a).total_cmp(&value(*b))).unwrap_or(0.0);
    for _ in 0..100 {
        let (first, second) = slopes(x);
        if second <= 0.0 || first == 0.0 {
            break;
        }
        let next = (x - first / second).clamp(-limit, limit);
        if (next - x).abs() <= 1e-16 * limit {
            break;
        }
        x = next;
    }
    x
}

/// Fits the model.
pub fn fit(model: &Model<'_>) -> Result<GmmFit, Failure> {
    use Failure::{AtLimit, NotIdentified};
    let q = columns(model.h).thin_qr().0;
    let stage = two_stage(model.y, model.z, &q).ok_or(NotIdentified)?;
    let u = residuals(model.y, model.z, &stage.b);
    let Some(m) = model.m else {
        let v = plain_covariance(&stage, &u, model.heteroskedastic);
        return Ok(GmmFit { first: stage.b.clone(), b: stage.b, v, first_lag: None });
    };
    let moments = Moments::of(m, model.heteroskedastic);
    let lagged: Vec<Vec<f64>> = model.z.iter().map(|c| m.times_vector(c)).collect();
    let my = m.times_vector(model.y);
    let less_lag = |r: f64| -> (Vec<f64>, Vec<Vec<f64>>) {
        (less(model.y, r, &my), model.z.iter().zip(&lagged).map(|(c, l)| less(c, r, l)).collect())
    };
    let first_lag = best_lag(&moments.polynomials(&u), &Mat::identity(2), 0.99 * model.limit);
    let (y1, z1) = less_lag(first_lag);
    let second = two_stage(&y1, &z1, &q).ok_or(NotIdentified)?;
    let u = residuals(model.y, model.z, &second.b);
    let mu = m.times_vector(&u);
    let p = moments.polynomials(&u);
    let weight =
        spread(&moments, &second, &z1, &less(&u, first_lag, &mu)).lag.inverse().ok_or(NotIdentified)?;
    let lag = best_lag(&p, &weight, model.limit);
    if lag.abs() >= 0.9999 * model.limit {
        return Err(AtLimit);
    }
    let (y2, z2) = less_lag(lag);
    let third = two_stage(&y2, &z2, &q).ok_or(NotIdentified)?;
    let last = spread(&moments, &third, &z2, &less(&u, lag, &mu));
    let v =
        joint_covariance(&last, p.map(|c| c[1] + 2.0 * lag * c[2]), u.len() as f64).ok_or(NotIdentified)?;
    let mut b = second.b;
    b.push(lag);
    Ok(GmmFit { b, v, first: stage.b, first_lag: Some(first_lag) })
}

fn plain_covariance(stage: &TwoStage, u: &[f64], heteroskedastic: bool) -> Mat {
    let n = u.len() as f64;
    if !heteroskedastic {
        return stage.inverse.clone().scaled(dot(u, u) / n);
    }
    let scaled: Vec<Vec<f64>> =
        stage.projected.iter().map(|c| c.iter().zip(u).map(|(x, u)| x * u).collect()).collect();
    let middle = Mat::from_fn(scaled.len(), scaled.len(), |i, j| dot(&scaled[i], &scaled[j]));
    stage.inverse.sandwich(&middle)
}

/// The covariance of coefficients and lag from that of their moments; `slope` is the derivative of the lag's moments.
fn joint_covariance(s: &Spread, slope: [f64; 2], n: f64) -> Option<Mat> {
    let inverse = s.lag.inverse()?;
    let weighted = inverse.times_vector(&slope);
    let precision = dot(&slope, &weighted);
    let k = s.own.rows();
    let cross = s.between.times_vector(&weighted);
    // the sign of the derivative: a larger lag lowers the residuals' moments
    let v = Mat::from_fn(k + 1, k + 1, |i, j| match (i < k, j < k) {
        (true, true) => s.own[(i, j)] / n,
        (true, false) => -cross[i] / precision / n,
        (false, true) => -cross[j] / precision / n,
        (false, false) => 1.0 / precision / n,
    });
    (precision > 0.0).then_some(v)
}
