//! Exact distributions of rank statistics under random assignment, with ties ([R] ranksum, [R] signrank).

/// Exact probabilities of a rank statistic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactRank {
    /// At least as far from the expectation as observed.
    pub two_sided: f64,
    /// At most the observed sum.
    pub lower: f64,
    /// At least the observed sum.
    pub upper: f64,
}

/// Ranks in halves: average ranks of ties are whole numbers then.
fn halves(ranks: &[f64]) -> Vec<usize> {
    // Ranks are positive and small: the cast is exact.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "twice a rank is a small count"
    )]
    let twice = |r: &f64| (2.0 * r).round() as usize;
    ranks.iter().map(twice).collect()
}

/// The three probabilities of a distribution over sums in halves, given as masses up to a factor.
fn probabilities(mass: &[f64], observed: f64) -> ExactRank {
    let total: f64 = mass.iter().sum();
    let at = |s: usize| s as f64 / 2.0;
    let mean = mass.iter().enumerate().map(|(s, m)| at(s) * m).sum::<f64>() / total;
    // Sums are multiples of one half, so a quarter parts them.
    let share = |keep: &dyn Fn(f64) -> bool| {
        mass.iter().enumerate().filter(|(s, _)| keep(at(*s))).map(|(_, m)| m).sum::<f64>() / total
    };
    let distance = (observed - mean).abs();
    ExactRank {
        two_sided: share(&|s| (s - mean).abs() > distance - 1e-6).min(1.0),
        lower: share(&|s| s < observed + 0.25).min(1.0),
        upper: share(&|s| s > observed - 0.25).min(1.0),
    }
}

/// Probabilities of the rank sum `observed` of `size` of the ranks, all choices equally likely.
pub fn rank_sum(ranks: &[f64], size: usize, observed: f64) -> ExactRank {
    let all = halves(ranks);
    let total: usize = all.iter().sum();
    // The smaller group needs the smaller table; its sum mirrors the other one.
    let mirrored = size > all.len() - size;
    let k = if mirrored { all.len() - size } else { size };
    let mut ways = vec![vec![0.0; total + 1]; k + 1];
    ways[0][0] = 1.0;
    let mut reached = 0;
    for (seen, rank) in all.iter().enumerate() {
        reached += rank;
        for chosen in (1..=k.min(seen + 1)).rev() {
            let (before, after) = ways.split_at_mut(chosen);
            let (from, to) = (&before[chosen - 1], &mut after[0]);
            for (target, source) in to[*rank..=reached].iter_mut().zip(&from[..=reached - rank]) {
                *target += source;
            }
        }
    }
    let mut mass = ways.swap_remove(k);
    if mirrored {
        mass.reverse();
    }
    probabilities(&mass, observed)
}

/// Probabilities of the sum `observed` of the positive ranks, each sign as likely as the other.
pub fn signed_rank(ranks: &[f64], observed: f64) -> ExactRank {
    let all = halves(ranks);
    let total: usize = all.iter().sum();
    let mut mass = vec![0.0; total + 1];
    mass[0] = 1.0;
    let mut reached = 0;
    for rank in all {
        for s in (0..=reached).rev() {
            // Half of each mass keeps the numbers small.
            mass[s] /= 2.0;
            mass[s + rank] += mass[s];
        }
        reached += rank;
    }
    probabilities(&mass, observed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_agree_with_counting() {
        // Of the ten pairs out of five ranks, one has sum 3, one 4, two 5.
        let found = rank_sum(&[1.0, 2.0, 3.0, 4.0, 5.0], 2, 4.0);
        assert!((found.lower - 0.2).abs() < 1e-12 && (found.two_sided - 0.4).abs() < 1e-12);
        let mirrored = rank_sum(&[1.0, 2.0, 3.0, 4.0, 5.0], 3, 11.0);
        assert!((mirrored.upper - 0.2).abs() < 1e-12 && (mirrored.two_sided - 0.4).abs() < 1e-12);
        // Of the eight sign patterns, sums 0, 1 and 5, 6 are at least as far from 3 as 1.
        let signed = signed_rank(&[1.0, 2.0, 3.0], 1.0);
        assert!((signed.lower - 0.25).abs() < 1e-12 && (signed.two_sided - 0.5).abs() < 1e-12);
    }
}
