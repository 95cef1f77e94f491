//! Gaussian quadrature: nodes and weights for `integral exp(-x^2) f(x) dx` (Hermite) and for the integral over
//! (-1, 1) (Legendre), by Newton steps on the recurrences of the polynomials (Golub and Welsch 1969).

/// Nodes, ascending, and weights of the rule with `n` points.
pub fn gauss_hermite(n: usize) -> (Vec<f64>, Vec<f64>) {
    // Orthonormal Hermite polynomial and its derivative at x.
    let evaluate = |x: f64| {
        let (mut p1, mut p2) = (std::f64::consts::PI.powf(-0.25), 0.0);
        for j in 0..n {
            let p3 = p2;
            p2 = p1;
            let j = j as f64;
            p1 = x * (2.0 / (j + 1.0)).sqrt() * p2 - (j / (j + 1.0)).sqrt() * p3;
        }
        (p1, (2.0 * n as f64).sqrt() * p2)
    };
    // Roots lie within +-sqrt(2n + 1); sign changes on a fine grid bracket all of them.
    let edge = (2.0 * n as f64 + 1.0).sqrt() + 0.5;
    let cells = 200 * n.max(1);
    let at = |i: usize| -edge + 2.0 * edge * i as f64 / cells as f64 + 1e-9;
    let mut nodes = Vec::with_capacity(n);
    for i in 0..cells {
        let (mut low, mut high) = (at(i), at(i + 1));
        let sign = evaluate(low).0;
        if sign * evaluate(high).0 > 0.0 {
            continue;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if evaluate(middle).0 * sign > 0.0 { low = middle } else { high = middle }
        }
        let mut x = 0.5 * (low + high);
        for _ in 0..3 {
            let (value, slope) = evaluate(x);
            x -= value / slope;
        }
        nodes.push(x);
    }
    let weights = nodes.iter().map(|x| 2.0 / evaluate(*x).1.powi(2)).collect();
    (nodes, weights)
}

/// Nodes, ascending, and weights of the rule with `n` points for the integral over (-1, 1).
pub fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let evaluate = |x: f64| {
        let (mut p1, mut p2) = (1.0, 0.0);
        for j in 0..n {
            let j = j as f64;
            (p1, p2) = (((2.0 * j + 1.0) * x * p1 - j * p2) / (j + 1.0), p1);
        }
        (p1, n as f64 * (x * p1 - p2) / (x * x - 1.0))
    };
    let node = |i: usize| {
        // Tricomi's approximation is near enough for Newton's method.
        let mut x = -((i as f64 + 0.75) / (n as f64 + 0.5) * std::f64::consts::PI).cos();
        for _ in 0..20 {
            let (value, slope) = evaluate(x);
            x -= value / slope;
        }
        x
    };
    let nodes: Vec<f64> = (0..n).map(node).collect();
    let weights = nodes.iter().map(|x| 2.0 / ((1.0 - x * x) * evaluate(*x).1.powi(2))).collect();
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::{gauss_hermite, gauss_legendre};

    #[test]
    fn polynomials_are_integrated_exactly() {
        for n in [2, 5, 20] {
            let (nodes, weights) = gauss_legendre(n);
            let integral = |p: i32| nodes.iter().zip(&weights).map(|(x, w)| w * x.powi(p)).sum::<f64>();
            assert!((integral(0) - 2.0).abs() < 1e-14 && (integral(2) - 2.0 / 3.0).abs() < 1e-14, "{n}");
            assert!(integral(3).abs() < 1e-15);
        }
    }

    #[test]
    fn moments_of_the_normal_are_exact() {
        for n in [1, 2, 7, 12, 40] {
            let (nodes, weights) = gauss_hermite(n);
            assert_eq!(nodes.len(), n);
            let root = std::f64::consts::PI.sqrt();
            let sum: f64 = weights.iter().sum();
            assert!((sum / root - 1.0).abs() < 1e-13, "{n}: {sum}");
            if n > 2 {
                // The fourth moment of exp(-x^2)/sqrt(pi) is 3/4.
                let fourth: f64 = nodes.iter().zip(&weights).map(|(x, w)| w * x.powi(4)).sum();
                assert!((fourth / root - 0.75).abs() < 1e-12);
            }
        }
    }
}
