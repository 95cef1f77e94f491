//! Numbers as they are printed: rounding, very small and very large values, p-values. Numbers of the tables
//! themselves are never changed.

use super::MOST_DECIMALS;

/// Sizes from which a small number is written out; smaller ones have an exponent.
const LEAST_WRITTEN: f64 = 1e-7;

/// Prints a number with this many decimals; rounding is that of the exact binary value. One that would show as zero although it
/// is not has as many more as two of its digits need (`0.000013`), so that a table keeps one style; below 10⁻⁷ and from 10⁹ up
/// it has an exponent (`1.25e-08`).
pub fn fixed(x: f64, decimals: u8) -> String {
    if !x.is_finite() {
        return if x.is_nan() { String::new() } else { x.to_string() };
    }
    let places = usize::from(decimals);
    let plain = format!("{x:.places$}");
    if x == 0.0 {
        return plain.trim_start_matches('-').to_owned();
    }
    let is_small = shows_zero(&plain);
    if is_small && x.abs() >= LEAST_WRITTEN {
        return format!("{x:.p$}", p = usize::try_from(1 - power_of_ten(x)).unwrap_or(0));
    }
    if is_small || x.abs() >= 1e9 { scientific(x, decimals) } else { plain }
}

/// True for a printed number without a digit other than zero.
fn shows_zero(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'))
}

/// Returns the power of ten of the first digit: -2 of 0.034.
fn power_of_ten(x: f64) -> i32 {
    x.abs().log10().floor() as i32
}

/// Prints a number with an exponent.
fn scientific(x: f64, decimals: u8) -> String {
    exponent(&format!("{x:.p$e}", p = usize::from(decimals).clamp(1, 4)))
}

/// Returns the decimals with which two different numbers print apart: these, or more where both would look the same.
pub fn places_apart(low: f64, high: f64, decimals: u8) -> u8 {
    if low == high || !low.is_finite() || !high.is_finite() {
        return decimals;
    }
    let differ = |places: &u8| fixed(low, *places) != fixed(high, *places);
    (decimals..=MOST_DECIMALS.max(decimals)).find(differ).unwrap_or(decimals)
}

/// Returns the decimals of the limits of an interval: those with which they print apart, and with which a limit that is not 1
/// does not print as 1, so that the interval of a ratio does not seem to reach no difference.
pub fn places_of(low: f64, high: f64, decimals: u8) -> u8 {
    let places = places_apart(low, high, decimals);
    let seems_one = |x: f64, places: u8| (x - 1.0).abs() > 1e-6 && fixed(x, places) == fixed(1.0, places);
    let is_clear = |places: &u8| !seems_one(low, *places) && !seems_one(high, *places);
    (places..=MOST_DECIMALS.max(places)).find(is_clear).unwrap_or(places)
}

/// Prints a number inside a sentence: as [`fixed`], but without an exponent from 10⁻⁶ up to 10¹⁵, which readers of prose do not
/// expect. Small numbers have three digits; from 100,000 up there are commas, and no more than seven digits are kept as decimals.
pub fn spoken(x: f64, decimals: u8) -> String {
    spoken_within(x, decimals, x.abs())
}

/// Prints a number inside a sentence as [`spoken`] prints the largest one next to it, so that an interval has one notation.
pub fn spoken_within(x: f64, decimals: u8, largest: f64) -> String {
    let size = x.abs();
    let places = usize::from(decimals);
    if (1e5..1e15).contains(&largest) {
        let places = places.min(usize::try_from(6 - power_of_ten(largest)).unwrap_or(0));
        let text = format!("{x:.places$}");
        if !shows_zero(&text) {
            return grouped(&text);
        }
    }
    if size > 0.0 && size < 1.0 && size < least_said(decimals) {
        return match usize::try_from(2 - power_of_ten(x)) {
            Ok(places) if size >= 1e-6 => format!("{x:.places$}"),
            _ => scientific(x, decimals),
        };
    }
    fixed(x, decimals)
}

/// The size from which a number with these decimals shows two digits; with a single decimal, which shares in percent have, one.
fn least_said(decimals: u8) -> f64 {
    if decimals == 1 { 0.05 } else { 10_f64.powi(1 - i32::from(decimals)) }
}

/// Prints a share in percent as `text` does, but as 100 only where it is: `99.96`.
pub fn short_of_all(percent: f64, text: String) -> String {
    if percent >= 100.0 || text.parse() != Ok(100.0) {
        return text;
    }
    let mut more = (1..=MOST_DECIMALS).map(|places| fixed(percent, places));
    more.find(|text| text.parse() != Ok(100.0)).unwrap_or(text)
}

/// Prints a whole number without decimals, with commas from 100,000 up; others as [`spoken`].
pub fn whole_or_spoken(x: f64, decimals: u8) -> String {
    spoken(x, if x.fract() == 0.0 && x.abs() < 1e15 { 0 } else { decimals })
}

/// `-1234567.5` as `-1,234,567.5`.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// `1.25e-5` as `1.25e-05`, the way statistical programs write it.
pub(crate) fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else { return text.to_owned() };
    let (sign, digits) = power.strip_prefix('-').map_or(("+", power), |digits| ("-", digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Prints a whole number without decimals; others as [`fixed`].
pub fn whole_or_fixed(x: f64, decimals: u8) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x:.0}") } else { fixed(x, decimals) }
}

/// Prints a number with three digits, without decimals from 100 up.
pub fn brief(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return fixed(x, 0);
    }
    // the power of ten after rounding to three digits: 9.996 has the places of 10
    let power =
        format!("{x:.2e}").rsplit_once('e').and_then(|(_, power)| power.parse::<i32>().ok()).unwrap_or(0);
    spoken(x, u8::try_from((2 - power).clamp(0, 8)).unwrap_or(0))
}

/// Prints a p-value: `<0.001` instead of a smaller one, with at least three decimals.
pub fn p_value(p: f64, decimals: u8) -> String {
    let decimals = decimals.max(3);
    let least = 10_f64.powi(-i32::from(decimals));
    if p.is_finite() && p < least {
        return format!("<{least:.places$}", places = usize::from(decimals));
    }
    fixed(p, decimals)
}

/// Stars of a p-value: * below 0.10, ** below 0.05, *** below 0.01.
pub fn stars(p: Option<f64>) -> &'static str {
    match p {
        Some(p) if p < 0.01 => "***",
        Some(p) if p < 0.05 => "**",
        Some(p) if p < 0.10 => "*",
        _ => "",
    }
}

/// Reads a number of a table: decimal or with an exponent; missing values are empty or a dot.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() || text == "." {
        return None;
    }
    text.parse::<f64>().ok().filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected texts are those of C's printf, which the shell's printf shows.
    #[test]
    fn numbers_are_rounded_as_printf_does() {
        for (x, decimals, text) in [
            (1.0005, 3, "1.000"),
            (-2.5, 0, "-2"),
            (0.125, 2, "0.12"),
            (1234567.891, 2, "1234567.89"),
            (0.0, 3, "0.000"),
            (-0.0, 3, "0.000"),
        ] {
            assert_eq!(fixed(x, decimals), text, "{x} {decimals}");
        }
    }

    #[test]
    fn a_small_number_is_not_shown_as_zero() {
        assert_eq!(fixed(0.000_019_13, 3), "0.000019");
        assert_eq!(fixed(-0.000_019_13, 2), "-0.000019");
        assert_eq!(fixed(0.000_337_5, 3), "0.00034");
        assert_eq!(fixed(0.000_099_7, 3), "0.000100");
        assert_eq!(fixed(0.0004, 0), "0.00040");
        assert_eq!(fixed(1.5e-7, 3), "0.00000015");
        assert_eq!(fixed(1.25e-8, 3), "1.250e-08");
        assert_eq!(fixed(2.5e12, 3), "2.500e+12");
    }

    // The digits are those of C's printf with %'.0f, %'.1f and %.6f.
    #[test]
    fn numbers_of_a_sentence_have_no_exponent() {
        for (x, text) in [
            (2.604e9, "2,604,000,000"),
            (-94_881_083.371, "-94,881,083"),
            (123_456.78, "123,456.8"),
            (100_000.0, "100,000.0"),
            (99_999.25, "99999.250"),
            (-3.142e-4, "-0.000314"),
            (0.002_831, "0.00283"),
            (0.009_96, "0.00996"),
            (0.012_34, "0.012"),
            (1.234e-6, "0.00000123"),
            (9.488e-9, "9.488e-09"),
            (2.5e15, "2.500e+15"),
            (0.0, "0.000"),
        ] {
            assert_eq!(spoken(x, 3), text, "{x}");
        }
        assert_eq!([1e9, 2012.0, -0.5].map(|x| whole_or_spoken(x, 3)), ["1,000,000,000", "2012", "-0.500"]);
    }

    // The digits are those of C's printf with %'.1f, %.3f, %.2f and %.5f.
    #[test]
    fn an_interval_has_one_notation_and_keeps_off_one() {
        let largest = 115_044.3_f64;
        assert_eq!([93_594.882, largest].map(|x| spoken_within(x, 3, largest)), ["93,594.9", "115,044.3"]);
        assert_eq!(spoken_within(0.2, 3, largest), "0.2");
        // an upper limit of 0.614 without decimals would be 1
        assert_eq!(["0.4", "0.6"], [0.365, 0.614].map(|x| spoken(x, places_of(0.365, 0.614, 0))));
        assert_eq!(places_of(0.5, 0.9998, 3), 4);
        assert_eq!(places_of(1.2, 3.4, 0), 1);
        assert_eq!(places_of(-3.0, 1.0, 0), 0);
        assert_eq!(short_of_all(99.957, spoken(99.957, 1)), "99.96");
        assert_eq!(short_of_all(99.991_54, brief(99.991_54)), "99.99");
        assert_eq!(short_of_all(100.0, brief(100.0)), "100");
    }

    #[test]
    fn three_digits_are_kept() {
        let shown = [0.0, 1.0, 9.996, 9.95, 12.34, 123.4, 0.001234, -45.67].map(brief);
        assert_eq!(shown, ["0", "1.00", "10.0", "9.95", "12.3", "123", "0.00123", "-45.7"]);
    }

    #[test]
    fn numbers_that_differ_print_apart() {
        assert_eq!(places_apart(0.090016, 0.090245, 3), 4);
        assert_eq!(places_apart(0.083, 0.107, 3), 3);
        assert_eq!(places_apart(0.5, 0.5, 3), 3);
        assert_eq!(places_apart(1.0, 1.0 + 1e-12, 3), 3, "no decimals are enough");
        assert_eq!(places_apart(f64::NEG_INFINITY, 1.0, 3), 3);
    }

    #[test]
    fn p_values_have_a_floor() {
        assert_eq!(p_value(0.000_4, 3), "<0.001");
        assert_eq!(p_value(0.000_4, 2), "<0.001");
        assert_eq!(p_value(0.034_56, 4), "0.0346");
        assert_eq!(p_value(0.001, 3), "0.001");
        assert_eq!(p_value(0.0, 3), "<0.001");
    }

    #[test]
    fn stars_follow_the_levels() {
        assert_eq!(
            [Some(0.009), Some(0.01), Some(0.05), Some(0.1), None].map(stars),
            ["***", "**", "*", "", ""]
        );
    }
}
