//! The wild restricted efficient bootstrap of the coefficient of one instrumented regressor after two-stage least squares:
//! Davidson and MacKinnon (2010), Journal of Business and Economic Statistics 28; by clusters and its tests by inversion:
//! Roodman, MacKinnon, Nielsen and Webb (2019), Stata Journal 19.
//!
//! Under the null the outcome less the regressor times its coefficient is regressed on the exogenous variables; the first
//! stage takes its residuals as a further regressor. A draw gives both residuals of a cluster the same weight.

use super::matrix::Mat;
use super::panel::Units;
use super::wild_bootstrap::{Tail, extreme};

/// The model; the constant is among the exogenous variables.
pub struct Instrumented<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// The regressor that is instrumented.
    pub x: &'a [f64],
    /// Exogenous variables.
    pub exogenous: &'a [Vec<f64>],
    /// Excluded instruments.
    pub instruments: &'a [Vec<f64>],
    /// Clusters of the errors, and of the weights of draws.
    pub clusters: &'a Units,
}

/// Columns without what the exogenous variables explain.
pub struct Restricted<'a> {
    model: &'a Instrumented<'a>,
    y: Vec<f64>,
    x: Vec<f64>,
    z: Vec<Vec<f64>>,
    /// Inverse cross products of the exogenous variables, and of the instruments without them.
    inverse: Mat,
    inverse_z: Mat,
    /// Products of instruments and exogenous variables by cluster.
    crossed: Vec<Mat>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn cross(columns: &[Vec<f64>]) -> Mat {
    Mat::from_fn(columns.len(), columns.len(), |i, j| dot(&columns[i], &columns[j]))
}

fn inverse(columns: &[Vec<f64>]) -> Option<Mat> {
    if columns.is_empty() { Some(Mat::zeros(0, 0)) } else { cross(columns).inverse_definite() }
}

/// Products of columns and a vector by cluster: one row for each cluster.
fn sums(columns: &[Vec<f64>], values: &[f64], clusters: &Units) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; columns.len()]; clusters.count()];
    for (i, g) in clusters.of_row.iter().enumerate() {
        let own = &mut out[*g as usize];
        own.iter_mut().zip(columns).for_each(|(sum, column)| *sum += column[i] * values[i]);
    }
    out
}

/// Residuals under a null, summed as the draws need them.
struct Null {
    /// Instruments times outcome residuals, first-stage residuals and first-stage fit.
    outcome: Vec<Vec<f64>>,
    first: Vec<Vec<f64>>,
    fit: Vec<Vec<f64>>,
    /// Exogenous variables times the two residuals.
    outcome_exogenous: Vec<Vec<f64>>,
    first_exogenous: Vec<Vec<f64>>,
}

impl<'a> Restricted<'a> {
    /// Nothing where the exogenous variables or the instruments are collinear.
    pub fn new(model: &'a Instrumented<'a>) -> Option<Self> {
        let own = inverse(model.exogenous)?;
        let without = |column: &[f64]| -> Vec<f64> {
            let moments: Vec<f64> = model.exogenous.iter().map(|c| dot(c, column)).collect();
            let b = own.times_vector(&moments);
            (0..column.len())
                .map(|i| column[i] - model.exogenous.iter().zip(&b).map(|(c, b)| c[i] * b).sum::<f64>())
                .collect()
        };
        let z: Vec<Vec<f64>> = model.instruments.iter().map(|c| without(c)).collect();
        let mut crossed = vec![Mat::zeros(z.len(), model.exogenous.len()); model.clusters.count()];
        for (i, g) in model.clusters.of_row.iter().enumerate() {
            for (a, z) in z.iter().enumerate() {
                for (b, w) in model.exogenous.iter().enumerate() {
                    crossed[*g as usize][(a, b)] += z[i] * w[i];
                }
            }
        }
        Some(Self {
            model,
            y: without(model.y),
            x: without(model.x),
            inverse_z: inverse(&z)?,
            z,
            inverse: own,
            crossed,
        })
    }

    /// Estimate less `r` over its clustered standard error (without a factor of small samples), from products of the
    /// instruments with the errors under the null and with the regressor, by cluster.
    fn statistic_of(&self, errors: &[Vec<f64>], regressor: &[Vec<f64>]) -> f64 {
        let total = |parts: &[Vec<f64>]| -> Vec<f64> {
            (0..self.z.len()).map(|j| parts.iter().map(|p| p[j]).sum()).collect()
        };
        let (all_errors, all_regressor) = (total(errors), total(regressor));
        let first = self.inverse_z.times_vector(&all_regressor);
        let distance = dot(&first, &all_errors) / dot(&first, &all_regressor);
        let scores =
            errors.iter().zip(regressor).map(|(e, x)| (dot(&first, e) - distance * dot(&first, x)).powi(2));
        distance * dot(&first, &all_regressor).abs() / scores.sum::<f64>().sqrt()
    }

    /// The statistic of the data for the target `r`.
    pub fn statistic(&self, r: f64) -> f64 {
        let errors: Vec<f64> = self.y.iter().zip(&self.x).map(|(y, x)| y - r * x).collect();
        let clusters = self.model.clusters;
        self.statistic_of(&sums(&self.z, &errors, clusters), &sums(&self.z, &self.x, clusters))
    }

    /// The estimate of two-stage least squares.
    pub fn estimate(&self) -> f64 {
        let moments = |v: &[f64]| -> Vec<f64> { self.z.iter().map(|z| dot(z, v)).collect() };
        let first = self.inverse_z.times_vector(&moments(&self.x));
        dot(&first, &moments(&self.y)) / dot(&first, &moments(&self.x))
    }

    fn null(&self, r: f64) -> Option<Null> {
        let u: Vec<f64> = self.y.iter().zip(&self.x).map(|(y, x)| y - r * x).collect();
        let mut columns = self.z.clone();
        columns.push(u);
        let moments: Vec<f64> = columns.iter().map(|c| dot(c, &self.x)).collect();
        let b = inverse(&columns)?.times_vector(&moments);
        let u = columns.pop().unwrap_or_default();
        let fit: Vec<f64> =
            (0..u.len()).map(|i| self.z.iter().zip(&b).map(|(z, b)| z[i] * b).sum()).collect();
        let v: Vec<f64> = self.x.iter().zip(&fit).map(|(x, f)| x - f).collect();
        let clusters = self.model.clusters;
        Some(Null {
            outcome: sums(&self.z, &u, clusters),
            first: sums(&self.z, &v, clusters),
            fit: sums(&self.z, &fit, clusters),
            outcome_exogenous: sums(self.model.exogenous, &u, clusters),
            first_exogenous: sums(self.model.exogenous, &v, clusters),
        })
    }

    /// Statistics of draws under the null `r`.
    pub fn draws(&self, r: f64, weights: &[Vec<f64>]) -> Option<Vec<f64>> {
        let null = self.null(r)?;
        // coefficients of the exogenous variables in the weighted residuals
        let explained = |parts: &[Vec<f64>], draw: &[f64]| {
            let total: Vec<f64> = (0..self.model.exogenous.len())
                .map(|j| parts.iter().zip(draw).map(|(p, w)| w * p[j]).sum())
                .collect();
            self.inverse.times_vector(&total)
        };
        let statistics = weights.iter().map(|draw| {
            let (of_errors, of_first) =
                (explained(&null.outcome_exogenous, draw), explained(&null.first_exogenous, draw));
            let product = |g: usize, parts: &[Vec<f64>], b: &[f64]| -> Vec<f64> {
                let lost = self.crossed[g].times_vector(b);
                parts[g].iter().zip(lost).map(|(p, l)| draw[g] * p - l).collect()
            };
            let groups = 0..draw.len();
            let errors: Vec<Vec<f64>> =
                groups.clone().map(|g| product(g, &null.outcome, &of_errors)).collect();
            let regressor: Vec<Vec<f64>> = groups
                .map(|g| {
                    let moved = product(g, &null.first, &of_first);
                    moved.iter().zip(&null.fit[g]).map(|(m, f)| m + f).collect()
                })
                .collect();
            self.statistic_of(&errors, &regressor)
        });
        Some(statistics.filter(|t| t.is_finite()).collect())
    }

    /// The p-value of the target `r`.
    pub fn p(&self, r: f64, weights: &[Vec<f64>], tail: Tail) -> f64 {
        self.draws(r, weights).map_or(f64::NAN, |draws| extreme(&draws, self.statistic(r), tail))
    }
}
