//! Mathematical functions and the functions on missing values and ranges.

use super::{Function, Imp};
use crate::frame::StorageType;
use crate::value::{MISSING, Value, clean, is_missing};
use statrs::function::gamma::{digamma, ln_gamma};

const fn f1(name: &'static str, f: fn(f64) -> f64) -> Function {
    Function { name, args: "n", imp: Imp::Strict1(f) }
}

const fn num(name: &'static str, args: &'static str, f: super::NumFn) -> Function {
    Function { name, args, imp: Imp::Num(f) }
}

const fn any(name: &'static str, args: &'static str, f: super::AnyFn) -> Function {
    Function { name, args, imp: Imp::Any(f, false) }
}

pub(super) const TABLE: &[Function] = &[
    f1("abs", f64::abs),
    f1("acos", f64::acos),
    f1("acosh", f64::acosh),
    f1("asin", f64::asin),
    f1("asinh", f64::asinh),
    f1("atan", f64::atan),
    f1("atanh", f64::atanh),
    num("ceil", "n", |a| keep_missing(a[0], f64::ceil)),
    f1("cloglog", |x| (-(1.0 - x).ln()).ln()),
    f1("cos", f64::cos),
    f1("cosh", f64::cosh),
    f1("digamma", digamma),
    f1("exp", f64::exp),
    f1("expm1", f64::exp_m1),
    num("floor", "n", |a| keep_missing(a[0], f64::floor)),
    num("int", "n", |a| keep_missing(a[0], f64::trunc)),
    f1("invcloglog", |x| -(-x.exp()).exp_m1()),
    f1("invlogit", |x| 1.0 / (1.0 + (-x).exp())),
    f1("ln", ln),
    f1("ln1m", |x| (-x).ln_1p()),
    f1("ln1p", f64::ln_1p),
    f1("lnfactorial", |x| if x < 0.0 || x.fract() != 0.0 { f64::NAN } else { ln_gamma(x + 1.0) }),
    f1("lngamma", ln_absolute_gamma),
    f1("log", ln),
    f1("log10", |x| if x > 0.0 { x.log10() } else { f64::NAN }),
    f1("log1m", |x| (-x).ln_1p()),
    f1("log1p", f64::ln_1p),
    f1("logit", |x| if x > 0.0 && x < 1.0 { (x / (1.0 - x)).ln() } else { f64::NAN }),
    f1("sign", |x| if x == 0.0 { 0.0 } else { x.signum() }),
    f1("sin", f64::sin),
    f1("sinh", f64::sinh),
    f1("sqrt", f64::sqrt),
    f1("tan", f64::tan),
    f1("tanh", f64::tanh),
    f1("trigamma", trigamma),
    num("trunc", "n", |a| keep_missing(a[0], f64::trunc)),
    num("atan2", "nn", |a| strict(a, |a| a[0].atan2(a[1]))),
    num("autocode", "nnnn", |a| strict(a, autocode)),
    num("byteorder", "", |_| 2.0),
    num("c", "n", |a| a[0]),
    num("clip", "nnn", |a| if is_missing(a[0]) { a[0] } else { a[0].max(a[1]).min(a[2]) }),
    num("comb", "nn", |a| strict(a, |a| comb(a[0], a[1]))),
    num("float", "n", |a| StorageType::Float.stored(a[0])),
    num("irecode", "nn*", irecode),
    num("max", "nn*", |a| a.iter().copied().filter(|x| !is_missing(*x)).reduce(f64::max).unwrap_or(MISSING)),
    num("min", "nn*", |a| a.iter().copied().filter(|x| !is_missing(*x)).reduce(f64::min).unwrap_or(MISSING)),
    num("mod", "nn", |a| {
        strict(a, |a| if a[1] <= 0.0 { f64::NAN } else { a[0] - a[1] * (a[0] / a[1]).floor() })
    }),
    num("recode", "nn*", recode),
    num("reldif", "nn", reldif),
    num("round", "nn?", |a| match a.get(1).copied().unwrap_or(1.0) {
        unit if is_missing(unit) => MISSING,
        unit => keep_missing(a[0], |x| clean(round(x, unit))),
    }),
    num("chop", "nn", |a| {
        let near = |x: f64| (x - round(x, 1.0)).abs() < a[1];
        keep_missing(a[0], |x| if near(x) { round(x, 1.0) } else { x })
    }),
    num("maxbyte", "", |_| 100.0),
    num("minbyte", "", |_| -127.0),
    num("maxint", "", |_| 32740.0),
    num("minint", "", |_| -32767.0),
    num("maxlong", "", |_| 2_147_483_620.0),
    num("minlong", "", |_| -2_147_483_647.0),
    num("maxfloat", "", |_| 1.701_411_733_192_644_3e38),
    num("minfloat", "", |_| -1.701_411_733_192_644_3e38),
    num("maxdouble", "", |_| 8.988_465_674_311_579e307),
    num("mindouble", "", |_| -1.797_693_134_862_315_7e308),
    num("epsdouble", "", |_| f64::EPSILON),
    num("epsfloat", "", |_| f64::from(f32::EPSILON)),
    any("inrange", "xxx", inrange),
    any("missing", "x*", any_missing),
    any("mi", "x*", any_missing),
    any("inlist", "xx*", inlist),
];

/// Applies a function unless an argument is missing.
pub(super) fn strict(a: &[f64], f: impl Fn(&[f64]) -> f64) -> f64 {
    if a.iter().any(|&x| is_missing(x)) { MISSING } else { clean(f(a)) }
}

/// A rounded number; a missing value stays what it is, so that `floor(.a)` is `.a`.
fn keep_missing(x: f64, f: impl Fn(f64) -> f64) -> f64 {
    if is_missing(x) { x } else { f(x) }
}

fn ln(x: f64) -> f64 {
    if x > 0.0 { x.ln() } else { f64::NAN }
}

/// `round(x, y)`: the multiple of `y` nearest to `x`, halves up.
fn round(x: f64, y: f64) -> f64 {
    if y == 0.0 {
        return x;
    }
    let y = y.abs();
    let r = (x / y + 0.5).floor();
    // 1/y is exact more often than y: .1, .01 … give the nearest double of the decimal
    let inverse = (1.0 / y).round();
    if y < 1.0 && (inverse * y - 1.0).abs() < 1e-15 { r / inverse } else { r * y }
}

fn comb(n: f64, k: f64) -> f64 {
    let (n, k) = (n.trunc(), k.trunc());
    if k < 0.0 || n < k {
        return f64::NAN;
    }
    let k = k.min(n - k);
    let mut out = 1.0;
    let mut i = 1.0;
    while i <= k && i < 2000.0 {
        out = out * (n - k + i) / i;
        i += 1.0;
    }
    out.round()
}

fn autocode(a: &[f64]) -> f64 {
    let (x, n, lo, hi) = (a[0], a[1], a[2], a[3]);
    let width = (hi - lo) / n;
    let k = ((x - lo) / width).ceil().clamp(1.0, n);
    lo + k * width
}

fn irecode(a: &[f64]) -> f64 {
    if is_missing(a[0]) {
        return MISSING;
    }
    a[1..].iter().position(|&x| a[0] <= x).unwrap_or(a.len() - 1) as f64
}

fn recode(a: &[f64]) -> f64 {
    if is_missing(a[0]) {
        return MISSING;
    }
    a[1..].iter().copied().find(|&x| a[0] <= x).unwrap_or(a[a.len() - 1])
}

fn reldif(a: &[f64]) -> f64 {
    match (is_missing(a[0]), is_missing(a[1])) {
        (false, false) => (a[0] - a[1]).abs() / (a[1].abs() + 1.0),
        (true, true) if a[0] == a[1] => 0.0,
        _ => MISSING,
    }
}

/// `inrange(z,a,b)` of numbers or texts: 0 for a missing `z`; a missing bound is infinite.
fn inrange(v: &[Value]) -> Value {
    let inside = match v {
        [Value::Num(z), Value::Num(a), Value::Num(b)] => between(*z, *a, *b, |x| is_missing(*x)),
        [Value::Str(z), Value::Str(a), Value::Str(b)] => {
            let plain = |t: &String| if t == "." { "" } else { t.as_str() }.to_string();
            between(plain(z), plain(a), plain(b), String::is_empty)
        }
        // numbers and texts together are refused before
        _ => return Value::Num(MISSING),
    };
    Value::Num(f64::from(u8::from(inside)))
}

fn between<T: PartialOrd>(z: T, a: T, b: T, missing: impl Fn(&T) -> bool) -> bool {
    !missing(&z) && (missing(&a) || z >= a) && (missing(&b) || z <= b)
}

/// The logarithm of the absolute value of the gamma function; missing for 0, -1, -2 ….
fn ln_absolute_gamma(x: f64) -> f64 {
    if x > 0.0 {
        ln_gamma(x)
    } else if x.fract() == 0.0 {
        f64::NAN
    } else {
        // reflection formula (Abramowitz and Stegun 6.1.17)
        let pi = std::f64::consts::PI;
        (pi / (pi * x).sin().abs()).ln() - ln_gamma(1.0 - x)
    }
}

/// `missing(…)`: 1 when any argument is missing or an empty string.
pub fn any_missing(args: &[Value]) -> Value {
    let missing = args.iter().any(|v| match v {
        Value::Num(x) => is_missing(*x),
        Value::Str(s) => s.is_empty(),
    });
    Value::Num(f64::from(u8::from(missing)))
}

fn inlist(args: &[Value]) -> Value {
    Value::Num(f64::from(u8::from(args[1..].contains(&args[0]))))
}

/// Trigamma by recurrence to x >= 8 and the asymptotic series (Abramowitz and Stegun 6.4.12).
pub(super) fn trigamma(x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NAN;
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = y
        * (1.0 / 6.0
            + y * (-1.0 / 30.0
                + y * (1.0 / 42.0 + y * (-1.0 / 30.0 + y * (5.0 / 66.0 + y * (-691.0 / 2730.0))))));
    sum + 1.0 / x + 0.5 * y + series / x
}
