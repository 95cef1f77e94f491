//! Wald tests and confidence limits from parameters and their covariance.
//! Shared by every estimator; which restrictions to test is the caller's choice.

use super::distributions::{
    chi2_tail, f_tail, normal_quantile, normal_two_sided, t_inverse_tail, t_two_sided,
};
use super::matrix::Mat;

/// A tested restriction counts as dependent on earlier ones below this share of its variance.
const DEPENDENT: f64 = 1e-12;

/// Result of a joint Wald test.
#[derive(Clone, Debug)]
pub struct Wald {
    /// `(Rb - r)' (R V R')^-1 (Rb - r)`.
    pub chi2: f64,
    /// Number of independent restrictions.
    pub df: usize,
    /// Restrictions that depend on earlier ones, by position.
    pub dropped: Vec<usize>,
}

impl Wald {
    /// The F form with `df_r` residual degrees of freedom.
    pub fn f(&self) -> f64 {
        self.chi2 / self.df as f64
    }

    /// The p-value: F with residual degrees of freedom, chi-squared without.
    pub fn p(&self, df_r: Option<f64>) -> f64 {
        if self.df == 0 {
            return f64::NAN;
        }
        match df_r {
            Some(df_r) => f_tail(self.df as f64, df_r, self.f()),
            None => chi2_tail(self.df as f64, self.chi2),
        }
    }
}

/// Tests `R b = r`.
pub fn test(b: &[f64], v: &Mat, restrictions: &Mat, targets: &[f64]) -> Wald {
    let gap: Vec<f64> = restrictions.times_vector(b).iter().zip(targets).map(|(a, r)| a - r).collect();
    of_gap(&gap, &restrictions.sandwich(v))
}

/// The test of a vector with expectation zero and this covariance.
fn of_gap(gap: &[f64], covariance: &Mat) -> Wald {
    let (inverse, df, kept) = covariance.inverse_semidefinite(DEPENDENT);
    Wald {
        chi2: inverse.quadratic(gap),
        df,
        dropped: (0..gap.len()).filter(|i| kept.binary_search(i).is_err()).collect(),
    }
}

/// Tests that the parameters at `positions` are zero.
pub fn test_zero(b: &[f64], v: &Mat, positions: &[usize]) -> Wald {
    let gap: Vec<f64> = positions.iter().map(|i| b[*i]).collect();
    of_gap(&gap, &v.select(positions, positions).symmetrised())
}

/// Two-sided p-value of a ratio: t with residual degrees of freedom, normal without.
pub fn p_value(ratio: f64, df_r: Option<f64>) -> f64 {
    match df_r {
        Some(df) => t_two_sided(df, ratio),
        None => normal_two_sided(ratio),
    }
}

/// Critical value of a two-sided interval at a level in percent.
pub fn critical(level: f64, df_r: Option<f64>) -> f64 {
    let tail = (1.0 - level / 100.0) / 2.0;
    match df_r {
        Some(df) => t_inverse_tail(df, tail),
        None => -normal_quantile(tail),
    }
}
