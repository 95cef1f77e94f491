//! Thresholds of a regression by least squares: coefficients change where a variable passes a value. [TS] threshold; Hansen (1997),
//! Inference in TAR models; Gonzalo and Pitarakis (2002), Journal of Econometrics 110 (one threshold after the other).

use super::matrix::Mat;
use super::ols::{self, Request};

/// A regression with regions.
pub struct Problem {
    /// Outcome.
    pub y: Vec<f64>,
    /// Columns whose coefficients are the same in all regions.
    pub fixed: Vec<Vec<f64>>,
    /// Columns with coefficients of each region.
    pub regional: Vec<Vec<f64>>,
    /// The variable that separates the regions.
    pub q: Vec<f64>,
    /// Least share of the rows in a region.
    pub trim: f64,
}

/// Sums of squares and products of fixed columns, regional columns and the outcome over some rows.
#[derive(Clone)]
struct Products(Mat);

impl Problem {
    /// The region of a value: the number of thresholds below it.
    pub fn region(thresholds: &[f64], q: f64) -> usize {
        thresholds.iter().filter(|t| q > **t).count()
    }

    /// All columns, region after region behind the fixed ones.
    pub fn columns(&self, thresholds: &[f64]) -> Vec<Vec<f64>> {
        let mut out = self.fixed.clone();
        for region in 0..=thresholds.len() {
            let inside = |t: usize| Self::region(thresholds, self.q[t]) == region;
            let masked = |c: &Vec<f64>| (0..c.len()).map(|t| if inside(t) { c[t] } else { 0.0 }).collect();
            out.extend(self.regional.iter().map(masked));
        }
        out
    }

    /// Sum of squared residuals with these thresholds.
    pub fn ssr(&self, thresholds: &[f64]) -> Option<f64> {
        let columns = self.columns(thresholds);
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let request = Request { constant: false, ..Request::new(&self.y, &views) };
        let fit = ols::fit(&request).ok()?;
        (fit.basis.kept.len() == columns.len()).then_some(fit.rss)
    }

    /// The threshold that lowers the sum of squares most beside those known, with that sum; nothing where no region can be divided.
    pub fn next(&self, known: &[f64]) -> Option<(f64, f64)> {
        let mut found = self.candidates(known);
        let least = found.iter().map(|c| c.1).fold(f64::INFINITY, f64::min);
        let total: f64 = self.y.iter().map(|y| y * y).sum();
        // products lose digits: the close ones are compared by least squares itself
        found.retain(|c| c.1 <= least + 1e-8 * least.abs() + 1e-11 * total);
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found.truncate(50);
        let exact = found.iter().filter_map(|(threshold, _)| {
            let mut all = known.to_vec();
            all.push(*threshold);
            all.sort_by(f64::total_cmp);
            Some((*threshold, self.ssr(&all)?))
        });
        exact.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)))
    }

    /// Possible thresholds with their sums of squares by products.
    fn candidates(&self, known: &[f64]) -> Vec<(f64, f64)> {
        let least = self.trim * self.y.len() as f64;
        let width = self.fixed.len() + self.regional.len() + 1;
        let rows: Vec<Vec<f64>> = (0..self.y.len())
            .map(|t| self.fixed.iter().chain(&self.regional).map(|c| c[t]).chain([self.y[t]]).collect())
            .collect();
        let mut regions: Vec<Vec<usize>> = vec![Vec::new(); known.len() + 1];
        for t in 0..self.y.len() {
            regions[Self::region(known, self.q[t])].push(t);
        }
        let sums: Vec<Products> = regions.iter().map(|r| Products::of(&rows, r, width)).collect();
        let mut out = Vec::new();
        for (number, region) in regions.iter().enumerate() {
            let mut sorted = region.clone();
            sorted.sort_by(|a, b| self.q[*a].total_cmp(&self.q[*b]));
            let mut parts = sums.clone();
            parts.insert(number, Products(Mat::zeros(width, width)));
            for at in 0..sorted.len().saturating_sub(1) {
                parts[number].add(&rows[sorted[at]], 1.0);
                parts[number + 1].add(&rows[sorted[at]], -1.0);
                let (own, next) = (self.q[sorted[at]], self.q[sorted[at + 1]]);
                let (below, above) = ((at + 1) as f64, (sorted.len() - at - 1) as f64);
                if own < next && below >= least && above >= least {
                    out.extend(self.by_products(&parts).map(|ssr| (own, ssr)));
                }
            }
        }
        out
    }

    /// Sum of squared residuals from the products of each region.
    fn by_products(&self, parts: &[Products]) -> Option<f64> {
        let (f, r) = (self.fixed.len(), self.regional.len());
        let size = f + parts.len() * r;
        let mut normal = Mat::zeros(size, size);
        let mut right = vec![0.0; size];
        let mut squares = 0.0;
        for (region, Products(p)) in parts.iter().enumerate() {
            let place = |i: usize| if i < f { i } else { i + region * r };
            for i in 0..f + r {
                for j in 0..f + r {
                    normal[(place(i), place(j))] += p[(i, j)];
                }
                right[place(i)] += p[(i, f + r)];
            }
            squares += p[(f + r, f + r)];
        }
        let inverse = normal.inverse_definite()?;
        Some(squares - inverse.quadratic(&right))
    }
}

impl Products {
    fn of(rows: &[Vec<f64>], which: &[usize], width: usize) -> Self {
        let mut out = Self(Mat::zeros(width, width));
        which.iter().for_each(|t| out.add(&rows[*t], 1.0));
        out
    }

    fn add(&mut self, row: &[f64], sign: f64) {
        for i in 0..row.len() {
            for j in 0..row.len() {
                self.0[(i, j)] += sign * row[i] * row[j];
            }
        }
    }
}
