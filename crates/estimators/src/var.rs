//! Vector autoregressions: least squares equation by equation, moving-average forms and their covariances.
//! Formulas: [TS] var, [TS] varsoc, [TS] irf create; Luetkepohl (2005), New Introduction to Multiple Time Series
//! Analysis, chapters 2 to 4; standard errors of responses by the delta method.

use super::matrix::Mat;
use super::ols::FitError;
use super::qr;

/// A fitted vector autoregression.
pub struct VarFit {
    /// Coefficients: one row per equation; columns: lags of the first series, of the second, ..., then further
    /// regressors, then the constant.
    pub b: Mat,
    /// `(X'X)^-1`.
    pub unscaled: Mat,
    /// Residuals, one vector per equation.
    pub residuals: Vec<Vec<f64>>,
    /// Sums of squares and products of residuals over the number of rows.
    pub sigma_ml: Mat,
    /// Rows.
    pub n: usize,
    /// Parameters of an equation.
    pub k: usize,
    /// Values of the regressors of an equation besides the constant, in the order of `b`.
    pub regressors: Vec<Vec<f64>>,
}

/// Fits all equations on the same rows: `y[j][t]` for t from `from` on, lags from `lags`.
pub fn fit(
    y: &[Vec<f64>],
    lags: &[usize],
    exogenous: &[Vec<f64>],
    constant: bool,
    from: usize,
) -> Result<VarFit, FitError> {
    let total = y.first().map_or(0, Vec::len);
    let mut columns: Vec<&[f64]> = Vec::new();
    for series in y {
        for lag in lags {
            columns.push(&series[from - lag..total - lag]);
        }
    }
    columns.extend(exogenous.iter().map(|c| &c[from..]));
    let n = total - from;
    let k = columns.len() + usize::from(constant);
    if n <= k {
        return Err(FitError::Insufficient);
    }
    let mut rows = Vec::new();
    let mut residuals = Vec::new();
    let mut unscaled = Mat::zeros(0, 0);
    for series in y {
        let own = &series[from..];
        let solution = qr::solve(qr::Design { columns: &columns, weights: None, constant }, own);
        if !solution.basis.omitted.is_empty() {
            return Err(FitError::Insufficient);
        }
        let fitted = if columns.is_empty() {
            vec![solution.b.first().copied().unwrap_or(0.0); n]
        } else {
            qr::predict(&columns, &solution.basis.kept, constant, &solution.b)
        };
        residuals.push(own.iter().zip(&fitted).map(|(y, f)| y - f).collect::<Vec<f64>>());
        unscaled = solution.root.outer();
        rows.extend(solution.b);
    }
    let sigma_ml = products(&residuals, n);
    let regressors = columns.iter().map(|c| c.to_vec()).collect();
    Ok(VarFit { b: Mat::from_rows(y.len(), k, rows), unscaled, residuals, sigma_ml, n, k, regressors })
}

/// Mean squares and products of residuals.
fn products(residuals: &[Vec<f64>], n: usize) -> Mat {
    let m = residuals.len();
    Mat::from_fn(m, m, |a, b| {
        super::real::stable_sum(residuals[a].iter().zip(&residuals[b]).map(|(x, z)| x * z)) / n as f64
    })
}

/// Mean squares and products of what is left of the residuals after a regression on the regressors of the fit and
/// further columns.
pub fn augmented(fit: &VarFit, further: &[Vec<f64>]) -> Result<Mat, FitError> {
    let constant = fit.k > fit.regressors.len();
    let columns: Vec<&[f64]> = fit.regressors.iter().chain(further).map(Vec::as_slice).collect();
    let mut left = Vec::new();
    for own in &fit.residuals {
        let solution = qr::solve(qr::Design { columns: &columns, weights: None, constant }, own);
        if !solution.basis.omitted.is_empty() {
            return Err(FitError::Insufficient);
        }
        let fitted = qr::predict(&columns, &solution.basis.kept, constant, &solution.b);
        left.push(own.iter().zip(&fitted).map(|(y, f)| y - f).collect());
    }
    Ok(products(&left, fit.n))
}

/// Logarithm of the determinant of a positive definite matrix.
pub fn log_determinant(m: &Mat) -> Option<f64> {
    Some(2.0 * m.cholesky()?.diagonal().iter().map(|d| d.ln()).sum::<f64>())
}

impl VarFit {
    /// Log likelihood under normal errors.
    pub fn ll(&self) -> Option<f64> {
        let m = self.sigma_ml.rows() as f64;
        let n = self.n as f64;
        Some(-0.5 * n * (m * (2.0 * std::f64::consts::PI).ln() + m + log_determinant(&self.sigma_ml)?))
    }

    /// Lag matrices 1, 2, ... up to the longest lag.
    pub fn lag_matrices(&self, lags: &[usize]) -> Vec<Mat> {
        let m = self.sigma_ml.rows();
        let most = lags.iter().copied().max().unwrap_or(0);
        (1..=most)
            .map(|lag| match lags.iter().position(|l| *l == lag) {
                Some(at) => Mat::from_fn(m, m, |i, j| self.b[(i, j * lags.len() + at)]),
                None => Mat::zeros(m, m),
            })
            .collect()
    }
}

/// The companion matrix of lag matrices.
pub fn companion(a: &[Mat]) -> Mat {
    let m = a.first().map_or(0, Mat::rows);
    let size = m * a.len();
    Mat::from_fn(
        size,
        size,
        |i, j| {
            if i < m { a[j / m][(i, j % m)] } else { f64::from(u8::from(i - m == j)) }
        },
    )
}

/// Simple responses `Phi_0 .. Phi_steps`.
pub fn responses(a: &[Mat], m: usize, steps: usize) -> Vec<Mat> {
    let mut out = vec![Mat::identity(m)];
    for h in 1..=steps {
        let mut next = Mat::zeros(m, m);
        for (lag, matrix) in a.iter().enumerate().take(h) {
            next = next.plus(&out[h - 1 - lag].times(matrix));
        }
        out.push(next);
    }
    out
}

/// Tables of a system: simple and orthogonal responses, their sums, and variance shares.
pub struct Tables {
    /// `irf`, `oirf`, `cirf`, `coirf`, `fevd`: for each step a matrix (response by impulse).
    pub values: [Vec<Mat>; 5],
}

/// All tables from lag matrices and the error covariance; nothing when it is not positive definite.
pub fn tables(a: &[Mat], sigma: &Mat, steps: usize) -> Option<Tables> {
    let m = sigma.rows();
    let p = sigma.cholesky()?;
    let irf = responses(a, m, steps);
    let oirf: Vec<Mat> = irf.iter().map(|phi| phi.times(&p)).collect();
    let sums = |all: &[Mat]| -> Vec<Mat> {
        let mut total = Mat::zeros(m, m);
        all.iter()
            .map(|x| {
                total = total.plus(x);
                total.clone()
            })
            .collect()
    };
    let shares = variance_shares(&oirf[..steps], m);
    let (cirf, coirf) = (sums(&irf), sums(&oirf));
    Some(Tables { values: [irf, oirf, cirf, coirf, shares] })
}

/// Shares of the shocks in the variance of the forecasts of 0, 1, ... steps, from responses to shocks of variance 1.
fn variance_shares(responses: &[Mat], m: usize) -> Vec<Mat> {
    let mut shares = vec![Mat::zeros(m, m)];
    let mut own = Mat::zeros(m, m);
    for theta in responses {
        own = own.plus(&Mat::from_fn(m, m, |i, j| theta[(i, j)].powi(2)));
        let row: Vec<f64> = (0..m).map(|i| (0..m).map(|j| own[(i, j)]).sum()).collect();
        shares.push(Mat::from_fn(m, m, |i, j| own[(i, j)] / row[i]));
    }
    shares
}

/// Responses to structural shocks, whose effects in their own period are the columns of `impact`, and variance shares.
pub fn structural(a: &[Mat], impact: &Mat, steps: usize) -> [Vec<Mat>; 2] {
    let m = impact.rows();
    let sirf: Vec<Mat> = responses(a, m, steps).iter().map(|phi| phi.times(impact)).collect();
    let sfevd = variance_shares(&sirf[..steps], m);
    [sirf, sfevd]
}

/// Standard errors of all tables by the delta method: the lag coefficients vary with `v` (equation by equation,
/// in the order of `index`), the error covariance with `(s_ik s_jl + s_il s_jk) / n`.
pub fn standard_errors(
    a: &[Mat],
    sigma: &Mat,
    v: &Mat,
    index: &[(usize, usize, usize)],
    n: f64,
    steps: usize,
) -> Option<Tables> {
    let m = sigma.rows();
    let pairs: Vec<(usize, usize)> = (0..m).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
    let flat =
        |t: &Tables| -> Vec<f64> { t.values.iter().flatten().flat_map(|x| x.data().to_vec()).collect() };
    let base = flat(&tables(a, sigma, steps)?);
    let count = index.len() + pairs.len();
    let mut jacobian: Vec<Vec<f64>> = Vec::with_capacity(count);
    for k in 0..count {
        let at = |step: f64| -> Option<Vec<f64>> {
            let mut lag = a.to_vec();
            let mut s = sigma.clone();
            if let Some((equation, series, which)) = index.get(k) {
                lag[which - 1][(*equation, *series)] += step;
            } else {
                let (i, j) = pairs[k - index.len()];
                s[(i, j)] += step;
                if i != j {
                    s[(j, i)] += step;
                }
            }
            Some(flat(&tables(&lag, &s, steps)?))
        };
        let h = match index.get(k) {
            Some(_) => 1e-4,
            None => {
                let (i, j) = pairs[k - index.len()];
                1e-4 * (sigma[(i, i)] * sigma[(j, j)]).sqrt()
            }
        };
        let (p, q, r, s) = (at(-2.0 * h)?, at(-h)?, at(h)?, at(2.0 * h)?);
        jacobian
            .push((0..base.len()).map(|e| (p[e] - 8.0 * q[e] + 8.0 * r[e] - s[e]) / (12.0 * h)).collect());
    }
    let covariance = Mat::from_fn(count, count, |x, y| {
        if x < index.len() && y < index.len() {
            v[(x, y)]
        } else if x >= index.len() && y >= index.len() {
            let ((i, j), (k, l)) = (pairs[x - index.len()], pairs[y - index.len()]);
            (sigma[(i, k)] * sigma[(j, l)] + sigma[(i, l)] * sigma[(j, k)]) / n
        } else {
            0.0
        }
    });
    let errors: Vec<f64> = (0..base.len())
        .map(|e| {
            let gradient: Vec<f64> = jacobian.iter().map(|g| g[e]).collect();
            covariance.quadratic(&gradient).max(0.0).sqrt()
        })
        .collect();
    let mut at = 0;
    let mut take = || -> Vec<Mat> {
        (0..=steps)
            .map(|_| {
                let own = errors[at..at + m * m].to_vec();
                at += m * m;
                Mat::from_rows(m, m, own)
            })
            .collect()
    };
    Some(Tables { values: [take(), take(), take(), take(), take()] })
}

/// Dynamic multipliers of regressors outside the system, and their standard errors: for each step a matrix (series by regressor).
pub struct Multipliers {
    /// `D_i = Phi_i B`.
    pub values: Vec<Mat>,
    /// Sums of the values up to the step.
    pub sums: Vec<Mat>,
    /// Standard errors of the values.
    pub errors: Vec<Mat>,
    /// Standard errors of the sums.
    pub sum_errors: Vec<Mat>,
}

/// Multipliers by the delta method: `effects` are the coefficients `B` of the regressors (series by regressor), `v` is the covariance
/// of the lag coefficients in the order of `index` (equation, series, lag), then of `B` row by row. Luetkepohl (2005), section 10.6.
pub fn multipliers(
    a: &[Mat],
    effects: &Mat,
    v: &Mat,
    index: &[(usize, usize, usize)],
    steps: usize,
) -> Multipliers {
    let (m, count) = (effects.rows(), effects.cols());
    let phi = responses(a, m, steps);
    let values: Vec<Mat> = phi.iter().map(|p| p.times(effects)).collect();
    let mut out =
        Multipliers { values: Vec::new(), sums: Vec::new(), errors: Vec::new(), sum_errors: Vec::new() };
    // derivatives by parameter of the values, and of their sums
    let mut summed = vec![Mat::zeros(m, count); index.len() + m * count];
    let mut sum = Mat::zeros(m, count);
    for step in 0..=steps {
        let by_lag = |(equation, series, lag): &(usize, usize, usize)| {
            let mut total = Mat::zeros(m, count);
            for s in 0..(step + 1).saturating_sub(*lag) {
                let from = &phi[step - lag - s];
                total = total
                    .plus(&Mat::from_fn(m, count, |i, x| from[(i, *equation)] * values[s][(*series, x)]));
            }
            total
        };
        let mut gradients: Vec<Mat> = index.iter().map(by_lag).collect();
        for (equation, own) in (0..m).flat_map(|e| (0..count).map(move |x| (e, x))) {
            let at = |i: usize, x: usize| if x == own { phi[step][(i, equation)] } else { 0.0 };
            gradients.push(Mat::from_fn(m, count, at));
        }
        for (total, own) in summed.iter_mut().zip(&gradients) {
            *total = total.plus(own);
        }
        sum = sum.plus(&values[step]);
        let error = |all: &[Mat]| {
            Mat::from_fn(m, count, |i, x| {
                let gradient: Vec<f64> = all.iter().map(|g| g[(i, x)]).collect();
                v.quadratic(&gradient).max(0.0).sqrt()
            })
        };
        out.errors.push(error(&gradients));
        out.sum_errors.push(error(&summed));
        out.sums.push(sum.clone());
    }
    out.values = values;
    out
}
