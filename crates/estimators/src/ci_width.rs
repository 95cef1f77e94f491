//! Widths of confidence intervals as random quantities: the probability that a width is not exceeded ([PSS-3] ciwidth, Methods and formulas;
//! Kupper and Hafner 1989, The American Statistician 43, 101-105).

use super::distributions::{
    chi2_inverse_tail, chi2_probability, chi2_quantile, normal_quantile, t_inverse_tail,
};

/// Sides of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Two limits.
    Two,
    /// A lower limit: the width is its distance from the estimate.
    Lower,
    /// An upper limit.
    Upper,
}

/// The quantity that an interval is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A mean or a difference of means, whose error is the standard deviation times this factor.
    Mean(f64),
    /// A variance.
    Variance,
    /// A standard deviation.
    Deviation,
}

/// A planned interval.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What it is for.
    pub target: Target,
    /// Its sides.
    pub sides: Sides,
    /// One less the level of confidence.
    pub alpha: f64,
    /// Degrees of freedom of the estimated spread; infinite where it is known.
    pub df: f64,
}

impl Plan {
    /// The width for an estimated spread of one: the standard deviation, or the variance for its interval.
    fn unit(&self) -> f64 {
        let two = self.sides == Sides::Two;
        let tail = if two { self.alpha / 2.0 } else { self.alpha };
        let df = self.df;
        match self.target {
            Target::Mean(factor) => {
                let c = if df.is_finite() { t_inverse_tail(df, tail) } else { normal_quantile(1.0 - tail) };
                c * factor * if two { 2.0 } else { 1.0 }
            }
            Target::Variance | Target::Deviation => {
                let root = |x: f64| if self.target == Target::Deviation { x.sqrt() } else { x };
                let high = root(df / chi2_inverse_tail(df, 1.0 - tail));
                let low = root(df / chi2_inverse_tail(df, tail));
                match self.sides {
                    Sides::Two => high - low,
                    Sides::Lower => 1.0 - low,
                    Sides::Upper => high - 1.0,
                }
            }
        }
    }

    /// The probability that the interval is not wider than `width` where the true spread is `spread`; one or zero where it is known.
    pub fn probability(&self, width: f64, spread: f64) -> f64 {
        let share = width / (self.unit() * spread);
        if !self.df.is_finite() {
            return f64::from(u8::from(share >= 1.0));
        }
        let square = if self.target == Target::Variance { share } else { share * share };
        chi2_probability(self.df, self.df * square)
    }

    /// The width that the interval does not exceed with the given probability.
    pub fn width(&self, probability: f64, spread: f64) -> f64 {
        if !self.df.is_finite() {
            return self.unit() * spread;
        }
        let square = chi2_quantile(self.df, probability) / self.df;
        self.unit() * spread * if self.target == Target::Variance { square } else { square.sqrt() }
    }
}
