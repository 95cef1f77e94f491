//! Removes the effects of several categorical variables from columns: the residuals of a weighted
//! regression on all their indicators, and the degrees of freedom that these cost.
//! The regression on the cleaned columns is in `panel`.

use super::blocks;
use super::panel::Units;
use super::qr::weighted_mean;

/// Steps after which the iteration gives up.
const MOST_STEPS: usize = 16_000;
/// The iteration ends when the preconditioned gradient is this small against its start.
const TOLERANCE: f64 = 1e-13;

/// A column with less than this share of its length left is explained by the effects.
const EXPLAINED: f64 = 1e-9;

/// Several sets of groups in one sample, with the rows ordered by the first set.
pub struct Absorber<'a> {
    sets: &'a [Units],
    /// Rows in the order of the first set's groups.
    order: Vec<u32>,
    /// First position of each group of the first set in `order`, and the end.
    starts: Vec<usize>,
    /// Column number of the indicators of every further set, per position of `order`.
    columns: Vec<Vec<u32>>,
    /// Weights in that order; absent means ones.
    weights: Option<Vec<f64>>,
    /// Sum of weights of each group of the first set.
    totals: Vec<f64>,
    /// Sum of weights of each indicator of the further sets.
    diagonal: Vec<f64>,
}

/// The iteration did not converge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotConverged;

impl<'a> Absorber<'a> {
    /// Prepares the sets; at least one is needed. The first one is eliminated exactly: it should have the most groups.
    pub fn new(sets: &'a [Units], weights: Option<&[f64]>) -> Self {
        let first = &sets[0];
        let mut starts = vec![0; first.count() + 1];
        first.sizes.iter().enumerate().for_each(|(g, n)| starts[g + 1] = starts[g] + n);
        let mut next = starts.clone();
        let mut order = vec![0_u32; first.of_row.len()];
        for (row, group) in first.of_row.iter().enumerate() {
            order[next[*group as usize]] = row as u32;
            next[*group as usize] += 1;
        }
        let mut columns = Vec::new();
        let mut width = 0_u32;
        for set in &sets[1..] {
            columns.push(order.iter().map(|row| width + set.of_row[*row as usize]).collect::<Vec<_>>());
            width += set.count() as u32;
        }
        let weights: Option<Vec<f64>> = weights.map(|w| order.iter().map(|row| w[*row as usize]).collect());
        let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
        let totals = starts.windows(2).map(|s| (s[0]..s[1]).map(weight).sum()).collect();
        let mut diagonal = vec![0.0; width as usize];
        for column in &columns {
            column.iter().enumerate().for_each(|(i, c)| diagonal[*c as usize] += weight(i));
        }
        Self { sets, order, starts, columns, weights, totals, diagonal }
    }

    fn weight(&self, position: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[position])
    }

    /// Takes the weighted means of the first set's groups out of values in the order of the groups.
    fn sweep_first(&self, values: &mut [f64]) {
        for (bounds, total) in self.starts.windows(2).zip(&self.totals) {
            let range = bounds[0]..bounds[1];
            let sum: f64 = range.clone().map(|i| self.weight(i) * values[i]).sum();
            let mean = sum / total;
            values[range].iter_mut().for_each(|v| *v -= mean);
        }
    }

    /// `D'W values` over the indicators of the further sets.
    fn gather(&self, values: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.diagonal.len()];
        for column in &self.columns {
            for (i, c) in column.iter().enumerate() {
                out[*c as usize] += self.weight(i) * values[i];
            }
        }
        out
    }

    /// `values = D coefficients`, without the means of the first set.
    fn spread(&self, coefficients: &[f64], values: &mut [f64]) {
        values.fill(0.0);
        for column in &self.columns {
            values.iter_mut().zip(column).for_each(|(v, c)| *v += coefficients[*c as usize]);
        }
        self.sweep_first(values);
    }

    /// Residuals of one column on all indicators (without the mean that is added back).
    ///
    /// The first set is eliminated; the normal equations of the others are solved by conjugate gradients with
    /// the group sizes as preconditioner (Correia 2017, "Linear models with high-dimensional fixed effects").
    /// They are singular but consistent, and residuals do not depend on the solution that is found.
    fn residuals(&self, column: &[f64]) -> Result<Vec<f64>, NotConverged> {
        let mut values: Vec<f64> = self.order.iter().map(|row| column[*row as usize]).collect();
        self.sweep_first(&mut values);
        self.sweep_first(&mut values);
        if !self.columns.is_empty() {
            // The second round removes what the rounding of the first one left.
            self.solve(&mut values, TOLERANCE)?;
            self.solve(&mut values, 1e-4)?;
        }
        let mut out = vec![0.0; values.len()];
        self.order.iter().zip(&values).for_each(|(row, value)| out[*row as usize] = *value);
        Ok(out)
    }

    fn solve(&self, values: &mut [f64], tolerance: f64) -> Result<(), NotConverged> {
        let scale = |r: &[f64]| -> Vec<f64> { r.iter().zip(&self.diagonal).map(|(r, d)| r / d).collect() };
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let mut gradient = self.gather(values);
        let mut step = scale(&gradient);
        let start = dot(&gradient, &step);
        // Nothing but rounding is left when the group means are this small against the values.
        let size: f64 = values.iter().enumerate().map(|(i, v)| self.weight(i) * v * v).sum();
        let mut current = start;
        let mut image = vec![0.0; values.len()];
        for _ in 0..MOST_STEPS {
            if current <= start * tolerance * tolerance || current <= size * 1e-31 {
                return Ok(());
            }
            self.spread(&step, &mut image);
            let moved = self.gather(&image);
            let length = current / dot(&step, &moved);
            if !length.is_finite() {
                return Ok(());
            }
            values.iter_mut().zip(&image).for_each(|(v, m)| *v -= length * m);
            gradient.iter_mut().zip(&moved).for_each(|(g, m)| *g -= length * m);
            let scaled = scale(&gradient);
            let next = dot(&gradient, &scaled);
            let ratio = next / current;
            step.iter_mut().zip(&scaled).for_each(|(s, z)| *s = z + ratio * *s);
            current = next;
        }
        Err(NotConverged)
    }

    /// The columns without the effects, with their overall means added back. Columns are worked on in parallel.
    pub fn clean(&self, columns: &[&[f64]], weights: Option<&[f64]>) -> Result<Vec<Vec<f64>>, NotConverged> {
        blocks::each(columns.len(), |j| {
            let overall = weighted_mean(columns[j], weights);
            let mut out = self.residuals(columns[j])?;
            // What the effects explain in full leaves rounding noise, which is not variation.
            let all: f64 = columns[j].iter().map(|v| (v - overall).powi(2)).sum();
            let left: f64 = out.iter().map(|v| v * v).sum();
            let level = overall.abs() * (columns[j].len() as f64).sqrt();
            let explained = left.sqrt() <= EXPLAINED * all.sqrt() + 8.0 * f64::EPSILON * level;
            out.iter_mut().for_each(|v| *v = if explained { overall } else { *v + overall });
            Ok(out)
        })
        .into_iter()
        .collect()
    }

    /// Effects that are redundant in each set, the first one's constant aside: the number of connected parts
    /// that it forms with the first set, or, from the third set on, the largest number over the earlier sets
    /// (exact for two sets; Abowd, Creecy and Kramarz 2002; a lower bound for more).
    pub fn redundant(&self) -> Vec<usize> {
        (0..self.sets.len())
            .map(|k| (0..k).map(|earlier| connected(&self.sets[earlier], &self.sets[k])).max().unwrap_or(0))
            .collect()
    }
}

/// Number of connected parts of the graph whose nodes are the groups of two sets and whose edges are rows.
fn connected(a: &Units, b: &Units) -> usize {
    let mut parent: Vec<u32> = (0..(a.count() + b.count()) as u32).collect();
    fn root(parent: &mut [u32], mut node: u32) -> u32 {
        while parent[node as usize] != node {
            parent[node as usize] = parent[parent[node as usize] as usize];
            node = parent[node as usize];
        }
        node
    }
    let mut parts = a.count() + b.count();
    for (left, right) in a.of_row.iter().zip(&b.of_row) {
        let (l, r) = (root(&mut parent, *left), root(&mut parent, a.count() as u32 + *right));
        if l != r {
            parent[l.max(r) as usize] = l.min(r);
            parts -= 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sets_leave_no_mean_in_any_group() {
        let rows = 3000_u32;
        let sets = [
            Units::new((0..rows).map(|i| (i * 7919 % 997) % 300).collect()),
            Units::new((0..rows).map(|i| (i * 31 + i / 7) % 11).collect()),
        ];
        let column: Vec<f64> = (0..rows).map(|i| f64::from(i * i % 1013) + 1e4).collect();
        let absorber = Absorber::new(&sets, None);
        let cleaned = absorber.clean(&[&column], None).expect("it converges");
        let mean = weighted_mean(&column, None);
        for set in &sets {
            for m in set.means(&cleaned[0], None) {
                assert!((m - mean).abs() < 1e-9 * mean, "a group's mean is {m}");
            }
        }
        assert_eq!(absorber.redundant(), [0, 1]);
    }

    #[test]
    fn separate_parts_are_counted() {
        let sets = [Units::new(vec![0, 0, 1, 1, 2, 2]), Units::new(vec![0, 1, 0, 1, 2, 3])];
        assert_eq!(Absorber::new(&sets, None).redundant(), [0, 2]);
    }
}
