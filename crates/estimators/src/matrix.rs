//! A small dense matrix for parameters and covariances, with the few decompositions that inference needs.
//! Data matrices do not belong here: columns of observations stay slices.

use std::ops::{Index, IndexMut};

/// Share of a diagonal below which a pivot is the arithmetic's noise.
pub(super) const SINGULAR_PIVOT: f64 = 1e-14;

/// A dense row-major matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Mat {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
}

impl Index<(usize, usize)> for Mat {
    type Output = f64;
    #[inline]
    fn index(&self, (row, col): (usize, usize)) -> &f64 {
        &self.data[row * self.cols + col]
    }
}

impl IndexMut<(usize, usize)> for Mat {
    #[inline]
    fn index_mut(&mut self, (row, col): (usize, usize)) -> &mut f64 {
        &mut self.data[row * self.cols + col]
    }
}

impl Mat {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0.0; rows * cols] }
    }

    /// The identity of a size.
    pub fn identity(size: usize) -> Self {
        Self::from_fn(size, size, |i, j| if i == j { 1.0 } else { 0.0 })
    }

    /// A matrix from a function of row and column.
    pub fn from_fn(rows: usize, cols: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let mut out = Self::zeros(rows, cols);
        for i in 0..rows {
            for j in 0..cols {
                out[(i, j)] = value(i, j);
            }
        }
        out
    }

    /// A matrix from its rows in order; `data` has `rows * cols` numbers.
    pub fn from_rows(rows: usize, cols: usize, data: Vec<f64>) -> Self {
        assert_eq!(data.len(), rows * cols, "shape and data agree");
        Self { rows, cols, data }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// One row to change.
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// All numbers, row by row.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// The diagonal.
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.rows.min(self.cols)).map(|i| self[(i, i)]).collect()
    }

    /// The transpose.
    pub fn transpose(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |i, j| self[(j, i)])
    }

    /// The product with another matrix.
    pub fn times(&self, other: &Self) -> Self {
        assert_eq!(self.cols, other.rows, "inner sizes agree");
        let mut out = Self::zeros(self.rows, other.cols);
        for i in 0..self.rows {
            for k in 0..self.cols {
                let left = self[(i, k)];
                if left != 0.0 {
                    let target = &mut out.data[i * other.cols..(i + 1) * other.cols];
                    for (cell, right) in target.iter_mut().zip(other.row(k)) {
                        *cell += left * right;
                    }
                }
            }
        }
        out
    }

    /// The product with a vector.
    pub fn times_vector(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|i| self.row(i).iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
    }

    /// `self * middle * self'`, made exactly symmetric.
    pub fn sandwich(&self, middle: &Self) -> Self {
        self.times(middle).times(&self.transpose()).symmetrised()
    }

    /// `self * self'`, exactly symmetric.
    pub fn outer(&self) -> Self {
        self.times(&self.transpose()).symmetrised()
    }

    /// The average with the transpose.
    pub fn symmetrised(&self) -> Self {
        Self::from_fn(self.rows, self.cols, |i, j| 0.5 * (self[(i, j)] + self[(j, i)]))
    }

    /// Every number multiplied by a factor.
    pub fn scaled(mut self, factor: f64) -> Self {
        self.data.iter_mut().for_each(|cell| *cell *= factor);
        self
    }

    /// The sum with another matrix of the same shape.
    pub fn plus(&self, other: &Self) -> Self {
        self.combined(other, 1.0)
    }

    /// The difference from another matrix of the same shape.
    pub fn minus(&self, other: &Self) -> Self {
        self.combined(other, -1.0)
    }

    fn combined(&self, other: &Self, factor: f64) -> Self {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols), "shapes agree");
        let data = self.data.iter().zip(&other.data).map(|(a, b)| a + factor * b).collect();
        Self { data, ..*self }
    }

    /// Rows and columns picked by index, in the given order.
    pub fn select(&self, rows: &[usize], cols: &[usize]) -> Self {
        Self::from_fn(rows.len(), cols.len(), |i, j| self[(rows[i], cols[j])])
    }

    /// `v' * self * v`.
    pub fn quadratic(&self, vector: &[f64]) -> f64 {
        self.times_vector(vector).iter().zip(vector).map(|(a, b)| a * b).sum()
    }

    /// Lower Cholesky factor, or nothing when the matrix is not numerically positive definite.
    pub fn cholesky(&self) -> Option<Self> {
        let n = self.rows;
        let mut lower = Self::zeros(n, n);
        for j in 0..n {
            let mut pivot = self[(j, j)];
            for value in &lower.row(j)[..j] {
                pivot -= value * value;
            }
            if pivot.is_nan() || pivot <= SINGULAR_PIVOT * self[(j, j)].abs() || pivot <= 0.0 {
                return None;
            }
            let root = pivot.sqrt();
            lower[(j, j)] = root;
            for i in j + 1..n {
                let mut value = self[(i, j)];
                for (left, right) in lower.row(i)[..j].iter().zip(&lower.row(j)[..j]) {
                    value -= left * right;
                }
                lower[(i, j)] = value / root;
            }
        }
        Some(lower)
    }

    /// Inverse of a symmetric positive definite matrix, scaled to unit diagonal first.
    pub fn inverse_definite(&self) -> Option<Self> {
        let scale: Vec<f64> = self.diagonal().iter().map(|d| d.sqrt()).collect();
        if scale.iter().any(|s| !s.is_finite() || *s == 0.0) {
            return None;
        }
        let lower =
            Self::from_fn(self.rows, self.cols, |i, j| self[(i, j)] / (scale[i] * scale[j])).cholesky()?;
        let root = lower.inverse_lower();
        let unscaled = root.transpose().times(&root);
        Some(
            Self::from_fn(self.rows, self.cols, |i, j| unscaled[(i, j)] / (scale[i] * scale[j]))
                .symmetrised(),
        )
    }

    /// Inverse of a lower triangle. Row `i` is a sum over the rows before it, so that memory is read in order.
    pub(super) fn inverse_lower(&self) -> Self {
        let n = self.rows;
        let mut out = Self::zeros(n, n);
        for i in 0..n {
            let (done, rest) = out.data.split_at_mut(i * n);
            let target = &mut rest[..n];
            for (k, factor) in self.row(i)[..i].iter().enumerate() {
                for (cell, value) in target[..=k].iter_mut().zip(&done[k * n..=k * n + k]) {
                    *cell -= factor * value;
                }
            }
            let pivot = self[(i, i)];
            target[..i].iter_mut().for_each(|cell| *cell /= pivot);
            target[i] = 1.0 / pivot;
        }
        out
    }

    /// Inverse of a general square matrix by elimination with row pivots, or nothing when singular.
    pub fn inverse(&self) -> Option<Self> {
        let n = self.rows;
        let mut left = self.clone();
        let mut right = Self::identity(n);
        for j in 0..n {
            let pivot = (j..n).max_by(|a, b| left[(*a, j)].abs().total_cmp(&left[(*b, j)].abs()))?;
            if left[(pivot, j)] == 0.0 || !left[(pivot, j)].is_finite() {
                return None;
            }
            for c in 0..n {
                left.data.swap(j * n + c, pivot * n + c);
                right.data.swap(j * n + c, pivot * n + c);
            }
            let factor = 1.0 / left[(j, j)];
            for c in 0..n {
                left[(j, c)] *= factor;
                right[(j, c)] *= factor;
            }
            for i in (0..n).filter(|i| *i != j) {
                let factor = left[(i, j)];
                if factor != 0.0 {
                    for c in 0..n {
                        left[(i, c)] -= factor * left[(j, c)];
                        right[(i, c)] -= factor * right[(j, c)];
                    }
                }
            }
        }
        Some(right)
    }

    /// Orthonormal columns and upper triangle with `self = Q R`, by Gram-Schmidt done twice
    /// (Giraud et al. 2005: twice is enough). Columns must be independent.
    pub fn thin_qr(&self) -> (Self, Self) {
        let (mut q, mut r) = (self.clone(), Self::zeros(self.cols, self.cols));
        for j in 0..self.cols {
            for _ in 0..2 {
                for l in 0..j {
                    let along: f64 = (0..self.rows).map(|i| q[(i, l)] * q[(i, j)]).sum();
                    r[(l, j)] += along;
                    for i in 0..self.rows {
                        q[(i, j)] -= along * q[(i, l)];
                    }
                }
            }
            let length = (0..self.rows).map(|i| q[(i, j)] * q[(i, j)]).sum::<f64>().sqrt();
            r[(j, j)] = length;
            for i in 0..self.rows {
                q[(i, j)] /= length;
            }
        }
        (q, r)
    }

    /// Inverse of an upper triangle.
    pub fn inverse_upper(&self) -> Self {
        self.transpose().inverse_lower().transpose()
    }

    /// Eigenvalues in descending order with eigenvectors as columns, of a symmetric matrix
    /// (cyclic Jacobi rotations; Golub and Van Loan, Matrix Computations, 8.5).
    pub fn symmetric_eigen(&self) -> (Vec<f64>, Self) {
        let n = self.rows;
        let mut a = self.symmetrised();
        let mut vectors = Self::identity(n);
        for _ in 0..100 {
            let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|c| a[c] * a[c]).sum();
            let size: f64 = a.diagonal().iter().map(|d| d * d).sum();
            if off <= 1e-34 * (size + off) || off == 0.0 {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|i, j| a[(*j, *j)].total_cmp(&a[(*i, *i)]));
        let values = order.iter().map(|i| a[(*i, *i)]).collect();
        let all: Vec<usize> = (0..n).collect();
        (values, vectors.select(&all, &order))
    }
}

/// One Jacobi rotation that clears `a[p, q]`.
fn rotate(a: &mut Mat, vectors: &mut Mat, p: usize, q: usize) {
    if a[(p, q)] == 0.0 {
        return;
    }
    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * a[(p, q)]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let tangent = if theta == 0.0 { 1.0 } else { tangent };
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for k in 0..a.rows {
        let (left, right) = (a[(k, p)], a[(k, q)]);
        a[(k, p)] = cosine * left - sine * right;
        a[(k, q)] = sine * left + cosine * right;
        let (left, right) = (vectors[(k, p)], vectors[(k, q)]);
        vectors[(k, p)] = cosine * left - sine * right;
        vectors[(k, q)] = sine * left + cosine * right;
    }
    for k in 0..a.rows {
        let (left, right) = (a[(p, k)], a[(q, k)]);
        a[(p, k)] = cosine * left - sine * right;
        a[(q, k)] = sine * left + cosine * right;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hilbert(n: usize) -> Mat {
        Mat::from_fn(n, n, |i, j| 1.0 / (i + j + 1) as f64)
    }

    #[test]
    fn inverse_of_the_hilbert_matrix_is_the_known_integer_matrix() {
        // Choi (1983), Amer. Math. Monthly 90: the inverse for n = 3.
        let expected = [9.0, -36.0, 30.0, -36.0, 192.0, -180.0, 30.0, -180.0, 180.0];
        for inverse in [hilbert(3).inverse(), hilbert(3).inverse_definite()] {
            let inverse = inverse.expect("definite");
            for (got, want) in inverse.data().iter().zip(expected) {
                assert!((got - want).abs() < 1e-10, "{got} {want}");
            }
        }
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let (values, vectors) = Mat::from_rows(2, 2, vec![2.0, 1.0, 1.0, 2.0]).symmetric_eigen();
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14);
        assert!((vectors[(0, 0)].abs() - 0.5_f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn a_dependent_row_is_swept_out() {
        let m = Mat::from_rows(3, 3, vec![1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 4.0]);
        let (inverse, rank, kept) = m.inverse_semidefinite(1e-10);
        assert_eq!((rank, kept), (2, vec![0, 2]));
        assert_eq!(inverse[(2, 2)], 0.25);
    }
}
