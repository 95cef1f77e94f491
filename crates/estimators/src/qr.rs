//! Least squares by a blocked Householder factorisation of centred and scaled columns.
//! The choice among collinear columns is in `collinear`; covariances and tests are elsewhere.

use std::ops::Range;

use super::blocks;
use super::collinear::{self, Rule};
use super::matrix::Mat;
use super::qr_factor::Factor;
use super::real::{DoubleDouble, Real, stable_sum};

/// Below this share a solution in doubles keeps fewer than about nine digits.
const ILL_CONDITIONED: f64 = 1e-7;
/// Problems of at most this many rows x columns squared are always solved in double-double numbers.
const SMALL: usize = 100_000;
/// Rows that are reduced together: a block of columns stays in the processor's cache.
const PANEL: usize = 256;

/// Columns of one sample, with weights that are already normalised.
#[derive(Clone, Copy)]
pub struct Design<'a> {
    /// Regressors, all of the same length.
    pub columns: &'a [&'a [f64]],
    /// One weight per row; absent means ones.
    pub weights: Option<&'a [f64]>,
    /// Whether a constant is estimated.
    pub constant: bool,
}

/// A least-squares solution. Parameters are ordered: kept columns, then the constant.
pub struct Solution {
    /// Coefficients.
    pub b: Vec<f64>,
    /// `M` with `M M' = (X'WX)^-1`: maps the orthonormal basis to the parameters.
    pub root: Mat,
    /// Weighted residual sum of squares.
    pub rss: f64,
    /// The orthonormal basis of the kept columns.
    pub basis: Basis,
}

/// The orthonormal basis `Q` of the kept columns: `Q'WQ = I`.
#[derive(Clone, Debug)]
pub struct Basis {
    /// Indices of the kept columns.
    pub kept: Vec<usize>,
    /// Indices of the collinear columns.
    pub omitted: Vec<usize>,
    constant: bool,
    shift: Vec<f64>,
    scale: Vec<f64>,
    triangle: Mat,
}

impl Basis {
    /// Number of basis vectors.
    pub fn len(&self) -> usize {
        self.triangle.rows()
    }

    /// Whether there is no basis vector.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of the basis: vector `j` of row `range.start + i` is at `j * range.len() + i`.
    pub fn rows(&self, columns: &[&[f64]], range: Range<usize>) -> Vec<f64> {
        let count = range.len();
        let mut out = vec![0.0; self.len() * count];
        for j in 0..self.len() {
            let (done, rest) = out.split_at_mut(j * count);
            let target = &mut rest[..count];
            if self.constant && j == 0 {
                target.fill(1.0);
            } else {
                let column = self.kept[j - usize::from(self.constant)];
                let (shift, scale) = (self.shift[column], self.scale[column]);
                for (cell, value) in target.iter_mut().zip(&columns[column][range.clone()]) {
                    *cell = (value - shift) / scale;
                }
            }
            for l in 0..j {
                let factor = self.triangle[(l, j)];
                if factor != 0.0 {
                    for (cell, earlier) in target.iter_mut().zip(&done[l * count..(l + 1) * count]) {
                        *cell -= factor * earlier;
                    }
                }
            }
            let pivot = 1.0 / self.triangle[(j, j)];
            target.iter_mut().for_each(|cell| *cell *= pivot);
        }
        out
    }
}

/// Shift and scale that make columns comparable: weighted mean (with a constant) and a power of two near the spread.
fn standardise(columns: &[&[f64]], weights: Option<&[f64]>, constant: bool) -> (Vec<f64>, Vec<f64>) {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let rows = columns.first().map_or(0, |c| c.len());
    let total = blocks::sum(rows, weight);
    columns
        .iter()
        .map(|column| {
            let shift = if constant { blocks::sum(rows, |i| weight(i) * column[i]) / total } else { 0.0 };
            let spread = (blocks::sum(rows, |i| weight(i) * (column[i] - shift).powi(2)) / total).sqrt();
            let scale = if spread > 0.0 && spread.is_finite() { spread.log2().round().exp2() } else { 1.0 };
            (shift, scale)
        })
        .unzip()
}

/// Factorises `[1, columns]` in one pass over the rows.
fn factorise<T: Real>(
    columns: &[&[f64]],
    weights: Option<&[f64]>,
    constant: bool,
    shift: &[f64],
    scale: &[f64],
) -> Factor<T> {
    let rows = columns.first().map_or(0, |c| c.len());
    let lead = usize::from(constant);
    let size = columns.len() + lead;
    let parts = blocks::map(rows, |range| {
        let mut part = Factor::<T>::new(size);
        let mut block = Vec::with_capacity(size * PANEL);
        for start in range.clone().step_by(PANEL) {
            let panel = start..(start + PANEL).min(range.end);
            block.clear();
            let roots: Option<Vec<T>> =
                weights.map(|w| w[panel.clone()].iter().map(|v| T::from_f64(*v).sqrt()).collect());
            let weigh = |i: usize, value: T| roots.as_ref().map_or(value, |r| r[i] * value);
            if constant {
                block.extend((0..panel.len()).map(|i| weigh(i, T::from_f64(1.0))));
            }
            for (j, column) in columns.iter().enumerate() {
                // The scale is a power of two: multiplying by its inverse is exact.
                let factor = T::from_f64(1.0 / scale[j]);
                let values = column[panel.clone()].iter().enumerate();
                block.extend(values.map(|(i, value)| weigh(i, T::difference(*value, shift[j]) * factor)));
            }
            part.absorb(&mut block, panel.len());
        }
        part
    });
    let mut parts = parts.into_iter();
    let mut whole = parts.next().unwrap_or_else(|| Factor::new(size));
    for part in parts {
        let mut block: Vec<T> = (0..size * size).map(|cell| part.at(cell % size, cell / size)).collect();
        whole.absorb(&mut block, size);
    }
    whole
}

/// Columns (of the first `candidates`, after the constant) that others explain.
fn dependent<T: Real>(
    factor: &Factor<T>,
    lead: usize,
    candidates: usize,
    (shift, scale): (&[f64], &[f64]),
    rule: Rule<'_>,
) -> Vec<usize> {
    // The constant's row measures what the shift missed, not length of the column itself.
    let columns: Vec<Vec<f64>> = (0..candidates)
        .map(|j| {
            let cell =
                |i: usize| if i <= j { factor.at(lead + i, lead + j).to_f64() * scale[j] } else { 0.0 };
            (0..candidates).map(cell).collect()
        })
        .collect();
    collinear::dependent(columns, &storage_noise(shift, scale), rule)
}

/// The smallest share of a column's length that earlier columns leave, over all columns after the constant.
fn smallest_share<T: Real>(factor: &Factor<T>, lead: usize, count: usize) -> f64 {
    (lead..lead + count).map(|j| factor.at(j, j).to_f64().abs() / factor.column_length(j)).fold(1.0, f64::min)
}

/// Rounding noise of a stored column, relative to its spread: eight units in the last place of its level.
fn storage_noise(shift: &[f64], scale: &[f64]) -> Vec<f64> {
    shift.iter().zip(scale).map(|(m, s)| 8.0 * f64::EPSILON * (1.0 + m.abs() / s)).collect()
}

/// Which columns stay and which are omitted as collinear: `(kept, omitted)`, both in the order of the design.
pub fn choose_columns(design: Design<'_>) -> (Vec<usize>, Vec<usize>) {
    choose(design, Rule::Pivots(&[]))
}

/// Like [`choose_columns`], in blocks of these sizes: a column of a later block never replaces one of an earlier block.
pub fn choose_in_blocks(design: Design<'_>, sizes: &[usize]) -> (Vec<usize>, Vec<usize>) {
    choose(design, Rule::Pivots(sizes))
}

fn choose(design: Design<'_>, rule: Rule<'_>) -> (Vec<usize>, Vec<usize>) {
    let (shift, scale) = standardise(design.columns, design.weights, design.constant);
    let factor = factorise::<f64>(design.columns, design.weights, design.constant, &shift, &scale);
    let count = design.columns.len();
    let omitted = dependent(&factor, usize::from(design.constant), count, (&shift, &scale), rule);
    ((0..count).filter(|j| !omitted.contains(j)).collect(), omitted)
}

/// Weighted least squares of `y` on the design without its collinear columns. Rows must be at least one; all
/// numbers finite.
pub fn solve(design: Design<'_>, y: &[f64]) -> Solution {
    solve_by(design, y, Rule::Pivots(&[]))
}

/// Weighted least squares on columns that were chosen before, or transformed after the choice: only what is
/// singular in the arithmetic is omitted, the earlier column staying.
pub fn solve_chosen(design: Design<'_>, y: &[f64]) -> Solution {
    solve_by(design, y, Rule::Singular)
}

fn solve_by(design: Design<'_>, y: &[f64], rule: Rule<'_>) -> Solution {
    let mut columns: Vec<&[f64]> = design.columns.to_vec();
    columns.push(y);
    let (shift, scale) = standardise(&columns, design.weights, design.constant);
    let size = columns.len() + usize::from(design.constant);
    if y.len().saturating_mul(size * size) > SMALL {
        let factor = factorise::<f64>(&columns, design.weights, design.constant, &shift, &scale);
        let (solution, smallest) = finish(&factor, design, &shift, &scale, rule);
        if smallest > ILL_CONDITIONED {
            return solution;
        }
    }
    let factor = factorise::<DoubleDouble>(&columns, design.weights, design.constant, &shift, &scale);
    finish(&factor, design, &shift, &scale, rule).0
}

/// The triangle of a design and further columns in one orthonormal basis.
pub struct Projection {
    /// Basis of the design's columns.
    pub basis: Basis,
    /// Upper triangle of `[1, design columns, further columns]`, all standardised as `(x - shift) / scale`.
    pub triangle: Mat,
    /// Shift of each column of the design, then of the further ones.
    pub shift: Vec<f64>,
    /// Scale of each column of the design, then of the further ones.
    pub scale: Vec<f64>,
}

/// Factorises independent design columns together with `further` columns.
pub fn project(design: Design<'_>, further: &[&[f64]]) -> Projection {
    let columns: Vec<&[f64]> = design.columns.iter().chain(further).copied().collect();
    let (shift, scale) = standardise(&columns, design.weights, design.constant);
    let rows = columns.first().map_or(0, |c| c.len());
    let size = columns.len() + usize::from(design.constant);
    let triangle = if rows.saturating_mul(size * size) > SMALL {
        let factor = factorise::<f64>(&columns, design.weights, design.constant, &shift, &scale);
        Mat::from_fn(size, size, |i, j| if i <= j { factor.at(i, j) } else { 0.0 })
    } else {
        let factor = factorise::<DoubleDouble>(&columns, design.weights, design.constant, &shift, &scale);
        Mat::from_fn(size, size, |i, j| if i <= j { factor.at(i, j).to_f64() } else { 0.0 })
    };
    let inside: Vec<usize> = (0..design.columns.len() + usize::from(design.constant)).collect();
    let count = design.columns.len();
    Projection {
        basis: Basis {
            kept: (0..count).collect(),
            omitted: Vec::new(),
            constant: design.constant,
            shift: shift[..count].to_vec(),
            scale: scale[..count].to_vec(),
            triangle: triangle.select(&inside, &inside),
        },
        triangle,
        shift,
        scale,
    }
}

/// Solution from the triangle of `[1, columns, y]`.
fn finish<T: Real>(
    factor: &Factor<T>,
    design: Design<'_>,
    shift: &[f64],
    scale: &[f64],
    rule: Rule<'_>,
) -> (Solution, f64) {
    let lead = usize::from(design.constant);
    let omitted = dependent(factor, lead, design.columns.len(), (shift, scale), rule);
    let kept: Vec<usize> = (0..design.columns.len()).filter(|j| !omitted.contains(j)).collect();
    let reduced = factor.without(&omitted.iter().map(|j| j + lead).collect::<Vec<_>>());
    let count = kept.len() + lead;
    let smallest = smallest_share(&reduced, lead, kept.len());
    let inverse = reduced.inverse(count);
    let (y_shift, y_scale) = (shift[design.columns.len()], scale[design.columns.len()]);
    let standardised: Vec<T> = (0..count)
        .map(|i| {
            let start = T::from_f64(0.0);
            (i..count).fold(start, |sum, k| sum + inverse[i * count + k] * reduced.at(k, count))
        })
        .collect();
    let mut b: Vec<T> = Vec::with_capacity(count);
    let mut root: Vec<T> = Vec::with_capacity(count * count);
    for (position, column) in kept.iter().enumerate() {
        let row = position + lead;
        let factor = T::from_f64(1.0 / scale[*column]);
        b.push(standardised[row] * factor * T::from_f64(y_scale));
        root.extend((0..count).map(|k| inverse[row * count + k] * factor));
    }
    if design.constant {
        let mut value = standardised[0] * T::from_f64(y_scale) + T::from_f64(y_shift);
        let mut row = inverse[..count].to_vec();
        for (position, column) in kept.iter().enumerate() {
            let mean = T::from_f64(shift[*column]);
            value = value - mean * b[position];
            for (k, cell) in row.iter_mut().enumerate() {
                *cell = *cell - mean * root[position * count + k];
            }
        }
        b.push(value);
        root.extend(row);
    }
    let residual = reduced.at(count, count).to_f64() * y_scale;
    let solution = Solution {
        b: b.iter().map(|v| v.to_f64()).collect(),
        root: Mat::from_rows(count, count, root.iter().map(|v| v.to_f64()).collect()),
        rss: residual * residual,
        basis: Basis {
            kept,
            omitted,
            constant: design.constant,
            shift: shift.to_vec(),
            scale: scale.to_vec(),
            triangle: Mat::from_fn(count, count, |i, j| if i <= j { reduced.at(i, j).to_f64() } else { 0.0 }),
        },
    };
    (solution, smallest)
}

/// Linear prediction of every row from the parameters of a solution (kept columns, then the constant).
pub fn predict(columns: &[&[f64]], kept: &[usize], constant: bool, b: &[f64]) -> Vec<f64> {
    let rows = columns.first().map_or(0, |c| c.len());
    let start = if constant { b[kept.len()] } else { 0.0 };
    let mut out = vec![start; rows];
    for (coefficient, column) in b.iter().zip(kept) {
        for (cell, value) in out.iter_mut().zip(columns[*column]) {
            *cell += coefficient * value;
        }
    }
    out
}

/// Mean of a column with optional weights.
pub fn weighted_mean(values: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => stable_sum(values.iter().copied()) / values.len() as f64,
        Some(w) => stable_sum(values.iter().zip(w).map(|(v, w)| v * w)) / stable_sum(w.iter().copied()),
    }
}
