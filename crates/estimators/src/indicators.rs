//! Columns that are one in a few rows and zero in the others, as the indicators of a factor variable with many levels are.

/// Equations with fewer columns gain nothing from the search for indicators.
const MANY_COLUMNS: usize = 24;
/// A column is worth a list where at most one row in so many is one.
const RARE: usize = 4;

/// A standardised column `(d - shift) * factor` of a block, with `d` one in the listed rows.
pub(super) struct Indicator {
    rows: Vec<u32>,
    shift: f64,
    factor: f64,
}

impl Indicator {
    /// Whether an equation with so many columns is searched.
    pub(super) fn searched(columns: usize) -> bool {
        columns >= MANY_COLUMNS
    }

    /// The indicator that a column is, if it is one of few rows.
    pub(super) fn of(column: &[f64], shift: f64, factor: f64) -> Option<Self> {
        let mut rows = Vec::new();
        for (row, value) in column.iter().enumerate() {
            if *value == 1.0 {
                rows.push(u32::try_from(row).ok()?);
            } else if *value != 0.0 {
                return None;
            }
        }
        (rows.len() * RARE <= column.len()).then_some(Self { rows, shift, factor })
    }

    /// The inner product of the standardised column with values of this sum.
    pub(super) fn product(&self, values: &[f64], sum: f64) -> f64 {
        let inside: f64 = self.rows.iter().map(|row| values[*row as usize]).sum();
        (inside - self.shift * sum) * self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_that_of_the_standardised_column() {
        let column: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i % 7 == 3))).collect();
        let values: Vec<f64> = (0..40).map(|i| f64::from(i).sin()).collect();
        let (shift, factor) = (0.15, 1.0 / 0.357);
        let dense: f64 = column.iter().zip(&values).map(|(d, v)| (d - shift) * factor * v).sum();
        let listed = Indicator::of(&column, shift, factor).expect("an indicator of few rows");
        let found = listed.product(&values, values.iter().sum());
        assert!((found - dense).abs() < 1e-12 * dense.abs(), "{found} {dense}");
    }

    #[test]
    fn other_columns_are_not_indicators() {
        assert!(Indicator::of(&[0.0, 2.0, 0.0, 0.0, 0.0], 0.0, 1.0).is_none());
        assert!(Indicator::of(&[1.0, 1.0, 0.0, 1.0], 0.0, 1.0).is_none());
    }
}
