//! The standard bivariate normal distribution function and its logarithm with derivatives.
//!
//! Methods: Drezner and Wesolowsky (1990, Journal of Statistical Computation and Simulation 35), with the
//! modifications of Genz (2004, Statistics and Computing 14) for correlations near one.

use super::distributions::normal;
use super::jet::Jet;
use super::quadrature::gauss_legendre;
use std::f64::consts::PI;
use std::sync::LazyLock;

/// Nodes and weights on (0, 2), which both methods integrate over.
static RULE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let (nodes, weights) = gauss_legendre(20);
    nodes.iter().map(|x| x + 1.0).zip(weights).collect()
});

/// From here on the integrand over the angle is too steep, and the difference from perfect correlation is
/// integrated.
const STEEP: f64 = 0.925;

/// `P(X <= a, Y <= b)` of standard normals with correlation `rho`; not a number where `rho` is outside [-1, 1].
pub fn binormal(a: f64, b: f64, rho: f64) -> f64 {
    if !(-1.0..=1.0).contains(&rho) || a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if !a.is_finite() || !b.is_finite() {
        return match (a, b) {
            (f64::NEG_INFINITY, _) | (_, f64::NEG_INFINITY) => 0.0,
            (f64::INFINITY, b) => normal(b),
            _ => normal(a),
        };
    }
    let found = if rho.abs() < STEEP {
        let half = 0.5 * (a * a + b * b);
        let angle = rho.asin();
        let term = |u: f64| {
            let s = (angle * u / 2.0).sin();
            ((s * a * b - half) / (1.0 - s * s)).exp()
        };
        let sum: f64 = RULE.iter().map(|(u, w)| w * term(*u)).sum();
        normal(a) * normal(b) + sum * angle / (4.0 * PI)
    } else if rho > 0.0 {
        normal(a.min(b)) + from_perfect(a, b, rho)
    } else {
        // P(X <= a, Y <= b) = P(X <= a) - P(X <= a, -Y <= -b), with correlation -rho
        let least = if -b < a { normal(a) - normal(-b) } else { 0.0 };
        least - from_perfect(a, -b, -rho)
    };
    found.clamp(0.0, 1.0)
}

/// `P(X <= a, Y <= b)` minus its value at correlation one, for `rho` near one: an expansion of the integrand at
/// its steep end plus the integral of the rest.
fn from_perfect(a: f64, b: f64, rho: f64) -> f64 {
    if rho >= 1.0 {
        return 0.0;
    }
    let product = a * b;
    let rest = (1.0 - rho) * (1.0 + rho);
    let root = rest.sqrt();
    let gap = (a - b).powi(2);
    let (c, d) = ((4.0 - product) / 8.0, (12.0 - product) / 16.0);
    let mut sum = 0.0;
    let exponent = -0.5 * (gap / rest + product);
    if exponent > -100.0 {
        sum += root
            * exponent.exp()
            * (1.0 - c * (gap - rest) * (1.0 - d * gap / 5.0) / 3.0 + c * d * rest * rest / 5.0);
    }
    if product > -100.0 {
        let distance = gap.sqrt();
        sum -= (-0.5 * product).exp()
            * (2.0 * PI).sqrt()
            * normal(-distance / root)
            * distance
            * (1.0 - c * gap * (1.0 - d * gap / 5.0) / 3.0);
    }
    let half = 0.5 * root;
    for (u, w) in RULE.iter() {
        let x = (half * u).powi(2);
        let r = (1.0 - x).sqrt();
        let exponent = -0.5 * (gap / x + product);
        if exponent > -100.0 {
            let full = (-product * x / (2.0 * (1.0 + r).powi(2))).exp() / r;
            sum += half * w * exponent.exp() * (full - (1.0 + c * x * (1.0 + d * x)));
        }
    }
    -sum / (2.0 * PI)
}

/// Density of standard normals with correlation `rho`.
pub fn binormal_density(a: f64, b: f64, rho: f64) -> f64 {
    let rest = (1.0 - rho) * (1.0 + rho);
    (-0.5 * (a * a - 2.0 * rho * a * b + b * b) / rest).exp() / (2.0 * PI * rest.sqrt())
}

/// [`binormal`] with derivatives.
pub fn binormal_jet<const N: usize>(a: Jet<N>, b: Jet<N>, rho: Jet<N>) -> Jet<N> {
    let (value, first, second) = parts(a.v, b.v, rho.v);
    Jet::compose([a, b, rho], value, first, second)
}

/// Logarithm of [`binormal`] with derivatives.
pub fn ln_binormal<const N: usize>(a: Jet<N>, b: Jet<N>, rho: Jet<N>) -> Jet<N> {
    let (value, first, second) = parts(a.v, b.v, rho.v);
    let ratio = first.map(|f| f / value);
    let mut curve = second;
    for (i, row) in curve.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = *cell / value - ratio[i] * ratio[j];
        }
    }
    Jet::compose([a, b, rho], value.ln(), ratio, curve)
}

/// Value, gradient and Hessian of the distribution function in `a`, `b` and `rho`.
fn parts(a: f64, b: f64, rho: f64) -> (f64, [f64; 3], [[f64; 3]; 3]) {
    let rest = (1.0 - rho) * (1.0 + rho);
    let root = rest.sqrt();
    let joint = binormal_density(a, b, rho);
    let slope = |x: f64, y: f64| super::distributions::normal_density(x) * normal((y - rho * x) / root);
    let (by_a, by_b) = (slope(a, b), slope(b, a));
    let (a_rho, b_rho) = (-joint * (a - rho * b) / rest, -joint * (b - rho * a) / rest);
    let rho_rho = joint * (rho / rest + (a * b * (1.0 + rho * rho) - rho * (a * a + b * b)) / (rest * rest));
    let second = [
        [-a * by_a - rho * joint, joint, a_rho],
        [joint, -b * by_b - rho * joint, b_rho],
        [a_rho, b_rho, rho_rho],
    ];
    (binormal(a, b, rho), [by_a, by_b, joint], second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms: the orthant probability `1/4 + asin(rho)/(2 pi)`, independence, and the sum of the four
    /// orthants around a point.
    #[test]
    fn closed_forms_hold() {
        for rho in [-0.999_999, -0.99, -0.93, -0.5, 0.0, 0.3, 0.92, 0.93, 0.99, 0.999_999] {
            let want = 0.25 + f64::asin(rho) / (2.0 * PI);
            assert!((binormal(0.0, 0.0, rho) - want).abs() < 2e-15, "{rho}");
            for (a, b) in [(0.3, -1.2), (2.0, 1.9), (-1.0, -1.1), (0.5, 4.0)] {
                let sum = binormal(a, b, rho)
                    + binormal(-a, b, -rho)
                    + binormal(a, -b, -rho)
                    + binormal(-a, -b, rho);
                assert!((sum - 1.0).abs() < 1e-14, "{a} {b} {rho}: {sum}");
            }
        }
        assert_eq!(binormal(0.7, -0.2, 1.0), normal(-0.2));
        assert_eq!(binormal(f64::INFINITY, 0.4, 0.6), normal(0.4));
        assert!(binormal(0.0, 0.0, 1.5).is_nan());
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for at in [[0.3, -0.8, 0.4], [-1.1, 0.6, -0.95]] {
            let f = |p: &[f64]| {
                let [a, b, r] = Jet::<3>::variables(p);
                ln_binormal(a, b, r)
            };
            let exact = f(&at);
            for i in 0..3 {
                let moved = |step: f64| {
                    let mut p = at;
                    p[i] += step;
                    f(&p)
                };
                let (up, down) = (moved(1e-5), moved(-1e-5));
                let slope = (up.v - down.v) / 2e-5;
                assert!((slope - exact.g[i]).abs() < 1e-6 * (1.0 + slope.abs()), "{slope} {}", exact.g[i]);
                for j in 0..3 {
                    let curve = (up.g[j] - down.g[j]) / 2e-5;
                    assert!((curve - exact.h[i][j]).abs() < 1e-6 * (1.0 + curve.abs()), "{curve}");
                }
            }
        }
    }
}
