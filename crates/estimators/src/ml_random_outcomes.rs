//! Outcomes of models with random effects: 0/1 variables, counts, ordered categories and censored variables, as
//! functions of their linear index ([ME] meglm, [XT] xttobit).

use super::distributions::ln_gamma;
use super::jet::{Jet, ln_interval};
use super::ml_censored::{Seen, censored};
use super::ml_random::Outcome;
use super::ml_zero::negative_binomial;

/// Curve between an index and a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Logistic.
    Logit,
    /// Normal.
    Probit,
    /// Complementary log-log.
    Cloglog,
}

/// An outcome of zero and one.
pub struct Binary<'a> {
    /// Zeros and ones.
    pub y: &'a [f64],
    /// The curve.
    pub curve: Curve,
}

/// Copies a jet into the derivatives of a row.
fn fill<const N: usize>(jet: Jet<N>, gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
    gradient.copy_from_slice(&jet.g);
    for i in 0..N {
        hessian[i * N..(i + 1) * N].copy_from_slice(&jet.h[i]);
    }
    jet.v
}

impl Outcome for Binary<'_> {
    fn further(&self) -> usize {
        0
    }

    fn row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        fill(self.at(row, Jet::<1>::variable(at[0], 0)), gradient, hessian)
    }

    fn value(&self, row: usize, at: &[f64]) -> f64 {
        self.at(row, Jet::<0>::constant(at[0])).v
    }
}

impl Binary<'_> {
    fn at<const N: usize>(&self, row: usize, x: Jet<N>) -> Jet<N> {
        let one = self.y[row] != 0.0;
        let signed = if one { x } else { -x };
        match self.curve {
            Curve::Logit => signed.ln_logistic(),
            Curve::Probit => signed.ln_normal(),
            Curve::Cloglog if one => (-x.exp()).one_minus_exp().ln(),
            Curve::Cloglog => -x.exp(),
        }
    }
}

/// A count: Poisson, or negative binomial with the log of its mean dispersion as a further parameter.
pub struct Count<'a> {
    /// The counts.
    pub y: &'a [f64],
    /// Negative binomial.
    pub dispersed: bool,
}

impl Outcome for Count<'_> {
    fn further(&self) -> usize {
        usize::from(self.dispersed)
    }

    fn row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let y = self.y[row];
        if self.dispersed {
            let [x, lnalpha] = Jet::<2>::variables(at);
            return fill(negative_binomial(y, x, lnalpha), gradient, hessian);
        }
        let mean = at[0].exp();
        gradient[0] = y - mean;
        hessian[0] = -mean;
        y * at[0] - mean - ln_gamma(y + 1.0)
    }

    fn value(&self, row: usize, at: &[f64]) -> f64 {
        let y = self.y[row];
        if self.dispersed {
            return negative_binomial(y, Jet::<0>::constant(at[0]), Jet::constant(at[1])).v;
        }
        y * at[0] - at[0].exp() - ln_gamma(y + 1.0)
    }
}

/// An ordered outcome; the further parameters are its cutpoints.
pub struct Ordered<'a> {
    /// Category of each row, from zero.
    pub category: &'a [usize],
    /// Number of categories.
    pub categories: usize,
    /// Logit or probit.
    pub curve: Curve,
}

impl Outcome for Ordered<'_> {
    fn further(&self) -> usize {
        self.categories - 1
    }

    fn row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let j = self.category[row];
        let m = at.len();
        gradient.fill(0.0);
        hessian.fill(0.0);
        let (low, high) = self.bounds(j, at);
        let [x, a, b] = Jet::<3>::variables(&[at[0], low, high]);
        let jet = self.between(a - x, b - x);
        let places = [Some(0), (j > 0).then_some(j), (j + 1 < self.categories).then_some(j + 1)];
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

    fn value(&self, row: usize, at: &[f64]) -> f64 {
        let (low, high) = self.bounds(self.category[row], at);
        self.between(Jet::<0>::constant(low - at[0]), Jet::constant(high - at[0])).v
    }
}

impl Ordered<'_> {
    /// The cutpoints around a category.
    fn bounds(&self, category: usize, at: &[f64]) -> (f64, f64) {
        let low = if category > 0 { at[category] } else { f64::NEG_INFINITY };
        (low, if category + 1 < self.categories { at[category + 1] } else { f64::INFINITY })
    }

    /// The log of the probability between two cutpoints less the index.
    fn between<const N: usize>(&self, a: Jet<N>, b: Jet<N>) -> Jet<N> {
        match (a.v.is_finite(), b.v.is_finite(), self.curve) {
            (false, _, Curve::Probit) => b.ln_normal(),
            (false, ..) => b.ln_logistic(),
            (true, false, Curve::Probit) => (-a).ln_normal(),
            (true, false, _) => (-a).ln_logistic(),
            (true, true, _) if a.v >= b.v => Jet::constant(f64::NAN),
            (true, true, Curve::Probit) => ln_interval(a, b),
            // F(b) - F(a) = F(b) (1 - F(a)) (1 - exp(a - b))
            _ => b.ln_logistic() + (-a).ln_logistic() + (a - b).one_minus_exp().ln(),
        }
    }
}

/// A normal outcome that may be censored; the further parameter is the log of its standard deviation.
pub struct Censored<'a> {
    /// What is seen of each row.
    pub seen: &'a [Seen],
}

impl Outcome for Censored<'_> {
    fn further(&self) -> usize {
        1
    }

    fn row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        fill(censored(self.seen[row], Jet::variables(at)), gradient, hessian)
    }

    fn value(&self, row: usize, at: &[f64]) -> f64 {
        censored::<0>(self.seen[row], [Jet::constant(at[0]), Jet::constant(at[1])]).v
    }
}
