//! `power onecorrelation`: sizes and power of Fisher's z test of one correlation. Methods and formulas:
//! [PSS-2] power onecorrelation; the mean of Fisher's z is `atanh(r) + r / (2 (n - 1))`, its variance `1 / (n - 3)`.

use super::numbers;
use super::power_request::{answer, parsed};
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
const UNSUPPORTED: &[&str] = &["TABle", "GRaph", "noTABle", "NFRACtional", "DIFF", "DIRection", "PARallel"];

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
