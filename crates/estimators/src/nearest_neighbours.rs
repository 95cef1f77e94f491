//! Discrimination by the nearest neighbours ([MV] discrim knn; Fix and Hodges 1951; Hastie, Tibshirani and Friedman 2009,
//! section 13.3).

use super::clusters::Measure;
use super::discriminant::Verdict;
use super::matrix::Mat;

/// The observations whose groups are known, and how far apart observations are.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// Observations, already transformed.
    points: Vec<Vec<f64>>,
    group: Vec<usize>,
    weights: Vec<f64>,
    /// Size of each group.
    counts: Vec<f64>,
    /// Number of neighbours.
    k: f64,
    measure: Measure,
    /// Inverse of the Cholesky factor of a covariance: the L2 measure is the Mahalanobis distance after it.
    transform: Option<Mat>,
}

impl Neighbours {
    /// Rows of `columns` in their groups. `covariance` transforms the data before distances are taken; nothing where it is
    /// singular.
    pub fn of(
        columns: &[Vec<f64>],
        group: &[usize],
        weights: &[f64],
        counts: &[f64],
        (k, measure): (f64, Measure),
        covariance: Option<&Mat>,
    ) -> Option<Self> {
        let transform = match covariance {
            Some(s) => Some(s.cholesky()?.inverse()?),
            None => None,
        };
        let mut out = Self {
            points: Vec::new(),
            group: group.to_vec(),
            weights: weights.to_vec(),
            counts: counts.to_vec(),
            k,
            measure,
            transform,
        };
        out.points = (0..group.len())
            .map(|i| out.place(&columns.iter().map(|c| c[i]).collect::<Vec<f64>>()))
            .collect();
        Some(out)
    }

    fn place(&self, x: &[f64]) -> Vec<f64> {
        self.transform.as_ref().map_or_else(|| x.to_vec(), |m| m.times_vector(x))
    }

    /// The shares of the groups among the nearest neighbours of `x` as densities, `k_g/n_g`: neighbours at the distance of
    /// the last one count too. With `own`, one observation of that group at the place of `x` does not count.
    pub fn judge(&self, x: &[f64], own: Option<usize>) -> Option<Verdict> {
        let x = self.place(x);
        let mut weights = self.weights.clone();
        let mut counts = self.counts.clone();
        if let Some(own) = own {
            let at = (0..self.points.len()).find(|i| self.group[*i] == own && self.points[*i] == x)?;
            weights[at] -= 1.0;
            counts[own] -= 1.0;
        }
        let mut near: Vec<(f64, usize)> = (0..self.points.len())
            .filter(|i| weights[*i] > 0.0)
            .map(|i| (self.measure.of(&self.points[i], &x), i))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut inside = vec![0.0; counts.len()];
        let (mut total, mut last) = (0.0, f64::NEG_INFINITY);
        for (distance, i) in near {
            if total >= self.k && distance > last * (1.0 + 1e-12) {
                break;
            }
            inside[self.group[i]] += weights[i];
            total += weights[i];
            last = distance;
        }
        let density = |(k, n): (&f64, &f64)| if *k > 0.0 { (k / n).ln() } else { f64::NEG_INFINITY };
        let densities = inside.iter().zip(&counts).map(density).collect();
        Some(Verdict { distances: Vec::new(), densities })
    }
}
