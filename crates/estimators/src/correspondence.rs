//! Simple correspondence analysis of a two-way table ([MV] ca, Methods and formulas; Greenacre (1984), Theory and
//! Applications of Correspondence Analysis, chapter 4).

use super::matrix::Mat;
use super::svd::svd;

/// The decomposition `P - rc' = D_r R diag(s) C' D_c` of a table with the proportions P.
#[derive(Debug, Clone)]
pub struct Correspondence {
    /// Sum of the table.
    pub total: f64,
    /// Masses of the rows.
    pub row_masses: Vec<f64>,
    /// Masses of the columns.
    pub column_masses: Vec<f64>,
    /// All singular values but the trivial one, largest first.
    pub values: Vec<f64>,
    /// Standard coordinates of the rows, a column for each singular value.
    pub rows: Mat,
    /// Standard coordinates of the columns.
    pub columns: Mat,
}

/// What a category contributes and how well dimensions show it.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Squared correlation of the category with the dimension: its share of the inertia of the category.
    pub of_category: f64,
    /// Its share of the inertia of the dimension.
    pub of_dimension: f64,
}

impl Correspondence {
    /// Analyses a table of nonnegative numbers whose margins are positive.
    pub fn of(table: &Mat) -> Option<Self> {
        let (nr, nc) = (table.rows(), table.cols());
        let total: f64 = table.data().iter().sum();
        let row_masses: Vec<f64> = (0..nr).map(|i| table.row(i).iter().sum::<f64>() / total).collect();
        let column_masses: Vec<f64> =
            (0..nc).map(|j| (0..nr).map(|i| table[(i, j)]).sum::<f64>() / total).collect();
        let residual = |i: usize, j: usize| {
            let expected = row_masses[i] * column_masses[j];
            (table[(i, j)] / total - expected) / expected.sqrt()
        };
        let parts = svd(&Mat::from_fn(nr, nc, residual))?;
        let count = nr.min(nc) - 1;
        // the sign is free: the largest standard coordinate of the columns is positive
        let standard =
            |m: &Mat, masses: &[f64]| Mat::from_fn(masses.len(), count, |i, k| m[(i, k)] / masses[i].sqrt());
        let (rows, columns) = (standard(&parts.u, &row_masses), standard(&parts.v, &column_masses));
        let sign: Vec<f64> = (0..count)
            .map(|k| {
                let size = |j: &usize| columns[(*j, k)].abs();
                let top = (0..nc).max_by(|a, b| size(a).total_cmp(&size(b)));
                top.map_or(1.0, |j| columns[(j, k)].signum())
            })
            .collect();
        let signed = |m: &Mat| Mat::from_fn(m.rows(), count, |i, k| m[(i, k)] * sign[k]);
        Some(Self {
            total,
            rows: signed(&rows),
            columns: signed(&columns),
            row_masses,
            column_masses,
            values: parts.values[..count].to_vec(),
        })
    }

    /// The sum of squared singular values: Pearson's chi-squared over the sum of the table.
    pub fn inertia(&self) -> f64 {
        self.values.iter().map(|s| s * s).sum()
    }

    fn side(&self, rows: bool) -> (&Mat, &[f64]) {
        if rows { (&self.rows, &self.row_masses) } else { (&self.columns, &self.column_masses) }
    }

    /// The inertia of each row or column.
    pub fn inertias(&self, rows: bool) -> Vec<f64> {
        let (points, masses) = self.side(rows);
        let one = |i: usize| -> f64 {
            masses[i] * self.values.iter().enumerate().map(|(k, s)| (s * points[(i, k)]).powi(2)).sum::<f64>()
        };
        (0..masses.len()).map(one).collect()
    }

    /// Shares of a row or column and of a dimension in each other.
    pub fn share(&self, rows: bool, i: usize, k: usize) -> Share {
        let (points, masses) = self.side(rows);
        let own = masses[i] * points[(i, k)].powi(2);
        let all = self.inertias(rows)[i];
        Share {
            of_category: if all > 0.0 { own * self.values[k].powi(2) / all } else { 0.0 },
            of_dimension: own,
        }
    }
}
