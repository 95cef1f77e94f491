//! Tests of square tables that classify matched pairs twice ([R] symmetry, Methods and formulas).

use super::distributions::{chi2_tail, ln_gamma};
use super::matrix::Mat;

/// A chi-squared statistic with its degrees of freedom.
#[derive(Clone, Copy, Debug)]
pub struct Statistic {
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
}

impl Statistic {
    /// Its p-value.
    pub fn p(self) -> f64 {
        chi2_tail(self.df, self.chi2)
    }
}

/// Tables with more combinations than this have no exact test here.
const MOST_COMBINATIONS: f64 = 2e7;

/// Pairs of cells `(n_ij, n_ji)`, i < j.
fn pairs(table: &Mat) -> Vec<(usize, usize)> {
    let k = table.rows();
    (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).collect()
}

/// Bowker's (1948) test of symmetry of a k by k table of counts.
pub fn symmetry(table: &Mat) -> Statistic {
    let chi2 = contributions(table).iter().map(|c| c.2).sum();
    let k = table.rows() as f64;
    Statistic { chi2, df: k * (k - 1.0) / 2.0 }
}

/// Share of each pair of cells in the statistic of [`symmetry`]: row, column, `(n_ij - n_ji)^2/(n_ij + n_ji)`.
pub fn contributions(table: &Mat) -> Vec<(usize, usize, f64)> {
    let share = |i: usize, j: usize| {
        let (a, b) = (table[(i, j)], table[(j, i)]);
        if a + b > 0.0 { (a - b).powi(2) / (a + b) } else { 0.0 }
    };
    pairs(table).into_iter().map(|(i, j)| (i, j, share(i, j))).collect()
}

/// Row and column totals.
fn totals(table: &Mat) -> Vec<(f64, f64)> {
    let k = table.rows();
    (0..k)
        .map(|i| ((0..k).map(|j| table[(i, j)]).sum::<f64>(), (0..k).map(|j| table[(j, i)]).sum::<f64>()))
        .collect()
}

/// The test of Stuart (1955) and Maxwell (1970) that both margins are the same.
pub fn stuart_maxwell(table: &Mat) -> Statistic {
    let k = table.rows();
    let margins = totals(table);
    let d: Vec<f64> = margins[..k - 1].iter().map(|(r, c)| r - c).collect();
    let v = Mat::from_fn(k - 1, k - 1, |i, j| {
        if i == j {
            margins[i].0 + margins[i].1 - 2.0 * table[(i, i)]
        } else {
            -(table[(i, j)] + table[(j, i)])
        }
    });
    let (inverse, _, _) = v.inverse_semidefinite(1e-12);
    Statistic { chi2: inverse.quadratic(&d), df: k as f64 - 1.0 }
}

/// The test of equal margins of Bickeböller and Clerget-Darpoux (1995).
pub fn bickeboller(table: &Mat) -> Statistic {
    let share = |(r, c): &(f64, f64)| if r + c > 0.0 { (r - c).powi(2) / (r + c) } else { 0.0 };
    Statistic { chi2: totals(table).iter().map(share).sum(), df: table.rows() as f64 - 1.0 }
}

/// The same without the diagonal (Spielman and Ewens 1996).
pub fn without_diagonal(table: &Mat) -> Statistic {
    let k = table.rows() as f64;
    let share = |(i, (r, c)): (usize, &(f64, f64))| {
        let off = r + c - 2.0 * table[(i, i)];
        if off > 0.0 { (r - c).powi(2) / off } else { 0.0 }
    };
    let sum: f64 = totals(table).iter().enumerate().map(share).sum();
    Statistic { chi2: (k - 1.0) / k * sum, df: k - 1.0 }
}

/// Test for a linear trend of the log of the relative risk over scores of the categories (Breslow and Day 1980, 5.3).
pub fn trend(table: &Mat, scores: &[f64]) -> Statistic {
    let (mut top, mut bottom) = (0.0, 0.0);
    for (i, j) in pairs(table) {
        let gap = scores[j] - scores[i];
        top += (table[(i, j)] - table[(j, i)]) * gap;
        bottom += (table[(i, j)] + table[(j, i)]) * gap * gap;
    }
    Statistic { chi2: top * top / bottom, df: 1.0 }
}

/// Exact p-value of symmetry: given the sums of each pair of cells, the probability of all tables that are not more
/// likely than the observed one. Nothing when there are too many tables.
pub fn exact(table: &Mat) -> Option<f64> {
    let mut observed = 1.0;
    let mut parts: Vec<Vec<f64>> = Vec::new();
    for (i, j) in pairs(table) {
        let n = (table[(i, j)] + table[(j, i)]).round() as u64;
        if n > 0 {
            let part: Vec<f64> = (0..=n).map(|x| even_odds(n, x)).collect();
            observed *= part[table[(i, j)].round() as usize];
            parts.push(part);
        }
    }
    parts.sort_by_key(Vec::len);
    let Some(last) = parts.pop() else { return Some(1.0) };
    if parts.iter().map(|p| p.len() as f64).product::<f64>() > MOST_COMBINATIONS {
        return None;
    }
    let mut sorted = last;
    sorted.sort_by(f64::total_cmp);
    let mut below = vec![0.0];
    for p in &sorted {
        below.push(below[below.len() - 1] + p);
    }
    let limit = observed * (1.0 + 1e-9);
    Some(tail(&parts, 1.0, &|p| below[sorted.partition_point(|q| p * q <= limit)]).min(1.0))
}

/// Probability of `x` of `n` at even odds.
fn even_odds(n: u64, x: u64) -> f64 {
    let (n, x) = (n as f64, x as f64);
    (ln_gamma(n + 1.0) - ln_gamma(x + 1.0) - ln_gamma(n - x + 1.0) - n * std::f64::consts::LN_2).exp()
}

/// Sums `p * rest(p)` over all combinations of one entry of each part, `p` being their product.
fn tail(parts: &[Vec<f64>], p: f64, rest: &dyn Fn(f64) -> f64) -> f64 {
    match parts.split_first() {
        None => p * rest(p),
        Some((first, others)) => first.iter().map(|q| tail(others, p * q, rest)).sum(),
    }
}
