//! Estimates, limits and tests of one parameter from the exact conditional distribution of its sufficient statistic. Sources:
//! `exact_conditional`; limits by the tails of Clopper and Pearson (1934), Biometrika 26.

/// The distribution of one statistic.
#[derive(Debug, Clone)]
pub struct Conditional {
    /// Its values in ascending order.
    pub values: Vec<f64>,
    /// Logarithms of their numbers of outcomes, up to a constant.
    pub logs: Vec<f64>,
    /// Position of the observed value.
    pub observed: usize,
}

/// An estimate with its limits.
#[derive(Debug, Clone, Copy)]
pub struct Estimate {
    /// Conditional maximum likelihood estimate, or the median unbiased one; not-a-number where the statistic has one value.
    pub value: f64,
    /// Whether it is the median unbiased one.
    pub median: bool,
    /// Lower limit; minus infinity at the least value.
    pub low: f64,
    /// Upper limit; infinity at the greatest value.
    pub high: f64,
    /// Asymptotic standard error of the maximum likelihood estimate; not-a-number for a median unbiased one.
    pub error: f64,
}

impl Conditional {
    /// Whether the statistic has one value.
    pub fn is_degenerate(&self) -> bool {
        self.values.len() < 2
    }

    /// Probabilities at a parameter.
    fn probabilities(&self, beta: f64) -> Vec<f64> {
        let middle = self.values[self.observed];
        let terms: Vec<f64> =
            self.values.iter().zip(&self.logs).map(|(t, log)| log + beta * (t - middle)).collect();
        let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = terms.iter().map(|t| (t - top).exp()).collect();
        let total: f64 = raw.iter().sum();
        raw.into_iter().map(|w| w / total).collect()
    }

    /// Probabilities of values up to the observed one and from it on; with `mid` its own counts half.
    pub fn tails(&self, beta: f64, mid: bool) -> (f64, f64) {
        let p = self.probabilities(beta);
        let own = if mid { 0.5 * p[self.observed] } else { p[self.observed] };
        (p[..self.observed].iter().sum::<f64>() + own, p[self.observed + 1..].iter().sum::<f64>() + own)
    }

    /// Twice the smaller tail, at most one.
    pub fn two_sided(&self, mid: bool) -> f64 {
        let (low, high) = self.tails(0.0, mid);
        (2.0 * low.min(high)).min(1.0)
    }

    fn moments(&self, beta: f64) -> (f64, f64) {
        let p = self.probabilities(beta);
        let mean: f64 = p.iter().zip(&self.values).map(|(p, t)| p * t).sum();
        (mean, p.iter().zip(&self.values).map(|(p, t)| p * (t - mean).powi(2)).sum())
    }

    /// The parameter where an increasing function is zero.
    fn root(&self, f: impl Fn(f64) -> f64) -> f64 {
        let spread = self.values[self.values.len() - 1] - self.values[0];
        let mut high = 1.0 / spread;
        let mut low = -high;
        while f(high) < 0.0 && high * spread < 1e9 {
            high *= 2.0;
        }
        while f(low) > 0.0 && -low * spread < 1e9 {
            low *= 2.0;
        }
        for _ in 0..300 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if f(middle) < 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The parameter where the tail from the observed value on, or up to it, has a probability.
    fn limit(&self, upper_tail: bool, probability: f64, mid: bool) -> f64 {
        if upper_tail {
            self.root(|b| self.tails(b, mid).1 - probability)
        } else {
            self.root(|b| probability - self.tails(b, mid).0)
        }
    }

    /// The estimate and its limits; the median unbiased one where the other is infinite, or where it is asked for.
    pub fn estimate(&self, level: f64, mid: bool, median: bool) -> Estimate {
        if self.is_degenerate() {
            let nan = f64::NAN;
            return Estimate { value: nan, median: false, low: nan, high: nan, error: nan };
        }
        let tail = 0.5 - level / 200.0;
        let (least, greatest) = (self.observed == 0, self.observed + 1 == self.values.len());
        let low = if least { f64::NEG_INFINITY } else { self.limit(true, tail, mid) };
        let high = if greatest { f64::INFINITY } else { self.limit(false, tail, mid) };
        if !(least || greatest || median) {
            let own = self.values[self.observed];
            let value = self.root(|b| self.moments(b).0 - own);
            return Estimate { value, median: false, low, high, error: self.moments(value).1.sqrt().recip() };
        }
        let value = match (least, greatest) {
            // half of the only value of a tail has no median
            (true, _) => self.limit(false, 0.5, false),
            (_, true) => self.limit(true, 0.5, false),
            _ => 0.5 * (self.limit(true, 0.5, mid) + self.limit(false, 0.5, mid)),
        };
        Estimate { value, median: true, low, high, error: f64::NAN }
    }
}
