//! Tests of structural breaks in a regression over time: p-values of tests with an unknown break date (Hansen 1997, Journal of Business &
//! Economic Statistics 15, 60-67) and cumulative sums of residuals (Brown, Durbin and Evans 1975, JRSS B 37; Ploberger and Kramer 1992).

use super::distributions::{chi2_tail, normal_tail};

/// How the statistics of all possible breaks are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The largest.
    Supremum,
    /// Their mean.
    Average,
    /// The logarithm of the mean of `exp(x / 2)`.
    Exponential,
}

impl Over {
    /// The statistic.
    pub fn statistic(self, all: &[f64]) -> f64 {
        let n = all.len() as f64;
        let largest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match self {
            Self::Supremum => largest,
            Self::Average => all.iter().sum::<f64>() / n,
            // the largest term is taken out: exp(x / 2) of a large statistic is no number
            Self::Exponential => {
                largest / 2.0 + (all.iter().map(|x| ((x - largest) / 2.0).exp()).sum::<f64>() / n).ln()
            }
        }
    }

    /// Coefficients of Hansen's response surfaces: 25 trimmings for each of 1 to 40 parameters, each a polynomial in the statistic and
    /// degrees of freedom.
    fn table(self) -> &'static str {
        match self {
            Self::Supremum => include_str!("sup.txt"),
            Self::Average => include_str!("ave.txt"),
            Self::Exponential => include_str!("exp.txt"),
        }
    }

    /// p-values by row of the table: trimmings 0.49, 0.47 ... 0.01.
    fn by_trimming(self, x: f64, parameters: usize) -> Vec<f64> {
        let rows = self.table().lines().skip(25 * (parameters - 1)).take(25);
        rows.map(|row| {
            let numbers: Vec<f64> = row.split_whitespace().filter_map(|n| n.parse().ok()).collect();
            let (df, polynomial) = numbers.split_last().unwrap_or((&1.0, &[]));
            let value = polynomial.iter().rev().fold(0.0, |sum, c| sum * x + c);
            chi2_tail(*df, value.max(0.0))
        })
        .collect()
    }

    /// p-value of a statistic of so many parameters whose breaks lie in the middle: shares `first` and `last` of the rows are left out at
    /// the ends. Missing for more than 40 parameters.
    pub fn p_value(self, x: f64, parameters: usize, (first, last): (f64, f64)) -> Option<f64> {
        if !(1..=40).contains(&parameters) {
            return None;
        }
        let odds = (1.0 - first) * (1.0 - last) / (first * last);
        let trimming = 1.0 / (1.0 + odds.sqrt());
        let p = self.by_trimming(x, parameters);
        // without room for a choice of the break the statistic is a chi-squared of its own
        let alone = match self {
            Self::Exponential => chi2_tail(parameters as f64, 2.0 * x),
            Self::Supremum | Self::Average => chi2_tail(parameters as f64, x),
        };
        Some(if trimming >= 0.5 {
            alone
        } else if trimming <= 0.01 {
            p[24]
        } else if trimming >= 0.49 {
            100.0 * ((0.5 - trimming) * p[0] + (trimming - 0.49) * alone)
        } else {
            let place = (0.51 - trimming) * 50.0;
            let below = (place.floor() as usize).clamp(1, 24);
            let share = place - below as f64;
            (1.0 - share) * p[below - 1] + share * p[below]
        })
    }
}

/// Standardised one-step prediction errors of a regression that grows row by row, from the first row for which the rows before it have
/// full rank; with the number of rows before it. Givens rotations keep the triangle of the rows so far.
pub fn recursive_residuals(y: &[f64], rows: &[Vec<f64>]) -> (usize, Vec<f64>) {
    let k = rows.first().map_or(0, Vec::len);
    let mut triangle: Vec<Vec<f64>> = vec![vec![0.0; k + 1]; k];
    let mut first = None;
    let mut out = Vec::new();
    for (t, row) in rows.iter().enumerate() {
        let full = (0..k).all(|i| triangle[i][i].abs() > 1e-10 * column_norm(&triangle, i));
        if full && t >= k {
            first.get_or_insert(t);
            out.push(prediction_error(&triangle, row, y[t]));
        }
        rotate_in(&mut triangle, row, y[t]);
    }
    (first.unwrap_or(rows.len()), out)
}

fn column_norm(triangle: &[Vec<f64>], column: usize) -> f64 {
    triangle.iter().map(|r| r[column].powi(2)).sum::<f64>().sqrt()
}

/// `(y - x'b) / sqrt(1 + x'(X'X)^-1 x)` from the triangle of the rows before.
fn prediction_error(triangle: &[Vec<f64>], row: &[f64], y: f64) -> f64 {
    let k = row.len();
    // R'u = x; then x'b = u'z and x'(X'X)^-1 x = u'u
    let mut u = vec![0.0; k];
    for i in 0..k {
        let sum: f64 = (0..i).map(|j| triangle[j][i] * u[j]).sum();
        u[i] = (row[i] - sum) / triangle[i][i];
    }
    let fitted: f64 = (0..k).map(|i| u[i] * triangle[i][k]).sum();
    (y - fitted) / (1.0 + u.iter().map(|v| v * v).sum::<f64>()).sqrt()
}

fn rotate_in(triangle: &mut [Vec<f64>], row: &[f64], y: f64) {
    let k = row.len();
    let mut incoming: Vec<f64> = row.iter().copied().chain([y]).collect();
    for i in 0..k {
        let radius = triangle[i][i].hypot(incoming[i]);
        if radius == 0.0 {
            continue;
        }
        let (c, s) = (triangle[i][i] / radius, incoming[i] / radius);
        for j in i..=k {
            let (own, other) = (triangle[i][j], incoming[j]);
            triangle[i][j] = c * own + s * other;
            incoming[j] = c * other - s * own;
        }
    }
}

/// Which residuals a cumulative sum adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cusum {
    /// Recursive residuals, with bounds that widen over time.
    Recursive,
    /// Residuals of least squares, with constant bounds.
    Ols,
}

impl Cusum {
    /// Critical value at a level of significance.
    pub fn critical(self, level: f64) -> f64 {
        let (mut low, mut high) = (0.1, 10.0);
        while high - low > 1e-13 {
            let middle = f64::midpoint(low, high);
            if self.crossing(middle) > level { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }

    /// Probability that the path leaves the bounds of size `a`.
    fn crossing(self, a: f64) -> f64 {
        match self {
            // Zeileis (2000), p value simulation for the Cusum test, with the crossings of both bounds; Brown, Durbin and Evans (1975) leave
            // those out
            Self::Recursive => {
                let once = normal_tail(3.0 * a)
                    + (-4.0 * a * a).exp() * (1.0 - normal_tail(a) - normal_tail(5.0 * a));
                2.0 * (once - (-16.0 * a * a).exp() * normal_tail(a))
            }
            // the largest distance of a Brownian bridge from zero
            Self::Ols => (1..=100)
                .map(|j| {
                    let j = f64::from(j);
                    let term = 2.0 * (-2.0 * (j * a).powi(2)).exp();
                    if j % 2.0 == 1.0 { term } else { -term }
                })
                .sum(),
        }
    }

    /// Size of the bound after a share of the path, in units of the critical value.
    pub fn bound(self, share: f64) -> f64 {
        match self {
            Self::Recursive => 1.0 + 2.0 * share,
            Self::Ols => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // Stata solves the equation to about six digits
        for (level, value) in [(0.01, 1.142_972_691), (0.05, 0.947_900_605_4), (0.1, 0.849_924_800_5)] {
            assert!((Cusum::Recursive.critical(level) - value).abs() < 3e-6);
        }
        assert!((Cusum::Ols.critical(0.05) - 1.358_1).abs() < 5e-5);
    }

    #[test]
    fn an_exponential_statistic_of_large_values_is_finite() {
        let all = [2000.0, 1000.0];
        assert!((Over::Exponential.statistic(&all) - (1000.0 + 0.5_f64.ln())).abs() < 1e-9);
    }
}
