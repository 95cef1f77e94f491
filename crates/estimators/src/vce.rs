//! Sandwich covariances: the sums of outer products of scores, by row or by cluster.
//! Scores are built in the orthonormal basis of the design, which keeps ill-conditioned designs accurate.

use std::collections::HashMap;

use super::blocks;
use super::driscoll_kraay;
use super::hac::{self, Hac};
use super::matrix::Mat;
use super::qr::Basis;

/// Cluster of each row, numbered from zero, and the number of clusters.
#[derive(Clone, Copy, Debug)]
pub struct Clusters<'a> {
    /// Cluster number of each row.
    pub of_row: &'a [u32],
    /// Number of clusters.
    pub count: usize,
    /// The clusters as units of a complex sample; independent ones without.
    pub sampled: Option<&'a Sampled>,
}

/// Sampling units in strata, one entry for each cluster: the sum of outer products becomes
/// `sum_h c_h (sum_i z_hi z_hi' - s_h z_h z_h')` with `z_hi` the total of unit `i` and `z_h` that of its stratum, which is the
/// covariance of [SVY] Variance estimation where `c_h = (1 - f_h) n_h/(n_h - 1)` and `s_h = 1/n_h`.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// Stratum of each cluster, numbered from zero.
    pub stratum: Vec<u32>,
    /// `c_h` of the cluster's stratum.
    pub factor: Vec<f64>,
    /// `s_h` of the cluster's stratum.
    pub share: Vec<f64>,
    /// Factor of the scores of each row.
    pub scale: Vec<f64>,
}

impl<'a> Clusters<'a> {
    /// Independent clusters.
    pub fn new(of_row: &'a [u32], count: usize) -> Self {
        Self { of_row, count, sampled: None }
    }

    /// The factor of the scores of a row before they are summed.
    pub fn scale(&self, row: usize) -> f64 {
        self.sampled.map_or(1.0, |s| s.scale[row])
    }

    /// Sum of outer products of the clusters' totals, `size` numbers for each. Estimators multiply it by `G/(G - 1)`; the
    /// factors of a complex sample are whole, so that it is divided by this first.
    pub fn outer_products(&self, totals: &[f64], size: usize) -> Mat {
        let mut out = Mat::zeros(size, size);
        let mut add = |total: &[f64], factor: f64| {
            for i in 0..size {
                for j in 0..size {
                    out[(i, j)] += factor * total[i] * total[j];
                }
            }
        };
        let units = totals.chunks_exact(size.max(1));
        let Some(sampled) = self.sampled else {
            units.for_each(|total| add(total, 1.0));
            return out;
        };
        let g = self.count as f64;
        let undone = (g - 1.0) / g;
        let strata = sampled.stratum.iter().max().map_or(0, |h| *h as usize + 1);
        let mut of_stratum = vec![vec![0.0; size]; strata];
        let mut centred = vec![0.0; strata];
        for (unit, total) in units.enumerate() {
            let h = sampled.stratum[unit] as usize;
            add(total, undone * sampled.factor[unit]);
            of_stratum[h].iter_mut().zip(total).for_each(|(sum, z)| *sum += z);
            centred[h] = undone * sampled.factor[unit] * sampled.share[unit];
        }
        of_stratum.iter().zip(&centred).for_each(|(total, factor)| add(total, -factor));
        out
    }
}

/// Which covariance of the parameters is requested.
#[derive(Clone, Copy, Debug)]
pub enum Vce<'a> {
    /// Errors of equal variance.
    Classical,
    /// Huber/White, with the small-sample factor of the estimator.
    Robust,
    /// Residuals divided by `sqrt(1 - h)` (MacKinnon and White 1985).
    Hc2,
    /// Residuals divided by `1 - h` (MacKinnon and White 1985).
    Hc3,
    /// Sums within clusters.
    Cluster(Clusters<'a>),
    /// Clusters in two directions: the sum of both covariances less the one of their intersections (Cameron, Gelbach and
    /// Miller 2011; Thompson 2011).
    TwoWay([Clusters<'a>; 3]),
    /// Rows that are correlated with the rows of other periods of their unit.
    Series(Hac<'a>),
    /// Sums within periods that are correlated over time (Driscoll and Kraay 1998).
    Periods(Periods<'a>),
}

/// Periods of rows, with the weights of Newey and West.
#[derive(Clone, Copy, Debug)]
pub struct Periods<'a> {
    /// Period of each row, numbered in time.
    pub of_row: &'a [usize],
    /// Number of periods with rows.
    pub count: usize,
    /// Number of lags.
    pub lags: usize,
}

impl Vce<'_> {
    /// Number of clusters that degrees of freedom follow: the smaller one in two directions, periods that are summed.
    pub fn groups(&self) -> Option<usize> {
        match self {
            Self::Cluster(clusters) => Some(clusters.count),
            Self::TwoWay([first, second, _]) => Some(first.count.min(second.count)),
            Self::Periods(periods) => Some(periods.count),
            _ => None,
        }
    }

    /// The middle of the sandwich in an orthonormal basis, from scores with their weights.
    pub fn meat(&self, basis: &Basis, columns: &[&[f64]], scores: &[f64]) -> Mat {
        match self {
            Self::Cluster(clusters) => cluster_meat(basis, columns, scores, *clusters),
            Self::TwoWay([first, second, both]) => {
                let [first, second, both] =
                    [first, second, both].map(|c| cluster_meat(basis, columns, scores, *c));
                first.plus(&second).minus(&both)
            }
            Self::Series(series) => hac::meat(basis, columns, scores, *series),
            Self::Periods(p) => driscoll_kraay::meat(basis, columns, scores, p.of_row, p.lags),
            _ => row_meat(basis, columns, scores),
        }
    }
}

/// `sum_i s_i^2 q_i q_i'` over the rows of the basis.
pub fn row_meat(basis: &Basis, columns: &[&[f64]], scores: &[f64]) -> Mat {
    let size = basis.len();
    let parts = blocks::map(scores.len(), |range| {
        let count = range.len();
        let mut rows = basis.rows(columns, range.clone());
        for column in rows.chunks_exact_mut(count) {
            column.iter_mut().zip(&scores[range.clone()]).for_each(|(q, s)| *q *= s);
        }
        cross_product(&rows, size, count)
    });
    parts.iter().fold(Mat::zeros(size, size), |sum, part| sum.plus(part))
}

/// `Z'Z` of a column-major block.
fn cross_product(rows: &[f64], size: usize, count: usize) -> Mat {
    let mut out = Mat::zeros(size, size);
    for i in 0..size {
        let left = &rows[i * count..(i + 1) * count];
        for j in 0..=i {
            let right = &rows[j * count..(j + 1) * count];
            let value = dot(left, right);
            out[(i, j)] = value;
            out[(j, i)] = value;
        }
    }
    out
}

/// Inner product in eight running sums.
pub fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in left.chunks_exact(8).zip(right.chunks_exact(8)) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let done = left.len() / 8 * 8;
    let rest: f64 = left[done..].iter().zip(&right[done..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// `sum_g u_g u_g'` with `u_g` the sum of `s_i q_i` over the rows of cluster `g`.
pub fn cluster_meat(basis: &Basis, columns: &[&[f64]], scores: &[f64], clusters: Clusters<'_>) -> Mat {
    let size = basis.len();
    sum_by_cluster(scores.len(), size, clusters, |range| {
        let count = range.len();
        let rows = basis.rows(columns, range.clone());
        (0..count)
            .flat_map(|i| (0..size).map(move |j| (i, j)))
            .map(|(i, j)| rows[j * count + i] * scores[range.start + i])
            .collect()
    })
}

/// `sum_g u_g u_g'` where `block` gives the scores of a range of rows, row by row, `size` numbers each.
pub fn sum_by_cluster(
    rows: usize,
    size: usize,
    clusters: Clusters<'_>,
    block: impl Fn(std::ops::Range<usize>) -> Vec<f64> + Sync,
) -> Mat {
    let parts = blocks::map(rows, |range| {
        let scores = block(range.clone());
        let mut slots: HashMap<u32, usize> = HashMap::new();
        let mut sums: Vec<(u32, Vec<f64>)> = Vec::new();
        for (row, score) in range.zip(scores.chunks_exact(size.max(1))) {
            let cluster = clusters.of_row[row];
            let slot = *slots.entry(cluster).or_insert_with(|| {
                sums.push((cluster, vec![0.0; size]));
                sums.len() - 1
            });
            let scale = clusters.scale(row);
            sums[slot].1.iter_mut().zip(score).for_each(|(sum, value)| *sum += scale * value);
        }
        sums
    });
    let mut totals = vec![0.0; clusters.count * size];
    for (cluster, sums) in parts.into_iter().flatten() {
        let start = cluster as usize * size;
        totals[start..start + size].iter_mut().zip(&sums).for_each(|(total, value)| *total += value);
    }
    clusters.outer_products(&totals, size)
}
