//! Eigenvalues of a general real matrix: reduction to Hessenberg form and the shifted QR iteration in complex
//! arithmetic (Golub and Van Loan, Matrix Computations, 7.4 and 7.5).

use super::matrix::Mat;

type Complex = (f64, f64);

fn mul(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn sub(a: Complex, b: Complex) -> Complex {
    (a.0 - b.0, a.1 - b.1)
}

fn plus(a: Complex, b: Complex) -> Complex {
    (a.0 + b.0, a.1 + b.1)
}

fn size(a: Complex) -> f64 {
    a.0.hypot(a.1)
}

fn conj(a: Complex) -> Complex {
    (a.0, -a.1)
}

fn root(a: Complex) -> Complex {
    let r = size(a);
    let re = ((r + a.0) / 2.0).max(0.0).sqrt();
    let im = ((r - a.0) / 2.0).max(0.0).sqrt();
    (re, if a.1 < 0.0 { -im } else { im })
}

/// Eigenvalues as (real, imaginary), largest modulus first; nothing when the iteration does not end.
pub fn eigenvalues(matrix: &Mat) -> Option<Vec<(f64, f64)>> {
    let n = matrix.rows();
    let mut h: Vec<Vec<Complex>> = (0..n).map(|i| (0..n).map(|j| (matrix[(i, j)], 0.0)).collect()).collect();
    hessenberg(&mut h);
    let mut out = vec![(0.0, 0.0); n];
    let mut top = n;
    let mut rounds = 0;
    while top > 0 {
        let m = top - 1;
        let low = (1..=m)
            .rev()
            .find(|k| {
                let around = size(h[*k][*k]) + size(h[k - 1][k - 1]);
                size(h[*k][k - 1]) <= f64::EPSILON * if around > 0.0 { around } else { 1.0 }
            })
            .unwrap_or(0);
        if low == m {
            out[m] = h[m][m];
            top -= 1;
            rounds = 0;
            continue;
        }
        rounds += 1;
        if rounds > 500 {
            return None;
        }
        let shift = if rounds % 11 == 10 {
            // an exceptional shift breaks cycles
            plus(h[m][m], (size(h[m][m - 1]), 0.0))
        } else {
            wilkinson(h[m - 1][m - 1], h[m - 1][m], h[m][m - 1], h[m][m])
        };
        step(&mut h, low, m, shift);
    }
    out.sort_by(|a, b| size(*b).total_cmp(&size(*a)).then(b.0.total_cmp(&a.0)).then(b.1.total_cmp(&a.1)));
    // complex pairs of a real matrix: rounding leaves tiny imaginary parts on real ones
    let scale = out.first().map_or(1.0, |v| size(*v)).max(1e-300);
    Some(out.into_iter().map(|v| if v.1.abs() < 1e-12 * scale { (v.0, 0.0) } else { v }).collect())
}

/// The eigenvalue of a two by two block that is nearer to its last element.
fn wilkinson(a: Complex, b: Complex, c: Complex, d: Complex) -> Complex {
    let half = (0.5 * (a.0 - d.0), 0.5 * (a.1 - d.1));
    let middle = (0.5 * (a.0 + d.0), 0.5 * (a.1 + d.1));
    let r = root(plus(mul(half, half), mul(b, c)));
    let (x, y) = (plus(middle, r), sub(middle, r));
    if size(sub(x, d)) < size(sub(y, d)) { x } else { y }
}

/// Elimination to upper Hessenberg form with row exchanges.
fn hessenberg(h: &mut [Vec<Complex>]) {
    let n = h.len();
    for k in 1..n.saturating_sub(1) {
        let pivot = (k..n).max_by(|a, b| size(h[*a][k - 1]).total_cmp(&size(h[*b][k - 1]))).unwrap_or(k);
        if size(h[pivot][k - 1]) == 0.0 {
            continue;
        }
        h.swap(pivot, k);
        h.iter_mut().for_each(|row| row.swap(pivot, k));
        let own = h[k][k - 1].0;
        for i in k + 1..n {
            let factor = h[i][k - 1].0 / own;
            if factor == 0.0 {
                continue;
            }
            let source = h[k].clone();
            h[i].iter_mut().zip(&source).for_each(|(c, s)| *c = sub(*c, (factor * s.0, 0.0)));
            for row in h.iter_mut() {
                row[k] = plus(row[k], (factor * row[i].0, 0.0));
            }
        }
    }
}

/// One QR step with a shift on the rows and columns `low..=high`, by Givens rotations.
fn step(h: &mut [Vec<Complex>], low: usize, high: usize, shift: Complex) {
    for (k, row) in h.iter_mut().enumerate().take(high + 1).skip(low) {
        row[k] = sub(row[k], shift);
    }
    let mut rotations = Vec::with_capacity(high - low);
    for k in low..high {
        let (a, b) = (h[k][k], h[k + 1][k]);
        let r = size(a).hypot(size(b));
        let (c, s) =
            if r == 0.0 { ((1.0, 0.0), (0.0, 0.0)) } else { ((a.0 / r, a.1 / r), (b.0 / r, b.1 / r)) };
        let (upper, lower) = h.split_at_mut(k + 1);
        for (x, y) in upper[k][k..=high].iter_mut().zip(&mut lower[0][k..=high]) {
            let (first, second) = (*x, *y);
            *x = plus(mul(conj(c), first), mul(conj(s), second));
            *y = sub(mul(c, second), mul(s, first));
        }
        rotations.push((c, s));
    }
    for (place, (c, s)) in rotations.into_iter().enumerate() {
        let k = low + place;
        for row in h.iter_mut().take((k + 2).min(high) + 1).skip(low) {
            let (x, y) = (row[k], row[k + 1]);
            row[k] = plus(mul(x, c), mul(y, s));
            row[k + 1] = sub(mul(y, conj(c)), mul(x, conj(s)));
        }
    }
    for (k, row) in h.iter_mut().enumerate().take(high + 1).skip(low) {
        row[k] = plus(row[k], shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
