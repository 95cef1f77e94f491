//! The LU decomposition of a general square matrix with row pivots, and the solutions, inverse and determinant that
//! follow from it (Golub and Van Loan, Matrix Computations, 3.4).

use super::complex::Complex;
use super::matrix::Mat;

/// `A[order, ] = L U` with a unit lower and an upper triangle in one matrix.
#[derive(Debug, Clone)]
pub struct Lu {
    packed: Mat,
    order: Vec<usize>,
    odd: bool,
}

impl Lu {
    /// Decomposes a square matrix; a singular one has a zero on the diagonal of `U`.
    pub fn new(matrix: &Mat) -> Self {
        let n = matrix.rows();
        assert_eq!(n, matrix.cols(), "a square matrix");
        let (mut a, mut order, mut odd) = (matrix.clone(), (0..n).collect::<Vec<_>>(), false);
        for k in 0..n {
            let pivot = (k..n).max_by(|i, j| a[(*i, k)].abs().total_cmp(&a[(*j, k)].abs())).unwrap_or(k);
            if pivot != k {
                (0..n).for_each(|j| {
                    let held = a[(k, j)];
                    a[(k, j)] = a[(pivot, j)];
                    a[(pivot, j)] = held;
                });
                order.swap(k, pivot);
                odd = !odd;
            }
            if a[(k, k)] == 0.0 {
                continue;
            }
            for i in k + 1..n {
                let factor = a[(i, k)] / a[(k, k)];
                a[(i, k)] = factor;
                if factor != 0.0 {
                    for j in k + 1..n {
                        a[(i, j)] -= factor * a[(k, j)];
                    }
                }
            }
        }
        Self { packed: a, order, odd }
    }

    /// The unit lower triangle.
    pub fn lower(&self) -> Mat {
        let n = self.order.len();
        Mat::from_fn(n, n, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Greater => self.packed[(i, j)],
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Less => 0.0,
        })
    }

    /// The upper triangle.
    pub fn upper(&self) -> Mat {
        let n = self.order.len();
        Mat::from_fn(n, n, |i, j| if i <= j { self.packed[(i, j)] } else { 0.0 })
    }

    /// Row of the matrix (from 0) that stands at each place of the factors.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The determinant.
    pub fn determinant(&self) -> f64 {
        let product: f64 = self.packed.diagonal().iter().product();
        if self.odd { -product } else { product }
    }

    /// Whether a pivot is below a share of the average size of the pivots. Mata's solvers have the share 1e-13
    /// ([M-1] Tolerance: `eta` times the mean of the absolute diagonal of `U`).
    pub fn is_singular(&self, share: f64) -> bool {
        let diagonal: Vec<f64> = self.packed.diagonal().iter().map(|d| d.abs()).collect();
        let mean = diagonal.iter().sum::<f64>() / diagonal.len().max(1) as f64;
        diagonal.iter().any(|d| !d.is_finite() || *d <= share * mean)
    }

    /// Solves `A X = B`.
    pub fn solve(&self, b: &Mat) -> Mat {
        let n = self.order.len();
        let mut x = Mat::from_fn(n, b.cols(), |i, j| b[(self.order[i], j)]);
        for j in 0..b.cols() {
            for i in 0..n {
                let sum: f64 = (0..i).map(|k| self.packed[(i, k)] * x[(k, j)]).sum();
                x[(i, j)] -= sum;
            }
            for i in (0..n).rev() {
                let sum: f64 = (i + 1..n).map(|k| self.packed[(i, k)] * x[(k, j)]).sum();
                x[(i, j)] = (x[(i, j)] - sum) / self.packed[(i, i)];
            }
        }
        x
    }
}

/// Solves `A X = B` for complex matrices by elimination with row pivots; nothing for a singular one. `a` has n × n
/// and `b` n × k cells, row by row.
pub fn solve_complex(n: usize, a: &[Complex], b: &[Complex]) -> Option<Vec<Complex>> {
    let k = b.len().checked_div(n).unwrap_or(0);
    let (mut a, mut x) = (a.to_vec(), b.to_vec());
    for c in 0..n {
        let pivot = (c..n).max_by(|i, j| a[i * n + c].abs().total_cmp(&a[j * n + c].abs()))?;
        let scale = (0..n).map(|j| a[pivot * n + j].abs()).fold(0.0, f64::max);
        let size = a[pivot * n + c].abs();
        if size.is_nan() || size <= 1e-15 * scale {
            return None;
        }
        (0..n).for_each(|j| a.swap(c * n + j, pivot * n + j));
        (0..k).for_each(|j| x.swap(c * k + j, pivot * k + j));
        for i in (0..n).filter(|i| *i != c) {
            let factor = a[i * n + c] / a[c * n + c];
            for j in c..n {
                a[i * n + j] = a[i * n + j] - factor * a[c * n + j];
            }
            for j in 0..k {
                x[i * k + j] = x[i * k + j] - factor * x[c * k + j];
            }
        }
    }
    (0..n).for_each(|i| (0..k).for_each(|j| x[i * k + j] = x[i * k + j] / a[i * n + i]));
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complex_system_is_solved() {
        let c = Complex::new;
        let a = [c(0.0, 1.0), c(2.0, 0.0), c(1.0, -1.0), c(3.0, 2.0)];
        let want = [c(1.0, 2.0), c(-1.0, 0.5)];
        let b: Vec<Complex> = (0..2).map(|i| a[2 * i] * want[0] + a[2 * i + 1] * want[1]).collect();
        let x = solve_complex(2, &a, &b).expect("a regular matrix");
        assert!(x.iter().zip(want).all(|(x, w)| (*x - w).abs() < 1e-14));
        assert!(solve_complex(2, &[Complex::ONE; 4], &b).is_none());
    }

    #[test]
    fn factors_multiply_to_the_matrix_and_solve_it() {
        let a = Mat::from_rows(3, 3, vec![0.0, 2.0, 1.0, 4.0, 1.0, -1.0, 2.0, 3.0, 5.0]);
        let lu = Lu::new(&a);
        let product = lu.lower().times(&lu.upper());
        for (place, row) in lu.order().iter().enumerate() {
            assert!((0..3).all(|j| (product[(place, j)] - a[(*row, j)]).abs() < 1e-15));
        }
        // by the rule of Sarrus: 0*8 - 2*22 + 1*10
        assert!((lu.determinant() + 34.0).abs() < 1e-13);
        let x = lu.solve(&a.times(&Mat::from_rows(3, 1, vec![1.0, -2.0, 3.0])));
        assert!(x.data().iter().zip([1.0, -2.0, 3.0]).all(|(got, want)| (got - want).abs() < 1e-14));
        assert!(!lu.is_singular(1e-13));
        assert!(Lu::new(&Mat::from_rows(2, 2, vec![1.0, 2.0, 2.0, 4.0])).is_singular(1e-13));
    }
}
