//! Sums of squares of the terms of an analysis of variance, partial (type III) and sequential (type I).
//! Formulas: [R] anova, Methods and formulas; Searle (1971), Linear Models, chapter 8.

use super::matrix::Mat;
use super::qr::{self, Design};
use super::weights::Weights;

/// A part of a term: a factor with the level of each row (numbered from zero), or a covariate.
pub enum Part<'a> {
    /// Level numbers and the number of levels.
    Factor(&'a [u32], usize),
    /// Values.
    Covariate(&'a [f64]),
}

/// Sum of squares of one term with its degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TermSquares {
    /// Sum of squares.
    pub ss: f64,
    /// Degrees of freedom.
    pub df: f64,
}

/// Columns of a term in effect coding: a level is one, the last level is minus one, products over the parts.
/// With this coding the columns of a term are what type III sums of squares leave out.
pub fn effect_columns(parts: &[Part<'_>], rows: usize) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![1.0; rows]];
    for part in parts {
        columns = match part {
            Part::Covariate(values) => columns
                .into_iter()
                .map(|column| column.iter().zip(*values).map(|(c, v)| c * v).collect())
                .collect(),
            Part::Factor(levels, count) => {
                let last = (*count - 1) as u32;
                let times = |column: &[f64], level: u32| -> Vec<f64> {
                    let code = |of: u32| match of {
                        of if of == level => 1.0,
                        of if of == last => -1.0,
                        _ => 0.0,
                    };
                    column.iter().zip(*levels).map(|(c, of)| c * code(*of)).collect()
                };
                columns.iter().flat_map(|column| (0..last).map(move |level| times(column, level))).collect()
            }
        };
    }
    columns
}

/// Numbers of the distinct values of several columns taken together, in ascending order, and how many there are.
fn cells(columns: &[Vec<f64>], rows: usize) -> (Vec<usize>, usize) {
    let key = |row: usize| columns.iter().map(|c| c[row].to_bits()).collect::<Vec<u64>>();
    let mut keys: Vec<Vec<u64>> = (0..rows).map(key).collect();
    let all = keys.clone();
    keys.sort();
    keys.dedup();
    (all.iter().map(|k| keys.partition_point(|o| o < k)).collect(), keys.len())
}

/// Columns of factors that are nested in the cells of others: effect coding within each cell, over the levels that the
/// cell has. Every factor is given by the values of its rows.
pub fn nested_columns(nested: &[Vec<f64>], within: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = nested.first().map_or(0, Vec::len);
    let (of, count) = cells(within, rows);
    let mut out = Vec::new();
    for cell in 0..count {
        let inside: Vec<usize> = (0..rows).filter(|i| of[*i] == cell).collect();
        let mut levels = Vec::new();
        for factor in nested {
            let own = [inside.iter().map(|i| factor[*i]).collect::<Vec<f64>>()];
            let (numbers, found) = cells(&own, inside.len());
            levels.push((numbers.into_iter().map(|n| n as u32).collect::<Vec<u32>>(), found));
        }
        let parts: Vec<Part<'_>> = levels.iter().map(|(l, n)| Part::Factor(l, *n)).collect();
        for column in effect_columns(&parts, inside.len()) {
            let mut whole = vec![0.0; rows];
            inside.iter().zip(&column).for_each(|(i, x)| whole[*i] = *x);
            out.push(whole);
        }
    }
    out
}

/// How far the covariance of repeated measures is from a spherical one.
pub struct Sphericity {
    /// Covariance of the measures, pooled over groups.
    pub covariance: Mat,
    /// Number of subjects.
    pub subjects: f64,
    /// Epsilon of Greenhouse and Geisser (1959).
    pub greenhouse_geisser: f64,
    /// Epsilon of Huynh and Feldt (1976); may be above one.
    pub huynh_feldt: f64,
    /// The lower bound of Box (1954), one over the number of measures less one.
    pub box_lower: f64,
}

/// Corrections of repeated measures: `y` by the level of the repeated factor, the variables that identify the subject
/// and the group, and the degrees of freedom of the error between subjects. Several rows of a subject with one level
/// count with their mean; subjects with a level missing are left out of the covariance. Nothing with fewer than two
/// levels or without degrees of freedom.
pub fn sphericity(
    y: &[f64],
    level: &[f64],
    subject: &[Vec<f64>],
    group: &[Vec<f64>],
    df: f64,
) -> Option<Sphericity> {
    let n = y.len();
    let (measure, p) = cells(&[level.to_vec()], n);
    let (of, subjects) = cells(subject, n);
    let (of_group, groups) = cells(group, n);
    let mut sums = vec![(0.0, 0.0); subjects * p];
    let mut group_of = vec![0; subjects];
    for i in 0..n {
        let cell = &mut sums[of[i] * p + measure[i]];
        *cell = (cell.0 + y[i], cell.1 + 1.0);
        group_of[of[i]] = of_group[i];
    }
    let complete: Vec<usize> = (0..subjects).filter(|s| (0..p).all(|j| sums[s * p + j].1 > 0.0)).collect();
    let value = |s: usize, j: usize| sums[s * p + j].0 / sums[s * p + j].1;
    let mut covariance = Mat::zeros(p, p);
    let mut rest = 0.0;
    for g in 0..groups {
        let own: Vec<usize> = complete.iter().copied().filter(|s| group_of[*s] == g).collect();
        let m = own.len() as f64;
        let mean: Vec<f64> = (0..p).map(|j| own.iter().map(|s| value(*s, j)).sum::<f64>() / m).collect();
        for a in 0..p {
            for b in 0..p {
                covariance[(a, b)] +=
                    own.iter().map(|s| (value(*s, a) - mean[a]) * (value(*s, b) - mean[b])).sum::<f64>();
            }
        }
        rest += (m - 1.0).max(0.0);
    }
    if p < 2 || rest <= 0.0 {
        return None;
    }
    let covariance = covariance.scaled(1.0 / rest);
    let k = p as f64;
    let rows: Vec<f64> = (0..p).map(|i| covariance.row(i).iter().sum::<f64>() / k).collect();
    let grand = rows.iter().sum::<f64>() / k;
    let trace = covariance.diagonal().iter().sum::<f64>() / k;
    let squares: f64 = covariance.data().iter().map(|x| x * x).sum();
    let top = k * k * (trace - grand).powi(2);
    let below = squares - 2.0 * k * rows.iter().map(|r| r * r).sum::<f64>() + k * k * grand * grand;
    let epsilon = top / ((k - 1.0) * below);
    let all = subjects as f64;
    let feldt = (all * (k - 1.0) * epsilon - 2.0) / ((k - 1.0) * (df - (k - 1.0) * epsilon));
    Some(Sphericity {
        covariance,
        subjects: all,
        greenhouse_geisser: epsilon,
        huynh_feldt: feldt,
        box_lower: 1.0 / (k - 1.0),
    })
}

/// Residual sum of squares and rank of a regression on columns.
fn residual(y: &[f64], columns: &[&[f64]], weights: Option<&[f64]>, constant: bool) -> (f64, usize) {
    let solution = qr::solve(Design { columns, weights, constant }, y);
    (solution.rss, solution.b.len())
}

/// Sums of squares of each term: sequential, or partial (each term after all others).
///
/// A column that is a combination of earlier ones is left out once for all partial sums: of two confounded terms the
/// earlier one has its sum of squares and the later one none, as [R] anova reports it.
pub fn sums_of_squares(
    y: &[f64],
    terms: &[Vec<Vec<f64>>],
    weights: Option<&Weights>,
    constant: bool,
    sequential: bool,
) -> Vec<TermSquares> {
    let effective = weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let all: Vec<(usize, &[f64])> =
        (0..terms.len()).flat_map(|i| terms[i].iter().map(move |c| (i, c.as_slice()))).collect();
    let columns: Vec<&[f64]> = all.iter().map(|c| c.1).collect();
    let full = qr::solve(Design { columns: &columns, weights: w, constant }, y);
    let kept: Vec<(usize, &[f64])> = full.basis.kept.iter().map(|k| all[*k]).collect();
    let fit = |used: &dyn Fn(usize) -> bool| {
        let columns: Vec<&[f64]> = kept.iter().filter(|c| used(c.0)).map(|c| c.1).collect();
        residual(y, &columns, w, constant)
    };
    (0..terms.len())
        .map(|i| {
            let (with, without) = if sequential {
                (fit(&|j| j <= i), fit(&|j| j < i))
            } else {
                ((full.rss, full.b.len()), fit(&|j| j != i))
            };
            TermSquares { ss: (without.0 - with.0).max(0.0), df: (with.1 - without.1) as f64 }
        })
        .collect()
}
