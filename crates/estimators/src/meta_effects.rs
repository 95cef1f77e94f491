//! Effects of single studies from the summaries of two groups, and their Mantel-Haenszel pools: Deeks, Altman and Bradburn
//! (2001), "Statistical methods for examining heterogeneity and combining results from several studies in meta-analysis".

use super::meta_analysis::pool;

/// Measures of a 2 x 2 table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// Ratio of risks, on the log scale.
    RiskRatio,
    /// Ratio of odds, on the log scale.
    OddsRatio,
    /// Difference of risks.
    RiskDifference,
    /// Peto's ratio of odds, on the log scale.
    Peto,
}

/// Measures of two means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuous {
    /// Cohen's standardised difference.
    Cohen,
    /// Hedges' adjusted standardised difference.
    Hedges,
    /// Glass's difference over the standard deviation of the controls.
    Glass,
    /// The difference of means.
    Difference,
}

/// Effect and standard error of one table: events and others of the treated, events and others of the controls.
pub fn binary(measure: Binary, [a, b, c, d]: [f64; 4]) -> (f64, f64) {
    let (n1, n2) = (a + b, c + d);
    let n = n1 + n2;
    match measure {
        Binary::RiskRatio => ((a * n2 / (c * n1)).ln(), (1.0 / a - 1.0 / n1 + 1.0 / c - 1.0 / n2).sqrt()),
        Binary::OddsRatio => ((a * d / (b * c)).ln(), (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt()),
        Binary::RiskDifference => (a / n1 - c / n2, (a * b / n1.powi(3) + c * d / n2.powi(3)).sqrt()),
        Binary::Peto => {
            let v = n1 * n2 * (a + c) * (b + d) / (n * n * (n - 1.0));
            ((a - n1 * (a + c) / n) / v, 1.0 / v.sqrt())
        }
    }
}

/// Effect and standard error of one pair of groups: size, mean and standard deviation of each.
pub fn continuous(measure: Continuous, [n1, m1, s1, n2, m2, s2]: [f64; 6]) -> (f64, f64) {
    let n = n1 + n2;
    let pooled = (((n1 - 1.0) * s1 * s1 + (n2 - 1.0) * s2 * s2) / (n - 2.0)).sqrt();
    let base = n / (n1 * n2);
    match measure {
        Continuous::Cohen => {
            let d = (m1 - m2) / pooled;
            (d, (base + d * d / (2.0 * (n - 2.0))).sqrt())
        }
        Continuous::Hedges => {
            let g = (m1 - m2) / pooled * (1.0 - 3.0 / (4.0 * n - 9.0));
            (g, (base + g * g / (2.0 * (n - 3.94))).sqrt())
        }
        Continuous::Glass => {
            let delta = (m1 - m2) / s2;
            (delta, (base + delta * delta / (2.0 * (n2 - 1.0))).sqrt())
        }
        Continuous::Difference => (m1 - m2, (s1 * s1 / n1 + s2 * s2 / n2).sqrt()),
    }
}

/// Mantel-Haenszel pool of tables: effect (a logarithm for ratios), standard error and the weights of the studies.
/// Variances: Robins, Breslow and Greenland (1986) for odds, Greenland and Robins (1985) for risks.
pub fn mantel_haenszel(measure: Binary, tables: &[[f64; 4]]) -> (f64, f64, Vec<f64>) {
    let mut sums = [0.0; 5];
    let mut weights = Vec::with_capacity(tables.len());
    for [a, b, c, d] in tables {
        let (n1, n2) = (a + b, c + d);
        let n = n1 + n2;
        let terms = match measure {
            Binary::OddsRatio => {
                let (r, s, p, q) = (a * d / n, b * c / n, (a + d) / n, (b + c) / n);
                weights.push(s);
                [r, s, p * r, p * s + q * r, q * s]
            }
            Binary::RiskDifference => {
                let w = n1 * n2 / n;
                weights.push(w);
                let v = (a * b * n2.powi(3) + c * d * n1.powi(3)) / (n1 * n2 * n * n);
                [w * (a / n1 - c / n2), w, v, 0.0, 0.0]
            }
            _ => {
                weights.push(c * n1 / n);
                [a * n2 / n, c * n1 / n, (n1 * n2 * (a + c) - a * c * n) / (n * n), 0.0, 0.0]
            }
        };
        sums.iter_mut().zip(terms).for_each(|(s, t)| *s += t);
    }
    let [r, s, first, second, third] = sums;
    let (effect, variance) = match measure {
        Binary::OddsRatio => {
            ((r / s).ln(), first / (2.0 * r * r) + second / (2.0 * r * s) + third / (2.0 * s * s))
        }
        Binary::RiskDifference => (r / s, first / (s * s)),
        _ => ((r / s).ln(), first / (r * s)),
    };
    (effect, variance.sqrt(), weights)
}

/// Effects standardised for Begg and Mazumdar's rank test: their distances from the pool by inverse variances over the
/// standard deviations of these distances. `None` without a pool.
pub fn standardised(y: &[f64], v: &[f64]) -> Option<Vec<f64>> {
    let pooled = pool(y, v, None)?;
    Some(y.iter().zip(v).map(|(y, v)| (y - pooled.theta) / (v - pooled.se.powi(2)).sqrt()).collect())
}
