//! The determinant of `I - x W` as a function of `x`. `W` is reduced once to upper Hessenberg form by reflections
//! (Golub and Van Loan, Matrix Computations, 7.4); each determinant then needs a number of operations that grows with
//! the square of the size.

use crate::matrix::Mat;

/// A matrix with the eigenvalues of another one and zeros below its first subdiagonal.
#[derive(Debug, Clone)]
pub struct Hessenberg {
    h: Mat,
}

/// `ln |det(I - x W)|` with its derivatives in `x`.
#[derive(Debug, Clone, Copy)]
pub struct LnDeterminant {
    /// The value.
    pub value: f64,
    /// First derivative.
    pub first: f64,
    /// Second derivative.
    pub second: f64,
    /// Whether the determinant is positive.
    pub positive: bool,
}

/// A number with two derivatives.
#[derive(Debug, Clone, Copy)]
struct Dual(f64, f64, f64);

impl Dual {
    fn over(self, by: Self) -> Self {
        let q = self.0 / by.0;
        let q1 = (self.1 - q * by.1) / by.0;
        Self(q, q1, (self.2 - 2.0 * q1 * by.1 - q * by.2) / by.0)
    }

    fn less_product(self, a: Self, b: Self) -> Self {
        Self(
            self.0 - a.0 * b.0,
            self.1 - a.1 * b.0 - a.0 * b.1,
            self.2 - a.2 * b.0 - 2.0 * a.1 * b.1 - a.0 * b.2,
        )
    }
}

impl Hessenberg {
    /// Reduces a square matrix.
    pub fn of(w: &Mat) -> Self {
        let (n, mut a) = (w.rows(), w.clone());
        for k in 0..n.saturating_sub(2) {
            let Some((v, factor)) = reflection(&a, k) else { continue };
            from_left(&mut a, k, &v, factor);
            from_right(&mut a, k, &v, factor);
            for i in k + 2..n {
                a[(i, k)] = 0.0;
            }
        }
        Self { h: a }
    }

    /// Number of rows.
    pub fn size(&self) -> usize {
        self.h.rows()
    }

    /// `ln |det(I - x W)|` by elimination with row pivots.
    pub fn ln_determinant(&self, x: f64) -> LnDeterminant {
        let n = self.size();
        let row = |i: usize, from: usize| -> Vec<Dual> {
            let h = self.h.row(i);
            (from..n).map(|j| Dual(f64::from(u8::from(i == j)) - x * h[j], -h[j], 0.0)).collect()
        };
        let mut out = LnDeterminant { value: 0.0, first: 0.0, second: 0.0, positive: true };
        let mut current = if n > 0 { row(0, 0) } else { Vec::new() };
        for k in 0..n {
            let mut next = if k + 1 < n { row(k + 1, k) } else { Vec::new() };
            if next.first().is_some_and(|below| below.0.abs() > current[0].0.abs()) {
                std::mem::swap(&mut current, &mut next);
                out.positive = !out.positive;
            }
            let pivot = current[0];
            out.positive = out.positive == (pivot.0 > 0.0);
            let rate = pivot.1 / pivot.0;
            out.value += pivot.0.abs().ln();
            out.first += rate;
            out.second += pivot.2 / pivot.0 - rate * rate;
            if next.is_empty() {
                break;
            }
            let factor = next[0].over(pivot);
            current = next.iter().zip(&current).skip(1).map(|(o, p)| o.less_product(factor, *p)).collect();
        }
        out
    }
}

/// The reflection that clears column `k` below the subdiagonal: its vector for rows `k + 1 ..` and its factor.
fn reflection(a: &Mat, k: usize) -> Option<(Vec<f64>, f64)> {
    let mut v: Vec<f64> = (k + 1..a.rows()).map(|i| a[(i, k)]).collect();
    let below: f64 = v[1..].iter().map(|x| x * x).sum();
    if below == 0.0 {
        return None;
    }
    let length = (v[0] * v[0] + below).sqrt();
    v[0] += if v[0] < 0.0 { -length } else { length };
    let size: f64 = v.iter().map(|x| x * x).sum();
    Some((v, 2.0 / size))
}

fn from_left(a: &mut Mat, k: usize, v: &[f64], factor: f64) {
    let n = a.rows();
    let mut along = vec![0.0; n - k];
    for (i, x) in v.iter().enumerate() {
        for (sum, cell) in along.iter_mut().zip(&a.row(k + 1 + i)[k..]) {
            *sum += x * cell;
        }
    }
    for (i, x) in v.iter().enumerate() {
        let scale = factor * x;
        for (cell, sum) in a.row_mut(k + 1 + i)[k..].iter_mut().zip(&along) {
            *cell -= scale * sum;
        }
    }
}

fn from_right(a: &mut Mat, k: usize, v: &[f64], factor: f64) {
    for i in 0..a.rows() {
        let part = &mut a.row_mut(i)[k + 1..];
        let along: f64 = part.iter().zip(v).map(|(cell, x)| cell * x).sum();
        let scale = factor * along;
        for (cell, x) in part.iter_mut().zip(v) {
            *cell -= scale * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn determinant_of_a_ring_is_the_product_over_its_known_eigenvalues() {
        // A ring of n units whose neighbours weigh one half has the eigenvalues cos(2 pi j / n).
        let n = 7;
        let w = Mat::from_fn(n, n, |i, j| if (i + 1) % n == j || (j + 1) % n == i { 0.5 } else { 0.0 });
        let h = Hessenberg::of(&w);
        for x in [-0.8, 0.0, 0.3, 0.95] {
            let values = (0..n).map(|j| (std::f64::consts::TAU * j as f64 / n as f64).cos());
            let (mut value, mut first, mut second) = (0.0, 0.0, 0.0);
            for e in values {
                let rate = -e / (1.0 - x * e);
                value += (1.0 - x * e).ln();
                first += rate;
                second -= rate * rate;
            }
            let got = h.ln_determinant(x);
            assert!(got.positive && (got.value - value).abs() < 1e-12, "{x}: {} {value}", got.value);
            assert!((got.first - first).abs() < 1e-11 && (got.second - second).abs() < 1e-9, "{x}");
        }
        assert!(!h.ln_determinant(1.05).positive);
    }
}
