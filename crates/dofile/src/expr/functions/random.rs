//! Random draws. `runiform()` and `runiformint()` follow Stata's stream; the
//! others are inverse transforms of one uniform draw and are not Stata's stream.

use super::{Function, Imp};
use crate::rng::Mt64;
use crate::value::{MISSING, is_missing};
use estimators::distributions as kernel;
use statrs::distribution::{Binomial, Discrete, Poisson};

const fn rnd(name: &'static str, args: &'static str, f: fn(&mut Mt64, &[f64]) -> f64) -> Function {
    Function { name, args, imp: Imp::Random(f) }
}

pub(super) const TABLE: &[Function] = &[
    rnd("runiform", "n?n?", uniform),
    rnd("uniform", "", uniform),
    rnd("runiformint", "nn", |r, a| {
        if a.iter().any(|x| is_missing(*x)) || a[1] < a[0] || a[1] - a[0] > 9e15 {
            return MISSING;
        }
        r.uniform_int(a[0].floor(), a[1].floor())
    }),
    rnd("rnormal", "n?n?", |r, a| {
        let z = r.normal();
        match a {
            [] => z,
            [m] => m + z,
            [m, s, ..] => m + s * z,
        }
    }),
    rnd("rexponential", "n", |r, a| -a[0] * r.uniform().ln()),
    rnd("rlogistic", "n?n?", |r, a| {
        let u = r.uniform();
        let z = (u / (1.0 - u)).ln();
        match a {
            [] => z,
            [s] => s * z,
            [m, s, ..] => m + s * z,
        }
    }),
    rnd("rweibull", "nn", |r, a| a[1] * (-r.uniform().ln()).powf(1.0 / a[0])),
    rnd("rgamma", "nn", |r, a| gamma(r, a[0], a[1])),
    rnd("rchi2", "n", |r, a| gamma(r, a[0] / 2.0, 2.0)),
    rnd("rt", "n", |r, a| or_missing(-kernel::t_inverse_tail(a[0], r.uniform()))),
    rnd("rbeta", "nn", |r, a| or_missing(kernel::beta_quantile(a[0], a[1], r.uniform()))),
    rnd("rcauchy", "nn", |r, a| a[0] - a[1] / (std::f64::consts::PI * r.uniform()).tan()),
    rnd("rlaplace", "nn", |r, a| {
        let u = r.uniform();
        a[0] + a[1] * if u < 0.5 { (2.0 * u).ln() } else { -(2.0 * (1.0 - u)).ln() }
    }),
    rnd("rnbinomial", "nn", |r, a| {
        let mean = gamma(r, a[0], (1.0 - a[1]) / a[1]);
        let u = r.uniform();
        let Ok(d) = Poisson::new(mean) else { return if mean == 0.0 { 0.0 } else { MISSING } };
        if mean > MANY {
            return by_halves(u, (mean, mean.sqrt()), u64::MAX, |k| kernel::poisson_probability(mean, k));
        }
        by_mass(u, (mean + 40.0 * mean.sqrt() + 100.0) as u64, |k| d.pmf(k))
    }),
    rnd("rbinomial", "nn", |r, a| {
        let u = r.uniform();
        let Ok(d) = Binomial::new(a[1], a[0].max(0.0) as u64) else { return MISSING };
        let (n, mean) = (a[0] as u64, a[0] * a[1]);
        if a[0] > MANY {
            let sd = (mean * (1.0 - a[1])).sqrt();
            return by_halves(u, (mean, sd), n, |k| kernel::binomial_probability(n, k, a[1]));
        }
        by_mass(u, n, |k| d.pmf(k))
    }),
    rnd("rpoisson", "n", |r, a| {
        let u = r.uniform();
        let Ok(d) = Poisson::new(a[0]) else { return MISSING };
        if a[0] > MANY {
            let spread = (a[0], a[0].sqrt());
            return by_halves(u, spread, u64::MAX, |k| kernel::poisson_probability(a[0], k));
        }
        by_mass(u, (a[0] + 40.0 * a[0].sqrt() + 100.0) as u64, |k| d.pmf(k))
    }),
];

fn or_missing(x: f64) -> f64 {
    if x.is_nan() { MISSING } else { x }
}

/// A draw from a gamma distribution, by its quantiles; missing for a shape or scale that is not positive.
fn gamma(r: &mut Mt64, shape: f64, scale: f64) -> f64 {
    if !(shape > 0.0 && scale > 0.0 && scale.is_finite()) {
        return MISSING;
    }
    or_missing(scale * kernel::gamma_quantile(shape, r.uniform()))
}

fn uniform(r: &mut Mt64, a: &[f64]) -> f64 {
    let u = r.uniform();
    match a {
        [lo, hi, ..] if !is_missing(*lo) && !is_missing(*hi) => lo + (hi - lo) * u,
        [] => u,
        _ => MISSING,
    }
}

/// Means and numbers of trials from which on counts are found by halving: adding up the probabilities would take too long.
const MANY: f64 = 1000.0;

/// The smallest count up to `most` whose cumulative probability reaches `u`, by halving the interval of forty standard
/// deviations around the mean.
fn by_halves(u: f64, (mean, sd): (f64, f64), most: u64, probability: impl Fn(u64) -> f64) -> f64 {
    let width = 40.0 * sd + 40.0;
    let (mut low, mut high) = ((mean - width).max(0.0) as u64, ((mean + width) as u64).min(most));
    while low < high {
        let middle = low + (high - low) / 2;
        if probability(middle) >= u { high = middle } else { low = middle + 1 }
    }
    low as f64
}

/// The smallest count whose cumulative probability reaches `u`.
fn by_mass(u: f64, max: u64, pmf: impl Fn(u64) -> f64) -> f64 {
    let mut sum = 0.0;
    for k in 0..=max {
        sum += pmf(k);
        if sum >= u {
            return k as f64;
        }
    }
    max as f64
}
