//! Further distribution functions (manual [FN] Statistical functions): noncentral ones, discrete inverses,
//! logistic, Weibull, Cauchy, Laplace, inverse Gaussian, hypergeometric, bivariate normal.

use super::math::strict;
use super::noncentral as nc;
use super::{Function, Imp};
use estimators::binormal::binormal;
use estimators::distributions as kernel;
use estimators::distributions::normal;
use estimators::studentised_range;
use statrs::function::gamma::ln_gamma;

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

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn unit(p: f64) -> bool {
    p > 0.0 && p < 1.0
}

/// `f` where a condition holds, missing elsewhere.
fn when(ok: bool, f: impl FnOnce() -> f64) -> f64 {
    if ok { f() } else { NAN }
}

/// One- to three-parameter forms `(x)`, `(s,x)`, `(m,s,x)` to location, scale, argument.
fn located(a: &[f64]) -> (f64, f64, f64) {
    match a {
        [x] => (0.0, 1.0, *x),
        [s, x] => (0.0, *s, *x),
        _ => (a[0], a[1], a[2]),
    }
}

fn logistic(a: &[f64], f: impl Fn(f64) -> f64, density: bool) -> f64 {
    let (m, s, x) = located(a);
    when(s > 0.0, || f((x - m) / s) / if density { s } else { 1.0 })
}

fn quantile(a: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let (m, s, p) = located(a);
    when(s > 0.0 && unit(p), || m + s * f(p))
}

/// Two- and three-parameter Weibull `(a,b,x)`, `(a,b,g,x)`.
fn weibull(a: &[f64]) -> (f64, f64, f64, f64) {
    if a.len() == 3 { (a[0], a[1], 0.0, a[2]) } else { (a[0], a[1], a[2], a[3]) }
}

fn weibull_tail(a: &[f64]) -> f64 {
    let (shape, scale, at, x) = weibull(a);
    when(shape > 0.0 && scale > 0.0, || if x <= at { 1.0 } else { (-((x - at) / scale).powf(shape)).exp() })
}

/// Inverse Gaussian probability (Chhikara and Folks 1989), the second term in logarithms.
fn inverse_gaussian(m: f64, shape: f64, x: f64, tail: bool) -> f64 {
    if m <= 0.0 || shape <= 0.0 {
        return NAN;
    }
    if x <= 0.0 {
        return f64::from(u8::from(tail));
    }
    let r = (shape / x).sqrt();
    let second = (2.0 * shape / m + kernel::ln_normal(-r * (x / m + 1.0))).exp();
    if tail { normal(-r * (x / m - 1.0)) - second } else { normal(r * (x / m - 1.0)) + second }
}

fn inverse_gaussian_ln_density(m: f64, shape: f64, x: f64) -> f64 {
    when(m > 0.0 && shape > 0.0 && x > 0.0, || {
        0.5 * (shape / (2.0 * std::f64::consts::PI * x.powi(3))).ln()
            - shape * (x - m).powi(2) / (2.0 * m * m * x)
    })
}

fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// Hypergeometric probability of `k` successes: population, successes, draws.
fn hypergeometric(a: &[f64]) -> f64 {
    let (total, marked, draws, k) = (a[0].floor(), a[1].floor(), a[2].floor(), a[3].floor());
    let possible = k >= (draws + marked - total).max(0.0) && k <= draws.min(marked);
    when(total >= 1.0 && marked <= total && draws <= total && marked >= 0.0 && draws >= 0.0, || {
        if !possible {
            return 0.0;
        }
        (ln_choose(marked, k) + ln_choose(total - marked, draws - k) - ln_choose(total, draws)).exp()
    })
}

fn hypergeometric_sum(a: &[f64]) -> f64 {
    let low = (a[2].floor() + a[1].floor() - a[0].floor()).max(0.0);
    let mut sum = 0.0;
    let mut k = low;
    while k <= a[3].floor().min(a[2].floor()) {
        let p = hypergeometric(&[a[0], a[1], a[2], k]);
        if p.is_nan() {
            return p;
        }
        sum += p;
        k += 1.0;
    }
    sum.min(1.0)
}

fn negative_binomial_p(n: f64, k: f64, p: f64) -> f64 {
    when(n > 0.0 && unit(p) && k >= 0.0, || {
        let k = k.floor();
        (ln_gamma(n + k) - ln_gamma(k + 1.0) - ln_gamma(n) + n * p.ln() + k * (-p).ln_1p()).exp()
    })
}

fn negative_binomial(n: f64, k: f64, p: f64, tail: bool) -> f64 {
    when(n > 0.0 && unit(p), || {
        let k = k.floor();
        // the tail counts k or more
        match (k < 0.0, tail, k == 0.0) {
            (true, t, _) => f64::from(u8::from(t)),
            (_, true, true) => 1.0,
            (_, true, _) => kernel::beta_tail(n, k, p),
            _ => kernel::beta_probability(n, k + 1.0, p),
        }
    })
}

fn count(x: f64) -> u64 {
    x.max(0.0) as u64
}

pub(super) const TABLE: &[Function] = &[
    prob!("binormal", "nnn", |a| binormal(a[0], a[1], a[2])),
    prob!("invbinomial", "nnn", |a| when(unit(a[2]) && a[1] < a[0], || {
        nc::invert(|p| kernel::binomial_probability(count(a[0]), count(a[1]), p), a[2], 0.0, 1.0, false)
    })),
    prob!("invbinomialtail", "nnn", |a| when(unit(a[2]) && a[1] >= 1.0, || {
        nc::invert(|p| kernel::binomial_tail(count(a[0]), count(a[1]), p), a[2], 0.0, 1.0, true)
    })),
    prob!("invpoisson", "nn", |a| when(unit(a[1]), || {
        kernel::gamma_inverse_tail(count(a[0]) as f64 + 1.0, a[1])
    })),
    prob!("invpoissontail", "nn", |a| when(unit(a[1]) && a[0] >= 1.0, || {
        kernel::gamma_quantile(count(a[0]) as f64, a[1])
    })),
    prob!("nbinomial", "nnn", |a| negative_binomial(a[0], a[1], a[2], false)),
    prob!("nbinomialp", "nnn", |a| negative_binomial_p(a[0], a[1], a[2])),
    prob!("nbinomialtail", "nnn", |a| negative_binomial(a[0], a[1], a[2], true)),
    prob!("invnbinomial", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|p| negative_binomial(a[0], a[1], p, false), a[2], 1e-300, 1.0, true)
    })),
    prob!("invnbinomialtail", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|p| negative_binomial(a[0], a[1], p, true), a[2], 1e-300, 1.0, false)
    })),
    prob!("hypergeometric", "nnnn", hypergeometric_sum),
    prob!("hypergeometricp", "nnnn", hypergeometric),
    prob!("invgammaptail", "nn", |a| when(unit(a[1]), || { kernel::gamma_inverse_tail(a[0], a[1]) })),
    prob!("invibetatail", "nnn", |a| when(unit(a[2]), || { kernel::beta_inverse_tail(a[0], a[1], a[2]) })),
    prob!("nchi2", "nnn", |a| nc::nchi2(a[0], a[1], a[2], false)),
    prob!("nchi2tail", "nnn", |a| nc::nchi2(a[0], a[1], a[2], true)),
    prob!("nchi2den", "nnn", |a| nc::nchi2_density(a[0], a[1], a[2])),
    prob!("invnchi2", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|x| nc::nchi2(a[0], a[1], x, false), a[2], 0.0, INF, true)
    })),
    prob!("invnchi2tail", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|x| nc::nchi2(a[0], a[1], x, true), a[2], 0.0, INF, false)
    })),
    prob!("npnchi2", "nnn", |a| when(unit(a[2]) && a[1] > 0.0, || {
        nc::invert(|l| nc::nchi2(a[0], l, a[1], false), a[2], 0.0, 1e5, false)
    })),
    prob!("nF", "nnnn", |a| nc::nf(a[0], a[1], a[2], a[3], false)),
    prob!("nFtail", "nnnn", |a| nc::nf(a[0], a[1], a[2], a[3], true)),
    prob!("nFden", "nnnn", |a| nc::nf_density(a[0], a[1], a[2], a[3])),
    prob!("invnF", "nnnn", |a| when(unit(a[3]), || {
        nc::invert(|x| nc::nf(a[0], a[1], a[2], x, false), a[3], 0.0, INF, true)
    })),
    prob!("invnFtail", "nnnn", |a| when(unit(a[3]), || {
        nc::invert(|x| nc::nf(a[0], a[1], a[2], x, true), a[3], 0.0, INF, false)
    })),
    prob!("npnF", "nnnn", |a| when(unit(a[3]) && a[2] > 0.0, || {
        nc::invert(|l| nc::nf(a[0], a[1], l, a[2], false), a[3], 0.0, 1e5, false)
    })),
    prob!("nt", "nnn", |a| nc::nt(a[0], a[1], a[2], false)),
    prob!("nttail", "nnn", |a| nc::nt(a[0], a[1], a[2], true)),
    prob!("ntden", "nnn", |a| nc::nt_density(a[0], a[1], a[2])),
    prob!("invnt", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|t| nc::nt(a[0], a[1], t, false), a[2], -INF, INF, true)
    })),
    prob!("invnttail", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|t| nc::nt(a[0], a[1], t, true), a[2], -INF, INF, false)
    })),
    prob!("npnt", "nnn", |a| when(unit(a[2]), || {
        nc::invert(|d| nc::nt(a[0], d, a[1], false), a[2], -37.0, 37.0, false)
    })),
    prob!("nibeta", "nnnn", |a| nc::nbeta(a[0], a[1], a[2], a[3])),
    prob!("nbetaden", "nnnn", |a| nc::nbeta_density(a[0], a[1], a[2], a[3])),
    prob!("invnibeta", "nnnn", |a| when(unit(a[3]), || {
        nc::invert(|x| nc::nbeta(a[0], a[1], a[2], x), a[3], 0.0, 1.0, true)
    })),
    prob!("tukeyprob", "nnn", |a| studentised_range::probability(a[0], a[1], a[2])),
    prob!("invtukeyprob", "nnn", |a| when(unit(a[2]), || studentised_range::quantile(a[0], a[1], a[2]))),
    prob!("exponentialden", "nn", |a| when(a[0] > 0.0, || if a[1] < 0.0 {
        0.0
    } else {
        (-a[1] / a[0]).exp() / a[0]
    })),
    prob!("invexponential", "nn", |a| when(a[0] > 0.0 && (0.0..1.0).contains(&a[1]), || -a[0]
        * (-a[1]).ln_1p())),
    prob!("invexponentialtail", "nn", |a| when(a[0] > 0.0 && a[1] > 0.0 && a[1] <= 1.0, || -a[0]
        * a[1].ln())),
    prob!("logistic", "nn?n?", |a| logistic(a, |z| 1.0 / (1.0 + (-z).exp()), false)),
    prob!("logistictail", "nn?n?", |a| logistic(a, |z| 1.0 / (1.0 + z.exp()), false)),
    prob!("logisticden", "nn?n?", |a| logistic(
        a,
        |z| (-z.abs()).exp() / (1.0 + (-z.abs()).exp()).powi(2),
        true
    )),
    prob!("invlogistic", "nn?n?", |a| quantile(a, |p| p.ln() - (-p).ln_1p())),
    prob!("invlogistictail", "nn?n?", |a| quantile(a, |p| (-p).ln_1p() - p.ln())),
    prob!("weibull", "nnnn?", |a| {
        let (shape, scale, at, x) = weibull(a);
        when(shape > 0.0 && scale > 0.0, || {
            if x <= at { 0.0 } else { -(-((x - at) / scale).powf(shape)).exp_m1() }
        })
    }),
    prob!("weibulltail", "nnnn?", weibull_tail),
    prob!("weibullden", "nnnn?", |a| {
        let (shape, scale, at, x) = weibull(a);
        when(shape > 0.0 && scale > 0.0, || {
            let z = (x - at) / scale;
            if x < at { 0.0 } else { shape / scale * z.powf(shape - 1.0) * (-z.powf(shape)).exp() }
        })
    }),
    prob!("invweibull", "nnnn?", |a| {
        let (shape, scale, at, p) = weibull(a);
        when(shape > 0.0 && scale > 0.0 && (0.0..1.0).contains(&p), || {
            at + scale * (-(-p).ln_1p()).powf(1.0 / shape)
        })
    }),
    prob!("invweibulltail", "nnnn?", |a| {
        let (shape, scale, at, p) = weibull(a);
        when(shape > 0.0 && scale > 0.0 && p > 0.0 && p <= 1.0, || at + scale * (-p.ln()).powf(1.0 / shape))
    }),
    prob!("cauchy", "nnn", |a| when(a[1] > 0.0, || {
        let z = (a[2] - a[0]) / a[1];
        (1.0_f64).atan2(-z) / std::f64::consts::PI
    })),
    prob!("cauchytail", "nnn", |a| when(a[1] > 0.0, || {
        let z = (a[2] - a[0]) / a[1];
        (1.0_f64).atan2(z) / std::f64::consts::PI
    })),
    prob!("cauchyden", "nnn", |a| when(a[1] > 0.0, || {
        let z = (a[2] - a[0]) / a[1];
        1.0 / (std::f64::consts::PI * a[1] * (1.0 + z * z))
    })),
    prob!("lncauchyden", "nnn", |a| when(a[1] > 0.0, || {
        let z = (a[2] - a[0]) / a[1];
        -(std::f64::consts::PI * a[1]).ln() - (z * z).ln_1p()
    })),
    prob!("invcauchy", "nnn", |a| when(a[1] > 0.0 && unit(a[2]), || {
        a[0] - a[1] / (std::f64::consts::PI * a[2]).tan()
    })),
    prob!("invcauchytail", "nnn", |a| when(a[1] > 0.0 && unit(a[2]), || {
        a[0] + a[1] / (std::f64::consts::PI * a[2]).tan()
    })),
    prob!("laplace", "nnn", |a| when(a[1] > 0.0, || {
        let z = (a[2] - a[0]) / a[1];
        if z < 0.0 { 0.5 * z.exp() } else { 1.0 - 0.5 * (-z).exp() }
    })),
    prob!("laplacetail", "nnn", |a| when(a[1] > 0.0, || {
        let z = (a[2] - a[0]) / a[1];
        if z > 0.0 { 0.5 * (-z).exp() } else { 1.0 - 0.5 * z.exp() }
    })),
    prob!("laplaceden", "nnn", |a| when(a[1] > 0.0, || (-(a[2] - a[0]).abs() / a[1]).exp() / (2.0 * a[1]))),
    prob!("lnlaplaceden", "nnn", |a| when(a[1] > 0.0, || -(a[2] - a[0]).abs() / a[1] - (2.0 * a[1]).ln())),
    prob!("invlaplace", "nnn", |a| when(a[1] > 0.0 && unit(a[2]), || {
        a[0] + a[1] * if a[2] < 0.5 { (2.0 * a[2]).ln() } else { -(2.0 * (1.0 - a[2])).ln() }
    })),
    prob!("invlaplacetail", "nnn", |a| when(a[1] > 0.0 && unit(a[2]), || {
        a[0] - a[1] * if a[2] < 0.5 { (2.0 * a[2]).ln() } else { -(2.0 * (1.0 - a[2])).ln() }
    })),
    prob!("igaussian", "nnn", |a| inverse_gaussian(a[0], a[1], a[2], false)),
    prob!("igaussiantail", "nnn", |a| inverse_gaussian(a[0], a[1], a[2], true)),
    prob!("igaussianden", "nnn", |a| if a[2] <= 0.0 {
        0.0
    } else {
        inverse_gaussian_ln_density(a[0], a[1], a[2]).exp()
    }),
    prob!("lnigaussianden", "nnn", |a| inverse_gaussian_ln_density(a[0], a[1], a[2])),
    prob!("invigaussian", "nnn", |a| when(unit(a[2]) && a[0] > 0.0 && a[1] > 0.0, || {
        nc::invert(|x| inverse_gaussian(a[0], a[1], x, false), a[2], 0.0, INF, true)
    })),
    prob!("invigaussiantail", "nnn", |a| when(unit(a[2]) && a[0] > 0.0 && a[1] > 0.0, || {
        nc::invert(|x| inverse_gaussian(a[0], a[1], x, true), a[2], 0.0, INF, false)
    })),
    prob!("lnigammaden", "nnn", |a| when(a[0] > 0.0 && a[1] > 0.0 && a[2] > 0.0, || {
        a[0] * a[1].ln() - ln_gamma(a[0]) - (a[0] + 1.0) * a[2].ln() - a[1] / a[2]
    })),
];
