//! Differences in differences by imputation (Borusyak, Jaravel and Spiess 2024, Review of Economic Studies 91): unit and
//! period effects are estimated on untreated rows and give the untreated outcome of the treated ones.

use super::matrix::Mat;
use super::panel::Units;

/// Rows of a panel.
pub struct Rows<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Unit of each row.
    pub units: &'a Units,
    /// Period of each row.
    pub periods: &'a Units,
    /// Whether the row is treated.
    pub treated: &'a [bool],
    /// Further regressors.
    pub controls: &'a [&'a [f64]],
}

/// The model of the untreated outcome.
pub struct Untreated<'a> {
    rows: &'a Rows<'a>,
    /// Position of each period among the columns; the first period of each connected part has none.
    column: Vec<Option<usize>>,
    /// Untreated rows of each unit.
    sizes: Vec<f64>,
    /// Means of the columns over the untreated rows of each unit.
    means: Vec<Vec<f64>>,
    /// Inverse of the cross products of the columns within units.
    inverse: Mat,
    width: usize,
}

/// The root of a part, with shorter paths.
fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// Parts of the graph of units and periods that untreated rows connect: the part of each unit and of each period.
fn parts(rows: &Rows<'_>) -> (Vec<usize>, Vec<usize>) {
    let n = rows.units.count();
    let mut parent: Vec<usize> = (0..n + rows.periods.count()).collect();
    for i in (0..rows.y.len()).filter(|i| !rows.treated[*i]) {
        let unit = root(&mut parent, rows.units.of_row[i] as usize);
        let period = root(&mut parent, n + rows.periods.of_row[i] as usize);
        parent[unit] = period;
    }
    let found: Vec<usize> = (0..parent.len()).map(|i| root(&mut parent, i)).collect();
    (found[..n].to_vec(), found[n..].to_vec())
}

/// Whether the untreated outcome of each row can be computed: its unit and its period have untreated rows that connect them.
pub fn imputable(rows: &Rows<'_>) -> Vec<bool> {
    let (units, periods) = parts(rows);
    (0..rows.y.len())
        .map(|i| units[rows.units.of_row[i] as usize] == periods[rows.periods.of_row[i] as usize])
        .collect()
}

impl<'a> Untreated<'a> {
    /// Prepares the model; nothing where the controls are collinear with each other or with the effects.
    pub fn new(rows: &'a Rows<'a>) -> Option<Self> {
        let (_, parts) = parts(rows);
        let mut seen = vec![false; rows.periods.count()];
        (0..rows.y.len())
            .filter(|i| !rows.treated[*i])
            .for_each(|i| seen[rows.periods.of_row[i] as usize] = true);
        let mut first: Vec<usize> = Vec::new();
        let mut width = 0;
        let column = (0..rows.periods.count())
            .map(|t| {
                if !seen[t] {
                    return None;
                }
                if !first.contains(&parts[t]) {
                    first.push(parts[t]);
                    return None;
                }
                width += 1;
                Some(width - 1)
            })
            .collect();
        let width = width + rows.controls.len();
        let count = rows.units.count();
        let mut model = Self {
            rows,
            column,
            sizes: vec![0.0; count],
            means: vec![vec![0.0; width]; count],
            inverse: Mat::zeros(0, 0),
            width,
        };
        for i in (0..rows.y.len()).filter(|i| !rows.treated[*i]) {
            let unit = rows.units.of_row[i] as usize;
            model.sizes[unit] += 1.0;
            let own = model.columns(i);
            model.means[unit].iter_mut().zip(own).for_each(|(m, c)| *m += c);
        }
        for (mean, size) in model.means.iter_mut().zip(&model.sizes).filter(|m| *m.1 > 0.0) {
            mean.iter_mut().for_each(|m| *m /= size);
        }
        let mut cross = Mat::zeros(width, width);
        for i in (0..rows.y.len()).filter(|i| !rows.treated[*i]) {
            let mean = &model.means[rows.units.of_row[i] as usize];
            let own: Vec<f64> = model.columns(i).iter().zip(mean).map(|(c, m)| c - m).collect();
            for a in 0..width {
                for b in 0..=a {
                    cross[(a, b)] += own[a] * own[b];
                }
            }
        }
        let cross = Mat::from_fn(width, width, |a, b| cross[(a.max(b), a.min(b))]);
        model.inverse = if width == 0 { cross } else { cross.inverse_definite()? };
        Some(model)
    }

    /// Period indicators and controls of a row.
    fn columns(&self, row: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.width];
        if let Some(column) = self.column[self.rows.periods.of_row[row] as usize] {
            out[column] = 1.0;
        }
        let from = self.width - self.rows.controls.len();
        for (value, control) in out[from..].iter_mut().zip(self.rows.controls) {
            *value = control[row];
        }
        out
    }

    /// Solves the normal equations for sums of a value over rows, by unit and by column.
    fn solve(&self, value: impl Fn(usize) -> f64) -> (Vec<f64>, Vec<f64>) {
        let mut by_unit = vec![0.0; self.sizes.len()];
        let mut by_column = vec![0.0; self.width];
        for i in 0..self.rows.y.len() {
            let value = value(i);
            if value != 0.0 {
                let unit = self.rows.units.of_row[i] as usize;
                by_unit[unit] += value;
                let own = self.columns(i);
                by_column
                    .iter_mut()
                    .zip(own)
                    .zip(&self.means[unit])
                    .for_each(|((s, c), m)| *s += value * (c - m));
            }
        }
        let columns = self.inverse.times_vector(&by_column);
        let units = by_unit
            .iter()
            .zip(&self.sizes)
            .zip(&self.means)
            .map(|((sum, size), mean)| {
                let shared: f64 = mean.iter().zip(&columns).map(|(m, c)| m * c).sum();
                if *size > 0.0 { sum / size - shared } else { 0.0 }
            })
            .collect();
        (units, columns)
    }

    fn value(&self, row: usize, (units, columns): &(Vec<f64>, Vec<f64>)) -> f64 {
        let own = self.columns(row);
        units[self.rows.units.of_row[row] as usize] + own.iter().zip(columns).map(|(c, b)| c * b).sum::<f64>()
    }

    /// Outcome less untreated outcome: residuals of untreated rows, effects of treated ones that can be imputed.
    pub fn effects(&self) -> Vec<f64> {
        let found = self.solve(|i| if self.rows.treated[i] { 0.0 } else { self.rows.y[i] });
        (0..self.rows.y.len()).map(|i| self.rows.y[i] - self.value(i, &found)).collect()
    }

    /// For each untreated row `x' (sum of x x' over untreated rows)^-1 (sum of x z over all rows)` of a variable `z`: what
    /// the estimated untreated outcomes move when the row does. Treated rows have zero.
    pub fn moved(&self, z: &[f64]) -> Vec<f64> {
        let found = self.solve(|i| z[i]);
        (0..z.len()).map(|i| if self.rows.treated[i] { 0.0 } else { self.value(i, &found) }).collect()
    }

    /// Weights of all outcomes in the estimate that weighs the effects of treated rows by `target`.
    pub fn weights(&self, target: &[f64]) -> Vec<f64> {
        let found = self.solve(|i| if self.rows.treated[i] { target[i] } else { 0.0 });
        (0..target.len())
            .map(|i| if self.rows.treated[i] { target[i] } else { -self.value(i, &found) })
            .collect()
    }
}

/// Influence of each cluster on an estimate, conservative under heterogeneous effects: weights times residuals, where
/// effects of treated rows are taken around their mean in groups (cohort and period) that weighs clusters by their squared
/// weights (equation 8 and appendix A.8 of the paper).
pub fn cluster_influence(
    weights: &[f64],
    effects: &[f64],
    treated: &[bool],
    groups: &Units,
    clusters: &Units,
) -> Vec<f64> {
    use std::collections::HashMap;
    // sums of weights, and of weights times effects, of each cluster in each group
    let mut cells: HashMap<(u32, u32), (f64, f64)> = HashMap::new();
    for i in (0..weights.len()).filter(|i| treated[*i] && weights[*i] != 0.0) {
        let cell = cells.entry((groups.of_row[i], clusters.of_row[i])).or_default();
        cell.0 += weights[i];
        cell.1 += weights[i] * effects[i];
    }
    let mut sums = vec![(0.0, 0.0); groups.count()];
    let mut keys: Vec<&(u32, u32)> = cells.keys().collect();
    // a fixed order of summation
    keys.sort_unstable();
    for key in keys {
        let (weight, effect) = cells[key];
        let sum = &mut sums[key.0 as usize];
        sum.0 += weight * effect;
        sum.1 += weight * weight;
    }
    let mut out = vec![0.0; clusters.count()];
    for i in (0..weights.len()).filter(|i| weights[*i] != 0.0) {
        let (top, bottom) = sums[groups.of_row[i] as usize];
        let centre = if treated[i] && bottom > 0.0 { top / bottom } else { 0.0 };
        out[clusters.of_row[i] as usize] += weights[i] * (effects[i] - centre);
    }
    out
}
