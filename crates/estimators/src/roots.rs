//! The zero of a continuous function between two places where its signs differ (Chandrupatla 1997, Advances in Engineering
//! Software 28): inverse quadratic interpolation where it is safe, bisection elsewhere.

/// Steps after which the bracket is as narrow as numbers allow.
const MAX_STEPS: usize = 200;

/// The zero between `low` and `high`, to the precision of numbers; not a number where the signs do not differ.
pub fn bracketed(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut a, mut b) = (high, low);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return a;
    }
    if fb == 0.0 {
        return b;
    }
    if fa.is_nan() || fb.is_nan() || (fa > 0.0) == (fb > 0.0) {
        return f64::NAN;
    }
    let mut share = 0.5;
    for _ in 0..MAX_STEPS {
        let x = a + share * (b - a);
        let fx = f(x);
        // `c` is the end that `x` replaces
        let (c, fc) = if (fx > 0.0) == (fa > 0.0) {
            (a, fa)
        } else {
            let replaced = (b, fb);
            (b, fb) = (a, fa);
            replaced
        };
        (a, fa) = (x, fx);
        let (best, least) = if fa.abs() < fb.abs() { (a, fa) } else { (b, fb) };
        let limit = 2.0 * f64::EPSILON * best.abs().max(f64::MIN_POSITIVE) / (b - a).abs();
        if least == 0.0 || limit > 0.5 {
            return best;
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        let safe = phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi;
        share = if safe {
            fa / (fb - fa) * (fc / (fb - fc)) + (c - a) / (b - a) * (fa / (fc - fa)) * (fb / (fc - fb))
        } else {
            0.5
        };
        share = share.clamp(limit, 1.0 - limit);
    }
    if fa.abs() < fb.abs() { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_known_functions() {
        let near = |found: f64, wanted: f64| {
            assert!((found - wanted).abs() <= 4.0 * f64::EPSILON * wanted, "{found}")
        };
        near(bracketed(|x| x * x - 2.0, 0.0, 2.0), std::f64::consts::SQRT_2);
        near(bracketed(|x| (x - 1.0).powi(3), 0.0, 5.0), 1.0);
        near(bracketed(|x| x.exp() - 1e6, 0.0, 700.0), 1e6_f64.ln());
        near(bracketed(|x| if x < 0.3 { -1.0 } else { 1.0 }, 0.0, 1.0), 0.3);
        near(bracketed(f64::sin, 3.0, 3.5), std::f64::consts::PI);
        assert!(bracketed(|x| x * x + 1.0, 0.0, 1.0).is_nan());
    }
}
