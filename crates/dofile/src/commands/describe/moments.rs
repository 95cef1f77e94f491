//! Statistics of one column for `tabstat`, `collapse`, `_pctile` and `codebook`. Weighted moments of
//! estimation commands do not belong here.

use crate::value::{MISSING, is_missing};

/// Percentile of sorted values, optionally weighted: averages two neighbours where the cumulated
/// weight equals n*p/100 exactly ([R] summarize, methods and formulas).
pub(crate) fn percentile(sorted: &[(f64, f64)], p: f64) -> f64 {
    let total: f64 = sorted.iter().map(|v| v.1).sum();
    let target = total * p / 100.0;
    let mut cumulated = 0.0;
    for (i, &(x, w)) in sorted.iter().enumerate() {
        cumulated += w;
        if (cumulated - target).abs() <= 1e-10 * total.max(1.0) {
            return sorted.get(i + 1).map_or(x, |next| (x + next.0) / 2.0);
        }
        if cumulated > target {
            return x;
        }
    }
    sorted.last().map_or(MISSING, |v| v.0)
}

/// Values of a column with weights, sorted by value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Value and weight, ascending.
    pub sorted: Vec<(f64, f64)>,
    /// Value and weight in the order of the data.
    pub ordered: Vec<(f64, f64)>,
    /// Weights count rows, so that the number of values is their sum.
    pub frequency: bool,
}

impl Sample {
    /// Takes the non-missing values.
    pub(crate) fn new(values: impl Iterator<Item = (f64, f64)>) -> Self {
        let ordered: Vec<(f64, f64)> = values.filter(|v| !is_missing(v.0)).collect();
        let mut sorted = ordered.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { sorted, ordered, frequency: false }
    }

    /// Number of values.
    pub(crate) fn count(&self) -> f64 {
        if self.frequency { self.weight() } else { self.ordered.len() as f64 }
    }

    /// Sum of the weights.
    pub(crate) fn weight(&self) -> f64 {
        self.ordered.iter().map(|v| v.1).sum()
    }

    /// Weighted mean, in two passes.
    pub(crate) fn mean(&self) -> f64 {
        let w = self.weight();
        if w <= 0.0 {
            return MISSING;
        }
        let rough = self.ordered.iter().map(|v| v.0 * v.1).sum::<f64>() / w;
        rough + self.ordered.iter().map(|v| (v.0 - rough) * v.1).sum::<f64>() / w
    }

    /// Central moment of an order, divided by the sum of the weights.
    fn central(&self, order: i32) -> f64 {
        let mean = self.mean();
        self.ordered.iter().map(|v| (v.0 - mean).powi(order) * v.1).sum::<f64>() / self.weight()
    }

    /// Variance with divisor n-1 (weights normalised to n).
    pub(crate) fn variance(&self) -> f64 {
        let n = self.count();
        if n < 2.0 {
            return MISSING;
        }
        self.central(2) * n / (n - 1.0)
    }

    /// A statistic by the name that `tabstat` and `collapse` give it; `None` for an unknown name.
    pub(crate) fn statistic(&self, name: &str) -> Option<f64> {
        let n = self.count();
        let defined = |x: f64| if n > 0.0 && x.is_finite() { x } else { MISSING };
        let p = |q: f64| if n > 0.0 { percentile(&self.sorted, q) } else { MISSING };
        Some(match name {
            "n" | "count" => n,
            "mean" => defined(self.mean()),
            "sum" => self.ordered.iter().map(|v| v.0 * v.1).sum(),
            "rawsum" => self.ordered.iter().map(|v| v.0).sum(),
            "min" => self.sorted.first().map_or(MISSING, |v| v.0),
            "max" => self.sorted.last().map_or(MISSING, |v| v.0),
            "range" => self.sorted.first().zip(self.sorted.last()).map_or(MISSING, |(a, b)| b.0 - a.0),
            "variance" => self.variance(),
            "sd" => defined_root(self.variance()),
            "cv" => ratio(defined_root(self.variance()), self.mean()),
            "semean" => ratio(defined_root(self.variance()), n.sqrt()),
            "skewness" => defined(self.central(3) / self.central(2).powf(1.5)),
            "kurtosis" => defined(self.central(4) / self.central(2).powi(2)),
            "median" => p(50.0),
            "iqr" => {
                if n > 0.0 {
                    p(75.0) - p(25.0)
                } else {
                    MISSING
                }
            }
            "first" => self.ordered.first().map_or(MISSING, |v| v.0),
            "last" => self.ordered.last().map_or(MISSING, |v| v.0),
            _ => {
                let q: f64 = name.strip_prefix('p')?.parse().ok()?;
                if !(1.0..=99.0).contains(&q) {
                    return None;
                }
                p(q)
            }
        })
    }
}

fn defined_root(x: f64) -> f64 {
    if is_missing(x) { MISSING } else { x.sqrt() }
}

fn ratio(a: f64, b: f64) -> f64 {
    if is_missing(a) || is_missing(b) || b == 0.0 { MISSING } else { a / b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_follow_the_rule_of_summarize() {
        let s = Sample::new((1..=10).map(|i| (f64::from(i), 1.0)));
        assert_eq!(s.statistic("p10"), Some(1.5));
        assert_eq!(s.statistic("p25"), Some(3.0));
        assert_eq!(s.statistic("p50"), Some(5.5));
        assert_eq!(s.statistic("p99"), Some(10.0));
        assert_eq!(s.statistic("p100"), None);
    }
}
