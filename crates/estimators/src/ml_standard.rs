//! Columns of the equations of a likelihood on comparable scales, and the way between their parameters and those of the
//! columns as they are. The search works on these columns (`ml.rs`).

use super::blocks;
use super::combination_scales::{Scales, moments};
use super::ml::{Equation, Likelihood, Problem};

/// The scales of the columns of all equations, and where the parameters of each equation begin.
pub(super) struct Standard {
    /// What is subtracted from each column, and what the difference is divided by.
    pub scales: Scales,
    /// The first parameter of each equation.
    pub starts: Vec<usize>,
    /// Number of parameters.
    pub size: usize,
}

impl Standard {
    /// What is subtracted from column `j` of equation `e`, and what the difference is multiplied by.
    pub(super) fn affine(&self, e: usize, j: usize) -> (f64, f64) {
        let (shift, scale) = self.scales.part(self.starts[e] + j);
        (shift, 1.0 / scale)
    }
}

impl<L: Likelihood> Problem<'_, L> {
    /// Shifts and scales: means and standard deviations over the rows in which an equation enters the likelihood at
    /// `start` (raw parameters).
    pub(super) fn standardise(&self, start: &[f64]) -> Standard {
        let mut starts = Vec::with_capacity(self.equations.len());
        let mut size = 0;
        for equation in &self.equations {
            starts.push(size);
            size += equation.len();
        }
        let mut scales = Scales::identity(size);
        let entering = self.entering(start);
        for (e, equation) in self.equations.iter().enumerate() {
            let constants = self.constants(e, &starts);
            let centred = !constants.is_empty();
            for (j, column) in equation.columns.iter().enumerate() {
                let all = moments(column.iter().copied(), self.rows, centred);
                let own = match &entering[e] {
                    // a column that is constant in these rows varies in the others
                    Some(rows) => moments(rows.iter().map(|i| column[*i]), rows.len(), centred).or(all),
                    None => all,
                };
                if let Some(part) = own {
                    scales.put(starts[e] + j, part, constants.iter().copied());
                }
            }
        }
        Standard { scales, starts, size }
    }

    /// The parameters that take up what is subtracted from the columns of an equation, with their signs: its constant, or the
    /// cut points.
    fn constants(&self, e: usize, starts: &[usize]) -> Vec<(usize, f64)> {
        let last = |k: usize| starts[k] + self.equations[k].columns.len();
        match self.equations[e].constant {
            true => vec![(last(e), 1.0)],
            false if e == 0 && self.model.cuts() => {
                let cuts = (1..self.equations.len()).filter(|k| self.equations[*k].constant);
                cuts.map(|k| (last(k), -1.0)).collect()
            }
            false => Vec::new(),
        }
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
