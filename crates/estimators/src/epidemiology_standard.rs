//! Standardised and directly pooled measures over strata. Formulas: [R] Epitab (Methods and formulas); Rothman (1986), Modern
//! Epidemiology, chapters 12 and 15; Greenland (1986), American Journal of Epidemiology 124, on odds ratios.

use super::epidemiology::{Interval, Rates, Table};

/// Sum over pairs of a stratum and its weight, those with a weight of zero left out.
fn sum<T: Copy>(strata: &[T], weights: &[f64], f: impl Fn(T, f64) -> f64) -> f64 {
    strata.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(s, w)| f(*s, *w)).sum()
}

/// A standardised measure of two groups with its parts: frequency of the exposed and of the unexposed, and their variances.
#[derive(Debug, Clone, Copy)]
pub struct Standardised {
    exposed: (f64, f64),
    unexposed: (f64, f64),
}

impl Standardised {
    /// Incidence rates of the two groups, weighted over strata; variances of Poisson counts.
    pub fn rates(strata: &[Rates], weights: &[f64]) -> Self {
        let total = weights.iter().sum::<f64>();
        let of = |value: &dyn Fn(Rates) -> (f64, f64)| {
            let mean = sum(strata, weights, |s, w| w * value(s).0 / value(s).1) / total;
            let variance = sum(strata, weights, |s, w| w * w * value(s).0 / value(s).1.powi(2));
            (mean, variance / (total * total))
        };
        Self { exposed: of(&|s| (s.a, s.t1)), unexposed: of(&|s| (s.b, s.t0)) }
    }

    /// Risks of the two groups, weighted over strata; variances of binomial counts.
    pub fn risks(strata: &[Table], weights: &[f64]) -> Self {
        let total = weights.iter().sum::<f64>();
        let of = |value: &dyn Fn(Table) -> (f64, f64)| {
            let mean = sum(strata, weights, |s, w| w * value(s).0 / value(s).1) / total;
            let variance = sum(strata, weights, |s, w| {
                let (cases, n) = value(s);
                w * w * cases * (n - cases) / n.powi(3)
            });
            (mean, variance / (total * total))
        };
        Self { exposed: of(&|s| (s.a, s.exposed())), unexposed: of(&|s| (s.b, s.unexposed())) }
    }

    /// Difference, exposed less unexposed.
    pub fn difference(self, level: f64) -> Interval {
        let (p, q) = (self.exposed, self.unexposed);
        Interval::symmetric(p.0 - q.0, (p.1 + q.1).sqrt(), level)
    }

    /// Ratio with limits on the log scale.
    pub fn ratio(self, level: f64) -> Interval {
        let (p, q) = (self.exposed, self.unexposed);
        let variance = p.1 / (p.0 * p.0) + q.1 / (q.0 * q.0);
        Interval::logarithmic(p.0 / q.0, variance.sqrt(), level)
    }
}

/// The standardised odds ratio, `sum w a/c` over `sum w b/d`; the variance of its logarithm is
/// `sum (w a/c)^2 (1/a + 1/b + 1/c + 1/d) / (sum w a/c)^2`, as in the manual.
pub fn standardised_odds_ratio(tables: &[Table], weights: &[f64], level: f64) -> Interval {
    let exposed = sum(tables, weights, |t, w| w * t.a / t.c);
    let unexposed = sum(tables, weights, |t, w| w * t.b / t.d);
    let variance = sum(tables, weights, |t, w| (w * t.a / t.c).powi(2) * t.odds_ratio_variance());
    Interval::logarithmic(exposed / unexposed, variance.sqrt() / exposed, level)
}

/// A pooled measure with its test of homogeneity: chi-squared and degrees of freedom.
#[derive(Debug, Clone, Copy)]
pub struct Pooled {
    /// The weighted mean of the strata, weights being inverse variances.
    pub estimate: Interval,
    /// Chi-squared of homogeneity and its degrees of freedom.
    pub homogeneity: (f64, f64),
}

/// Pools values with their variances; strata where they are not defined have no part. With `log` the values are logarithms and the
/// estimate is their exponential.
pub fn pooled(parts: impl Iterator<Item = (f64, f64)>, log: bool, level: f64) -> Pooled {
    let used: Vec<(f64, f64)> = parts.filter(|(x, v)| x.is_finite() && v.is_finite() && *v > 0.0).collect();
    let weight: f64 = used.iter().map(|(_, v)| 1.0 / v).sum();
    let mean = used.iter().map(|(x, v)| x / v).sum::<f64>() / weight;
    let se = weight.sqrt().recip();
    let estimate =
        if log { Interval::logarithmic(mean.exp(), se, level) } else { Interval::symmetric(mean, se, level) };
    let chi2 = used.iter().map(|(x, v)| (x - mean).powi(2) / v).sum();
    Pooled { estimate, homogeneity: (chi2, (used.len() as f64 - 1.0).max(0.0)) }
}

/// Pooled risk ratio.
pub fn pooled_risk_ratio(tables: &[Table], level: f64) -> Pooled {
    let part = |t: &Table| ((t.risk_exposed() / t.risk_unexposed()).ln(), t.risk_ratio_variance());
    pooled(tables.iter().map(part), true, level)
}

/// Pooled risk difference.
pub fn pooled_risk_difference(tables: &[Table], level: f64) -> Pooled {
    let part = |t: &Table| {
        let variance = |x: f64, n: f64| x * (n - x) / n.powi(3);
        let v = variance(t.a, t.exposed()) + variance(t.b, t.unexposed());
        (t.risk_exposed() - t.risk_unexposed(), v)
    };
    pooled(tables.iter().map(part), false, level)
}

/// Pooled odds ratio.
pub fn pooled_odds_ratio(tables: &[Table], level: f64) -> Pooled {
    pooled(tables.iter().map(|t| (t.odds_ratio().ln(), t.odds_ratio_variance())), true, level)
}

/// Pooled incidence-rate ratio.
pub fn pooled_rate_ratio(strata: &[Rates], level: f64) -> Pooled {
    pooled(strata.iter().map(|s| (s.ratio().ln(), 1.0 / s.a + 1.0 / s.b)), true, level)
}

/// Pooled incidence-rate difference.
pub fn pooled_rate_difference(strata: &[Rates], level: f64) -> Pooled {
    let part = |s: &Rates| (s.a / s.t1 - s.b / s.t0, s.a / (s.t1 * s.t1) + s.b / (s.t0 * s.t0));
    pooled(strata.iter().map(part), false, level)
}
