//! The covariance of estimators that solve several sets of estimating equations one after the other: the sandwich of all
//! equations stacked (Newey and McFadden 1994, section 6).

use super::combination_scales::Scales;
use super::matrix::Mat;

/// Stacked estimating equations. A row has `N` linear indices; the function of each index is multiplied by the regressors of
/// that index.
pub struct Stacked<'a, const N: usize> {
    /// Number of rows.
    pub rows: usize,
    /// For each parameter its index and its column.
    pub owner: Vec<(usize, &'a [f64])>,
    /// Weight of each row.
    pub weights: Option<&'a [f64]>,
    /// Whether weights count equal rows.
    pub frequency: bool,
    /// Cluster of each row and their number.
    pub clusters: Option<(&'a [u32], usize)>,
}

impl<const N: usize> Stacked<'_, N> {
    /// `G^-1 S G'^-1` at the solution, and the criterion, the sum of the squared means of the equations. `indices` gives the
    /// indices of a row, `functions` their functions, whose derivatives are central differences of fourth order.
    pub fn sandwich(
        &self,
        indices: &dyn Fn(usize) -> [f64; N],
        functions: &dyn Fn(usize, &[f64; N]) -> [f64; N],
    ) -> Option<(Mat, f64)> {
        let (n, size) = (self.rows, self.owner.len());
        // comparable columns keep the inverse accurate
        let scale: Vec<f64> = self
            .owner
            .iter()
            .map(|(_, c)| {
                let size = (c.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt();
                if size > 0.0 { size } else { 1.0 }
            })
            .collect();
        let mut g = Mat::zeros(size, size);
        let mut sums = Mat::zeros(self.clusters.map_or(n, |c| c.1), size);
        let mut total = vec![0.0; size];
        for i in 0..n {
            let at = indices(i);
            let w = self.weights.map_or(1.0, |w| w[i]);
            let f = functions(i, &at);
            let d = derivatives(&|moved| functions(i, moved), &at);
            let root = if self.frequency && self.clusters.is_none() { w.sqrt() } else { w };
            let group = self.clusters.map_or(i, |c| c.0[i] as usize);
            for (a, (j, column)) in self.owner.iter().enumerate() {
                let left = column[i] / scale[a];
                sums[(group, a)] += root * f[*j] * left;
                total[a] += w * f[*j] * left;
                for (b, (k, other)) in self.owner.iter().enumerate() {
                    let slope = d[*j][*k];
                    if slope != 0.0 {
                        g[(a, b)] += w * slope * left * other[i] / scale[b];
                    }
                }
            }
        }
        let v = g.inverse()?.sandwich(&sums.transpose().times(&sums));
        let unscaled = Mat::from_fn(size, size, |a, b| v[(a, b)] / (scale[a] * scale[b]));
        Some((unscaled.symmetrised(), total.iter().map(|t| (t / n as f64).powi(2)).sum()))
    }
}

/// Columns of an index less their means, where one of them is the constant, which takes up the difference, and in units of
/// their deviations: a regressor far from zero keeps its digits, and a search does not depend on its unit.
pub struct Centred {
    /// The columns.
    pub columns: Vec<Vec<f64>>,
    scales: Scales,
}

impl Centred {
    /// Of some columns.
    pub fn of(columns: &[&[f64]]) -> Self {
        let all = columns.iter().copied().enumerate().collect();
        Self::with(Scales::of(columns.len(), &[all]), columns)
    }

    /// Of columns whose means stay, because no constant takes them up: in units of their root mean squares.
    pub fn scaled(columns: &[&[f64]]) -> Self {
        let mut scales = Scales::identity(columns.len());
        columns.iter().enumerate().for_each(|(k, c)| scales.set(k, c, false, &[]));
        Self::with(scales, columns)
    }

    fn with(scales: Scales, columns: &[&[f64]]) -> Self {
        Self { columns: scales.columns(columns), scales }
    }

    /// Takes starting values in the units of the data, this index first, to those of the columns.
    pub fn start(&self, b: &mut [f64]) {
        let own = self.scales.coordinates(&b[..self.columns.len()]);
        b[..own.len()].copy_from_slice(&own);
    }

    /// The columns as slices.
    pub fn slices(&self) -> Vec<&[f64]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    /// The matrix that takes coefficients of the columns to those in the units of the data. Where the constant is the last
    /// column it is lower triangular.
    pub fn to_raw(&self) -> &Mat {
        &self.scales.to_raw
    }
}

/// Estimates and covariance in the units of the data: `parts` are the indices with the places of their first parameters.
pub fn uncentred(b: &[f64], v: &Mat, parts: &[(usize, &Centred)]) -> (Vec<f64>, Mat) {
    let mut map = Mat::identity(b.len());
    for (start, part) in parts {
        let own = part.to_raw();
        for i in 0..own.rows() {
            for j in 0..own.cols() {
                map[(start + i, start + j)] = own[(i, j)];
            }
        }
    }
    (map.times_vector(b), map.sandwich(v))
}

fn derivatives<const N: usize>(f: &dyn Fn(&[f64; N]) -> [f64; N], at: &[f64; N]) -> [[f64; N]; N] {
    let mut out = [[0.0; N]; N];
    for k in 0..N {
        let h = 1e-3 * at[k].abs().max(1.0);
        let value = |step: f64| {
            let mut moved = *at;
            moved[k] += step;
            f(&moved)
        };
        let (a, b, c, d) = (value(-2.0 * h), value(-h), value(h), value(2.0 * h));
        for (j, row) in out.iter_mut().enumerate() {
            row[k] = (a[j] - 8.0 * b[j] + 8.0 * c[j] - d[j]) / (12.0 * h);
        }
    }
    out
}
