//! Mathematics of numbers that are real or complex, and differences between matrices ([M-4] Mathematical).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::operators::{broadcast, checked_len};
use crate::mata::value::Value;
use crate::value::{MISSING, clean, is_missing};
use estimators::complex::Complex;

pub(super) const TABLE: &[Builtin] = &[
    pure("abs", 1, 1, |a| {
        if a.is_complex(0) {
            return Ok(Value::real(a.complex(0)?.map(|z| if is_missing(z.re) { z.re } else { z.abs() })));
        }
        Ok(Value::real(a.real(0)?.map(|x| if is_missing(*x) { *x } else { x.abs() })))
    }),
    pure("exp", 1, 1, |a| either(a, f64::exp, Complex::exp)),
    pure("ln", 1, 1, |a| either(a, ln, Complex::ln)),
    pure("log", 1, 1, |a| either(a, ln, Complex::ln)),
    pure("sqrt", 1, 1, |a| either(a, f64::sqrt, Complex::sqrt)),
    pure("sin", 1, 1, |a| either(a, f64::sin, Complex::sin)),
    pure("cos", 1, 1, |a| either(a, f64::cos, Complex::cos)),
    pure("pi", 0, 0, |_| Ok(Value::Num(std::f64::consts::PI))),
    pure("smallestdouble", 0, 0, |_| Ok(Value::Num(f64::MIN_POSITIVE))),
    pure("epsilon", 1, 1, |a| Ok(Value::Num(epsilon(a.num(0)?)))),
    pure("factorial", 1, 1, |a| Ok(Value::real(a.real(0)?.map(|n| factorial(*n))))),
    pure("gamma", 1, 1, |a| Ok(Value::real(a.real(0)?.map(|x| gamma(*x))))),
    pure("mreldif", 2, 2, |a| Ok(Value::Num(mreldif(&a.real(0)?, &a.real(1)?)?))),
    pure("mreldifsym", 1, 1, |a| {
        let x = a.square(0)?;
        Ok(Value::Num(mreldif(&x, &x.transpose())?))
    }),
    pure("mreldifre", 1, 1, |a| {
        let z = a.complex(0)?;
        Ok(Value::Num(z.data().iter().fold(0.0, |m: f64, z| m.max(z.im.abs() / (z.re.abs() + 1.0)))))
    }),
    full("halton", 2, 4, halton),
    full("inbase", 2, 4, |_, a| Ok(Some(in_base(a)?))),
    full("frombase", 2, 2, |_, a| Ok(Some(from_base(a)?))),
    full("_negate", 1, 1, |_, a| {
        let x = a.real(0)?.map(|x| if is_missing(*x) { MISSING } else { -x });
        a.set(0, Value::real(x));
        Ok(None)
    }),
];

fn either(a: &Args, real: fn(f64) -> f64, complex: fn(Complex) -> Complex) -> Run<Value> {
    if a.is_complex(0) {
        return Ok(Value::Complex(a.complex(0)?.map(|z| if is_missing(z.re) { *z } else { complex(*z) })));
    }
    Ok(Value::real(a.real(0)?.map(|x| if is_missing(*x) { MISSING } else { clean(real(*x)) })))
}

fn ln(x: f64) -> f64 {
    if x > 0.0 { x.ln() } else { f64::NAN }
}

/// The distance from `|x|` to the next larger number.
pub(super) fn epsilon(x: f64) -> f64 {
    if is_missing(x) {
        return MISSING;
    }
    let size = x.abs();
    let next = f64::from_bits(size.to_bits() + 1);
    next - size
}

fn factorial(n: f64) -> f64 {
    if is_missing(n) || n < 0.0 || n.fract() != 0.0 {
        return MISSING;
    }
    if n > 170.0 { MISSING } else { (2..=n as u32).map(f64::from).product() }
}

fn gamma(x: f64) -> f64 {
    if is_missing(x) || (x <= 0.0 && x.fract() == 0.0) {
        return MISSING;
    }
    if x.fract() == 0.0 && x < 171.0 { factorial(x - 1.0) } else { clean(statrs::function::gamma::gamma(x)) }
}

/// The largest `|x - y| / (|y| + 1)`.
///
/// # Errors
/// 3200 for different shapes.
pub(super) fn mreldif(x: &Grid<f64>, y: &Grid<f64>) -> Run<f64> {
    if x.rows() != y.rows() || x.cols() != y.cols() {
        return Err(Fault::code(3200));
    }
    let each = broadcast(x, y, |x, y| match (is_missing(*x), is_missing(*y)) {
        (true, true) if x == y => 0.0,
        (false, false) => (x - y).abs() / (y.abs() + 1.0),
        _ => MISSING,
    })?;
    Ok(each.data().iter().fold(0.0, |m: f64, x| m.max(*x)))
}

/// `halton(n, d [, start [, hammersley]])`: points of Halton's sequence (or Hammersley's set) in the unit cube.
fn halton(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    const PRIMES: [u64; 20] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71];
    let (n, d) = (a.count(0)?, a.count(1)?);
    let start = if a.len() > 2 { a.count(2)? } else { 1 };
    let hammersley = a.num_or(3, 0.0)? != 0.0;
    if d < 1 || d > PRIMES.len() {
        return Err(Fault::code(3300));
    }
    checked_len(n, d, m.bytes())?;
    let radical = |mut k: u64, base: u64| {
        let (mut x, mut scale) = (0.0, 1.0 / base as f64);
        while k > 0 {
            x += (k % base) as f64 * scale;
            k /= base;
            scale /= base as f64;
        }
        x
    };
    Ok(Some(Value::real(Grid::from_fn(n, d, |i, j| match (hammersley, j) {
        (true, 0) => (2.0 * (i + start) as f64 - 1.0) / (2.0 * n as f64),
        (true, j) => radical((i + start) as u64, PRIMES[j - 1]),
        (false, j) => radical((i + start) as u64, PRIMES[j]),
    }))))
}

const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn base(a: &Args) -> Run<u64> {
    let base = a.count(0)?;
    if (2..=62).contains(&base) { Ok(base as u64) } else { Err(Fault::code(3300)) }
}

/// `inbase(base, x)`: whole numbers as texts in a base.
fn in_base(a: &Args) -> Run<Value> {
    let base = base(a)?;
    Ok(Value::Text(a.real(1)?.map(|x| {
        if is_missing(*x) || x.abs() >= 9e15 {
            return ".".into();
        }
        let (mut n, mut out) = (x.abs().trunc() as u64, Vec::new());
        loop {
            out.push(DIGITS[(n % base) as usize]);
            n /= base;
            if n == 0 {
                break;
            }
        }
        if *x <= -1.0 {
            out.push(b'-');
        }
        out.reverse();
        String::from_utf8_lossy(&out).as_ref().into()
    })))
}

fn from_base(a: &Args) -> Run<Value> {
    let base = base(a)?;
    Ok(Value::real(a.texts(1)?.map(|t| {
        let (sign, digits) = t.strip_prefix('-').map_or((1.0, t.as_ref()), |d| (-1.0, d));
        let place = |c: u8| {
            let at = DIGITS.iter().position(|d| *d == c).filter(|k| (*k as u64) < base);
            // where capitals are no digits of their own they stand for the small letters
            at.or_else(|| {
                DIGITS.iter().position(|d| *d == c.to_ascii_lowercase()).filter(|k| (*k as u64) < base)
            })
        };
        let value = digits.bytes().try_fold(0.0, |x, c| Some(x * base as f64 + place(c)? as f64));
        value.filter(|_| !digits.is_empty()).map_or(MISSING, |x| clean(sign * x))
    })))
}
