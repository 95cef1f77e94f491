//! Pesaran's (2007, Journal of Applied Econometrics 22) test for unit roots in panels whose units depend on common
//! factors: Dickey-Fuller regressions of each unit with the averages over units, and the mean of their t.

use super::super::distributions::f_tail;
use super::super::ols::{self, FitError, OlsFit, Request};
use super::super::timeseries::Deterministic;
use super::super::wald;
use super::cips_tables::{
    CIPS_SIZES, CONSTANT, CONSTANT_TRUNCATED, CipsTable, NONE, NONE_TRUNCATED, TREND, TREND_TRUNCATED,
};
use super::differences;

/// The cross-sectionally augmented regression of one unit.
pub struct Cadf {
    /// t of the lagged level.
    pub t: f64,
    /// Lagged differences.
    pub lags: usize,
    /// p-value of the F test that the coefficients of the last lag, the unit's and the average's, are zero; nothing
    /// without lags.
    pub last_lag: Option<f64>,
    /// The regression.
    pub fit: OlsFit,
    columns: Vec<Vec<f64>>,
    constant: bool,
}

/// Regression (54) of Pesaran (2007): the difference on the lagged level, the lagged average, the difference of the average
/// and `lags` lags of both differences. `mean` is the average over units in the periods of `x`.
///
/// # Errors
/// `Insufficient` where the series is too short, or does not identify all coefficients.
pub fn regression(x: &[f64], mean: &[f64], lags: usize, parts: Deterministic) -> Result<Cadf, FitError> {
    if x.len() < lags + 4 {
        return Err(FitError::Insufficient);
    }
    let (d, dm) = (differences(x), differences(mean));
    let lagged = |of: &[f64], j: usize| of[lags - j..of.len() - j].to_vec();
    let mut columns =
        vec![x[lags..x.len() - 1].to_vec(), mean[lags..mean.len() - 1].to_vec(), lagged(&dm, 0)];
    for j in 1..=lags {
        columns.push(lagged(&d, j));
        columns.push(lagged(&dm, j));
    }
    let last = columns.len();
    if parts == Deterministic::Trend {
        columns.push((1..=d.len() - lags).map(|t| t as f64).collect());
    }
    let constant = parts != Deterministic::None;
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = ols::fit(&Request { constant, ..Request::new(&d[lags..], &views) })?;
    if fit.df_residual <= 0.0 || !fit.basis.omitted.is_empty() {
        return Err(FitError::Insufficient);
    }
    let t = fit.b[0] / fit.v[(0, 0)].sqrt();
    let last_lag = (lags > 0).then(|| {
        let test = wald::test_zero(&fit.b, &fit.v, &[last - 2, last - 1]);
        f_tail(2.0, fit.df_residual, test.f())
    });
    Ok(Cadf { t, lags, last_lag, fit, columns, constant })
}

/// The regression with the lags that a search from the general to the particular keeps: from `most` downwards, the last
/// lag goes as long as its F test is not significant at 5 %. Each regression uses all rows that it can.
///
/// # Errors
/// As [`regression`].
pub fn general_to_particular(
    x: &[f64],
    mean: &[f64],
    most: usize,
    parts: Deterministic,
) -> Result<Cadf, FitError> {
    for lags in (1..=most).rev() {
        let found = regression(x, mean, lags, parts)?;
        if found.last_lag.is_some_and(|p| p < 0.05) {
            return Ok(found);
        }
    }
    regression(x, mean, 0, parts)
}

impl Cadf {
    /// p-value of the F form of Breusch and Godfrey's test of errors without autocorrelation up to `order` ([R] regress
    /// postestimation time series, estat bgodfrey: residuals before the first row are zero).
    ///
    /// # Errors
    /// `Insufficient` where too few rows are left.
    pub fn breusch_godfrey(&self, order: usize) -> Result<f64, FitError> {
        let e = &self.fit.residuals;
        let lagged =
            |j: usize| (0..e.len()).map(|t| if t < j { 0.0 } else { e[t - j] }).collect::<Vec<f64>>();
        let further: Vec<Vec<f64>> = (1..=order).map(lagged).collect();
        let views: Vec<&[f64]> = self.columns.iter().chain(&further).map(Vec::as_slice).collect();
        let fit = ols::fit(&Request { constant: self.constant, ..Request::new(e, &views) })?;
        if fit.df_residual <= 0.0 || !fit.basis.omitted.is_empty() {
            return Err(FitError::Insufficient);
        }
        let p = order as f64;
        let f = (self.fit.rss - fit.rss) / p / (fit.rss / fit.df_residual);
        Ok(f_tail(p, fit.df_residual, f))
    }
}

/// The limits between which Pesaran (2007, equation 36 and below) keeps the t of a unit.
pub fn limits(parts: Deterministic) -> (f64, f64) {
    match parts {
        Deterministic::None => (-6.12, 4.16),
        Deterministic::Constant | Deterministic::Drift => (-6.19, 2.61),
        Deterministic::Trend => (-6.42, 1.70),
    }
}

/// The t of a unit within the limits.
pub fn truncated(t: f64, parts: Deterministic) -> f64 {
    let (low, high) = limits(parts);
    t.clamp(low, high)
}

/// Critical values of the mean t at 1, 5 and 10 %: linear between the rows and columns of Pesaran's tables, those of 200
/// beyond them; nothing below ten panels or periods.
pub fn critical(panels: f64, periods: f64, parts: Deterministic, truncated: bool) -> Option<[f64; 3]> {
    let table: &CipsTable = match (parts, truncated) {
        (Deterministic::None, false) => &NONE,
        (Deterministic::None, true) => &NONE_TRUNCATED,
        (Deterministic::Constant | Deterministic::Drift, false) => &CONSTANT,
        (Deterministic::Constant | Deterministic::Drift, true) => &CONSTANT_TRUNCATED,
        (Deterministic::Trend, false) => &TREND,
        (Deterministic::Trend, true) => &TREND_TRUNCATED,
    };
    let (row, column) = (place(panels)?, place(periods)?);
    let between = |a: f64, b: f64, share: f64| a + share * (b - a);
    Some([0, 1, 2].map(|level| {
        let cell = |i: usize| between(table[level][i][column.0], table[level][i][column.1], column.2);
        between(cell(row.0), cell(row.1), row.2)
    }))
}

/// The entries around a size and the share of the way from the first to the second.
fn place(size: f64) -> Option<(usize, usize, f64)> {
    let last = CIPS_SIZES.len() - 1;
    let size = size.min(CIPS_SIZES[last]);
    let above = CIPS_SIZES.iter().position(|s| *s >= size)?;
    if CIPS_SIZES[above] == size {
        return Some((above, above, 0.0));
    }
    let below = above.checked_sub(1)?;
    Some((below, above, (size - CIPS_SIZES[below]) / (CIPS_SIZES[above] - CIPS_SIZES[below])))
}
