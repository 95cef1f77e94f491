//! Johansen's reduced-rank regressions: eigenvalues, log likelihoods by rank, and critical values of the tests of the
//! cointegrating rank. Formulas: Johansen (1995), Likelihood-Based Inference in Cointegrated Vector Autoregressive
//! Models, chapter 6; [TS] vec intro and vecrank.

use super::matrix::Mat;
use super::ols::FitError;
use super::qr;
use super::real::stable_sum;

/// Deterministic terms of a vector error-correction model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// None.
    None,
    /// A constant in the cointegrating equations.
    RestrictedConstant,
    /// A constant.
    Constant,
    /// A trend in the cointegrating equations, a constant in the model.
    RestrictedTrend,
    /// A constant and a trend in the model.
    Trend,
}

impl Trend {
    /// Rows of deterministic terms in the cointegrating equations.
    pub fn inside(self) -> usize {
        usize::from(matches!(self, Self::RestrictedConstant | Self::RestrictedTrend))
    }

    /// Deterministic terms of each equation of the model.
    pub fn outside(self) -> usize {
        match self {
            Self::None | Self::RestrictedConstant => 0,
            Self::Constant | Self::RestrictedTrend => 1,
            Self::Trend => 2,
        }
    }
}

/// The eigenvalues and log likelihoods of all ranks.
pub struct Johansen {
    /// Eigenvalues in descending order, one for each series.
    pub eigenvalues: Vec<f64>,
    /// Log likelihood of rank 0, 1, …, the number of series.
    pub ll: Vec<f64>,
    /// Parameters of rank 0, 1, …
    pub parameters: Vec<usize>,
    /// Rows.
    pub n: usize,
}

/// Changes, levels and short-run terms of a system in the rows that are used, and their mean products.
pub(crate) struct Reduced {
    /// Changes of the series.
    pub differences: Vec<Vec<f64>>,
    /// Levels one row before, then the restricted deterministic term.
    pub levels: Vec<Vec<f64>>,
    /// Lagged changes series by series, then the further columns, then the trend outside.
    pub short: Vec<Vec<f64>>,
    /// Levels without the short-run terms.
    pub levels_left: Vec<Vec<f64>>,
    /// Log determinant of the products of the changes without the short-run terms.
    pub log_s00: f64,
    /// Eigenvalues in descending order.
    pub eigenvalues: Vec<f64>,
    /// Cointegrating vectors that belong to them, as columns.
    pub vectors: Mat,
    /// Rows.
    pub n: usize,
}

/// Solves the eigenvalue problem of a system: `y[j][t]` in levels, whose first `lags` rows supply lags only; `further`
/// columns (seasonal indicators) enter every equation and have the length of the rows that are used.
pub(crate) fn reduced(
    y: &[Vec<f64>],
    lags: usize,
    trend: Trend,
    further: &[Vec<f64>],
) -> Result<Reduced, FitError> {
    let (m, total) = (y.len(), y.first().map_or(0, Vec::len));
    let n = total.saturating_sub(lags);
    let outside = trend.outside() + further.len();
    if n <= m * lags + outside + trend.inside() {
        return Err(FitError::Insufficient);
    }
    let change = |series: &[f64], t: usize| series[t] - series[t - 1];
    let rows = lags..total;
    let differences: Vec<Vec<f64>> = y.iter().map(|s| rows.clone().map(|t| change(s, t)).collect()).collect();
    let mut levels: Vec<Vec<f64>> = y.iter().map(|s| s[lags - 1..total - 1].to_vec()).collect();
    let time: Vec<f64> = (1..=n).map(|t| t as f64).collect();
    match trend {
        Trend::RestrictedConstant => levels.push(vec![1.0; n]),
        Trend::RestrictedTrend => levels.push(time.clone()),
        _ => {}
    }
    let mut short: Vec<Vec<f64>> = Vec::new();
    for series in y {
        short
            .extend((1..lags).map(|lag| rows.clone().map(|t| change(series, t - lag)).collect::<Vec<f64>>()));
    }
    short.extend(further.iter().cloned());
    if trend == Trend::Trend {
        short.push(time);
    }
    let constant = trend.outside() > 0;
    let views: Vec<&[f64]> = short.iter().map(Vec::as_slice).collect();
    let r0 = residuals(&views, constant, &differences)?;
    let levels_left = residuals(&views, constant, &levels)?;
    let (s00, s01) = (products(&r0, &r0), products(&r0, &levels_left));
    let singular = FitError::Insufficient;
    let Some(root) = products(&levels_left, &levels_left).cholesky() else { return Err(singular) };
    let inverse = root.transpose().inverse_upper().transpose();
    let Some(inner) = s00.inverse_definite() else { return Err(singular) };
    let (mut eigenvalues, vectors) = inverse.times(&s01.transpose()).sandwich(&inner).symmetric_eigen();
    eigenvalues.truncate(m);
    let Some(log_s00) = super::var::log_determinant(&s00) else { return Err(singular) };
    let vectors = inverse.transpose().times(&vectors);
    Ok(Reduced { differences, levels, short, levels_left, log_s00, eigenvalues, vectors, n })
}

/// Fits all ranks; the arguments are those of the eigenvalue problem: series in levels whose first `lags` rows supply
/// lags only, and further columns of every equation in the rows that are used.
///
/// # Errors
///
/// There are too few rows, or collinear series.
pub fn johansen(
    y: &[Vec<f64>],
    lags: usize,
    trend: Trend,
    further: &[Vec<f64>],
) -> Result<Johansen, FitError> {
    let m = y.len();
    let Reduced { eigenvalues, log_s00, n, .. } = reduced(y, lags, trend, further)?;
    let half = 0.5 * n as f64;
    let mut ll = vec![-half * (m as f64 * (1.0 + (2.0 * std::f64::consts::PI).ln()) + log_s00)];
    for (i, value) in eigenvalues.iter().enumerate() {
        ll.push(ll[i] - half * (1.0 - value).ln());
    }
    let outside = trend.outside() + further.len();
    let parameters =
        (0..=m).map(|r| m * (m * (lags - 1) + outside) + r * (2 * m + trend.inside() - r)).collect();
    Ok(Johansen { eigenvalues, ll, parameters, n })
}

/// What is left of columns after a regression on others; an error when these are collinear.
fn residuals(short: &[&[f64]], constant: bool, columns: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, FitError> {
    if short.is_empty() && !constant {
        return Ok(columns.to_vec());
    }
    let mut out = Vec::new();
    for column in columns {
        let solution = qr::solve(qr::Design { columns: short, weights: None, constant }, column);
        if !solution.basis.omitted.is_empty() {
            return Err(FitError::Insufficient);
        }
        let fitted = if short.is_empty() {
            vec![solution.b.first().copied().unwrap_or(0.0); column.len()]
        } else {
            qr::predict(short, &solution.basis.kept, constant, &solution.b)
        };
        out.push(column.iter().zip(&fitted).map(|(y, f)| y - f).collect());
    }
    Ok(out)
}

/// Mean products of two sets of columns.
fn products(a: &[Vec<f64>], b: &[Vec<f64>]) -> Mat {
    let n = a.first().map_or(1, Vec::len) as f64;
    Mat::from_fn(a.len(), b.len(), |i, j| stable_sum(a[i].iter().zip(&b[j]).map(|(x, z)| x * z)) / n)
}

/// Critical values by the number of series less the rank under the null hypothesis, 1 to 11.
struct Values {
    trace: [[f64; 11]; 2],
    largest: [[f64; 11]; 2],
}

/// Which test of the rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The trace.
    Trace,
    /// The largest eigenvalue.
    Largest,
}

/// The critical value of a test at 5 % or at 1 % with `free` series less the rank; nothing beyond 11
/// (Osterwald-Lenum 1992, tables 0, 1*, 1, 2* and 2).
pub fn critical(trend: Trend, statistic: Statistic, one_percent: bool, free: usize) -> Option<f64> {
    let table = match trend {
        Trend::None => &NONE,
        Trend::RestrictedConstant => &RESTRICTED_CONSTANT,
        Trend::Constant => &CONSTANT,
        Trend::RestrictedTrend => &RESTRICTED_TREND,
        Trend::Trend => &TREND,
    };
    let rows = match statistic {
        Statistic::Trace => &table.trace,
        Statistic::Largest => &table.largest,
    };
    rows[usize::from(one_percent)].get(free.checked_sub(1)?).copied()
}

const NONE: Values = Values {
    trace: [
        [3.84, 12.53, 24.31, 39.89, 59.46, 82.49, 109.99, 141.20, 175.77, 212.67, 255.27],
        [6.51, 16.31, 29.75, 45.58, 66.52, 90.45, 119.80, 152.32, 187.31, 226.40, 269.81],
    ],
    largest: [
        [3.84, 11.44, 17.89, 23.80, 30.04, 36.36, 41.51, 47.99, 53.69, 59.06, 65.30],
        [6.51, 15.69, 22.99, 28.82, 35.17, 41.00, 47.15, 53.90, 59.78, 65.21, 72.36],
    ],
};

const RESTRICTED_CONSTANT: Values = Values {
    trace: [
        [9.24, 19.96, 34.91, 53.12, 76.07, 102.14, 131.70, 165.58, 202.92, 244.15, 291.40],
        [12.97, 24.60, 41.07, 60.16, 84.45, 111.01, 143.09, 177.20, 215.74, 257.68, 307.64],
    ],
    largest: [
        [9.24, 15.67, 22.00, 28.14, 34.40, 40.30, 46.45, 52.00, 57.42, 63.57, 69.74],
        [12.97, 20.20, 26.81, 33.24, 39.79, 46.82, 51.91, 57.95, 63.71, 69.94, 76.63],
    ],
};

const CONSTANT: Values = Values {
    trace: [
        [3.76, 15.41, 29.68, 47.21, 68.52, 94.15, 124.24, 156.00, 192.89, 233.13, 277.71],
        [6.65, 20.04, 35.65, 54.46, 76.07, 103.18, 133.57, 168.36, 204.95, 247.18, 293.44],
    ],
    largest: [
        [3.76, 14.07, 20.97, 27.07, 33.46, 39.37, 45.28, 51.42, 57.12, 62.81, 68.83],
        [6.65, 18.63, 25.52, 32.24, 38.77, 45.10, 51.57, 57.69, 62.80, 69.09, 75.95],
    ],
};

const RESTRICTED_TREND: Values = Values {
    trace: [
        [12.25, 25.32, 42.44, 62.99, 87.31, 114.90, 146.76, 182.82, 222.21, 263.42, 310.81],
        [16.26, 30.45, 48.45, 70.05, 96.58, 124.75, 158.49, 196.08, 234.41, 279.07, 327.45],
    ],
    largest: [
        [12.25, 18.96, 25.54, 31.46, 37.52, 43.97, 49.42, 55.50, 61.29, 66.23, 72.72],
        [16.26, 23.65, 30.34, 36.65, 42.36, 49.51, 54.71, 62.46, 67.88, 73.73, 79.23],
    ],
};

const TREND: Values = Values {
    trace: [
        [3.74, 18.17, 34.55, 54.64, 77.74, 104.94, 136.61, 170.80, 208.97, 250.84, 295.99],
        [6.40, 23.46, 40.49, 61.24, 85.78, 114.36, 146.99, 182.51, 222.46, 263.94, 312.58],
    ],
    largest: [
        [3.74, 16.87, 23.78, 30.33, 36.41, 42.48, 48.45, 54.25, 60.29, 66.10, 71.68],
        [6.40, 21.47, 28.83, 35.68, 41.58, 48.17, 54.48, 60.81, 66.91, 72.96, 78.51],
    ],
};
