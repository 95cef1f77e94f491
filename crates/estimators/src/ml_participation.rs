//! Log likelihood of ordered categories with a participation decision ([R] zioprobit, [R] ziologit).

use super::jet::Jet;
use super::ml::Likelihood;
use super::ml_binary::Link;
use super::ml_choice::Ordered;
use super::ml_outcomes::Outcomes;

/// Which event of [`Participation`] has the probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The category, whether or not there is participation.
    Marginal,
    /// The category and participation.
    Joint,
    /// The category, given participation.
    Conditional,
}

/// Ordered probit or logit of those who participate, with the same link for participation; all others have the lowest
/// category (Harris and Zhao 2007, Journal of Econometrics 141; Kelley and Anderson 2008, Statistics in Medicine 27). Indices:
/// the ordered outcome, participation, and the cut points.
pub struct Participation {
    /// Link of both equations.
    pub link: Link,
    /// Number of categories.
    pub categories: usize,
    /// The event.
    pub event: Event,
}

impl Outcomes for Participation {
    fn width(&self) -> usize {
        self.categories + 1
    }

    fn ln_probability(&self, category: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let width = self.width();
        gradient.fill(0.0);
        hessian.fill(0.0);
        let (value, at, g, h) = if category == 0 && self.event == Event::Marginal {
            // Pr(no participation) + Pr(participation) Pr(lowest category)
            let [x, z, cut] = Jet::<3>::variables(&eta[..3]);
            let ln = |index: Jet<3>| match self.link {
                Link::Logit => index.ln_logistic(),
                Link::Probit => index.ln_normal(),
            };
            let (none, lowest) = (ln(-z), ln(z) + ln(cut - x));
            let out = if none.v > lowest.v {
                none + (lowest - none).exp().ln_1p()
            } else {
                lowest + (none - lowest).exp().ln_1p()
            };
            (out.v, vec![0, 1, 2], out.g.to_vec(), out.h.concat())
        } else {
            let inner: Vec<f64> = std::iter::once(eta[0]).chain(eta[2..].iter().copied()).collect();
            let size = inner.len();
            let (mut g, mut h) = (vec![0.0; size], vec![0.0; size * size]);
            let ordered = Ordered { y: &[category], categories: self.categories, link: self.link };
            let value = ordered.row(0, &inner, &mut g, &mut h);
            let at: Vec<usize> = std::iter::once(0).chain(2..width).collect();
            (value, at, g, h)
        };
        let size = at.len();
        for (i, a) in at.iter().enumerate() {
            gradient[*a] += g[i];
            for (j, b) in at.iter().enumerate() {
                hessian[a * width + b] += h[i * size + j];
            }
        }
        let with_participation =
            self.event == Event::Joint || (self.event == Event::Marginal && category > 0);
        if !with_participation {
            return value;
        }
        let [z] = Jet::<1>::variables(&eta[1..2]);
        let ln = match self.link {
            Link::Logit => z.ln_logistic(),
            Link::Probit => z.ln_normal(),
        };
        gradient[1] += ln.g[0];
        hessian[width + 1] += ln.h[0][0];
        value + ln.v
    }
}
