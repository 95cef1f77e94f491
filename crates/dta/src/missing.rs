//! The 27 missing values `.`, `.a` to `.z` and their codes in each storage type (`help dta`, section
//! "Missing values"). The codes are the same in all releases from 113 on.

use std::fmt;

const BYTE: i8 = 101;
const INT: i16 = 32_741;
const LONG: i32 = 2_147_483_621;
const FLOAT_BITS: u32 = 0x7f00_0000;
const FLOAT_STEP: u32 = 0x800;
const DOUBLE_BITS: u64 = 0x7fe0_0000_0000_0000;
const DOUBLE_STEP: u64 = 0x0000_0100_0000_0000;

/// A missing value: 0 is `.`, 1 is `.a`, 26 is `.z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Missing(u8);

impl Missing {
    /// The system missing value `.`.
    pub const SYSTEM: Self = Self(0);

    /// The missing value with this rank: 0 is `.`, 1 to 26 are `.a` to `.z`.
    pub fn from_rank(rank: u8) -> Option<Self> {
        (rank <= 26).then_some(Self(rank))
    }

    /// `.a` to `.z` by letter.
    pub fn from_letter(letter: char) -> Option<Self> {
        letter.is_ascii_lowercase().then(|| Self(letter as u8 - b'a' + 1))
    }

    /// 0 for `.`, 1 to 26 for `.a` to `.z`.
    #[inline]
    pub fn rank(self) -> u8 {
        self.0
    }

    /// The code in a `byte` variable.
    #[inline]
    pub fn byte(self) -> i8 {
        BYTE + self.0 as i8
    }

    /// The code in an `int` variable.
    #[inline]
    pub fn int(self) -> i16 {
        INT + i16::from(self.0)
    }

    /// The code in a `long` variable and in value labels.
    #[inline]
    pub fn long(self) -> i32 {
        LONG + i32::from(self.0)
    }

    /// The code in a `float` variable.
    pub fn float(self) -> f32 {
        f32::from_bits(FLOAT_BITS + u32::from(self.0) * FLOAT_STEP)
    }

    /// The code in a `double` variable.
    #[inline]
    pub fn double(self) -> f64 {
        f64::from_bits(DOUBLE_BITS + u64::from(self.0) * DOUBLE_STEP)
    }

    /// The missing value of a `byte`.
    pub fn of_byte(value: i8) -> Option<Self> {
        (value >= BYTE).then(|| Self((value - BYTE) as u8))
    }

    /// The missing value of an `int`.
    pub fn of_int(value: i16) -> Option<Self> {
        (value >= INT).then(|| Self((value - INT) as u8))
    }

    /// The missing value of a `long`.
    pub fn of_long(value: i32) -> Option<Self> {
        (value >= LONG).then(|| Self((value - LONG) as u8))
    }

    /// The missing value of a `float`; whatever is not below `.` and no exact code counts as `.`,
    /// and so do infinities and NaN.
    pub fn of_float(value: f32) -> Option<Self> {
        let bits = value.to_bits();
        if value.is_finite() && (bits < FLOAT_BITS || value.is_sign_negative()) {
            return None;
        }
        let step = bits.wrapping_sub(FLOAT_BITS);
        let exact = step.is_multiple_of(FLOAT_STEP) && step / FLOAT_STEP <= 26;
        Some(Self(if exact { (step / FLOAT_STEP) as u8 } else { 0 }))
    }

    /// The missing value of a `double`, with the rule of [`Missing::of_float`].
    #[inline]
    pub fn of_double(value: f64) -> Option<Self> {
        let bits = value.to_bits();
        if value.is_finite() && (bits < DOUBLE_BITS || value.is_sign_negative()) {
            return None;
        }
        let step = bits.wrapping_sub(DOUBLE_BITS);
        let exact = step.is_multiple_of(DOUBLE_STEP) && step / DOUBLE_STEP <= 26;
        Some(Self(if exact { (step / DOUBLE_STEP) as u8 } else { 0 }))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("."),
            rank => write!(f, ".{}", char::from(b'a' + rank - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_format_description() {
        // `help dta`: byte .z = 127, int .z = 32767, long .z = 2147483647,
        // float .z = 7f00d000, double .z = 7fe01a0000000000
        let z = Missing::from_letter('z').unwrap();
        assert_eq!((z.byte(), z.int(), z.long()), (127, 32_767, 2_147_483_647));
        assert_eq!(z.float().to_bits(), 0x7f00_d000);
        assert_eq!(z.double().to_bits(), 0x7fe0_1a00_0000_0000);
        assert_eq!(Missing::SYSTEM.double(), 2f64.powi(1023));
        assert_eq!(Missing::SYSTEM.float(), 2f32.powi(127));
    }

    #[test]
    fn every_code_reads_back() {
        for rank in 0..=26 {
            let m = Missing::from_rank(rank).unwrap();
            assert_eq!(Missing::of_byte(m.byte()), Some(m));
            assert_eq!(Missing::of_int(m.int()), Some(m));
            assert_eq!(Missing::of_long(m.long()), Some(m));
            assert_eq!(Missing::of_float(m.float()), Some(m));
            assert_eq!(Missing::of_double(m.double()), Some(m));
        }
        assert_eq!(Missing::from_rank(27), None);
    }

    #[test]
    fn ordinary_numbers_are_not_missing() {
        for value in [0.0, -0.0, 1.5, -1e300, f64::MIN, 8.9e307] {
            assert_eq!(Missing::of_double(value), None, "{value}");
        }
        for value in [0.0f32, -3.0, f32::MIN, 1.7e38] {
            assert_eq!(Missing::of_float(value), None, "{value}");
        }
        assert_eq!(Missing::of_byte(100), None);
        assert_eq!(Missing::of_double(f64::NAN), Some(Missing::SYSTEM));
        assert_eq!(Missing::of_double(f64::NEG_INFINITY), Some(Missing::SYSTEM));
    }
}
