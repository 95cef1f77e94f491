//! Likelihoods of categorical outcomes: ordered logit and probit, multinomial logit.

use super::ml::Likelihood;
use super::ml_binary::Link;

/// Ordered outcome: index 0 is the linear predictor, index `j` is cut point `j` ([R] ologit, [R] oprobit).
pub struct Ordered<'a> {
    /// Category of each row from zero.
    pub y: &'a [usize],
    /// Number of categories, at least two.
    pub categories: usize,
    /// Distribution of the latent error.
    pub link: Link,
}

impl Ordered<'_> {
    /// Probability of a category.
    pub fn probability(link: Link, category: usize, xb: f64, cuts: &[f64]) -> f64 {
        let upper = cuts.get(category).map(|c| c - xb);
        let lower = category.checked_sub(1).map(|j| cuts[j] - xb);
        match (lower, upper) {
            (None, Some(u)) => link.probability(u),
            (Some(l), None) => link.probability(-l),
            // Differences are taken in the smaller tail, where they keep their digits.
            (Some(l), Some(u)) if l > 0.0 => link.probability(-l) - link.probability(-u),
            (Some(l), Some(u)) => link.probability(u) - link.probability(l),
            (None, None) => 1.0,
        }
    }
}

impl Likelihood for Ordered<'_> {
    fn equations(&self) -> usize {
        self.categories
    }

    fn cuts(&self) -> bool {
        true
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        hessian.fill(0.0);
        let width = self.categories;
        let category = self.y[row];
        let xb = eta[0];
        let p = Self::probability(self.link, category, xb, &eta[1..]);
        // (cut index, first derivative of P, second derivative of P) for the bounds that exist.
        let upper = (category + 1 < width).then(|| {
            let u = eta[category + 1] - xb;
            (category + 1, self.link.density(u), self.link.slope(u))
        });
        let lower = (category > 0).then(|| {
            let l = eta[category] - xb;
            (category, -self.link.density(l), -self.link.slope(l))
        });
        for (cut, first, second) in [upper, lower].into_iter().flatten() {
            let g = first / p;
            let h = second / p - g * g;
            gradient[cut] = g;
            gradient[0] -= g;
            hessian[cut * width + cut] = h;
            hessian[cut] -= h;
            hessian[0] += h;
        }
        if let (Some((u, first, _)), Some((l, last, _))) = (upper, lower) {
            let cross = -(first / p) * (last / p);
            hessian[u * width + l] = cross;
            hessian[l * width + u] = cross;
            hessian[u] -= cross;
            hessian[l] -= cross;
            hessian[0] += 2.0 * cross;
        }
        for cut in 1..width {
            hessian[cut * width] = hessian[cut];
        }
        p.ln()
    }
}

/// Unordered outcome: one linear index for every category except the base ([R] mlogit).
pub struct Multinomial<'a> {
    /// Category of each row: `None` for the base, otherwise the number of its index.
    pub y: &'a [Option<usize>],
    /// Number of indices (categories minus one).
    pub indices: usize,
}

impl Multinomial<'_> {
    /// Probabilities of the categories with an index, and of the base last.
    pub fn probabilities(eta: &[f64]) -> Vec<f64> {
        let top = eta.iter().copied().fold(0.0_f64, f64::max);
        let mut out: Vec<f64> = eta.iter().map(|e| (e - top).exp()).collect();
        out.push((-top).exp());
        let total: f64 = out.iter().sum();
        out.iter_mut().for_each(|p| *p /= total);
        out
    }
}

impl Likelihood for Multinomial<'_> {
    fn equations(&self) -> usize {
        self.indices
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let width = self.indices;
        let p = Self::probabilities(eta);
        for j in 0..width {
            gradient[j] = f64::from(u8::from(self.y[row] == Some(j))) - p[j];
            for k in 0..width {
                hessian[j * width + k] = p[j] * p[k] - if j == k { p[j] } else { 0.0 };
            }
        }
        p[self.y[row].unwrap_or(width)].ln()
    }
}
