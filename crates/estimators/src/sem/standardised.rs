//! Standardised parameters with the delta method: coefficients in standard deviations, error variances as shares of the
//! variance, covariances as correlations. Formulas: [SEM] Methods and formulas for sem; Bollen (1989, 349).

use super::implied::{Implied, Slope};
use super::{Cell, Means, Model, Value};
use crate::matrix::Mat;

/// Standardised values of the cells of a model.
pub struct Standardised {
    /// One for each cell.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
}

/// A value with its derivatives.
struct Term {
    value: f64,
    slope: Vec<f64>,
}

impl Term {
    fn zero(size: usize) -> Self {
        Self { value: 0.0, slope: vec![0.0; size] }
    }

    /// `self^power * other`.
    fn times_power(mut self, other: &Self, power: f64) -> Self {
        if self.value == 0.0 {
            let factor = other.value.powf(power);
            self.slope.iter_mut().for_each(|s| *s *= factor);
            return self;
        }
        let value = self.value * other.value.powf(power);
        let relative = |(s, o): (&f64, &f64)| value * (s / self.value + power * o / other.value);
        let slope = self.slope.iter().zip(&other.slope).map(relative).collect();
        Self { value, slope }
    }
}

/// Standardises the cells of a model at parameters `b` with covariance `v`.
pub fn standardised(model: &Model, b: &[f64], v: &Mat) -> Option<Standardised> {
    let implied = Implied::at(model, Means::Absent, b)?;
    let size = b.len();
    let slopes: Vec<(usize, Slope)> = model
        .cells
        .iter()
        .filter_map(|(cell, value)| match value {
            Value::Free(k) => Some((*k, implied.slope(*cell, Means::Absent))),
            Value::Fixed(_) => None,
        })
        .collect();
    let variance: Vec<Term> = (0..model.variables)
        .map(|i| {
            let mut out = Term::zero(size);
            out.value = implied.sigma[(i, i)];
            slopes.iter().for_each(|(k, s)| out.slope[*k] += 2.0 * s.v[i] * s.w[i]);
            out
        })
        .collect();
    let own = |cell: Cell| {
        let mut out = Term::zero(size);
        if let Some((_, value)) = model.cells.iter().find(|(c, _)| *c == cell) {
            match value {
                Value::Fixed(x) => out.value = *x,
                Value::Free(k) => {
                    out.value = b[*k];
                    out.slope[*k] = 1.0;
                }
            }
        }
        out
    };
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    for (cell, _) in &model.cells {
        let start = own(*cell);
        let found = match *cell {
            Cell::Path { to, from } => {
                start.times_power(&variance[from], 0.5).times_power(&variance[to], -0.5)
            }
            Cell::Covariance(r, c) if r == c => start.times_power(&variance[r], -1.0),
            Cell::Covariance(r, c) => {
                let (left, right) = (own(Cell::Covariance(r, r)), own(Cell::Covariance(c, c)));
                start.times_power(&left, -0.5).times_power(&right, -0.5)
            }
            Cell::Mean(r) => start.times_power(&variance[r], -0.5),
        };
        values.push(found.value);
        rows.extend(found.slope);
    }
    let slope = Mat::from_rows(model.cells.len(), size, rows);
    Some(Standardised { b: values, v: slope.sandwich(v) })
}
