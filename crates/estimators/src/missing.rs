//! Numbers with Stata's 27 missing values. A missing value is the double that .dta files use for it, so comparison
//! order (`number < . < .a < .z`) is the order of doubles.

/// System missing `.`: 2^1023 (dta format 117+, "Missing values").
pub const MISSING: f64 = f64::from_bits(0x7fe0_0000_0000_0000);

/// The missing value with the given offset: 0 is `.`, 1 is `.a`, 26 is `.z`.
pub fn missing(offset: u8) -> f64 {
    f64::from_bits(0x7fe0_0000_0000_0000 + (u64::from(offset.min(26)) << 40))
}

/// True for `.`, `.a` to `.z` and for anything that is not a finite Stata number.
#[inline]
pub fn is_missing(x: f64) -> bool {
    // written so that NaN counts as missing
    !(x < MISSING && x > f64::NEG_INFINITY)
}

/// The letter offset of a missing value (0 for `.`, 1 to 26 for `.a` to `.z`).
pub fn missing_offset(x: f64) -> Option<u8> {
    if !is_missing(x) {
        return None;
    }
    let bits = x.to_bits();
    let base = 0x7fe0_0000_0000_0000;
    if (base..=base + (26 << 40)).contains(&bits) { Some(((bits - base) >> 40) as u8) } else { Some(0) }
}

/// The result of arithmetic: NaN, infinities and overflow become `.`.
#[inline]
pub fn clean(x: f64) -> f64 {
    if x < MISSING && x > -MISSING { x } else { MISSING }
}
