//! Variances of complex samples by Taylor linearisation: strata, primary sampling units, finite populations and
//! strata with one unit. What is linearised (means, coefficients) is the caller's; designs are read elsewhere.
//!
//! Formulas: [SVY] Variance estimation, "Linearized variance estimation" and "Strata with one sampling unit";
//! [SVY] estat, "Design effects"; Rao and Scott (1984), Annals of Statistics 12, for the test of tables.

use super::matrix::Mat;
use std::collections::HashMap;

/// Treatment of a stratum with one sampling unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SingleUnit {
    /// No variance can be given.
    Missing,
    /// The unit was certain to be drawn and adds nothing.
    Certainty,
    /// As certainty, and the variance is scaled up by the share of such strata.
    Scaled,
    /// Deviations are taken from the mean of all units.
    Centered,
}

/// Sampling units in strata, for rows of a sample.
#[derive(Debug, Clone)]
pub struct Units {
    unit_of_row: Vec<usize>,
    stratum_of_unit: Vec<usize>,
    units_in: Vec<f64>,
    rate: Vec<f64>,
    /// Product of the sampled shares of the stages above, one in the first stage.
    above: Vec<f64>,
}

/// A row's unit and stratum with the factors of its stratum.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Number of the unit.
    pub unit: usize,
    /// Number of the stratum.
    pub stratum: usize,
    /// Factor of the squares.
    pub factor: f64,
    /// Share of a unit in the mean of its stratum.
    pub share: f64,
}

/// A covariance, or nothing when a stratum has one unit and this is not to be smoothed over.
pub type Covariance = Option<Mat>;

impl Units {
    /// Numbers the units within strata. `rate` gives the sampled share of each row's stratum (zero without a
    /// finite population), `population` says that it gives the number of units in the population instead.
    pub fn new(strata: &[u32], units: &[u32], rate: &[f64], population: bool) -> Self {
        let mut out = Self {
            unit_of_row: Vec::with_capacity(strata.len()),
            stratum_of_unit: Vec::new(),
            units_in: Vec::new(),
            rate: Vec::new(),
            above: Vec::new(),
        };
        let mut stratum: HashMap<u32, usize> = HashMap::new();
        let mut unit: HashMap<(u32, u32), usize> = HashMap::new();
        for i in 0..strata.len() {
            let h = *stratum.entry(strata[i]).or_insert_with(|| {
                out.units_in.push(0.0);
                out.rate.push(rate[i]);
                out.above.push(1.0);
                out.units_in.len() - 1
            });
            let u = *unit.entry((strata[i], units[i])).or_insert_with(|| {
                out.units_in[h] += 1.0;
                out.stratum_of_unit.push(h);
                out.stratum_of_unit.len() - 1
            });
            out.unit_of_row.push(u);
        }
        if population {
            out.rate.iter_mut().zip(&out.units_in).for_each(|(f, n)| *f = n / *f);
        }
        out
    }

    /// Numbers the strata within the units of this stage, for each row.
    #[must_use]
    pub fn strata_within(&self, strata: &[u32]) -> Vec<u32> {
        let mut numbers: HashMap<(usize, u32), u32> = HashMap::new();
        let number = |(unit, h): (&usize, &u32)| {
            let next = numbers.len() as u32;
            *numbers.entry((*unit, *h)).or_insert(next)
        };
        self.unit_of_row.iter().zip(strata).map(number).collect()
    }

    /// Units of the next stage, in strata numbered by [`Self::strata_within`]. Their squares count with the product of the
    /// sampled shares of the stages above: `f_h (1 - f_hi) m_hi/(m_hi - 1)` in the second ([SVY] Variance estimation).
    #[must_use]
    pub fn within(&self, strata: &[u32], units: &[u32], rate: &[f64], population: bool) -> Self {
        let mut out = Self::new(strata, units, rate, population);
        for (row, unit) in out.unit_of_row.iter().enumerate() {
            let upper = self.stratum_of_unit[self.unit_of_row[row]];
            out.above[out.stratum_of_unit[*unit]] = self.above[upper] * self.rate[upper].min(1.0);
        }
        out
    }

    /// What a sandwich covariance needs of each row ([`crate::vce::Sampled`]): `(1 - f_h) n_h/(n_h - 1)` and `1/n_h`. Scores sum
    /// to zero, so that a unit alone in its stratum deviates from the mean of all units by its own total.
    pub fn places(&self, single: SingleUnit) -> Vec<Place> {
        let unknown = single == SingleUnit::Missing && self.single() > 0;
        let with_several = self.strata() - self.single();
        let scaled = single == SingleUnit::Scaled && with_several > 0;
        let all = if scaled { self.strata() as f64 / with_several as f64 } else { 1.0 };
        let place = |unit: &usize| {
            let stratum = self.stratum_of_unit[*unit];
            let (n, left) = (self.units_in[stratum], (1.0 - self.rate[stratum]).max(0.0));
            let (factor, share) = match (n == 1.0, single) {
                _ if unknown => (0.0, 0.0),
                (true, SingleUnit::Centered) => (left, 0.0),
                (true, _) => (0.0, 0.0),
                (false, _) => (all * left * n / (n - 1.0), 1.0 / n),
            };
            Place { unit: *unit, stratum, factor, share }
        };
        self.unit_of_row.iter().map(place).collect()
    }

    /// Number of strata.
    pub fn strata(&self) -> usize {
        self.units_in.len()
    }

    /// Number of sampling units.
    pub fn units(&self) -> usize {
        self.stratum_of_unit.len()
    }

    /// The largest sampled share of a stratum.
    pub fn largest_rate(&self) -> f64 {
        self.rate.iter().fold(0.0, |m, r| m.max(*r))
    }

    /// Number of strata with one unit that is not a census of its stratum.
    pub fn single(&self) -> usize {
        let alone = |h: &usize| self.units_in[*h] == 1.0 && self.rate[*h] < 1.0 && self.above[*h] > 0.0;
        (0..self.strata()).filter(alone).count()
    }

    /// Number of strata that were drawn whole.
    pub fn certain(&self) -> usize {
        self.rate.iter().filter(|f| **f >= 1.0).count()
    }

    /// `sum_h a_h (1 - f_h) n_h/(n_h - 1) sum_j (z_hj - mean_h)(z_hj - mean_h)'` with `z_hj` the sum of the
    /// weighted scores of unit `j` in stratum `h` and `a_h` the sampled share above, one in the first stage; `scores`
    /// has one column per parameter.
    pub fn covariance(&self, scores: &[Vec<f64>], single: SingleUnit) -> Covariance {
        if single == SingleUnit::Missing && self.single() > 0 {
            return None;
        }
        let (p, units) = (scores.len(), self.units());
        let mut totals = vec![vec![0.0; units]; p];
        for (total, column) in totals.iter_mut().zip(scores) {
            for (u, z) in self.unit_of_row.iter().zip(column) {
                total[*u] += z;
            }
        }
        for total in &mut totals {
            let mut mean = vec![0.0; self.strata()];
            for (u, z) in total.iter().enumerate() {
                mean[self.stratum_of_unit[u]] += z / self.units_in[self.stratum_of_unit[u]];
            }
            let all = total.iter().sum::<f64>() / units as f64;
            for (u, z) in total.iter_mut().enumerate() {
                let h = self.stratum_of_unit[u];
                let n = self.units_in[h];
                let left = self.above[h] * (1.0 - self.rate[h]).max(0.0);
                if n == 1.0 {
                    let kept = single == SingleUnit::Centered;
                    *z = if kept { left.sqrt() * (*z - all) } else { 0.0 };
                } else {
                    *z = (left * n / (n - 1.0)).sqrt() * (*z - mean[h]);
                }
            }
        }
        let with_several = self.strata() - self.single();
        let factor = if single == SingleUnit::Scaled && with_several > 0 {
            self.strata() as f64 / with_several as f64
        } else {
            1.0
        };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        Some(Mat::from_fn(p, p, |i, j| factor * dot(&totals[i], &totals[j])))
    }
}

/// Covariance under simple random sampling with replacement of as many rows:
/// `M/(m-1) sum w_j (d_j - mean)(d_j - mean)'` with `M` the sum of the weights of the `m` rows. Columns hold the
/// linearised values `d_j` without weights.
pub fn simple_random(linearised: &[Vec<f64>], weights: &[f64]) -> Mat {
    let (m, mass) = (weights.len() as f64, weights.iter().sum::<f64>());
    let centred: Vec<Vec<f64>> = linearised
        .iter()
        .map(|d| {
            let mean = d.iter().zip(weights).map(|(d, w)| d * w).sum::<f64>() / mass;
            d.iter().map(|d| d - mean).collect()
        })
        .collect();
    Mat::from_fn(linearised.len(), linearised.len(), |i, j| {
        let sum: f64 = (0..weights.len()).map(|r| weights[r] * centred[i][r] * centred[j][r]).sum();
        mass / (m - 1.0) * sum
    })
}

/// Adjusted Wald test of `df` restrictions with `design` degrees of freedom: F and its denominator,
/// `F = (d - k + 1)/(k d) W`, `d - k + 1` ([SVY] Variance estimation; Korn and Graubard 1990).
pub fn adjusted_wald(chi2: f64, df: usize, design: f64) -> (f64, f64) {
    let k = df as f64;
    ((design - k + 1.0) / (k * design) * chi2, design - k + 1.0)
}

/// A test of a table of proportions.
#[derive(Debug, Clone, Copy)]
pub struct TableTest {
    /// Uncorrected chi-squared.
    pub chi2: f64,
    /// F with the second-order correction.
    pub f: f64,
    /// Numerator degrees of freedom.
    pub df1: f64,
    /// Denominator degrees of freedom.
    pub df2: f64,
}

/// Rao and Scott's second-order corrected Pearson test of independence. `p` are the cell proportions row by
/// row, `v` their covariance, `m` the number of rows of the sample, `design` its degrees of freedom.
/// `Delta = (C' D^-1 V_srs D^-1 C)^-1 (C' D^-1 V D^-1 C)` with `C` the interactions.
pub fn independence(p: &[f64], rows: usize, cols: usize, v: &Mat, m: f64, design: f64) -> Option<TableTest> {
    let row_sum: Vec<f64> = (0..rows).map(|r| p[r * cols..(r + 1) * cols].iter().sum()).collect();
    let col_sum: Vec<f64> = (0..cols).map(|c| (0..rows).map(|r| p[r * cols + c]).sum()).collect();
    if row_sum.iter().chain(&col_sum).any(|x| *x <= 0.0) || rows < 2 || cols < 2 {
        return None;
    }
    let chi2 = m
        * (0..rows * cols)
            .map(|i| {
                let e = row_sum[i / cols] * col_sum[i % cols];
                (p[i] - e).powi(2) / e
            })
            .sum::<f64>();
    // Interactions of effect-coded rows and columns are orthogonal to the constant and the main effects.
    let effect = |level: usize, j: usize, levels: usize| {
        f64::from(u8::from(level == j)) - f64::from(u8::from(level == levels - 1))
    };
    let size = (rows - 1) * (cols - 1);
    // The variance of an empty cell is zero: its weight does not matter.
    let inverse = |p: f64| if p > 0.0 { 1.0 / p } else { 0.0 };
    let scaled = Mat::from_fn(rows * cols, size, |i, k| {
        effect(i / cols, k / (cols - 1), rows) * effect(i % cols, k % (cols - 1), cols) * inverse(p[i])
    });
    let simple =
        Mat::from_fn(rows * cols, rows * cols, |i, j| ((if i == j { p[i] } else { 0.0 }) - p[i] * p[j]) / m);
    let across = scaled.transpose();
    let delta = across.sandwich(&simple).inverse()?.times(&across.sandwich(v));
    let trace: f64 = delta.diagonal().iter().sum();
    let squares: f64 = delta.times(&delta).diagonal().iter().sum();
    let df1 = trace * trace / squares;
    Some(TableTest { chi2, f: chi2 / trace, df1, df2: design * df1 })
}
