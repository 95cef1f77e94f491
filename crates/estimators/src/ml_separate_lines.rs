//! The generalised ordered logit: each split of an ordered outcome has its own line.
//!
//! Formulas: Williams (2006), Stata Journal 6: 58-82; McCullagh and Nelder (1989), Generalized Linear Models, 5.2.

use super::ml_binary::logistic;
use super::ml_outcomes::Outcomes;

/// `Pr(y > j) = logistic(eta_j)` for the splits above each category but the last one.
pub struct SeparateLines {
    /// Number of categories.
    pub categories: usize,
}

impl SeparateLines {
    /// Probability of a category; negative where two lines have crossed.
    pub fn probability(category: usize, eta: &[f64]) -> f64 {
        let above = if category == 0 { 1.0 } else { logistic(eta[category - 1]) };
        above - eta.get(category).map_or(0.0, |e| logistic(*e))
    }
}

impl Outcomes for SeparateLines {
    fn width(&self) -> usize {
        self.categories - 1
    }

    fn ln_probability(&self, category: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let width = self.width();
        gradient.fill(0.0);
        hessian.fill(0.0);
        let low = category.checked_sub(1);
        let high = (category < width).then_some(category);
        // the extremes without a difference of close numbers
        let p = match (low, high) {
            (None, Some(j)) => logistic(-eta[j]),
            (Some(j), None) => logistic(eta[j]),
            _ => Self::probability(category, eta),
        };
        if p.is_nan() || p <= 0.0 {
            return f64::NAN;
        }
        // density and its slope over the probability, signed by the side of the split
        let side = |j: usize, sign: f64| {
            let (f, g) = (logistic(eta[j]), logistic(-eta[j]));
            (sign * f * g / p, sign * f * g * (g - f) / p)
        };
        let ends: Vec<(usize, f64, f64)> = [(low, 1.0), (high, -1.0)]
            .into_iter()
            .filter_map(|(j, sign)| j.map(|j| (j, side(j, sign))))
            .map(|(j, (first, second))| (j, first, second))
            .collect();
        for (j, first, second) in &ends {
            gradient[*j] = *first;
            hessian[j * width + j] += second;
            for (k, other, _) in &ends {
                hessian[j * width + k] -= first * other;
            }
        }
        p.ln()
    }
}
