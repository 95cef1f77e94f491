//! Likelihoods by groups with a weight for each group ([R] clogit).

use super::ml_group::{GroupLikelihood, GroupPoint};

/// A likelihood whose groups have weights.
pub struct Weighted<L> {
    /// The likelihood.
    pub inner: L,
    /// The weight of each group.
    pub weights: Vec<f64>,
}

impl<L: GroupLikelihood> GroupLikelihood for Weighted<L> {
    fn parameters(&self) -> usize {
        self.inner.parameters()
    }

    fn groups(&self) -> usize {
        self.inner.groups()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let point = self.inner.group(group, b);
        let w = self.weights[group];
        GroupPoint {
            ll: w * point.ll,
            gradient: point.gradient.iter().map(|g| w * g).collect(),
            hessian: point.hessian.scaled(w),
        }
    }
}
