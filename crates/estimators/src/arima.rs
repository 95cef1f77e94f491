//! Exact or conditional Gaussian likelihood of regressions with (seasonal) ARMA errors by the Kalman filter, and its maximum.
//! Formulas: [TS] arima, Methods and formulas; Harvey (1989), Time Series Models, chapters 3 and 4;
//! stationary start by doubling; missing values are skipped. Differencing is the caller's.

use super::matrix::Mat;
use super::ols::{self, Request};

/// One factor of the ARMA polynomials: lags of its coefficients and their unit (1, or the season).
#[derive(Clone, Debug, Default)]
pub struct Factor {
    /// Length of the season, 1 for the ordinary factor.
    pub season: usize,
    /// Autoregressive lags in units of the season.
    pub ar: Vec<usize>,
    /// Moving-average lags in units of the season.
    pub ma: Vec<usize>,
}

/// The model with its data in the order of time; missing outcomes are not-a-number.
pub struct Arima<'a> {
    /// Outcome after differencing.
    pub y: &'a [f64],
    /// Regressors after differencing, the constant among them.
    pub x: Vec<&'a [f64]>,
    /// Factors of the polynomials.
    pub factors: Vec<Factor>,
    /// Whether errors and innovations before the first row are zero (conditional likelihood); they have their stationary
    /// distribution otherwise.
    pub conditional: bool,
}

/// A maximum: regressors, then for each factor its AR and MA coefficients, then sigma.
pub struct ArimaFit {
    /// Parameters.
    pub b: Vec<f64>,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihood before each step and at the end.
    pub log: Vec<f64>,
    /// Whether the gradient vanished.
    pub converged: bool,
    /// Maps coordinates to the parameters: in the coordinates regressors have mean zero and deviation one.
    pub to_raw: Mat,
    /// Scores of each row in the coordinates (rows by parameters), zero rows for missing outcomes.
    pub scores: Mat,
    /// The negative Hessian of the log likelihood in the coordinates.
    pub information: Mat,
}

/// One pass of the filter with unit innovation variance.
pub struct Filtered {
    /// Predicted outcome given the rows before.
    pub predicted: Vec<f64>,
    /// Innovations; not-a-number where the outcome is missing.
    pub innovation: Vec<f64>,
    /// Prediction variance in units of the innovation variance.
    pub variance: Vec<f64>,
}

impl Arima<'_> {
    /// Number of parameters, sigma included.
    pub fn size(&self) -> usize {
        self.x.len() + self.factors.iter().map(|f| f.ar.len() + f.ma.len()).sum::<usize>() + 1
    }

    /// Coefficients of the full polynomials: `u_t = sum a_j u_(t-j) + e_t + sum m_j e_(t-j)`.
    pub fn polynomials(&self, b: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut at = self.x.len();
        let (mut ar, mut ma) = (vec![1.0], vec![1.0]);
        for factor in &self.factors {
            let mut take = |lags: &[usize], sign: f64| {
                let degree = lags.iter().max().map_or(0, |m| m * factor.season);
                let mut p = vec![0.0; degree + 1];
                p[0] = 1.0;
                for lag in lags {
                    p[lag * factor.season] = sign * b[at];
                    at += 1;
                }
                p
            };
            let (a, m) = (take(&factor.ar, -1.0), take(&factor.ma, 1.0));
            ar = product(&ar, &a);
            ma = product(&ma, &m);
        }
        (ar[1..].iter().map(|v| -v).collect(), ma[1..].to_vec())
    }

    /// Outcome less the regression part.
    fn errors(&self, b: &[f64]) -> Vec<f64> {
        (0..self.y.len())
            .map(|t| self.y[t] - self.x.iter().zip(b).map(|(c, b)| c[t] * b).sum::<f64>())
            .collect()
    }

    /// Runs the filter; nothing when the autoregression is not stationary.
    pub fn filter(&self, b: &[f64]) -> Option<Filtered> {
        let (ar, ma) = self.polynomials(b);
        if !self.conditional && !stationary(&ar) {
            return None;
        }
        let m = ar.len().max(ma.len() + 1);
        let phi: Vec<f64> = (0..m).map(|j| ar.get(j).copied().unwrap_or(0.0)).collect();
        let r: Vec<f64> =
            (0..m).map(|j| if j == 0 { 1.0 } else { ma.get(j - 1).copied().unwrap_or(0.0) }).collect();
        let u = self.errors(b);
        let mut p = if self.conditional {
            (0..m * m).map(|k| r[k / m] * r[k % m]).collect()
        } else {
            start(&phi, &r)?
        };
        let mut a = vec![0.0; m];
        let n = u.len();
        let mut out =
            Filtered { predicted: vec![0.0; n], innovation: vec![f64::NAN; n], variance: vec![0.0; n] };
        let mut steady = false;
        let mut gain = vec![0.0; m];
        for t in 0..n {
            let f = p[0];
            out.variance[t] = f;
            out.predicted[t] = self.x.iter().zip(b).map(|(c, b)| c[t] * b).sum::<f64>() + a[0];
            let known = !u[t].is_nan();
            if !steady {
                gain = (0..m).map(|i| p[i * m] / f).collect();
            }
            if known {
                let v = u[t] - a[0];
                out.innovation[t] = v;
                a.iter_mut().zip(&gain).for_each(|(a, k)| *a += k * v);
            }
            // prediction of the next state
            let first = a[0];
            for i in 0..m {
                a[i] = phi[i] * first + a.get(i + 1).copied().unwrap_or(0.0);
            }
            if steady && known {
                continue;
            }
            let updated: Vec<f64> =
                if known { (0..m * m).map(|k| p[k] - gain[k / m] * p[k % m]).collect() } else { p.clone() };
            let cell = |i: usize, j: usize| if i < m && j < m { updated[i * m + j] } else { 0.0 };
            let mut next = vec![0.0; m * m];
            for i in 0..m {
                for j in 0..=i {
                    let value = phi[i] * phi[j] * updated[0]
                        + phi[i] * cell(0, j + 1)
                        + phi[j] * cell(i + 1, 0)
                        + cell(i + 1, j + 1)
                        + r[i] * r[j];
                    next[i * m + j] = value;
                    next[j * m + i] = value;
                }
            }
            let moved = next.iter().zip(&p).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            steady = known && moved < 1e-15;
            p = next;
        }
        Some(out)
    }

    /// Log likelihood of each row; nothing outside the stationary region.
    fn rows(&self, b: &[f64]) -> Option<Vec<f64>> {
        let sigma = *b.last()?;
        if sigma <= 0.0 || b.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let filtered = self.filter(b)?;
        let base = (2.0 * std::f64::consts::PI).ln();
        let rows: Vec<f64> = filtered
            .innovation
            .iter()
            .zip(&filtered.variance)
            .map(|(v, f)| {
                if v.is_nan() {
                    0.0
                } else {
                    let s = sigma * sigma * f;
                    -0.5 * (base + s.ln() + v * v / s)
                }
            })
            .collect();
        rows.iter().all(|l| l.is_finite()).then_some(rows)
    }

    pub(super) fn total(&self, b: &[f64]) -> f64 {
        self.rows(b).map_or(f64::NEG_INFINITY, super::real::stable_sum)
    }

    /// Scores of each row by central differences of fourth order.
    pub(super) fn scores(&self, b: &[f64], scale: &[f64]) -> Option<Mat> {
        let mut out = Mat::zeros(self.y.len(), b.len());
        for j in 0..b.len() {
            let mut done = false;
            for shrink in [1.0, 0.1, 0.01, 1e-3] {
                let h = scale[j] * shrink;
                let at = |step: f64| {
                    let mut moved = b.to_vec();
                    moved[j] += step;
                    self.rows(&moved)
                };
                let (Some(p), Some(q), Some(r), Some(s)) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h)) else {
                    continue;
                };
                for t in 0..self.y.len() {
                    out[(t, j)] = (p[t] - 8.0 * q[t] + 8.0 * r[t] - s[t]) / (12.0 * h);
                }
                done = true;
                break;
            }
            if !done {
                return None;
            }
        }
        Some(out)
    }

    pub(super) fn gradient(&self, b: &[f64], scale: &[f64]) -> Option<Vec<f64>> {
        let scores = self.scores(b, scale)?;
        Some(
            (0..b.len())
                .map(|j| super::real::stable_sum((0..self.y.len()).map(|t| scores[(t, j)])))
                .collect(),
        )
    }

    pub(super) fn information(&self, b: &[f64], scale: &[f64]) -> Option<Mat> {
        let k = b.len();
        let mut out = Mat::zeros(k, k);
        for j in 0..k {
            let at = |step: f64| {
                let mut moved = b.to_vec();
                moved[j] += step;
                self.gradient(&moved, scale)
            };
            // A sum of autoregressive coefficients just below one leaves no room for wide steps.
            let (h, around) = [1.0, 0.1, 0.01, 1e-3].into_iter().find_map(|shrink| {
                let h = scale[j] * shrink;
                Some((h, [at(-2.0 * h)?, at(-h)?, at(h)?, at(2.0 * h)?]))
            })?;
            let [p, q, r, s] = around;
            for i in 0..k {
                out[(i, j)] = -(p[i] - 8.0 * q[i] + 8.0 * r[i] - s[i]) / (12.0 * h);
            }
        }
        Some(out.symmetrised())
    }

    /// Starting values: least squares, then Hannan and Rissanen's (1982) regression of the residuals on their
    /// lags and the lagged residuals of a long autoregression, pulled towards zero until stationary.
    pub(super) fn start(&self) -> Option<Vec<f64>> {
        let known: Vec<usize> = (0..self.y.len()).filter(|t| !self.y[*t].is_nan()).collect();
        let pick = |c: &[f64]| -> Vec<f64> { known.iter().map(|t| c[*t]).collect() };
        let y = pick(self.y);
        let columns: Vec<Vec<f64>> = self.x.iter().map(|c| pick(c)).collect();
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let fit = ols::fit(&Request { constant: false, chosen: true, ..Request::new(&y, &slices) }).ok()?;
        let u = fit.residuals.clone();
        let n = u.len();
        let spread = (u.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt();
        let mut b = fit.b.clone();
        b.resize(self.x.len(), 0.0);
        let lags: Vec<(bool, usize)> = self
            .factors
            .iter()
            .flat_map(|f| {
                let ar = f.ar.iter().map(|l| (true, l * f.season));
                ar.chain(f.ma.iter().map(|l| (false, l * f.season))).collect::<Vec<_>>()
            })
            .collect();
        let most = lags.iter().map(|l| l.1).max().unwrap_or(0);
        let mut coefficients = vec![0.0; lags.len()];
        let long = (most + 2).max((n as f64).ln() as usize + 2).min(n / 4);
        if most > 0 && n > 2 * long + most + lags.len() + 5 {
            let own: Vec<&[f64]> = (1..=long).map(|j| &u[long - j..n - j]).collect();
            if let Ok(first) = ols::fit(&Request { constant: false, ..Request::new(&u[long..], &own) }) {
                let mut e = vec![0.0; long];
                e.extend(first.residuals.iter());
                let from = long + most;
                let z: Vec<&[f64]> = lags
                    .iter()
                    .map(
                        |(is_ar, lag)| if *is_ar { &u[from - lag..n - lag] } else { &e[from - lag..n - lag] },
                    )
                    .collect();
                if let Ok(second) = ols::fit(&Request { constant: false, ..Request::new(&u[from..], &z) }) {
                    second.basis.kept.iter().zip(&second.b).for_each(|(k, v)| coefficients[*k] = *v);
                }
            }
        }
        let regressors = b.len();
        for _ in 0..60 {
            let mut trial = b.clone();
            trial.extend(&coefficients);
            trial.push(spread.max(1e-8));
            let (ar, ma) = self.polynomials(&trial);
            let inverted: Vec<f64> = ma.iter().map(|m| -m).collect();
            if stationary(&ar) && stationary(&inverted) {
                b.extend(&coefficients);
                break;
            }
            coefficients.iter_mut().for_each(|c| *c *= 0.85);
        }
        if b.len() == regressors {
            b.extend(vec![0.0; lags.len()]);
        }
        b.push(spread.max(1e-8));
        // sigma from the filter at these values
        let filtered = self.filter(&b)?;
        let (mut sum, mut count) = (0.0, 0.0);
        for (v, f) in filtered.innovation.iter().zip(&filtered.variance).filter(|(v, _)| !v.is_nan()) {
            sum += v * v / f;
            count += 1.0;
        }
        *b.last_mut()? = (sum / count).sqrt().max(1e-8);
        Some(b)
    }

    /// Steps of the differences: small against the spread of each estimate.
    pub(super) fn steps(&self, b: &[f64]) -> Vec<f64> {
        let sigma = b.last().copied().unwrap_or(1.0);
        let n = self.y.iter().filter(|v| !v.is_nan()).count() as f64;
        (0..b.len())
            .map(|j| {
                if let Some(column) = self.x.get(j) {
                    let mean = column.iter().sum::<f64>() / column.len() as f64;
                    let square = column.iter().map(|v| v * v).sum::<f64>() / column.len() as f64;
                    let size = (square - mean * mean).max(1e-8 * square).sqrt().max(mean.abs() * 1e-4);
                    let constant = square - mean * mean <= 1e-12 * square;
                    let size = if constant { mean.abs() } else { size };
                    0.02 * sigma / (size.max(1e-300) * n.sqrt())
                } else if j + 1 == b.len() {
                    1e-3 * sigma
                } else {
                    3e-4
                }
            })
            .collect()
    }
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

/// Whether `u_t = sum a_j u_(t-j) + e_t` is stationary: all partial autocorrelations below one in size
/// (Durbin-Levinson recursion backwards; Barndorff-Nielsen and Schou 1973).
pub fn stationary(ar: &[f64]) -> bool {
    let mut phi = ar.to_vec();
    while let Some(last) = phi.pop() {
        if last.is_nan() || last.abs() >= 1.0 - 1e-9 {
            return false;
        }
        let k = phi.len();
        let below = 1.0 - last * last;
        phi = (0..k).map(|j| (phi[j] + last * phi[k - 1 - j]) / below).collect();
    }
    true
}

/// The stationary covariance of the state, `P = T P T' + R R'`, by doubling.
pub(super) fn start(phi: &[f64], r: &[f64]) -> Option<Vec<f64>> {
    let m = phi.len();
    let mut t = Mat::from_fn(m, m, |i, j| if j == 0 { phi[i] } else { f64::from(u8::from(j == i + 1)) });
    let mut p = Mat::from_fn(m, m, |i, j| r[i] * r[j]);
    for _ in 0..64 {
        let add = t.sandwich(&p);
        let size = add.data().iter().map(|v| v.abs()).fold(0.0, f64::max);
        p = p.plus(&add).symmetrised();
        if !size.is_finite() {
            return None;
        }
        if size <= 1e-17 * p[(0, 0)] {
            return Some(p.data().to_vec());
        }
        t = t.times(&t);
    }
    None
}
