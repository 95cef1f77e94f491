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

/// Slopes of a variable that differ between the groups of a set.
pub struct Slopes {
    /// The groups.
    pub units: Units,
    /// The variable, for each row.
    pub values: Vec<f64>,
    /// Mean of the variable in each group that is taken out of `values`; zero for all without an intercept of each group.
    pub means: Vec<f64>,
    /// The set with an intercept for each of the same groups.
    pub set: Option<usize>,
    /// Groups without a slope: the variable is constant, or without intercepts zero, in all of their rows.
    pub redundant: usize,
}

impl Slopes {
    /// Slopes of `values`. Where the number of a set with an intercept of each of the groups is given, the means of the
    /// groups are taken out, which changes no residual.
    pub fn new(units: Units, mut values: Vec<f64>, set: Option<usize>, weights: Option<&[f64]>) -> Self {
        let means = set.map_or_else(|| vec![0.0; units.count()], |_| units.means(&values, weights));
        let mut largest = vec![0.0_f64; units.count()];
        let mut rest = vec![0.0_f64; units.count()];
        for (value, unit) in values.iter_mut().zip(&units.of_row) {
            let unit = *unit as usize;
            largest[unit] = largest[unit].max(value.abs());
            *value -= means[unit];
            rest[unit] = rest[unit].max(value.abs());
        }
        // What rounding of the means leaves of a constant is no variation.
        let constant: Vec<bool> = rest.iter().zip(&largest).map(|(r, l)| *r <= EXPLAINED * l).collect();
        for (value, unit) in values.iter_mut().zip(&units.of_row) {
            if constant[*unit as usize] {
                *value = 0.0;
            }
        }
        let redundant = constant.iter().filter(|c| **c).count();
        Self { units, values, means, set, redundant }
    }
}

/// Several sets of groups in one sample, with the rows ordered by the first set.
pub struct Absorber<'a> {
    sets: &'a [Units],
    /// Rows in the order of the first set's groups.
    order: Vec<u32>,
    /// First position of each group of the first set in `order`, and the end.
    starts: Vec<usize>,
    /// Column number of the indicators of every further set, per position of `order`.
    columns: Vec<Vec<u32>>,
    /// First column number of every further set, and the end.
    bounds: Vec<usize>,
    /// Values of the variables of slopes, per position of `order`, one for each of the last of `columns`.
    slopes: Vec<Vec<f64>>,
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
        Self::with_slopes(sets, &[], weights)
    }

    /// As [`Absorber::new`], with slopes that differ between groups.
    pub fn with_slopes(sets: &'a [Units], slopes: &[Slopes], weights: Option<&[f64]>) -> Self {
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
        let mut bounds = vec![0];
        let mut width = 0_u32;
        for set in sets[1..].iter().chain(slopes.iter().map(|s| &s.units)) {
            columns.push(order.iter().map(|row| width + set.of_row[*row as usize]).collect::<Vec<_>>());
            width += set.count() as u32;
            bounds.push(width as usize);
        }
        let weights: Option<Vec<f64>> = weights.map(|w| order.iter().map(|row| w[*row as usize]).collect());
        let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
        let totals = starts.windows(2).map(|s| (s[0]..s[1]).map(weight).sum()).collect();
        let in_order = |s: &Slopes| order.iter().map(|row| s.values[*row as usize]).collect::<Vec<f64>>();
        let slopes: Vec<Vec<f64>> = slopes.iter().map(in_order).collect();
        let mut diagonal = vec![0.0; width as usize];
        for (k, column) in columns.iter().enumerate() {
            let values = (k + 1).checked_sub(sets.len()).map(|k| &slopes[k]);
            for (i, c) in column.iter().enumerate() {
                diagonal[*c as usize] += weight(i) * values.map_or(1.0, |v| v[i] * v[i]);
            }
        }
        Self { sets, order, starts, columns, bounds, slopes, weights, totals, diagonal }
    }

    /// Column numbers of each further set, with the variable for slopes.
    fn further(&self) -> impl Iterator<Item = (&Vec<u32>, Option<&Vec<f64>>)> {
        let intercepts = self.columns.len() - self.slopes.len();
        let values = std::iter::repeat_n(None, intercepts).chain(self.slopes.iter().map(Some));
        self.columns.iter().zip(values)
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
        for (column, slope) in self.further() {
            match slope {
                None => column
                    .iter()
                    .enumerate()
                    .for_each(|(i, c)| out[*c as usize] += self.weight(i) * values[i]),
                Some(x) => column
                    .iter()
                    .enumerate()
                    .for_each(|(i, c)| out[*c as usize] += self.weight(i) * x[i] * values[i]),
            }
        }
        out
    }

    /// `values = D coefficients`, without the means of the first set.
    fn spread(&self, coefficients: &[f64], values: &mut [f64]) {
        values.fill(0.0);
        self.add_further(coefficients, values, 1.0);
        self.sweep_first(values);
    }

    /// Adds `sign` times the effects of all sets but the first.
    fn add_further(&self, coefficients: &[f64], values: &mut [f64], sign: f64) {
        for (column, slope) in self.further() {
            for (i, (value, c)) in values.iter_mut().zip(column).enumerate() {
                *value += sign * coefficients[*c as usize] * slope.map_or(1.0, |x| x[i]);
            }
        }
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
            let mut effects = vec![0.0; self.diagonal.len()];
            self.solve_twice(&mut values, &mut effects)?;
        }
        let mut out = vec![0.0; values.len()];
        self.order.iter().zip(&values).for_each(|(row, value)| out[*row as usize] = *value);
        Ok(out)
    }

    /// Takes the further sets out of `values`; `effects` are their coefficients so far. The second round removes what the
    /// rounding of the first one left.
    fn solve_twice(&self, values: &mut [f64], effects: &mut [f64]) -> Result<(), NotConverged> {
        // Nothing but rounding is left when the group means are this small against the values.
        let size: f64 = values.iter().enumerate().map(|(i, v)| self.weight(i) * v * v).sum();
        self.solve(values, effects, TOLERANCE, size * 1e-31)?;
        self.solve(values, effects, 1e-4, size * 1e-31)
    }

    /// One round, until the gradient is small against its start or no larger than `rounding`.
    fn solve(
        &self,
        values: &mut [f64],
        effects: &mut [f64],
        tolerance: f64,
        rounding: f64,
    ) -> Result<(), NotConverged> {
        let share = |(r, d): (&f64, &f64)| if *d > 0.0 { r / d } else { 0.0 };
        let scale = |r: &[f64]| -> Vec<f64> { r.iter().zip(&self.diagonal).map(share).collect() };
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let mut gradient = self.gather(values);
        let mut step = scale(&gradient);
        let start = dot(&gradient, &step);
        let mut current = start;
        let mut image = vec![0.0; values.len()];
        for _ in 0..MOST_STEPS {
            if current <= start * tolerance * tolerance || current <= rounding {
                return Ok(());
            }
            self.spread(&step, &mut image);
            let moved = self.gather(&image);
            let length = current / dot(&step, &moved);
            if !length.is_finite() {
                return Ok(());
            }
            values.iter_mut().zip(&image).for_each(|(v, m)| *v -= length * m);
            effects.iter_mut().zip(&step).for_each(|(e, s)| *e += length * s);
            gradient.iter_mut().zip(&moved).for_each(|(g, m)| *g -= length * m);
            let scaled = scale(&gradient);
            let next = dot(&gradient, &scaled);
            let ratio = next / current;
            step.iter_mut().zip(&scaled).for_each(|(s, z)| *s = z + ratio * *s);
            current = next;
        }
        Err(NotConverged)
    }

    /// The coefficients of one column on all effects: those of the first set, then those of each further one. Intercepts
    /// of the further sets have a mean of zero over the rows; where effects are not identified otherwise, they are one
    /// of the solutions.
    pub fn effects(&self, column: &[f64]) -> Result<Vec<Vec<f64>>, NotConverged> {
        let ordered: Vec<f64> = self.order.iter().map(|row| column[*row as usize]).collect();
        let mut values = ordered.clone();
        self.sweep_first(&mut values);
        let mut all = vec![0.0; self.diagonal.len()];
        if !self.columns.is_empty() {
            self.solve_twice(&mut values, &mut all)?;
        }
        let whole: f64 = self.totals.iter().sum();
        for (k, (column, _)) in self.further().enumerate().filter(|(_, (_, slope))| slope.is_none()) {
            let sum: f64 = column.iter().enumerate().map(|(i, c)| self.weight(i) * all[*c as usize]).sum();
            all[self.bounds[k]..self.bounds[k + 1]].iter_mut().for_each(|e| *e -= sum / whole);
        }
        let mut left = ordered;
        self.add_further(&all, &mut left, -1.0);
        let mean = |(bounds, total): (&[usize], &f64)| {
            (bounds[0]..bounds[1]).map(|i| self.weight(i) * left[i]).sum::<f64>() / total
        };
        let first: Vec<f64> = self.starts.windows(2).zip(&self.totals).map(mean).collect();
        let further = self.bounds.windows(2).map(|b| all[b[0]..b[1]].to_vec());
        Ok(std::iter::once(first).chain(further).collect())
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
    fn an_indicator_of_a_group_leaves_nothing() {
        // an unbalanced panel, in which rounding of the first round has no solution to be found in the second
        let kept = |i: &u32| i % 13 != 5 && i % 7 != 3;
        let rows: Vec<u32> = (0..1200).filter(kept).collect();
        let mut firms: Vec<u32> = rows.iter().map(|i| i / 9).collect();
        firms.dedup();
        let number = |firm: u32| firms.partition_point(|f| *f < firm) as u32;
        let sets = [
            Units::new(rows.iter().map(|i| number(i / 9)).collect()),
            Units::new(rows.iter().map(|i| i % 9).collect()),
        ];
        for period in 0..9 {
            let column: Vec<f64> = rows.iter().map(|i| f64::from(u8::from(i % 9 == period))).collect();
            let cleaned = Absorber::new(&sets, None).clean(&[&column], None).expect("it converges");
            let mean = weighted_mean(&column, None);
            assert!(cleaned[0].iter().all(|v| *v == mean), "period {period} is explained");
        }
    }

    #[test]
    fn separate_parts_are_counted() {
        let sets = [Units::new(vec![0, 0, 1, 1, 2, 2]), Units::new(vec![0, 1, 0, 1, 2, 3])];
        assert_eq!(Absorber::new(&sets, None).redundant(), [0, 2]);
    }
}
