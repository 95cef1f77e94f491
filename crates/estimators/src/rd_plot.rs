//! Binned means beside a cutoff: numbers of bins and global polynomials. Calonico, Cattaneo and Titiunik (2015), Optimal
//! data-driven regression discontinuity plots, Journal of the American Statistical Association 110, with its estimators of
//! variance by spacings and by polynomials.

use super::qr::{Design, solve};

/// How bins are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Of equal length.
    Even,
    /// With equal numbers of observations.
    Quantile,
}

/// How the variance of the outcome at a point is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// From differences of neighbours, which values that occur often make too small.
    Spacings,
    /// From polynomials of the outcome and its square; where their difference is negative, the variance of the side is
    /// taken.
    Polynomials,
}

/// One side of the cutoff, in ascending order of the running variable.
pub struct Side {
    /// Running variable.
    pub x: Vec<f64>,
    /// Outcome.
    pub y: Vec<f64>,
    /// The cutoff.
    pub cutoff: f64,
}

/// Means of the observations in a bin.
#[derive(Clone, Debug)]
pub struct Bin {
    /// Ends.
    pub ends: (f64, f64),
    /// Number of observations.
    pub count: usize,
    /// Mean of the running variable.
    pub x: f64,
    /// Mean of the outcome.
    pub y: f64,
    /// Standard error of that mean.
    pub se: f64,
}

impl Side {
    /// Distance of the farthest observation from the cutoff.
    pub fn range(&self) -> f64 {
        self.x.iter().map(|x| (x - self.cutoff).abs()).fold(0.0, f64::max)
    }

    /// Ends of the side.
    fn ends(&self) -> (f64, f64) {
        match self.x.first() {
            Some(first) if *first < self.cutoff => (*first, self.cutoff),
            _ => (self.cutoff, self.x.last().copied().unwrap_or(self.cutoff)),
        }
    }

    /// Coefficients of a polynomial in the distance from the cutoff, constant first, with weights of the rows; nothing where
    /// the powers are collinear.
    pub fn polynomial(&self, order: usize, weights: Option<&[f64]>) -> Option<Vec<f64>> {
        self.polynomial_of(&self.y, order, weights)
    }

    fn polynomial_of(&self, y: &[f64], order: usize, weights: Option<&[f64]>) -> Option<Vec<f64>> {
        let used: Vec<usize> = (0..self.x.len()).filter(|i| weights.is_none_or(|w| w[*i] > 0.0)).collect();
        let y: Vec<f64> = used.iter().map(|i| y[*i]).collect();
        let own: Option<Vec<f64>> = weights.map(|w| used.iter().map(|i| w[*i]).collect());
        let powers: Vec<Vec<f64>> = (1..=order)
            .map(|p| used.iter().map(|i| (self.x[*i] - self.cutoff).powi(p as i32)).collect())
            .collect();
        let columns: Vec<&[f64]> = powers.iter().map(Vec::as_slice).collect();
        if y.len() <= order {
            return None;
        }
        let fit = solve(Design { columns: &columns, weights: own.as_deref(), constant: true }, &y);
        if fit.basis.kept.len() < order {
            return None;
        }
        let mut b = vec![fit.b[order]];
        b.extend(&fit.b[..order]);
        Some(b)
    }

    /// Number of bins that minimises the integrated mean squared error, and the one whose variance mimics that of the data,
    /// among `total` observations of both sides; `order` is that of the polynomial behind the bias.
    pub fn bins(
        &self,
        spacing: Spacing,
        variance: Variance,
        order: usize,
        total: usize,
    ) -> Option<(usize, usize)> {
        let b = self.polynomial(order, None)?;
        let slope = |x: f64| -> f64 {
            let z = x - self.cutoff;
            (1..=order).map(|p| p as f64 * b[p] * z.powi(p as i32 - 1)).sum()
        };
        let n = self.x.len() as f64;
        let pairs = || self.x.windows(2).zip(self.y.windows(2)).map(|(x, y)| (x[1] - x[0], y[1] - y[0], x));
        let range = self.range();
        let mean = self.y.iter().sum::<f64>() / n;
        let spread = self.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let middle = |x: &[f64]| 0.5 * (x[0] + x[1]);
        let variance = match variance {
            Variance::Spacings => match spacing {
                Spacing::Even => pairs().map(|(dx, dy, _)| dx * dy * dy).sum::<f64>() / (2.0 * range),
                Spacing::Quantile => pairs().map(|(_, dy, _)| dy * dy).sum::<f64>() / (2.0 * n),
            },
            Variance::Polynomials => {
                let squares: Vec<f64> = self.y.iter().map(|y| y * y).collect();
                let second = self.polynomial_of(&squares, order, None)?;
                let value =
                    |b: &[f64], x: f64| b.iter().rev().fold(0.0, |sum, b| sum * (x - self.cutoff) + b);
                let at = |x: f64| {
                    let found = value(&second, x) - value(&b, x).powi(2);
                    if found < 0.0 { spread } else { found }
                };
                match spacing {
                    Spacing::Even => pairs().map(|(dx, _, x)| dx * at(middle(x))).sum::<f64>() / range,
                    Spacing::Quantile => self.x.iter().map(|x| at(*x)).sum::<f64>() / n,
                }
            }
        };
        let bias = match spacing {
            Spacing::Even => range * range / 12.0 * self.x.iter().map(|x| slope(*x).powi(2)).sum::<f64>() / n,
            Spacing::Quantile => {
                n * n / 24.0 * pairs().map(|(dx, _, x)| (dx * slope(middle(x))).powi(2)).sum::<f64>()
            }
        };
        let scale = if spacing == Spacing::Even { n } else { 1.0 };
        let error = (2.0 * bias * scale / variance).cbrt().ceil();
        let all = total as f64;
        let mimic = (spread / variance * all / all.ln().powi(2)).ceil();
        (error.is_finite() && mimic.is_finite()).then_some((error.max(1.0) as usize, mimic.max(1.0) as usize))
    }

    /// Ends of bins, one more than there are bins.
    pub fn edges(&self, spacing: Spacing, bins: usize) -> Vec<f64> {
        let (low, high) = self.ends();
        (0..=bins)
            .map(|j| {
                let share = j as f64 / bins as f64;
                match spacing {
                    _ if j == 0 => low,
                    _ if j == bins => high,
                    Spacing::Even => low + share * (high - low),
                    Spacing::Quantile => {
                        let at = share * (self.x.len() - 1) as f64;
                        let i = at.floor() as usize;
                        let next = self.x[(i + 1).min(self.x.len() - 1)];
                        self.x[i] + (at - i as f64) * (next - self.x[i])
                    }
                }
            })
            .collect()
    }

    /// The bin of each observation: from its lower end up to its upper one, the last bin with both ends.
    pub fn bin_of(&self, edges: &[f64]) -> Vec<usize> {
        let last = edges.len() - 2;
        self.x.iter().map(|x| edges[1..].partition_point(|edge| edge <= x).min(last)).collect()
    }

    /// Means of the bins; those without observations have a count of zero.
    pub fn means(&self, edges: &[f64], bin_of: &[usize]) -> Vec<Bin> {
        (0..edges.len() - 1)
            .map(|j| {
                let own: Vec<usize> = (0..self.x.len()).filter(|i| bin_of[*i] == j).collect();
                let n = own.len() as f64;
                let mean = |values: &[f64]| own.iter().map(|i| values[*i]).sum::<f64>() / n;
                let (x, y) = (mean(&self.x), mean(&self.y));
                let squares: f64 = own.iter().map(|i| (self.y[*i] - y).powi(2)).sum();
                let se = (squares / (n - 1.0) / n).sqrt();
                Bin { ends: (edges[j], edges[j + 1]), count: own.len(), x, y, se }
            })
            .collect()
    }
}

/// Mean and median of the lengths of bins.
pub fn lengths(edges: &[f64]) -> (f64, f64) {
    let mut lengths: Vec<f64> = edges.windows(2).map(|w| w[1] - w[0]).collect();
    lengths.sort_by(f64::total_cmp);
    let n = lengths.len();
    let median = if n % 2 == 1 { lengths[n / 2] } else { 0.5 * (lengths[n / 2 - 1] + lengths[n / 2]) };
    (lengths.iter().sum::<f64>() / n as f64, median)
}
