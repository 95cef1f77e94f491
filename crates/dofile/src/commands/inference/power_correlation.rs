//! `power onecorrelation` and `power twocorrelations`: sizes and power of Fisher's z test of one correlation and of two. Methods and
//! formulas: [PSS-2] power onecorrelation, power twocorrelations; for one correlation the mean of Fisher's z is `atanh(r) + r / (2 (n - 1))`, its variance `1 / (n - 3)`.

use super::numbers;
use super::power_request::{answer, levels, parsed, sized, smallest};
use super::power_show::{begun, study_and_answer};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::OptSpec;
use estimators::distributions::{normal, normal_quantile};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
];
const UNSUPPORTED: &[&str] = &["DIFF", "DIRection"];

/// Power of the test of `null` against `alternative` with `n` pairs.
fn power(n: f64, null: f64, alternative: f64, alpha: f64, sides: f64) -> f64 {
    let mean = |r: f64| r.atanh() + r / (2.0 * (n - 1.0));
    let shift = (mean(alternative) - mean(null)).abs() * (n - 3.0).sqrt();
    let c = normal_quantile(1.0 - alpha / sides);
    normal(shift - c) + if sides == 1.0 { 0.0 } else { normal(-c - shift) }
}

/// Runs what follows `power onecorrelation`.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let [null, alternative] = numbers(&cmd.list)?[..] else {
        return Err(StataError::invalid("two values required"));
    };
    if null.abs() >= 1.0 || alternative.abs() >= 1.0 || null == alternative {
        return Err(StataError::invalid("correlations must differ and lie between -1 and 1"));
    }
    let alpha = cmd.options.real("alpha").unwrap_or(0.05);
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StataError::invalid("alpha() out of range"));
    }
    let sides = if cmd.has("onesided") { 1.0 } else { 2.0 };
    let found = answer(&cmd, 4.0, |n| power(n, null, alternative, alpha, sides))?;
    let delta = alternative - null;
    let sign = sign(sides == 1.0, alternative > null);
    let title =
        format!("a one-sample correlation test\nFisher's z test\nH0: r = r0  versus  Ha: r {sign} r0");
    let study = [("delta", four(delta)), ("r0", four(null)), ("ra", four(alternative))];
    study_and_answer(s, &title, (alpha, found.power, found.solved), &study, &[("N", whole(found.n))]);
    let mut r = begun(found.n, (alpha, found.power), delta);
    r.scalar("r0", null).scalar("ra", alternative);
    r.scalar("onesided", f64::from(u8::from(sides == 1.0)));
    r.text("type", "test").text("method", "onecorrelation");
    s.r = r;
    Ok(())
}

const TWO: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("n1"),
    OptSpec::real("n2"),
    OptSpec::real("NRATio"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("DIFF"),
];
const UNSUPPORTED_TWO: &[&str] = &["DIRection", "COMPute", "INIT", "ITERate"];

/// Runs what follows `power twocorrelations`: the difference of Fisher's z has variance `1/(n1 - 3) + 1/(n2 - 3)`.
pub(super) fn two(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, TWO, UNSUPPORTED_TWO)?;
    let real = |name: &str| cmd.options.real(name);
    let (first, second) = match (&numbers(&cmd.list)?[..], real("diff")) {
        ([a, b], None) => (*a, *b),
        ([a], Some(diff)) => (*a, *a + diff),
        _ => return Err(StataError::invalid("two correlations, or one and option diff(), required")),
    };
    if first.abs() >= 1.0 || second.abs() >= 1.0 || first == second {
        return Err(StataError::invalid("correlations must differ and lie between -1 and 1"));
    }
    let (alpha, wanted) = levels(&cmd)?;
    let ratio = real("nratio").unwrap_or(1.0);
    if !(ratio > 0.0 && ratio.is_finite()) {
        return Err(StataError::invalid("nratio() must be positive"));
    }
    let sides = if cmd.has("onesided") { 1.0 } else { 2.0 };
    let gap = second.atanh() - first.atanh();
    let power = |n1: f64, n2: f64| {
        let shift = gap.abs() / (1.0 / (n1 - 3.0) + 1.0 / (n2 - 3.0)).sqrt();
        let c = normal_quantile(1.0 - alpha / sides);
        normal(shift - c) + if sides == 1.0 { 0.0 } else { normal(-c - shift) }
    };
    let second_of = |n1: f64| (n1 * ratio - 1e-9).ceil();
    let solved = !sized(&cmd, &["n", "n1", "n2"])?;
    let (n1, n2) = match (real("n"), real("n1"), real("n2")) {
        (None, None, None) => {
            let n1 = smallest(4.0, |n| second_of(n) >= 4.0 && power(n, second_of(n)) >= wanted)?;
            (n1, second_of(n1))
        }
        (Some(n), None, None) => {
            let n1 = (n / (1.0 + ratio)).floor();
            (n1, (n1 * ratio).floor())
        }
        (None, Some(a), Some(b)) => (a, b),
        (None, Some(a), None) => (a, second_of(a)),
        _ => return Err(StataError::invalid("n(), n1() and n2() incorrectly specified")),
    };
    if n1 < 4.0 || n2 < 4.0 || n1.fract() != 0.0 || n2.fract() != 0.0 {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 4"));
    }
    let reached = if solved { wanted } else { power(n1, n2) };
    let delta = second - first;
    let sign = sign(sides == 1.0, second > first);
    let title =
        format!("a two-sample correlations test\nFisher's z test\nH0: r2 = r1  versus  Ha: r2 {sign} r1");
    let study = [("delta", four(delta)), ("r1", four(first)), ("r2", four(second))];
    let sizes = if n1 == n2 {
        vec![("N", whole(n1 + n2)), ("N per group", whole(n1))]
    } else {
        vec![("N", whole(n1 + n2)), ("N1", whole(n1)), ("N2", whole(n2))]
    };
    study_and_answer(s, &title, (alpha, reached, solved), &study, &sizes);
    let mut r = begun(n1 + n2, (alpha, reached), delta);
    r.scalar("N1", n1).scalar("N2", n2).scalar("nratio", n2 / n1).scalar("r1", first).scalar("r2", second);
    r.scalar("diff", delta).scalar("onesided", f64::from(u8::from(sides == 1.0)));
    r.text("type", "test").text("method", "twocorrelations");
    s.r = r;
    Ok(())
}
