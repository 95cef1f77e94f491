//! Residual covariances of linear mixed models and the scores of their groups ([ME] mixed, Methods and formulas;
//! Pinheiro and Bates 2000, chapter 5).

use super::matrix::Mat;
use super::mixed::Mixed;
use super::mixed_levels::{Group, Products, products};
use std::borrow::Cow;

/// Form of the correlation of the residuals of a group of the lowest level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correlation {
    /// None.
    Independent,
    /// `rho` to the power of the distance in time.
    Autoregressive,
    /// One correlation.
    Exchangeable,
    /// A variance for each time and a correlation for each pair of times.
    Unstructured,
}

/// The covariance of the residuals. Its parameters, for each stratum: log of the ratio of its standard deviation to that of
/// the first one (not for the first), inverse hyperbolic tangent of its correlation; unstructured: logs of the ratios for
/// the second and later times, then the tangents of the correlations row by row.
pub struct Residual {
    /// Form of the correlation.
    pub correlation: Correlation,
    /// Stratum of each row.
    pub stratum: Vec<usize>,
    /// Number of strata.
    pub strata: usize,
    /// Time of each row; for an unstructured covariance its number.
    pub time: Vec<f64>,
    /// Number of times of an unstructured covariance.
    pub times: usize,
}

/// Rows by group, before they are whitened.
pub(super) struct Raw {
    y: Vec<f64>,
    x: Vec<Vec<f64>>,
    z: Vec<Vec<f64>>,
    members: Vec<Vec<Vec<usize>>>,
}

impl Raw {
    pub(super) fn new(y: &[f64], x: &[&[f64]], z: &[&[f64]], members: Vec<Vec<Vec<usize>>>) -> Self {
        let own = |columns: &[&[f64]]| columns.iter().map(|c| c.to_vec()).collect();
        Self { y: y.to_vec(), x: own(x), z: own(z), members }
    }
}

impl Residual {
    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        match self.correlation {
            Correlation::Independent => self.strata - 1,
            Correlation::Unstructured => self.times - 1 + self.times * (self.times - 1) / 2,
            _ => 2 * self.strata - 1,
        }
    }

    /// Log of the ratio of the standard deviation of a row to the residual one, and the correlation of its stratum.
    fn of_stratum(&self, theta: &[f64], stratum: usize) -> (f64, f64) {
        match (self.correlation, stratum) {
            (Correlation::Independent, 0) => (0.0, 0.0),
            (Correlation::Independent, s) => (theta[s - 1], 0.0),
            (_, 0) => (0.0, theta[0].tanh()),
            (_, s) => (theta[2 * s - 1], theta[2 * s].tanh()),
        }
    }

    /// Covariance of rows of a group in units of the residual variance.
    fn covariance(&self, theta: &[f64], rows: &[usize]) -> Mat {
        let size = rows.len();
        if self.correlation == Correlation::Unstructured {
            let sd = |t: usize| if t == 0 { 1.0 } else { theta[t - 1].exp() };
            let pair = |a: usize, b: usize| {
                let (low, high) = (a.min(b), a.max(b));
                // pairs (0,1), (0,2) ... (1,2) ...
                let before = low * self.times - low * (low + 1) / 2;
                theta[self.times - 1 + before + high - low - 1].tanh()
            };
            let time = |i: usize| self.time[rows[i]] as usize;
            return Mat::from_fn(size, size, |i, j| {
                let (a, b) = (time(i), time(j));
                sd(a) * sd(b) * if a == b { 1.0 } else { pair(a, b) }
            });
        }
        let (ln_ratio, rho) = self.of_stratum(theta, self.stratum[rows[0]]);
        if self.correlation == Correlation::Independent {
            return Mat::from_fn(size, size, |i, j| {
                let own = self.of_stratum(theta, self.stratum[rows[i]]).0;
                if i == j { (2.0 * own).exp() } else { 0.0 }
            });
        }
        let scale = (2.0 * ln_ratio).exp();
        Mat::from_fn(size, size, |i, j| {
            let gap = (self.time[rows[i]] - self.time[rows[j]]).abs();
            let correlation = match self.correlation {
                _ if i == j => 1.0,
                Correlation::Autoregressive => rho.powi(gap as i32),
                _ => rho,
            };
            scale * correlation
        })
    }
}

/// The rows of a group premultiplied by the inverse of the lower root of their covariance.
fn whitened(raw: &Raw, covariance: &Mat, rows: &[usize]) -> Option<Products> {
    let root = covariance.cholesky()?;
    let solve = |column: &[f64]| {
        let mut out: Vec<f64> = rows.iter().map(|r| column[*r]).collect();
        for i in 0..out.len() {
            for j in 0..i {
                out[i] -= root[(i, j)] * out[j];
            }
            out[i] /= root[(i, i)];
        }
        out
    };
    let all = |columns: &[Vec<f64>]| -> Vec<Vec<f64>> { columns.iter().map(|c| solve(c)).collect() };
    let (y, x, z) = (solve(&raw.y), all(&raw.x), all(&raw.z));
    let x: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    let z: Vec<&[f64]> = z.iter().map(Vec::as_slice).collect();
    let every: Vec<usize> = (0..rows.len()).collect();
    let mut out = products(&y, &x, &z, &every);
    out.ln_det = 2.0 * (0..rows.len()).map(|i| root[(i, i)].ln()).sum::<f64>();
    Some(out)
}

impl Mixed {
    /// Number of parameters of the residual covariance besides its variance.
    pub fn residual_parameters(&self) -> usize {
        self.residual.as_ref().map_or(0, |(form, _)| form.parameters())
    }

    /// Cross products of all groups at variance parameters; nothing where the residual covariance is not definite.
    pub(super) fn groups_at(&self, theta: &[f64]) -> Option<Cow<'_, [Group]>> {
        let Some((form, raw)) = &self.residual else { return Some(Cow::Borrowed(&self.groups)) };
        let own = &theta[self.sigma_at(theta) + 1..];
        let group = |members: &Vec<Vec<usize>>| -> Option<Group> {
            let parts = members.iter().map(|rows| whitened(raw, &form.covariance(own, rows), rows));
            Group::of(parts.collect::<Option<Vec<_>>>()?.into_iter())
        };
        Some(Cow::Owned(raw.members.iter().map(group).collect::<Option<Vec<_>>>()?))
    }

    /// Log likelihoods of the groups of the highest level and their slopes in the fixed effects, at fixed effects in
    /// the basis of the kernel.
    fn by_group(&self, theta: &[f64], gamma: &[f64]) -> Option<Vec<(f64, Vec<f64>)>> {
        let s2 = (2.0 * theta[self.sigma_at(theta)]).exp();
        let roots = self.roots(theta)?;
        let two_pi = (2.0 * std::f64::consts::PI).ln();
        let mut out = Vec::new();
        for group in self.groups_at(theta)?.iter() {
            let (xx, xy, yy, ln_det) = self.net(group, &roots, s2)?;
            let along = xx.times_vector(gamma);
            let slope: Vec<f64> = xy.iter().zip(&along).map(|(a, b)| (a - b) / s2).collect();
            let cross: f64 = gamma.iter().zip(&xy).map(|(g, x)| g * x).sum();
            let rss = (yy - 2.0 * cross + xx.quadratic(gamma)) / s2;
            out.push((-0.5 * (group.n * two_pi + ln_det + rss), slope));
        }
        Some(out)
    }

    /// Scores of the groups of the highest level in the fixed effects `b` and the variance parameters; those of a
    /// parameter that is not `free` are zero. Slopes in variance parameters by extrapolated differences.
    pub fn scores(&self, b: &[f64], theta: &[f64], free: &[bool]) -> Option<Mat> {
        let away: Vec<f64> = b.iter().zip(&self.plain).map(|(b, p)| b - p).collect();
        let gamma = self.triangle.times_vector(&away);
        let centre = self.by_group(theta, &gamma)?;
        let p = self.fixed;
        let mut out = Mat::zeros(centre.len(), p + theta.len());
        for (g, (_, slope)) in centre.iter().enumerate() {
            for j in 0..p {
                out[(g, j)] = (0..p).map(|i| self.triangle[(i, j)] * slope[i]).sum();
            }
        }
        for k in (0..theta.len()).filter(|k| free[*k]) {
            let difference = |h: f64| -> Option<Vec<f64>> {
                let at = |h: f64| {
                    let mut moved = theta.to_vec();
                    moved[k] += h;
                    self.by_group(&moved, &gamma)
                };
                let (up, down) = (at(h)?, at(-h)?);
                Some(up.iter().zip(&down).map(|(u, d)| (u.0 - d.0) / (2.0 * h)).collect())
            };
            let rows = [difference(0.01)?, difference(0.005)?, difference(0.0025)?];
            for g in 0..centre.len() {
                let first = [(4.0 * rows[1][g] - rows[0][g]) / 3.0, (4.0 * rows[2][g] - rows[1][g]) / 3.0];
                out[(g, p + k)] = (16.0 * first[1] - first[0]) / 15.0;
            }
        }
        Some(out)
    }
}
