//! Patterns of responses and the covariance of the parameters when persons are grouped into patterns.

use crate::matrix::Mat;
use std::collections::HashMap;

/// Distinct rows of responses with their total weights.
#[derive(Debug, Clone)]
pub struct Patterns {
    /// Responses by item: the category, or nothing where the response is missing.
    pub responses: Vec<Vec<Option<usize>>>,
    /// Total weight of the persons of each pattern.
    pub weights: Vec<f64>,
    /// Pattern of each person.
    pub of_row: Vec<usize>,
}

impl Patterns {
    /// Groups persons; `rows` has their responses, `weights` their weights.
    pub fn new(rows: &[Vec<Option<usize>>], weights: Option<&[f64]>) -> Self {
        let mut seen: HashMap<&[Option<usize>], usize> = HashMap::new();
        let mut out = Self { responses: Vec::new(), weights: Vec::new(), of_row: Vec::new() };
        for (i, row) in rows.iter().enumerate() {
            let pattern = *seen.entry(row.as_slice()).or_insert_with(|| {
                out.responses.push(row.clone());
                out.weights.push(0.0);
                out.responses.len() - 1
            });
            out.weights[pattern] += weights.map_or(1.0, |w| w[i]);
            out.of_row.push(pattern);
        }
        out
    }
}

/// How the sum of squared scores is formed.
#[derive(Debug, Clone, Copy)]
pub enum Robust<'a> {
    /// By person, with `N/(N - 1)`; a frequency weight counts persons.
    Rows {
        /// Whether the weights are frequencies.
        frequency: bool,
        /// Number of persons.
        n: f64,
    },
    /// By cluster, with `G/(G - 1)`: the cluster of each person and the number of clusters.
    Clusters(&'a [u32], usize),
}

/// The sandwich covariance `V M V` of [P] _robust; `scores` has the score of one person of each pattern.
pub fn sandwich(
    v_model: &Mat,
    scores: &[Vec<f64>],
    of_row: &[usize],
    weights: Option<&[f64]>,
    robust: Robust<'_>,
) -> Mat {
    let size = v_model.rows();
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut meat = Mat::zeros(size, size);
    let mut add = |score: &[f64], factor: f64| {
        for a in 0..size {
            for b in 0..size {
                meat[(a, b)] += factor * score[a] * score[b];
            }
        }
    };
    let factor = match robust {
        Robust::Rows { frequency, n } => {
            let mut totals = vec![0.0; scores.len()];
            for (i, pattern) in of_row.iter().enumerate() {
                totals[*pattern] += if frequency { weight(i) } else { weight(i).powi(2) };
            }
            scores.iter().zip(&totals).for_each(|(score, total)| add(score, *total));
            n / (n - 1.0)
        }
        Robust::Clusters(of_cluster, count) => {
            let mut sums = vec![vec![0.0; size]; count];
            for (i, pattern) in of_row.iter().enumerate() {
                let sum = &mut sums[of_cluster[i] as usize];
                sum.iter_mut().zip(&scores[*pattern]).for_each(|(s, g)| *s += weight(i) * g);
            }
            sums.iter().for_each(|sum| add(sum, 1.0));
            count as f64 / (count as f64 - 1.0)
        }
    };
    v_model.sandwich(&meat).scaled(factor)
}
