//! Tests that the errors of the units of a panel are independent and have equal variances: Breusch and Pagan (1980),
//! Friedman (1937), Frees (1995), Pesaran (2004), and the modified Wald test of Greene (2000, section 15.4).

use super::descriptive::mean_ranks;
use super::distributions::{chi2_probability, chi2_tail, ln_gamma};
use super::matrix::Mat;
use super::quadrature::gauss_legendre;
use super::roots;

/// Residuals of units by period; `None` where a unit was not observed.
pub struct ByPeriod {
    /// For each unit, the residual of each period.
    pub units: Vec<Vec<Option<f64>>>,
}

impl ByPeriod {
    /// Only the periods in which all units were observed: the values of each unit.
    pub fn complete(&self) -> Vec<Vec<f64>> {
        let periods = self.units.first().map_or(0, Vec::len);
        let whole: Vec<usize> =
            (0..periods).filter(|t| self.units.iter().all(|unit| unit[*t].is_some())).collect();
        self.units.iter().map(|unit| whole.iter().filter_map(|t| unit[*t]).collect()).collect()
    }

    /// Correlation of two units over the periods that both have, and the number of these periods.
    pub fn pair(&self, i: usize, j: usize) -> (f64, usize) {
        let both = self.units[i].iter().zip(&self.units[j]).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
        let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
        (correlation(&a, &b), a.len())
    }
}

/// Correlation of two columns; not a number where one of them is constant.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        aa += (x - ma) * (x - ma);
        ab += (x - ma) * (y - mb);
        bb += (y - mb) * (y - mb);
    }
    ab / (aa * bb).sqrt()
}

/// Correlations of all pairs of columns.
pub fn correlations(columns: &[Vec<f64>]) -> Mat {
    let n = columns.len();
    Mat::from_fn(n, n, |i, j| if i == j { 1.0 } else { correlation(&columns[i], &columns[j]) })
}

/// Rank correlations of all pairs of columns (Spearman).
pub fn rank_correlations(columns: &[Vec<f64>]) -> Mat {
    let ranks: Vec<Vec<f64>> = columns.iter().map(|c| mean_ranks(c).0).collect();
    correlations(&ranks)
}

/// Mean over the pairs `i < j` of a function of a square matrix.
pub fn mean_of_pairs(matrix: &Mat, of: impl Fn(f64) -> f64) -> f64 {
    let n = matrix.rows();
    let sum: f64 = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).map(|at| of(matrix[at])).sum();
    sum / (n * (n - 1) / 2) as f64
}

/// Breusch and Pagan's statistic `T sum_{i<j} r_ij^2` and its degrees of freedom.
pub fn breusch_pagan(correlations: &Mat, periods: usize) -> (f64, f64) {
    let n = correlations.rows();
    let pairs = (n * (n - 1) / 2) as f64;
    (periods as f64 * pairs * mean_of_pairs(correlations, |r| r * r), pairs)
}

/// Friedman's statistic `(T - 1)((N - 1) R + 1)`, `R` the mean rank correlation, and its degrees of freedom.
pub fn friedman(ranks: &Mat, periods: usize) -> (f64, f64) {
    let df = periods as f64 - 1.0;
    (df * ((ranks.rows() as f64 - 1.0) * mean_of_pairs(ranks, |r| r) + 1.0), df)
}

/// Frees' statistic `N (R2 - 1/(T - 1))`, `R2` the mean squared rank correlation.
pub fn frees(ranks: &Mat, periods: usize) -> f64 {
    ranks.rows() as f64 * (mean_of_pairs(ranks, |r| r * r) - 1.0 / (periods as f64 - 1.0))
}

/// Pesaran's CD: `sqrt(2/(N(N - 1))) sum_{i<j} sqrt(T_ij) r_ij`, and the mean absolute correlation.
pub fn pesaran(data: &ByPeriod) -> (f64, f64) {
    let n = data.units.len();
    let (mut sum, mut size) = (0.0, 0.0);
    for i in 0..n {
        for j in i + 1..n {
            let (r, periods) = data.pair(i, j);
            sum += (periods as f64).sqrt() * r;
            size += r.abs();
        }
    }
    let pairs = (n * (n - 1)) as f64;
    ((2.0 / pairs).sqrt() * sum, 2.0 * size / pairs)
}

/// Frees' limiting variable `Q = a(T)(x1 - (T - 1)) + b(T)(x2 - T(T - 3)/2)`, `x1` and `x2` chi-squared with these
/// degrees of freedom.
struct Limit {
    a: f64,
    b: f64,
    df: [f64; 2],
}

impl Limit {
    fn new(t: f64) -> Self {
        Self {
            a: 4.0 * (t + 2.0) / (5.0 * (t - 1.0).powi(2) * (t + 1.0)),
            b: 2.0 * (5.0 * t + 6.0) / (5.0 * t * (t - 1.0) * (t + 1.0)),
            df: [t - 1.0, t * (t - 3.0) / 2.0],
        }
    }

    /// `P(Q > q)`: the integral over `x1 = y^2` of its density times the tail of `x2`, by Gauss and Legendre in pieces.
    fn tail(&self, q: f64, rule: &(Vec<f64>, Vec<f64>)) -> f64 {
        let [d1, d2] = self.df;
        let level = q + self.a * d1 + self.b * d2;
        if level <= 0.0 {
            return 1.0;
        }
        // Above this value of x1 the tail of x2 is one.
        let bound = level / self.a;
        if d2 == 0.0 {
            return chi2_tail(d1, bound);
        }
        let constant = 0.5 * d1 * std::f64::consts::LN_2 + ln_gamma(0.5 * d1);
        let density = |y: f64| (2.0_f64.ln() + (d1 - 1.0) * y.ln() - 0.5 * y * y - constant).exp();
        // Beyond this point the density is below 1e-30.
        let end = bound.sqrt().min((d1 + 60.0 + 12.0 * d1.sqrt()).sqrt());
        const PIECES: usize = 24;
        let width = end / PIECES as f64;
        let mut sum = 0.0;
        for piece in 0..PIECES {
            let middle = (piece as f64 + 0.5) * width;
            for (node, weight) in rule.0.iter().zip(&rule.1) {
                let y = middle + 0.5 * width * node;
                sum += 0.5 * width * weight * density(y) * chi2_tail(d2, (level - self.a * y * y) / self.b);
            }
        }
        sum + 1.0 - chi2_probability(d1, end * end)
    }
}

/// The value that Frees' `Q` exceeds with probability `alpha` when units are observed in `periods` periods (4 at least).
pub fn frees_critical(periods: usize, alpha: f64) -> f64 {
    let limit = Limit::new(periods as f64);
    let rule = gauss_legendre(20);
    let (low, mut high) = (-limit.a * limit.df[0] - limit.b * limit.df[1], 1.0);
    while limit.tail(high, &rule) > alpha {
        high *= 2.0;
    }
    roots::bracketed(|q| limit.tail(q, &rule) - alpha, low, high)
}

/// Greene's modified Wald statistic `sum_i (s_i^2 - s^2)^2 / V_i` of residuals in groups, with
/// `V_i = sum_t (e_it^2 - s_i^2)^2 / (T_i (T_i - 1))` (Baum 2001, Stata Journal 1).
pub fn modified_wald(groups: &[Vec<f64>]) -> f64 {
    let squares = |group: &[f64]| group.iter().map(|e| e * e).sum::<f64>();
    let total: f64 = groups.iter().map(|g| squares(g)).sum();
    let count: usize = groups.iter().map(Vec::len).sum();
    let pooled = total / count as f64;
    let part = |group: &Vec<f64>| {
        let t = group.len() as f64;
        let own = squares(group) / t;
        let spread: f64 = group.iter().map(|e| (e * e - own).powi(2)).sum::<f64>() / (t * (t - 1.0));
        (own - pooled).powi(2) / spread
    };
    groups.iter().map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of Q by scipy (integrate.quad over the density of x1, brentq), to five decimals.
    #[test]
    fn critical_values_of_frees() {
        for (t, alpha, value) in
            [(7, 0.1, 0.36251), (9, 0.05, 0.38244), (17, 0.01, 0.29168), (20, 0.1, 0.12892)]
        {
            assert!((frees_critical(t, alpha) - value).abs() < 6e-6, "{t} {alpha}");
        }
    }

    /// Residuals 1 -1 and 2 -2: variances 1 and 4 with no spread would divide by zero; 1 -1 2 -2 has s^2 2.5.
    #[test]
    fn modified_wald_by_hand() {
        // Group one: squares 1 1 4 4, s1^2 2.5, V 4 * 2.25/12 = 0.75; group two: 9 9 0 0, s2^2 4.5, V 4 * 20.25/12.
        let w = modified_wald(&[vec![1.0, -1.0, 2.0, -2.0], vec![3.0, -3.0, 0.0, 0.0]]);
        assert!((w - (1.0 / 0.75 + 1.0 / 6.75)).abs() < 1e-14);
    }
}
