//! Weighted descriptive statistics as `summarize` defines them (manual [R]
//! summarize, Methods and formulas).

use crate::missing::{MISSING, clean, is_missing};
use crate::weights::WeightKind;

/// Observations of one variable with weights, missing values left out, sorted by value.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Values ascending.
    pub x: Vec<f64>,
    /// Weights in the order of `x`; aweights as given.
    pub w: Vec<f64>,
    kind: Option<WeightKind>,
}

impl Sample {
    /// Collects values and weights (`None`: all 1).
    pub fn new(pairs: impl Iterator<Item = (f64, f64)>, kind: Option<WeightKind>) -> Self {
        let mut pairs: Vec<(f64, f64)> = pairs.filter(|(x, w)| !is_missing(*x) && *w != 0.0).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (x, w) = pairs.into_iter().unzip();
        Self { x, w, kind }
    }

    /// Unweighted values.
    pub fn plain(values: impl Iterator<Item = f64>) -> Self {
        let mut x = Vec::with_capacity(values.size_hint().1.unwrap_or(0));
        x.extend(values.filter(|x| !is_missing(*x)));
        x.sort_unstable_by(f64::total_cmp);
        Self { w: vec![1.0; x.len()], x, kind: None }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.x.len()
    }

    /// Sum of the weights.
    pub fn sum_w(&self) -> f64 {
        match self.kind {
            None => self.x.len() as f64,
            Some(_) => self.w.iter().sum(),
        }
    }

    /// The standard error of a mean of zeros and ones, `sqrt(p (1 - p) / n)`, or of counts, `sqrt(mean / n)`; missing where
    /// there are other values.
    ///
    /// # Source
    /// [D] collapse, statistics sebinomial and sepoisson.
    pub fn error_of_counts(&self, binary: bool) -> f64 {
        let fits = |x: &f64| if binary { *x == 0.0 || *x == 1.0 } else { *x >= 0.0 };
        if self.x.is_empty() || !self.x.iter().all(fits) {
            return MISSING;
        }
        let mean = self.mean();
        (if binary { mean * (1.0 - mean) } else { mean } / self.n()).sqrt()
    }

    /// `r(N)`: the sum of frequency weights, otherwise the rows (iweights: the sum).
    pub fn n(&self) -> f64 {
        match self.kind {
            Some(WeightKind::Frequency | WeightKind::Importance) => self.sum_w(),
            _ => self.x.len() as f64,
        }
    }

    fn moments_sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        // Neumaier's compensated sum
        let (mut sum, mut c) = (0.0f64, 0.0f64);
        for (&x, &w) in self.x.iter().zip(&self.w) {
            let t = w * f(x);
            let next = sum + t;
            c += if sum.abs() >= t.abs() { (sum - next) + t } else { (t - next) + sum };
            sum = next;
        }
        sum + c
    }

    /// Weighted sum of the values.
    pub fn sum(&self) -> f64 {
        self.moments_sum(|x| x)
    }

    /// Weighted mean.
    pub fn mean(&self) -> f64 {
        if self.x.is_empty() { MISSING } else { self.sum() / self.sum_w() }
    }

    /// Variance with divisor n - 1 (aweights normalised to the number of rows).
    pub fn variance(&self) -> f64 {
        let n = self.n();
        if n <= 1.0 {
            return MISSING;
        }
        let m = self.mean();
        let ss = self.moments_sum(|x| (x - m) * (x - m));
        let scale = match self.kind {
            Some(WeightKind::Analytic | WeightKind::Probability) => n / self.sum_w(),
            _ => 1.0,
        };
        clean(ss * scale / (n - 1.0))
    }

    /// Standard deviation.
    pub fn sd(&self) -> f64 {
        let v = self.variance();
        if is_missing(v) { v } else { v.max(0.0).sqrt() }
    }

    /// Central moment of order k with divisor n.
    fn central(&self, k: i32) -> f64 {
        let m = self.mean();
        self.moments_sum(|x| (x - m).powi(k)) / self.sum_w()
    }

    /// Skewness m3 / m2^1.5.
    pub fn skewness(&self) -> f64 {
        let m2 = if self.x.is_empty() { 0.0 } else { self.central(2) };
        if m2 > 0.0 { self.central(3) / m2.powf(1.5) } else { MISSING }
    }

    /// Kurtosis m4 / m2^2.
    pub fn kurtosis(&self) -> f64 {
        let m2 = if self.x.is_empty() { 0.0 } else { self.central(2) };
        if m2 > 0.0 { self.central(4) / (m2 * m2) } else { MISSING }
    }

    /// Smallest value.
    pub fn min(&self) -> f64 {
        self.x.first().copied().unwrap_or(MISSING)
    }

    /// Largest value.
    pub fn max(&self) -> f64 {
        self.x.last().copied().unwrap_or(MISSING)
    }

    /// Percentile p (0 to 100): the first value whose cumulative weight exceeds
    /// n·p/100, averaged with the one before where they are equal.
    pub fn percentile(&self, p: f64) -> f64 {
        if self.x.is_empty() {
            return MISSING;
        }
        let target = self.sum_w() * p / 100.0;
        // rows that all weigh one need no sum up to the place
        let first = if self.kind.is_none() { (target as usize).saturating_sub(1) } else { 0 };
        let mut cum = first as f64;
        for (i, &w) in self.w.iter().enumerate().skip(first) {
            cum += w;
            if (cum - target).abs() <= 1e-12 * target.max(1.0) && i + 1 < self.x.len() {
                return (self.x[i] + self.x[i + 1]) / 2.0;
            }
            if cum > target {
                return self.x[i];
            }
        }
        self.max()
    }
}

/// A percentile of sorted values by interpolation at `(n + 1) p / 100` ([D] pctile, option altdef).
pub fn interpolated(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return MISSING };
    let at = (sorted.len() as f64 + 1.0) * p / 100.0;
    let (below, part) = (at.floor(), at - at.floor());
    let value = |i: f64| sorted[(i.max(1.0) as usize - 1).min(last)];
    (1.0 - part) * value(below) + part * value(below + 1.0)
}

/// Statistics by the names that `tabstat`, `collapse` and `egen` share.
pub fn by_name(sample: &Sample, name: &str) -> Option<f64> {
    Some(match name {
        "mean" | "me" => sample.mean(),
        "count" | "n" | "N" => sample.n(),
        "sum" | "su" | "total" => sample.sum(),
        "min" | "mi" => sample.min(),
        "max" | "ma" => sample.max(),
        "range" | "r" => {
            if sample.rows() == 0 {
                MISSING
            } else {
                sample.max() - sample.min()
            }
        }
        "sd" => sample.sd(),
        "variance" | "var" | "v" => sample.variance(),
        "cv" => ratio(sample.sd(), sample.mean()),
        "semean" | "sem" => ratio(sample.sd(), sample.n().sqrt()),
        "skewness" | "sk" => sample.skewness(),
        "kurtosis" | "k" => sample.kurtosis(),
        "median" | "med" | "p50" => sample.percentile(50.0),
        "iqr" if sample.rows() == 0 => MISSING,
        "iqr" => sample.percentile(75.0) - sample.percentile(25.0),
        p => {
            let k: f64 = p.strip_prefix('p')?.parse().ok()?;
            if !(k > 0.0 && k < 100.0) {
                return None;
            }
            sample.percentile(k)
        }
    })
    .map(|x| if x.is_nan() { MISSING } else { x })
}

fn ratio(a: f64, b: f64) -> f64 {
    if is_missing(a) || is_missing(b) || b == 0.0 { MISSING } else { a / b }
}

/// Mean ranks of values and the sum of t^3 - t over ties.
pub fn mean_ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut out = vec![0.0; values.len()];
    let mut ties = 0.0;
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] == values[order[start]] {
            end += 1;
        }
        let rank = (start + 1 + end) as f64 / 2.0;
        order[start..end].iter().for_each(|&i| out[i] = rank);
        let t = (end - start) as f64;
        ties += t * t * t - t;
        start = end;
    }
    (out, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_the_manual_rule() {
        let s = Sample::plain((1..=10).map(f64::from));
        assert_eq!((s.percentile(50.0), s.percentile(25.0), s.percentile(90.0)), (5.5, 3.0, 9.5));
        assert!((s.sd() - 3.027_650_354_097_491_7).abs() < 1e-14);
    }

    #[test]
    fn ties_share_their_mean_rank() {
        let (r, ties) = mean_ranks(&[3.0, 1.0, 3.0, 2.0]);
        assert_eq!(r, vec![3.5, 1.0, 3.5, 2.0]);
        assert_eq!(ties, 6.0);
    }
}
