//! Scalars for the factorisation: ordinary doubles and double-double numbers of about 32 digits.
//! The wide type exists for ill-conditioned designs, where doubles alone lose the answer.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// Operations that the factorisation needs from a scalar.
pub trait Real:
    Copy
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Distance from 1 to the next number of the type, roughly.
    const EPSILON: f64;
    /// The number that equals a double.
    fn from_f64(value: f64) -> Self;
    /// The nearest double.
    fn to_f64(self) -> f64;
    /// Square root of a number that is not negative.
    fn sqrt(self) -> Self;
    /// The difference of two doubles, exact where the type can hold it.
    fn difference(left: f64, right: f64) -> Self;
}

impl Real for f64 {
    const EPSILON: f64 = f64::EPSILON;
    #[inline]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline]
    fn difference(left: f64, right: f64) -> Self {
        left - right
    }
}

/// An unevaluated sum of two doubles, `high + low` with `|low| <= ulp(high)/2`.
///
/// Error-free transformations: Dekker (1971), Numerische Mathematik 18; Knuth, TAOCP vol. 2, 4.2.2.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DoubleDouble {
    high: f64,
    low: f64,
}

/// Sum of two doubles and its rounding error.
#[inline]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Product of two doubles and its rounding error.
#[inline]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, f64::mul_add(a, b, -product))
}

impl DoubleDouble {
    #[inline]
    fn normalised(high: f64, low: f64) -> Self {
        let sum = high + low;
        Self { high: sum, low: low - (sum - high) }
    }
}

impl Add for DoubleDouble {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        let (low, low_error) = two_sum(self.low, other.low);
        let first = Self::normalised(high, error + low);
        Self::normalised(first.high, first.low + low_error)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self + (-other)
    }
}

impl Mul for DoubleDouble {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let (high, error) = two_product(self.high, other.high);
        Self::normalised(high, error + (self.high * other.low + self.low * other.high))
    }
}

impl Div for DoubleDouble {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * Self::from_f64(first);
        let second = rest.high / other.high;
        let rest = rest - other * Self::from_f64(second);
        Self::normalised(first, second) + Self::from_f64(rest.high / other.high)
    }
}

impl Real for DoubleDouble {
    const EPSILON: f64 = 1e-31;
    #[inline]
    fn from_f64(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
    #[inline]
    fn to_f64(self) -> f64 {
        self.high + self.low
    }
    #[inline]
    fn sqrt(self) -> Self {
        if self.high <= 0.0 {
            return Self::default();
        }
        let root = Self::from_f64(self.high.sqrt());
        let half = Self::from_f64(0.5);
        // One Newton step doubles the digits of the double root.
        half * (root + self / root)
    }
    #[inline]
    fn difference(left: f64, right: f64) -> Self {
        let (high, low) = two_sum(left, -right);
        Self { high, low }
    }
}

/// Sum of an iterator of doubles with a running error term (Neumaier 1974), in iteration order.
pub fn stable_sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = 0.0;
    let mut error = 0.0;
    for value in values {
        let (sum, lost) = two_sum(total, value);
        total = sum;
        error += lost;
    }
    total + error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_double_keeps_what_a_double_loses() {
        let one = DoubleDouble::from_f64(1.0);
        let tiny = DoubleDouble::from_f64(1e-25);
        assert_eq!((one + tiny - one).to_f64(), 1e-25);
        let third = one / DoubleDouble::from_f64(3.0);
        let rest = one - third * DoubleDouble::from_f64(3.0);
        assert!(rest.to_f64().abs() < 1e-31);
        let two = DoubleDouble::from_f64(2.0);
        let root = two.sqrt();
        assert!((root * root - two).to_f64().abs() < 1e-30);
    }

    #[test]
    fn stable_sum_recovers_cancelled_digits() {
        assert_eq!(stable_sum([1e16, 1.0, -1e16, 1.0]), 2.0);
    }
}
