//! Matching estimators of treatment effects: matches with ties, effects and Abadie-Imbens covariances.
//! Formulas: [TE] teffects nnmatch, [TE] teffects psmatch; Abadie and Imbens (2006, 2012, 2016).

use super::matrix::Mat;

/// Distances of covariates that differ by less count as equal ([TE] dtolerance()).
pub const TIE: f64 = 1.490_116_119_384_765_6e-8;

/// How far two rows are apart.
pub trait Distance {
    /// The distance of two rows.
    fn between(&self, i: usize, j: usize) -> f64;
}

/// Distance of propensity scores.
pub struct ScoreDistance<'a>(pub &'a [f64]);

impl Distance for ScoreDistance<'_> {
    fn between(&self, i: usize, j: usize) -> f64 {
        (self.0[i] - self.0[j]).abs()
    }
}

/// Distance of covariates, already multiplied by the root of the scaling matrix.
pub struct CovariateDistance<'a>(pub &'a [Vec<f64>]);

impl Distance for CovariateDistance<'_> {
    fn between(&self, i: usize, j: usize) -> f64 {
        self.0.iter().map(|c| (c[i] - c[j]).powi(2)).sum::<f64>().sqrt()
    }
}

/// The sample.
pub struct Matching<'a, D> {
    /// Outcome.
    pub y: &'a [f64],
    /// Whether each row is treated.
    pub treated: &'a [bool],
    /// Distances.
    pub distance: D,
    /// Rows that may be matched to each other share a number; nothing: all may.
    pub exact: Option<&'a [u32]>,
    /// Matches of each row, at least; ties are all kept.
    pub neighbours: usize,
    /// Largest distance.
    pub caliper: f64,
    /// Rows of the own group behind a row's variance, the row itself among them.
    pub variance_neighbours: usize,
    /// The rows of the two groups in the order of a score, where distances are differences of that score.
    pub line: Option<Line<'a>>,
}

/// Rows of the control and the treated group in the order of a score.
pub struct Line<'a> {
    score: &'a [f64],
    groups: [Vec<usize>; 2],
}

impl<'a> Line<'a> {
    /// Sorts the rows of both groups.
    pub fn new(score: &'a [f64], treated: &[bool]) -> Self {
        let group = |wanted: bool| {
            let mut rows: Vec<usize> = (0..score.len()).filter(|i| treated[*i] == wanted).collect();
            rows.sort_by(|a, b| score[*a].total_cmp(&score[*b]));
            rows
        };
        Self { score, groups: [group(false), group(true)] }
    }

    /// The nearest `count` rows of a group with ties, walking outwards from the row's own place.
    fn nearest(&self, i: usize, treated: bool, count: usize, own: bool, caliper: f64) -> Vec<usize> {
        let group = &self.groups[usize::from(treated)];
        let at = self.score[i];
        let mut right = group.partition_point(|j| self.score[*j] < at);
        let mut left = right;
        let mut limit = caliper;
        let mut found: Vec<usize> = Vec::new();
        let mut seen = 0;
        loop {
            let below = left.checked_sub(1).map(|k| (at - self.score[group[k]], group[k]));
            let above = group.get(right).map(|j| (self.score[*j] - at, *j));
            let take_below = match (below, above) {
                (None, None) => break,
                (Some(b), Some(a)) => b.0 <= a.0,
                (b, _) => b.is_some(),
            };
            let Some((distance, row)) = (if take_below { below } else { above }) else { break };
            if distance > limit {
                break;
            }
            if take_below {
                left -= 1
            } else {
                right += 1
            }
            if row == i && !own {
                continue;
            }
            found.push(row);
            seen += 1;
            if seen == count {
                // equal scores come from equal covariates; a tolerance would tie scores near zero
                limit = caliper.min(distance);
            }
        }
        found.sort_unstable();
        found
    }
}

/// Matched effects.
pub struct MatchFit {
    /// Average effect, of all rows or of the treated.
    pub effect: f64,
    /// Its variance.
    pub variance: f64,
    /// Matches of each row in the other group (empty where the estimand does not need them).
    pub matches: Vec<Vec<usize>>,
    /// How often each row is used, in shares of a match.
    pub used: Vec<f64>,
    /// Individual differences, treated less control.
    pub difference: Vec<f64>,
}

/// A row without enough matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMatch {
    /// Position of the row.
    pub row: usize,
    /// Matches that were found.
    pub found: usize,
}

impl<D: Distance + Sync> Matching<'_, D> {
    /// The nearest `count` rows of a group, with ties, within the caliper.
    fn nearest(&self, i: usize, treated: bool, count: usize, own: bool, caliper: f64) -> Vec<usize> {
        if let (Some(line), None) = (&self.line, self.exact) {
            return line.nearest(i, treated, count, own, caliper);
        }
        let allowed = |j: usize| {
            self.treated[j] == treated && (own || j != i) && self.exact.is_none_or(|e| e[i] == e[j])
        };
        let mut found: Vec<(f64, usize)> = (0..self.y.len())
            .filter(|j| allowed(*j))
            .map(|j| (self.distance.between(i, j), j))
            .filter(|d| d.0 <= caliper)
            .collect();
        if found.len() > count {
            let (_, nth, _) = found.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
            let limit = nth.0 + TIE;
            found.retain(|d| d.0 <= limit);
        }
        found.sort_by_key(|d| d.1);
        found.into_iter().map(|d| d.1).collect()
    }

    /// Rows of the own group behind the variance of a row: itself and its nearest ones.
    pub fn own_group(&self, i: usize, treated: bool) -> Vec<usize> {
        self.nearest(i, treated, self.variance_neighbours, true, f64::INFINITY)
    }

    /// Matches of every row that needs them.
    pub fn matches(&self, treated_only: bool) -> Result<Vec<Vec<usize>>, NoMatch> {
        let parts = super::blocks::map(self.y.len(), |range| {
            range
                .map(|i| {
                    if treated_only && !self.treated[i] {
                        return Ok(Vec::new());
                    }
                    let found = self.nearest(i, !self.treated[i], self.neighbours, false, self.caliper);
                    if found.len() < self.neighbours {
                        return Err(NoMatch { row: i, found: found.len() });
                    }
                    Ok(found)
                })
                .collect::<Result<Vec<_>, NoMatch>>()
        });
        let mut out = Vec::with_capacity(self.y.len());
        for part in parts {
            out.extend(part?);
        }
        Ok(out)
    }

    /// Effects with the variance of Abadie and Imbens (2006); `predicted` (control, treated) corrects the
    /// bias of matching by predictions at the row less predictions at its match.
    pub fn fit(&self, treated_only: bool, predicted: Option<&[Vec<f64>; 2]>) -> Result<MatchFit, NoMatch> {
        let n = self.y.len();
        let matches = self.matches(treated_only)?;
        let mut used = vec![0.0; n];
        let mut squared = vec![0.0; n];
        let mut difference = vec![0.0; n];
        for (i, own) in matches.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
            let share = 1.0 / own.len() as f64;
            let mut other = 0.0;
            for j in own {
                used[*j] += share;
                squared[*j] += share * share;
                let other_group = usize::from(!self.treated[i]);
                let correction = predicted.map_or(0.0, |m| m[other_group][i] - m[other_group][*j]);
                other += share * (self.y[*j] + correction);
            }
            difference[i] = if self.treated[i] { self.y[i] - other } else { other - self.y[i] };
        }
        let counted: Vec<usize> = (0..n).filter(|i| !treated_only || self.treated[*i]).collect();
        let total = counted.len() as f64;
        let effect = super::real::stable_sum(counted.iter().map(|i| difference[*i])) / total;
        let spread: f64 = counted.iter().map(|i| (difference[*i] - effect).powi(2)).sum();
        let own_variance = super::blocks::map(n, |range| {
            range
                .map(|i| {
                    let (k, k2) = (used[i], squared[i]);
                    let factor = if treated_only {
                        if self.treated[i] { 0.0 } else { k * k - k2 }
                    } else {
                        k * k + 2.0 * k - k2
                    };
                    if factor == 0.0 { 0.0 } else { factor * self.row_variance(i) }
                })
                .sum::<f64>()
        });
        let variance = (spread + own_variance.into_iter().sum::<f64>()) / (total * total);
        Ok(MatchFit { effect, variance, matches, used, difference })
    }

    /// Variance of the outcome at a row, from the nearest rows of its own group.
    fn row_variance(&self, i: usize) -> f64 {
        let set = self.own_group(i, self.treated[i]);
        let mean = set.iter().map(|j| self.y[*j]).sum::<f64>() / set.len() as f64;
        set.iter().map(|j| (self.y[*j] - mean).powi(2)).sum::<f64>() / (set.len() as f64 - 1.0)
    }

    /// Covariance of covariates and outcome near a row in one group, the row itself among its own group.
    fn local_covariance(&self, i: usize, treated: bool, z: &[&[f64]]) -> Vec<f64> {
        let set = self.own_group(i, treated);
        let size = set.len() as f64;
        let mean = |values: &[f64]| set.iter().map(|j| values[*j]).sum::<f64>() / size;
        let y_mean = mean(self.y);
        z.iter()
            .map(|column| {
                let z_mean = mean(column);
                set.iter().map(|j| (column[*j] - z_mean) * (self.y[*j] - y_mean)).sum::<f64>() / (size - 1.0)
            })
            .collect()
    }

    /// Mean outcome of the rows of one group that are nearest to a row, without the row itself.
    fn local_mean(&self, i: usize, treated: bool) -> f64 {
        let set = self.nearest(i, treated, self.variance_neighbours, false, f64::INFINITY);
        set.iter().map(|j| self.y[*j]).sum::<f64>() / set.len() as f64
    }

    /// The change of the variance because the score is estimated (Abadie and Imbens 2016, theorems 1 and 2; the
    /// sets of neighbours are those of [CAUSAL] teffects nnmatch, methods and formulas):
    /// `score` and `slope` are probability and density at the index, `v` the covariance of its parameters.
    /// The derivative of the effect on the treated compares each row with its nearest rows of the other group in
    /// the space of the covariates `z`, unscaled: at a given score the difference would not depend on them.
    pub fn score_adjustment(
        &self,
        treated_only: bool,
        effect: f64,
        z: &[&[f64]],
        score: &[f64],
        slope: &[f64],
        v: &Mat,
    ) -> f64 {
        let n = self.y.len();
        let covariates: Vec<Vec<f64>> = z.iter().map(|column| column.to_vec()).collect();
        let in_covariates = Matching {
            y: self.y,
            treated: self.treated,
            distance: CovariateDistance(&covariates),
            exact: None,
            neighbours: self.neighbours,
            caliper: f64::INFINITY,
            variance_neighbours: self.variance_neighbours,
            line: None,
        };
        let parts = super::blocks::map(n, |range| {
            let mut c = vec![0.0; z.len()];
            let mut d = vec![0.0; z.len()];
            for i in range {
                let cov1 = self.local_covariance(i, true, z);
                let cov0 = self.local_covariance(i, false, z);
                let p = score[i];
                if !treated_only {
                    for k in 0..z.len() {
                        c[k] += slope[i] * (cov1[k] / p + cov0[k] / (1.0 - p));
                    }
                    continue;
                }
                let near = slope[i] * (self.local_mean(i, true) - self.local_mean(i, false) - effect);
                let others =
                    in_covariates.nearest(i, !self.treated[i], self.neighbours, false, f64::INFINITY);
                let other = others.iter().map(|j| self.y[*j]).sum::<f64>() / others.len() as f64;
                let difference = if self.treated[i] { self.y[i] - other } else { other - self.y[i] };
                let alike = slope[i] * (difference - effect);
                for k in 0..z.len() {
                    d[k] += z[k][i] * alike;
                    c[k] += z[k][i] * near + slope[i] * (cov1[k] + p / (1.0 - p) * cov0[k]);
                }
            }
            (c, d)
        });
        let mut c = vec![0.0; z.len()];
        let mut d = vec![0.0; z.len()];
        for (pc, pd) in parts {
            c.iter_mut().zip(pc).for_each(|(a, b)| *a += b);
            d.iter_mut().zip(pd).for_each(|(a, b)| *a += b);
        }
        let total = if treated_only { self.treated.iter().filter(|t| **t).count() } else { n } as f64;
        let scaled = |x: &[f64]| x.iter().map(|v| v / total).collect::<Vec<f64>>();
        v.quadratic(&scaled(&d)) - v.quadratic(&scaled(&c))
    }
}
