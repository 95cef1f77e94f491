//! Discriminant analysis: moments of groups, canonical functions, and the rules that assign observations to groups
//! ([MV] discrim lda, [MV] discrim qda, Methods and formulas; Rencher and Christensen (2012), Methods of Multivariate
//! Analysis, chapters 8 and 9).

use super::matrix::Mat;
use super::nearest_neighbours::Neighbours;

/// Counts, means and within-group sums of squares and products of groups.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Observations of each group.
    pub counts: Vec<f64>,
    /// Means of each group, one for each variable.
    pub means: Vec<Vec<f64>>,
    /// Sums of squares and products about the means of each group.
    pub within: Vec<Mat>,
}

impl Groups {
    /// The moments of columns; `group` holds the group of each row, below `count`; weights are frequencies.
    pub fn of(columns: &[Vec<f64>], weights: &[f64], group: &[usize], count: usize) -> Self {
        let k = columns.len();
        let mut counts = vec![0.0; count];
        let mut means = vec![vec![0.0; k]; count];
        for (i, g) in group.iter().enumerate() {
            counts[*g] += weights[i];
            means[*g].iter_mut().zip(columns).for_each(|(m, c)| *m += weights[i] * c[i]);
        }
        for (own, n) in means.iter_mut().zip(&counts) {
            own.iter_mut().for_each(|m| *m /= n);
        }
        let mut within = vec![Mat::zeros(k, k); count];
        for (i, g) in group.iter().enumerate() {
            let d: Vec<f64> = columns.iter().zip(&means[*g]).map(|(c, m)| c[i] - m).collect();
            for a in 0..k {
                (0..k).for_each(|b| within[*g][(a, b)] += weights[i] * d[a] * d[b]);
            }
        }
        Self { counts, means, within }
    }

    /// Number of observations.
    pub fn n(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Number of variables.
    pub fn variables(&self) -> usize {
        self.means[0].len()
    }

    /// Means of all observations.
    pub fn mean(&self) -> Vec<f64> {
        let n = self.n();
        let one = |j: usize| self.means.iter().zip(&self.counts).map(|(m, c)| m[j] * c).sum::<f64>() / n;
        (0..self.variables()).map(one).collect()
    }

    /// Sums of squares and products within the groups, over all groups.
    pub fn pooled(&self) -> Mat {
        let k = self.variables();
        self.within.iter().fold(Mat::zeros(k, k), |sum, own| sum.plus(own))
    }

    /// Sums of squares and products between the means of the groups.
    pub fn between(&self) -> Mat {
        let (k, mean) = (self.variables(), self.mean());
        Mat::from_fn(k, k, |a, b| {
            let one = |(m, n): (&Vec<f64>, &f64)| n * (m[a] - mean[a]) * (m[b] - mean[b]);
            self.means.iter().zip(&self.counts).map(one).sum()
        })
    }

    /// The pooled covariance, divisor N - g.
    pub fn covariance(&self) -> Mat {
        self.pooled().scaled(1.0 / (self.n() - self.counts.len() as f64))
    }

    /// Canonical discriminant functions; nothing where the pooled covariance is singular.
    pub fn canonical(&self) -> Option<Canonical> {
        let s = self.covariance();
        let root = definite(&s)?.inverse()?;
        let df = self.n() - self.counts.len() as f64;
        // the eigenvalues of W^-1 B are those of the symmetric L^-1 B L'^-1 / (N - g), with S = LL'
        let (values, vectors) = root.sandwich(&self.between()).scaled(1.0 / df).symmetric_eigen();
        let count = self.variables().min(self.counts.len() - 1);
        let raw = root.transpose().times(&vectors);
        let sd: Vec<f64> = s.diagonal().iter().map(|v| v.sqrt()).collect();
        let sign: Vec<f64> = (0..count)
            .map(|c| {
                let size = |i: &usize| (raw[(*i, c)] * sd[*i]).abs();
                let top = (0..sd.len()).max_by(|i, j| size(i).total_cmp(&size(j))).expect("a variable");
                raw[(top, c)].signum()
            })
            .collect();
        Some(Canonical {
            values: values[..count].iter().map(|v| v.max(0.0)).collect(),
            coefficients: Mat::from_fn(sd.len(), count, |i, c| raw[(i, c)] * sign[c]),
            groups: self.counts.len(),
            n: self.n(),
        })
    }
}

/// The Cholesky factor, or nothing when a variable depends on those before it.
fn definite(s: &Mat) -> Option<Mat> {
    let factor = s.cholesky()?;
    let depends = (0..s.rows()).any(|i| factor[(i, i)].powi(2) < 1e-12 * s[(i, i)]);
    if depends { None } else { Some(factor) }
}

/// Canonical discriminant functions.
#[derive(Debug, Clone)]
pub struct Canonical {
    /// Eigenvalues of `W^-1 B`, largest first.
    pub values: Vec<f64>,
    /// Variables by functions; a function has variance one within the groups, and its largest standardised coefficient
    /// is positive.
    pub coefficients: Mat,
    groups: usize,
    n: f64,
}

/// The test that a function and those behind it do not separate the groups.
#[derive(Debug, Clone, Copy)]
pub struct FunctionTest {
    /// Wilks's lambda.
    pub lambda: f64,
    /// Degrees of freedom of F.
    pub df: (f64, f64),
    /// Rao's F.
    pub f: f64,
    /// Whether F is exact.
    pub exact: bool,
}

impl Canonical {
    /// The test of the functions from `from` (zero for all) on.
    pub fn test(&self, from: usize) -> FunctionTest {
        let lambda: f64 = self.values[from..].iter().map(|v| 1.0 / (1.0 + v)).product();
        let (p0, q0) = (self.coefficients.rows() as f64, self.groups as f64 - 1.0);
        let (p, q) = (p0 - from as f64, q0 - from as f64);
        let bottom = p * p + q * q - 5.0;
        let t = if bottom > 0.0 { ((p * p * q * q - 4.0) / bottom).sqrt() } else { 1.0 };
        let w = self.n - 1.0 - (p0 + q0 + 1.0) / 2.0;
        let df = (p * q, w * t - p * q / 2.0 + 1.0);
        let root = lambda.powf(1.0 / t);
        FunctionTest { lambda, df, f: (1.0 - root) / root * df.1 / df.0, exact: p.min(q) <= 2.0 }
    }
}

/// A rule: squared distances of an observation from the groups, and log densities up to a constant.
#[derive(Debug, Clone)]
pub enum Rule {
    /// One covariance for all groups; its inverse.
    Linear(Mat),
    /// A covariance for each group: inverses and log determinants.
    Quadratic(Vec<(Mat, f64)>),
    /// The groups of the nearest neighbours.
    Nearest(Box<Neighbours>),
    /// Linear indices of a multinomial logit, a row for each group with its constant last, from which the log of the size
    /// of the group is taken.
    Logistic(Mat),
}

/// What a rule says of one observation.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Squared Mahalanobis distances from the means of the groups.
    pub distances: Vec<f64>,
    /// Log densities in the groups, up to a constant.
    pub densities: Vec<f64>,
}

impl Verdict {
    fn of(distances: Vec<f64>, log_determinants: impl Fn(usize) -> f64) -> Self {
        let densities = distances.iter().enumerate().map(|(g, d)| -0.5 * (d + log_determinants(g))).collect();
        Self { distances, densities }
    }

    /// Posterior probabilities of the groups.
    pub fn posterior(&self, priors: &[f64]) -> Vec<f64> {
        let logs: Vec<f64> = self.densities.iter().zip(priors).map(|(d, q)| d + q.ln()).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|l| (l - top).exp()).sum();
        logs.iter().map(|l| (l - top).exp() / sum).collect()
    }
}

fn away(x: &[f64], mean: &[f64]) -> Vec<f64> {
    x.iter().zip(mean).map(|(a, b)| a - b).collect()
}

impl Rule {
    /// The linear rule; nothing where the pooled covariance is singular.
    pub fn linear(groups: &Groups) -> Option<Self> {
        let s = groups.covariance();
        definite(&s)?;
        Some(Self::Linear(s.inverse_definite()?))
    }

    /// The quadratic rule; the number of the first group whose covariance is singular otherwise.
    ///
    /// # Errors
    /// The index of that group.
    pub fn quadratic(groups: &Groups) -> Result<Self, usize> {
        let one = |g: usize| {
            let s = groups.within[g].clone().scaled(1.0 / (groups.counts[g] - 1.0));
            let factor = definite(&s)?;
            let log = factor.diagonal().iter().map(|d| 2.0 * d.ln()).sum();
            Some((s.inverse_definite()?, log))
        };
        let each: Result<Vec<_>, usize> = (0..groups.counts.len())
            .map(|g| if groups.counts[g] > 1.0 { one(g).ok_or(g) } else { Err(g) })
            .collect();
        Ok(Self::Quadratic(each?))
    }

    /// What the rule says of an observation.
    pub fn judge(&self, groups: &Groups, x: &[f64]) -> Verdict {
        let all = 0..groups.counts.len();
        match self {
            Self::Linear(inverse) => {
                let distance = |g: usize| inverse.quadratic(&away(x, &groups.means[g]));
                Verdict::of(all.map(distance).collect(), |_| 0.0)
            }
            Self::Quadratic(each) => {
                let distance = |g: usize| each[g].0.quadratic(&away(x, &groups.means[g]));
                Verdict::of(all.map(distance).collect(), |g| each[g].1)
            }
            Self::Nearest(neighbours) => neighbours.judge(x, None).unwrap_or_else(|| Verdict {
                distances: Vec::new(),
                densities: vec![0.0; groups.counts.len()],
            }),
            Self::Logistic(indices) => {
                let index = |g: usize| {
                    let slopes: f64 = x.iter().enumerate().map(|(j, x)| indices[(g, j)] * x).sum();
                    slopes + indices[(g, x.len())] - groups.counts[g].ln()
                };
                Verdict { distances: Vec::new(), densities: all.map(index).collect() }
            }
        }
    }

    /// What the rule of all other observations says of one that belongs to the group `own`; nothing where the others do
    /// not determine a rule. Means and inverses are updated for the removal of one observation:
    /// `W - c d d'` with `c = n/(n - 1)` and `d` its distance from the mean of its group.
    pub fn judge_without(&self, groups: &Groups, x: &[f64], own: usize) -> Option<Verdict> {
        let n = groups.counts[own];
        if n <= 1.0 {
            return None;
        }
        let d = away(x, &groups.means[own]);
        let mean: Vec<f64> = groups.means[own].iter().zip(x).map(|(m, x)| (n * m - x) / (n - 1.0)).collect();
        let c = n / (n - 1.0);
        // the inverse of sums of squares without the observation, and the factor of their determinant
        let removed = |inverse: &Mat| {
            let z = inverse.times_vector(&d);
            let left = 1.0 - c * z.iter().zip(&d).map(|(a, b)| a * b).sum::<f64>();
            let k = d.len();
            (left > 1e-12)
                .then(|| (Mat::from_fn(k, k, |a, b| inverse[(a, b)] + c * z[a] * z[b] / left), left))
        };
        let center = |g: usize| if g == own { &mean } else { &groups.means[g] };
        let count = groups.counts.len();
        match self {
            Self::Nearest(neighbours) => neighbours.judge(x, Some(own)),
            Self::Logistic(_) => None,
            Self::Linear(inverse) => {
                let df = groups.n() - count as f64;
                if df <= 1.0 {
                    return None;
                }
                let (sums, _) = removed(&inverse.clone().scaled(1.0 / df))?;
                let inverse = sums.scaled(df - 1.0);
                let distances = (0..count).map(|g| inverse.quadratic(&away(x, center(g)))).collect();
                Some(Verdict::of(distances, |_| 0.0))
            }
            Self::Quadratic(each) => {
                if n <= 2.0 {
                    return None;
                }
                let (inverse, log) = &each[own];
                let (sums, left) = removed(&inverse.clone().scaled(1.0 / (n - 1.0)))?;
                let own_inverse = sums.scaled(n - 2.0);
                let own_log = log + left.ln() + d.len() as f64 * ((n - 1.0) / (n - 2.0)).ln();
                let of = |g: usize| if g == own { &own_inverse } else { &each[g].0 };
                let distances = (0..count).map(|g| of(g).quadratic(&away(x, center(g)))).collect();
                Some(Verdict::of(distances, |g| if g == own { own_log } else { each[g].1 }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (Vec<Vec<f64>>, Vec<usize>) {
        let x = vec![1.0, 2.0, 4.0, 3.0, 7.0, 6.0, 9.0, 8.5, 2.5, 3.5, 1.5, 5.0];
        let y = vec![2.0, 1.0, 3.0, 5.0, 4.0, 7.0, 6.0, 9.0, 8.0, 6.5, 9.0, 7.0];
        (vec![x, y], vec![0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    }

    /// Leaving an observation out by the update is fitting without it.
    #[test]
    fn the_rule_without_an_observation_is_that_of_the_others() {
        let (columns, group) = data();
        let weights = vec![1.0; group.len()];
        let all = Groups::of(&columns, &weights, &group, 3);
        let rules = [Rule::linear(&all).expect("definite"), Rule::quadratic(&all).expect("definite")];
        for i in 0..group.len() {
            let mut without = weights.clone();
            without[i] = 0.0;
            let others = Groups::of(&columns, &without, &group, 3);
            let refit =
                [Rule::linear(&others).expect("definite"), Rule::quadratic(&others).expect("definite")];
            let x: Vec<f64> = columns.iter().map(|c| c[i]).collect();
            for (rule, own) in rules.iter().zip(&refit) {
                let (a, b) =
                    (rule.judge_without(&all, &x, group[i]).expect("a rule"), own.judge(&others, &x));
                for (a, b) in a.densities.iter().zip(&b.densities) {
                    assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn functions_have_variance_one_within_the_groups() {
        let (columns, group) = data();
        let all = Groups::of(&columns, &vec![1.0; group.len()], &group, 3);
        let found = all.canonical().expect("definite");
        let v = found.coefficients.transpose().sandwich(&all.covariance());
        assert!(
            (v[(0, 0)] - 1.0).abs() < 1e-12 && (v[(1, 1)] - 1.0).abs() < 1e-12 && v[(0, 1)].abs() < 1e-12
        );
    }
}
