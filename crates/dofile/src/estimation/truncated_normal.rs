//! Moments of a normal outcome with mean `x` and standard deviation `sigma` between two bounds, which may be infinite.
//! Greene, Econometric Analysis, theorems 19.2 and 19.3.

use estimators::jet::{Jet, ln_interval};

/// `P(a < y < b)` of a normal outcome.
pub(super) fn probability<const N: usize>(a: f64, b: f64, x: Jet<N>, sigma: Jet<N>) -> Jet<N> {
    let z = |y: f64| (-x + y) / sigma;
    match (a.is_finite(), b.is_finite()) {
        (true, true) => ln_interval(z(a), z(b)).exp(),
        (true, false) => (-z(a)).normal(),
        (false, true) => z(b).normal(),
        (false, false) => Jet::constant(1.0),
    }
}

/// `E(y | a < y < b)` of a normal outcome.
pub(super) fn mean_between<const N: usize>(a: f64, b: f64, x: Jet<N>, sigma: Jet<N>) -> Jet<N> {
    let z = |y: f64| (-x + y) / sigma;
    let density = |y: f64| if y.is_finite() { z(y).density() } else { Jet::constant(0.0) };
    x + sigma * (density(a) - density(b)) / probability(a, b, x, sigma)
}

/// `E(y*)` of a normal outcome that is a below a and b above b.
pub(super) fn mean_censored<const N: usize>(a: f64, b: f64, x: Jet<N>, sigma: Jet<N>) -> Jet<N> {
    let inside = probability(a, b, x, sigma) * mean_between(a, b, x, sigma);
    let low = if a.is_finite() { ((-x + a) / sigma).normal() * a } else { Jet::constant(0.0) };
    let high = if b.is_finite() { (-((-x + b) / sigma)).normal() * b } else { Jet::constant(0.0) };
    inside + low + high
}
