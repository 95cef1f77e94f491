//! Probabilities of categories with their derivatives in the indices.

use crate::estimation::response::Derivatives;
use estimators::ml_binary::Link;
use estimators::ml_choice::{Multinomial, Ordered};

/// `F(cut_j - xb) - F(cut_(j-1) - xb)`; index 0 is xb, index j is cut j.
pub(super) fn ordered(link: Link, category: usize, eta: &[f64]) -> Derivatives {
    let width = eta.len();
    let mut out = Derivatives {
        value: Ordered::probability(link, category, eta[0], &eta[1..]),
        first: vec![0.0; width],
        second: vec![0.0; width * width],
    };
    let mut bound = |cut: usize, sign: f64| {
        let at = eta[cut] - eta[0];
        let (first, second) = (sign * link.density(at), sign * link.slope(at));
        out.first[cut] += first;
        out.first[0] -= first;
        out.second[cut * width + cut] += second;
        out.second[cut * width] -= second;
        out.second[cut] -= second;
        out.second[0] += second;
    };
    if category + 1 < width {
        bound(category + 1, 1.0);
    }
    if category > 0 {
        bound(category, -1.0);
    }
    out
}

/// The probability of a category of a multinomial model; `None` is the base.
pub(super) fn multinomial(category: Option<usize>, eta: &[f64]) -> Derivatives {
    let width = eta.len();
    let p = Multinomial::probabilities(eta);
    let own = p[category.unwrap_or(width)];
    let is = |a: usize| f64::from(u8::from(category == Some(a)));
    let first = (0..width).map(|a| own * (is(a) - p[a])).collect();
    let mut second = vec![0.0; width * width];
    for a in 0..width {
        for b in 0..width {
            let same = f64::from(u8::from(a == b));
            second[a * width + b] = own * ((is(a) - p[a]) * (is(b) - p[b]) - p[a] * (same - p[b]));
        }
    }
    Derivatives { value: own, first, second }
}
