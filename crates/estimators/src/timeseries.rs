//! Kernels for single time series: autocorrelations, portmanteau tests, unit-root statistics.
//! Formulas: [TS] corrgram, [TS] wntestq, [TS] dfuller, [TS] pperron, [TS] dfgls.

use super::distributions::normal;
use super::hac::Kernel;
use super::ols::{self, FitError, OlsFit, Request};
use super::real::stable_sum;

/// Correlations of `x` with `y` a lag later, for lags from `-lags` to `lags`: sums of products of deviations from the means
/// over the square root of both sums of squares ([TS] xcorr).
pub fn cross_correlations(x: &[f64], y: &[f64], lags: usize) -> Vec<f64> {
    let deviations = |values: &[f64]| -> Vec<f64> {
        let mean = stable_sum(values.iter().copied()) / values.len() as f64;
        values.iter().map(|v| v - mean).collect()
    };
    let (x, y) = (deviations(x), deviations(y));
    let squares = |values: &[f64]| stable_sum(values.iter().map(|v| v * v));
    let scale = squares(&x).sqrt() * squares(&y).sqrt();
    let products = |a: &[f64], b: &[f64], lag: usize| {
        stable_sum((0..a.len().saturating_sub(lag)).map(|i| a[i] * b[i + lag])) / scale
    };
    let leads = (1..=lags).rev().map(|lag| products(&y, &x, lag));
    leads.chain((0..=lags).map(|lag| products(&x, &y, lag))).collect()
}

/// Autocorrelations 1 to `lags` ([TS] corrgram): deviations from the mean, divided by the sum of squares.
pub fn autocorrelations(x: &[f64], lags: usize) -> Vec<f64> {
    let n = x.len();
    let mean = super::real::stable_sum(x.iter().copied()) / n as f64;
    let total: f64 = x.iter().map(|v| (v - mean).powi(2)).sum();
    (1..=lags).map(|lag| (lag..n).map(|t| (x[t] - mean) * (x[t - lag] - mean)).sum::<f64>() / total).collect()
}

/// Partial autocorrelations by regressions of `x` on its lags 1 to `v`: the last coefficient.
/// Ends early when a regression has no degrees of freedom left or its lags are collinear.
pub fn partial_by_regression(x: &[f64], lags: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(lags);
    for v in 1..=lags {
        if x.len() <= 2 * v + 1 {
            break;
        }
        let columns: Vec<&[f64]> = (1..=v).map(|j| &x[v - j..x.len() - j]).collect();
        match ols::fit(&Request::new(&x[v..], &columns)) {
            Ok(fit) if fit.basis.omitted.is_empty() => out.push(fit.b[v - 1]),
            _ => break,
        }
    }
    out
}

/// Partial autocorrelations by the Durbin-Levinson recursion (Yule-Walker equations).
pub fn partial_by_yule_walker(rho: &[f64]) -> Vec<f64> {
    let mut phi: Vec<f64> = Vec::new();
    let mut out = Vec::with_capacity(rho.len());
    for k in 0..rho.len() {
        let above = rho[k] - (0..k).map(|j| phi[j] * rho[k - 1 - j]).sum::<f64>();
        let below = 1.0 - (0..k).map(|j| phi[j] * rho[j]).sum::<f64>();
        let last = above / below;
        let next: Vec<f64> = (0..k).map(|j| phi[j] - last * phi[k - 1 - j]).chain([last]).collect();
        phi = next;
        out.push(last);
    }
    out
}

/// Portmanteau statistics `n (n+2) sum rho_j^2 / (n-j)` at lags 1, 2, ... (Ljung and Box 1978).
pub fn portmanteau(rho: &[f64], n: usize) -> Vec<f64> {
    let n = n as f64;
    let mut sum = 0.0;
    rho.iter()
        .enumerate()
        .map(|(j, r)| {
            sum += r * r / (n - j as f64 - 1.0);
            n * (n + 2.0) * sum
        })
        .collect()
}

/// Standard errors of autocorrelations under a moving average of the lower order (Bartlett 1946).
pub fn bartlett_errors(rho: &[f64], n: usize) -> Vec<f64> {
    let mut sum = 0.0;
    rho.iter()
        .map(|r| {
            let se = ((1.0 + 2.0 * sum) / n as f64).sqrt();
            sum += r * r;
            se
        })
        .collect()
}

/// Deterministic part of a unit-root regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deterministic {
    /// Nothing.
    None,
    /// A constant.
    Constant,
    /// A constant, and a drift under the null hypothesis.
    Drift,
    /// A constant and a linear trend.
    Trend,
}

/// The augmented Dickey-Fuller regression.
pub struct DickeyFuller {
    /// The regression of the difference on the lagged level, lagged differences and the trend.
    pub fit: OlsFit,
    /// t of the lagged level.
    pub t: f64,
}

/// Regresses `D.x` on `L.x`, `lags` lagged differences and the deterministic part ([TS] dfuller).
pub fn dickey_fuller(x: &[f64], lags: usize, parts: Deterministic) -> Result<DickeyFuller, FitError> {
    if x.len() < lags + 3 {
        return Err(FitError::Insufficient);
    }
    let d: Vec<f64> = x.windows(2).map(|w| w[1] - w[0]).collect();
    let y = &d[lags..];
    let level = &x[lags..x.len() - 1];
    let trend: Vec<f64> = (0..y.len()).map(|t| (t + lags + 2) as f64).collect();
    let mut columns: Vec<&[f64]> = vec![level];
    columns.extend((1..=lags).map(|j| &d[lags - j..d.len() - j]));
    if parts == Deterministic::Trend {
        columns.push(&trend);
    }
    let fit = ols::fit(&Request { constant: parts != Deterministic::None, ..Request::new(y, &columns) })?;
    if fit.df_residual <= 0.0 || !fit.basis.omitted.is_empty() {
        return Err(FitError::Insufficient);
    }
    let t = fit.b[0] / fit.v[(0, 0)].sqrt();
    Ok(DickeyFuller { fit, t })
}

/// Approximate p-value of a Dickey-Fuller t (MacKinnon 1994, tables 3 and 4, one series);
/// nothing without a constant.
pub fn mackinnon_p(t: f64, parts: Deterministic) -> Option<f64> {
    let (most, least, star, small, large) = match parts {
        Deterministic::Constant => {
            (2.74, -18.83, -1.61, [2.1659, 1.4412, 0.038269], [1.7339, 0.93202, -0.12745, -0.010368])
        }
        Deterministic::Trend => {
            (0.70, -16.18, -2.89, [3.2512, 1.6047, 0.049588], [2.5261, 0.61654, -0.37956, -0.060285])
        }
        _ => return None,
    };
    Some(if t > most {
        1.0
    } else if t < least {
        0.0
    } else if t <= star {
        normal(small[0] + small[1] * t + small[2] * t * t)
    } else {
        normal(large[0] + large[1] * t + large[2] * t * t + large[3] * t.powi(3))
    })
}

type Row = (f64, [f64; 3]);

/// Fuller (1976), table 8.5.2: t without constant, with constant, with trend (also Hamilton 1994, table B.6).
const T_NONE: [Row; 6] = [
    (25.0, [-2.66, -1.95, -1.60]),
    (50.0, [-2.62, -1.95, -1.61]),
    (100.0, [-2.60, -1.95, -1.61]),
    (250.0, [-2.58, -1.95, -1.62]),
    (500.0, [-2.58, -1.95, -1.62]),
    (f64::INFINITY, [-2.58, -1.95, -1.62]),
];
const T_CONSTANT: [Row; 6] = [
    (25.0, [-3.75, -3.00, -2.63]),
    (50.0, [-3.58, -2.93, -2.60]),
    (100.0, [-3.51, -2.89, -2.58]),
    (250.0, [-3.46, -2.88, -2.57]),
    (500.0, [-3.44, -2.87, -2.57]),
    (f64::INFINITY, [-3.43, -2.86, -2.57]),
];
const T_TREND: [Row; 6] = [
    (25.0, [-4.38, -3.60, -3.24]),
    (50.0, [-4.15, -3.50, -3.18]),
    (100.0, [-4.04, -3.45, -3.15]),
    (250.0, [-3.99, -3.43, -3.13]),
    (500.0, [-3.98, -3.42, -3.13]),
    (f64::INFINITY, [-3.96, -3.41, -3.12]),
];
/// Fuller (1976), table 8.5.1: n (rho - 1) (also Hamilton 1994, table B.5).
const RHO_NONE: [Row; 6] = [
    (25.0, [-11.9, -7.3, -5.3]),
    (50.0, [-12.9, -7.7, -5.5]),
    (100.0, [-13.3, -7.9, -5.6]),
    (250.0, [-13.6, -8.0, -5.7]),
    (500.0, [-13.7, -8.0, -5.7]),
    (f64::INFINITY, [-13.8, -8.1, -5.7]),
];
const RHO_CONSTANT: [Row; 6] = [
    (25.0, [-17.2, -12.5, -10.2]),
    (50.0, [-18.9, -13.3, -10.7]),
    (100.0, [-19.8, -13.7, -11.0]),
    (250.0, [-20.3, -14.0, -11.2]),
    (500.0, [-20.5, -14.0, -11.2]),
    (f64::INFINITY, [-20.7, -14.1, -11.3]),
];
const RHO_TREND: [Row; 6] = [
    (25.0, [-22.5, -17.9, -15.6]),
    (50.0, [-25.7, -19.8, -16.8]),
    (100.0, [-27.4, -20.7, -17.5]),
    (250.0, [-28.4, -21.3, -18.0]),
    (500.0, [-28.9, -21.5, -18.1]),
    (f64::INFINITY, [-29.5, -21.8, -18.3]),
];
/// Elliott, Rothenberg and Stock (1996), table 1: t of the trend-adjusted series.
const GLS_TREND: [Row; 4] = [
    (50.0, [-3.77, -3.19, -2.89]),
    (100.0, [-3.58, -3.03, -2.74]),
    (200.0, [-3.46, -2.93, -2.64]),
    (f64::INFINITY, [-3.48, -2.89, -2.57]),
];

/// Critical values at 1, 5 and 10 %: linear in n between rows, in 1/n towards infinity; the first row below it.
fn interpolate(table: &[Row], n: f64) -> [f64; 3] {
    if n <= table[0].0 {
        return table[0].1;
    }
    let above = table.iter().position(|r| r.0 >= n).unwrap_or(table.len() - 1);
    let ((n0, low), (n1, high)) = (table[above - 1], table[above]);
    let share = if n1.is_finite() { (n - n0) / (n1 - n0) } else { 1.0 - n0 / n };
    std::array::from_fn(|i| low[i] + share * (high[i] - low[i]))
}

/// Critical values of the Dickey-Fuller t at 1, 5 and 10 %.
pub fn critical_t(n: f64, parts: Deterministic) -> [f64; 3] {
    let table = match parts {
        Deterministic::None => &T_NONE,
        Deterministic::Constant | Deterministic::Drift => &T_CONSTANT,
        Deterministic::Trend => &T_TREND,
    };
    interpolate(table, n)
}

/// Critical values of `n (rho - 1)` at 1, 5 and 10 %.
pub fn critical_rho(n: f64, parts: Deterministic) -> [f64; 3] {
    let table = match parts {
        Deterministic::None => &RHO_NONE,
        Deterministic::Constant | Deterministic::Drift => &RHO_CONSTANT,
        Deterministic::Trend => &RHO_TREND,
    };
    interpolate(table, n)
}

/// Critical values of the DF-GLS t at 1, 5 and 10 % for a series of `n` values: those of Elliott, Rothenberg and Stock
/// (1996), interpolated.
pub fn critical_gls(n: f64, trend: bool) -> [f64; 3] {
    if trend { interpolate(&GLS_TREND, n) } else { interpolate(&T_NONE, n) }
}

/// Critical values of the DF-GLS t at 5 and 10 % for a regression of `n` rows with `lags` lagged differences: response
/// surfaces of Cheung and Lai (1995), Oxford Bulletin of Economics and Statistics 57: 411-419. They agree with the 102
/// values that logs of Stata print for 60, 80, 145 and 228 rows.
pub fn critical_gls_lags(n: f64, lags: usize, trend: bool) -> [f64; 2] {
    const TREND: [[f64; 6]; 2] = [
        [-2.838, -20.328, 124.191, 1.267, 10.530, -24.600],
        [-2.550, -20.166, 155.215, 1.133, 9.808, -20.313],
    ];
    const MEAN: [[f64; 6]; 2] = [
        [-1.948, -17.839, 104.086, 0.802, 5.558, -18.332],
        [-1.624, -19.888, 155.231, 0.709, 5.480, -16.055],
    ];
    let (size, share) = (1.0 / n, lags as f64 / n);
    let powers = [1.0, size, size * size, share, share * share, share.powi(3)];
    (if trend { TREND } else { MEAN }).map(|surface| surface.iter().zip(powers).map(|(c, x)| c * x).sum())
}

/// Phillips-Perron statistics.
pub struct PhillipsPerron {
    /// The regression of `x` on `L.x` and the deterministic part.
    pub fit: OlsFit,
    /// The adjusted `n (rho - 1)`.
    pub z_rho: f64,
    /// The adjusted t.
    pub z_t: f64,
}

/// Phillips and Perron's (1988) statistics with Newey-West weights ([TS] pperron).
pub fn phillips_perron(x: &[f64], lags: usize, parts: Deterministic) -> Result<PhillipsPerron, FitError> {
    if x.len() < lags + 4 {
        return Err(FitError::Insufficient);
    }
    let y = &x[1..];
    let trend: Vec<f64> = (1..x.len()).map(|t| t as f64).collect();
    let mut columns: Vec<&[f64]> = vec![&x[..x.len() - 1]];
    if parts == Deterministic::Trend {
        columns.push(&trend);
    }
    let fit = ols::fit(&Request { constant: parts != Deterministic::None, ..Request::new(y, &columns) })?;
    if fit.df_residual <= 0.0 || !fit.basis.omitted.is_empty() {
        return Err(FitError::Insufficient);
    }
    let (u, n) = (&fit.residuals, y.len() as f64);
    let gamma = |j: usize| (j..u.len()).map(|i| u[i] * u[i - j]).sum::<f64>() / n;
    let gamma0 = gamma(0);
    let weight = |j: usize| Kernel::Bartlett.weight(j, lags as f64);
    let lambda2 = gamma0 + 2.0 * (1..=lags).map(|j| weight(j) * gamma(j)).sum::<f64>();
    let s2 = fit.rss / fit.df_residual;
    let se2 = fit.v[(0, 0)];
    let gap = fit.b[0] - 1.0;
    let z_rho = n * gap - 0.5 * (n * n * se2 / s2) * (lambda2 - gamma0);
    let z_t = (gamma0 / lambda2).sqrt() * gap / se2.sqrt()
        - 0.5 * (lambda2 - gamma0) / lambda2.sqrt() * n * (se2 / s2).sqrt();
    Ok(PhillipsPerron { fit, z_rho, z_t })
}

/// One row of the DF-GLS table.
pub struct GlsRow {
    /// Lagged differences.
    pub lags: usize,
    /// t of the lagged level.
    pub t: f64,
    /// Modified Akaike criterion (Ng and Perron 2000).
    pub maic: f64,
    /// Schwarz criterion.
    pub sic: f64,
    /// Root of the residual sum of squares over n.
    pub rmse: f64,
    /// t of the last lagged difference.
    pub last_t: f64,
}

/// DF-GLS statistics for `most` down to 0 lags on the common sample, largest first ([TS] dfgls;
/// Elliott, Rothenberg and Stock 1996). The criteria use the regressions with at least one lag.
pub fn df_gls(x: &[f64], most: usize, trend: bool) -> Result<Vec<GlsRow>, FitError> {
    let n = x.len();
    if n < 2 * most + 5 {
        return Err(FitError::Insufficient);
    }
    let a = 1.0 + if trend { -13.5 } else { -7.0 } / n as f64;
    let quasi = |v: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..n).map(|t| if t == 0 { v(0) } else { v(t) - a * v(t - 1) }).collect()
    };
    let y = quasi(&|t| x[t]);
    let ones = quasi(&|_| 1.0);
    let times = quasi(&|t| (t + 1) as f64);
    let mut columns: Vec<&[f64]> = vec![&ones];
    if trend {
        columns.push(&times);
    }
    let gls = ols::fit(&Request { constant: false, ..Request::new(&y, &columns) })?;
    let slope = if trend { gls.b[1] } else { 0.0 };
    let z: Vec<f64> = (0..n).map(|t| x[t] - gls.b[0] - slope * (t + 1) as f64).collect();
    let d: Vec<f64> = z.windows(2).map(|w| w[1] - w[0]).collect();
    let mut out = Vec::new();
    for lags in (0..=most).rev() {
        let y = &d[most..];
        let level = &z[most..n - 1];
        let mut columns: Vec<&[f64]> = vec![level];
        columns.extend((1..=lags).map(|j| &d[most - j..d.len() - j]));
        let fit = ols::fit(&Request { constant: false, ..Request::new(y, &columns) })?;
        if fit.df_residual <= 0.0 || !fit.basis.omitted.is_empty() {
            return Err(FitError::Insufficient);
        }
        let used = y.len() as f64;
        let s2 = fit.rss / used;
        let tau = fit.b[0].powi(2) * level.iter().map(|v| v * v).sum::<f64>() / s2;
        let k = lags as f64;
        out.push(GlsRow {
            lags,
            t: fit.b[0] / fit.v[(0, 0)].sqrt(),
            maic: s2.ln() + 2.0 * (tau + k) / used,
            sic: s2.ln() + (k + 1.0) * used.ln() / used,
            rmse: s2.sqrt(),
            last_t: if lags == 0 { f64::NAN } else { fit.b[lags] / fit.v[(lags, lags)].sqrt() },
        });
    }
    Ok(out)
}
