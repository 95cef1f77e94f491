//! Means and products of regressors, and which of them others determine.

use crate::ports::tabular::Determined;

/// Share of a regressor's variance below which others determine it. Values that were written as decimals differ from an
/// exact combination by a relative rounding of about 1e-16, and products by 1e-13.
const DETERMINED: f64 = 1e-12;
/// Least size of a term of a combination, with regressors of variance one.
const TERM: f64 = 1e-6;

/// Means and products of deviations from them, one row after the other (Welford 1962, in the form for several variables).
pub(super) struct Moments {
    n: f64,
    means: Vec<f64>,
    /// Lower triangle, row by row.
    products: Vec<f64>,
    deviations: Vec<f64>,
}

impl Moments {
    pub(super) fn new(k: usize) -> Self {
        Self { n: 0.0, means: vec![0.0; k], products: vec![0.0; k * (k + 1) / 2], deviations: vec![0.0; k] }
    }

    pub(super) fn take(&mut self, row: &[f64]) {
        self.n += 1.0;
        let share = (self.n - 1.0) / self.n;
        for ((deviation, mean), value) in self.deviations.iter_mut().zip(&mut self.means).zip(row) {
            *deviation = value - *mean;
            *mean += *deviation / self.n;
        }
        let mut at = 0;
        for (i, a) in self.deviations.iter().enumerate() {
            let a = a * share;
            for (product, b) in self.products[at..].iter_mut().zip(&self.deviations[..=i]) {
                *product += a * b;
            }
            at += i + 1;
        }
    }

    /// Returns the variables that are constant or combinations of earlier ones, by a Cholesky factor of the correlations.
    pub(super) fn determined(&self, names: &[String]) -> Vec<Determined> {
        let product = |i: usize, j: usize| self.products[i * (i + 1) / 2 + j];
        let spread: Vec<f64> = (0..names.len()).map(|i| product(i, i).sqrt()).collect();
        let mut kept: Vec<usize> = Vec::new();
        let mut factor: Vec<Vec<f64>> = Vec::new();
        let mut found = Vec::new();
        if self.n < 2.0 {
            return found;
        }
        for (i, name) in names.iter().enumerate() {
            // a mean of equal numbers is exact up to rounding
            let size = self.means[i].abs() * self.n.sqrt();
            if spread[i] <= size * 1e-13 {
                found.push(Determined { column: name.clone(), by: Vec::new() });
                continue;
            }
            let mut line: Vec<f64> = Vec::with_capacity(kept.len() + 1);
            for (row, j) in factor.iter().zip(&kept) {
                let done: f64 = line.iter().zip(row).map(|(a, b)| a * b).sum();
                let last = row.last().copied().unwrap_or(1.0);
                line.push((product(i.max(*j), i.min(*j)) / (spread[i] * spread[*j]) - done) / last);
            }
            let rest = 1.0 - line.iter().map(|a| a * a).sum::<f64>();
            if rest > DETERMINED {
                line.push(rest.sqrt());
                factor.push(line);
                kept.push(i);
                continue;
            }
            let terms = solved(&factor, line);
            let by = kept.iter().zip(terms).filter(|(_, term)| term.abs() > TERM);
            let by = by.map(|(j, term)| (names[*j].clone(), term * spread[i] / spread[*j])).collect();
            found.push(Determined { column: name.clone(), by });
        }
        found
    }
}

/// Solves the transposed triangular system of a factor.
fn solved(factor: &[Vec<f64>], mut line: Vec<f64>) -> Vec<f64> {
    for i in (0..line.len()).rev() {
        let value = line[i] / factor[i][i];
        line[i] = value;
        for (rest, term) in line[..i].iter_mut().zip(&factor[i]) {
            *rest -= term * value;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn determined(rows: &[[f64; 3]]) -> Vec<Determined> {
        let mut moments = Moments::new(3);
        rows.iter().for_each(|row| moments.take(row));
        moments.determined(&["a", "b", "c"].map(str::to_owned))
    }

    #[test]
    fn combinations_are_found_with_their_terms() {
        let pairs = [[0.1, 7.0], [0.7, 3.2], [2.3, 5.5], [-1.9, 0.3], [4.4, 4.1]];
        let rows = pairs.map(|[a, b]| [a, b, 1000.0 + 2.0 * a - 0.5 * b]);
        let found = determined(&rows);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].column, "c");
        for ((name, term), (known, expected)) in found[0].by.iter().zip([("a", 2.0), ("b", -0.5)]) {
            assert_eq!(name, known);
            assert!((term - expected).abs() < 1e-9, "{term}");
        }
        assert!(determined(&pairs.map(|[a, b]| [a, b, a * b])).is_empty());
        assert!(determined(&[]).is_empty());
    }

    #[test]
    fn a_constant_is_determined_by_nothing() {
        let rows: Vec<[f64; 3]> = (0..9).map(|i| [f64::from(i), 0.1, 3.0 * f64::from(i)]).collect();
        let found = determined(&rows);
        assert_eq!((found[0].column.as_str(), found[0].by.len()), ("b", 0));
        assert_eq!((found[1].column.as_str(), found[1].by[0].0.as_str()), ("c", "a"));
    }

    #[test]
    fn close_is_not_determined() {
        let rows: Vec<[f64; 3]> = (0..50)
            .map(|i| [f64::from(i), f64::from(i * i % 17), f64::from(i) + 1e-4 * f64::from(i % 3)])
            .collect();
        assert!(determined(&rows).is_empty());
    }
}
