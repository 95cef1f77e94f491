//! Numbers in `%g`, `%f`, `%e` and `%x` formats.

/// `%w.dg`: as many digits as fit. In `w` characters one is kept for the sign;
/// numbers that would lose too many digits in fixed form use an exponent.
pub(super) fn general(x: f64, width: usize, digits: usize, commas: bool) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let width = width.max(3);
    let room = width - 1;
    let sig = if digits > 0 { digits.min(17) } else { (width - 2).clamp(1, 17) };
    // A whole number of as many digits is shown as it is: `strofreal(12345678)` is 1.23e+07 in the manual.
    if x.fract() == 0.0 && x.abs() < 1e17 && digits == 0 {
        let s = format!("{}", x.abs());
        if s.len() <= sig {
            return with_sign(x, group(&s, commas));
        }
    }
    let magnitude = magnitude(x, sig);
    if magnitude >= sig as i32 || (digits == 0 && magnitude >= room as i32) || magnitude < -5 {
        return exponent_fit(x, room, digits);
    }
    // decimals so that the significant digits, and the field, are not exceeded
    let by_sig = (sig as i32 - 1 - magnitude).max(0) as usize;
    let int_len = if magnitude >= 0 { magnitude as usize + 1 } else { 0 };
    let by_room = room.saturating_sub(int_len + 1);
    let decimals = by_sig.min(by_room);
    let mut s = format!("{:.*}", decimals, x.abs());
    if s.contains('.') {
        s = s.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    if let Some(rest) = s.strip_prefix("0.") {
        s = format!(".{rest}");
    }
    with_sign(x, group(&s, commas))
}

/// Decimal exponent of a number after rounding to significant digits.
fn magnitude(x: f64, sig: usize) -> i32 {
    let s = format!("{:.*e}", sig.saturating_sub(1), x.abs());
    s.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

fn with_sign(x: f64, s: String) -> String {
    if x < 0.0 { format!("-{s}") } else { s }
}

fn exponent_fit(x: f64, room: usize, digits: usize) -> String {
    let exp_len = if magnitude(x, 17).abs() >= 100 { 5 } else { 4 };
    let fit = room.saturating_sub(exp_len + 2);
    let decimals = if digits > 0 { fit.min(digits - 1) } else { fit.min(16) };
    exponent(x, decimals)
}

/// `%w.de`.
pub(super) fn exponent(x: f64, decimals: usize) -> String {
    let s = format!("{x:.decimals$e}");
    let (mantissa, exp) = s.split_once('e').unwrap_or((&s, "0"));
    let (sign, digits) = exp.strip_prefix('-').map_or(('+', exp), |d| ('-', d));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%w.df`; a number that does not fit in the field gets an exponent. A negative number that rounds to zero keeps its
/// sign (-0.00), as output of Stata shows.
pub(super) fn fixed(x: f64, width: usize, decimals: usize, commas: bool) -> String {
    let out = with_sign(x, group(&format!("{:.*}", decimals, x.abs()), commas));
    if out.len() > width && magnitude(x, 17) >= width as i32 {
        return exponent_fit(x, width.saturating_sub(1), 0);
    }
    out
}

fn group(s: &str, commas: bool) -> String {
    if !commas {
        return s.to_string();
    }
    let (int, frac) = s.split_once('.').map_or((s, None), |(i, f)| (i, Some(f)));
    let mut out = String::new();
    for (k, c) in int.chars().enumerate() {
        if k > 0 && (int.len() - k) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    match frac {
        Some(f) => format!("{out}.{f}"),
        None => out,
    }
}

/// `%21x`: `+1.8000000000000X+001`.
pub(super) fn hex(x: f64) -> String {
    let sign = if x < 0.0 { '-' } else { '+' };
    if x == 0.0 {
        return format!("{sign}0.0000000000000X-3ff");
    }
    let bits = x.abs().to_bits();
    let raw = (bits >> 52) as i32;
    let mut fraction = bits & ((1 << 52) - 1);
    let mut exp = raw - 1023;
    if raw == 0 {
        // a subnormal number: shift the leading one into place
        let shift = fraction.leading_zeros() - 11;
        fraction = (fraction << shift) & ((1 << 52) - 1);
        exp = -1022 - shift as i32;
    }
    let exp_sign = if exp < 0 { '-' } else { '+' };
    format!("{sign}1.{fraction:013x}X{exp_sign}{:03x}", exp.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_format_as_published_output_shows() {
        // values printed in Stata manuals and listings
        for (x, w, want) in [
            (0.3576297, 9, ".3576297"),
            (6165.256757, 9, "6165.257"),
            (21.297297, 9, "21.2973"),
            (0.0000502, 9, ".0000502"),
            (1.0 / 3.0, 10, ".33333333"),
            (1e8, 9, "1.00e+08"),
            (1_234_567_890.0, 10, "1.235e+09"),
            (123_456_789.0, 11, "123456789"),
            (123_456_789.0, 10, "1.235e+08"),
            (12_345_678.0, 9, "1.23e+07"),
            (23_667_902.0, 9, "2.37e+07"),
            (1.0 / 3.0, 18, ".3333333333333333"),
            (0.1 + 0.2, 18, ".3"),
            (1e-6, 10, "1.000e-06"),
            (-0.5, 9, "-.5"),
            (2949.495885, 9, "2949.496"),
        ] {
            assert_eq!(general(x, w, 0, false), want, "{x}");
        }
    }

    #[test]
    fn hex_and_comma() {
        assert_eq!(hex(1.0), "+1.0000000000000X+000");
        assert_eq!(hex(-0.1), "-1.999999999999aX-004");
        assert_eq!(fixed(1234567.891, 12, 2, true), "1,234,567.89");
        assert_eq!(exponent(1234.5, 3), "1.234e+03");
        assert_eq!(fixed(-0.0002154, 8, 2, false), "-0.00");
        assert_eq!(fixed(0.0, 8, 2, false), "0.00");
    }
}
