//! Recentered influence functions of statistics of a distribution (Firpo, Fortin and Lemieux 2009, Econometrica 77; 2018,
//! Econometrics 6).

use crate::error::{Result, StataError};
use estimators::descriptive::Sample;
use estimators::weights::WeightKind;
use std::f64::consts::PI;

/// A statistic.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statistic {
    Mean,
    Quantile(f64),
    /// Difference of two quantiles.
    Range(f64, f64),
    Variance,
    Deviation,
    Gini,
    /// Logarithm of the variance ... of the coefficient: standard deviation over mean.
    Variation,
}

/// Kernel of the density at a quantile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    Gaussian,
    Epanechnikov,
}

/// The statistic and how its density is estimated.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) statistic: Statistic,
    pub(super) kernel: Kernel,
    /// Bandwidth, 0 for the rule.
    pub(super) width: f64,
}

impl Wish {
    /// Reads the text of `rif()`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut out = Self { statistic: Statistic::Mean, kernel: Kernel::Gaussian, width: 0.0 };
        let mut found = 0;
        for (name, value) in crate::syntax::options::split_options(text)? {
            let number = || -> Result<f64> {
                let text = value.as_deref().unwrap_or("").trim();
                text.parse().map_err(|_| StataError::invalid(format!("rif({name}()) needs a number")))
            };
            match name.as_str() {
                "kernel" => out.kernel = kernel(value.as_deref().unwrap_or("").trim())?,
                "bw" => out.width = number()?,
                _ => {
                    found += 1;
                    out.statistic = match name.as_str() {
                        "mean" => Statistic::Mean,
                        "q" => Statistic::Quantile(percent(number()?)?),
                        "iqr" => {
                            let text = value.as_deref().unwrap_or("").to_string();
                            let pair: Vec<f64> =
                                text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
                            let [a, b] = pair[..] else {
                                return Err(StataError::invalid("rif(iqr()) needs two numbers"));
                            };
                            Statistic::Range(percent(a)?, percent(b)?)
                        }
                        "var" => Statistic::Variance,
                        "std" => Statistic::Deviation,
                        "cvar" => Statistic::Variation,
                        "gini" => Statistic::Gini,
                        _ => return Err(StataError::unsupported_option("rifhdreg", &format!("rif({name})"))),
                    };
                }
            }
        }
        if found == 1 { Ok(out) } else { Err(StataError::invalid("rif() must have one statistic")) }
    }
}

fn percent(q: f64) -> Result<f64> {
    if q > 0.0 && q < 100.0 { Ok(q) } else { Err(StataError::invalid("quantiles must be between 0 and 100")) }
}

/// A kernel by its name.
pub(super) fn kernel(name: &str) -> Result<Kernel> {
    match name {
        "gaussian" | "gau" | "gaus" => Ok(Kernel::Gaussian),
        "epan2" | "epa2" | "epan" => Ok(Kernel::Epanechnikov),
        _ => Err(StataError::unsupported_option("rifhdreg", &format!("kernel({name})"))),
    }
}

/// Density at a point; the kernel Epanechnikov on the interval from -1 to 1.
fn density(y: &[f64], w: &[f64], at: f64, wish: &Wish) -> f64 {
    let width = if wish.width > 0.0 { wish.width } else { rule(y, w) };
    let total: f64 = w.iter().sum();
    let sum: f64 = y
        .iter()
        .zip(w)
        .map(|(y, w)| {
            let u = (y - at) / width;
            w * match wish.kernel {
                Kernel::Gaussian => (-0.5 * u * u).exp() / (2.0 * PI).sqrt(),
                Kernel::Epanechnikov if u.abs() < 1.0 => 0.75 * (1.0 - u * u),
                Kernel::Epanechnikov => 0.0,
            }
        })
        .sum();
    sum / (total * width)
}

fn sample(y: &[f64], w: &[f64]) -> Sample {
    Sample::new(y.iter().copied().zip(w.iter().copied()), Some(WeightKind::Analytic))
}

/// The bandwidth of `kdensity`: 0.9 min(sd, interquartile range / 1.349) n^(-1/5).
fn rule(y: &[f64], w: &[f64]) -> f64 {
    let s = sample(y, w);
    let range = (s.percentile(75.0) - s.percentile(25.0)) / 1.349;
    let spread = if range > 0.0 { s.sd().min(range) } else { s.sd() };
    0.9 * spread / (y.len() as f64).powf(0.2)
}

/// The function at each value.
pub(super) fn values(y: &[f64], w: &[f64], wish: &Wish) -> Vec<f64> {
    let total: f64 = w.iter().sum();
    let mean = y.iter().zip(w).map(|(y, w)| y * w).sum::<f64>() / total;
    let variance = y.iter().zip(w).map(|(y, w)| w * (y - mean).powi(2)).sum::<f64>() / total;
    let quantile = |q: f64| -> Vec<f64> {
        let at = sample(y, w).percentile(q);
        let f = density(y, w, at, wish);
        y.iter().map(|y| at + (q / 100.0 - f64::from(u8::from(*y <= at))) / f).collect()
    };
    match wish.statistic {
        Statistic::Mean => y.to_vec(),
        Statistic::Quantile(q) => quantile(q),
        Statistic::Range(a, b) => quantile(b).iter().zip(quantile(a)).map(|(x, y)| x - y).collect(),
        Statistic::Variance => y.iter().map(|y| (y - mean).powi(2)).collect(),
        Statistic::Deviation => {
            let sd = variance.sqrt();
            y.iter().map(|y| sd + ((y - mean).powi(2) - variance) / (2.0 * sd)).collect()
        }
        Statistic::Variation => {
            let cv = variance.sqrt() / mean;
            y.iter()
                .map(|y| {
                    let spread = ((y - mean).powi(2) - variance) / (2.0 * variance.sqrt() * mean);
                    cv + spread - (y - mean) * variance.sqrt() / (mean * mean)
                })
                .collect()
        }
        Statistic::Gini => gini(y, w, mean, total),
    }
}

/// Firpo, Fortin and Lemieux (2018, section 3): 1 + 2 R y/mean^2 - 2 (y (1 - F(y)) + GL(F(y)))/mean, where GL is the
/// generalised Lorenz curve and R its integral, by trapezoids.
fn gini(y: &[f64], w: &[f64], mean: f64, total: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|a, b| y[*a].total_cmp(&y[*b]));
    let (mut share, mut lorenz, mut integral) = (0.0, 0.0, 0.0);
    let (mut f, mut gl) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    let mut k = 0;
    while k < order.len() {
        let mut end = k;
        let before = lorenz;
        let mut width = 0.0;
        while end < order.len() && y[order[end]] == y[order[k]] {
            width += w[order[end]] / total;
            end += 1;
        }
        share += width;
        lorenz += width * y[order[k]];
        integral += width * (before + lorenz) / 2.0;
        for i in &order[k..end] {
            (f[*i], gl[*i]) = (share, lorenz);
        }
        k = end;
    }
    (0..y.len())
        .map(|i| 1.0 + 2.0 * integral * y[i] / (mean * mean) - 2.0 * (y[i] * (1.0 - f[i]) + gl[i]) / mean)
        .collect()
}
