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
    /// Differences from this level (`rb#.`).
    Level(i64),
    /// Differences from the mean of all levels, each with its share of the observations.
    WeightedGrandMean,
    /// Differences from the weighted mean of the later levels.
    WeightedHelmert,
    /// Differences from the weighted mean of the earlier levels.
    WeightedReverseHelmert,
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
            "gw" => Self::WeightedGrandMean,
            "hw" => Self::WeightedHelmert,
            "jw" => Self::WeightedReverseHelmert,
            _ => return prefix.strip_prefix("rb").and_then(|level| level.parse().ok()).map(Self::Level),
        })
    }

    /// Whether the levels count by their observations.
    pub fn is_weighted(self) -> bool {
        matches!(self, Self::WeightedGrandMean | Self::WeightedHelmert | Self::WeightedReverseHelmert)
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

/// The comparisons of an operator over levels (in ascending order) with a reference level by position. `sizes` has the
/// number of observations of each level for the weighted operators.
pub fn comparisons(operator: Operator, levels: &[i64], reference: usize, sizes: &[f64]) -> Vec<Comparison> {
    let k = levels.len();
    let pair = |a: usize, b: usize| {
        let mut weights = vec![0.0; k];
        weights[a] = 1.0;
        weights[b] -= 1.0;
        Comparison::new(format!("{} vs {}", levels[a], levels[b]), weights)
    };
    let equal = vec![1.0; k];
    let sizes = if operator.is_weighted() && sizes.len() == k { sizes } else { &equal };
    // the level i against the mean of some levels
    let against = |i: usize, rest: &dyn Fn(usize) -> bool, label: String| {
        let total: f64 = (0..k).filter(|j| rest(*j)).map(|j| sizes[j]).sum();
        let mean = |j: usize| if rest(j) { sizes[j] / total } else { 0.0 };
        Comparison::new(label, (0..k).map(|j| f64::from(u8::from(i == j)) - mean(j)).collect())
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
        Operator::Level(level) => {
            let base = levels.iter().position(|l| *l == level);
            base.map_or(Vec::new(), |base| (0..k).filter(|i| *i != base).map(|i| pair(i, base)).collect())
        }
        Operator::Adjacent => (1..k).map(|i| pair(i - 1, i)).collect(),
        Operator::ReverseAdjacent => (1..k).map(|i| pair(i, i - 1)).collect(),
        Operator::GrandMean | Operator::WeightedGrandMean => {
            (0..k).map(|i| against(i, &|_| true, format!("{} vs mean", levels[i]))).collect()
        }
        Operator::Helmert | Operator::WeightedHelmert => (0..k - 1)
            .map(|i| {
                // a blank stands below the signs of the other labels
                let label = if i + 2 == k {
                    format!("{} vs  {}", levels[i], levels[i + 1])
                } else {
                    format!("{} vs >{}", levels[i], levels[i])
                };
                against(i, &|j| j > i, label)
            })
            .collect(),
        Operator::ReverseHelmert | Operator::WeightedReverseHelmert => (1..k)
            .map(|i| {
                let label = if i == 1 {
                    format!("{} vs  {}", levels[1], levels[0])
                } else {
                    format!("{} vs <{}", levels[i], levels[i])
                };
                against(i, &|j| j < i, label)
            })
            .collect(),
        Operator::Polynomial => polynomials(&levels.iter().map(|l| *l as f64).collect::<Vec<_>>()),
        Operator::OrderPolynomial => polynomials(&(1..=k).map(|i| i as f64).collect::<Vec<_>>()),
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

/// Letters of groups of means: each largest set of two or more means that do not differ from each other has a letter,
/// A for the set with the least means. A mean that differs from all others has none.
pub fn letters(means: &[f64], alike: impl Fn(usize, usize) -> bool) -> Vec<String> {
    let mut order: Vec<usize> = (0..means.len()).collect();
    order.sort_by(|a, b| means[*a].total_cmp(&means[*b]));
    let mut kept: Vec<Vec<usize>> = Vec::new();
    let places: Vec<usize> = (0..order.len()).collect();
    // sets of places in the order of the means
    cliques(&|a, b| alike(order[a], order[b]), Vec::new(), places, Vec::new(), &mut kept);
    kept.iter_mut().for_each(|set| set.sort_unstable());
    kept.retain(|set| set.len() > 1);
    kept.sort();
    let kept: Vec<Vec<usize>> = kept.iter().map(|set| set.iter().map(|p| order[*p]).collect()).collect();
    let letter = |i: usize| char::from(b'A' + (i % 26) as u8).to_string().repeat(i / 26 + 1);
    let of =
        |m: usize| kept.iter().enumerate().filter(move |(_, set)| set.contains(&m)).map(|(i, _)| letter(i));
    (0..means.len()).map(|m| of(m).collect()).collect()
}

/// All largest sets whose members are alike pair by pair (Bron and Kerbosch 1973, with a pivot): `set` can be extended by
/// members of `open`; `seen` are those whose sets are known.
fn cliques(
    alike: &impl Fn(usize, usize) -> bool,
    set: Vec<usize>,
    mut open: Vec<usize>,
    mut seen: Vec<usize>,
    found: &mut Vec<Vec<usize>>,
) {
    if open.is_empty() && seen.is_empty() {
        found.push(set);
        return;
    }
    let near = |v: usize, all: &[usize]| -> Vec<usize> {
        all.iter().copied().filter(|u| *u != v && alike(v, *u)).collect()
    };
    let pivot = open.iter().chain(&seen).copied().max_by_key(|v| near(*v, &open).len());
    let left: Vec<usize> =
        open.iter().copied().filter(|v| pivot.is_none_or(|p| *v == p || !alike(p, *v))).collect();
    for v in left {
        let mut larger = set.clone();
        larger.push(v);
        cliques(alike, larger, near(v, &open), near(v, &seen), found);
        open.retain(|u| *u != v);
        seen.push(v);
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
        let plain = [Reference, Adjacent, ReverseAdjacent, GrandMean, Helmert, ReverseHelmert, Polynomial];
        let other = [Level(5), WeightedGrandMean, WeightedHelmert, WeightedReverseHelmert];
        for operator in plain.into_iter().chain(other) {
            let rows = comparisons(operator, &[1, 2, 5, 9], 0, &[3.0, 1.0, 4.0, 2.0]);
            assert!(rows.len() >= 3, "{operator:?}");
            for row in rows {
                assert!(row.weights.iter().sum::<f64>().abs() < 1e-12, "{operator:?} {row:?}");
            }
        }
    }

    #[test]
    fn letters_are_shared_by_means_that_do_not_differ() {
        // 1 and 2 alike, 2 and 3 alike, 4 apart
        let alike = |a: usize, b: usize| a.abs_diff(b) <= 1 && a.max(b) < 3;
        assert_eq!(letters(&[1.0, 2.0, 3.0, 9.0], alike), ["A", "AB", "B", ""]);
        // the order of the means decides the letters
        assert_eq!(letters(&[3.0, 2.0, 1.0, 9.0], alike), ["B", "AB", "A", ""]);
        assert_eq!(letters(&[1.0, 2.0], |_, _| true), ["A", "A"]);
    }

    #[test]
    fn letters_are_those_that_stata_printed() {
        // Margins and standard errors of three tables of margins, pwcompare(group). The covariances of the cells are not
        // printed: a pair within 7 % of the limit of two independent means is taken from the printed letters.
        let tables: [(&[f64], &[f64], &[&str]); 3] = [
            (
                &[0.6092, 0.5445, 0.4876, 0.4496, 0.4986, 0.4553, 0.4116, 0.5291],
                &[0.0310, 0.0271, 0.0305, 0.0273, 0.0320, 0.0261, 0.0314, 0.0259],
                &["D", "CD", "ABC", "AB", "BC", "AB", "A", "CD"],
            ),
            (
                &[0.5860, 0.5205, 0.4942, 0.4585, 0.5092, 0.4380, 0.4045, 0.5345],
                &[0.0310, 0.0269, 0.0307, 0.0268, 0.0316, 0.0259, 0.0313, 0.0259],
                &["E", "CDE", "BCD", "ABC", "BCDE", "AB", "A", "DE"],
            ),
            (
                &[
                    0.5118, 0.5809, 0.5865, 0.3861, 0.4586, 0.5089, 0.3980, 0.4942, 0.4647, 0.4555, 0.4624,
                    0.5624,
                ],
                &[
                    0.0806, 0.0240, 0.0398, 0.0746, 0.0236, 0.0447, 0.0750, 0.0242, 0.0443, 0.0714, 0.0242,
                    0.0437,
                ],
                &["ABC", "C", "C", "A", "AB", "ABC", "AB", "AB", "AB", "ABC", "AB", "BC"],
            ),
        ];
        for (b, se, printed) in tables {
            let alike = |i: usize, j: usize| {
                let ratio = (b[i] - b[j]).abs() / (1.96 * se[i].hypot(se[j]));
                if (ratio - 1.0).abs() < 0.07 {
                    printed[i].chars().any(|letter| printed[j].contains(letter))
                } else {
                    ratio < 1.0
                }
            };
            assert_eq!(letters(b, alike), printed);
        }
    }

    #[test]
    fn pairs_are_in_the_order_of_the_manual() {
        assert_eq!(pairs(3), [(1, 0), (2, 0), (2, 1)]);
    }
}
