//! The exact distribution of the two-sample Kolmogorov–Smirnov statistic without ties.

/// Probability of a two-sided statistic of at least `d` for samples of `n` and `m` from one continuous distribution.
///
/// A path from (0, 0) to (n, m) stands for an order of the values, and all are equally likely. Probability is carried along the paths that
/// stay below `d`: at (i, j) the next value is of the first sample with probability (n - i)/(n + m - i - j) (Hodges 1958, "The significance
/// probability of the Smirnov two-sample test"). Differences are compared as whole numbers of 1/(n m). Time is of the order of n m.
pub fn exact_smirnov(n: usize, m: usize, d: f64) -> f64 {
    let limit = (d * n as f64 * m as f64).round();
    if limit <= 0.0 {
        return 1.0;
    }
    let inside = |i: usize, j: usize| (i as f64 * m as f64 - j as f64 * n as f64).abs() < limit;
    // the share of the paths that have left by the time they are at column j of the present row is summed as it happens
    let mut left = 0.0;
    let mut row = vec![0.0; m + 1];
    for i in 0..=n {
        for j in 0..=m {
            let of = |p: f64, rest: usize, total: usize| p * rest as f64 / total as f64;
            let from_above = if i > 0 { of(row[j], n - i + 1, n - i + 1 + m - j) } else { 0.0 };
            let from_left = if j > 0 { of(row[j - 1], m - j + 1, n - i + m - j + 1) } else { 0.0 };
            let here = if i == 0 && j == 0 { 1.0 } else { from_above + from_left };
            row[j] = if inside(i, j) { here } else { 0.0 };
            left += here - row[j];
        }
    }
    left
}
