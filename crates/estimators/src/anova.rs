//! Sums of squares of the terms of an analysis of variance, partial (type III) and sequential (type I).
//! Formulas: [R] anova, Methods and formulas; Searle (1971), Linear Models, chapter 8.

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

/// Residual sum of squares and rank of a regression on columns.
fn residual(y: &[f64], columns: &[&[f64]], weights: Option<&[f64]>, constant: bool) -> (f64, usize) {
    let solution = qr::solve(Design { columns, weights, constant }, y);
    (solution.rss, solution.b.len())
}

/// Sums of squares of each term: sequential, or partial (each term after all others).
pub fn sums_of_squares(
    y: &[f64],
    terms: &[Vec<Vec<f64>>],
    weights: Option<&Weights>,
    constant: bool,
    sequential: bool,
) -> Vec<TermSquares> {
    let effective = weights.map(Weights::effective);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let fit = |used: &dyn Fn(usize) -> bool| {
        let columns: Vec<&[f64]> =
            (0..terms.len()).filter(|i| used(*i)).flat_map(|i| terms[i].iter().map(Vec::as_slice)).collect();
        residual(y, &columns, w, constant)
    };
    (0..terms.len())
        .map(|i| {
            let (with, without) = if sequential {
                (fit(&|j| j <= i), fit(&|j| j < i))
            } else {
                (fit(&|_| true), fit(&|j| j != i))
            };
            TermSquares { ss: (without.0 - with.0).max(0.0), df: (with.1 - without.1) as f64 }
        })
        .collect()
}
