//! Complex numbers: arithmetic and the elementary functions on their principal branch. Missing values do not belong here.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// Zero.
    pub const ZERO: Self = Self::new(0.0, 0.0);
    /// One.
    pub const ONE: Self = Self::new(1.0, 0.0);

    /// A number from its parts.
    pub const fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    /// A real number.
    pub const fn real(re: f64) -> Self {
        Self::new(re, 0.0)
    }

    /// The number with the opposite imaginary part.
    pub fn conj(self) -> Self {
        Self::new(self.re, -self.im)
    }

    /// The modulus.
    pub fn abs(self) -> f64 {
        self.re.hypot(self.im)
    }

    /// The angle in (-π, π].
    pub fn arg(self) -> f64 {
        self.im.atan2(self.re)
    }

    /// The number times a real factor.
    pub fn scale(self, factor: f64) -> Self {
        Self::new(self.re * factor, self.im * factor)
    }

    /// The square root with a real part that is not negative.
    pub fn sqrt(self) -> Self {
        let r = self.abs();
        let re = (0.5 * (r + self.re)).max(0.0).sqrt();
        let im = (0.5 * (r - self.re)).max(0.0).sqrt();
        Self::new(re, if self.im < 0.0 { -im } else { im })
    }

    /// The exponential.
    pub fn exp(self) -> Self {
        let size = self.re.exp();
        Self::new(size * self.im.cos(), size * self.im.sin())
    }

    /// The natural logarithm.
    pub fn ln(self) -> Self {
        Self::new(self.abs().ln(), self.arg())
    }

    /// A power; zero to the power zero is one.
    pub fn pow(self, power: Self) -> Self {
        if power == Self::ZERO {
            return Self::ONE;
        }
        if self == Self::ZERO {
            return Self::ZERO;
        }
        (power * self.ln()).exp()
    }

    /// The sine.
    pub fn sin(self) -> Self {
        Self::new(self.re.sin() * self.im.cosh(), self.re.cos() * self.im.sinh())
    }

    /// The cosine.
    pub fn cos(self) -> Self {
        Self::new(self.re.cos() * self.im.cosh(), -self.re.sin() * self.im.sinh())
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }
}

impl Neg for Complex {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.re, -self.im)
    }
}

impl Div for Complex {
    type Output = Self;
    /// Smith's algorithm: no overflow where the quotient itself does not overflow.
    fn div(self, other: Self) -> Self {
        if other.re.abs() >= other.im.abs() {
            let ratio = other.im / other.re;
            let size = other.re + other.im * ratio;
            Self::new((self.re + self.im * ratio) / size, (self.im - self.re * ratio) / size)
        } else {
            let ratio = other.re / other.im;
            let size = other.re * ratio + other.im;
            Self::new((self.re * ratio + self.im) / size, (self.im * ratio - self.re) / size)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_elementary_functions_hold() {
        let z = Complex::new(-4.0, 2.0);
        // [M-1] First shows sqrt(-4+2i) = .485868272 + 2.05817103i
        let root = z.sqrt();
        assert!((root.re - 0.485868272).abs() < 1e-9 && (root.im - 2.05817103).abs() < 1e-8);
        for (got, want) in [
            (root * root, z),
            (z.ln().exp(), z),
            (z / z, Complex::ONE),
            (z.pow(Complex::real(3.0)), z * z * z),
            (z.sin() * z.sin() + z.cos() * z.cos(), Complex::ONE),
        ] {
            assert!((got - want).abs() < 1e-10 * want.abs().max(1.0), "{got:?} {want:?}");
        }
    }
}
