//! Vector error-correction models of a given rank under Johansen's normalisation. Formulas: Johansen (1995); Luetkepohl
//! (2005), New Introduction to Multiple Time Series Analysis, 7.2; [TS] vec, Methods and formulas: covariances have the
//! divisor T - k with k parameters of an equation; constants and trends outside the cointegrating equations are split
//! into a part in the direction of the adjustment and an orthogonal rest.

use super::cointegration::{Reduced, Trend, reduced};
use super::matrix::Mat;
use super::ols::FitError;
use super::qr;
use super::real::stable_sum;
use super::var::VarFit;

/// A fitted model.
pub struct Vecm {
    /// Cointegrating vectors as columns; rows: series, then the trend and the constant where there is one.
    pub beta: Mat,
    /// Covariance of the elements of `beta`, vector by vector; zero where they are normalised or derived.
    pub v_beta: Mat,
    /// Adjustment parameters: series by cointegrating equation.
    pub alpha: Mat,
    /// The equations of the changes: columns are the cointegrating equations, lagged changes series by series, further
    /// columns, the trend and the constant.
    pub system: VarFit,
    /// Log likelihood.
    pub ll: f64,
    /// Number of free parameters.
    pub parameters: usize,
    /// Lag matrices of the series in levels.
    pub lags: Vec<Mat>,
}

/// Fits a model; the arguments are those of [`super::cointegration::johansen`].
///
/// # Errors
///
/// There are too few rows, collinear series, or the first series do not identify the cointegrating vectors.
pub fn fit(
    y: &[Vec<f64>],
    lags: usize,
    rank: usize,
    trend: Trend,
    further: &[Vec<f64>],
) -> Result<Vecm, FitError> {
    let m = y.len();
    let data = reduced(y, lags, trend, further)?;
    let every: Vec<usize> = (0..data.vectors.rows()).collect();
    let (first, chosen): (Vec<usize>, Vec<usize>) = ((0..rank).collect(), (0..rank).collect());
    let raw = data.vectors.select(&every, &chosen);
    let Some(turn) = raw.select(&first, &chosen).inverse() else { return Err(FitError::Insufficient) };
    let mut beta = raw.times(&turn);
    for i in 0..rank {
        for j in 0..rank {
            beta[(i, j)] = f64::from(u8::from(i == j));
        }
    }
    let outside = trend.outside();
    let within: Vec<Vec<f64>> = (0..rank).map(|j| combined(&data.levels, &beta, j, data.n)).collect();
    let mut system = equations(&data, &within, outside > 0)?;
    let alpha = Mat::from_fn(m, rank, |i, j| system.b[(i, j)]);
    // the part of constant and trend in the direction of the adjustment belongs to the cointegrating equations
    let shifts: Vec<Vec<f64>> = (0..outside)
        .map(|d| along(&alpha, &system, system.k - outside + d))
        .collect::<Option<_>>()
        .ok_or(FitError::Insufficient)?;
    if outside > 0 {
        let moved = within.iter().enumerate().map(|(j, ce)| {
            let (constant, slope) = (shifts[outside - 1][j], if outside == 2 { shifts[0][j] } else { 0.0 });
            ce.iter().enumerate().map(|(t, v)| v + constant + slope * (t + 1) as f64).collect()
        });
        let moved: Vec<Vec<f64>> = moved.collect();
        system = equations(&data, &moved, true)?;
    }
    let v_beta = covariance(&data, &system, &alpha, rank, shifts.len()).ok_or(FitError::Insufficient)?;
    let logs: f64 = data.eigenvalues[..rank].iter().map(|v| (1.0 - v).ln()).sum();
    let ll =
        -0.5 * data.n as f64 * (m as f64 * (1.0 + (2.0 * std::f64::consts::PI).ln()) + data.log_s00 + logs);
    let parameters = m * (m * (lags - 1) + outside + further.len()) + rank * (2 * m + trend.inside() - rank);
    let lags = in_levels(&beta, &alpha, &system, rank, lags);
    let rows = beta.rows();
    let beta =
        Mat::from_fn(
            rows + shifts.len(),
            rank,
            |i, j| {
                if i < rows { beta[(i, j)] } else { shifts[i - rows][j] }
            },
        );
    Ok(Vecm { beta, v_beta, alpha, system, ll, parameters, lags })
}

impl Vecm {
    /// Forecasts by step and series. `history` holds at least as many values of each series as the model has lags; `first`
    /// is the number of the first forecast as the trend counts, one in the first row used.
    pub fn forecast(&self, history: &[Vec<f64>], trend: Trend, first: f64, steps: usize) -> Vec<Vec<f64>> {
        let (m, rank, short) = (self.alpha.rows(), self.alpha.cols(), self.lags.len() - 1);
        let sloped = matches!(trend, Trend::RestrictedTrend | Trend::Trend);
        let mut values = history.to_vec();
        let mut out = Vec::with_capacity(steps);
        for h in 0..steps {
            let time = first + h as f64;
            let back = |series: &[f64], lag: usize| series[series.len() - lag];
            let mut row: Vec<f64> = (0..rank)
                .map(|j| {
                    let levels: f64 = (0..m).map(|i| self.beta[(i, j)] * back(&values[i], 1)).sum();
                    let slope = if sloped { self.beta[(m, j)] * time } else { 0.0 };
                    let constant =
                        if trend == Trend::None { 0.0 } else { self.beta[(m + usize::from(sloped), j)] };
                    levels + slope + constant
                })
                .collect();
            for series in &values {
                row.extend((1..=short).map(|lag| back(series, lag) - back(series, lag + 1)));
            }
            if trend == Trend::Trend {
                row.push(time);
            }
            if trend.outside() > 0 {
                row.push(1.0);
            }
            let change = self.system.b.times_vector(&row);
            let next: Vec<f64> = values.iter().zip(&change).map(|(s, d)| back(s, 1) + d).collect();
            values.iter_mut().zip(&next).for_each(|(series, value)| series.push(*value));
            out.push(next);
        }
        out
    }
}

/// One linear combination of columns.
fn combined(columns: &[Vec<f64>], beta: &Mat, j: usize, n: usize) -> Vec<f64> {
    (0..n).map(|t| stable_sum(columns.iter().enumerate().map(|(i, c)| beta[(i, j)] * c[t]))).collect()
}

/// Least squares of the changes.
fn equations(data: &Reduced, within: &[Vec<f64>], constant: bool) -> Result<VarFit, FitError> {
    let regressors: Vec<Vec<f64>> = within.iter().chain(&data.short).cloned().collect();
    let columns: Vec<&[f64]> = regressors.iter().map(Vec::as_slice).collect();
    let k = columns.len() + usize::from(constant);
    let (mut rows, mut residuals, mut unscaled) = (Vec::new(), Vec::new(), Mat::zeros(0, 0));
    for own in &data.differences {
        let solution = qr::solve(qr::Design { columns: &columns, weights: None, constant }, own);
        if !solution.basis.omitted.is_empty() || data.n <= k {
            return Err(FitError::Insufficient);
        }
        let fitted = qr::predict(&columns, &solution.basis.kept, constant, &solution.b);
        residuals.push(own.iter().zip(&fitted).map(|(y, f)| y - f).collect::<Vec<f64>>());
        unscaled = solution.root.outer();
        rows.extend(solution.b);
    }
    let m = residuals.len();
    let product = |a: usize, b: usize| stable_sum(residuals[a].iter().zip(&residuals[b]).map(|(x, z)| x * z));
    let sigma_ml = Mat::from_fn(m, m, |a, b| product(a, b) / data.n as f64);
    Ok(VarFit { b: Mat::from_rows(m, k, rows), unscaled, residuals, sigma_ml, n: data.n, k, regressors })
}

/// `(a'a)^-1 a'v` with `v` a column of the coefficients.
fn along(alpha: &Mat, system: &VarFit, column: usize) -> Option<Vec<f64>> {
    let v: Vec<f64> = (0..alpha.rows()).map(|i| system.b[(i, column)]).collect();
    let turned = alpha.transpose();
    Some(turned.outer().inverse()?.times_vector(&turned.times_vector(&v)))
}

/// Covariance of the free elements of the cointegrating vectors: `(a'S^-1 a)^-1` times the inverse products of the
/// free levels, with the divisor T - k.
fn covariance(data: &Reduced, system: &VarFit, alpha: &Mat, rank: usize, derived: usize) -> Option<Mat> {
    let rows = data.levels_left.len();
    let free = &data.levels_left[rank..];
    let product = |a: &[f64], b: &[f64]| stable_sum(a.iter().zip(b).map(|(x, z)| x * z));
    let inner = Mat::from_fn(free.len(), free.len(), |i, j| product(&free[i], &free[j]));
    let inverse = if free.is_empty() { inner } else { inner.inverse_definite()? };
    let speed = alpha.transpose().sandwich(&system.sigma_ml.inverse_definite()?).inverse()?;
    let (size, n) = (rows + derived, data.n as f64);
    let factor = n / (n - system.k as f64);
    Some(Mat::from_fn(size * rank, size * rank, |a, b| {
        let (i, j) = (a % size, b % size);
        let inside = |x: usize| (rank..rows).contains(&x);
        if inside(i) && inside(j) {
            factor * speed[(a / size, b / size)] * inverse[(i - rank, j - rank)]
        } else {
            0.0
        }
    }))
}

/// The lag matrices of the levels: `I + ab' + G1`, `G2 - G1`, ..., `-G(p-1)`.
fn in_levels(beta: &Mat, alpha: &Mat, system: &VarFit, rank: usize, lags: usize) -> Vec<Mat> {
    let m = alpha.rows();
    let all: Vec<usize> = (0..rank).collect();
    let series: Vec<usize> = (0..m).collect();
    let long = alpha.times(&beta.select(&series, &all).transpose());
    let short = |lag: usize| {
        if lag == 0 || lag >= lags {
            return Mat::zeros(m, m);
        }
        Mat::from_fn(m, m, |i, j| system.b[(i, rank + j * (lags - 1) + lag - 1)])
    };
    (1..=lags)
        .map(|lag| {
            let change = short(lag).minus(&short(lag - 1));
            if lag == 1 { Mat::identity(m).plus(&long).plus(&change) } else { change }
        })
        .collect()
}
