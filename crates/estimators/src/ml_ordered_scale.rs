//! Likelihood of ordered categories with other links than those of `ologit` and `oprobit`, and with a modelled scale
//! (Williams 2010, Stata Journal 10: ordinal generalised linear models).

use super::jet::Jet;
use super::ml::Likelihood;

/// The distribution function of the link: the probability of a category above a cut is `F((x - cut)/scale)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaledLink {
    /// Logistic.
    Logit,
    /// Normal.
    Probit,
    /// `1 - exp(-exp(x))`.
    Cloglog,
    /// `exp(-exp(-x))`.
    Loglog,
    /// Cauchy.
    Cauchit,
}

impl ScaledLink {
    /// The distribution function.
    pub fn above<const N: usize>(self, x: Jet<N>) -> Jet<N> {
        match self {
            Self::Logit => x.logistic(),
            Self::Probit => x.normal(),
            Self::Cloglog => (-x.exp()).one_minus_exp(),
            Self::Loglog => (-(-x).exp()).exp(),
            Self::Cauchit => {
                let d = 1.0 / (std::f64::consts::PI * (1.0 + x.v * x.v));
                let second = -2.0 * x.v * d / (1.0 + x.v * x.v);
                x.chain(0.5 + x.v.atan() / std::f64::consts::PI, d, second)
            }
        }
    }

    /// The point above which the distribution has this share, with the sign of a cut.
    pub fn cut(self, below: f64) -> f64 {
        let above = 1.0 - below;
        match self {
            Self::Logit => (below / above).ln(),
            Self::Probit => -super::distributions::normal_quantile(above),
            Self::Cloglog => -(-(-above).ln_1p()).ln(),
            Self::Loglog => (-above.ln()).ln(),
            Self::Cauchit => -((above - 0.5) * std::f64::consts::PI).tan(),
        }
    }

    /// Probability of a category of so many (from zero): index, log scale, the cut below it, the cut above it.
    pub fn category<const N: usize>(
        self,
        category: usize,
        categories: usize,
        [x, scale, low, high]: [Jet<N>; 4],
    ) -> Jet<N> {
        let shrink = (-scale).exp();
        let above = |cut: Jet<N>| self.above((x - cut) * shrink);
        match category {
            0 => -above(high) + 1.0,
            c if c + 1 == categories => above(low),
            _ => above(low) - above(high),
        }
    }
}

/// The likelihood: its indices are that of the outcome, with `scaled` that of the log scale, and the cuts.
pub struct OrderedScale<'a> {
    /// Category of each row, from zero.
    pub y: &'a [usize],
    /// Number of categories.
    pub categories: usize,
    /// The link.
    pub link: ScaledLink,
    /// Whether the scale is modelled.
    pub scaled: bool,
}

impl Likelihood for OrderedScale<'_> {
    fn equations(&self) -> usize {
        self.categories + usize::from(self.scaled)
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let size = eta.len();
        let c = self.y[row];
        let first_cut = 1 + usize::from(self.scaled);
        // where an index does not enter, its place is that of another one with a derivative of zero
        let places = [
            Some(0),
            self.scaled.then_some(1),
            (c > 0).then(|| first_cut + c - 1),
            (c + 1 < self.categories).then(|| first_cut + c),
        ];
        let jets: [Jet<4>; 4] = std::array::from_fn(|i| match places[i] {
            Some(place) => Jet::variable(eta[place], i),
            None => Jet::constant(0.0),
        });
        let ln = self.link.category(c, self.categories, jets).ln();
        gradient.fill(0.0);
        hessian.fill(0.0);
        for (i, a) in places.iter().enumerate() {
            let Some(a) = *a else { continue };
            gradient[a] = ln.g[i];
            for (j, b) in places.iter().enumerate() {
                if let Some(b) = *b {
                    hessian[a * size + b] = ln.h[i][j];
                }
            }
        }
        ln.v
    }
}
