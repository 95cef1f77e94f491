//! Schur form of a general matrix, its eigenvalues and eigenvectors, in complex arithmetic: reduction to Hessenberg
//! form by reflections and the shifted QR iteration (Golub and Van Loan, Matrix Computations, 7.4 to 7.6).

use super::complex::Complex;
use super::matrix::Mat;

/// A square matrix of complex numbers, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Square {
    size: usize,
    cells: Vec<Complex>,
}

impl Square {
    /// A matrix from its cells in row-major order.
    pub fn new(size: usize, cells: Vec<Complex>) -> Self {
        assert_eq!(cells.len(), size * size, "one value for each cell");
        Self { size, cells }
    }

    /// The identity.
    pub fn identity(size: usize) -> Self {
        let mut out = Self::new(size, vec![Complex::ZERO; size * size]);
        (0..size).for_each(|i| out.set(i, i, Complex::ONE));
        out
    }

    /// Number of rows.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A cell.
    pub fn get(&self, i: usize, j: usize) -> Complex {
        self.cells[i * self.size + j]
    }

    fn set(&mut self, i: usize, j: usize, value: Complex) {
        self.cells[i * self.size + j] = value;
    }

    /// The conjugate transpose.
    pub fn adjoint(&self) -> Self {
        let n = self.size;
        Self::new(n, (0..n * n).map(|k| self.get(k % n, k / n).conj()).collect())
    }
}

/// `matrix = vectors * triangle * vectors*` with unitary vectors and an upper triangle.
#[derive(Debug, Clone)]
pub struct Schur {
    /// The upper triangle; the eigenvalues are its diagonal.
    pub triangle: Square,
    /// The Schur vectors as columns.
    pub vectors: Square,
}

/// Steps of the iteration for one eigenvalue before it is given up.
const MAX_ROUNDS: usize = 500;

/// Decomposes a matrix; nothing when the iteration does not end or a cell is not finite.
pub fn schur(matrix: &Square) -> Option<Schur> {
    if matrix.cells.iter().any(|c| !(c.re.is_finite() && c.im.is_finite())) {
        return None;
    }
    let (mut h, mut q) = (matrix.clone(), Square::identity(matrix.size));
    hessenberg(&mut h, &mut q);
    let mut top = h.size;
    let mut rounds = 0;
    while top > 0 {
        let m = top - 1;
        let low = (1..=m).rev().find(|k| negligible(&h, *k)).unwrap_or(0);
        if low > 0 {
            h.set(low, low - 1, Complex::ZERO);
        }
        if low == m {
            top -= 1;
            rounds = 0;
            continue;
        }
        rounds += 1;
        if rounds > MAX_ROUNDS {
            return None;
        }
        let shift = if rounds % 11 == 10 {
            // an exceptional shift breaks cycles
            h.get(m, m) + Complex::real(h.get(m, m - 1).abs())
        } else {
            wilkinson([h.get(m - 1, m - 1), h.get(m - 1, m), h.get(m, m - 1), h.get(m, m)])
        };
        step(&mut h, &mut q, low, m, shift);
    }
    Some(Schur { triangle: h, vectors: q })
}

/// Whether the cell below the diagonal in row `k` is zero to rounding.
fn negligible(h: &Square, k: usize) -> bool {
    let around = h.get(k, k).abs() + h.get(k - 1, k - 1).abs();
    h.get(k, k - 1).abs() <= f64::EPSILON * if around > 0.0 { around } else { 1.0 }
}

/// The eigenvalue of a two by two block that is nearer to its last element.
fn wilkinson([a, b, c, d]: [Complex; 4]) -> Complex {
    let half = (a - d).scale(0.5);
    let middle = (a + d).scale(0.5);
    let root = (half * half + b * c).sqrt();
    let (x, y) = (middle + root, middle - root);
    if (x - d).abs() < (y - d).abs() { x } else { y }
}

/// Reflections to upper Hessenberg form, accumulated in `q`.
fn hessenberg(h: &mut Square, q: &mut Square) {
    let n = h.size;
    for k in 0..n.saturating_sub(2) {
        let length = (k + 1..n).map(|i| h.get(i, k).abs().powi(2)).sum::<f64>().sqrt();
        let first = h.get(k + 1, k);
        if length == 0.0 {
            continue;
        }
        let phase = if first.abs() == 0.0 { Complex::ONE } else { first.scale(1.0 / first.abs()) };
        let mut v: Vec<Complex> = (k + 1..n).map(|i| h.get(i, k)).collect();
        v[0] = v[0] + phase.scale(length);
        let norm: f64 = v.iter().map(|c| c.abs().powi(2)).sum();
        if norm == 0.0 {
            continue;
        }
        for j in 0..n {
            let dot =
                v.iter().enumerate().fold(Complex::ZERO, |s, (i, c)| s + c.conj() * h.get(k + 1 + i, j));
            let factor = dot.scale(2.0 / norm);
            for (i, c) in v.iter().enumerate() {
                h.set(k + 1 + i, j, h.get(k + 1 + i, j) - *c * factor);
            }
        }
        for m in [&mut *h, &mut *q] {
            for i in 0..n {
                let dot = v.iter().enumerate().fold(Complex::ZERO, |s, (j, c)| s + m.get(i, k + 1 + j) * *c);
                let factor = dot.scale(2.0 / norm);
                for (j, c) in v.iter().enumerate() {
                    m.set(i, k + 1 + j, m.get(i, k + 1 + j) - factor * c.conj());
                }
            }
        }
    }
}

/// One QR step with a shift on the rows and columns `low..=high`, by rotations.
fn step(h: &mut Square, q: &mut Square, low: usize, high: usize, shift: Complex) {
    let n = h.size;
    (low..=high).for_each(|k| h.set(k, k, h.get(k, k) - shift));
    let mut rotations = Vec::with_capacity(high - low);
    for k in low..high {
        let (a, b) = (h.get(k, k), h.get(k + 1, k));
        let r = a.abs().hypot(b.abs());
        let (c, s) =
            if r == 0.0 { (Complex::ONE, Complex::ZERO) } else { (a.scale(1.0 / r), b.scale(1.0 / r)) };
        for j in k..n {
            let (x, y) = (h.get(k, j), h.get(k + 1, j));
            h.set(k, j, c.conj() * x + s.conj() * y);
            h.set(k + 1, j, c * y - s * x);
        }
        rotations.push((c, s));
    }
    for (place, (c, s)) in rotations.into_iter().enumerate() {
        let k = low + place;
        let last = (k + 2).min(high + 1).min(n);
        rotate_columns(h, k, last, c, s);
        rotate_columns(q, k, n, c, s);
    }
    (low..=high).for_each(|k| h.set(k, k, h.get(k, k) + shift));
}

/// Multiplies the columns `k` and `k + 1` of the first `rows` rows by a rotation from the right.
fn rotate_columns(m: &mut Square, k: usize, rows: usize, c: Complex, s: Complex) {
    for i in 0..rows {
        let (x, y) = (m.get(i, k), m.get(i, k + 1));
        m.set(i, k, x * c + y * s);
        m.set(i, k + 1, y * c.conj() - x * s.conj());
    }
}

/// Eigenvalues and right eigenvectors as columns, largest modulus first. Each vector has length one and its largest
/// cell is real. Nothing when the iteration does not end.
pub fn eigensystem(matrix: &Square) -> Option<(Vec<Complex>, Square)> {
    let n = matrix.size;
    let form = schur(matrix)?;
    let t = &form.triangle;
    let scale = t.cells.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
    let mut pairs: Vec<(Complex, Vec<Complex>)> = (0..n)
        .map(|k| {
            let value = t.get(k, k);
            let mut x = vec![Complex::ZERO; n];
            x[k] = Complex::ONE;
            for i in (0..k).rev() {
                let sum = (i + 1..=k).fold(Complex::ZERO, |s, j| s + t.get(i, j) * x[j]);
                let mut gap = value - t.get(i, i);
                if gap.abs() <= f64::EPSILON * scale {
                    gap = Complex::real(f64::EPSILON * scale.max(f64::MIN_POSITIVE));
                }
                x[i] = sum / gap;
            }
            let vector =
                (0..n).map(|i| (0..=k).fold(Complex::ZERO, |s, j| s + form.vectors.get(i, j) * x[j]));
            (value, normalised(vector.collect()))
        })
        .collect();
    let rounded = |z: Complex| if z.im.abs() < 1e-12 * scale { Complex::real(z.re) } else { z };
    pairs.iter_mut().for_each(|p| p.0 = rounded(p.0));
    // of conjugates the one with the negative imaginary part is first, as in the manual's examples of eigensystem()
    pairs.sort_by(|a, b| by_modulus(a.0, b.0, scale).then(a.0.im.total_cmp(&b.0.im)));
    let values = pairs.iter().map(|p| p.0).collect();
    let cells = (0..n * n).map(|k| pairs[k % n].1[k / n]).collect();
    Some((values, Square::new(n, cells)))
}

/// Largest modulus first; of numbers with one modulus up to rounding the larger real part first.
fn by_modulus(a: Complex, b: Complex, scale: f64) -> std::cmp::Ordering {
    let grid = |z: Complex| (z.abs() / scale.max(f64::MIN_POSITIVE) * 1e11).round();
    let real = |z: Complex| (z.re / scale.max(f64::MIN_POSITIVE) * 1e11).round();
    grid(b).total_cmp(&grid(a)).then(real(b).total_cmp(&real(a)))
}

/// Eigenvalues of a real matrix as (real, imaginary), largest modulus first; nothing when the iteration does not end.
pub fn eigenvalues(matrix: &Mat) -> Option<Vec<(f64, f64)>> {
    let square = Square::new(matrix.rows(), matrix.data().iter().map(|x| Complex::real(*x)).collect());
    let form = schur(&square)?.triangle;
    let mut values: Vec<Complex> = (0..form.size).map(|k| form.get(k, k)).collect();
    let scale = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    // rounding leaves tiny imaginary parts on real ones
    values.iter_mut().filter(|v| v.im.abs() < 1e-12 * scale).for_each(|v| v.im = 0.0);
    values.sort_by(|a, b| by_modulus(*a, *b, scale).then(b.im.total_cmp(&a.im)));
    Some(values.into_iter().map(|v| (v.re, v.im)).collect())
}

fn normalised(v: Vec<Complex>) -> Vec<Complex> {
    let length = v.iter().map(|c| c.abs().powi(2)).sum::<f64>().sqrt();
    let largest = v.iter().fold(Complex::ZERO, |m, c| if c.abs() > m.abs() * (1.0 + 1e-12) { *c } else { m });
    if length == 0.0 || largest.abs() == 0.0 {
        return v;
    }
    let turn = largest.conj().scale(1.0 / (largest.abs() * length));
    v.into_iter()
        .map(|c| {
            let z = c * turn;
            if z.im.abs() < 1e-15 { Complex::real(z.re) } else { z }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(n: usize, cells: &[f64]) -> Square {
        Square::new(n, cells.iter().map(|x| Complex::real(*x)).collect())
    }

    #[test]
    fn vectors_and_values_satisfy_their_definition() {
        // the matrix of [M-5] eigensystemselect(), whose eigenvalues have the moduli below
        let cells =
            [0.31, 0.69, 0.13, 0.56, 0.31, 0.5, 0.72, 0.42, 0.68, 0.37, 0.71, 0.8, 0.09, 0.16, 0.83, 0.9];
        let a = real(4, &cells);
        let (values, vectors) = eigensystem(&a).expect("it ends");
        for (value, want) in values.iter().zip([2.10742167, 0.4658398402, 0.4005757984, 0.4005757984]) {
            assert!((value.abs() - want).abs() < 1e-9, "{value:?}");
        }
        for (k, value) in values.iter().enumerate() {
            for i in 0..4 {
                let left = (0..4).fold(Complex::ZERO, |s, j| s + a.get(i, j) * vectors.get(j, k));
                assert!((left - *value * vectors.get(i, k)).abs() < 1e-13);
            }
        }
        assert!((vectors.get(0, 2).re - 0.672770333).abs() < 1e-9);
    }

    #[test]
    fn roots_of_known_polynomials() {
        // companion matrices of (x-1)(x-2)(x-3) and of x^3 - 1
        let real = Mat::from_rows(3, 3, vec![6.0, -11.0, 6.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let found = eigenvalues(&real).expect("it ends");
        for (got, want) in found.iter().zip([3.0, 2.0, 1.0]) {
            assert!((got.0 - want).abs() < 1e-12 && got.1 == 0.0, "{got:?}");
        }
        let circle = Mat::from_rows(3, 3, vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        for (re, im) in eigenvalues(&circle).expect("it ends") {
            assert!((re.hypot(im) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_matrix_with_repeated_values_has_vectors() {
        let (values, vectors) = eigensystem(&Square::identity(3)).expect("it ends");
        assert!(values.iter().all(|v| (*v - Complex::ONE).abs() < 1e-15));
        assert!((0..3).all(|j| (0..3).any(|i| vectors.get(i, j).abs() > 0.99)));
        let jordan = real(2, &[1.0, 1.0, 0.0, 1.0]);
        let (values, _) = eigensystem(&jordan).expect("it ends");
        assert!(values.iter().all(|v| (v.abs() - 1.0).abs() < 1e-7));
    }
}
