//! Canonical correlations of two sets of variables ([MV] canon, Methods and formulas).

use super::distributions::f_tail;
use super::matrix::Mat;
use super::svd::svd;

/// Canonical correlations with the coefficients of both sets.
pub struct Canonical {
    /// Correlations, largest first.
    pub correlations: Vec<f64>,
    /// Raw coefficients of each set: variables by correlations; the combinations have variance one.
    pub raw: [Mat; 2],
    /// Covariances within each set and between them, divisor N - 1.
    pub covariance: [Mat; 3],
    /// Number of observations.
    pub n: f64,
}

/// Covariances of columns with divisor N - 1, or raw moments without a constant.
fn moments(a: &[Vec<f64>], b: &[Vec<f64>], weights: &[f64], n: f64, constant: bool) -> Mat {
    let mean = |c: &[f64]| {
        if constant { c.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() / n } else { 0.0 }
    };
    let centred = |set: &[Vec<f64>]| -> Vec<Vec<f64>> {
        set.iter()
            .map(|c| {
                let m = mean(c);
                c.iter().map(|x| x - m).collect()
            })
            .collect()
    };
    let (a, b) = (centred(a), centred(b));
    let divisor = if constant { n - 1.0 } else { n };
    Mat::from_fn(a.len(), b.len(), |i, j| {
        a[i].iter().zip(&b[j]).zip(weights).map(|((x, y), w)| w * x * y).sum::<f64>() / divisor
    })
}

/// Analyses two sets of columns; `weights` sum to the number of observations `n`. Nothing when a set is collinear.
pub fn analyse(
    first: &[Vec<f64>],
    second: &[Vec<f64>],
    weights: &[f64],
    n: f64,
    constant: bool,
) -> Option<Canonical> {
    let xx = moments(first, first, weights, n, constant);
    let yy = moments(second, second, weights, n, constant);
    let xy = moments(first, second, weights, n, constant);
    let (left, right) = (root(&xx)?, root(&yy)?);
    let parts = svd(&left.times(&xy).times(&right.transpose()))?;
    let k = first.len().min(second.len());
    let (a, b) = (left.transpose().times(&parts.u), right.transpose().times(&parts.v));
    // the sign is free: the largest standardised coefficient of the first set is positive
    let sign: Vec<f64> = (0..k)
        .map(|c| {
            let size = |i: usize| a[(i, c)] * xx[(i, i)].sqrt();
            let top = (0..first.len()).max_by(|i, j| size(*i).abs().total_cmp(&size(*j).abs()));
            top.map_or(1.0, |i| size(i).signum())
        })
        .collect();
    let signed = |m: &Mat, rows: usize| Mat::from_fn(rows, k, |i, c| m[(i, c)] * sign[c]);
    Some(Canonical {
        correlations: parts.values[..k].iter().map(|r| r.min(1.0)).collect(),
        raw: [signed(&a, first.len()), signed(&b, second.len())],
        covariance: [xx, yy, xy],
        n,
    })
}

/// The inverse of the Cholesky factor of a covariance; nothing when a variable depends on those before it.
fn root(covariance: &Mat) -> Option<Mat> {
    let factor = covariance.cholesky()?;
    let size = covariance.rows();
    let depends = (0..size).any(|i| factor[(i, i)].powi(2) < 1e-12 * covariance[(i, i)]);
    if depends { None } else { factor.inverse() }
}

/// Wilks's test that the canonical correlations from `from` (zero for all) on vanish.
#[derive(Clone, Copy, Debug)]
pub struct Wilks {
    /// Lambda.
    pub lambda: f64,
    /// Degrees of freedom.
    pub df: (f64, f64),
    /// Rao's F.
    pub f: f64,
    /// Whether F is exact.
    pub exact: bool,
}

impl Wilks {
    /// Its p-value.
    pub fn p(&self) -> f64 {
        f_tail(self.df.0, self.df.1, self.f)
    }
}

impl Canonical {
    /// Standard deviations of a set.
    fn deviations(&self, set: usize) -> Vec<f64> {
        self.covariance[set].diagonal().iter().map(|v| v.sqrt()).collect()
    }

    /// Coefficients of a set for standardised variables.
    pub fn standardised(&self, set: usize) -> Mat {
        let sd = self.deviations(set);
        Mat::from_fn(self.raw[set].rows(), self.raw[set].cols(), |i, c| self.raw[set][(i, c)] * sd[i])
    }

    /// Correlations of the variables of `set` with the combinations of `of`.
    pub fn loadings(&self, set: usize, of: usize) -> Mat {
        let sd = self.deviations(set);
        let own = self.covariance[set].times(&self.raw[set]);
        let factor = |c: usize| if set == of { 1.0 } else { self.correlations[c] };
        Mat::from_fn(own.rows(), own.cols(), |i, c| own[(i, c)] / sd[i] * factor(c))
    }

    /// Correlations within a set.
    pub fn correlation(&self, set: usize) -> Mat {
        let sd = self.deviations(set);
        Mat::from_fn(sd.len(), sd.len(), |i, j| self.covariance[set][(i, j)] / (sd[i] * sd[j]))
    }

    /// Correlations between the sets.
    pub fn between(&self) -> Mat {
        let (a, b) = (self.deviations(0), self.deviations(1));
        Mat::from_fn(a.len(), b.len(), |i, j| self.covariance[2][(i, j)] / (a[i] * b[j]))
    }

    /// Wilks's lambda of the correlations from `from` on, with the F of Rao (1951).
    pub fn wilks(&self, from: usize, constant: bool) -> Wilks {
        let lambda: f64 = self.correlations[from..].iter().map(|r| 1.0 - r * r).product();
        let (p, q) = ((self.raw[0].rows() - from) as f64, (self.raw[1].rows() - from) as f64);
        let (p0, q0) = (self.raw[0].rows() as f64, self.raw[1].rows() as f64);
        let total = self.n - if constant { 1.0 } else { 0.0 };
        let w = total - (p0 + q0 + 1.0) / 2.0;
        let bottom = p * p + q * q - 5.0;
        let t = if bottom > 0.0 { ((p * p * q * q - 4.0) / bottom).sqrt() } else { 1.0 };
        let df = (p * q, w * t - p * q / 2.0 + 1.0);
        let root = lambda.powf(1.0 / t);
        Wilks { lambda, df, f: (1.0 - root) / root * df.1 / df.0, exact: p.min(q) <= 2.0 }
    }

    /// Covariances of the raw coefficients of the combination `c` of each set, given the other combination: those of the
    /// regression of that combination on the set, divided by the squared correlation.
    pub fn conditional(&self, c: usize, constant: bool) -> Option<[Mat; 2]> {
        let r2 = self.correlations[c].powi(2);
        let total = self.n - if constant { 1.0 } else { 0.0 };
        let one = |set: usize| {
            let k = self.raw[set].rows() as f64;
            Some(self.covariance[set].inverse_definite()?.scaled((1.0 - r2) / ((total - k) * r2)))
        };
        Some([one(0)?, one(1)?])
    }
}
