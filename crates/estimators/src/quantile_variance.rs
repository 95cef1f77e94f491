//! The asymptotic covariance of a quantile regression, its bandwidths and kernels.
//! Formulas: [R] qreg; Koenker (2005), sections 3.4 and 4.10.

use super::descriptive::Sample;
use super::distributions::{normal_density, normal_quantile};
use super::matrix::Mat;
use super::qr::{Design, choose_columns};
use super::quantile::{QuantileData, QuantileFit, Rows};
use super::weights::WeightKind;

/// Rules for the distance of the neighbouring quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bandwidth {
    /// Hall and Sheather (1988).
    HallSheather,
    /// Bofinger (1975).
    Bofinger,
    /// Chamberlain (1994).
    Chamberlain,
}

/// The distance `h`, made smaller until both neighbours lie inside the unit interval.
pub fn bandwidth(rule: Bandwidth, n: f64, tau: f64, level: f64) -> f64 {
    let z = normal_quantile(tau);
    let density = normal_density(z);
    let critical = normal_quantile(0.5 + level / 200.0);
    let mut h = match rule {
        Bandwidth::HallSheather => {
            n.powf(-1.0 / 3.0)
                * critical.powf(2.0 / 3.0)
                * (1.5 * density * density / (2.0 * z * z + 1.0)).cbrt()
        }
        Bandwidth::Bofinger => {
            n.powf(-0.2) * (4.5 * normal_density(2.0 * z).powi(4) / (2.0 * z * z + 1.0).powi(2)).powf(0.2)
        }
        Bandwidth::Chamberlain => critical * (tau * (1.0 - tau) / n).sqrt(),
    };
    while tau - h <= 0.0 || tau + h >= 1.0 {
        h /= 2.0;
    }
    h
}

/// Kernels of density estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Epanechnikov with its variance of one.
    Epanechnikov,
    /// Epanechnikov on (-1, 1).
    Epan2,
    /// Biweight.
    Biweight,
    /// Cosine trace.
    Cosine,
    /// Normal density.
    Gaussian,
    /// Parzen.
    Parzen,
    /// Uniform.
    Rectangle,
    /// Triangle.
    Triangle,
}

impl Kernel {
    /// Height at `u` ([R] kdensity).
    pub fn at(self, u: f64) -> f64 {
        let a = u.abs();
        match self {
            Self::Epanechnikov if a < 5f64.sqrt() => 0.75 * (1.0 - u * u / 5.0) / 5f64.sqrt(),
            Self::Epan2 if a < 1.0 => 0.75 * (1.0 - u * u),
            Self::Biweight if a < 1.0 => 0.9375 * (1.0 - u * u).powi(2),
            Self::Cosine if a < 0.5 => 1.0 + (2.0 * std::f64::consts::PI * u).cos(),
            Self::Gaussian => normal_density(u),
            Self::Parzen if a <= 0.5 => 4.0 / 3.0 - 8.0 * u * u + 8.0 * a.powi(3),
            Self::Parzen if a <= 1.0 => 8.0 * (1.0 - a).powi(3) / 3.0,
            Self::Rectangle if a < 1.0 => 0.5,
            Self::Triangle if a < 1.0 => 1.0 - a,
            _ => 0.0,
        }
    }
}

/// How the density of the errors at the quantile is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    /// From fits of the neighbouring quantiles.
    Fitted,
    /// By a kernel over the residuals.
    Kernel(Kernel),
}

/// What the covariance assumes of the errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// Independent errors of one distribution.
    Independent,
    /// Densities that depend on the regressors; weights are counts.
    Robust,
    /// As `Robust`, with weights that are reciprocals of probabilities of being sampled: scores count with the squares
    /// of the weights, as those of every M-estimator from such a sample (White 1980; Wooldridge 1999).
    Sampled,
}

/// A covariance of quantile regression with what it rests on.
pub struct QuantileVariance {
    /// Covariance of the coefficients.
    pub v: Mat,
    /// Distance of the neighbouring quantiles.
    pub h: f64,
    /// Kernel bandwidth in units of the outcome.
    pub kernel_h: Option<f64>,
    /// Reciprocal of the density (independent errors).
    pub sparsity: Option<f64>,
}

/// Covariance of a fit: independent errors, or robust to densities that depend on the regressors.
/// `n` is the number of observations that the rows stand for, and the sum of the weights.
pub fn variance(
    data: QuantileData<'_>,
    fit: &QuantileFit,
    tau: f64,
    n: f64,
    (rule, density, errors): (Bandwidth, Density, Errors),
    level: f64,
) -> Option<QuantileVariance> {
    let p = data.size();
    let h = bandwidth(rule, n, tau, level);
    // Products of columns far from zero would have no digits left for their spread.
    let rows = Rows::of(data);
    let cell = |i: usize, j: usize| rows.row(i)[j];
    let weighted = |f: &dyn Fn(usize) -> f64| {
        let mut out = Mat::zeros(p, p);
        for i in 0..data.y.len() {
            let w = data.weight(i) * f(i);
            for a in 0..p {
                for b in 0..=a {
                    out[(a, b)] += w * cell(i, a) * cell(i, b);
                }
            }
        }
        Mat::from_fn(p, p, |a, b| out[(a.max(b), a.min(b))])
    };
    let xx = weighted(&|_| 1.0);
    let spread = tau * (1.0 - tau);
    let (local, kernel_h): (Vec<f64>, Option<f64>) = match density {
        Density::Fitted => {
            let (low, high) = (super::quantile::fit(data, tau - h)?, super::quantile::fit(data, tau + h)?);
            let gap: Vec<f64> =
                data.fitted(&high.b).iter().zip(data.fitted(&low.b)).map(|(a, b)| a - b).collect();
            (gap, None)
        }
        Density::Kernel(kernel) => {
            let residuals = data.residuals(&fit.b);
            let width =
                kernel_width(data, &residuals, n) * (normal_quantile(tau + h) - normal_quantile(tau - h));
            (residuals.iter().map(|e| kernel.at(e / width) / width).collect(), Some(width))
        }
    };
    if errors != Errors::Independent {
        // 2h over the gap of fitted quantiles, zero where they meet or cross (Hendricks and Koenker 1992): a gap within the
        // rounding of the fits is none.
        let size = data.fitted(&fit.b).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let f = |i: usize| match density {
            Density::Fitted => {
                if local[i] > 1e-10 * size {
                    2.0 * h / local[i]
                } else {
                    0.0
                }
            }
            Density::Kernel(_) => local[i],
        };
        let inverse = informed_inverse(data, &weighted(&f), &f)?;
        let scores = match errors {
            Errors::Sampled => weighted(&|i| data.weight(i)),
            _ => xx,
        };
        return Some(QuantileVariance {
            v: rows.raw_covariance(&inverse.sandwich(&scores), data.constant).scaled(spread),
            h,
            kernel_h,
            sparsity: None,
        });
    }
    let mean = |values: &[f64]| {
        values.iter().enumerate().map(|(i, x)| data.weight(i) * x).sum::<f64>()
            / (0..values.len()).map(|i| data.weight(i)).sum::<f64>()
    };
    let sparsity = match density {
        Density::Fitted => mean(&local) / (2.0 * h),
        Density::Kernel(_) => 1.0 / mean(&local),
    };
    let v = rows.raw_covariance(&xx.inverse_definite()?, data.constant).scaled(spread * sparsity * sparsity);
    Some(QuantileVariance { v, h, kernel_h, sparsity: Some(sparsity) })
}

/// Inverse over the parameters on which rows with a positive density bear; the others have zeros, and so no standard error.
fn informed_inverse(data: QuantileData<'_>, matrix: &Mat, density: &dyn Fn(usize) -> f64) -> Option<Mat> {
    let weights: Vec<f64> = (0..data.y.len()).map(|i| data.weight(i) * density(i)).collect();
    let design = Design { columns: data.columns, weights: Some(&weights), constant: data.constant };
    let (mut kept, omitted) = choose_columns(design);
    if omitted.is_empty() {
        return matrix.inverse_definite();
    }
    kept.extend(data.constant.then_some(data.columns.len()));
    let small = matrix.select(&kept, &kept).inverse_definite()?;
    let place = |j: usize| kept.iter().position(|k| *k == j);
    Some(Mat::from_fn(data.size(), data.size(), |i, j| match (place(i), place(j)) {
        (Some(a), Some(b)) => small[(a, b)],
        _ => 0.0,
    }))
}

/// Spread of the residuals for the kernel: the lesser of standard deviation and interquartile range / 1.34.
fn kernel_width(data: QuantileData<'_>, residuals: &[f64], n: f64) -> f64 {
    let kind = data.w.map(|_| WeightKind::Frequency);
    let pairs = residuals.iter().enumerate().map(|(i, r)| (*r, data.weight(i)));
    let sample = Sample::new(pairs, kind);
    let range = sample.percentile(75.0) - sample.percentile(25.0);
    let mean = residuals.iter().enumerate().map(|(i, r)| data.weight(i) * r).sum::<f64>() / n;
    let square = residuals.iter().enumerate().map(|(i, r)| data.weight(i) * (r - mean).powi(2)).sum::<f64>();
    (square / (n - 1.0)).sqrt().min(range / 1.34)
}
