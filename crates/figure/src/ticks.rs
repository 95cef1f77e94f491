//! Nice tick positions and their texts for linear and logarithmic axes.

/// Tick positions inside or at the ends of `low..=high`: multiples of 1, 2, 2.5 or 5 times a power of
/// ten, near the wanted number (the rule of Heckbert, "Nice numbers for graph labels", Graphics Gems
/// 1990, with 2.5 added).
pub fn nice(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite()) || wanted == 0 {
        return Vec::new();
    }
    let span = high - low;
    if span <= 0.0 {
        return vec![low];
    }
    let raw = span / wanted as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .min_by(|a, b| {
            let off = |step: f64| (span / step - wanted as f64).abs();
            off(*a).total_cmp(&off(*b))
        })
        .unwrap_or(power);
    multiples(low, high, step)
}

/// The multiples of `step` inside `low..=high` (with a tolerance for rounding), at most 1,000.
pub fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let slack = 1e-9 * (high - low).abs().max(step.abs());
    let first = ((low - slack) / step).ceil();
    (0..1000)
        .map(|i| (first + f64::from(i)) * step)
        .take_while(|&t| t <= high + slack)
        // a sum like 3 * 0.1 is written 0.3
        .map(|t| round_to(t, step))
        .collect()
}

fn round_to(value: f64, step: f64) -> f64 {
    let digits = (4 - step.abs().log10().floor() as i32).clamp(0, 300);
    if digits > 17 {
        return value;
    }
    let text = format!("{value:.*}", digits as usize);
    text.parse::<f64>().map_or(value, |v| if v == 0.0 { 0.0 } else { v })
}

/// Powers of ten, with 2 and 5 times them when the range is short.
pub fn logarithmic(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    if !(low > 0.0 && high > low && high.is_finite()) {
        return vec![low];
    }
    let decades = (high / low).log10();
    let inside = |t: &f64| *t >= low * (1.0 - 1e-9) && *t <= high * (1.0 + 1e-9);
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let with = |factors: &[f64]| -> Vec<f64> {
        (first..=last).flat_map(|p| factors.iter().map(move |f| f * 10f64.powi(p))).filter(inside).collect()
    };
    if decades > wanted as f64 {
        let skip = (decades / wanted as f64).ceil() as i32;
        return (first..=last).step_by(skip.max(1) as usize).map(|p| 10f64.powi(p)).filter(inside).collect();
    }
    for factors in [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0]] {
        let ticks = with(factors);
        if ticks.len() >= 3.min(wanted) {
            return ticks;
        }
    }
    nice(low, high, wanted)
}

/// Texts of ticks with as many decimals as the finest needs, and a power of ten outside
/// 1e-4 to 1e7.
pub fn texts(ticks: &[f64]) -> Vec<String> {
    let largest = ticks.iter().fold(0.0f64, |m, t| m.max(t.abs()));
    if largest != 0.0 && !(1e-4..1e7).contains(&largest) {
        return ticks.iter().map(|&t| scientific(t)).collect();
    }
    let decimals = ticks.iter().map(|&t| decimals(t)).max().unwrap_or(0);
    ticks.iter().map(|&t| minus(&format!("{t:.decimals$}"))).collect()
}

/// Decimals that a number needs, at most 8.
fn decimals(value: f64) -> usize {
    (0..8)
        .find(|&d| {
            let text = format!("{value:.d$}");
            text.parse::<f64>().is_ok_and(|v| (v - value).abs() <= 1e-9 * value.abs())
        })
        .unwrap_or(8)
}

fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let text = format!("{value:.3e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    minus(&format!("{mantissa}e{exponent}"))
}

/// A typographic minus sign in front.
fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(nice(0.0, 100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(nice(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(nice(-3.0, 3.0, 6), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(nice(1990.0, 2020.0, 5), [1990.0, 1995.0, 2000.0, 2005.0, 2010.0, 2015.0, 2020.0]);
        for (low, high) in [(1e-9, 3e-9), (-7e12, 5e13), (0.123, 0.124), (-1.0, 1e-3)] {
            let ticks = nice(low, high, 5);
            assert!((3..=9).contains(&ticks.len()), "{low} {high} {ticks:?}");
            assert!(ticks.iter().all(|t| *t >= low - 1e-9 * low.abs() && *t <= high * (1.0 + 1e-9)));
        }
        assert_eq!(nice(2.0, 2.0, 5), [2.0]);
        assert!(nice(f64::NAN, 1.0, 5).is_empty());
    }

    #[test]
    fn logarithmic_ticks_are_powers_and_parts() {
        assert_eq!(logarithmic(1.0, 1000.0, 6), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(logarithmic(1.0, 10.0, 5), [1.0, 3.0, 10.0]);
        assert_eq!(logarithmic(10.0, 90.0, 5), [10.0, 20.0, 50.0]);
        assert!(logarithmic(1e-20, 1e20, 5).len() <= 6);
    }

    #[test]
    fn texts_share_their_decimals() {
        assert_eq!(texts(&[0.0, 0.5, 1.0]), ["0.0", "0.5", "1.0"]);
        assert_eq!(texts(&[-0.25, 0.0]), ["−0.25", "0.00"]);
        assert_eq!(texts(&[0.0, 1000.0, 20000.0]), ["0", "1000", "20000"]);
        assert_eq!(texts(&[0.0, 2e7]), ["0", "2e7"]);
        assert_eq!(texts(&[1.5e-6, 3e-6]), ["1.5e-6", "3e-6"]);
    }
}
