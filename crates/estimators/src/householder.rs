//! The QR decomposition by reflections, with or without exchanges of columns (Golub and Van Loan, Matrix
//! Computations, 5.2 and 5.4).

use super::matrix::Mat;

/// `A[, order] = Q R`: `Q` has orthonormal columns, `R` is an upper triangle.
#[derive(Debug, Clone)]
pub struct Qr {
    /// Rows × min(rows, columns) orthonormal columns.
    pub q: Mat,
    /// min(rows, columns) × columns, zero below the diagonal.
    pub r: Mat,
    /// Column of the matrix (from 0) that stands at each place.
    pub order: Vec<usize>,
}

/// Decomposes a matrix. With `pivot` each step takes the column with the longest remainder, so that the diagonal of
/// `R` falls in size.
pub fn qr(matrix: &Mat, pivot: bool) -> Qr {
    let (m, n) = (matrix.rows(), matrix.cols());
    let depth = m.min(n);
    let mut r = matrix.clone();
    let mut order: Vec<usize> = (0..n).collect();
    let mut reflections: Vec<(Vec<f64>, f64)> = Vec::with_capacity(depth);
    for k in 0..depth {
        if pivot {
            let length = |j: usize| (k..m).map(|i| r[(i, j)] * r[(i, j)]).sum::<f64>();
            let best =
                (k..n).fold(k, |best, j| if length(j) > length(best) * (1.0 + 1e-14) { j } else { best });
            if best != k {
                (0..m).for_each(|i| {
                    let held = r[(i, k)];
                    r[(i, k)] = r[(i, best)];
                    r[(i, best)] = held;
                });
                order.swap(k, best);
            }
        }
        let mut v: Vec<f64> = (k..m).map(|i| r[(i, k)]).collect();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let own = v[0];
        // a column of one cell needs no reflection: LAPACK leaves it as it is
        let target = if k + 1 == m || v[1..].iter().all(|x| *x == 0.0) { own } else { -length.copysign(own) };
        v[0] -= target;
        let norm: f64 = v.iter().map(|x| x * x).sum();
        let factor = if norm > 0.0 { 2.0 / norm } else { 0.0 };
        reflect(&mut r, &v, factor, k);
        (k + 1..m).for_each(|i| r[(i, k)] = 0.0);
        r[(k, k)] = target;
        reflections.push((v, factor));
    }
    let mut q = Mat::from_fn(m, depth, |i, j| if i == j { 1.0 } else { 0.0 });
    for (k, (v, factor)) in reflections.iter().enumerate().rev() {
        reflect(&mut q, v, *factor, k);
    }
    let rows: Vec<usize> = (0..depth).collect();
    let cols: Vec<usize> = (0..n).collect();
    Qr { q, r: r.select(&rows, &cols), order }
}

/// Applies `I - factor v v'` to the rows from `first` on.
fn reflect(m: &mut Mat, v: &[f64], factor: f64, first: usize) {
    if factor == 0.0 {
        return;
    }
    for j in 0..m.cols() {
        let dot: f64 = v.iter().enumerate().map(|(i, x)| x * m[(first + i, j)]).sum();
        for (i, x) in v.iter().enumerate() {
            m[(first + i, j)] -= factor * dot * x;
        }
    }
}

/// Least-squares solution of `A X = B` with exchanges of columns, and the rank: columns whose diagonal of `R` is at
/// most `tolerance` times the first one get zeros.
pub fn least_squares(matrix: &Mat, b: &Mat, tolerance: f64) -> (Mat, usize) {
    let Qr { q, r, order } = qr(matrix, true);
    let depth = r.rows();
    let first = if depth > 0 { r[(0, 0)].abs() } else { 0.0 };
    let rank = (0..depth).take_while(|k| r[(*k, *k)].abs() > tolerance * first && first > 0.0).count();
    let rotated = q.transpose().times(b);
    let mut x = Mat::zeros(matrix.cols(), b.cols());
    for j in 0..b.cols() {
        for i in (0..rank).rev() {
            let sum: f64 = (i + 1..rank).map(|k| r[(i, k)] * x[(order[k], j)]).sum();
            x[(order[i], j)] = (rotated[(i, j)] - sum) / r[(i, i)];
        }
    }
    (x, rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_multiply_to_the_matrix() {
        for (rows, cols) in [(4, 3), (3, 4), (3, 3), (1, 2)] {
            let a = Mat::from_fn(rows, cols, |i, j| ((i * 7 + j * 5) % 11) as f64 - 4.0);
            for pivot in [false, true] {
                let Qr { q, r, order } = qr(&a, pivot);
                let product = q.times(&r);
                for i in 0..rows {
                    for (j, column) in order.iter().enumerate() {
                        assert!((product[(i, j)] - a[(i, *column)]).abs() < 1e-13, "{rows} {cols} {pivot}");
                    }
                }
                let gram = q.transpose().times(&q);
                assert!((0..gram.rows()).all(|i| (gram[(i, i)] - 1.0).abs() < 1e-14));
            }
        }
    }

    #[test]
    fn a_dependent_column_gets_a_zero() {
        let a = Mat::from_rows(4, 3, vec![1., 1., 2., 1., 2., 3., 1., 3., 4., 1., 4., 5.]);
        let b = Mat::from_rows(4, 1, vec![3., 5., 7., 9.]);
        let (x, rank) = least_squares(&a, &b, 1e-12);
        let fitted = a.times(&x);
        assert_eq!(rank, 2);
        assert!((0..4).all(|i| (fitted[(i, 0)] - b[(i, 0)]).abs() < 1e-13));
    }
}
