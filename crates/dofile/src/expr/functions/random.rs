//! Random draws. `runiform()` and `runiformint()` follow Stata's stream; the
//! others are inverse transforms of one uniform draw and are not Stata's stream.

use super::{Function, Imp};
use crate::rng::Mt64;
use crate::value::{MISSING, is_missing};
use statrs::distribution::{Beta, Binomial, ContinuousCDF, Discrete, Gamma, Poisson, StudentsT};

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
    rnd("rgamma", "nn", |r, a| Gamma::new(a[0], 1.0 / a[1]).map_or(MISSING, |d| d.inverse_cdf(r.uniform()))),
    rnd("rchi2", "n", |r, a| Gamma::new(a[0] / 2.0, 0.5).map_or(MISSING, |d| d.inverse_cdf(r.uniform()))),
    rnd("rt", "n", |r, a| StudentsT::new(0.0, 1.0, a[0]).map_or(MISSING, |d| d.inverse_cdf(r.uniform()))),
    rnd("rbeta", "nn", |r, a| Beta::new(a[0], a[1]).map_or(MISSING, |d| d.inverse_cdf(r.uniform()))),
    rnd("rcauchy", "nn", |r, a| a[0] - a[1] / (std::f64::consts::PI * r.uniform()).tan()),
    rnd("rlaplace", "nn", |r, a| {
        let u = r.uniform();
        a[0] + a[1] * if u < 0.5 { (2.0 * u).ln() } else { -(2.0 * (1.0 - u)).ln() }
    }),
    rnd("rnbinomial", "nn", |r, a| {
        let Ok(d) = Gamma::new(a[0], a[1] / (1.0 - a[1])) else { return MISSING };
        let mean = d.inverse_cdf(r.uniform());
        let u = r.uniform();
        let Ok(d) = Poisson::new(mean) else { return if mean == 0.0 { 0.0 } else { MISSING } };
        by_mass(u, (mean + 40.0 * mean.sqrt() + 100.0) as u64, |k| d.pmf(k))
    }),
    rnd("rbinomial", "nn", |r, a| {
        let u = r.uniform();
        let Ok(d) = Binomial::new(a[1], a[0].max(0.0) as u64) else { return MISSING };
        by_mass(u, a[0] as u64, |k| d.pmf(k))
    }),
    rnd("rpoisson", "n", |r, a| {
        let u = r.uniform();
        let Ok(d) = Poisson::new(a[0]) else { return MISSING };
        by_mass(u, (a[0] + 40.0 * a[0].sqrt() + 100.0) as u64, |k| d.pmf(k))
    }),
];

fn uniform(r: &mut Mt64, a: &[f64]) -> f64 {
    let u = r.uniform();
    match a {
        [lo, hi, ..] if !is_missing(*lo) && !is_missing(*hi) => lo + (hi - lo) * u,
        [] => u,
        _ => MISSING,
    }
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
