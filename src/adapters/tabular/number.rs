//! Numbers as people write them in tables: plain, with thousands separators, with a decimal comma, in
//! percent. Only the grammar and exact values; which grammar a column follows is decided elsewhere.

/// Numbers from here on are missing-value codes (`help missing`), so larger ones cannot be stored.
const LARGEST: f64 = 8.988_465_674_311_579e307;

/// A plain number with what its spelling says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plain {
    pub value: f64,
    /// No decimal point and no exponent.
    pub digits_only: bool,
    /// Digits before the decimal point.
    pub whole_digits: usize,
    /// Begins with a zero that is followed by a digit.
    pub leading_zero: bool,
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads `[+-]digits[.digits][e[+-]digits]` with at least one digit in front of the exponent; the value
/// is the double nearest to the decimal, infinite where doubles end.
#[inline]
pub(super) fn plain(text: &[u8]) -> Option<Plain> {
    let (negative, body) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut mantissa: u64 = 0;
    let mut at = 0;
    while at < body.len() && body[at].is_ascii_digit() {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(body[at] - b'0'));
        at += 1;
    }
    let whole_digits = at;
    let mut fraction_digits = 0;
    if at < body.len() && body[at] == b'.' {
        at += 1;
        let start = at;
        while at < body.len() && body[at].is_ascii_digit() {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(body[at] - b'0'));
            at += 1;
        }
        fraction_digits = at - start;
    }
    let digits = whole_digits + fraction_digits;
    if digits == 0 {
        return None;
    }
    let leading_zero = whole_digits > 1 && body[0] == b'0';
    let digits_only = at == body.len() && fraction_digits == 0 && whole_digits == body.len();
    if at == body.len() && digits <= 19 && mantissa < 1 << 53 && fraction_digits <= 22 {
        // both operands are exact doubles, so that one division rounds correctly
        let value = mantissa as f64 / POWERS[fraction_digits];
        let value = if negative { -value } else { value };
        return Some(Plain { value, digits_only, whole_digits, leading_zero });
    }
    if at < body.len() {
        if body[at] | 0x20 != b'e' {
            return None;
        }
        let exponent = &body[at + 1..];
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        if exponent.is_empty() || !exponent.iter().all(u8::is_ascii_digit) {
            return None;
        }
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Plain { value, digits_only, whole_digits, leading_zero })
}

/// True if a value can be stored as a number (not infinite, not in the range of missing-value codes).
pub(super) fn storable(value: f64) -> bool {
    value > -1.797e308 && value < LARGEST
}

/// Reads a number whose whole part may be grouped by commas in threes: `1,234,567.8`, also `1234`.
pub(super) fn with_thousands(text: &[u8]) -> Option<f64> {
    grouped(text, b',', b'.')
}

/// Reads a number with a decimal comma whose whole part may be grouped by points: `1.234,5`, also `12`.
pub(super) fn with_decimal_comma(text: &[u8]) -> Option<f64> {
    grouped(text, b'.', b',')
}

/// Reads a number followed by `%`; the value is the number as printed (`12.5%` is 12.5).
pub(super) fn percent(text: &[u8]) -> Option<f64> {
    let body = text.strip_suffix(b"%").or_else(|| text.strip_suffix("％".as_bytes()))?;
    plain(body.trim_ascii_end()).map(|p| p.value)
}

fn grouped(text: &[u8], group: u8, point: u8) -> Option<f64> {
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if unsigned.iter().all(u8::is_ascii_digit) {
        return plain(text).map(|p| p.value);
    }
    let mut cleaned = [0u8; 64];
    if text.len() > cleaned.len() {
        return None;
    }
    let whole_end = unsigned.iter().position(|&b| b == point).unwrap_or(unsigned.len());
    let (whole, fraction) = unsigned.split_at(whole_end);
    if whole.contains(&group) {
        let mut groups = whole.split(|&b| b == group);
        let first = groups.next().unwrap_or_default();
        if first.is_empty() || first.len() > 3 || groups.any(|g| g.len() != 3) {
            return None;
        }
    }
    if !whole.iter().all(|&b| b == group || b.is_ascii_digit())
        || !fraction.iter().skip(1).all(u8::is_ascii_digit)
    {
        return None;
    }
    let mut length = 0;
    for &byte in text {
        if byte != group {
            cleaned[length] = if byte == point { b'.' } else { byte };
            length += 1;
        }
    }
    plain(&cleaned[..length]).map(|p| p.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_numbers() {
        let value = |t: &str| plain(t.as_bytes()).map(|p| p.value);
        assert_eq!(value("12.5"), Some(12.5));
        assert_eq!(value("-.5"), Some(-0.5));
        assert_eq!(value("5."), Some(5.0));
        assert_eq!(value("1e-3"), Some(0.001));
        assert_eq!(value("1E+400"), Some(f64::INFINITY));
        for bad in ["", "-", ".", "e5", "1e", "1e+", "0x10", "1_0", "inf", "nan", "1,5", "１"] {
            assert_eq!(value(bad), None, "{bad}");
        }
        let id = plain(b"007").unwrap();
        assert!(id.leading_zero && id.digits_only && id.whole_digits == 3);
        assert!(!plain(b"0.7").unwrap().leading_zero);
    }

    #[test]
    fn grouped_numbers() {
        assert_eq!(with_thousands(b"1,234,567.25"), Some(1_234_567.25));
        assert_eq!(with_thousands(b"-12,345"), Some(-12_345.0));
        for bad in ["1,23", "12,34,567", ",123", "1,2345", "1.2,3"] {
            assert_eq!(with_thousands(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(with_decimal_comma(b"1.234,5"), Some(1234.5));
        assert_eq!(with_decimal_comma(b"0,75"), Some(0.75));
        assert_eq!(
            with_decimal_comma("9".repeat(70).as_bytes()),
            Some(1e70),
            "digits without a point, however many"
        );
        assert_eq!(with_decimal_comma("9".repeat(400).as_bytes()), Some(f64::INFINITY));
        assert_eq!(with_decimal_comma(b"1,2,3"), None);
        assert_eq!(percent(b"12.5 %"), Some(12.5));
        assert_eq!(percent(b"%"), None);
    }

    proptest! {
        /// The standard library's parser rounds correctly; ours must agree to the last bit.
        #[test]
        fn values_are_correctly_rounded(text in "[+-]?[0-9]{0,20}(\\.[0-9]{0,25})?(e[+-]?[0-9]{1,3})?") {
            if let Some(p) = plain(text.as_bytes()) {
                prop_assert_eq!(p.value.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }
    }
}
