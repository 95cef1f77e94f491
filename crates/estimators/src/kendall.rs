//! Kendall's score and its variance with ties. Formulas: Kendall and Gibbons (1990), Rank Correlation Methods, 4.8 and
//! 4.14; the concordant pairs are counted by sorting (Knight 1966, JASA 61).

use super::distributions::normal_two_sided;

/// Score and ties of two variables.
#[derive(Debug, Clone, Copy)]
pub struct Kendall {
    /// Concordant pairs minus discordant ones.
    pub score: f64,
    /// Standard error of the score under independence, with ties.
    pub se: f64,
    /// `score / (n(n-1)/2)`.
    pub tau_a: f64,
    /// The same with the pairs tied in each variable taken out of the divisor.
    pub tau_b: f64,
}

impl Kendall {
    /// Two-sided normal p-value of the score, with the correction for continuity.
    pub fn p(&self) -> f64 {
        if self.score == 0.0 { 1.0 } else { normal_two_sided((self.score.abs() - 1.0) / self.se) }
    }
}

/// Sums of `t(t-1)/2`, `t(t-1)(t-2)` and `t(t-1)(2t+5)` over runs of equal values in sorted order.
#[derive(Default)]
struct Ties {
    pairs: f64,
    triples: f64,
    weighted: f64,
}

impl Ties {
    fn add(&mut self, run: usize) {
        let t = run as f64;
        self.pairs += t * (t - 1.0) / 2.0;
        self.triples += t * (t - 1.0) * (t - 2.0);
        self.weighted += t * (t - 1.0) * (2.0 * t + 5.0);
    }

    fn of(n: usize, same: impl Fn(usize) -> bool) -> Self {
        let mut out = Self::default();
        let mut run = 1;
        for i in 1..n {
            if same(i) {
                run += 1;
            } else {
                out.add(run);
                run = 1;
            }
        }
        out.add(run);
        out
    }
}

/// Kendall's rank correlation of two variables of the same length, at least two rows.
pub fn kendall(x: &[f64], y: &[f64]) -> Kendall {
    let n = x.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]).then(y[*a].total_cmp(&y[*b])));
    let in_x = Ties::of(n, |i| x[order[i]] == x[order[i - 1]]);
    let in_both = Ties::of(n, |i| x[order[i]] == x[order[i - 1]] && y[order[i]] == y[order[i - 1]]);
    let mut sorted: Vec<f64> = order.iter().map(|i| y[*i]).collect();
    let mut room = sorted.clone();
    let swaps = merge_sort(&mut sorted, &mut room);
    let in_y = Ties::of(n, |i| sorted[i] == sorted[i - 1]);
    let size = n as f64;
    let pairs = size * (size - 1.0) / 2.0;
    let score = pairs - in_x.pairs - in_y.pairs + in_both.pairs - 2.0 * swaps;
    let mut variance = (size * (size - 1.0) * (2.0 * size + 5.0) - in_x.weighted - in_y.weighted) / 18.0
        + 4.0 * in_x.pairs * in_y.pairs / (2.0 * size * (size - 1.0));
    if n > 2 {
        variance += in_x.triples * in_y.triples / (9.0 * size * (size - 1.0) * (size - 2.0));
    }
    Kendall {
        score,
        // without two values of a variable the parts cancel but for rounding
        se: if in_x.pairs.max(in_y.pairs) == pairs { 0.0 } else { variance.max(0.0).sqrt() },
        tau_a: score / pairs,
        tau_b: score / ((pairs - in_x.pairs) * (pairs - in_y.pairs)).sqrt(),
    }
}

/// Sorts and counts the exchanges of unequal neighbours that a bubble sort would make.
fn merge_sort(values: &mut [f64], room: &mut [f64]) -> f64 {
    let n = values.len();
    if n < 2 {
        return 0.0;
    }
    let middle = n / 2;
    let mut swaps = merge_sort(&mut values[..middle], &mut room[..middle])
        + merge_sort(&mut values[middle..], &mut room[middle..]);
    let (mut left, mut right) = (0, middle);
    for slot in room.iter_mut() {
        if right == n || (left < middle && values[left] <= values[right]) {
            *slot = values[left];
            left += 1;
        } else {
            swaps += (middle - left) as f64;
            *slot = values[right];
            right += 1;
        }
    }
    values.copy_from_slice(room);
    swaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_sum_of_signs_over_all_pairs() {
        let x: Vec<f64> = (0..40).map(|i| f64::from((7 * i) % 11)).collect();
        let y: Vec<f64> = (0..40).map(|i| f64::from((i * i) % 13)).collect();
        let sign = |d: f64| if d == 0.0 { 0.0 } else { d.signum() };
        let mut score = 0.0;
        for i in 0..40 {
            for j in 0..i {
                score += sign(x[i] - x[j]) * sign(y[i] - y[j]);
            }
        }
        assert_eq!(kendall(&x, &y).score, score);
    }
}
