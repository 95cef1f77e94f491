//! How well a model fits. Formulas: [SEM] Methods and formulas for sem; Steiger and Lind (1980) and Browne and Cudeck (1993,
//! in Bollen and Long, Testing structural equation models) for the RMSEA, Bentler (1990, Psychological Bulletin 107) and
//! Tucker and Lewis (1973, Psychometrika 38) for the comparative indices.

use crate::distributions::{chi2_probability, chi2_tail, ln_gamma};
use crate::matrix::Mat;
use crate::roots;

/// A chi-squared statistic of a model against the saturated one.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
}

/// Root mean squared error of approximation.
#[derive(Debug, Clone, Copy)]
pub struct Rmsea {
    /// Estimate.
    pub value: f64,
    /// Lower limit of the 90% interval.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Probability that it is at most 0.05.
    pub close: f64,
}

/// The mean of a function of the degrees of freedom over the Poisson weights of a noncentral chi-squared variable, summed
/// from the largest weight.
fn mixture(df: f64, lambda: f64, central: impl Fn(f64) -> f64) -> f64 {
    if lambda <= 0.0 {
        return central(df);
    }
    let half = 0.5 * lambda;
    let weight = |j: f64| (j * half.ln() - half - ln_gamma(j + 1.0)).exp();
    let middle = half.floor();
    let term = |j: f64| weight(j) * central(df + 2.0 * j);
    let mut sum = 0.0;
    let mut j = middle;
    while weight(j) > 1e-18 || j < middle + 10.0 {
        sum += term(j);
        j += 1.0;
    }
    j = middle - 1.0;
    while j >= 0.0 && weight(j) > 1e-18 {
        sum += term(j);
        j -= 1.0;
    }
    sum.min(1.0)
}

/// `P(X <= x)` of a noncentral chi-squared variable.
fn noncentral_chi2(df: f64, lambda: f64, x: f64) -> f64 {
    mixture(df, lambda, |df| chi2_probability(df, x))
}

/// The noncentrality at which the statistic has the given distribution function; zero where it is below at once.
fn noncentrality(test: Test, probability: f64) -> f64 {
    let at = |lambda: f64| noncentral_chi2(test.df, lambda, test.chi2);
    if at(0.0) < probability {
        return 0.0;
    }
    let mut high = test.chi2.max(1.0);
    while at(high) > probability {
        high *= 2.0;
    }
    roots::bracketed(|lambda| at(lambda) - probability, 0.0, high)
}

/// The RMSEA of a test on `n` observations; nothing without degrees of freedom.
pub fn rmsea(test: Test, n: f64) -> Option<Rmsea> {
    if test.df <= 0.0 {
        return None;
    }
    let size = |lambda: f64| (lambda.max(0.0) / (n * test.df)).sqrt();
    let close = mixture(test.df, 0.05 * 0.05 * n * test.df, |df| chi2_tail(df, test.chi2));
    Some(Rmsea {
        value: size(test.chi2 - test.df),
        low: size(noncentrality(test, 0.95)),
        high: size(noncentrality(test, 0.05)),
        close,
    })
}

/// Comparative fit index.
pub fn cfi(model: Test, baseline: Test) -> f64 {
    let own = (model.chi2 - model.df).max(0.0);
    let most = (baseline.chi2 - baseline.df).max(own);
    if most > 0.0 { 1.0 - own / most } else { 1.0 }
}

/// Tucker–Lewis index.
pub fn tli(model: Test, baseline: Test) -> f64 {
    if model.df <= 0.0 {
        return 1.0;
    }
    let share = baseline.chi2 / baseline.df;
    (share - model.chi2 / model.df) / (share - 1.0)
}

/// Standardised root mean squared residual of correlations.
pub fn srmr(sample: &Mat, implied: &Mat) -> f64 {
    let p = sample.rows();
    let unit = |m: &Mat, i: usize, j: usize| m[(i, j)] / (m[(i, i)] * m[(j, j)]).sqrt();
    let mut sum = 0.0;
    for i in 0..p {
        for j in 0..=i {
            sum += (unit(sample, i, j) - unit(implied, i, j)).powi(2);
        }
    }
    (2.0 * sum / (p * (p + 1)) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noncentral_probabilities_are_those_of_r() {
        // R 4.2: pchisq(85.3, 24, 40) and pchisq(3, 2, 1.5)
        for (df, lambda, x, want) in [(24.0, 40.0, 85.3, 0.921_944_486_1), (2.0, 1.5, 3.0, 0.551_314_141_4)] {
            let got = noncentral_chi2(df, lambda, x);
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
    }
}
