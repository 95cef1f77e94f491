//! Linear regression on columns without the effects of several sets, with the degrees of freedom of the Stata
//! package reghdfe (Correia 2016, 2017) and covariances by one or several sets of clusters (Cameron, Gelbach and Miller
//! 2011).

use super::absorb::{Absorber, NotConverged};
use super::matrix::Mat;
use super::ols::{self, FitError, OlsFit, Request};
use super::panel::Units;
use super::qr::weighted_mean;
use super::vce::{Clusters, Vce};
use super::weights::Weights;

/// The covariance of the coefficients.
pub enum Covariance<'a> {
    /// Errors of equal variance.
    Classical,
    /// Huber/White.
    Robust,
    /// Sums within the clusters of one or several variables.
    Clusters(&'a [Units]),
}

/// A regression with absorbed effects.
pub struct AbsorbedFit {
    /// Coefficients and constant with the covariance that was asked for; `df_r` is that of the tests.
    pub ols: OlsFit,
    /// Levels of each set, redundant ones, and whether the set is nested within a cluster.
    pub sets: Vec<(usize, usize, bool)>,
    /// Coefficients of the effects that count, those of sets nested within clusters excluded.
    pub df_a: f64,
    /// Rows less all coefficients, the degrees of freedom of the mean squared error.
    pub df_residual: f64,
    /// Total sum of squares around the mean, and after the effects are removed.
    pub total: (f64, f64),
    /// Number of clusters of each variable.
    pub clusters: Vec<usize>,
    /// Whether negative eigenvalues of the covariance were set to zero.
    pub repaired: bool,
}

/// Whether every group of `inner` lies within one group of `outer`.
pub fn nested(inner: &Units, outer: &Units) -> bool {
    let mut seen = vec![u32::MAX; inner.count()];
    inner.of_row.iter().zip(&outer.of_row).all(|(i, o)| {
        let slot = &mut seen[*i as usize];
        if *slot == u32::MAX {
            *slot = *o;
        }
        *slot == *o
    })
}

/// Numbers the combinations of several groupings.
pub fn intersection(all: &[&Units]) -> Units {
    let mut numbers = std::collections::HashMap::new();
    let rows = all.first().map_or(0, |u| u.of_row.len());
    let of_row = (0..rows)
        .map(|r| {
            let key: Vec<u32> = all.iter().map(|u| u.of_row[r]).collect();
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        })
        .collect();
    Units::new(of_row)
}

/// Rows that are alone in a group of some set, found again until none is left.
pub fn singletons(sets: &[Units]) -> Vec<usize> {
    let rows = sets.first().map_or(0, |s| s.of_row.len());
    let mut sizes: Vec<Vec<usize>> = sets.iter().map(|s| s.sizes.clone()).collect();
    let mut dropped = vec![false; rows];
    loop {
        let mut found = false;
        for row in 0..rows {
            let alone = |sizes: &[Vec<usize>]| {
                sets.iter().zip(sizes).any(|(set, sizes)| sizes[set.of_row[row] as usize] == 1)
            };
            if !dropped[row] && alone(&sizes) {
                dropped[row] = true;
                found = true;
                for (set, sizes) in sets.iter().zip(&mut sizes) {
                    sizes[set.of_row[row] as usize] -= 1;
                }
            }
        }
        if !found {
            return (0..rows).filter(|r| dropped[*r]).collect();
        }
    }
}

/// Fits the regression; `order` of the sets does not matter, the redundant effects count in the order given.
pub fn fit(
    y: &[f64],
    columns: &[&[f64]],
    weights: Option<&Weights>,
    sets: &[Units],
    covariance: &Covariance<'_>,
) -> Result<AbsorbedFit, FitError> {
    let effective = weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let redundant = Absorber::new(sets, w).redundant();
    // The largest set is eliminated exactly.
    let mut sorted: Vec<Units> =
        sets.iter().map(|s| Units { of_row: s.of_row.clone(), sizes: s.sizes.clone() }).collect();
    sorted.sort_by_key(|s| std::cmp::Reverse(s.count()));
    let absorber = Absorber::new(&sorted, w);
    let all: Vec<&[f64]> = columns.iter().copied().chain([y]).collect();
    let mut cleaned = absorber.clean(&all, w).map_err(|NotConverged| FitError::NotConverged)?;
    let outcome = cleaned.pop().expect("the outcome is the last column");
    let slices: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
    let clusters: &[Units] = match covariance {
        Covariance::Clusters(units) => units,
        _ => &[],
    };
    let table: Vec<(usize, usize, bool)> = sets
        .iter()
        .zip(&redundant)
        .map(|(set, lost)| {
            let inside = clusters.iter().any(|c| nested(set, c));
            (set.count(), if inside { set.count() } else { *lost }, inside)
        })
        .collect();
    let df_a = table.iter().map(|(levels, lost, _)| levels - lost).sum::<usize>() as f64;
    let every: usize = sets.iter().zip(&redundant).map(|(set, lost)| set.count() - lost).sum();
    // The first set has the constant among its effects; it counts on its own where that set is nested.
    let counted = if table.first().is_some_and(|t| t.2) { df_a } else { df_a - 1.0 };
    let request = |vce: Vce<'_>, absorbed: usize| {
        ols::fit(&Request {
            weights,
            vce,
            absorbed,
            absorbed_in_cluster: true,
            ..Request::new(&outcome, &slices)
        })
    };
    let classical = request(Vce::Classical, every - 1)?;
    let df_residual = classical.df_residual;
    let counts: Vec<usize> = clusters.iter().map(Units::count).collect();
    let (fitted, repaired) = match covariance {
        Covariance::Classical => (classical, false),
        Covariance::Robust => (request(Vce::Robust, every - 1)?, false),
        Covariance::Clusters(units) => {
            by_clusters(units, |clusters| request(Vce::Cluster(clusters), counted as usize))?
        }
    };
    let squares = |values: &[f64]| {
        let mean = weighted_mean(values, w);
        let weight = |i: usize| w.map_or(1.0, |w| w[i]);
        values.iter().enumerate().map(|(i, v)| weight(i) * (v - mean).powi(2)).sum::<f64>()
    };
    let total = (squares(y), squares(&outcome));
    Ok(AbsorbedFit { ols: fitted, sets: table, df_a, df_residual, total, clusters: counts, repaired })
}

/// The covariance by one or several sets of clusters: those of every combination of the sets are added where it has an
/// odd number of sets and subtracted otherwise. All have the factor of the set with the fewest clusters.
fn by_clusters(
    units: &[Units],
    fit: impl Fn(Clusters<'_>) -> Result<OlsFit, FitError>,
) -> Result<(OlsFit, bool), FitError> {
    let smallest = units.iter().map(Units::count).min().unwrap_or(0);
    let factor = |g: usize| g as f64 / (g as f64 - 1.0);
    let mut found: Option<(OlsFit, Mat)> = None;
    for choice in 1..1_u32 << units.len() {
        let chosen: Vec<&Units> =
            (0..units.len()).filter(|k| choice & (1 << k) != 0).map(|k| &units[k]).collect();
        let both = intersection(&chosen);
        let one = fit(both.clusters())?;
        let scale = factor(smallest) / factor(both.count());
        let part = one.v.clone().scaled(if chosen.len() % 2 == 1 { scale } else { -scale });
        found = Some(match found {
            None => (one, part),
            Some((first, sum)) => (first, sum.plus(&part)),
        });
    }
    let (mut out, v) = found.ok_or(FitError::OneCluster)?;
    let (v, repaired) = if units.len() > 1 { semidefinite(&v) } else { (v, false) };
    out.v = v;
    out.df_r = smallest as f64 - 1.0;
    Ok((out, repaired))
}

/// The matrix with its negative eigenvalues set to zero.
pub fn semidefinite(v: &Mat) -> (Mat, bool) {
    let (values, vectors) = v.symmetrised().symmetric_eigen();
    let largest = values.iter().copied().fold(0.0, f64::max);
    if values.iter().all(|x| *x >= -1e-14 * largest) {
        return (v.clone(), false);
    }
    let size = values.len();
    let repaired = Mat::from_fn(size, size, |i, j| {
        (0..size).map(|k| vectors[(i, k)] * values[k].max(0.0) * vectors[(j, k)]).sum()
    });
    (repaired, true)
}
