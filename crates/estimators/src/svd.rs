//! The singular value decomposition by one-sided Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.6.3),
//! and the generalised inverse and rank that follow from it.

use super::matrix::Mat;

/// `A = U diag(s) V'` with rows × k, k and columns × k cells, k = min(rows, columns); singular values fall.
#[derive(Debug, Clone)]
pub struct Svd {
    /// Left singular vectors as columns.
    pub u: Mat,
    /// Singular values.
    pub values: Vec<f64>,
    /// Right singular vectors as columns.
    pub v: Mat,
}

/// Sweeps over all pairs of columns before the iteration is given up.
const MAX_SWEEPS: usize = 80;

/// Decomposes a matrix; nothing when the iteration does not end or a cell is not finite.
pub fn svd(matrix: &Mat) -> Option<Svd> {
    if matrix.data().iter().any(|x| !x.is_finite()) {
        return None;
    }
    if matrix.rows() < matrix.cols() {
        let Svd { u, values, v } = svd(&matrix.transpose())?;
        return Some(Svd { u: v, values, v: u });
    }
    let (rows, cols) = (matrix.rows(), matrix.cols());
    // columns as rows: each rotation runs over two contiguous slices
    let mut a = columns(matrix);
    let mut v = columns(&Mat::identity(cols));
    let mut sweeps = 0;
    while sweep(&mut a, &mut v) {
        sweeps += 1;
        if sweeps > MAX_SWEEPS {
            return None;
        }
    }
    let lengths: Vec<f64> = a.iter().map(|c| length(c)).collect();
    let mut order: Vec<usize> = (0..cols).collect();
    order.sort_by(|i, j| lengths[*j].total_cmp(&lengths[*i]));
    let top = order.first().map_or(0.0, |k| lengths[*k]);
    let mut left: Vec<Vec<f64>> = Vec::with_capacity(cols);
    for k in &order {
        let own = lengths[*k];
        let scaled: Vec<f64> = a[*k].iter().map(|x| x / own).collect();
        left.push(if own > top * f64::EPSILON * 1e-3 { scaled } else { orthogonal(&left, rows) });
    }
    Some(Svd {
        u: Mat::from_fn(rows, cols, |i, j| left[j][i]),
        values: order.iter().map(|k| lengths[*k]).collect(),
        v: Mat::from_fn(cols, cols, |i, j| v[order[j]][i]),
    })
}

fn columns(m: &Mat) -> Vec<Vec<f64>> {
    (0..m.cols()).map(|j| (0..m.rows()).map(|i| m[(i, j)]).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn length(a: &[f64]) -> f64 {
    let scale = a.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    if scale == 0.0 { 0.0 } else { scale * a.iter().map(|x| (x / scale).powi(2)).sum::<f64>().sqrt() }
}

/// Rotates every pair of columns to be orthogonal; false when all of them were.
fn sweep(a: &mut [Vec<f64>], v: &mut [Vec<f64>]) -> bool {
    let mut moved = false;
    for p in 0..a.len() {
        for q in p + 1..a.len() {
            let (alpha, beta, gamma) = (dot(&a[p], &a[p]), dot(&a[q], &a[q]), dot(&a[p], &a[q]));
            if gamma == 0.0 || gamma.abs() <= f64::EPSILON * (alpha * beta).sqrt() {
                continue;
            }
            moved = true;
            let zeta = (beta - alpha) / (2.0 * gamma);
            let sign = if zeta < 0.0 { -1.0 } else { 1.0 };
            let tangent = sign / (zeta.abs() + zeta.hypot(1.0));
            let cosine = 1.0 / tangent.hypot(1.0);
            let sine = cosine * tangent;
            for set in [&mut *a, &mut *v] {
                let (low, high) = set.split_at_mut(q);
                for (x, y) in low[p].iter_mut().zip(&mut high[0]) {
                    (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                }
            }
        }
    }
    moved
}

/// A unit vector orthogonal to orthonormal ones: the remainder of the unit vector that has the longest one.
fn orthogonal(basis: &[Vec<f64>], size: usize) -> Vec<f64> {
    let remainder = |k: usize| {
        let mut e = vec![0.0; size];
        e[k] = 1.0;
        for _ in 0..2 {
            for b in basis {
                let along = dot(&e, b);
                e.iter_mut().zip(b).for_each(|(x, y)| *x -= along * y);
            }
        }
        e
    };
    let best = (0..size).map(remainder).max_by(|x, y| length(x).total_cmp(&length(y))).unwrap_or_default();
    let own = length(&best);
    best.into_iter().map(|x| x / own).collect()
}

/// The default tolerance of rank: `max(rows, columns) * epsilon * largest singular value`.
pub fn default_tolerance(matrix: &Mat, values: &[f64]) -> f64 {
    let size = matrix.rows().max(matrix.cols()) as f64;
    size * f64::EPSILON * values.first().copied().unwrap_or(0.0)
}

/// The Moore-Penrose inverse and the rank; singular values at most `tolerance` count as zero.
pub fn pseudoinverse(matrix: &Mat, tolerance: impl Fn(&[f64]) -> f64) -> Option<(Mat, usize)> {
    let Svd { u, values, v } = svd(matrix)?;
    let limit = tolerance(&values);
    let rank = values.iter().filter(|s| **s > limit).count();
    let scaled = Mat::from_fn(v.rows(), rank, |i, j| v[(i, j)] / values[j]);
    let left = Mat::from_fn(rank, u.rows(), |i, j| u[(j, i)]);
    Some((scaled.times(&left), rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_multiply_to_the_matrix() {
        for (rows, cols) in [(5, 3), (3, 5), (3, 3)] {
            let a = Mat::from_fn(rows, cols, |i, j| ((i * 5 + j * 3) % 7) as f64 - 2.5);
            let Svd { u, values, v } = svd(&a).expect("it ends");
            let scaled = Mat::from_fn(u.rows(), values.len(), |i, j| u[(i, j)] * values[j]);
            let product = scaled.times(&v.transpose());
            let gap = product.minus(&a).data().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            assert!(gap < 1e-13, "{gap:e}");
            assert!(values.windows(2).all(|w| w[0] >= w[1]));
        }
    }

    #[test]
    fn a_singular_matrix_has_an_orthonormal_left_factor() {
        let a = Mat::from_rows(3, 2, vec![1.0, 2.0, 2.0, 4.0, 3.0, 6.0]);
        let Svd { u, values, .. } = svd(&a).expect("it ends");
        assert!(values[1] < 1e-14 && (values[0] - 70f64.sqrt()).abs() < 1e-13);
        let gram = u.transpose().times(&u);
        assert!((gram[(0, 1)]).abs() < 1e-14 && (gram[(1, 1)] - 1.0).abs() < 1e-14);
        let (inverse, rank) = pseudoinverse(&a, |s| default_tolerance(&a, s)).expect("it ends");
        // the inverse of a matrix of rank one is its transpose over the squared norm
        assert!(rank == 1 && (inverse[(1, 2)] - 6.0 / 70.0).abs() < 1e-15);
    }
}
