//! Contrasts of the levels of a factor as rows of weights, and p-values and intervals adjusted for many comparisons.
//! Formulas: [R] contrast, [R] pwcompare, Methods and formulas.

use super::distributions::{f_inverse_tail, f_tail};
use super::studentised_range;
use super::wald;

/// A named set of comparisons of levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Levels as they are (after `@`), one row each.
    Each,
    /// Differences from the reference level.
    Reference,
    /// Differences from the next level.
    Adjacent,
    /// Differences from the previous level.
    ReverseAdjacent,
    /// Differences from the mean of all levels.
    GrandMean,
    /// Differences from the mean of the later levels.
    Helmert,
    /// Differences from the mean of the earlier levels.
    ReverseHelmert,
    /// Orthogonal polynomials in the values of the levels.
    Polynomial,
    /// Orthogonal polynomials in the order of the levels.
    OrderPolynomial,
}

impl Operator {
    /// The operator of a prefix (`r`, `ar`, `g` …).
    pub fn parse(prefix: &str) -> Option<Self> {
        Some(match prefix {
            "r" => Self::Reference,
            "a" => Self::Adjacent,
            "ar" => Self::ReverseAdjacent,
            "g" => Self::GrandMean,
            "h" => Self::Helmert,
            "j" => Self::ReverseHelmert,
            "p" => Self::Polynomial,
            "q" => Self::OrderPolynomial,
            _ => return None,
        })
    }
}

/// One comparison of levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Name of the comparison: `2 vs 1`, `linear`; for [`Operator::Each`] the level.
    pub label: String,
    /// The same without spaces, for names of columns: `2vs1`.
    pub code: String,
    /// Weight of each level.
    pub weights: Vec<f64>,
}

impl Comparison {
    fn new(label: String, weights: Vec<f64>) -> Self {
        Self { code: label.replace(' ', ""), label, weights }
    }
}

/// The comparisons of an operator over levels (in ascending order) with a reference level by position.
pub fn comparisons(operator: Operator, levels: &[i64], reference: usize) -> Vec<Comparison> {
    let k = levels.len();
    let pair = |a: usize, b: usize| {
        let mut weights = vec![0.0; k];
        weights[a] = 1.0;
        weights[b] -= 1.0;
        Comparison::new(format!("{} vs {}", levels[a], levels[b]), weights)
    };
    match operator {
        Operator::Each => (0..k)
            .map(|i| {
                let mut weights = vec![0.0; k];
                weights[i] = 1.0;
                Comparison::new(levels[i].to_string(), weights)
            })
            .collect(),
        Operator::Reference => (0..k).filter(|i| *i != reference).map(|i| pair(i, reference)).collect(),
        Operator::Adjacent => (1..k).map(|i| pair(i - 1, i)).collect(),
        Operator::ReverseAdjacent => (1..k).map(|i| pair(i, i - 1)).collect(),
        Operator::GrandMean => (0..k)
            .map(|i| {
                let weights = (0..k).map(|j| f64::from(u8::from(i == j)) - 1.0 / k as f64).collect();
                Comparison::new(format!("{} vs mean", levels[i]), weights)
            })
            .collect(),
        Operator::Helmert => (0..k - 1)
            .map(|i| {
                let rest = (k - i - 1) as f64;
                let weights = (0..k).map(|j| against_rest(j, i, j > i, rest)).collect();
                let label = if i + 2 == k {
                    format!("{} vs {}", levels[i], levels[i + 1])
                } else {
                    format!("{} vs >{}", levels[i], levels[i])
                };
                Comparison::new(label, weights)
            })
            .collect(),
        Operator::ReverseHelmert => (1..k)
            .map(|i| {
                let weights = (0..k).map(|j| against_rest(j, i, j < i, i as f64)).collect();
                let label = if i == 1 {
                    format!("{} vs {}", levels[1], levels[0])
                } else {
                    format!("{} vs <{}", levels[i], levels[i])
                };
                Comparison::new(label, weights)
            })
            .collect(),
        Operator::Polynomial => polynomials(&levels.iter().map(|l| *l as f64).collect::<Vec<_>>()),
        Operator::OrderPolynomial => polynomials(&(1..=k).map(|i| i as f64).collect::<Vec<_>>()),
    }
}

fn against_rest(j: usize, i: usize, in_rest: bool, rest: f64) -> f64 {
    if j == i {
        1.0
    } else if in_rest {
        -1.0 / rest
    } else {
        0.0
    }
}

/// Orthogonal polynomials over points, each scaled to unit length (Gram-Schmidt, done twice).
fn polynomials(points: &[f64]) -> Vec<Comparison> {
    const NAMES: [&str; 5] = ["linear", "quadratic", "cubic", "quartic", "quintic"];
    let k = points.len();
    let centre = points.iter().sum::<f64>() / k as f64;
    let scale = points.iter().map(|p| (p - centre).abs()).fold(0.0, f64::max);
    let x: Vec<f64> = points.iter().map(|p| (p - centre) / scale).collect();
    let mut basis: Vec<Vec<f64>> = vec![vec![1.0 / (k as f64).sqrt(); k]];
    for degree in 1..k {
        let mut next: Vec<f64> = x.iter().map(|v| v.powi(degree as i32)).collect();
        for _ in 0..2 {
            for earlier in &basis {
                let share: f64 = earlier.iter().zip(&next).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(earlier).for_each(|(n, e)| *n -= share * e);
            }
        }
        let length = next.iter().map(|v| v * v).sum::<f64>().sqrt();
        next.iter_mut().for_each(|v| *v /= length);
        basis.push(next);
    }
    let name = |degree: usize| {
        NAMES.get(degree - 1).map_or_else(|| format!("degree {degree}"), |n| (*n).to_string())
    };
    basis
        .into_iter()
        .enumerate()
        .skip(1)
        .map(|(degree, weights)| {
            Comparison::new(name(degree), weights.iter().map(|w| w / (k as f64).sqrt()).collect())
        })
        .collect()
}

/// All pairs of positions, later against earlier, in the order of the manual: 2 vs 1, 3 vs 1, … 3 vs 2, …
pub fn pairs(count: usize) -> Vec<(usize, usize)> {
    (0..count).flat_map(|b| (b + 1..count).map(move |a| (a, b))).collect()
}

/// Adjustment of p-values and intervals for several comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// None.
    None,
    /// Bonferroni.
    Bonferroni,
    /// Šidák.
    Sidak,
    /// Scheffé.
    Scheffe,
    /// Tukey and Kramer, for all pairs of means.
    Tukey,
}

impl Adjustment {
    /// Reads `mcompare()`.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next().unwrap_or("");
        let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
        Some(match word {
            _ if is("noadjust", 6) => Self::None,
            _ if is("bonferroni", 3) => Self::Bonferroni,
            _ if is("sidak", 3) => Self::Sidak,
            _ if is("scheffe", 3) => Self::Scheffe,
            _ => return None,
        })
    }

    /// Reads `mcompare()` of a command that compares all pairs of means, where Tukey's method is known too.
    pub fn parse_pairs(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next().unwrap_or("");
        if word.len() >= 3 && "tukey".starts_with(word) { Some(Self::Tukey) } else { Self::parse(text) }
    }

    /// Name for headings.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "Unadjusted",
            Self::Bonferroni => "Bonferroni",
            Self::Sidak => "Šidák",
            Self::Scheffe => "Scheffé",
            Self::Tukey => "Tukey",
        }
    }

    /// p-value of a ratio among `m` comparisons with `rank` independent ones.
    pub fn p(self, ratio: f64, df_r: Option<f64>, m: usize, rank: usize) -> f64 {
        let plain = wald::p_value(ratio, df_r);
        let (m, rank) = (m as f64, rank.max(1) as f64);
        match self {
            Self::None => plain,
            Self::Bonferroni => (m * plain).min(1.0),
            Self::Sidak => -(m * (-plain).ln_1p()).exp_m1(),
            Self::Scheffe => f_tail(rank, df_r.unwrap_or(LARGE), ratio * ratio / rank),
            // The pairs of k means have k - 1 independent ones.
            Self::Tukey => {
                let range = ratio.abs() * std::f64::consts::SQRT_2;
                1.0 - studentised_range::probability(rank + 1.0, df_r.unwrap_or(LARGE), range)
            }
        }
    }

    /// Critical value of an interval at a level in percent.
    pub fn critical(self, level: f64, df_r: Option<f64>, m: usize, rank: usize) -> f64 {
        let alpha = 1.0 - level / 100.0;
        let (m, rank) = (m as f64, rank.max(1) as f64);
        match self {
            Self::None => wald::critical(level, df_r),
            Self::Bonferroni => wald::critical(100.0 * (1.0 - alpha / m), df_r),
            Self::Sidak => wald::critical(100.0 * (1.0 - alpha).powf(1.0 / m), df_r),
            Self::Scheffe => (rank * f_inverse_tail(rank, df_r.unwrap_or(LARGE), alpha)).sqrt(),
            Self::Tukey => {
                let range = studentised_range::critical(rank + 1.0, df_r.unwrap_or(LARGE), alpha);
                range / std::f64::consts::SQRT_2
            }
        }
    }
}

/// Degrees of freedom that stand for infinitely many.
const LARGE: f64 = 1e10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrasts_sum_to_zero() {
        use Operator::*;
        for operator in [Reference, Adjacent, ReverseAdjacent, GrandMean, Helmert, ReverseHelmert, Polynomial]
        {
            for row in comparisons(operator, &[1, 2, 5, 9], 0) {
                assert!(row.weights.iter().sum::<f64>().abs() < 1e-12, "{operator:?} {row:?}");
            }
        }
    }

    #[test]
    fn pairs_are_in_the_order_of_the_manual() {
        assert_eq!(pairs(3), [(1, 0), (2, 0), (2, 1)]);
    }
}
