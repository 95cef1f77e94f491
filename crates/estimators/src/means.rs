//! Tests on means, spreads and correlations ([R] ttest, sdtest, correlate, spearman, ranksum, kwallis, oneway).
//! Inputs are complete rows; choosing the sample is the caller's matter.

use super::distributions::{chi2_tail, f_tail, normal_two_sided, t_tail, t_two_sided};
use super::real::stable_sum;

/// Size, mean and standard deviation of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Number of values.
    pub n: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with divisor n - 1.
    pub sd: f64,
}

impl Moments {
    /// Moments of values (two passes).
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = stable_sum(values.iter().copied()) / n;
        let squares = stable_sum(values.iter().map(|v| (v - mean).powi(2)));
        Self { n, mean, sd: (squares / (n - 1.0)).sqrt() }
    }

    /// Moments of two samples put together.
    pub fn pooled(a: Self, b: Self) -> Self {
        let n = a.n + b.n;
        let between = a.n * b.n / n * (a.mean - b.mean).powi(2);
        let within = |m: Self| if m.n > 1.0 { (m.n - 1.0) * m.sd * m.sd } else { 0.0 };
        let sd = ((within(a) + within(b) + between) / (n - 1.0)).sqrt();
        Self { n, mean: (a.n * a.mean + b.n * b.mean) / n, sd }
    }

    /// Standard error of the mean.
    pub fn se(&self) -> f64 {
        self.sd / self.n.sqrt()
    }
}

/// A t test of a difference.
#[derive(Clone, Copy, Debug)]
pub struct TTest {
    /// The difference.
    pub difference: f64,
    /// Its standard error.
    pub se: f64,
    /// t statistic.
    pub t: f64,
    /// Degrees of freedom.
    pub df: f64,
}

impl TTest {
    fn new(difference: f64, se: f64, df: f64) -> Self {
        Self { difference, se, t: difference / se, df }
    }

    /// P(T < t), P(|T| > |t|), P(T > t).
    pub fn p(&self) -> (f64, f64, f64) {
        (t_tail(self.df, -self.t), t_two_sided(self.df, self.t), t_tail(self.df, self.t))
    }
}

/// One-sample test that the mean is `target`.
pub fn one_sample(sample: Moments, target: f64) -> TTest {
    TTest::new(sample.mean - target, sample.se(), sample.n - 1.0)
}

/// How the degrees of freedom with unequal variances are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Equal variances, pooled.
    Equal,
    /// Satterthwaite (1946).
    Satterthwaite,
    /// Welch (1947).
    Welch,
}

/// Two-sample test of equal means.
pub fn two_sample(a: Moments, b: Moments, spread: Spread) -> TTest {
    let difference = a.mean - b.mean;
    if spread == Spread::Equal {
        let df = a.n + b.n - 2.0;
        let pooled = ((a.n - 1.0) * a.sd * a.sd + (b.n - 1.0) * b.sd * b.sd) / df;
        return TTest::new(difference, (pooled * (1.0 / a.n + 1.0 / b.n)).sqrt(), df);
    }
    let (va, vb) = (a.sd * a.sd / a.n, b.sd * b.sd / b.n);
    let offset = if spread == Spread::Welch { 1.0 } else { -1.0 };
    let df = (va + vb).powi(2) / (va * va / (a.n + offset) + vb * vb / (b.n + offset));
    let df = if spread == Spread::Welch { df - 2.0 } else { df };
    TTest::new(difference, (va + vb).sqrt(), df)
}

/// Ranks from one, ties get their average rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut out = vec![0.0; values.len()];
    let mut before = 0;
    for run in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before as f64 + (run.len() as f64 + 1.0) / 2.0;
        run.iter().for_each(|i| out[*i] = rank);
        before += run.len();
    }
    out
}

/// Two-sided p-value of a correlation of `n` pairs: t with n - 2 degrees of freedom ([R] correlate).
pub fn correlation_p(r: f64, n: f64) -> f64 {
    if r.abs() >= 1.0 {
        return 0.0;
    }
    t_two_sided(n - 2.0, r * ((n - 2.0) / (1.0 - r * r)).sqrt())
}

/// Wilcoxon rank-sum test ([R] ranksum).
#[derive(Clone, Copy, Debug)]
pub struct RankSum {
    /// Rank sums of the groups.
    pub sums: (f64, f64),
    /// Their expectations.
    pub expected: (f64, f64),
    /// Variance without ties.
    pub unadjusted: f64,
    /// Adjustment for ties (not positive).
    pub adjustment: f64,
    /// z statistic of the first group.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Estimate of P(first > second) with half of the ties.
    pub porder: f64,
}

/// Compares two groups by ranks; `first` marks the rows of the first group.
pub fn rank_sum(values: &[f64], first: &[bool]) -> RankSum {
    let all = ranks(values);
    let n = values.len() as f64;
    let n1 = first.iter().filter(|f| **f).count() as f64;
    let n2 = n - n1;
    let t1 = stable_sum(all.iter().zip(first).filter(|(_, f)| **f).map(|(r, _)| *r));
    let unadjusted = n1 * n2 * (n + 1.0) / 12.0;
    let mean = stable_sum(all.iter().copied()) / n;
    let s2 = stable_sum(all.iter().map(|r| (r - mean).powi(2))) / (n - 1.0);
    let variance = n1 * n2 / n * s2;
    let z = (t1 - n1 * (n + 1.0) / 2.0) / variance.sqrt();
    RankSum {
        sums: (t1, n * (n + 1.0) / 2.0 - t1),
        expected: (n1 * (n + 1.0) / 2.0, n2 * (n + 1.0) / 2.0),
        unadjusted,
        adjustment: variance - unadjusted,
        z,
        p: normal_two_sided(z),
        porder: (t1 - n1 * (n1 + 1.0) / 2.0) / (n1 * n2),
    }
}

/// Kruskal-Wallis test ([R] kwallis).
#[derive(Clone, Debug)]
pub struct KruskalWallis {
    /// Rank sum of each group.
    pub sums: Vec<f64>,
    /// Statistic without ties.
    pub chi2: f64,
    /// Statistic adjusted for ties.
    pub chi2_adjusted: f64,
    /// Degrees of freedom.
    pub df: f64,
}

impl KruskalWallis {
    /// p-values without and with the adjustment.
    pub fn p(&self) -> (f64, f64) {
        (chi2_tail(self.df, self.chi2), chi2_tail(self.df, self.chi2_adjusted))
    }
}

/// Compares groups by ranks; `group` numbers the group of each row from zero.
pub fn kruskal_wallis(values: &[f64], group: &[usize], groups: usize) -> KruskalWallis {
    let all = ranks(values);
    let n = values.len() as f64;
    let mut sums = vec![0.0; groups];
    let mut counts = vec![0.0; groups];
    for (rank, g) in all.iter().zip(group) {
        sums[*g] += rank;
        counts[*g] += 1.0;
    }
    let weighted: f64 = sums.iter().zip(&counts).map(|(s, c)| s * s / c).sum();
    let chi2 = 12.0 / (n * (n + 1.0)) * weighted - 3.0 * (n + 1.0);
    let mut sorted = all.clone();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 =
        sorted.chunk_by(|a, b| a == b).map(|run| (run.len() as f64).powi(3) - run.len() as f64).sum();
    let correction = 1.0 - ties / (n.powi(3) - n);
    KruskalWallis { sums, chi2, chi2_adjusted: chi2 / correction, df: groups as f64 - 1.0 }
}

/// One-way analysis of variance with Bartlett's test ([R] oneway).
#[derive(Clone, Copy, Debug)]
pub struct OneWay {
    /// Between-group sum of squares.
    pub between: f64,
    /// Its degrees of freedom.
    pub df_between: f64,
    /// Within-group sum of squares.
    pub within: f64,
    /// Its degrees of freedom.
    pub df_within: f64,
    /// Bartlett's chi-squared of equal variances.
    pub bartlett: f64,
    /// Its degrees of freedom.
    pub df_bartlett: f64,
}

impl OneWay {
    /// F statistic.
    pub fn f(&self) -> f64 {
        (self.between / self.df_between) / (self.within / self.df_within)
    }

    /// p-values of F and of Bartlett's test.
    pub fn p(&self) -> (f64, f64) {
        (f_tail(self.df_between, self.df_within, self.f()), chi2_tail(self.df_bartlett, self.bartlett))
    }
}

/// Analysis of variance from the groups' moments.
pub fn one_way(groups: &[Moments]) -> OneWay {
    let n: f64 = groups.iter().map(|g| g.n).sum();
    let mean = stable_sum(groups.iter().map(|g| g.n * g.mean)) / n;
    let between = stable_sum(groups.iter().map(|g| g.n * (g.mean - mean).powi(2)));
    let squares = |g: &Moments| if g.n > 1.0 { (g.n - 1.0) * g.sd * g.sd } else { 0.0 };
    let within = stable_sum(groups.iter().map(squares));
    let k = groups.len() as f64;
    // Groups of one row have no variance and stay out of Bartlett's test.
    let varied: Vec<&Moments> = groups.iter().filter(|g| g.n > 1.0).collect();
    let df: f64 = varied.iter().map(|g| g.n - 1.0).sum();
    let pooled = varied.iter().map(|g| squares(g)).sum::<f64>() / df;
    let m = varied.len() as f64;
    let gap = df * pooled.ln() - varied.iter().map(|g| (g.n - 1.0) * (g.sd * g.sd).ln()).sum::<f64>();
    let c = 1.0 + (varied.iter().map(|g| 1.0 / (g.n - 1.0)).sum::<f64>() - 1.0 / df) / (3.0 * (m - 1.0));
    OneWay { between, df_between: k - 1.0, within, df_within: n - k, bartlett: gap / c, df_bartlett: m - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tied_values_share_their_average_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }
}
