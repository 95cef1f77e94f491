//! The generalised inverse of covariances of restrictions, some of which follow from others.

use super::matrix::{Mat, SINGULAR_PIVOT};

impl Mat {
    /// Generalised inverse of a symmetric positive semidefinite matrix and its rank: rows that
    /// depend on earlier ones (pivot below `tolerance` of their own diagonal) are swept out as zeros.
    /// The Cholesky factor of the kept rows, scaled to unit diagonal, grows by a row at a time.
    pub fn inverse_semidefinite(&self, tolerance: f64) -> (Self, usize, Vec<usize>) {
        let n = self.rows();
        let limit = tolerance.max(SINGULAR_PIVOT);
        let mut kept: Vec<usize> = Vec::new();
        let mut scale: Vec<f64> = Vec::new();
        let mut lower: Vec<Vec<f64>> = Vec::new();
        for j in 0..n {
            let own = self[(j, j)].sqrt();
            if own.is_nan() || own <= 0.0 || own.is_infinite() {
                continue;
            }
            let mut row: Vec<f64> = Vec::with_capacity(kept.len() + 1);
            for (a, k) in kept.iter().enumerate() {
                let along: f64 = lower[a].iter().zip(&row).map(|(l, r)| l * r).sum();
                row.push((self[(*k, j)] / (scale[a] * own) - along) / lower[a][a]);
            }
            let pivot = 1.0 - row.iter().map(|r| r * r).sum::<f64>();
            if pivot.is_nan() || pivot <= limit {
                continue;
            }
            row.push(pivot.sqrt());
            lower.push(row);
            kept.push(j);
            scale.push(own);
        }
        let factor = Self::from_fn(kept.len(), kept.len(), |i, j| if j <= i { lower[i][j] } else { 0.0 });
        let root = factor.inverse_lower();
        let unscaled = root.transpose().times(&root).symmetrised();
        let mut out = Self::zeros(n, n);
        for (a, row) in kept.iter().enumerate() {
            for (b, col) in kept.iter().enumerate() {
                out[(*row, *col)] = unscaled[(a, b)] / (scale[a] * scale[b]);
            }
        }
        (out, kept.len(), kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_follows_from_earlier_ones_is_swept_out() {
        let x = Mat::from_rows(3, 2, vec![1.0, 0.5, 0.25, 2.0, 1.25, 2.5]);
        let (inverse, rank, kept) = x.outer().inverse_semidefinite(1e-12);
        assert_eq!((rank, kept), (2, vec![0, 1]));
        let block = x.outer().select(&[0, 1], &[0, 1]).times(&inverse.select(&[0, 1], &[0, 1]));
        assert!(block.minus(&Mat::identity(2)).data().iter().all(|cell| cell.abs() < 1e-14));
        assert_eq!(inverse.row(2), [0.0; 3]);
    }

    #[test]
    fn scales_far_apart_do_not_change_the_rank() {
        let scale = [1e-9, 1.0, 1e9];
        let v = Mat::from_fn(3, 3, |i, j| scale[i] * scale[j] * if i == j { 1.0 } else { 0.3 });
        assert_eq!(v.inverse_semidefinite(1e-12).1, 3);
    }
}
