//! Weights of observations: their meaning and how estimators use them.

use crate::real::stable_sum;

/// Meaning of the weights of an estimation (Stata User's Guide, 20.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightKind {
    /// Inverse variances, normalised to sum to the number of rows.
    Analytic,
    /// Numbers of identical rows.
    Frequency,
    /// Inverse sampling probabilities; they imply a robust covariance.
    Probability,
    /// Used as they are.
    Importance,
}

impl WeightKind {
    /// Returns the name stored in `e(wtype)`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Analytic => "aweight",
            Self::Frequency => "fweight",
            Self::Probability => "pweight",
            Self::Importance => "iweight",
        }
    }
}

/// Weights of the rows of a sample.
#[derive(Clone, Debug)]
pub struct Weights {
    /// The meaning.
    pub kind: WeightKind,
    /// One positive number per row.
    pub values: Vec<f64>,
}

impl Weights {
    /// The weights as estimators use them and the number of observations that they stand for.
    pub fn effective(&self) -> (Vec<f64>, f64) {
        let total = stable_sum(self.values.iter().copied());
        let rows = self.values.len() as f64;
        match self.kind {
            WeightKind::Frequency => (self.values.clone(), total),
            WeightKind::Importance => (self.values.clone(), total.floor()),
            WeightKind::Analytic | WeightKind::Probability => {
                (self.values.iter().map(|w| w * rows / total).collect(), rows)
            }
        }
    }
}
