//! Rate ratios over strata of person-time and over risk sets.

use super::epidemiology::{Interval, Rates};

/// Sums over strata of a Mantel–Haenszel rate ratio `q/r`: the score is `q - r`, `v` its variance (Clayton and Hills 1993,
/// chapter 15).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RatioSums {
    /// Numerator of the ratio.
    pub q: f64,
    /// Denominator.
    pub r: f64,
    /// Variance of the score.
    pub v: f64,
}

impl RatioSums {
    /// One stratum of person-time.
    pub fn of_rates(x: Rates) -> Self {
        let time = x.t1 + x.t0;
        if time <= 0.0 {
            return Self::default();
        }
        let v = (x.a + x.b) * x.t1 * x.t0 / (time * time);
        Self { q: x.a * x.t0 / time, r: x.b * x.t1 / time, v }
    }

    /// One time of failure: cases and numbers at risk of the exposed and of the others, whose person-time in an instant is in
    /// proportion to them (Clayton and Hills 1993, chapter 23).
    pub fn of_risk_set(cases: [f64; 2], at_risk: [f64; 2]) -> Self {
        Self::of_rates(Rates { a: cases[0], b: cases[1], t1: at_risk[0], t0: at_risk[1] })
    }

    /// Both strata.
    pub fn plus(self, other: Self) -> Self {
        Self { q: self.q + other.q, r: self.r + other.r, v: self.v + other.v }
    }

    /// The ratio with limits from the variance `v/(qr)` of its logarithm.
    pub fn ratio(self, level: f64) -> Interval {
        Interval::logarithmic(self.q / self.r, (self.v / (self.q * self.r)).sqrt(), level)
    }

    /// Chi-squared of no association, one degree of freedom.
    pub fn association(self) -> f64 {
        (self.q - self.r).powi(2) / self.v
    }
}
