//! Numbers as R's `as.character` writes them.

use crate::tokens::MISSING_REAL;

/// Digits of a real number.
const DIGITS: usize = 15;

/// A whole number; `None` for the missing one.
pub(crate) fn text_of_integer(number: f64) -> Option<String> {
    (!number.is_nan()).then(|| format!("{number:.0}"))
}

/// A real number with up to 15 significant digits, in the shorter of the fixed and the scientific notation; `None` for the missing one.
pub(crate) fn text_of_real(number: f64, scipen: i32) -> Option<String> {
    if number.is_nan() {
        let missing = number.to_bits() as u32 == MISSING_REAL.to_bits() as u32;
        return (!missing).then(|| "NaN".to_owned());
    }
    if number.is_infinite() {
        return Some(if number > 0.0 { "Inf" } else { "-Inf" }.to_owned());
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    let scientific = format!("{:.*e}", DIGITS - 1, number.abs());
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let digits = mantissa.len() as i32 - i32::from(mantissa.contains('.'));
    let decimals = (digits - exponent - 1).max(0);
    let whole = exponent.max(0) + 1;
    let fixed_width = whole + if decimals > 0 { decimals + 1 } else { 0 };
    let scientific_width = mantissa.len() as i32 + if exponent.abs() >= 100 { 5 } else { 4 };
    if fixed_width <= scientific_width.saturating_add(scipen) {
        return Some(format!("{number:.*}", decimals as usize));
    }
    let (sign, of_exponent) = (if number < 0.0 { "-" } else { "" }, if exponent < 0 { '-' } else { '+' });
    Some(format!("{sign}{mantissa}e{of_exponent}{:02}", exponent.abs()))
}
