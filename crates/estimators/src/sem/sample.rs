//! The moments of a sample, one set for each pattern of missing values.

use crate::matrix::Mat;
use crate::missing::is_missing;
use crate::real::stable_sum;
use std::collections::BTreeMap;

/// Rows with the same variables observed.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Observed variables.
    pub present: Vec<usize>,
    /// Sum of the weights.
    pub weight: f64,
    /// Means of the observed variables less the centre of the sample.
    pub mean: Vec<f64>,
    /// Covariance with the divisor `weight`.
    pub covariance: Mat,
}

/// A sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Values less the centre, one column for each observed variable; missing ones stay missing.
    pub columns: Vec<Vec<f64>>,
    /// Pattern of each row.
    pub of_row: Vec<usize>,
    /// The patterns.
    pub patterns: Vec<Pattern>,
    /// Means of the available values.
    pub centre: Vec<f64>,
    /// Variances of the available values with the divisor N.
    pub variance: Vec<f64>,
    /// Weights of the rows.
    pub weights: Option<Vec<f64>>,
    /// Sum of the weights.
    pub total: f64,
}

impl Sample {
    /// Sums up columns; every row has a value in one of them.
    pub fn new(columns: &[Vec<f64>], weights: Option<&[f64]>) -> Self {
        let rows = columns.first().map_or(0, Vec::len);
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let mean_of = |values: &mut dyn Iterator<Item = (usize, f64)>| {
            let known: Vec<(f64, f64)> = values.map(|(i, x)| (weight(i), x)).collect();
            stable_sum(known.iter().map(|(w, x)| w * x)) / stable_sum(known.iter().map(|k| k.0))
        };
        let known = |x: &Vec<f64>| -> Vec<(usize, f64)> {
            x.iter().copied().enumerate().filter(|(_, v)| !is_missing(*v)).collect()
        };
        let (mut centre, mut variance, mut centred) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let values = known(column);
            let mean = mean_of(&mut values.iter().copied());
            centre.push(mean);
            variance.push(mean_of(&mut values.iter().map(|(i, x)| (*i, (x - mean).powi(2)))));
            centred.push(column.iter().map(|x| if is_missing(*x) { *x } else { x - mean }).collect());
        }
        let mut out = Self {
            columns: centred,
            of_row: Vec::with_capacity(rows),
            patterns: Vec::new(),
            centre,
            variance,
            weights: weights.map(<[f64]>::to_vec),
            total: (0..rows).map(weight).sum(),
        };
        out.group(rows);
        out
    }

    fn group(&mut self, rows: usize) {
        let mut seen: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        for row in 0..rows {
            let present: Vec<usize> =
                (0..self.columns.len()).filter(|j| !is_missing(self.columns[*j][row])).collect();
            let next = members.len();
            let pattern = *seen.entry(present).or_insert(next);
            if pattern == next {
                members.push(Vec::new());
            }
            members[pattern].push(row);
            self.of_row.push(pattern);
        }
        let mut patterns: Vec<(usize, Vec<usize>)> = seen.into_iter().map(|(p, i)| (i, p)).collect();
        patterns.sort_unstable_by_key(|p| p.0);
        self.patterns = patterns.into_iter().map(|(i, present)| self.pattern(present, &members[i])).collect();
    }

    /// The weight of a row.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    fn pattern(&self, present: Vec<usize>, rows: &[usize]) -> Pattern {
        let weight = stable_sum(rows.iter().map(|i| self.weight(*i)));
        let average =
            |f: &dyn Fn(usize) -> f64| stable_sum(rows.iter().map(|i| self.weight(*i) * f(*i))) / weight;
        let mean: Vec<f64> = present.iter().map(|j| average(&|i| self.columns[*j][i])).collect();
        let mut covariance = Mat::zeros(present.len(), present.len());
        for (a, j) in present.iter().enumerate() {
            for (b, k) in present.iter().enumerate().take(a + 1) {
                let value = average(&|i| (self.columns[*j][i] - mean[a]) * (self.columns[*k][i] - mean[b]));
                covariance[(a, b)] = value;
                covariance[(b, a)] = value;
            }
        }
        Pattern { present, weight, mean, covariance }
    }

    /// Whether every row has every variable.
    pub fn is_complete(&self) -> bool {
        self.patterns.len() == 1 && self.patterns[0].present.len() == self.columns.len()
    }

    /// Covariances for starting values: those of the sample, or of the available pairs.
    pub fn covariance(&self) -> Mat {
        if self.is_complete() {
            return self.patterns[0].covariance.clone();
        }
        let size = self.columns.len();
        let pair = |a: usize, b: usize| {
            let rows: Vec<usize> = (0..self.of_row.len())
                .filter(|i| !is_missing(self.columns[a][*i]) && !is_missing(self.columns[b][*i]))
                .collect();
            let sum = |f: &dyn Fn(usize) -> f64| rows.iter().map(|i| self.weight(*i) * f(*i)).sum::<f64>();
            let total = sum(&|_| 1.0);
            if total <= 0.0 {
                return 0.0;
            }
            let mean = |j: usize| sum(&|i| self.columns[j][i]) / total;
            sum(&|i| self.columns[a][i] * self.columns[b][i]) / total - mean(a) * mean(b)
        };
        Mat::from_fn(size, size, |a, b| if a == b { self.variance[a] } else { pair(a.max(b), a.min(b)) })
    }
}
