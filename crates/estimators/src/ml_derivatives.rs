//! The log likelihood and its derivatives in the standardised parameters, over blocks of rows.

use super::blocks;
use super::indicators::Indicator;
use super::matrix::Mat;
use super::ml::{Likelihood, Problem};
use super::ml_standard::Standard;
use super::real::stable_sum;
use super::vce::dot;

/// Value and derivatives of the log likelihood at a point.
pub(super) struct Point {
    pub(super) ll: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) information: Mat,
}

impl<L: Likelihood> Problem<'_, L> {
    /// Standardised columns of a block: parameter `j` of row `i` at `j * count + i`.
    pub(super) fn block(&self, standard: &Standard, range: std::ops::Range<usize>) -> Vec<f64> {
        let mut out = Vec::with_capacity(standard.size * range.len());
        for (e, equation) in self.equations.iter().enumerate() {
            for (j, column) in equation.columns.iter().enumerate() {
                let (shift, factor) = standard.affine(e, j);
                out.extend(column[range.clone()].iter().map(|v| (v - shift) * factor));
            }
            if equation.constant {
                out.extend(std::iter::repeat_n(1.0, range.len()));
            }
        }
        out
    }

    /// Linear indices of a block, row by row.
    pub(super) fn indices(
        &self,
        standard: &Standard,
        b: &[f64],
        range: std::ops::Range<usize>,
        z: &[f64],
    ) -> Vec<f64> {
        let count = range.len();
        let width = self.equations.len();
        let mut eta = vec![0.0; count * width];
        for (e, equation) in self.equations.iter().enumerate() {
            for j in standard.starts[e]..standard.starts[e] + equation.len() {
                for (i, value) in z[j * count..(j + 1) * count].iter().enumerate() {
                    eta[i * width + e] += b[j] * value;
                }
            }
            if let Some(offset) = equation.offset {
                for (i, value) in offset[range.clone()].iter().enumerate() {
                    eta[i * width + e] += value;
                }
            }
        }
        eta
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |(w, _)| w[row])
    }

    pub(super) fn evaluate(&self, standard: &Standard, b: &[f64]) -> Point {
        let width = self.equations.len();
        let parts = blocks::map(self.rows, |range| {
            let count = range.len();
            let z = self.block(standard, range.clone());
            let eta = self.indices(standard, b, range.clone(), &z);
            let mut gradients = vec![0.0; count * width];
            let mut hessians = vec![0.0; count * width * width];
            let (mut g, mut h) = (vec![0.0; width], vec![0.0; width * width]);
            let mut terms = Vec::with_capacity(count);
            for i in 0..count {
                let weight = self.weight(range.start + i);
                terms.push(
                    weight
                        * self.model.row(range.start + i, &eta[i * width..(i + 1) * width], &mut g, &mut h),
                );
                for e in 0..width {
                    gradients[e * count + i] = weight * g[e];
                    for f in 0..width {
                        hessians[(e * width + f) * count + i] = -weight * h[e * width + f];
                    }
                }
            }
            Point {
                ll: stable_sum(terms),
                gradient: self.gradient(standard, &gradients, &z, count),
                information: self.information(standard, &hessians, &z, range),
            }
        });
        let empty = Point {
            ll: 0.0,
            gradient: vec![0.0; standard.size],
            information: Mat::zeros(standard.size, standard.size),
        };
        parts.into_iter().fold(empty, |sum, part| Point {
            ll: sum.ll + part.ll,
            gradient: sum.gradient.iter().zip(&part.gradient).map(|(a, b)| a + b).collect(),
            information: sum.information.plus(&part.information),
        })
    }

    fn gradient(&self, standard: &Standard, gradients: &[f64], z: &[f64], count: usize) -> Vec<f64> {
        let mut out = vec![0.0; standard.size];
        for (e, equation) in self.equations.iter().enumerate() {
            for j in standard.starts[e]..standard.starts[e] + equation.len() {
                out[j] = dot(&z[j * count..(j + 1) * count], &gradients[e * count..(e + 1) * count]);
            }
        }
        out
    }

    fn information(
        &self,
        standard: &Standard,
        hessians: &[f64],
        z: &[f64],
        range: std::ops::Range<usize>,
    ) -> Mat {
        let width = self.equations.len();
        let count = range.len();
        let indicators = self.indicators(standard, range);
        let mut out = Mat::zeros(standard.size, standard.size);
        let mut weighted = vec![0.0; count];
        for e in 0..width {
            for f in 0..=e {
                let curve = &hessians[(e * width + f) * count..(e * width + f + 1) * count];
                if curve.iter().all(|v| *v == 0.0) {
                    continue;
                }
                for i in standard.starts[e]..standard.starts[e] + self.equations[e].len() {
                    let column = &z[i * count..(i + 1) * count];
                    weighted.iter_mut().zip(column.iter().zip(curve)).for_each(|(w, (z, h))| *w = z * h);
                    let total: f64 = weighted.iter().sum();
                    let end = if e == f { i + 1 } else { standard.starts[f] + self.equations[f].len() };
                    for j in standard.starts[f]..end {
                        let value = indicators[j].as_ref().map_or_else(
                            || dot(&weighted, &z[j * count..(j + 1) * count]),
                            |indicator| indicator.product(&weighted, total),
                        );
                        out[(i, j)] = value;
                        out[(j, i)] = value;
                    }
                }
            }
        }
        out
    }

    /// The columns of a block that are indicators of few rows, one entry for each parameter. Models with few
    /// parameters have none: the search through the columns would cost more than it saves.
    fn indicators(&self, standard: &Standard, range: std::ops::Range<usize>) -> Vec<Option<Indicator>> {
        let mut out: Vec<Option<Indicator>> = Vec::with_capacity(standard.size);
        for (e, equation) in self.equations.iter().enumerate() {
            let searched = Indicator::searched(equation.columns.len());
            out.extend(equation.columns.iter().enumerate().map(|(j, column)| {
                let (shift, factor) = standard.affine(e, j);
                searched.then(|| Indicator::of(&column[range.clone()], shift, factor)).flatten()
            }));
            if equation.constant {
                out.push(None);
            }
        }
        out
    }
}
