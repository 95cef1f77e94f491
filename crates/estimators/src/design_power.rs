//! Power of tests of association whose statistic is nearly normal: matched and stratified odds ratios, trends of proportions, pairs.

use super::distributions::{normal, normal_quantile};

/// A statistic with mean `effect` and standard deviation `own`, `null` under the hypothesis, for one unit of the sample; with `n` units the
/// mean grows by the square root of `n`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormalTest {
    /// Mean for one unit.
    pub effect: f64,
    /// Standard deviation under the hypothesis.
    pub null: f64,
    /// Standard deviation under the alternative.
    pub own: f64,
    /// Correction for continuity, taken from the mean of the sum.
    pub continuity: f64,
}

impl NormalTest {
    /// Power of `n` units at a level of significance; two sides unless `sides` is one.
    pub fn power(&self, n: f64, alpha: f64, sides: f64) -> f64 {
        let root = n.sqrt();
        let limit = normal_quantile(1.0 - alpha / sides) * self.null;
        let mean = root * self.effect.abs();
        let half = self.continuity / root;
        let other = if sides == 1.0 { 0.0 } else { normal((-mean - half - limit) / self.own) };
        normal((mean - half - limit) / self.own) + other
    }
}

/// A case with `m` controls: probability of exposure `p0` of a control, odds ratio and correlation of exposures in a set.
///
/// # Source
/// Dupont (1988), Biometrics 44, 1157-1168, equations 3 to 6.
pub fn matched_odds_ratio(p0: f64, odds_ratio: f64, correlation: f64, controls: usize) -> NormalTest {
    let p1 = p0 * odds_ratio / (1.0 + p0 * (odds_ratio - 1.0));
    let (q0, q1) = (1.0 - p0, 1.0 - p1);
    let joint = correlation * (p0 * q0 * p1 * q1).sqrt();
    // exposure of a control whose case is exposed, and of one whose case is not
    let (with, without) = ((p0 * p1 + joint) / p1, (p0 * q1 - joint) / q1);
    let m = controls as f64;
    let choose = |k: usize| (0..k).fold(1.0, |c, i| c * (m - i as f64) / (i as f64 + 1.0));
    let term = |p: f64, k: usize| choose(k) * p.powi(k as i32) * (1.0 - p).powi((controls - k) as i32);
    let (mut mean, mut own, mut mean_null, mut null) = (0.0, 0.0, 0.0, 0.0);
    for exposed in 1..=controls {
        // share of sets with so many exposed members
        let share = p1 * term(with, exposed - 1) + q1 * term(without, exposed);
        let k = exposed as f64;
        let chance = |psi: f64| k * psi / (k * psi + m + 1.0 - k);
        let (under, at) = (chance(1.0), chance(odds_ratio));
        mean += share * at;
        own += share * at * (1.0 - at);
        mean_null += share * under;
        null += share * under * (1.0 - under);
    }
    NormalTest { effect: mean - mean_null, null: null.sqrt(), own: own.sqrt(), continuity: 0.0 }
}

/// Tables of strata with one odds ratio: probabilities in the first group, shares of the strata in the sample, shares of the second group
/// in each stratum.
///
/// # Source
/// Nam (1992), Biometrics 48, 389-395; Wittes and Wallenstein (1987), Journal of the American Statistical Association 82, 1104-1109.
pub fn stratified_odds_ratio(first: &[f64], odds_ratio: f64, strata: &[f64], second: &[f64]) -> NormalTest {
    let (mut effect, mut null, mut own) = (0.0, 0.0, 0.0);
    for ((p1, t), s) in first.iter().zip(strata).zip(second) {
        let p2 = p1 * odds_ratio / (1.0 - p1 + p1 * odds_ratio);
        let mean = (1.0 - s) * p1 + s * p2;
        let w = t * s * (1.0 - s);
        effect += w * (p2 - p1);
        null += w * mean * (1.0 - mean);
        own += w * (s * p1 * (1.0 - p1) + (1.0 - s) * p2 * (1.0 - p2));
    }
    NormalTest { effect, null: null.sqrt(), own: own.sqrt(), continuity: 0.0 }
}

/// The trend of proportions over levels of exposure; `shares` are those of the groups in the sample.
///
/// # Source
/// Nam (1987), Biometrics 43, 701-705; the test is that of Cochran (1954) and Armitage (1955).
pub fn proportions_trend(proportions: &[f64], exposure: &[f64], shares: &[f64]) -> NormalTest {
    let sum = |f: &dyn Fn(usize) -> f64| (0..shares.len()).map(|j| shares[j] * f(j)).sum::<f64>();
    let middle = sum(&|j| exposure[j]);
    let mean = sum(&|j| proportions[j]);
    let gap = |j: usize| exposure[j] - middle;
    NormalTest {
        effect: sum(&|j| proportions[j] * gap(j)),
        null: (mean * (1.0 - mean) * sum(&|j| gap(j).powi(2))).sqrt(),
        own: sum(&|j| proportions[j] * (1.0 - proportions[j]) * gap(j).powi(2)).sqrt(),
        continuity: 0.0,
    }
}

/// The test of McNemar for discordant probabilities.
///
/// # Source
/// Connor (1987), Biometrics 43, 207-211.
pub fn paired_proportions(p12: f64, p21: f64) -> NormalTest {
    let (gap, discordant) = (p21 - p12, p12 + p21);
    let own = (discordant - gap * gap).max(0.0).sqrt();
    NormalTest { effect: gap, null: discordant.sqrt(), own, continuity: 0.0 }
}
