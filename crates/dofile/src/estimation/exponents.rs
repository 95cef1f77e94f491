//! Estimates that are shown as exponents: the options that ask for them, and the numbers ([R] eform_option).

use crate::syntax::options::OptSpec;

/// The options.
pub const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("EFORM"),
    OptSpec::flag("or"),
    OptSpec::flag("irr"),
    OptSpec::flag("hr"),
    OptSpec::flag("shr"),
    OptSpec::flag("rrr"),
];

/// The heading of the estimates under the option that is given.
pub fn heading(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let headings = [
        ("or", "Odds ratio"),
        ("irr", "IRR"),
        ("hr", "Haz. ratio"),
        ("shr", "SHR"),
        ("rrr", "RRR"),
        ("eform", "exp(b)"),
    ];
    headings.into_iter().find(|(name, _)| has(name)).map(|(_, heading)| heading)
}

/// Exponents of an estimate and its limits, with the standard error of the delta method; statistic and p-value stay. The
/// numbers are estimate, standard error, statistic, p-value and limits.
pub fn of_row([b, se, ratio, p, low, high]: [f64; 6]) -> [f64; 6] {
    [b.exp(), b.exp() * se, ratio, p, low.exp(), high.exp()]
}
