//! Sizes of the groups of tests of means and proportions: given, or looked for.

use super::power::{Design, Method};
use super::power_request::{smallest, wanted_power, within};
use crate::error::{Result, StataError};
use crate::syntax::split::ParsedCommand;

/// The group whose size is given where `compute()` names the other.
///
/// # Errors
/// r(198) unless two groups have exactly one size.
pub(super) fn held(cmd: &ParsedCommand, method: Method) -> Result<Option<(usize, f64)>> {
    let Some(word) = cmd.options.text("compute").map(|w| w.trim().to_lowercase()) else { return Ok(None) };
    if !matches!(method, Method::TwoMeans | Method::TwoProportions) {
        return Err(StataError::option_not_allowed("compute()"));
    }
    let real = |name: &str| cmd.options.real(name);
    let (group, size) = match (word.as_str(), real("n1"), real("n2")) {
        ("n2", Some(n), None) => (1, n),
        ("n1", None, Some(n)) => (2, n),
        ("n1" | "n2", ..) => {
            return Err(StataError::invalid("compute() requires the size of the other group alone"));
        }
        _ => return Err(StataError::invalid("option compute() incorrectly specified")),
    };
    if cmd.has("n") || cmd.has("nratio") || size < 2.0 || size.fract() != 0.0 {
        return Err(StataError::invalid("n(), n1() and n2() incorrectly specified"));
    }
    Ok(Some((group, size)))
}

/// Sizes and power, and whether the sizes were solved for.
pub(super) fn solve(cmd: &ParsedCommand, d: &Design) -> Result<(f64, f64, f64, bool)> {
    let wanted = wanted_power(cmd)?;
    let sized = cmd.has("n") || cmd.has("n1") || cmd.has("n2");
    if !sized || d.held.is_some() {
        if !(wanted > 0.0 && wanted < 1.0) {
            return Err(StataError::invalid("power() must be between 0 and 1"));
        }
        let (n1, n2) = wanted_sizes(d, wanted)?;
        return Ok((n1, n2, d.power(n1, n2), true));
    }
    if cmd.has("power") || cmd.has("beta") {
        return Err(StataError::invalid("n() and power() determine the effect; only one value is allowed"));
    }
    let (n1, n2) = sizes(cmd, d)?;
    Ok((n1, n2, d.power(n1, n2), false))
}

/// The sizes that reach the power. Those of two groups are found as real numbers and filled up to whole ones each, as
/// [PSS-4] Unbalanced designs says of them.
fn wanted_sizes(d: &Design, wanted: f64) -> Result<(f64, f64)> {
    if d.groups() == 1 {
        return smallest(2.0, |n| d.power(n, 0.0) >= wanted).map(|n| (n, 0.0));
    }
    let pair = |n: f64| match d.held {
        Some((1, first)) => (first, n),
        Some((_, second)) => (n, second),
        None => (n, n * d.ratio),
    };
    let enough = |n: f64| {
        let (n1, n2) = pair(n);
        d.power(n1, n2) >= wanted
    };
    let mut low = if d.held.is_some() { 2.0 } else { 2.0 / d.ratio.min(1.0) };
    let mut high = low;
    while !enough(high) {
        low = high;
        high *= 2.0;
        within(high)?;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if enough(middle) { high = middle } else { low = middle }
    }
    let (n1, n2) = pair(high);
    let whole = |n: f64| (n - 1e-9 * n).ceil();
    Ok((whole(n1), whole(n2)))
}

/// The sizes that are given.
pub(super) fn sizes(cmd: &ParsedCommand, d: &Design) -> Result<(f64, f64)> {
    let real = |name: &str| cmd.options.real(name);
    let (n1, n2) = match (d.groups(), real("n"), real("n1"), real("n2")) {
        (1, Some(n), None, None) => (n, 0.0),
        (2, Some(n), None, None) => {
            let first = (n / (1.0 + d.ratio)).floor();
            (first, (first * d.ratio).floor())
        }
        (2, None, Some(a), Some(b)) => (a, b),
        (2, None, Some(a), None) => (a, (a * d.ratio).ceil()),
        _ => return Err(StataError::invalid("n(), n1() and n2() incorrectly specified")),
    };
    if n1 < 2.0 || n1.fract() != 0.0 || (d.groups() == 2 && n2 < 2.0) || n2.fract() != 0.0 {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 2"));
    }
    Ok((n1, n2))
}
