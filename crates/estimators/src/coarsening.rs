//! Coarsened exact matching: intervals of covariates, strata, weights and the imbalance of two groups.
//! Iacus, King and Porro (2012), Political Analysis 20: 1-24; Blackwell, Iacus, King and Porro (2009), Stata Journal 9:
//! 524-546.

use super::descriptive::Sample;
use super::weights::WeightKind;
use std::collections::BTreeMap;

/// How many cutpoints a variable gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Cutpoints {
    /// Every value is its own interval.
    Exact,
    /// That many cutpoints at equal distances, the extremes included.
    Count(usize),
    /// `ceil(log2(n) + 1)` of them (Sturges 1926).
    Sturges,
    /// `ceil(range / h)` of them with `h = 3.5 s n^(-1/3)` (Scott 1979).
    Scott,
    /// These, in ascending order.
    At(Vec<f64>),
}

impl Cutpoints {
    /// The cutpoints for values without missing ones; empty when every value is its own interval.
    pub fn of(&self, values: &[f64]) -> Vec<f64> {
        let n = values.len() as f64;
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let count = match self {
            Self::Exact => return Vec::new(),
            Self::At(points) => return points.clone(),
            _ if values.is_empty() => return vec![0.0, 0.0],
            Self::Count(count) => *count as f64,
            Self::Sturges => (n.log2() + 1.0).ceil(),
            Self::Scott => {
                let mean = values.iter().sum::<f64>() / n;
                let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
                let width = 3.5 * (squares / (n - 1.0)).sqrt() * n.powf(-1.0 / 3.0);
                if width > 0.0 { ((high - low) / width).ceil() } else { 2.0 }
            }
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive count")]
        let count = count.max(2.0) as usize;
        let step = (high - low) / (count as f64 - 1.0);
        (0..count).map(|i| if i + 1 == count { high } else { low + i as f64 * step }).collect()
    }
}

/// The interval of each value: closed above, the first of them closed below too; values beyond the cutpoints have intervals
/// of their own, and missing ones (NaN) are one more. Without cutpoints the order of the distinct values.
pub fn intervals(values: &[f64], cutpoints: &[f64]) -> Vec<usize> {
    if cutpoints.is_empty() {
        let mut distinct: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        return values
            .iter()
            .map(|x| if x.is_nan() { usize::MAX } else { distinct.partition_point(|d| d < x) })
            .collect();
    }
    let of = |x: &f64| match cutpoints.partition_point(|c| c < x) {
        _ if x.is_nan() => usize::MAX,
        0 if *x == cutpoints[0] => 1,
        at => at,
    };
    values.iter().map(of).collect()
}

/// Numbers from zero of the strata, the combinations of the intervals, in ascending order, and how many there are.
pub fn strata(columns: &[Vec<usize>], n: usize) -> (Vec<usize>, usize) {
    let key = |i: usize| columns.iter().map(|c| c[i]).collect::<Vec<usize>>();
    let mut found: BTreeMap<Vec<usize>, usize> = (0..n).map(|i| (key(i), 0)).collect();
    found.values_mut().enumerate().for_each(|(at, number)| *number = at);
    ((0..n).map(|i| found[&key(i)]).collect(), found.len())
}

/// The strata that hold both groups, and the weights that balance them.
#[derive(Debug, Clone)]
pub struct Matched {
    /// Whether the stratum of a unit holds both groups.
    pub matched: Vec<bool>,
    /// 1 for treated units, `(m1s/m0s)(m0/m1)` for controls of stratum `s`, 0 outside of matched strata.
    pub weights: Vec<f64>,
    /// How many strata hold both groups.
    pub strata: usize,
}

/// Matches treated units and controls within strata.
pub fn matched(strata: &[usize], count: usize, treated: &[bool]) -> Matched {
    let mut sizes = vec![[0.0; 2]; count];
    strata.iter().zip(treated).for_each(|(s, t)| sizes[*s][usize::from(*t)] += 1.0);
    let both = |s: usize| sizes[s][0] > 0.0 && sizes[s][1] > 0.0;
    let total = |g: usize| (0..count).filter(|s| both(*s)).map(|s| sizes[s][g]).sum::<f64>();
    let ratio = total(0) / total(1);
    let weight = |(s, t): (&usize, &bool)| match (both(*s), t) {
        (false, _) => 0.0,
        (true, true) => 1.0,
        (true, false) => sizes[*s][1] / sizes[*s][0] * ratio,
    };
    Matched {
        matched: strata.iter().map(|s| both(*s)).collect(),
        weights: strata.iter().zip(treated).map(weight).collect(),
        strata: (0..count).filter(|s| both(*s)).count(),
    }
}

/// Half the sum of absolute differences of the relative frequencies of the two groups over strata.
pub fn l1_distance(strata: &[usize], count: usize, treated: &[bool], weights: &[f64]) -> f64 {
    let mut sums = vec![[0.0; 2]; count];
    for ((s, t), w) in strata.iter().zip(treated).zip(weights) {
        sums[*s][usize::from(*t)] += w;
    }
    let total = |g: usize| sums.iter().map(|s| s[g]).sum::<f64>();
    let (zero, one) = (total(0), total(1));
    0.5 * sums.iter().map(|s| (s[1] / one - s[0] / zero).abs()).sum::<f64>()
}

/// Distance, difference of means, and differences of the minimum, quartiles and maximum of one covariate.
pub fn univariate(values: &[f64], treated: &[bool], weights: &[f64], cutpoints: &Cutpoints) -> [f64; 7] {
    let (numbers, count) = strata(&[intervals(values, &cutpoints.of(values))], values.len());
    let group = |g: bool| {
        let rows = values.iter().zip(weights).zip(treated).filter(|(_, t)| **t == g);
        Sample::new(rows.map(|((x, w), _)| (*x, *w)), Some(WeightKind::Analytic))
    };
    let (zero, one) = (group(false), group(true));
    let difference = |of: &dyn Fn(&Sample) -> f64| of(&one) - of(&zero);
    [
        l1_distance(&numbers, count, treated, weights),
        difference(&Sample::mean),
        difference(&Sample::min),
        difference(&|group| group.percentile(25.0)),
        difference(&|group| group.percentile(50.0)),
        difference(&|group| group.percentile(75.0)),
        difference(&Sample::max),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_closed_above_and_the_first_below_too() {
        let cuts = [10.0, 20.0, 30.0];
        assert_eq!(intervals(&[5.0, 10.0, 20.0, 20.5, 30.0, 31.0], &cuts), [0, 1, 1, 2, 2, 3]);
        assert_eq!(intervals(&[3.0, f64::NAN, 1.0], &[]), [1, usize::MAX, 0]);
    }

    #[test]
    fn weights_of_controls_sum_to_their_number() {
        // Stratum 0: one treated, two controls; stratum 1: two treated, one control; stratum 2: no treated.
        let strata = [0, 0, 0, 1, 1, 1, 2];
        let treated = [true, false, false, true, true, false, false];
        let found = matched(&strata, 3, &treated);
        assert_eq!(found.weights, [1.0, 0.5, 0.5, 1.0, 1.0, 2.0, 0.0]);
        assert_eq!(found.strata, 2);
        assert!(!found.matched[6]);
    }

    #[test]
    fn cutpoints_include_the_extremes() {
        assert_eq!(Cutpoints::Count(3).of(&[0.0, 4.0, 10.0]), [0.0, 5.0, 10.0]);
        // log2(8) + 1 = 4
        let eight: Vec<f64> = (0..8).map(f64::from).collect();
        assert_eq!(Cutpoints::Sturges.of(&eight).len(), 4);
    }
}
