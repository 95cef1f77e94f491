//! Tests for unit roots in panels: Levin, Lin and Chu (2002), Harris and Tzavalis (1999), Im, Pesaran and Shin (2003),
//! combined p-values (Choi 2001), Breitung's (2000) test and Hadri's (2000) test of stationarity. Formulas: [XT] xtunitroot.

pub mod breitung;
pub mod cips;
mod cips_tables;
mod t_tilde;
mod tables;

use super::distributions::normal_quantile;
use super::hac::Kernel;
use super::ols::{self, FitError, Request};
use super::timeseries::Deterministic;
pub use t_tilde::{t_tilde, t_tilde_moments};
use tables::{
    Adjustment, CRITICAL_CONSTANT, CRITICAL_PANELS, CRITICAL_PERIODS, CRITICAL_TREND, IPS_MEAN_CONSTANT,
    IPS_MEAN_TREND, IPS_PERIODS, IPS_VARIANCE_CONSTANT, IPS_VARIANCE_TREND, LLC_CONSTANT, LLC_NONE,
    LLC_TREND, Moments,
};

/// What is left of a series after a regression on columns and the deterministic part.
fn without(y: &[f64], columns: &[&[f64]], parts: Deterministic) -> Result<Vec<f64>, FitError> {
    let trend: Vec<f64> = (1..=y.len()).map(|t| t as f64).collect();
    let mut all = columns.to_vec();
    if parts == Deterministic::Trend {
        all.push(&trend);
    }
    if all.is_empty() && parts == Deterministic::None {
        return Ok(y.to_vec());
    }
    Ok(ols::fit(&Request { constant: parts != Deterministic::None, ..Request::new(y, &all) })?.residuals)
}

fn differences(x: &[f64]) -> Vec<f64> {
    x.windows(2).map(|w| w[1] - w[0]).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Variance of the differences over the long run: Bartlett's kernel, after the deterministic part, divisor T - 1.
fn long_run_variance(x: &[f64], lags: usize, parts: Deterministic) -> Result<f64, FitError> {
    let d = without(&differences(x), &[], parts)?;
    let n = d.len() as f64;
    let autocovariance = |j: usize| dot(&d[j.min(d.len())..], &d) / n;
    let weight = |j: usize| Kernel::Bartlett.weight(j, lags as f64);
    Ok(autocovariance(0) + 2.0 * (1..=lags).map(|j| weight(j) * autocovariance(j)).sum::<f64>())
}

/// A criterion that chooses lags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike's.
    Aic,
    /// Schwarz's.
    Bic,
    /// Hannan and Quinn's.
    Hqic,
}

/// Lags of a series' Dickey-Fuller regression, from 0 to `most`, by a criterion on the sample that all of them share.
///
/// # Errors
/// `Insufficient` where the series is too short for `most` lags.
pub fn choose_lags(
    x: &[f64],
    most: usize,
    criterion: Criterion,
    parts: Deterministic,
) -> Result<usize, FitError> {
    let d = differences(x);
    if d.len() < most + 2 {
        return Err(FitError::Insufficient);
    }
    let (y, level) = (&d[most..], &x[most..x.len() - 1]);
    let n = y.len() as f64;
    let mut best = (0, f64::INFINITY);
    for lags in 0..=most {
        let mut columns: Vec<&[f64]> = vec![level];
        columns.extend((1..=lags).map(|j| &d[most - j..d.len() - j]));
        let rest = without(y, &columns, parts)?;
        let extra = match parts {
            Deterministic::None => 0,
            Deterministic::Constant | Deterministic::Drift => 1,
            Deterministic::Trend => 2,
        };
        let k = (1 + lags + extra) as f64;
        if k >= n {
            return Err(FitError::Insufficient);
        }
        let penalty = match criterion {
            Criterion::Aic => 2.0,
            Criterion::Bic => n.ln(),
            Criterion::Hqic => 2.0 * n.ln().ln(),
        };
        let value = (dot(&rest, &rest) / n).ln() + k * penalty / n;
        if value < best.1 {
            best = (lags, value);
        }
    }
    Ok(best.0)
}

/// The test of Levin, Lin and Chu.
pub struct LevinLinChu {
    /// The common coefficient and its standard error.
    pub delta: f64,
    /// Standard error of `delta`.
    pub se: f64,
    /// Variance of the errors of the pooled regression.
    pub variance: f64,
    /// Mean ratio of long-run to short-run standard deviations.
    pub ratio: f64,
    /// Mean number of observations of a regression.
    pub periods: f64,
    /// Mean and standard deviation that adjust the t.
    pub adjustment: (f64, f64),
    /// The t before the adjustment.
    pub t: f64,
    /// The adjusted t, standard normal under the null hypothesis.
    pub adjusted: f64,
}

/// A row between those of a table, linear in the periods; the first and the last row beyond them.
fn adjustment(table: &[Adjustment], periods: f64) -> (f64, f64) {
    let above = table.iter().position(|row| row.0 >= periods).unwrap_or(table.len() - 1);
    let below = above.saturating_sub(1);
    let ((t0, m0, s0), (t1, m1, s1)) = (table[below], table[above]);
    let share = if above == below { 1.0 } else { ((periods - t0) / (t1 - t0)).clamp(0.0, 1.0) };
    (m0 + share * (m1 - m0), s0 + share * (s1 - s0))
}

/// Levin, Lin and Chu's test of panels of one length with their numbers of lags.
///
/// # Errors
/// `Insufficient` where the panels are too short for the lags.
pub fn levin_lin_chu(
    panels: &[Vec<f64>],
    lags: &[usize],
    kernel_lags: usize,
    parts: Deterministic,
) -> Result<LevinLinChu, FitError> {
    let (mut errors, mut levels, mut ratio) = (Vec::new(), Vec::new(), 0.0);
    for (x, lags) in panels.iter().zip(lags) {
        let d = differences(x);
        if d.len() < lags + 3 {
            return Err(FitError::Insufficient);
        }
        let columns: Vec<&[f64]> = (1..=*lags).map(|j| &d[lags - j..d.len() - j]).collect();
        let e = without(&d[*lags..], &columns, parts)?;
        let v = without(&x[*lags..x.len() - 1], &columns, parts)?;
        let slope = dot(&e, &v) / dot(&v, &v);
        let squares: f64 = e.iter().zip(&v).map(|(e, v)| (e - slope * v).powi(2)).sum();
        let sd = (squares / e.len() as f64).sqrt();
        errors.extend(e.iter().map(|e| e / sd));
        levels.extend(v.iter().map(|v| v / sd));
        ratio += long_run_variance(x, kernel_lags, parts)?.sqrt() / sd / panels.len() as f64;
    }
    let squares = dot(&levels, &levels);
    let delta = dot(&errors, &levels) / squares;
    let n = errors.len() as f64;
    let variance = errors.iter().zip(&levels).map(|(e, v)| (e - delta * v).powi(2)).sum::<f64>() / n;
    let se = (variance / squares).sqrt();
    let t = delta / se;
    let periods = n / panels.len() as f64;
    let table = match parts {
        Deterministic::None => &LLC_NONE,
        Deterministic::Constant | Deterministic::Drift => &LLC_CONSTANT,
        Deterministic::Trend => &LLC_TREND,
    };
    let (mean, sd) = adjustment(table, periods);
    let adjusted = (t - n * ratio / variance * se * mean) / sd;
    Ok(LevinLinChu { delta, se, variance, ratio, periods, adjustment: (mean, sd), t, adjusted })
}

/// Harris and Tzavalis' test: the pooled coefficient, its mean and variance under the null hypothesis, and z.
pub struct HarrisTzavalis {
    /// Pooled coefficient of the lagged level.
    pub rho: f64,
    /// Its mean under the null hypothesis.
    pub mean: f64,
    /// Its variance under the null hypothesis, for the number of panels.
    pub variance: f64,
    /// Standard normal under the null hypothesis.
    pub z: f64,
}

/// Harris and Tzavalis' test of panels of one length; `periods` enters the moments.
///
/// # Errors
/// `Insufficient` where the panels are too short.
pub fn harris_tzavalis(
    panels: &[Vec<f64>],
    periods: f64,
    parts: Deterministic,
) -> Result<HarrisTzavalis, FitError> {
    let (mut above, mut below) = (0.0, 0.0);
    for x in panels {
        if x.len() < 4 {
            return Err(FitError::Insufficient);
        }
        let y = without(&x[1..], &[], parts)?;
        let l = without(&x[..x.len() - 1], &[], parts)?;
        above += dot(&y, &l);
        below += dot(&l, &l);
    }
    let t = periods;
    let (mean, variance) = match parts {
        Deterministic::None => (1.0, 2.0 / (t * (t - 1.0))),
        Deterministic::Constant | Deterministic::Drift => (
            1.0 - 3.0 / (t + 1.0),
            3.0 * (17.0 * t * t - 20.0 * t + 17.0) / (5.0 * (t - 1.0) * (t + 1.0).powi(3)),
        ),
        Deterministic::Trend => (
            1.0 - 15.0 / (2.0 * (t + 2.0)),
            15.0 * (193.0 * t * t - 728.0 * t + 1147.0) / (112.0 * (t + 2.0).powi(3) * (t - 2.0)),
        ),
    };
    let (rho, variance) = (above / below, variance / panels.len() as f64);
    Ok(HarrisTzavalis { rho, mean, variance, z: (rho - mean) / variance.sqrt() })
}

/// Hadri's test of stationarity of panels of one length: z with its mean and variance; the variance of the errors is
/// common, or of each panel with `each`.
///
/// # Errors
/// `Insufficient` where the panels are too short.
pub fn hadri(panels: &[Vec<f64>], trend: bool, each: bool) -> Result<(f64, f64, f64), FitError> {
    let (parts, used) = if trend { (Deterministic::Trend, 2.0) } else { (Deterministic::Constant, 1.0) };
    let (mut sums, mut variances) = (Vec::new(), Vec::new());
    for x in panels {
        let t = x.len() as f64;
        if t <= used + 1.0 {
            return Err(FitError::Insufficient);
        }
        let e = without(x, &[], parts)?;
        let mut partial = 0.0;
        let squares: f64 = e
            .iter()
            .map(|e| {
                partial += e;
                partial * partial
            })
            .sum();
        sums.push(squares / (t * t));
        variances.push(dot(&e, &e) / (t - used));
    }
    let n = panels.len() as f64;
    let common = variances.iter().sum::<f64>() / n;
    let ratios = sums.iter().zip(&variances).map(|(s, v)| s / if each { *v } else { common });
    let lm = ratios.sum::<f64>() / n;
    let (mean, variance): (f64, f64) =
        if trend { (1.0 / 15.0, 11.0 / 6300.0) } else { (1.0 / 6.0, 1.0 / 45.0) };
    Ok((n.sqrt() * (lm - mean) / variance.sqrt(), mean, variance))
}

/// Mean and variance of the t of a Dickey-Fuller regression of a series of so many periods; nothing where the table
/// of Im, Pesaran and Shin has none.
pub fn t_moments(lags: usize, periods: usize, trend: bool) -> Option<(f64, f64)> {
    let (means, variances): (&Moments, &Moments) = if trend {
        (&IPS_MEAN_TREND, &IPS_VARIANCE_TREND)
    } else {
        (&IPS_MEAN_CONSTANT, &IPS_VARIANCE_CONSTANT)
    };
    let (means, variances) = (means.get(lags)?, variances.get(lags)?);
    let periods = (periods as f64).min(IPS_PERIODS[IPS_PERIODS.len() - 1]);
    let above = IPS_PERIODS.iter().position(|p| *p >= periods)?;
    let below = if IPS_PERIODS[above] > periods { above.checked_sub(1)? } else { above };
    let share = if above == below {
        0.0
    } else {
        (periods - IPS_PERIODS[below]) / (IPS_PERIODS[above] - IPS_PERIODS[below])
    };
    let between = |row: &[f64; 10]| row[below] + share * (row[above] - row[below]);
    let (mean, variance) = (between(means), between(variances));
    (mean.is_finite() && variance.is_finite()).then_some((mean, variance))
}

/// Critical values of the mean t at 1, 5 and 10 %: those of the next larger number of panels and of periods.
pub fn mean_t_critical(panels: usize, periods: usize, trend: bool) -> [f64; 3] {
    let row = CRITICAL_PANELS.iter().position(|n| *n >= panels).unwrap_or(CRITICAL_PANELS.len() - 1);
    let column = CRITICAL_PERIODS.iter().position(|t| *t >= periods).unwrap_or(CRITICAL_PERIODS.len() - 1);
    let table = if trend { &CRITICAL_TREND } else { &CRITICAL_CONSTANT };
    table.map(|level| level[row][column])
}

/// Choi's combinations of p-values of independent tests.
pub struct Combined {
    /// Inverse chi-squared, with twice as many degrees of freedom as tests.
    pub p: f64,
    /// Inverse normal.
    pub z: f64,
    /// Inverse logit, Student's t with `5 N + 4` degrees of freedom.
    pub logit: f64,
    /// Modified inverse chi-squared, standard normal.
    pub modified: f64,
}

/// Combines p-values. The factor of the logit has `5 N + 3` as in output of Stata, where Choi (2001) has `5 N + 4`.
pub fn combine(p_values: &[f64]) -> Combined {
    let n = p_values.len() as f64;
    let p = -2.0 * p_values.iter().map(|p| p.ln()).sum::<f64>();
    let z = p_values.iter().map(|p| normal_quantile(*p)).sum::<f64>() / n.sqrt();
    let k = 3.0 * (5.0 * n + 3.0) / (std::f64::consts::PI.powi(2) * n * (5.0 * n + 2.0));
    let logit = k.sqrt() * p_values.iter().map(|p| (p / (1.0 - p)).ln()).sum::<f64>();
    Combined { p, z, logit, modified: (p - 2.0 * n) / (2.0 * n.sqrt()) }
}
