//! Distribution functions (manual [FN] Statistical functions). Upper tails use
//! survival functions so that small probabilities keep their digits.

use super::math::strict;
use super::{Function, Imp};
use estimators::distributions::{self as kernel, ln_normal, normal, normal_quantile};
use statrs::distribution::{
    Beta, Binomial, ChiSquared, Continuous, Discrete, FisherSnedecor, Gamma, Normal, Poisson, StudentsT,
};

macro_rules! prob {
    ($name:literal, $args:literal, $f:expr) => {
        Function {
            name: $name,
            args: $args,
            imp: Imp::Num(|a| {
                let f: fn(&[f64]) -> f64 = $f;
                strict(a, f)
            }),
        }
    };
}

fn std_normal() -> Normal {
    Normal::standard()
}

fn with<D, E>(d: Result<D, E>, f: impl Fn(D) -> f64) -> f64 {
    d.map_or(f64::NAN, f)
}

fn unit(p: f64) -> bool {
    p > 0.0 && p < 1.0
}

/// A quantile of a distribution on the positive numbers: zero at probability zero, missing outside [0, 1).
fn from_zero(p: f64, f: impl FnOnce() -> f64) -> f64 {
    if p == 0.0 {
        return 0.0;
    }
    if unit(p) { f() } else { f64::NAN }
}

/// A probability of `(n, k, p)` with whole `n` and `k`; missing for a negative `n`.
fn binomial(a: &[f64], f: impl Fn(Binomial, f64, f64) -> f64) -> f64 {
    let (n, k) = (a[0].floor(), a[1].floor());
    if n < 0.0 {
        return f64::NAN;
    }
    with(Binomial::new(a[2], n as u64), |d| f(d, n, k))
}

fn t(df: f64) -> Result<StudentsT, ()> {
    StudentsT::new(0.0, 1.0, df).map_err(|_| ())
}

pub(super) const TABLE: &[Function] = &[
    prob!("normal", "n", |a| normal(a[0])),
    prob!("normalden", "nn?n?", |a| match a {
        [x] => std_normal().pdf(*x),
        [x, s] => with(Normal::new(0.0, *s), |d| d.pdf(*x)),
        _ => with(Normal::new(a[1], a[2]), |d| d.pdf(a[0])),
    }),
    prob!("lnnormal", "n", |a| ln_normal(a[0])),
    prob!("lnnormalden", "nn?n?", |a| match a {
        [x] => std_normal().ln_pdf(*x),
        [x, s] => with(Normal::new(0.0, *s), |d| d.ln_pdf(*x)),
        _ => with(Normal::new(a[1], a[2]), |d| d.ln_pdf(a[0])),
    }),
    prob!("invnormal", "n", |a| if unit(a[0]) { normal_quantile(a[0]) } else { f64::NAN }),
    prob!("t", "nn", |a| kernel::t_tail(a[0], -a[1])),
    prob!("ttail", "nn", |a| kernel::t_tail(a[0], a[1])),
    prob!("tprob", "nn", |a| 2.0 * kernel::t_tail(a[0], a[1].abs())),
    prob!("tden", "nn", |a| with(t(a[0]), |d| d.pdf(a[1]))),
    prob!("invt", "nn", |a| -kernel::t_inverse_tail(a[0], a[1])),
    prob!("invttail", "nn", |a| kernel::t_inverse_tail(a[0], a[1])),
    prob!("chi2", "nn", |a| kernel::chi2_probability(a[0], a[1])),
    prob!("chi2tail", "nn", |a| kernel::chi2_tail(a[0], a[1])),
    prob!("chi2den", "nn", |a| with(ChiSquared::new(a[0]), |d| d.pdf(a[1]))),
    prob!("invchi2", "nn", |a| from_zero(a[1], || kernel::chi2_quantile(a[0], a[1]))),
    prob!("invchi2tail", "nn", |a| if unit(a[1]) { kernel::chi2_inverse_tail(a[0], a[1]) } else { f64::NAN }),
    prob!("F", "nnn", |a| kernel::f_probability(a[0], a[1], a[2])),
    prob!("Ftail", "nnn", |a| kernel::f_tail(a[0], a[1], a[2])),
    prob!("Fden", "nnn", |a| with(FisherSnedecor::new(a[0], a[1]), |d| d.pdf(a[2]))),
    prob!("invF", "nnn", |a| from_zero(a[2], || kernel::f_quantile(a[0], a[1], a[2]))),
    prob!("invFtail", "nnn", |a| if unit(a[2]) {
        kernel::f_inverse_tail(a[0], a[1], a[2])
    } else {
        f64::NAN
    }),
    prob!("binomial", "nnn", |a| binomial(a, |_, n, k| match k {
        k if k < 0.0 => 0.0,
        k => kernel::binomial_probability(n as u64, k as u64, a[2]),
    })),
    prob!("binomialp", "nnn", |a| binomial(a, |d, n, k| match k {
        k if k < 0.0 => f64::NAN,
        k if k > n => 0.0,
        k => d.pmf(k as u64),
    })),
    prob!("binomialtail", "nnn", |a| binomial(a, |_, n, k| match k {
        k if k <= 0.0 => 1.0,
        k => kernel::binomial_tail(n as u64, k as u64, a[2]),
    })),
    prob!("poisson", "nn", |a| with(Poisson::new(a[0]), |_| {
        let k = a[1].floor();
        if k < 0.0 { 0.0 } else { kernel::poisson_probability(a[0], k as u64) }
    })),
    prob!("poissonp", "nn", |a| with(Poisson::new(a[0]), |d| {
        let k = a[1].floor();
        if k < 0.0 { f64::NAN } else { d.pmf(k as u64) }
    })),
    prob!("poissontail", "nn", |a| with(Poisson::new(a[0]), |_| {
        let k = a[1].floor();
        if k <= 0.0 { 1.0 } else { kernel::poisson_tail(a[0], k as u64) }
    })),
    prob!("gammap", "nn", |a| kernel::gamma_probability(a[0], a[1])),
    prob!("gammaptail", "nn", |a| kernel::gamma_tail(a[0], a[1])),
    prob!("invgammap", "nn", |a| from_zero(a[1], || kernel::gamma_quantile(a[0], a[1]))),
    prob!("gammaden", "nnnn", |a| with(Gamma::new(a[0], 1.0 / a[1]), |d| d.pdf(a[3] - a[2]))),
    prob!("ibeta", "nnn", |a| kernel::beta_probability(a[0], a[1], a[2].clamp(0.0, 1.0))),
    prob!("ibetatail", "nnn", |a| kernel::beta_tail(a[0], a[1], a[2].clamp(0.0, 1.0))),
    prob!("invibeta", "nnn", |a| if unit(a[2]) { kernel::beta_quantile(a[0], a[1], a[2]) } else { f64::NAN }),
    prob!("betaden", "nnn", |a| with(Beta::new(a[0], a[1]), |d| d.pdf(a[2]))),
    prob!("exponential", "nn", |a| match (a[0] > 0.0, a[1] < 0.0) {
        (false, _) => f64::NAN,
        (_, true) => 0.0,
        _ => -(-a[1] / a[0]).exp_m1(),
    }),
    prob!("exponentialtail", "nn", |a| match (a[0] > 0.0, a[1] < 0.0) {
        (false, _) => f64::NAN,
        (_, true) => 1.0,
        _ => (-a[1] / a[0]).exp(),
    }),
];
