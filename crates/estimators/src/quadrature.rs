//! Gauss-Hermite quadrature: nodes and weights for `integral exp(-x^2) f(x) dx`
//! (Golub and Welsch 1969, refined by Newton steps on the Hermite recurrence).

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

#[cfg(test)]
mod tests {
    use super::gauss_hermite;

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
