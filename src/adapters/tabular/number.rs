//! Numbers as people write them in tables: plain, with thousands separators, with a decimal comma, in
//! percent. Only the grammar and exact values; which grammar a column follows is decided elsewhere.

use std::ops::Range;

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
pub(super) fn plain(text: &[u8]) -> Option<Plain> {
    let (negative, body) = unsigned(text)?;
    if body.len() > TAIL {
        return any_length(text, body);
    }
    let mut tail = [0; TAIL];
    tail[TAIL - body.len()..].copy_from_slice(body);
    match Short::of(&tail, body.len()) {
        Some(short) => Some(short.plain::<true>(negative, body)),
        None => any_length(text, body),
    }
}

/// Reads a part of a longer text that is one to eight digits and nothing else, the commonest cell of all.
#[inline(always)]
pub(super) fn few_digits(text: &[u8], range: &Range<usize>) -> Option<u32> {
    let length = range.len();
    if length.wrapping_sub(1) >= 8 {
        return None;
    }
    let word = u64::from_le_bytes(*text.get(..range.end)?.last_chunk()?);
    let unused = 64 - 8 * length;
    eight_digits((word ^ (EACH_BYTE * u64::from(b'0'))) >> unused << unused).map(|number| number as u32)
}

/// The same as [`plain`] for a part of a longer text. Without `VALUE`, the value of a number of up to 19 digits, which
/// can always be stored, is not computed.
#[inline(always)]
pub(super) fn plain_within<const VALUE: bool>(text: &[u8], range: Range<usize>) -> Option<Plain> {
    let part = &text[range.clone()];
    let (negative, body) = unsigned(part)?;
    let tail = text[..range.end].last_chunk::<TAIL>();
    match tail.and_then(|tail| Short::of(tail, body.len())) {
        Some(short) => Some(short.plain::<VALUE>(negative, body)),
        None if tail.is_none() => plain(part),
        None => any_length(part, body),
    }
}

/// The same for a number with a point and up to 19 digits, without blanks around it.
#[inline(always)]
pub(super) fn with_point<const VALUE: bool>(text: &[u8], range: &Range<usize>) -> Option<Plain> {
    let (negative, body) = unsigned(&text[range.clone()])?;
    let short = Short::of(text[..range.end].last_chunk::<TAIL>()?, body.len())?;
    (short.digits < body.len()).then(|| short.plain::<VALUE>(negative, body))
}

/// Takes the sign off. Signs follow each other at random, so that there is no branch on them.
#[inline(always)]
fn unsigned(text: &[u8]) -> Option<(bool, &[u8])> {
    let first = *text.first()?;
    Some((first == b'-', &text[usize::from(matches!(first, b'-' | b'+'))..]))
}

#[inline(never)]
fn any_length(text: &[u8], body: &[u8]) -> Option<Plain> {
    let whole_digits = body.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = whole_digits;
    if body.get(at) == Some(&b'.') {
        at += 1;
        at += body[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    let fraction_digits = (at - whole_digits).saturating_sub(1);
    if whole_digits + fraction_digits == 0 {
        return None;
    }
    let leading_zero = whole_digits > 1 && body[0] == b'0';
    let digits_only = whole_digits == body.len();
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

/// Up to 19 digits with at most one point among them: almost every number of a table. They are checked and converted
/// eight at a time.
struct Short {
    mantissa: u64,
    digits: usize,
    fraction_digits: usize,
}

/// The longest text of such a number, rounded up.
const TAIL: usize = 24;
const EACH_BYTE: u64 = 0x0101_0101_0101_0101;

impl Short {
    /// Reads the last `length` bytes.
    #[inline(always)]
    fn of(tail: &[u8; TAIL], length: usize) -> Option<Self> {
        let word = |at: usize, length: usize| word(tail, at, length);
        let (mantissa, point) = match length {
            1..=8 => {
                let (last, point) = word(16, length);
                (eight_digits(last)?, point.map(|at| 7 - at))
            }
            9..=16 => join(word(8, length - 8), word(16, 8))?,
            17..=20 => {
                let (second, in_second) = word(8, 8);
                let (last, in_last) = word(16, 8);
                let (rest, in_rest) = join((second, in_second), (last, in_last))?;
                let (first, in_first) = word(0, length - 16);
                let scale = if in_rest.is_some() { 1_000_000_000_000_000 } else { 10_000_000_000_000_000 };
                // 20 digits do not fit, and are refused below
                let mantissa = eight_digits(first)?.wrapping_mul(scale).wrapping_add(rest);
                match (in_first, in_rest) {
                    (Some(at), None) => (mantissa, Some(16 + 7 - at)),
                    (None, Some(behind)) => (mantissa, Some(behind)),
                    (None, None) if length < 20 => (mantissa, None),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let digits = length - usize::from(point.is_some());
        (digits > 0).then_some(Self { mantissa, digits, fraction_digits: point.unwrap_or(0) })
    }

    #[inline(always)]
    fn plain<const VALUE: bool>(&self, negative: bool, body: &[u8]) -> Plain {
        let whole_digits = self.digits - self.fraction_digits;
        let value = if VALUE { self.value() } else { 0.0 };
        Plain {
            value: f64::from_bits(value.to_bits() ^ u64::from(negative) << 63),
            digits_only: self.digits == body.len(),
            whole_digits,
            leading_zero: whole_digits > 1 && body[0] == b'0',
        }
    }

    #[inline(always)]
    fn value(&self) -> f64 {
        if self.mantissa < 1 << 53 {
            // both operands are exact doubles, so that one division rounds correctly
            return self.mantissa as f64 / POWERS[self.fraction_digits];
        }
        self.long_value()
    }

    /// The value of more digits than a double holds.
    #[inline(never)]
    fn long_value(&self) -> f64 {
        // The quotient of integers keeps at least 62 bits. What is left beyond them decides between two doubles like
        // any other bit behind the last one that they have.
        let (divisor, zeros) = (10u64.pow(self.fraction_digits as u32), self.mantissa.leading_zeros());
        let shift = divisor.ilog2();
        let dividend = u128::from(self.mantissa << zeros) << shift;
        let quotient = (dividend / u128::from(divisor)) as u64;
        let is_exact = u128::from(quotient) * u128::from(divisor) == dividend;
        let rounded = (quotient | u64::from(!is_exact)) as f64;
        rounded * f64::from_bits(u64::from(1023 - zeros - shift) << 52)
    }
}

/// The last `length` of the eight bytes from `at` on, without a point, and the byte where that was.
#[inline(always)]
fn word(tail: &[u8; TAIL], at: usize, length: usize) -> (u64, Option<usize>) {
    let bytes = tail[at..].first_chunk().expect("eight bytes");
    let unused = 64 - 8 * length;
    // the distances of the codes from `0`; zeros before the first
    without_point((u64::from_le_bytes(*bytes) ^ (EACH_BYTE * u64::from(b'0'))) >> unused << unused)
}

/// Joins two words of eight characters, without their points and with the bytes where those were; returns the number
/// and how many digits stand behind the point.
#[inline(always)]
fn join(first: (u64, Option<usize>), last: (u64, Option<usize>)) -> Option<(u64, Option<usize>)> {
    let (high, low) = (eight_digits(first.0)?, eight_digits(last.0)?);
    match (first.1, last.1) {
        (None, None) => Some((high * 100_000_000 + low, None)),
        (Some(at), None) => Some((high * 100_000_000 + low, Some(8 + 7 - at))),
        (None, Some(at)) => Some((high * 10_000_000 + low, Some(7 - at))),
        (Some(_), Some(_)) => None,
    }
}

/// Takes the first point out of a word and closes up; returns its byte with the rest.
#[inline(always)]
fn without_point(word: u64) -> (u64, Option<usize>) {
    let found = points(word);
    if found == 0 {
        return (word, None);
    }
    let at = found.trailing_zeros() / 8;
    let before = word & ((1 << (8 * at)) - 1);
    let after = word & (u64::MAX << (8 * at) << 8);
    (before << 8 | after, Some(at as usize))
}

/// The high bit of every byte that was a point (Warren, Hacker's Delight, 6-1: bytes that are zero).
#[inline(always)]
fn points(word: u64) -> u64 {
    let low = EACH_BYTE * 0x7f;
    let x = word ^ (EACH_BYTE * u64::from(b'.' ^ b'0'));
    !((x & low).wrapping_add(low) | x | low)
}

/// The number of eight digits, the first in the lowest byte; `None` where a byte is none.
#[inline(always)]
fn eight_digits(word: u64) -> Option<u64> {
    if (word.wrapping_add(EACH_BYTE * 0x76) | word) & (EACH_BYTE * 0x80) != 0 {
        return None;
    }
    // neighbours are joined: to pairs, to fours, to one
    let pairs = (word.wrapping_mul(10 * 256 + 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 * 65_536 + 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 * (1 << 32) + 1) >> 32)
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

/// Zeros of other scripts, each followed by its digits to nine: Arabic, Persian, Devanagari, Bengali, Thai.
const ZEROS: [char; 5] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}'];
/// Signs without a width: marks of a byte order and of the direction of writing, joiners.
const INVISIBLE: [char; 7] =
    ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}'];

/// A number that a book keeper or another keyboard wrote.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spelt {
    pub value: f64,
    /// Negative by parentheses.
    pub enclosed: bool,
    /// Negative by a sign behind it.
    pub behind: bool,
    /// With another minus than that of ASCII.
    pub other_minus: bool,
    /// With full-width signs.
    pub full_width: bool,
    /// With digits of another script, Arabic, Persian or Devanagari.
    pub other_digits: bool,
    /// With signs that nobody sees, such as the mark of a byte order.
    pub invisible: bool,
}

/// Reads a number, also with thousands, that is negative by parentheses, `(12.5)`, by a sign behind it, `12.5-`, or by
/// another minus than that of ASCII, or whose digits are full-width ones or those of another script. Invisible signs are left out.
pub(super) fn spelt(text: &[u8]) -> Option<Spelt> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= 96)?;
    let mut ascii = String::with_capacity(text.len());
    let (mut other_digits, mut invisible) = (false, false);
    for c in text.chars() {
        if INVISIBLE.contains(&c) {
            invisible = true;
            continue;
        }
        let digit =
            ZEROS.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|digit| *digit < 10));
        other_digits |= digit.is_some();
        ascii.push(match c {
            _ if digit.is_some() => char::from_digit(digit?, 10)?,
            // the decimal and the thousands sign of Arabic
            '\u{66b}' => '.',
            '\u{66c}' => ',',
            '\u{2212}' | '\u{2013}' | '－' => '-',
            '０'..='９' | '．' | '，' | '（' | '）' | '＋' => char::from_u32(c as u32 - 0xfee0)?,
            c if c.is_ascii() => c,
            _ => return None,
        });
    }
    let inner = ascii.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let behind = ascii.strip_suffix('-');
    let (body, negative) = match (inner, behind) {
        (Some(inner), _) => (inner.trim(), true),
        (None, Some(before)) => (before.trim_end(), true),
        _ => (ascii.as_str(), false),
    };
    if negative && !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let value = plain(body.as_bytes()).map(|p| p.value).or_else(|| with_thousands(body.as_bytes()))?;
    let (enclosed, behind) = (inner.is_some(), inner.is_none() && behind.is_some());
    let other_minus = text.contains(['\u{2212}', '\u{2013}', '－']);
    let full_width = text.contains(|c: char| ('\u{ff01}'..='\u{ff5e}').contains(&c) && c != '－');
    Some(Spelt {
        value: if negative { -value } else { value },
        enclosed,
        behind,
        other_minus,
        full_width,
        other_digits,
        invisible,
    })
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
#[path = "number_tests.rs"]
mod tests;
