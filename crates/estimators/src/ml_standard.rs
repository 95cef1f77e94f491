//! Columns of the equations of a likelihood on comparable scales, and the way between their parameters and those of the
//! columns as they are. The search works on these columns (`ml.rs`).

use super::blocks;
use super::matrix::Mat;
use super::ml::{Equation, Likelihood, Problem};
use super::real::stable_sum;

/// `(x - shift) / scale` for each column of each equation, and where the parameters of each equation begin.
pub(super) struct Standard {
    /// What is subtracted.
    pub shift: Vec<Vec<f64>>,
    /// What the difference is divided by.
    pub scale: Vec<Vec<f64>>,
    /// The first parameter of each equation.
    pub starts: Vec<usize>,
    /// Number of parameters.
    pub size: usize,
}

impl<L: Likelihood> Problem<'_, L> {
    /// Shifts and scales: means and standard deviations over the rows in which an equation enters the likelihood at
    /// `start` (raw parameters).
    pub(super) fn standardise(&self, start: &[f64]) -> Standard {
        let mut out = Standard { shift: Vec::new(), scale: Vec::new(), starts: Vec::new(), size: 0 };
        let entering = self.entering(start);
        for (e, equation) in self.equations.iter().enumerate() {
            let centred = equation.constant || (e == 0 && self.model.cuts());
            let own = |column: &&[f64]| {
                let all = moments(column.iter().copied(), self.rows, centred);
                match &entering[e] {
                    // a column that is constant in these rows varies in the others
                    Some(rows) => moments(rows.iter().map(|i| column[*i]), rows.len(), centred).or(all),
                    None => all,
                }
            };
            let (shift, scale) = equation.columns.iter().map(|c| own(c).unwrap_or((0.0, 1.0))).unzip();
            out.shift.push(shift);
            out.scale.push(scale);
            out.starts.push(out.size);
            out.size += equation.len();
        }
        out
    }

    /// Rows in which an equation enters the likelihood, where those are not all. A part of a model that does not apply to
    /// a row has zeros there as regressors (the outcome of [R] heckman in rows that are not selected): their mean would
    /// leave a regressor far from zero nearly collinear with the constant.
    fn entering(&self, start: &[f64]) -> Vec<Option<Vec<usize>>> {
        let width = self.equations.len();
        let candidates: Vec<bool> = self.equations.iter().map(|e| has_empty_rows(e, self.rows)).collect();
        if !candidates.contains(&true) {
            return vec![None; width];
        }
        let parts = blocks::map(self.rows, |range| {
            let (mut eta, mut g) = (vec![0.0; width], vec![0.0; width]);
            let mut h = vec![0.0; width * width];
            let mut out = Vec::with_capacity(range.len() * width);
            for row in range {
                self.raw_indices(start, row, &mut eta);
                self.model.row(row, &eta, &mut g, &mut h);
                out.extend((0..width).map(|e| g[e] != 0.0 || h[e * width + e] != 0.0));
            }
            out
        });
        let enters = parts.concat();
        let rows = |e: usize| (0..self.rows).filter(|i| enters[i * width + e]).collect::<Vec<usize>>();
        candidates.iter().enumerate().map(|(e, own)| own.then(|| rows(e))).collect()
    }

    /// The linear indices of a row at raw parameters.
    fn raw_indices(&self, b: &[f64], row: usize, eta: &mut [f64]) {
        let mut at = 0;
        for (equation, eta) in self.equations.iter().zip(eta) {
            let slopes = equation.columns.iter().zip(&b[at..]).map(|(c, b)| c[row] * b).sum::<f64>();
            at += equation.len();
            let constant = if equation.constant { b[at - 1] } else { 0.0 };
            *eta = slopes + constant + equation.offset.map_or(0.0, |o| o[row]);
        }
    }

    /// The matrix that maps standardised parameters to raw ones.
    pub(super) fn to_raw(&self, standard: &Standard) -> Mat {
        self.way(standard, |shift, scale| (1.0 / scale, -shift / scale))
    }

    /// Its inverse: the matrix that maps raw parameters to standardised ones.
    pub(super) fn to_standard(&self, standard: &Standard) -> Mat {
        self.way(standard, |shift, scale| (scale, shift))
    }

    /// A matrix with one factor for each slope, and another one for its part in the constant, or in the cut points with
    /// the sign changed.
    fn way(&self, standard: &Standard, factors: impl Fn(f64, f64) -> (f64, f64)) -> Mat {
        let mut out = Mat::zeros(standard.size, standard.size);
        for (e, equation) in self.equations.iter().enumerate() {
            let start = standard.starts[e];
            let last = start + equation.columns.len();
            for j in 0..equation.columns.len() {
                let (slope, constant) = factors(standard.shift[e][j], standard.scale[e][j]);
                out[(start + j, start + j)] = slope;
                if equation.constant {
                    out[(last, start + j)] = constant;
                } else if e == 0 && self.model.cuts() {
                    for (k, cut) in self.equations.iter().enumerate().skip(1).filter(|(_, cut)| cut.constant)
                    {
                        out[(standard.starts[k] + cut.columns.len(), start + j)] = -constant;
                    }
                }
            }
            if equation.constant {
                out[(last, last)] = 1.0;
            }
        }
        out
    }
}

/// Share of a mean below which a standard deviation is the arithmetic's noise.
const NOISE: f64 = 1e-14;

/// Mean and standard deviation, the mean zero where it is not to be subtracted; nothing where the values do not vary.
fn moments(values: impl Iterator<Item = f64> + Clone, count: usize, centred: bool) -> Option<(f64, f64)> {
    let n = count as f64;
    let mean = if centred { stable_sum(values.clone()) / n } else { 0.0 };
    let spread = (stable_sum(values.map(|v| (v - mean).powi(2))) / n).sqrt();
    (spread > NOISE * mean.abs()).then_some((mean, spread))
}

/// Whether all regressors of an equation with a constant are zero in some row.
fn has_empty_rows(equation: &Equation<'_>, rows: usize) -> bool {
    let mut empty: Vec<usize> = if equation.constant { (0..rows).collect() } else { Vec::new() };
    if equation.columns.is_empty() {
        return false;
    }
    for column in &equation.columns {
        empty.retain(|i| column[*i] == 0.0);
    }
    !empty.is_empty()
}
