//! Numbers that carry their first and second derivatives in a few variables (forward differentiation of
//! second order; Griewank and Walther 2008, Evaluating Derivatives, chapter 13). A likelihood written as a
//! formula of its linear indices gets exact derivatives from them.

use super::distributions::{
    LN_SQRT_TWO_PI, digamma, inverse_mills, ln_gamma, ln_normal, normal, normal_density, normal_quantile,
    trigamma,
};
use super::ml::Likelihood;
use super::ml_binary::logistic;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value with gradient and Hessian in `N` variables.
#[derive(Clone, Copy, Debug)]
pub struct Jet<const N: usize> {
    /// Value.
    pub v: f64,
    /// Gradient.
    pub g: [f64; N],
    /// Hessian.
    pub h: [[f64; N]; N],
}

impl<const N: usize> Jet<N> {
    /// A constant.
    pub fn constant(v: f64) -> Self {
        Self { v, g: [0.0; N], h: [[0.0; N]; N] }
    }

    /// Variable number `i`.
    pub fn variable(v: f64, i: usize) -> Self {
        let mut out = Self::constant(v);
        out.g[i] = 1.0;
        out
    }

    /// The variables at a point.
    pub fn variables(at: &[f64]) -> [Self; N] {
        std::array::from_fn(|i| Self::variable(at[i], i))
    }

    /// A function of one argument: its value and first two derivatives at the jet's value.
    pub fn chain(self, value: f64, first: f64, second: f64) -> Self {
        let mut out = Self::constant(value);
        for i in 0..N {
            out.g[i] = first * self.g[i];
            for j in 0..N {
                out.h[i][j] = first * self.h[i][j] + second * self.g[i] * self.g[j];
            }
        }
        out
    }

    /// A function of two arguments: value, gradient and second derivatives `(aa, ab, bb)`.
    pub fn chain2(a: Self, b: Self, value: f64, first: (f64, f64), second: (f64, f64, f64)) -> Self {
        let mut out = Self::constant(value);
        for i in 0..N {
            out.g[i] = first.0 * a.g[i] + first.1 * b.g[i];
            for j in 0..N {
                out.h[i][j] = first.0 * a.h[i][j]
                    + first.1 * b.h[i][j]
                    + second.0 * a.g[i] * a.g[j]
                    + second.1 * (a.g[i] * b.g[j] + b.g[i] * a.g[j])
                    + second.2 * b.g[i] * b.g[j];
            }
        }
        out
    }

    /// A function of several arguments: its value, gradient and Hessian at the values of the arguments.
    pub fn compose<const M: usize>(
        arguments: [Self; M],
        value: f64,
        first: [f64; M],
        second: [[f64; M]; M],
    ) -> Self {
        let mut out = Self::constant(value);
        for (a, left) in arguments.iter().enumerate() {
            for i in 0..N {
                out.g[i] += first[a] * left.g[i];
            }
            for i in 0..N {
                for j in 0..N {
                    out.h[i][j] += first[a] * left.h[i][j];
                    for (b, right) in arguments.iter().enumerate() {
                        out.h[i][j] += second[a][b] * left.g[i] * right.g[j];
                    }
                }
            }
        }
        out
    }

    /// Exponential.
    pub fn exp(self) -> Self {
        let e = self.v.exp();
        self.chain(e, e, e)
    }

    /// `1 - exp(x)`, accurate near zero.
    pub fn one_minus_exp(self) -> Self {
        let e = self.v.exp();
        self.chain(-self.v.exp_m1(), -e, -e)
    }

    /// Natural logarithm.
    pub fn ln(self) -> Self {
        let r = 1.0 / self.v;
        self.chain(self.v.ln(), r, -r * r)
    }

    /// `ln(1 + x)`.
    pub fn ln_1p(self) -> Self {
        let r = 1.0 / (1.0 + self.v);
        self.chain(self.v.ln_1p(), r, -r * r)
    }

    /// Square.
    pub fn square(self) -> Self {
        self.chain(self.v * self.v, 2.0 * self.v, 2.0)
    }

    /// Square root.
    pub fn sqrt(self) -> Self {
        let r = self.v.sqrt();
        self.chain(r, 0.5 / r, -0.25 / (r * self.v))
    }

    /// Real power of a positive number.
    pub fn powf(self, p: f64) -> Self {
        let f = |e: f64| self.v.powf(e);
        self.chain(f(p), p * f(p - 1.0), p * (p - 1.0) * f(p - 2.0))
    }

    /// Hyperbolic tangent.
    pub fn tanh(self) -> Self {
        let t = self.v.tanh();
        let d = 1.0 - t * t;
        self.chain(t, d, -2.0 * t * d)
    }

    /// Hyperbolic sine.
    pub fn sinh(self) -> Self {
        let (s, c) = (self.v.sinh(), self.v.cosh());
        self.chain(s, c, s)
    }

    /// Hyperbolic cosine.
    pub fn cosh(self) -> Self {
        let (s, c) = (self.v.sinh(), self.v.cosh());
        self.chain(c, s, c)
    }

    /// `1 / (1 + exp(-x))`.
    pub fn logistic(self) -> Self {
        let (p, q) = (logistic(self.v), logistic(-self.v));
        self.chain(p, p * q, p * q * (q - p))
    }

    /// `ln(1 / (1 + exp(-x)))`.
    pub fn ln_logistic(self) -> Self {
        let x = self.v;
        let value = if x >= 0.0 { -(-x).exp().ln_1p() } else { x - x.exp().ln_1p() };
        self.chain(value, logistic(-x), -logistic(x) * logistic(-x))
    }

    /// Standard normal distribution function.
    pub fn normal(self) -> Self {
        let d = normal_density(self.v);
        self.chain(normal(self.v), d, -self.v * d)
    }

    /// Quantile of the standard normal distribution.
    pub fn normal_quantile(self) -> Self {
        let q = normal_quantile(self.v);
        let slope = 1.0 / normal_density(q);
        self.chain(q, slope, q * slope * slope)
    }

    /// Standard normal density.
    pub fn density(self) -> Self {
        let (x, d) = (self.v, normal_density(self.v));
        self.chain(d, -x * d, (x * x - 1.0) * d)
    }

    /// Logarithm of the standard normal distribution function.
    pub fn ln_normal(self) -> Self {
        let m = inverse_mills(self.v);
        self.chain(ln_normal(self.v), m, -m * (m + self.v))
    }

    /// Logarithm of the standard normal density.
    pub fn ln_density(self) -> Self {
        self.chain(-0.5 * self.v * self.v - LN_SQRT_TWO_PI, -self.v, -1.0)
    }

    /// Logarithm of the gamma function.
    pub fn ln_gamma(self) -> Self {
        self.chain(ln_gamma(self.v), digamma(self.v), trigamma(self.v))
    }
}

/// `ln(P(a < Z < b))` for a standard normal, in the tail where it keeps its digits.
pub fn ln_interval<const N: usize>(a: Jet<N>, b: Jet<N>) -> Jet<N> {
    let (low, high) = if a.v > 0.0 { (-b.v, -a.v) } else { (a.v, b.v) };
    let top = ln_normal(high);
    let value = top + (-(ln_normal(low) - top).exp()).ln_1p();
    let ratio = |x: f64| (-0.5 * x * x - LN_SQRT_TWO_PI - value).exp();
    let (ra, rb) = (ratio(a.v), ratio(b.v));
    Jet::chain2(a, b, value, (-ra, rb), (a.v * ra - ra * ra, ra * rb, -b.v * rb - rb * rb))
}

impl<const N: usize> Add for Jet<N> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::chain2(self, o, self.v + o.v, (1.0, 1.0), (0.0, 0.0, 0.0))
    }
}

impl<const N: usize> Sub for Jet<N> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self::chain2(self, o, self.v - o.v, (1.0, -1.0), (0.0, 0.0, 0.0))
    }
}

impl<const N: usize> Mul for Jet<N> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::chain2(self, o, self.v * o.v, (o.v, self.v), (0.0, 1.0, 0.0))
    }
}

impl<const N: usize> Div for Jet<N> {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let r = 1.0 / o.v;
        let q = self.v * r;
        Self::chain2(self, o, q, (r, -q * r), (0.0, -r * r, 2.0 * q * r * r))
    }
}

impl<const N: usize> Neg for Jet<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.chain(-self.v, -1.0, 0.0)
    }
}

impl<const N: usize> Add<f64> for Jet<N> {
    type Output = Self;
    fn add(self, c: f64) -> Self {
        Self { v: self.v + c, ..self }
    }
}

impl<const N: usize> Sub<f64> for Jet<N> {
    type Output = Self;
    fn sub(self, c: f64) -> Self {
        Self { v: self.v - c, ..self }
    }
}

impl<const N: usize> Mul<f64> for Jet<N> {
    type Output = Self;
    fn mul(self, c: f64) -> Self {
        self.chain(self.v * c, c, 0.0)
    }
}

/// A likelihood given as a formula: log likelihood of a row at its linear indices.
pub struct Formula<const N: usize, F>(pub F);

impl<const N: usize, F: Fn(usize, [Jet<N>; N]) -> Jet<N> + Sync> Likelihood for Formula<N, F> {
    fn equations(&self) -> usize {
        N
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let out = (self.0)(row, Jet::variables(eta));
        gradient.copy_from_slice(&out.g);
        for i in 0..N {
            hessian[i * N..(i + 1) * N].copy_from_slice(&out.h[i]);
        }
        out.v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Derivatives of `f` against central differences of value and gradient.
    fn check(f: impl Fn([Jet<2>; 2]) -> Jet<2>, at: [f64; 2]) {
        let exact = f(Jet::variables(&at));
        for i in 0..2 {
            let step = 1e-5;
            let moved = |s: f64| {
                let mut p = at;
                p[i] += s;
                f(Jet::variables(&p))
            };
            let (up, down) = (moved(step), moved(-step));
            let slope = (up.v - down.v) / (2.0 * step);
            assert!((slope - exact.g[i]).abs() < 1e-7 * (1.0 + slope.abs()), "{slope} {}", exact.g[i]);
            for j in 0..2 {
                let curve = (up.g[j] - down.g[j]) / (2.0 * step);
                assert!((curve - exact.h[i][j]).abs() < 1e-6 * (1.0 + curve.abs()));
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        check(|[a, b]| (a * b).exp() / (b.square() + 1.0), [0.3, -0.7]);
        check(|[a, b]| ln_interval(a, b), [0.4, 1.1]);
        check(|[a, b]| ln_interval(a, b), [-2.0, -0.5]);
        check(|[a, b]| a.ln_normal() + b.ln_logistic() * a.tanh(), [-3.0, 0.8]);
        check(|[a, b]| a.exp().ln_gamma() - b.density() * a.normal(), [0.2, 0.9]);
        check(|[a, b]| (a.cosh() * b + b.sinh()).one_minus_exp(), [0.2, 0.1]);
        check(|[a, b]| a.exp().powf(1.7) * b.exp().ln_1p(), [0.5, 0.1]);
    }
}
