//! What all designs of `power` are asked for in the same way, and the search for a sample size.

use super::power::Method;
use crate::error::{Result, StataError};
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;

/// Largest size that is tried: beyond it a double does not hold every whole number.
const LARGEST: f64 = 9e15;

/// Options that no design has here.
const UNSUPPORTED: &[&str] = &["TABle", "GRaph", "noTABle", "NFRACtional", "PARallel"];

/// Reads what follows the name of a design; `unsupported` are further options that it has in Stata alone.
///
/// # Errors
/// r(198) for options that are unknown or not supported.
pub(super) fn parsed(
    text: &str,
    options: &'static [OptSpec],
    unsupported: &'static [&'static str],
) -> Result<ParsedCommand> {
    let mut cmd = ParsedCommand::whole("power", text)?;
    cmd.check_options(options, &[UNSUPPORTED, unsupported].concat())?;
    Ok(cmd)
}

/// The power that was asked for, or the default.
///
/// # Errors
/// r(198) for both power() and beta().
pub(super) fn wanted_power(cmd: &ParsedCommand) -> Result<f64> {
    match (cmd.options.real("power"), cmd.options.real("beta")) {
        (Some(_), Some(_)) => Err(StataError::invalid("only one of power() and beta() is allowed")),
        (Some(p), None) => Ok(p),
        (None, Some(b)) => Ok(1.0 - b),
        (None, None) => Ok(0.8),
    }
}

/// The effect that stands in place of the second proportion; the proportion is put behind the first.
pub(super) fn effect_kind(
    cmd: &ParsedCommand,
    method: Method,
    values: &mut Vec<f64>,
) -> Result<Option<(&'static str, f64)>> {
    let kinds = ["ratio", "rdiff", "rrisk", "oratio"];
    let given: Vec<&'static str> = kinds.into_iter().filter(|k| cmd.has(k)).collect();
    let kind = match given[..] {
        [] => return Ok(None),
        [kind] if method == Method::TwoProportions && !cmd.has("diff") => kind,
        [kind] => return Err(StataError::option_not_allowed(&format!("{kind}()"))),
        _ => return Err(StataError::invalid(format!("options {} may not be combined", given.join(" and ")))),
    };
    let [p] = values[..] else {
        return Err(StataError::invalid("an effect takes the place of the second value"));
    };
    let x = cmd.options.real(kind).unwrap_or(f64::NAN);
    values.push(match kind {
        "rdiff" => p + x,
        "oratio" => p * x / (1.0 - p + p * x),
        _ => p * x,
    });
    Ok(Some((kind, x)))
}

/// Significance level, and the power that was asked for or the default.
///
/// # Errors
/// r(198) for values outside 0 and 1.
pub(super) fn levels(cmd: &ParsedCommand) -> Result<(f64, f64)> {
    let power = wanted_power(cmd)?;
    let alpha = cmd.options.real("alpha").unwrap_or(0.05);
    let between = |x: f64| x > 0.0 && x < 1.0;
    if between(alpha) && between(power) {
        Ok((alpha, power))
    } else {
        Err(StataError::invalid("alpha(), power() or beta() out of range"))
    }
}

/// True where one of these sizes is given. Effect sizes, which are solved for sizes and power together, are refused.
///
/// # Errors
/// r(198) for a size with power() or beta().
pub(super) fn sized(cmd: &ParsedCommand, sizes: &[&str]) -> Result<bool> {
    let sized = sizes.iter().any(|o| cmd.has(o));
    if sized && (cmd.has("power") || cmd.has("beta")) {
        return Err(StataError::unsupported_option("power", "n() with power() (effect size)"));
    }
    Ok(sized)
}

/// The smallest whole number from `least` on that is enough.
///
/// # Errors
/// r(430) where no size is.
pub(super) fn smallest(least: f64, enough: impl Fn(f64) -> bool) -> Result<f64> {
    let mut high = least;
    while !enough(high) {
        high *= 2.0;
        within(high)?;
    }
    let mut low = least - 1.0;
    while high - low > 1.0 {
        let middle = ((low + high) / 2.0).floor();
        if enough(middle) { high = middle } else { low = middle }
    }
    Ok(high)
}

/// A size that a double holds.
///
/// # Errors
/// r(430) for a size beyond.
pub(super) fn within(size: f64) -> Result<f64> {
    if size <= LARGEST { Ok(size) } else { Err(StataError::new(430, "the sample size could not be found")) }
}

/// A size, the power that it has or, where the size was looked for, the one that was asked for.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) n: f64,
    pub(super) power: f64,
    /// Whether the size was looked for.
    pub(super) solved: bool,
}

/// The power with `n()`, which must be a whole number from `least` on, or the smallest size with the power that is wanted.
///
/// # Errors
/// r(198) for another `n()`, r(430) where no size is enough.
pub(super) fn answer(cmd: &ParsedCommand, least: f64, power: impl Fn(f64) -> f64) -> Result<Answer> {
    sized(cmd, &["n"])?;
    match cmd.options.real("n") {
        Some(n) if n >= least && n.fract() == 0.0 => Ok(Answer { n, power: power(n), solved: false }),
        Some(_) => Err(StataError::invalid(format!("n() must be a whole number of at least {least}"))),
        None => {
            let wanted = wanted_power(cmd)?;
            let n = smallest(least, |n| power(n) >= wanted)?;
            Ok(Answer { n, power: wanted, solved: true })
        }
    }
}
