//! The triangle of a Householder factorisation, block by block of rows.

use super::real::Real;

/// Upper triangle of a factorisation with the standardisation of its columns.
pub(super) struct Factor<T> {
    pub(super) size: usize,
    cells: Vec<T>,
}

impl<T: Real> Factor<T> {
    pub(super) fn new(size: usize) -> Self {
        Self { size, cells: vec![T::from_f64(0.0); size * size] }
    }

    pub(super) fn at(&self, row: usize, col: usize) -> T {
        self.cells[row * self.size + col]
    }

    /// Folds further rows (column-major, `count` per column) into the triangle by Householder reflections.
    pub(super) fn absorb(&mut self, block: &mut [T], count: usize) {
        for j in 0..self.size {
            let (head, tail) = block.split_at_mut((j + 1) * count);
            let pivot_column = &mut head[j * count..];
            let square = dot(pivot_column, pivot_column);
            if square.to_f64() == 0.0 {
                continue;
            }
            let alpha = self.at(j, j);
            let norm = (alpha * alpha + square).sqrt();
            let beta = if alpha.to_f64() > 0.0 { -norm } else { norm };
            let lead = alpha - beta;
            let tau = -(lead / beta);
            let inverse = T::from_f64(1.0) / lead;
            pivot_column.iter_mut().for_each(|cell| *cell = *cell * inverse);
            self.cells[j * self.size + j] = beta;
            for (offset, column) in tail.chunks_exact_mut(count).enumerate() {
                let cell = &mut self.cells[j * self.size + j + 1 + offset];
                let step = (*cell + dot(pivot_column, column)) * tau;
                *cell = *cell - step;
                for (value, direction) in column.iter_mut().zip(pivot_column.iter()) {
                    *value = *value - step * *direction;
                }
            }
        }
    }

    /// The triangle of the same data without some columns.
    pub(super) fn without(&self, dropped: &[usize]) -> Self {
        let keep: Vec<usize> = (0..self.size).filter(|j| !dropped.contains(j)).collect();
        let mut block = vec![T::from_f64(0.0); keep.len() * self.size];
        for (new, old) in keep.iter().enumerate() {
            for row in 0..=*old {
                block[new * self.size + row] = self.at(row, *old);
            }
        }
        let mut out = Self::new(keep.len());
        out.absorb(&mut block, self.size);
        out
    }

    pub(super) fn column_length(&self, col: usize) -> f64 {
        (0..=col).map(|row| self.at(row, col).to_f64().powi(2)).sum::<f64>().sqrt()
    }

    /// Inverse of the leading square of the triangle.
    pub(super) fn inverse(&self, size: usize) -> Vec<T> {
        let mut out = vec![T::from_f64(0.0); size * size];
        for j in 0..size {
            out[j * size + j] = T::from_f64(1.0) / self.at(j, j);
            for i in (0..j).rev() {
                let mut value = T::from_f64(0.0);
                for k in i + 1..=j {
                    value = value - self.at(i, k) * out[k * size + j];
                }
                out[i * size + j] = value / self.at(i, i);
            }
        }
        out
    }
}

/// Inner product in eight running sums, so that the processor can work on several at once.
#[inline]
fn dot<T: Real>(left: &[T], right: &[T]) -> T {
    let mut sums = [T::from_f64(0.0); 8];
    let mut chunks = left.chunks_exact(8).zip(right.chunks_exact(8));
    for (a, b) in &mut chunks {
        for k in 0..8 {
            sums[k] = sums[k] + a[k] * b[k];
        }
    }
    let done = left.len() / 8 * 8;
    for (a, b) in left[done..].iter().zip(&right[done..]) {
        sums[0] = sums[0] + *a * *b;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
}
