//! Concordance of a risk score with survival times: Harrell's C and the estimator of Gönen and Heller.
//! Sources: [ST] stcox postestimation; Harrell, Califf, Pryor, Lee and Rosati (1982); Gönen and Heller (2005).

/// Pairs of Harrell's C.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pairs {
    /// Pairs that can be ordered: the shorter time ends in failure.
    pub comparable: f64,
    /// Of these, the one that fails first has the higher risk.
    pub concordant: f64,
    /// Of these, with equal risks.
    pub tied: f64,
}

/// Counts of ranks with prefix sums (Fenwick 1994).
struct Counts(Vec<f64>);

impl Counts {
    fn add(&mut self, at: usize) {
        let mut i = at + 1;
        while i <= self.0.len() {
            self.0[i - 1] += 1.0;
            i += i & i.wrapping_neg();
        }
    }

    /// Number of entries below a rank.
    fn below(&self, rank: usize) -> f64 {
        let (mut i, mut sum) = (rank, 0.0);
        while i > 0 {
            sum += self.0[i - 1];
            i &= i - 1;
        }
        sum
    }
}

/// Counts pairs in `O(n log n)`. A failure and a loss at the same time are comparable (the loss lived longer);
/// two failures at the same time are not.
pub fn harrell(t: &[f64], d: &[bool], risk: &[f64]) -> Pairs {
    let mut levels = risk.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let rank = |x: f64| levels.partition_point(|l| *l < x);
    let mut order: Vec<usize> = (0..t.len()).collect();
    order.sort_by(|&a, &b| t[b].total_cmp(&t[a]).then(d[a].cmp(&d[b])));
    let mut counts = Counts(vec![0.0; levels.len()]);
    let mut seen = 0.0;
    let mut out = Pairs::default();
    for run in order.chunk_by(|&a, &b| t[a] == t[b] && d[a] == d[b]) {
        if d[run[0]] {
            for &i in run {
                let r = rank(risk[i]);
                let (lower, upto) = (counts.below(r), counts.below(r + 1));
                out.comparable += seen;
                out.concordant += lower;
                out.tied += upto - lower;
            }
        }
        run.iter().for_each(|&i| counts.add(rank(risk[i])));
        seen += run.len() as f64;
    }
    out
}

/// `2 / (n (n - 1)) sum_(i<j) 1 / (1 + exp(-|eta_i - eta_j|))` over pairs with different indices.
pub fn goenen_heller(eta: &[f64]) -> f64 {
    let n = eta.len();
    let mut sum = 0.0;
    for i in 0..n {
        for j in 0..i {
            let gap = (eta[i] - eta[j]).abs();
            if gap > 0.0 {
                sum += 1.0 / (1.0 + (-gap).exp());
            }
        }
    }
    2.0 * sum / (n as f64 * (n as f64 - 1.0))
}
