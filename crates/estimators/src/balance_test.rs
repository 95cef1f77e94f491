//! The overidentification test of covariate balance after propensity scores: generalised method of moments with the
//! scores of the treatment model and the balance of its covariates.
//!
//! Formulas: [TE] tebalance overid, Methods and formulas; Imai and Ratkovic (2014), Journal of the Royal Statistical
//! Society B 76: moments `(t-p) f/(p(1-p)) z` and `(t/p - (1-t)/(1-p)) z`, weighted by the inverse of their covariance
//! given the covariates at the same parameters (continuous updating).

use super::distributions::normal_density;
use super::matrix::Mat;
use super::ml_binary::Link;

/// A treatment model: regressors with the constant, who is treated, and the link.
pub struct Treatment<'a> {
    /// Regressors with the constant.
    pub z: &'a [Vec<f64>],
    /// Treated rows.
    pub treated: &'a [bool],
    /// Link of the propensity score.
    pub link: Link,
}

impl Treatment<'_> {
    /// `N g' W g` at coefficients; nothing where the weight matrix does not exist.
    fn criterion(&self, b: &[f64]) -> Option<f64> {
        let (n, k) = (self.treated.len(), self.z.len());
        let mut parts = vec![[0.0; 3]; n];
        let mut mean = vec![0.0; 2 * k];
        for i in 0..n {
            let xb: f64 = self.z.iter().zip(b).map(|(c, b)| c[i] * b).sum();
            let (p, q) = (self.link.probability(xb), self.link.probability(-xb));
            if p <= 0.0 || q <= 0.0 {
                return None;
            }
            let f = match self.link {
                Link::Probit => normal_density(xb),
                _ => p * q,
            };
            let t = f64::from(u8::from(self.treated[i]));
            let score = (t - p) * f / (p * q);
            let balance = if self.treated[i] { 1.0 / p } else { -1.0 / q };
            for (j, c) in self.z.iter().enumerate() {
                mean[j] += score * c[i];
                mean[k + j] += balance * c[i];
            }
            parts[i] = [f * f / (p * q), f / (p * q), 1.0 / (p * q)];
        }
        let mut covariance = Mat::zeros(2 * k, 2 * k);
        for a in 0..k {
            for c in 0..=a {
                let mut sums = [0.0; 3];
                for ((x, y), part) in self.z[a].iter().zip(&self.z[c]).zip(&parts) {
                    let product = x * y;
                    for (sum, part) in sums.iter_mut().zip(part) {
                        *sum += product * part;
                    }
                }
                for (i, j) in [(a, c), (c, a)] {
                    covariance[(i, j)] = sums[0];
                    covariance[(i, k + j)] = sums[1];
                    covariance[(k + j, i)] = sums[1];
                    covariance[(k + i, k + j)] = sums[2];
                }
            }
        }
        // Sums instead of means: the factors of N cancel.
        let value = covariance.inverse_definite()?.quadratic(&mean);
        value.is_finite().then_some(value)
    }

    fn gradient(&self, b: &[f64]) -> Option<Vec<f64>> {
        (0..b.len())
            .map(|j| {
                let step = 1e-5 * (b[j].abs() + 1.0);
                let at = |shift: f64| {
                    let mut moved = b.to_vec();
                    moved[j] += shift;
                    self.criterion(&moved)
                };
                Some((at(step)? - at(-step)?) / (2.0 * step))
            })
            .collect()
    }

    /// The smallest criterion, from a start: quasi-Newton steps (BFGS) with halving. Also gives the values on the way.
    pub fn test(&self, start: &[f64]) -> Option<(f64, Vec<f64>)> {
        let k = start.len();
        let mut b = start.to_vec();
        let mut value = self.criterion(&b)?;
        let mut gradient = self.gradient(&b)?;
        let mut inverse =
            Mat::identity(k).scaled(1.0 / gradient.iter().map(|g| g * g).sum::<f64>().sqrt().max(1.0));
        let mut log = vec![value];
        for _ in 0..200 {
            let step: Vec<f64> = inverse.times_vector(&gradient).iter().map(|s| -s).collect();
            let slope: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
            if slope.abs() < 1e-9 * (1.0 + value.abs()) {
                break;
            }
            let mut length = 1.0;
            let found = loop {
                let next: Vec<f64> = b.iter().zip(&step).map(|(b, s)| b + length * s).collect();
                match self.criterion(&next) {
                    Some(v) if v <= value + 1e-4 * length * slope => break Some((next, v)),
                    _ if length < 1e-10 => break None,
                    _ => length *= 0.5,
                }
            };
            let Some((next, at)) = found else { break };
            let after = self.gradient(&next)?;
            let s: Vec<f64> = next.iter().zip(&b).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = after.iter().zip(&gradient).map(|(a, b)| a - b).collect();
            let sy: f64 = s.iter().zip(&y).map(|(a, b)| a * b).sum();
            if sy > 0.0 {
                if log.len() == 1 {
                    // The first curvature sets the scale.
                    let yy: f64 = y.iter().map(|v| v * v).sum();
                    inverse = Mat::identity(k).scaled(sy / yy);
                }
                let hy = inverse.times_vector(&y);
                let yhy: f64 = y.iter().zip(&hy).map(|(a, b)| a * b).sum();
                inverse = Mat::from_fn(k, k, |i, j| {
                    inverse[(i, j)] + (1.0 + yhy / sy) * s[i] * s[j] / sy - (hy[i] * s[j] + s[i] * hy[j]) / sy
                });
            }
            (b, value, gradient) = (next, at, after);
            log.push(value);
        }
        Some((value, log))
    }
}
