//! Covariances of a maximum: the inverse information, the outer product of the scores, and sandwiches.

use super::{Covariance, Local, Problem};
use crate::matrix::Mat;
use crate::real::stable_sum;
use crate::vce::{Clusters, Vce};
use crate::weights::WeightKind;

impl Problem<'_> {
    pub(super) fn covariance_of(&self, local: &Local) -> Option<Mat> {
        let inverse = self.reduced(local).1.inverse_definite()?;
        Some(self.widen(inverse))
    }

    fn widen(&self, small: Mat) -> Mat {
        self.allowed.as_ref().map_or(small.clone(), |a| a.basis.sandwich(&small))
    }

    /// The covariance of the requested kind; factors N/(N-1) by rows and G/(G-1) by clusters ([P] _robust).
    pub(super) fn requested(&self, local: &Local, v_model: &Mat, covariance: Covariance<'_>) -> Option<Mat> {
        let pweights = matches!(self.sample.weights, Some((_, WeightKind::Probability)));
        let n = self.sample.n;
        match covariance {
            Covariance::OuterProduct => {
                let meat = self.meat(local, None);
                let small = match &self.allowed {
                    None => meat,
                    Some(allowed) => allowed.basis.transpose().sandwich(&meat),
                };
                Some(self.widen(small.inverse_definite()?))
            }
            Covariance::Of(Vce::Cluster(c)) => {
                let g = c.count as f64;
                Some(v_model.sandwich(&self.meat(local, Some(c))).scaled(g / (g - 1.0)))
            }
            Covariance::Of(Vce::Classical) if !pweights => Some(v_model.clone()),
            Covariance::Of(_) => Some(v_model.sandwich(&self.meat(local, None)).scaled(n / (n - 1.0))),
        }
    }

    /// Sum of outer products of the scores, by row or by cluster.
    fn meat(&self, local: &Local, clusters: Option<Clusters<'_>>) -> Mat {
        let places = self.places();
        let rows = local.first.first().map_or(0, Vec::len);
        let frequency = matches!(self.sample.weights, Some((_, WeightKind::Frequency)));
        let score = |i: usize| -> Vec<f64> {
            let weight = self.weight(i, rows);
            let weight = if frequency && clusters.is_none() { weight.sqrt() } else { weight };
            places.iter().map(|(e, x)| weight * local.first[*e][i] * x.map_or(1.0, |c| c[i])).collect()
        };
        let size = self.size();
        if let Some(clusters) = clusters {
            let mut totals = vec![0.0; size * clusters.count];
            for i in 0..rows {
                let start = clusters.of_row[i] as usize * size;
                let scale = clusters.scale(i);
                totals[start..start + size].iter_mut().zip(score(i)).for_each(|(s, v)| *s += scale * v);
            }
            return clusters.outer_products(&totals, size);
        }
        let sums: Vec<Vec<f64>> = (0..rows).map(score).collect();
        Mat::from_fn(size, size, |a, b| stable_sum(sums.iter().map(|u| u[a] * u[b])))
    }
}
