//! First-order autocorrelation of errors: estimates of rho, the transformations of Prais and Winsten and of Cochrane
//! and Orcutt, and generalised least squares of panels. Which model is fitted is the caller's.
//!
//! Formulas: [TS] prais, [XT] xtgls, [XT] xtpcse, Methods and formulas; Beck and Katz (1995), American Political
//! Science Review 89.

use super::matrix::Mat;

/// How rho is estimated from residuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rho {
    /// Regression of residuals on their lag.
    Regress,
    /// Regression of residuals on their lead.
    Forward,
    /// Autocorrelation of the series: cross products over all squares.
    Autocorrelation,
    /// `1 - dw/2`.
    DurbinWatson,
    /// Theil: the autocorrelation times `(N-k)/N`.
    Theil,
    /// Nagar: `(dw N^2 / 2 + k^2)`-type correction.
    Nagar,
}

/// Durbin and Watson's statistic of residuals in order.
pub fn durbin_watson(e: &[f64]) -> f64 {
    let squares: f64 = e.iter().map(|x| x * x).sum();
    e.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f64>() / squares
}

impl Rho {
    /// Estimates rho from residuals in order; `k` is the number of parameters.
    pub fn estimate(self, e: &[f64], k: usize) -> f64 {
        self.over_runs(e, &|i| i > 0, k)
    }

    /// [`Rho::estimate`] of a series with gaps: `follows` tells the values whose neighbour before is there.
    pub fn over_runs(self, e: &[f64], follows: &dyn Fn(usize) -> bool, k: usize) -> f64 {
        let n = e.len() as f64;
        let sum = |f: &dyn Fn(usize) -> f64| (0..e.len()).filter(|i| follows(*i)).map(f).sum::<f64>();
        let cross = sum(&|i| e[i - 1] * e[i]);
        let all: f64 = e.iter().map(|x| x * x).sum();
        let durbin_watson = 1.0 - sum(&|i| (e[i] - e[i - 1]).powi(2)) / all / 2.0;
        match self {
            Self::Regress => cross / sum(&|i| e[i - 1] * e[i - 1]),
            Self::Forward => cross / sum(&|i| e[i] * e[i]),
            Self::Autocorrelation => cross / all,
            Self::DurbinWatson => durbin_watson,
            Self::Theil => cross / all * (n - k as f64) / n,
            Self::Nagar => {
                let k2 = (k * k) as f64;
                (durbin_watson * n * n + k2) / (n * n - k2)
            }
        }
    }

    /// As `prais` estimates it: printed results of Stata show one parameter more in the factors of Theil and Nagar, and
    /// the number of neighbours in the denominator of Theil's.
    pub fn of_regression(self, e: &[f64], k: usize) -> f64 {
        let n = e.len() as f64;
        match self {
            Self::Theil => Self::Autocorrelation.estimate(e, k) * (n - k as f64 - 1.0) / (n - 1.0),
            Self::Nagar => self.estimate(e, k + 1),
            _ => self.estimate(e, k),
        }
    }
}

/// A series in order without its autocorrelation: `x_t - rho x_(t-1)`; the first value is `sqrt(1-rho^2) x_1`, or
/// left out with `drop_first`.
pub fn transform(x: &[f64], rho: f64, drop_first: bool) -> Vec<f64> {
    let mut out = Vec::with_capacity(x.len());
    if let (Some(first), false) = (x.first(), drop_first) {
        out.push((1.0 - rho * rho).max(0.0).sqrt() * first);
    }
    out.extend(x.windows(2).map(|w| w[1] - rho * w[0]));
    out
}

/// [`transform`] of a series with gaps, each run of neighbours as a series of its own.
pub fn transform_runs(x: &[f64], rho: f64, follows: &dyn Fn(usize) -> bool) -> Vec<f64> {
    let scale = (1.0 - rho * rho).max(0.0).sqrt();
    (0..x.len()).map(|i| if follows(i) { x[i] - rho * x[i - 1] } else { scale * x[i] }).collect()
}

/// Rows of panels with the period of each row.
pub struct Panels<'a> {
    /// Rows of each panel in the order of time.
    pub rows: &'a [Vec<usize>],
    /// Period of each row.
    pub period: &'a [usize],
}

impl Panels<'_> {
    /// The rows of the periods in which every panel has one.
    pub fn complete_rows(&self) -> Vec<Vec<usize>> {
        let mut counts = vec![0; self.period.iter().max().map_or(0, |p| p + 1)];
        self.rows.iter().flatten().for_each(|i| counts[self.period[*i]] += 1);
        let complete = |i: &usize| counts[self.period[*i]] == self.rows.len();
        self.rows.iter().map(|own| own.iter().copied().filter(complete).collect()).collect()
    }

    /// Covariance of the errors of panels: `e_i'e_j / divisor` over common periods, which `divisor` counts or
    /// replaces (number of common periods, parameters).
    pub fn covariance(&self, e: &[f64], divisor: impl Fn(f64) -> f64) -> Mat {
        let m = self.rows.len();
        let mut out = Mat::zeros(m, m);
        for i in 0..m {
            for j in 0..=i {
                let (mut sum, mut count, mut at) = (0.0, 0.0, 0);
                for a in &self.rows[i] {
                    while at < self.rows[j].len() && self.period[self.rows[j][at]] < self.period[*a] {
                        at += 1;
                    }
                    if let Some(b) = self.rows[j].get(at).filter(|b| self.period[**b] == self.period[*a]) {
                        sum += e[*a] * e[*b];
                        count += 1.0;
                    }
                }
                let value = if count > 0.0 { sum / divisor(count) } else { 0.0 };
                out[(i, j)] = value;
                out[(j, i)] = value;
            }
        }
        out
    }

    /// `X' (S x I) Y` with one column per regressor: pairs of rows of the same period, weighted by `s` of their panels.
    pub fn cross(&self, s: &Mat, left: &[Vec<f64>], right: &[Vec<f64>]) -> Mat {
        let periods = self.period.iter().max().map_or(0, |p| p + 1);
        let mut by_period: Vec<Vec<(usize, usize)>> = vec![Vec::new(); periods];
        for (panel, rows) in self.rows.iter().enumerate() {
            rows.iter().for_each(|r| by_period[self.period[*r]].push((panel, *r)));
        }
        let mut out = Mat::zeros(left.len(), right.len());
        for pairs in &by_period {
            for (i, a) in pairs {
                for (j, b) in pairs {
                    let weight = s[(*i, *j)];
                    if weight == 0.0 {
                        continue;
                    }
                    for (p, x) in left.iter().enumerate() {
                        for (q, y) in right.iter().enumerate() {
                            out[(p, q)] += weight * x[*a] * y[*b];
                        }
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoregressive_series_becomes_its_innovations() {
        let mut x = vec![2.0];
        for t in 1..6 {
            x.push(0.5 * x[t - 1] + t as f64);
        }
        assert_eq!(transform(&x, 0.5, true), vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(transform(&x, 0.6, false)[0], 0.8 * 2.0);
    }
}
