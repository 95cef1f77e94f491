//! `power twovariances`: the F test of two variances ([PSS-2] power twovariances). The ratio of the sample variances has the F
//! distribution times the ratio of the variances.

use super::numbers;
use super::power_request::{levels, parsed, sized, smallest};
use super::power_show::{begun, study_and_answer};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{f_inverse_tail, f_probability, f_quantile, f_tail};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("n1"),
    OptSpec::real("n2"),
    OptSpec::real("NRATio"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("RATio"),
    OptSpec::flag("sd"),
];

const UNSUPPORTED: &[&str] = &["DIRection", "COMPute", "init", "ITERate", "TOLerance", "noTItle"];

/// The power of sizes: `ratio` is the second variance over the first.
fn power([n1, n2]: [f64; 2], ratio: f64, alpha: f64, one_sided: bool) -> f64 {
    let (a, b) = (n2 - 1.0, n1 - 1.0);
    let tail = if one_sided { alpha } else { alpha / 2.0 };
    let above = f_tail(a, b, f_inverse_tail(a, b, tail) / ratio);
    let below = f_probability(a, b, f_quantile(a, b, tail) / ratio);
    match (one_sided, ratio > 1.0) {
        (false, _) => above + below,
        (true, true) => above,
        (true, false) => below,
    }
}

/// The sizes that are given; nothing where they are looked for.
fn sizes(cmd: &ParsedCommand, share: f64) -> Result<Option<[f64; 2]>> {
    let real = |name: &str| cmd.options.real(name);
    let found = match (real("n"), real("n1"), real("n2")) {
        (None, None, None) => return Ok(None),
        (Some(n), None, None) => {
            let first = (n / (1.0 + share)).floor();
            [first, (first * share).floor()]
        }
        (None, Some(a), Some(b)) => [a, b],
        (None, Some(a), None) => [a, (a * share).ceil()],
        (Some(n), Some(a), None) => [a, n - a],
        (Some(n), None, Some(b)) => [n - b, b],
        _ => return Err(StataError::invalid("n(), n1() and n2() incorrectly specified")),
    };
    if found.iter().any(|n| *n < 2.0 || n.fract() != 0.0) {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 2"));
    }
    Ok(Some(found))
}

/// Runs what follows `power twovariances`.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let (alpha, wanted) = levels(&cmd)?;
    let (first, second) = match (&numbers(&cmd.list)?[..], cmd.options.real("ratio")) {
        ([a, b], None) => (*a, *b),
        ([a], Some(ratio)) => (*a, a * ratio),
        _ => return Err(StataError::invalid("two values, or one value and ratio(), required")),
    };
    if !(first > 0.0 && second > 0.0) || first == second {
        return Err(StataError::invalid("two different positive values required"));
    }
    let share = cmd.options.real("nratio").unwrap_or(1.0);
    if share <= 0.0 {
        return Err(StataError::invalid("nratio() must be positive"));
    }
    let one_sided = cmd.has("onesided");
    let ratio = if cmd.has("sd") { (second / first).powi(2) } else { second / first };
    let of = |sizes: [f64; 2]| power(sizes, ratio, alpha, one_sided);
    let pair = |n: f64| [n, (n * share).ceil().max(2.0)];
    sized(&cmd, &["n", "n1", "n2"])?;
    let given = sizes(&cmd, share)?;
    let [n1, n2] = match given {
        Some(sizes) => sizes,
        None => pair(smallest(2.0, |n| of(pair(n)) >= wanted)?),
    };
    // where the sizes are looked for, the power is the one that was asked for
    let reached = if given.is_some() { of([n1, n2]) } else { wanted };
    let letter = if cmd.has("sd") { "s" } else { "v" };
    let names = [format!("{letter}1"), format!("{letter}2")];
    let mut r = begun(n1 + n2, (alpha, reached), second / first);
    r.scalar("N1", n1).scalar("N2", n2).scalar("nratio", n2 / n1).scalar("ratio", second / first);
    r.scalar(&names[0], first).scalar(&names[1], second);
    r.scalar("onesided", f64::from(u8::from(one_sided)));
    r.text("type", "test").text("method", "twovariances");
    r.text("scale", if cmd.has("sd") { "sd" } else { "variance" });
    s.r = r;
    let study = [
        ("delta", four(second / first)),
        (names[0].as_str(), four(first)),
        (names[1].as_str(), four(second)),
    ];
    let sign = sign(one_sided, ratio > 1.0);
    let title = format!(
        "a two-sample variances test\nF test\nH0: {letter}2 = {letter}1  versus  Ha: {letter}2 {sign} {letter}1"
    );
    let total = ("N", whole(n1 + n2));
    let shown = if n1 == n2 {
        vec![total, ("N per group", whole(n1))]
    } else {
        vec![total, ("N1", whole(n1)), ("N2", whole(n2)), ("N2/N1", four(n2 / n1))]
    };
    study_and_answer(s, &title, (alpha, reached, given.is_none()), &study, &shown);
    Ok(())
}
