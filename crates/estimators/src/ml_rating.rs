//! Binormal model of ratings: the latent ratings of both states are normal, and categories lie between common cut points.
//! Formulas: Dorfman and Alf (1969), Journal of Mathematical Psychology 6; [R] rocfit.

use super::jet::{Jet, ln_interval};
use super::ml::Likelihood;

/// Ratings of rows in two states; indices: intercept, slope and the cut points.
pub struct Ratings<'a> {
    /// Whether each row is positive.
    pub positive: &'a [bool],
    /// Category of each row, from zero.
    pub category: &'a [usize],
    /// Number of categories.
    pub categories: usize,
}

impl Ratings<'_> {
    /// Positions of the cut points below and above a category among the indices.
    fn bounds(&self, category: usize) -> [Option<usize>; 2] {
        [(category > 0).then_some(category + 1), (category + 1 < self.categories).then_some(category + 2)]
    }
}

/// Log of the probability of a category between its cut points; a positive row has the latent rating `(Z + a) / b`.
fn within(positive: bool, bounds: [Option<Jet<4>>; 2], a: Jet<4>, b: Jet<4>) -> Jet<4> {
    let at = |cut: Jet<4>| if positive { b * cut - a } else { cut };
    match bounds.map(|bound| bound.map(at)) {
        [None, None] => Jet::constant(0.0),
        [None, Some(high)] => high.ln_normal(),
        [Some(low), None] => (-low).ln_normal(),
        [Some(low), Some(high)] if low.v >= high.v => Jet::constant(f64::NAN),
        [Some(low), Some(high)] => ln_interval(low, high),
    }
}

impl Likelihood for Ratings<'_> {
    fn equations(&self) -> usize {
        self.categories + 1
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let m = eta.len();
        gradient.fill(0.0);
        hessian.fill(0.0);
        let bounds = self.bounds(self.category[row]);
        let at = |place: Option<usize>| place.map_or(0.0, |p| eta[p]);
        let [a, b, low, high] = Jet::<4>::variables(&[eta[0], eta[1], at(bounds[0]), at(bounds[1])]);
        let jet = within(self.positive[row], [bounds[0].map(|_| low), bounds[1].map(|_| high)], a, b);
        let places = [Some(0), Some(1), bounds[0], bounds[1]];
        for (p, place) in places.iter().enumerate() {
            let Some(place) = place else { continue };
            gradient[*place] = jet.g[p];
            for (q, other) in places.iter().enumerate() {
                if let Some(other) = other {
                    hessian[place * m + other] = jet.h[p][q];
                }
            }
        }
        jet.v
    }
}
